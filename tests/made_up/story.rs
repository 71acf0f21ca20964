//! A history while it is made up: what failed when, what of it came to services and nodes, and who did what.

use oco::logic::code::Code;
use oco_fleet::journal::{
    Act, ActKind, Counts, Entry, Incident, Measured, Reporter, Window, Writer, slot_of,
};
use oco_fleet::object::ObjectName;
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use std::collections::BTreeMap;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A time in which somebody was not ok. It has not ended where it lasts until now.
#[derive(Debug, Clone)]
pub struct Failure {
    pub from: i64,
    pub to: i64,
    pub code: u16,
    pub reason: String,
    pub is_planned: bool,
}

/// What is to be written.
pub struct Story {
    pub begin: i64,
    pub now: i64,
    entries: Vec<(i64, Entry)>,
    failures: BTreeMap<ObjectName, Vec<Failure>>,
    /// When nobody watched.
    gap: (i64, i64),
    seed: u64,
}

pub fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

impl Story {
    pub fn new(begin: i64, now: i64) -> Story {
        let gap = (now - 4 * DAY, now - 4 * DAY + 20 * MINUTE);
        Story { begin, now, entries: Vec::new(), failures: BTreeMap::new(), gap, seed: 11 }
    }

    /// The next number of a row that is the same each time, below `below`.
    pub fn next(&mut self, below: u64) -> i64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.seed >> 33) % below).unwrap()
    }

    pub fn add(&mut self, at: i64, entry: Entry) {
        self.entries.push((at, entry));
    }

    /// Somebody who is watched from the beginning.
    pub fn watched(&mut self, who: &str) {
        self.failures.entry(name(who)).or_default();
    }

    /// That one reports by itself, at least that often.
    pub fn reports(&mut self, who: &str, period: i64) {
        let reporter = Reporter { name: name(who), taken_in: true, periods: vec![period] };
        self.add(self.begin + 2, Entry::Reporter(reporter));
    }

    /// That one fails from `ago` on for so long.
    pub fn fails(&mut self, who: &str, ago: i64, length: i64, code: u16, reason: &str) {
        self.push(
            who,
            Failure {
                from: self.now - ago,
                to: (self.now - ago + length).min(self.now),
                code,
                reason: format!("made up: {reason}"),
                is_planned: false,
            },
        );
    }

    /// Planned work on a service, in which one of its hosts is down.
    pub fn planned(&mut self, id: i64, host: &str, ago: i64, length: i64, text: &str) {
        let of = name(host).service_of_target().unwrap();
        let (from, to) = (self.now - ago, self.now - ago + length);
        let text = format!("made up: {text}");
        let window = Window { name: of.clone(), since: Millis(from), until: Millis(to), text: text.clone() };
        self.add(from, Entry::Window(window));
        self.act(id, ActKind::Maint, &of.to_string(), ago, Some(length), "anna", &text);
        if to <= self.now {
            self.add(to, Entry::ActEnded { id, at: Millis(to), by: None });
        }
        self.push(
            host,
            Failure {
                from: from + 2 * MINUTE,
                to: to.min(self.now),
                code: 300,
                reason: "made up: stopped for the work on it".to_owned(),
                is_planned: true,
            },
        );
    }

    fn push(&mut self, who: &str, failure: Failure) {
        let failures = self.failures.entry(name(who)).or_default();
        // What was told later counts where two would meet.
        failures.retain(|one| one.to + MINUTE < failure.from || failure.to + MINUTE < one.from);
        failures.push(failure);
    }

    /// `who` stands above these: it is down while more of them fail than `may_fail`, and `but` while fewer do.
    pub fn above(&mut self, who: &str, members: &[String], may_fail: usize) {
        let all: Vec<_> = members
            .iter()
            .flat_map(|member| self.failures[&name(member)].iter().map(move |failure| (member, failure)))
            .collect();
        let mut edges: Vec<i64> = all.iter().flat_map(|(_, failure)| [failure.from, failure.to]).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut failures = Vec::new();
        for pair in edges.windows(2) {
            let &[from, to] = pair else { continue };
            let during: Vec<_> = all.iter().filter(|(_, one)| one.from <= from && to <= one.to).collect();
            let Some((_, worst)) = during.iter().max_by_key(|(_, one)| one.code) else { continue };
            let down = during.iter().filter(|(_, one)| one.code >= 300).count();
            let code = match (down > may_fail, worst.code) {
                (true, 500..) => 550,
                (true, _) => 350,
                (false, _) if down > 0 => 250,
                (false, code) => code,
            };
            let who: Vec<_> =
                during.iter().map(|(member, one)| format!("{member} ({})", one.reason)).collect();
            let who = who.join(", ");
            let reason = if down > 0 { format!("{down} of {} down: {who}", members.len()) } else { who };
            let is_planned =
                down > 0 && during.iter().filter(|(_, one)| one.code >= 300).all(|(_, one)| one.is_planned);
            failures.push(Failure { from, to, code, reason, is_planned });
        }
        *self.failures.entry(name(who)).or_default() = failures;
    }

    /// Somebody did this so long ago.
    #[expect(clippy::too_many_arguments, reason = "an act is all of that")]
    pub fn act(
        &mut self,
        id: i64,
        kind: ActKind,
        of: &str,
        ago: i64,
        lasts: Option<i64>,
        who: &str,
        text: &str,
    ) {
        let at = Millis(self.now - ago);
        let act = Act {
            id,
            kind,
            name: of.to_owned(),
            who: who.to_owned(),
            at,
            since: at,
            until: lasts.map(|lasts| Millis(at.0 + lasts)),
            text: text.to_owned(),
            ended: None,
            ended_by: None,
        };
        self.add(at.0, Entry::Act(act));
    }

    /// An incident that was acknowledged after so long, and closed.
    pub fn incident(
        &mut self,
        id: i64,
        of: &str,
        ago: i64,
        after: i64,
        lasted: Option<i64>,
        members: &[&str],
    ) {
        let at = self.now - ago;
        let incident = Incident {
            id,
            name: name(of),
            opened: Millis(at),
            acknowledged: Some(Millis(at + after)),
            closed: lasted.map(|lasted| Millis(at + lasted)),
            who: Some("anna".to_owned()),
            note: String::new(),
            members: members.iter().map(|member| name(member)).collect(),
        };
        self.add(at, Entry::Incident(incident));
        let steps = [
            Some((at, "open", "made up: a disk of the array is gone")),
            Some((at + after, "acknowledge", "anna: made up: a new disk is on its way")),
            lasted.map(|lasted| (at + lasted, "close", "made up: up again")),
        ];
        for (at, event, text) in steps.into_iter().flatten() {
            let (event, text) = (event.to_owned(), text.to_owned());
            self.add(at, Entry::IncidentEvent { incident: id, at: Millis(at), event, text });
        }
    }

    /// What was measured each five minutes: of a time, and of some noise below 20.
    pub fn measured(&mut self, figures: impl Fn(i64, i64) -> Vec<Measured>) {
        for slot in slot_of(Millis(self.begin)) + 1..slot_of(Millis(self.now)) {
            let at = slot * oco_fleet::journal::FIGURE_MS;
            if (self.gap.0..self.gap.1).contains(&at) {
                continue;
            }
            let noise = self.next(20);
            self.add(at, Entry::Figures { at: Millis(at), measured: figures(at, noise) });
        }
    }

    /// Writes it, in the order of time.
    pub fn write(mut self, writer: &mut Writer) {
        for (who, failures) in std::mem::take(&mut self.failures) {
            self.transitions(&who, failures);
        }
        self.entries.sort_by_key(|(at, _)| *at);
        let mut entries = self.entries.into_iter().peekable();
        let mut at = self.begin;
        // A transaction a day.
        while at < self.now {
            let end = (at + DAY).min(self.now);
            let mut batch = Vec::new();
            while let Some((_, entry)) = entries.next_if(|(at, _)| *at < end || end == self.now) {
                batch.push(entry);
            }
            let beats = (1..=(end - at) / MINUTE).map(|minute| at + minute * MINUTE);
            let beats = beats.filter(|at| !(self.gap.0..self.gap.1).contains(at));
            batch.extend(beats.chain([end]).map(|at| Entry::Heartbeat(Millis(at))));
            writer.write(&batch).unwrap();
            at = end;
        }
    }

    fn transitions(&mut self, who: &ObjectName, mut failures: Vec<Failure>) {
        failures.sort_by_key(|failure| failure.from);
        let ok = || Standing::of_code(Code::new(200).unwrap(), "");
        let mut stood = (Standing::default(), self.begin);
        let mut changes = vec![(self.begin + 1, ok())];
        for failure in &failures {
            let standing = Standing::of_code(Code::new(failure.code).unwrap(), &failure.reason);
            changes.retain(|(at, _)| *at != failure.from);
            changes.push((failure.from, Standing { planned: failure.is_planned, ..standing }));
            if failure.to < self.now {
                changes.push((failure.to, ok()));
            }
        }
        for (at, new) in changes {
            let (old, since) = std::mem::replace(&mut stood, (new.clone(), at));
            let transition = Transition {
                name: who.clone(),
                at: Millis(at),
                old,
                old_since: Millis(since),
                new,
                probes: None,
                depends_on: None,
            };
            self.add(at, Entry::Transition(transition));
        }
        let (standing, since) = stood;
        let is_down = standing.state == State::Ko;
        let counts = Counts {
            name: who.clone(),
            failures: if is_down { 3 } else { 0 },
            successes: if is_down { 0 } else { 3 },
            silent_ms: 0,
            settled: Some(standing.state),
            flapping: None,
            failing: is_down.then_some(Millis(since)),
        };
        self.add(self.now - 1, Entry::Counts(counts));
    }
}
