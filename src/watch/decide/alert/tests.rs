//! The policy by hand: one object, commands that answer as they are told to, and a clock that is set forth.

mod beside;
mod calls;
mod failures;
mod holding;
mod memory;
mod overlaps;
mod partials;

use super::*;
use crate::config::{self, Settings};
use oco::logic::code::Code;
use oco_fleet::journal::{AlertSent, Entry};
use std::collections::{BTreeMap, VecDeque};

pub(super) const WEB: &str = "web/oco";
const MINUTE: i64 = 60_000;
/// A Wednesday, 10:00 UTC.
const START: i64 = 1_796_205_600_000;

/// The rest of a file.
const GROUPS: &str = r#"
    [hostgroup.web]
    hosts = ["a", "b", "c"]
    service.oco.probe = "oco"
    [node.shop]
    members = ["web/oco"]
    [slo.shop]
    of = "node:shop"
    target = "99.9%"
    period = "month"
"#;

pub(super) fn settings(alerts: &str) -> Settings {
    let text = format!("{GROUPS}\n{alerts}");
    config::parse(&text).unwrap_or_else(|fault| panic!("{fault:?}"))
}

pub(super) fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

/// How it stands with one object.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    pub standing: Standing,
    pub since: Millis,
    pub failing: Option<Millis>,
    pub is_in_doubt: bool,
    pub is_flapping: bool,
    /// Since when, as the fleet has it: before any failure with which that did not begin.
    pub flapping_since: Option<Millis>,
    pub dependency: DependencyFact,
    pub is_acked: bool,
    pub is_muted: bool,
    pub failed: Vec<&'static str>,
    /// Who is down beside those: planned, or not known.
    pub down: Vec<&'static str>,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    /// Members of each beside a, b and c.
    pub more: usize,
    pub objects: BTreeMap<ObjectName, Stand>,
    pub is_canary_lost: bool,
    pub heard_since: Millis,
}

impl Facts for Known {
    fn subject(&self, name: &ObjectName) -> Option<Subject<'_>> {
        let stand = self.objects.get(name)?;
        Some(Subject {
            standing: &stand.standing,
            since: stand.since,
            failing_since: stand.failing,
            flapping_since: stand.flapping_since,
            interval: Duration::from_secs(10),
            dependency: stand.dependency.clone(),
            is_acked: stand.is_acked,
            is_muted: stand.is_muted,
        })
    }

    fn failed<'a>(&'a self, name: &ObjectName) -> FailedMembers<'a> {
        let failed = self.objects.get(name).map(|stand| stand.failed.clone()).unwrap_or_default();
        let name = name.clone();
        Box::new(failed.into_iter().map(move |host| (Cow::Owned(super_name(&name, host)), "refused")))
    }

    fn is_down(&self, member: &ObjectName) -> bool {
        let stand = member.service_of_target().and_then(|service| self.objects.get(&service));
        let down =
            |stand: &Stand| stand.failed.iter().chain(&stand.down).any(|host| Some(*host) == member.host());
        stand.is_some_and(down)
    }

    fn is_in_doubt(&self, name: &ObjectName) -> bool {
        self.objects.get(name).is_some_and(|stand| stand.is_in_doubt)
    }

    fn all<'a>(&'a self, name: &ObjectName) -> Members<'a> {
        let name = name.clone();
        let more = (0..self.more).map(|number| format!("host{number}.example.org"));
        let hosts = ["a", "b", "c"].into_iter().map(str::to_owned).chain(more);
        Box::new(hosts.map(move |host| Cow::Owned(super_name(&name, &host))))
    }

    fn is_canary_lost(&self) -> bool {
        self.is_canary_lost
    }

    fn heard_since(&self) -> Millis {
        self.heard_since
    }
}

fn super_name(service: &ObjectName, host: &str) -> ObjectName {
    ObjectName::target(service.group(), service.service_part(), host)
}

/// The policy, its object, and what came of it.
pub(super) struct Bench {
    pub alerts: Alerts,
    pub known: Known,
    pub now: Moment,
    pub of: ObjectName,
    /// How commands end; none: they do not.
    pub answer: Option<Result<(), String>>,
    /// Commands that run.
    pub running: VecDeque<Sending>,
    /// All that were begun and not asked for yet.
    pub begun: Vec<Sending>,
    /// What the journal has.
    pub rows: BTreeMap<(ObjectName, String, u32), Told>,
    pub log: Vec<AlertSent>,
    pub failures: Vec<(u32, bool)>,
}

impl Bench {
    pub fn new(alerts: &str) -> Bench {
        let now = Moment { at: Millis(START), steady: Millis(START), wall: Millis(START) };
        let mut bench = Bench {
            alerts: Alerts::new(&settings(alerts), Vec::new(), Zone::UTC, now),
            known: Known::default(),
            now,
            of: name(WEB),
            answer: Some(Ok(())),
            running: VecDeque::new(),
            begun: Vec::new(),
            rows: BTreeMap::new(),
            log: Vec::new(),
            failures: Vec::new(),
        };
        for known in [WEB, "node:shop", "slo:shop"] {
            let standing = Standing::of_code(Code::OK, "");
            bench.known.objects.insert(
                name(known),
                Stand {
                    standing,
                    since: now.at,
                    failing: None,
                    is_in_doubt: false,
                    is_flapping: false,
                    flapping_since: None,
                    dependency: DependencyFact::Clear,
                    is_acked: false,
                    is_muted: false,
                    failed: Vec::new(),
                    down: Vec::new(),
                },
            );
        }
        bench
    }

    pub fn stand(&mut self) -> &mut Stand {
        self.known.objects.get_mut(&self.of).unwrap()
    }

    /// Changes something, and tells the policy.
    pub fn set(&mut self, change: impl FnOnce(&mut Stand)) {
        change(self.stand());
        self.observe();
    }

    pub fn observe(&mut self) {
        let mut said = Vec::new();
        let at = self.now.at;
        if let Some(stand) = self.known.objects.get_mut(&self.of) {
            let since = if stand.failing.is_some() { at } else { Millis(at.0 - 1) };
            let since = stand.flapping_since.unwrap_or(since);
            stand.flapping_since = stand.is_flapping.then_some(since);
        }
        self.alerts.observe(&self.of, &self.known, self.now, &mut said);
        self.take(said);
    }

    /// It gets this code, with these members failed.
    pub fn becomes(&mut self, code: u16, failed: &[&'static str]) {
        let (at, standing) = (self.now.at, Code::new(code).map(|code| Standing::of_code(code, "why")));
        let standing = standing.unwrap_or_else(|| Standing::unknown("why"));
        let failed = failed.to_vec();
        for member in &failed {
            self.alerts.failed(&self.of, &super_name(&self.of, member));
        }
        self.set(|stand| {
            if stand.standing.state != standing.state {
                stand.since = at;
            }
            match standing.state {
                State::Ko => stand.failing = stand.failing.or(Some(at)),
                State::Ok | State::But => stand.failing = None,
                State::Unknown => {}
            }
            (stand.standing, stand.failed) = (standing, failed);
        });
    }

    pub fn fails(&mut self) {
        self.becomes(300, &["a"]);
    }

    pub fn recovers(&mut self) {
        self.becomes(200, &[]);
    }

    /// Takes in what was said; commands end as they are to.
    fn take(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Send(sending) => {
                    self.begun.push((*sending).clone());
                    self.running.push_back(*sending);
                }
                Said::Keep(Entry::Told(told)) => {
                    self.rows.insert((told.name.clone(), told.alert.clone(), told.step), told);
                }
                Said::Keep(Entry::Untold { name, alert }) => {
                    let before = self.rows.len();
                    self.rows.retain(|key, _| key.0 != name || Some(&key.1) != alert.as_ref());
                    assert!(self.rows.len() < before, "there is nothing to forget");
                }
                Said::Keep(Entry::AlertSent(sent)) => self.log.push(sent),
                Said::Keep(other) => panic!("{other:?}"),
                Said::Failed { tries, is_final, .. } => self.failures.push((tries, is_final)),
            }
        }
        if self.answer.is_some() {
            self.end_all();
        }
    }

    /// Ends what runs.
    pub fn end_all(&mut self) {
        while let Some(sending) = self.running.pop_front() {
            let mut said = Vec::new();
            let result = self.answer.clone().unwrap_or(Ok(()));
            self.alerts.done(sending.id, result, self.now, &mut said);
            self.take(said);
        }
        self.due();
    }

    fn due(&mut self) {
        let mut said = Vec::new();
        self.alerts.due(&self.known, self.now, &mut said);
        if !said.is_empty() {
            self.take(said);
        }
        assert!(self.alerts.deadline().is_none_or(|deadline| deadline > self.now.steady), "it spins");
    }

    /// Time passes, and what is due is done.
    pub fn pass(&mut self, length: i64) {
        let end = Millis(self.now.steady.0 + length);
        while let Some(deadline) = self.alerts.deadline().filter(|deadline| *deadline <= end) {
            self.forth(deadline.since(self.now.steady));
            self.due();
        }
        self.forth(end.since(self.now.steady));
    }

    fn forth(&mut self, length: i64) {
        for clock in [&mut self.now.at, &mut self.now.steady, &mut self.now.wall] {
            clock.0 += length;
        }
    }

    pub fn seconds(&mut self, seconds: i64) {
        self.pass(seconds * 1000);
    }

    pub fn minutes(&mut self, minutes: i64) {
        self.pass(minutes * MINUTE);
    }

    /// Killed and started, by this file.
    pub fn restart(&mut self, alerts: &str) {
        self.running.clear();
        let rows = self.rows.values().cloned().collect();
        self.alerts = Alerts::new(&settings(alerts), rows, Zone::UTC, self.now);
        self.observe();
    }

    pub fn reload(&mut self, alerts: &str) {
        self.alerts.reload(&settings(alerts), Zone::UTC);
        self.observe();
    }

    /// What was begun since this was asked last: the event and its step.
    pub fn heard(&mut self) -> Vec<String> {
        let begun = self.begun.drain(..);
        let of = |sending: Sending| match sending.direct {
            Some(text) => format!("{text} to {}", sending.step),
            None => format!("{} to {}", turn::event_word(sending.event), sending.step),
        };
        begun.map(of).collect()
    }

    /// The commands that were begun since this was asked last.
    pub fn commands(&mut self) -> Vec<String> {
        self.begun.drain(..).map(|sending| sending.command.join(" ")).collect()
    }

    /// The results in the journal's log since this was asked last, but for `sent`.
    pub fn results(&mut self) -> Vec<String> {
        let log = std::mem::take(&mut self.log);
        log.into_iter().map(|row| row.result).filter(|result| result != "sent").collect()
    }
}

/// An alert with these keys.
pub(super) fn alert(keys: &str) -> String {
    format!("[[alert]]\nname = \"ops\"\nof = [\"web/*\", \"node:*\", \"slo:*\"]\n{keys}\n")
}

pub(super) fn simple(keys: &str) -> String {
    alert(&format!("{keys}\ncommand = [\"mail.alert\", \"ops\"]"))
}

/// Three steps: at once, after 10 minutes, and after 20.
pub(super) fn steps(keys: &str) -> String {
    alert(&format!(
        "{keys}\nsteps = [{{ command = [\"one\"] }}, {{ after = \"10m\", command = [\"two\"] }}, {{ after = \"20m\", command = [\"three\"] }}]"
    ))
}

pub(super) const NOBODY: [&str; 0] = [];
