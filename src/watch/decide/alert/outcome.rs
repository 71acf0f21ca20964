//! What comes of the end of a command.

use super::attempt::Attempt;
use super::track::Track;
use super::turn::{Notice, Running, What, row};
use super::{Failed, Said, words};
use crate::decide::moment::Moment;
use crate::limits::ALERT_TRIES;

impl Track {
    /// A command of this alert ended.
    pub fn done(&mut self, run: &Running, result: Result<(), String>, now: Moment, said: &mut Vec<Said>) {
        match &run.what {
            What::Ko | What::Partial | What::Recovery => self.slot(run.step).attempt.running = None,
            What::Notice(_) => self.notice.running = None,
        }
        let result = match result {
            Ok(()) => {
                self.succeeded(run, said);
                "sent".to_owned()
            }
            Err(why) => {
                let (tries, is_final) = self.failed(run, now, said);
                let result = format!("failed: {why}");
                // A recovery is tried for a day: the log has the first tries and the end.
                if is_final || tries <= ALERT_TRIES {
                    let (name, command) = (run.name.clone(), words::line(&run.command, &run.name));
                    said.push(Said::Failed { name, command, why, tries, is_final });
                }
                if !is_final {
                    return;
                }
                result
            }
        };
        said.push(row(now.at, &run.name, &run.key, &run.what, run.told_as, &run.command, result));
    }

    fn succeeded(&mut self, run: &Running, said: &mut Vec<Said>) {
        match &run.what {
            What::Ko => {
                self.slot(run.step).attempt = Attempt::default();
                self.was_told(run, said);
            }
            What::Partial => {
                self.slot(run.step).attempt.end();
                self.was_told(run, said);
            }
            What::Recovery => {
                self.slot(run.step).settle();
                self.keep(run.step, &run.name, said);
            }
            What::Notice(notice) => {
                self.notice = Attempt::default();
                self.end_notice(notice);
                if matches!(notice, Notice::Incident(_)) {
                    self.was_told(run, said);
                } else {
                    self.keep(1, &run.name, said);
                }
            }
        }
    }

    /// A step was told of a failure.
    fn was_told(&mut self, run: &Running, said: &mut Vec<Said>) {
        let Some(since) = run.failing else { return };
        let slot = self.slot(run.step);
        if slot.is_owed && slot.command != run.command {
            self.set_aside(run.step, &run.name, said);
        }
        if !self.slot(run.step).is_owed {
            // It may have been told before, when the file had another command in between: it has one recovery.
            self.take_up(run.step, &run.command, &run.name, said);
        }
        let is_flapping = self.flap.is_some();
        let slot = self.slot(run.step);
        let count = slot.count_of(since);
        if count == 0 {
            slot.first = run.began;
        }
        slot.count = count;
        slot.wants_ok = run.wants_ok || (slot.is_owed && slot.wants_ok);
        if run.what == What::Ko {
            slot.count = count.saturating_add(1);
            slot.last = run.began;
            slot.again = is_flapping;
        }
        if run.what == What::Partial {
            slot.partial = Some(run.began.steady);
        }
        (slot.is_owed, slot.failing) = (true, since);
        slot.command.clone_from(&run.command);
        (slot.failed, slot.missed) = (Some(Failed::clone(&run.failed)), None);
        self.keep(run.step, &run.name, said);
    }

    /// What is over with a notice, whether it was told or given up.
    fn end_notice(&mut self, notice: &Notice) {
        match notice {
            Notice::But(since) => self.notices.but = Some(*since),
            Notice::Unknown(since) => self.notices.unknown = Some(*since),
            Notice::Flapping => self.notices.flapping = true,
            // Something else may have come up while it was told.
            Notice::Incident(number) => {
                self.notices.incident.take_if(|incident| incident == number);
            }
            Notice::Direct(text) => {
                if self.notices.direct.front().is_some_and(|front| front.text == *text) {
                    self.notices.direct.pop_front();
                }
            }
        }
    }

    /// How often it was tried until now, and whether it is given up.
    fn failed(&mut self, run: &Running, now: Moment, said: &mut Vec<Said>) -> (u32, bool) {
        let current = self.failure.map(|failure| failure.since);
        let is_over = match &run.what {
            What::Ko | What::Partial => current != run.failing,
            What::Recovery => current.is_some(),
            What::Notice(_) => false,
        };
        let attempt = match &run.what {
            What::Notice(_) => &mut self.notice,
            What::Ko | What::Partial | What::Recovery => &mut self.slot(run.step).attempt,
        };
        let tries = attempt.tries.saturating_add(1);
        if is_over {
            // Something else is to be told by now, and does not wait for what failed.
            *attempt = Attempt::default();
            return (tries, false);
        }
        let is_final = match &run.what {
            What::Recovery => attempt.recovery_failed(now.steady),
            What::Ko | What::Partial | What::Notice(_) => attempt.failed(now.steady),
        };
        if is_final {
            self.give_up(run, now, said);
        }
        (tries, is_final)
    }

    fn give_up(&mut self, run: &Running, now: Moment, said: &mut Vec<Said>) {
        match &run.what {
            What::Ko => {
                let slot = self.slot(run.step);
                (slot.again, slot.attempt.given_up) = (false, Some(now.steady));
                self.keep(run.step, &run.name, said);
            }
            What::Partial => {
                let slot = self.slot(run.step);
                (slot.missed, slot.partial) = (Some(Failed::clone(&run.failed)), Some(now.steady));
            }
            What::Recovery => {
                self.slot(run.step).settle();
                self.keep(run.step, &run.name, said);
            }
            What::Notice(notice) => {
                self.notice = Attempt::default();
                self.end_notice(notice);
                self.keep(1, &run.name, said);
            }
        }
    }
}
