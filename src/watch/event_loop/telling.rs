//! What follows from a change is done: commands of alerts and incidents run, what was decided is logged and kept.

use super::EventLoop;
use crate::control::reply;
use crate::decide::alert::{Said, Sending, words};
use crate::decide::incident::IncidentSaid;
use crate::decide::telling::Consequences;
use crate::limits::{CHILD_OUTPUT_OCTETS, COMMAND_TIME, COMMANDS_FINISH};
use crate::metrics::AlertResult;
use crate::outbox::{Command, Outcome, Purpose};
use log::{error, info, warn};
use oco::children::Job;
use oco::children::starter::Program;
use oco::system::clock;
use oco::system::log_lines::TRANSITION;
use oco_fleet::journal::{AlertSent, Entry};
use oco_fleet::shown;
use std::ffi::OsString;

impl EventLoop {
    /// Keeps and does what follows from a change, whose transitions are in the journal's queue by now.
    pub(super) fn tell(&mut self, consequences: Consequences) {
        for act in consequences.ended {
            info!(target: TRANSITION, "{}: {} of {} is over", act.name, act.kind.word(), act.who);
        }
        for entry in consequences.incidents.entries {
            self.journal.push(entry);
        }
        for said in &consequences.incidents.said {
            self.tell_incident(said);
        }
        if !consequences.posts.is_empty() {
            self.alertmanagers.post(consequences.posts);
        }
        for said in consequences.said {
            match said {
                Said::Send(sending) => self.post_alert(&sending),
                Said::Keep(entry) => {
                    if let Entry::AlertSent(sent) = &entry {
                        log_alert(sent);
                        if let Some(result) = AlertResult::of(&sent.result) {
                            self.metrics.counts.alert(result);
                        }
                    }
                    self.journal.push(entry);
                }
                Said::Failed { name, command, why, tries, is_final } => {
                    let end = if is_final { "given up" } else { "it is tried again" };
                    warn!("{name}: {command}: {why} (try {tries}); {end}");
                }
            }
        }
    }

    fn post_alert(&mut self, sending: &Sending) {
        let moment = self.watcher.fleet_mut().moment(self.now);
        let token = self.token_for(&sending.name, sending.failing);
        let base_url = self.watcher.settings().base_url.as_deref();
        let call = words::call(sending, base_url, token.as_deref(), moment);
        let mut words = call.argv.into_iter().map(OsString::from);
        let program = Program {
            name: words.next().unwrap_or_default(),
            arguments: words.collect(),
            environment: call
                .environment
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            input: call.stdin,
            ..Program::default()
        };
        self.post(Purpose::Alert(sending.id), program);
    }

    fn tell_incident(&mut self, said: &IncidentSaid) {
        let what = format!("incident {} of {}: {}", said.incident.id, said.incident.name, said.event.word());
        info!(target: TRANSITION, "{what}");
        let program = self.incident_program(said);
        if let Some(program) = program {
            self.post(Purpose::Incident { what, failures: 0 }, program);
        }
    }

    /// The command of the file for what became of an incident.
    fn incident_program(&self, said: &IncidentSaid) -> Option<Program> {
        let command = self.watcher.settings().incident.command.as_ref()?;
        let name = &said.incident.name;
        let mut words = command.iter().map(|word| OsString::from(word.fill_of_all_hosts(name)));
        let input = reply::line(&shown::incident(&said.incident, None));
        let variables = [
            ("OCO_EVENT", said.event.word().to_owned()),
            ("OCO_INCIDENT", said.incident.id.to_string()),
            ("OCO_NAME", name.to_string()),
        ];
        Some(Program {
            name: words.next()?,
            arguments: words.collect(),
            environment: variables.map(|(name, value)| (name.into(), value.into())).into(),
            input,
            ..Program::default()
        })
    }

    fn post(&mut self, purpose: Purpose, program: Program) {
        let job = Job { program, timeout: COMMAND_TIME, output_octets: CHILD_OUTPUT_OCTETS };
        let command = Command { purpose, job };
        self.outbox.post(command, self.journal.pushed(), self.now.boot);
    }

    /// Hears of the commands that ended.
    pub(super) fn hear_commands(&mut self) {
        for (id, result) in self.watcher.programs().commands().take_finished() {
            match self.outbox.ended(id, result.map(drop), self.now.boot) {
                Some(Outcome::Alert(id, result)) => {
                    let moment = self.watcher.fleet_mut().moment(self.now);
                    self.telling.done(id, result, moment);
                }
                Some(Outcome::IncidentFailed { what, why, again: true }) => {
                    warn!("{what}: its command: {why}; it is tried again");
                }
                Some(Outcome::IncidentFailed { what, why, again: false }) => {
                    error!("{what}: its command: {why}; given up");
                }
                None => {}
            }
        }
    }

    /// Lets commands that run come to their end, and notes it, so that the next start tells nobody twice.
    pub(super) fn finish_commands(&mut self) {
        let until = self.now.boot.after(COMMANDS_FINISH);
        while (self.outbox.runs_any() || self.tables.runs_any()) && self.now.boot < until {
            let deadline = self.watcher.programs().deadline().unwrap_or(until).min(until);
            let _ = self.poll.poll(&mut self.events, Some(deadline.since(self.now.boot)));
            self.now = clock::now();
            self.take_events();
            // A probe that ends now is of no use any more.
            self.watcher.programs().turn(self.now.boot, |_, _, _| {});
            self.hear_commands();
            self.hear_table_commands();
            self.keep();
        }
    }

    /// Starts the commands whose time has come.
    pub(super) fn run_commands(&mut self) {
        for (id, job) in self.outbox.ready(self.journal.written(), self.now.boot) {
            self.watcher.programs().command(id, job);
        }
    }
}

fn log_alert(sent: &AlertSent) {
    let AlertSent { name, event, step, command, result, .. } = sent;
    info!(target: TRANSITION, "{name}: alert ({event}), step {step}: {result}: {command}");
}
