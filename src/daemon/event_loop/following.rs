//! What follows the verdict besides the answers: ports that are shut while it is KO, and systemd's line.

use super::EventLoop;
use crate::limits::{ACCEPT_PAUSE, DIRECTORY_RETRY};
use crate::system::files::Files;
use crate::system::sockets::Sockets;
use log::warn;

impl<F: Files, K: Sockets> EventLoop<F, K> {
    /// Brings what else follows the verdict up to date: ports that are shut while it is KO, and systemd's line.
    pub(super) fn tell(&mut self) {
        // Whoever is answered before a port is shut has everything looked at anew, and with that the verdict of a port
        // that was done already may be another one.
        for _ in 0..=self.listeners.len() {
            let answered = (0..self.listeners.len()).filter(|index| self.follow_verdict(*index)).count();
            if answered == 0 {
                break;
            }
        }
        // A port that is shut brings nobody for whom it would be seen what no event tells: another directory at the
        // path, or another content of a file that is changed elsewhere.
        let next = self.look_at.filter(|at| *at > self.now.boot);
        let next = next.unwrap_or(self.now.boot.after(DIRECTORY_RETRY));
        self.look_at = self.listeners.any_shut().then_some(next);
        if self.answers.take_news() {
            self.notify.status(|| self.answers.summary());
        }
        if let Some((period, next)) = &mut self.watchdog
            && *next <= self.now.boot
        {
            *next = self.now.boot.after(*period);
            self.notify.alive();
        }
    }

    /// Shuts or opens a port that is only open while its verdict is OK. Says whether it has answered who waited there.
    fn follow_verdict(&mut self, index: usize) -> bool {
        let Some(port) = self.listeners.get_mut(index) else { return false };
        let refuses = port.listen.refuse_when_ko;
        let has_to_be_shut = refuses && !self.answers.verdict(port.view).is_up();
        if has_to_be_shut == port.listener.is_shut {
            return false;
        }
        if !has_to_be_shut {
            if let Err(error) = port.listener.open(&mut self.sockets) {
                warn!("{error}: trying again in {ACCEPT_PAUSE:?}");
                self.register_at = Some(self.now.boot.after(ACCEPT_PAUSE));
            }
            return false;
        }
        // Who is connected already gets an answer, which may find the host up again.
        self.answer_waiting_at(index);
        if let Some(port) = self.listeners.get_mut(index)
            && !self.answers.verdict(port.view).is_up()
        {
            port.listener.shut(&mut self.sockets);
        }
        true
    }
}
