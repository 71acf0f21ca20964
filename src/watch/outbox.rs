//! Commands that tell somebody, from when they are decided until they end. Each waits for what it tells of to be in the
//! journal, so that a start after a kill knows it too; but not for long, so that a disk that hangs delays no alert much.

use crate::decide::alert::SendingId;
use crate::journal_writer::Sequence;
use crate::limits::{ALERT_PAUSES, JOURNAL_AWAITED};
use crate::programs::commands::CommandId;
use oco::children::Job;
use oco::logic::time::Nanos;
use std::collections::{HashMap, VecDeque};

/// Why a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// It is one of an alert's, whose policy decides what becomes of it.
    Alert(SendingId),
    /// It tells what became of an incident.
    Incident {
        /// For the log: `incident 7 of web/oco: open`.
        what: String,
        /// How often it failed until now.
        failures: usize,
    },
}

/// A command that is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Why.
    pub purpose: Purpose,
    /// What.
    pub job: Job,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One of an alert's ended.
    Alert(SendingId, Result<(), String>),
    /// One of an incident's failed; whether it is tried again.
    IncidentFailed {
        /// For the log.
        what: String,
        /// Why.
        why: String,
        /// Whether it is tried again.
        again: bool,
    },
}

/// The commands that wait and run.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<(Wait, Command)>,
    running: HashMap<CommandId, Command>,
    /// Numbers only count up.
    last: u64,
}

/// What a command waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// For the journal to be written so far, or for this time.
    Journal(Sequence, Nanos),
    /// For this time.
    Time(Nanos),
}

impl Outbox {
    /// Takes in a command that tells of what stands in the journal up to `behind`.
    pub fn post(&mut self, command: Command, behind: Sequence, now: Nanos) {
        self.waiting.push_back((Wait::Journal(behind, now.after(JOURNAL_AWAITED)), command));
    }

    /// Takes out those that are to run now, in the order in which they came.
    pub fn ready(&mut self, written: Sequence, now: Nanos) -> Vec<(CommandId, Job)> {
        let mut ready = Vec::new();
        for (wait, command) in std::mem::take(&mut self.waiting) {
            let is_ready = match wait {
                Wait::Journal(behind, until) => behind <= written || until <= now,
                Wait::Time(until) => until <= now,
            };
            if is_ready {
                self.last += 1;
                ready.push((CommandId(self.last), command.job.clone()));
                self.running.insert(CommandId(self.last), command);
            } else {
                self.waiting.push_back((wait, command));
            }
        }
        ready
    }

    /// When a command is to run at the latest, unless the journal is written before.
    pub fn deadline(&self) -> Option<Nanos> {
        let until = self.waiting.iter().map(|(wait, _)| match wait {
            Wait::Journal(_, until) | Wait::Time(until) => *until,
        });
        until.min()
    }

    /// Whether a command runs.
    pub fn runs_any(&self) -> bool {
        !self.running.is_empty()
    }

    /// A command ended. One of an incident's that failed is tried again, after a pause that grows.
    pub fn ended(&mut self, id: CommandId, result: Result<(), String>, now: Nanos) -> Option<Outcome> {
        let Command { purpose, job } = self.running.remove(&id)?;
        let (what, failures) = match purpose {
            Purpose::Alert(id) => return Some(Outcome::Alert(id, result)),
            Purpose::Incident { what, failures } => (what, failures),
        };
        let why = result.err()?;
        let pause = ALERT_PAUSES.get(failures);
        if let Some(pause) = pause {
            let purpose = Purpose::Incident { what: what.clone(), failures: failures + 1 };
            self.waiting.push_back((Wait::Time(now.after(*pause)), Command { purpose, job }));
        }
        Some(Outcome::IncidentFailed { what, why, again: pause.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::children::starter::Program;
    use std::time::Duration;

    fn command(purpose: Purpose) -> Command {
        let program = Program { name: "x".into(), ..Program::default() };
        Command { purpose, job: Job { program, timeout: Duration::from_secs(1), output_octets: 1000 } }
    }

    fn incident() -> Purpose {
        Purpose::Incident { what: "incident 7".to_owned(), failures: 0 }
    }

    #[test]
    fn a_command_waits_for_what_it_tells_of_to_be_written_but_not_for_long() {
        let mut outbox = Outbox::default();
        let now = Nanos(7);
        outbox.post(command(Purpose::Alert(SendingId(1))), Sequence(5), now);
        outbox.post(command(Purpose::Alert(SendingId(2))), Sequence(9), now);
        assert_eq!(outbox.ready(Sequence(4), now), []);
        let first = outbox.ready(Sequence(8), now);
        assert_eq!(first.len(), 1);
        assert_eq!(outbox.deadline(), Some(now.after(JOURNAL_AWAITED)));
        let second = outbox.ready(Sequence(8), now.after(JOURNAL_AWAITED));
        assert_eq!((second.len(), outbox.deadline()), (1, None));
        let ended = outbox.ended(second[0].0, Err("no".to_owned()), now);
        assert_eq!(ended, Some(Outcome::Alert(SendingId(2), Err("no".to_owned()))));
        assert!(outbox.runs_any());
        assert_eq!(outbox.ended(first[0].0, Ok(()), now), Some(Outcome::Alert(SendingId(1), Ok(()))));
        assert!(!outbox.runs_any() && outbox.ended(first[0].0, Ok(()), now).is_none());
    }

    #[test]
    fn a_command_of_an_incident_that_fails_is_tried_three_times_with_growing_pauses() {
        let (mut outbox, mut now) = (Outbox::default(), Nanos(7));
        outbox.post(command(incident()), Sequence(0), now);
        let mut pauses = Vec::new();
        for tries in 1.. {
            let ready = outbox.ready(Sequence(0), now);
            assert_eq!(ready.len(), 1);
            let Some(Outcome::IncidentFailed { what, why, again }) =
                outbox.ended(ready[0].0, Err("no".to_owned()), now)
            else {
                panic!("it failed")
            };
            assert_eq!((what.as_str(), why.as_str()), ("incident 7", "no"));
            if !again {
                assert_eq!(tries, 3);
                break;
            }
            let until = outbox.deadline().unwrap();
            assert_eq!(outbox.ready(Sequence(0), Nanos(until.0 - 1)), []);
            pauses.push(until.since(now));
            now = until;
        }
        assert!(pauses.is_sorted() && pauses[0] < pauses[1] && outbox.deadline().is_none());
        outbox.post(command(incident()), Sequence(0), now);
        let ready = outbox.ready(Sequence(0), now);
        assert_eq!(outbox.ended(ready[0].0, Ok(()), now), None);
    }
}
