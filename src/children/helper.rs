//! Starts children by a helper process, so that the loop waits neither for a fork nor for a program to be executed.
//!
//! Pipes for their output are made here, and the ends to write go to the helper with the order. What the helper's socket
//! does not take now is kept, in order: at most a few short orders a child.

use super::message::{Order, decode_report};
use super::starter::{GroupSignal, NotStarted, Program, Report, Starter, pipes};
use super::{ChildId, sheet};
use crate::limits::{MESSAGE_OCTETS, REPORTS_PER_TURN};
use crate::system::packets::{self, Packet};
use mio::unix::SourceFd;
use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Starts children by a helper process, so that no start waits for anybody. When it is dropped, the helper ends all children and itself.
#[derive(Debug)]
pub struct HelperStarter {
    socket: OwnedFd,
    registry: Registry,
    process: Child,
    /// Orders that the socket did not take yet.
    unsent: VecDeque<Vec<u8>>,
    /// There may be reports in the socket.
    is_readable: bool,
    /// The helper has died. Whether that was told.
    lost: Option<bool>,
    buffer: Vec<u8>,
}

impl HelperStarter {
    /// Starts the helper by `command`, which has to call [`serve`](super::serve::serve): this program once more
    /// (`/proc/self/exe`), with an argument that says so. Its socket wakes the poll of `registry` with `token`. It leads a
    /// group of its own, for it outlives a signal from the terminal.
    ///
    /// # Errors
    /// If it can't be started, or there are no descriptors left.
    pub fn launch(mut command: Command, registry: Registry, token: Token) -> io::Result<HelperStarter> {
        let (socket, its_socket) = packets::pair()?;
        packets::never_wait(socket.as_fd())?;
        command.stdin(its_socket).stdout(Stdio::null()).process_group(0);
        let process = command.spawn()?;
        // With it goes our copy of the helper's end, or we would never see that it is closed.
        drop(command);
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut SourceFd(&socket.as_raw_fd()), token, interest)?;
        Ok(HelperStarter {
            socket,
            registry,
            process,
            unsent: VecDeque::from([Order::Serve.encode()]),
            is_readable: false,
            lost: None,
            buffer: vec![0; MESSAGE_OCTETS],
        })
    }

    /// The helper's process number.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    fn has_died(&mut self) {
        if self.lost.is_none() {
            self.lost = Some(false);
            self.unsent.clear();
            // One that talks nonsense has not died yet.
            let _ = self.process.kill();
            let _ = self.process.try_wait();
        }
    }

    fn order(&mut self, order: &Order) {
        if self.lost.is_none() {
            self.unsent.push_back(order.encode());
            self.flush();
        }
    }

    /// Sends what has waited, as far as the socket takes it.
    fn flush(&mut self) {
        while let Some(octets) = self.unsent.front() {
            match packets::send(self.socket.as_fd(), octets, &[]) {
                Ok(()) => {
                    self.unsent.pop_front();
                }
                Err(error) if is_gone(&error) => return self.has_died(),
                Err(_) => return,
            }
        }
    }

    fn receive(&mut self) -> Option<Report> {
        match packets::receive(self.socket.as_fd(), &mut self.buffer) {
            Ok(Some(Packet { octets, .. })) => {
                let report = self.buffer.get(..octets).and_then(decode_report);
                if report.is_none() {
                    self.has_died();
                }
                return report;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
            Ok(None) | Err(_) => self.has_died(),
        }
        None
    }
}

/// Whether nobody will ever read what is sent.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected)
}

impl Starter for HelperStarter {
    type Pipe = Receiver;

    fn start(
        &mut self,
        id: ChildId,
        program: &Program,
        tokens: [Token; 2],
    ) -> Result<[Receiver; 2], NotStarted> {
        if self.lost.is_some() {
            return Err(NotStarted::Own(libc::EPIPE));
        }
        let sheet = sheet::write(program).map_err(|error| NotStarted::of(program, &error))?;
        self.flush();
        if !self.unsent.is_empty() {
            return Err(NotStarted::Short(libc::EAGAIN));
        }
        let (ours, [stdout, stderr]) = pipes(&self.registry, tokens)?;
        let passed = [stdout.as_fd(), stderr.as_fd(), sheet.as_fd()];
        match packets::send(self.socket.as_fd(), &Order::Start(id).encode(), &passed) {
            Ok(()) => Ok(ours),
            Err(error) if is_gone(&error) => {
                self.has_died();
                Err(NotStarted::Own(libc::EPIPE))
            }
            // Whatever the socket lacks, it lacks it for a while.
            Err(error) => Err(NotStarted::Short(error.raw_os_error().unwrap_or(libc::EAGAIN))),
        }
    }

    fn signal(&mut self, id: ChildId, signal: GroupSignal) -> io::Result<()> {
        self.order(&Order::Signal(id, signal));
        Ok(())
    }

    fn look(&mut self) {
        self.order(&Order::Look);
    }

    fn reap(&mut self, id: ChildId) {
        self.order(&Order::Reap(id));
    }

    fn ready(&mut self) {
        self.is_readable = true;
        self.flush();
    }

    fn has_news(&self) -> bool {
        self.lost == Some(false) || self.is_readable && self.lost.is_none()
    }

    fn reports(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        while self.is_readable && self.lost.is_none() && reports.len() < REPORTS_PER_TURN {
            reports.extend(self.receive());
        }
        if self.lost == Some(false) {
            self.lost = Some(true);
            reports.push(Report::Lost);
        }
        reports
    }
}

#[cfg(test)]
mod tests;
