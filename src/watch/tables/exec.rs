//! Commands that are run at each transition of a target: those of one target one after the other, in order.

use super::{News, TableNews};
use crate::config::{Placeholder, Word};
use crate::limits::{CHILD_OUTPUT_OCTETS, COMMAND_TIME, TABLE_COMMANDS};
use crate::programs::commands::CommandId;
use oco::children::Job;
use oco::children::starter::Program;
use oco_fleet::object::ObjectName;
use oco_fleet::transition::Transition;
use oco_fleet::when::rfc3339;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;

/// What the file and the resolver say of a target's host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostFacts {
    /// Its address, or its name where that is not known; empty where it only reports.
    pub address: String,
    /// The port of host or probe; empty where there is none.
    pub port: String,
}

/// The commands that wait and run.
#[derive(Debug, Default)]
pub struct Commands {
    /// Of each target and table: those that wait. Whoever stands here has one that runs.
    queues: HashMap<(ObjectName, usize), VecDeque<Job>>,
    running: HashMap<CommandId, (ObjectName, usize)>,
    /// Whose turn has come.
    ready: Vec<((ObjectName, usize), Job)>,
    waiting: usize,
    /// There was no room, which was told.
    is_full: bool,
}

impl Commands {
    /// A target changed: `command` of the table `table` is to be run for it. False: too many wait.
    pub fn post(
        &mut self,
        table: usize,
        command: &[Word],
        transition: &Transition,
        host: &HostFacts,
    ) -> Option<TableNews> {
        if self.waiting >= TABLE_COMMANDS {
            let is_first = !std::mem::replace(&mut self.is_full, true);
            let why = format!("{TABLE_COMMANDS} commands wait, further ones are left out");
            return is_first.then(|| TableNews { table: name(command), news: News::Failing { why } });
        }
        let program = program(command, transition, host);
        let job = Job { program, timeout: COMMAND_TIME, output_octets: CHILD_OUTPUT_OCTETS };
        let key = (transition.name.clone(), table);
        self.waiting += 1;
        match self.queues.get_mut(&key) {
            Some(queue) => queue.push_back(job),
            None => {
                self.queues.insert(key.clone(), VecDeque::new());
                self.ready.push((key, job));
            }
        }
        None
    }

    /// Takes out those whose turn has come. `id` gives each a number.
    pub fn take_ready(&mut self, mut id: impl FnMut() -> CommandId) -> Vec<(CommandId, Job)> {
        let mut jobs = Vec::new();
        for (key, job) in self.ready.drain(..) {
            let id = id();
            self.running.insert(id, key);
            self.waiting = self.waiting.saturating_sub(1);
            jobs.push((id, job));
        }
        self.is_full &= self.waiting > 0;
        jobs
    }

    /// A command ended. Whose it was; none: not one of these.
    pub fn ended(&mut self, id: CommandId) -> Option<ObjectName> {
        let key = self.running.remove(&id)?;
        let next = self.queues.get_mut(&key).and_then(VecDeque::pop_front);
        match next {
            Some(job) => self.ready.push((key.clone(), job)),
            None => drop(self.queues.remove(&key)),
        }
        Some(key.0)
    }

    /// Whether one waits or runs.
    pub fn runs_any(&self) -> bool {
        !self.queues.is_empty()
    }

    /// Whether the turn of one has come.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}

/// What the log calls the table.
pub fn name(command: &[Word]) -> String {
    let words: Vec<&str> = command.iter().map(|word| word.0.as_str()).collect();
    format!("exec {}", words.join(" "))
}

fn program(command: &[Word], transition: &Transition, host: &HostFacts) -> Program {
    let Transition { name, old, new, .. } = transition;
    let value = |placeholder| match placeholder {
        Placeholder::Group => name.group(),
        Placeholder::Service => name.service_part(),
        Placeholder::Host => name.host().unwrap_or_default(),
        Placeholder::Address => &host.address,
        Placeholder::Port => &host.port,
    };
    let mut words = command.iter().map(|word| OsString::from(word.fill(value)));
    let variables = [
        ("OCO_GROUP", name.group().to_owned()),
        ("OCO_SERVICE", name.service_part().to_owned()),
        ("OCO_HOST", name.host().unwrap_or_default().to_owned()),
        ("OCO_OLD", old.state.word().to_owned()),
        ("OCO_NEW", new.state.word().to_owned()),
        ("OCO_CODE", new.code.map_or_else(String::new, |code| code.to_string())),
        ("OCO_REASON", new.reason.to_string()),
        ("OCO_AT", rfc3339(transition.at)),
    ];
    Program {
        name: words.next().unwrap_or_default(),
        arguments: words.collect(),
        environment: variables.map(|(name, value)| (name.into(), value.into())).into(),
        ..Program::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::state::Standing;
    use oco_fleet::time::Millis;

    fn transition(name: &str, code: u16) -> Transition {
        Transition {
            name: ObjectName::parse(name).unwrap(),
            at: Millis(1_764_000_000_000),
            old: Standing::unknown(""),
            old_since: Millis(0),
            new: Standing::of_code(oco::logic::code::Code::new(code).unwrap(), "refused"),
            probes: None,
            depends_on: None,
        }
    }

    #[test]
    fn a_command_is_told_what_changed() {
        let command = ["x", "{host}:{port}", "{address}"].map(|word| Word(word.to_owned()));
        let host = HostFacts { address: "192.0.2.1".to_owned(), port: "80".to_owned() };
        let program = program(&command, &transition("web/oco/w1", 300), &host);
        assert_eq!((program.name, program.arguments), ("x".into(), vec!["w1:80".into(), "192.0.2.1".into()]));
        let variables: Vec<String> = program
            .environment
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        let expected = [
            "OCO_GROUP=web",
            "OCO_SERVICE=oco",
            "OCO_HOST=w1",
            "OCO_OLD=unknown",
            "OCO_NEW=ko",
            "OCO_CODE=300",
            "OCO_REASON=refused",
            "OCO_AT=2025-11-24T16:00:00Z",
        ];
        assert_eq!(variables, expected);
    }

    #[test]
    fn those_of_one_target_run_one_after_the_other() {
        let mut commands = Commands::default();
        let command = [Word("x".to_owned())];
        let mut last = 0;
        let mut id = || {
            last += 1;
            CommandId(last)
        };
        for (name, code) in [("a/b/c", 300), ("a/b/c", 200), ("a/b/d", 300)] {
            assert_eq!(commands.post(0, &command, &transition(name, code), &HostFacts::default()), None);
        }
        let ready = commands.take_ready(&mut id);
        assert_eq!((ready.len(), commands.take_ready(&mut id).len()), (2, 0));
        assert_eq!(commands.ended(ready[0].0).unwrap().as_str(), "a/b/c");
        let next = commands.take_ready(&mut id);
        assert_eq!(next.len(), 1);
        commands.ended(next[0].0);
        assert!(commands.runs_any());
        commands.ended(ready[1].0);
        assert!(!commands.runs_any() && commands.ended(ready[1].0).is_none());
    }
}
