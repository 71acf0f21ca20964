//! A backend of HAProxy that follows a service: asked every few seconds and at each change, and put right.
//!
//! ```text
//!   Resting --due--> Talking: show servers state --plan--> Awaiting the journal --> Talking: set ...; show ... --+
//!      ^                         | as it should be                                     ^          | more to do   |
//!      +-------------------------+--------------------------------------------------- +----------+--------------+
//! ```
//!
//! Each is a short connection of its own: one that was held would reach the old worker after a reload. What is going to be
//! set is remembered before it is set, so that a start after a kill takes nothing of ours for somebody else's.

pub mod answer;
pub mod plan;
mod session;

use super::memory::Memory;
use super::wanted::Server;
use super::{News, TableNews};
use crate::config::HaproxySocket;
use crate::journal_writer::Sequence;
use crate::limits::{HAPROXY_EVERY, HAPROXY_SPACING};
use mio::{Registry, Token};
use oco::logic::time::Nanos;
use plan::{Mine, Rules, Step, line, plan};
use session::Session;
use std::collections::{BTreeSet, HashSet};

/// A backend.
#[derive(Debug)]
pub struct Backend {
    /// What the journal and the log call it.
    name: String,
    socket: HaproxySocket,
    backend: String,
    rules: Rules,
    phase: Phase,
    /// When it is asked next.
    ask_at: Nanos,
    /// When it was asked last.
    asked: Option<Nanos>,
    /// What was set since then. What is not so all the same is not tried again at once.
    tried: HashSet<Step>,
    /// What is wrong, which was told.
    failing: Option<String>,
    /// Hosts without a server, which was told.
    lonely: BTreeSet<Box<str>>,
}

#[derive(Debug)]
enum Phase {
    Resting,
    /// The session sets these and asks.
    Talking(Session, Vec<Step>),
    /// What is going to be set is being written down: until the journal is there, or this time.
    Awaiting(Vec<Step>, Option<Sequence>, Nanos),
}

/// What a backend needs of others to go on.
pub struct Surroundings<'a> {
    /// For its socket.
    pub registry: &'a Registry,
    /// The same.
    pub token: Token,
    /// What was set.
    pub memory: &'a mut Memory,
    /// Up to where the journal is written.
    pub written: Sequence,
    /// Now.
    pub now: Nanos,
    /// What there is to tell.
    pub news: &'a mut Vec<TableNews>,
}

impl Backend {
    /// A backend that is asked at once.
    pub fn new(socket: HaproxySocket, backend: String, rules: Rules) -> Backend {
        let place = match &socket {
            HaproxySocket::Unix(path) => path.display().to_string(),
            HaproxySocket::Tcp(address) => format!("tcp {address}"),
        };
        Backend {
            name: format!("haproxy {place} {backend}"),
            socket,
            backend,
            rules,
            phase: Phase::Resting,
            ask_at: Nanos::PAST,
            asked: None,
            tried: HashSet::new(),
            failing: None,
            lonely: BTreeSet::new(),
        }
    }

    /// What the journal and the log call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes on as another one did that has the same name.
    pub fn take_over(&mut self, old: Backend) {
        self.failing = old.failing;
        self.lonely = old.lonely;
    }

    /// Something changed: it is asked soon.
    pub fn touch(&mut self) {
        let spaced = self.asked.map_or(Nanos::PAST, |asked| asked.after(HAPROXY_SPACING));
        self.ask_at = self.ask_at.min(spaced);
    }

    /// Something happened to its socket.
    pub fn ready(&mut self) {
        if let Phase::Talking(session, _) = &mut self.phase {
            session.ready();
        }
    }

    /// What it remembered is in the journal's queue up to here.
    pub fn remembered(&mut self, pushed: Sequence) {
        if let Phase::Awaiting(_, behind @ None, _) = &mut self.phase {
            *behind = Some(pushed);
        }
    }

    /// When its next turn is due without an event.
    pub fn deadline(&self, written: Sequence) -> Nanos {
        match &self.phase {
            Phase::Resting => self.ask_at,
            Phase::Talking(session, _) => session.deadline(),
            Phase::Awaiting(_, Some(behind), _) if *behind <= written => Nanos::PAST,
            Phase::Awaiting(_, _, until) => *until,
        }
    }

    /// Goes on as far as it can now. `servers` are the targets as they stand.
    pub fn turn(&mut self, servers: &dyn Fn() -> Vec<Server>, around: &mut Surroundings<'_>) {
        loop {
            match std::mem::replace(&mut self.phase, Phase::Resting) {
                Phase::Resting if self.ask_at <= around.now => {
                    self.ask_at = around.now.after(HAPROXY_EVERY);
                    self.asked = Some(around.now);
                    self.tried.clear();
                    self.talk(&[], around);
                }
                Phase::Resting => return,
                Phase::Awaiting(steps, behind, until) => {
                    if until > around.now && behind.is_none_or(|behind| behind > around.written) {
                        self.phase = Phase::Awaiting(steps, behind, until);
                        return;
                    }
                    self.talk(&steps, around);
                }
                Phase::Talking(mut session, sent) => match session.turn(around.now) {
                    None => {
                        self.phase = Phase::Talking(session, sent);
                        return;
                    }
                    Some(Ok(octets)) => self.hear(&octets, &sent, servers, around),
                    Some(Err(why)) => self.fail(why, around),
                },
            }
        }
    }

    fn talk(&mut self, steps: &[Step], around: &mut Surroundings<'_>) {
        let (line, taken) = line(steps, &self.backend);
        self.tried.extend(taken.iter().cloned());
        match Session::begin(&self.socket, line, around.token, around.registry, around.now) {
            Ok(session) => self.phase = Phase::Talking(session, taken),
            Err(why) => self.fail(why, around),
        }
    }

    fn hear(
        &mut self,
        octets: &[u8],
        sent: &[Step],
        servers: &dyn Fn() -> Vec<Server>,
        around: &mut Surroundings<'_>,
    ) {
        let answer = match answer::parse(octets, &self.backend) {
            Ok(answer) => answer,
            Err(error) => return self.fail(error.to_string(), around),
        };
        let servers = servers();
        let mine = |server: &str| Mine::parse(around.memory.of(&self.name, server).unwrap_or_default());
        let plan = plan(&servers, &answer.servers, mine, self.rules);
        self.remember(&plan.mine, around);
        self.tell_of_lonely(&servers, &plan.lonely, around);
        for step in sent.iter().filter(|step| !plan.steps.contains(step)) {
            let (server, what) = (step.server.clone(), step.set.to_string());
            around.news.push(self.news(News::Set { server, what }));
        }
        let (stuck, steps): (Vec<Step>, Vec<Step>) =
            plan.steps.into_iter().partition(|step| self.tried.contains(step));
        match stuck.first() {
            Some(step) => {
                let said = answer.messages.first().map_or("it is not done", String::as_str);
                self.fail(format!("{}: {}: {said}", step.server, step.set), around);
            }
            None => {
                if self.failing.take().is_some() {
                    around.news.push(self.news(News::Recovered));
                }
            }
        }
        if !steps.is_empty() {
            self.phase = Phase::Awaiting(steps, None, around.now.after(around.memory.wait()));
        }
    }

    /// Remembers this, and forgets servers that are gone.
    fn remember(&self, mine: &[(String, Mine)], around: &mut Surroundings<'_>) {
        let there: HashSet<&str> = mine.iter().map(|(server, _)| server.as_str()).collect();
        let gone = around.memory.all_of(&self.name).filter(|(server, _)| !there.contains(server));
        let gone: Vec<String> = gone.map(|(server, _)| server.to_owned()).collect();
        for server in gone {
            around.memory.set(&self.name, &server, None);
        }
        for (server, mine) in mine {
            around.memory.set(&self.name, server, mine.text());
        }
    }

    fn tell_of_lonely(&mut self, servers: &[Server], lonely: &[usize], around: &mut Surroundings<'_>) {
        let lonely: BTreeSet<Box<str>> =
            lonely.iter().filter_map(|place| Some(servers.get(*place)?.host.clone())).collect();
        for host in lonely.difference(&self.lonely) {
            around.news.push(self.news(News::Lonely { host: host.to_string() }));
        }
        self.lonely = lonely;
    }

    /// Tells what is wrong, once until it is well again.
    fn fail(&mut self, why: String, around: &mut Surroundings<'_>) {
        if self.failing.is_none() {
            around.news.push(self.news(News::Failing { why: why.clone() }));
        }
        self.failing = Some(why);
    }

    fn news(&self, news: News) -> TableNews {
        TableNews { table: self.name.clone(), news }
    }
}
