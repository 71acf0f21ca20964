//! Programs that are run: a Nagios plugin for each host, a mon monitor for all hosts at once, commands that tell somebody.
//!
//! ```text
//!  loop --run, ready, turn--> Programs --start--> oco::children (a helper process starts and reaps them)
//!       <--a result a target--    |  exec, mon, commands: what an end tells
//! ```
//!
//! Each target has at most one run at a time: whose turn comes while its last one still waits or runs misses it, and
//! that is told by [`Programs::is_busy`].

pub mod commands;
pub mod exec;
pub mod mon;

use crate::config::{Placeholder, Word};
use crate::limits::CHILD_OUTPUT_OCTETS;
use crate::probe::outcome::Outcome;
use commands::{CommandId, Commands};
use exec::Told;
use log::{debug, warn};
use mio::Token;
use oco::children::starter::{Program, Starter};
use oco::children::{ChildEvent, ChildId, Children, Class, Ended, Job};
use oco::logic::time::Nanos;
use oco::system::words::words as words_of;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::time::Duration;

const TABLES: Class = Class(0);
/// Alerts are less urgent than tables,
const ALERTS: Class = Class(1);
/// and probes less than both.
const PROBES: Class = Class(2);

/// Who has gone: no target has this number.
const NOBODY: u32 = u32::MAX;

/// Probes that run programs, by the numbers of their targets.
pub struct Programs<S: Starter> {
    children: Children<S>,
    errands: HashMap<ChildId, Errand>,
    commands: Commands,
    table_commands: Commands,
    /// Targets with a run that waits or goes on.
    busy: HashSet<u32>,
    /// The helper has died: nothing will ever run again.
    is_lost: bool,
}

/// Why a child runs.
#[derive(Debug)]
struct Errand {
    /// Whose probe it is, and for a monitor the hosts' words.
    targets: Vec<(u32, Box<str>)>,
    is_monitor: bool,
    began: Nanos,
    /// It did not begin at once: it had to wait for others.
    waits: bool,
    /// Its result is known.
    is_told: bool,
}

/// What else is known of a run than what it tells.
#[derive(Debug, Clone, Copy)]
pub struct Ran<'a> {
    /// When it began.
    pub began: Nanos,
    /// How long it took; none where it was for many targets at once, whose own times nobody knows.
    pub took: Option<Duration>,
    /// The line of a plugin that ended by itself, with its performance data; empty where there is none.
    pub performance_data: &'a str,
}

/// What is put into the words of a command.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The host's name.
    pub host: &'a str,
    /// Its address, without brackets.
    pub address: &'a str,
    /// Its port; empty where it has none.
    pub port: &'a str,
    /// Its group.
    pub group: &'a str,
    /// The service.
    pub service: &'a str,
}

impl Facts<'_> {
    fn fill(&self, word: &Word) -> OsString {
        let fact = |placeholder| match placeholder {
            Placeholder::Host => self.host,
            Placeholder::Address => self.address,
            Placeholder::Port => self.port,
            Placeholder::Group => self.group,
            Placeholder::Service => self.service,
        };
        word.fill(fact).into()
    }
}

/// What a program is run for.
#[derive(Debug)]
pub struct Errands<'a> {
    /// The command.
    pub command: &'a [Word],
    /// What goes into its words.
    pub facts: Facts<'a>,
    /// How long it may take.
    pub timeout: Duration,
}

impl<S: Starter> Programs<S> {
    /// Runs nothing yet.
    pub fn new(children: Children<S>) -> Programs<S> {
        Programs {
            children,
            errands: HashMap::new(),
            commands: Commands::default(),
            table_commands: Commands::default(),
            busy: HashSet::new(),
            is_lost: false,
        }
    }

    /// Whether a run for this target waits or goes on.
    pub fn is_busy(&self, target: u32) -> bool {
        self.busy.contains(&target)
    }

    /// Whether nothing can be run any more.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Runs a command that tells somebody. How it ends is among [`Commands::take_finished`].
    pub fn command(&mut self, id: CommandId, job: Job) {
        let child = self.children.start(job, ALERTS);
        self.commands.started(child, id);
    }

    /// The commands that tell somebody.
    pub fn commands(&mut self) -> &mut Commands {
        &mut self.commands
    }

    /// Runs a command of a balancer's table. How it ends is among [`Commands::take_finished`].
    pub fn table_command(&mut self, id: CommandId, job: Job) {
        let child = self.children.start(job, TABLES);
        self.table_commands.started(child, id);
    }

    /// The commands of the tables.
    pub fn table_commands(&mut self) -> &mut Commands {
        &mut self.table_commands
    }

    /// Runs a plugin for `target`.
    pub fn exec(&mut self, target: u32, errand: &Errands<'_>, now: Nanos) {
        let words = errand.command.iter().map(|word| errand.facts.fill(word)).collect();
        self.start(vec![(target, Box::default())], false, words, errand.timeout, now);
    }

    /// Runs a monitor for all of `hosts`, each as the file has it, in as many calls as it takes. Those whose last run
    /// is not over are left out.
    pub fn monitor(&mut self, hosts: &[(u32, &str)], errand: &Errands<'_>, now: Nanos) {
        let free: Vec<_> = hosts.iter().filter(|(target, _)| !self.is_busy(*target)).collect();
        for batch in mon::batches(free.iter().map(|(_, host)| *host)) {
            let targets: Vec<(u32, Box<str>)> = free
                .get(batch)
                .unwrap_or_default()
                .iter()
                .map(|(target, host)| (*target, (*host).into()))
                .collect();
            let mut words: Vec<OsString> =
                errand.command.iter().map(|word| errand.facts.fill(word)).collect();
            words.extend(targets.iter().map(|(_, host)| OsString::from(host.as_ref())));
            self.start(targets, true, words, errand.timeout, now);
        }
    }

    fn start(
        &mut self,
        targets: Vec<(u32, Box<str>)>,
        is_monitor: bool,
        words: Vec<OsString>,
        timeout: Duration,
        now: Nanos,
    ) {
        let mut words = words.into_iter();
        let Some(name) = words.next() else { return };
        let program = Program { name, arguments: words.collect(), ..Program::default() };
        let job = Job { program, timeout, output_octets: CHILD_OUTPUT_OCTETS };
        self.busy.extend(targets.iter().map(|(target, _)| *target));
        let waits = self.children.is_full();
        let id = self.children.start(job, PROBES);
        self.errands.insert(id, Errand { targets, is_monitor, began: now, waits, is_told: false });
    }

    /// The target is gone: what still runs for it has no result.
    pub fn abandon(&mut self, target: u32) {
        if self.busy.remove(&target) {
            for errand in self.errands.values_mut() {
                for (of, _) in &mut errand.targets {
                    if *of == target {
                        *of = NOBODY;
                    }
                }
            }
        }
    }

    /// Goes on after an event with this token.
    pub fn ready(&mut self, token: Token) {
        self.children.ready(token);
    }

    /// When the next [turn](Programs::turn) is due.
    pub fn deadline(&self) -> Option<Nanos> {
        self.children.deadline()
    }

    /// Ends all that runs.
    pub fn stop(&mut self) {
        self.children.stop();
    }

    /// Whether nothing waits and nothing runs.
    pub fn is_idle(&self) -> bool {
        self.children.is_empty()
    }

    /// Does what is due, and hands each result to `each`: target, outcome, and what else is known of its run.
    pub fn turn(&mut self, now: Nanos, mut each: impl FnMut(u32, Outcome<'_>, Ran<'_>)) {
        for event in self.children.turn(now) {
            match event {
                ChildEvent::Started { id, process } => {
                    debug!("child {}: runs as {process}", id.0);
                    if let Some(errand) = self.errands.get_mut(&id).filter(|errand| errand.waits) {
                        errand.began = now;
                    }
                }
                ChildEvent::Ended(ended) => {
                    if !self.commands.ended(&ended) && !self.table_commands.ended(&ended) {
                        self.ended(&ended, now, &mut each);
                    }
                }
                ChildEvent::Failed { id, error } => {
                    let why = format!("can't run programs: {}", words_of(&error));
                    self.fail(id, why, now, &mut each);
                }
                ChildEvent::Delayed { id, error } => debug!("child {}: waits: {}", id.0, words_of(&error)),
                ChildEvent::Signalled { id, signal, result, .. } => {
                    debug!("child {}: {signal:?}: {result:?}", id.0);
                }
                ChildEvent::Unkillable { process, .. } => {
                    warn!("process {}: can't be killed, going on without it", process.unwrap_or(0));
                }
                ChildEvent::Over { id } => {
                    // It was stopped, and has no result.
                    self.fail(id, "was stopped".to_owned(), now, &mut each);
                    if let Some(errand) = self.errands.remove(&id) {
                        for (target, _) in &errand.targets {
                            self.busy.remove(target);
                        }
                    }
                }
                ChildEvent::StarterLost => self.is_lost = true,
            }
        }
    }

    fn ended(&mut self, ended: &Ended, now: Nanos, each: &mut impl FnMut(u32, Outcome<'_>, Ran<'_>)) {
        let Some(errand) = self.errands.get(&ended.id) else { return };
        if errand.is_monitor {
            let hosts: Vec<&str> = errand.targets.iter().map(|(_, host)| host.as_ref()).collect();
            let told = mon::told(&ended.run, &ended.stdout, &hosts);
            self.tell(ended.id, |_| told, "", now, each);
        } else {
            let told = exec::told(&ended.run, &ended.stdout, &ended.stderr);
            let text = exec::performance_data(&ended.run, &ended.stdout, &ended.stderr);
            self.tell(ended.id, |_| vec![told], &text, now, each);
        }
    }

    /// A run has no result, and that is our own fault.
    fn fail(
        &mut self,
        id: ChildId,
        why: String,
        now: Nanos,
        each: &mut impl FnMut(u32, Outcome<'_>, Ran<'_>),
    ) {
        if !self.commands.failed(id, &why) && !self.table_commands.failed(id, &why) {
            self.tell(id, |count| vec![Told::Own(why); count], "", now, each);
        }
    }

    /// Tells the results of a run, once.
    fn tell(
        &mut self,
        id: ChildId,
        told: impl FnOnce(usize) -> Vec<Told>,
        performance_data: &str,
        now: Nanos,
        each: &mut impl FnMut(u32, Outcome<'_>, Ran<'_>),
    ) {
        let Some(errand) = self.errands.get_mut(&id).filter(|errand| !errand.is_told) else { return };
        errand.is_told = true;
        let took = (!errand.is_monitor).then(|| now.since(errand.began));
        let ran = Ran { began: errand.began, took, performance_data };
        for ((target, _), told) in errand.targets.iter().zip(told(errand.targets.len())) {
            let outcome = match &told {
                Told::Code(code, reason) => Outcome::Told { code: *code, reason },
                Told::Own(reason) => Outcome::Own { reason },
            };
            if *target != NOBODY {
                each(*target, outcome, ran);
            }
        }
    }
}
