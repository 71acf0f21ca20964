//! The hosts, the people, the commands and the loop.

use super::file;
use super::receivers::{Belief, Key, Receivers, key};
use super::store::{Store, Write};
use crate::config::{After, Alert, AlertEvent, Settings};
use crate::decide::acts::Wish;
use crate::decide::alert::{DependencyFact, Said, Sending, Subject};
use crate::decide::canary::CanaryResult;
use crate::decide::changes::{Changes, Keep, Note};
use crate::decide::clock::{Clock, millis};
use crate::decide::fleet::ids::{MemberId, TargetId};
use crate::decide::fleet::{Dependency, Fleet, Report};
use crate::decide::known::{Known, NoLevels};
use crate::decide::moment::Moment;
use crate::decide::simulation::Seed;
use crate::decide::telling::{KeptTelling, Telling};
use crate::probe::outcome::Outcome;
use oco::logic::code::Code;
use oco::logic::time::{Nanos, Now};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{ActKind, Entry, Told};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(10);
/// Looks of a minute, a command that hangs for another, and the first two tries.
const SLACK: i64 = 240_000;

fn known(fleet: &Fleet) -> Known<'_> {
    Known { fleet, levels: &NoLevels }
}

#[derive(Debug)]
struct Command {
    sending: Sending,
    began: Millis,
    ends: Nanos,
    is_hanging: bool,
}

/// Since when an alert of an object may go out.
#[derive(Debug, Clone, Copy)]
struct Free {
    failing: Millis,
    since: Millis,
}

#[derive(Debug)]
pub(super) struct World {
    seed: Seed,
    now: Now,
    settings: Settings,
    fleet: Fleet,
    changes: Changes,
    telling: Telling,
    store: Store,
    last_act: i64,
    last_incident: i64,
    flights: Vec<(TargetId, Nanos, Nanos)>,
    round: Option<(Nanos, Nanos)>,
    canary: CanaryResult,
    hosts: HashMap<ObjectName, u16>,
    commands: Vec<Command>,
    do_commands_fail: bool,
    receivers: Receivers,
    free: BTreeMap<(ObjectName, String), Free>,
    looked: Nanos,
    /// Of which failures a command failed since the start: it may have been given up.
    excused: BTreeSet<(ObjectName, String, Option<Millis>)>,
    /// With which failure flapping began; none: nobody knows since a restart that lost what waited for the journal.
    flaps: BTreeMap<ObjectName, Option<Millis>>,
    calmed: BTreeMap<ObjectName, Millis>,
    /// When the canary came back last, by the journal.
    heard_since: Millis,
    held: BTreeSet<(ObjectName, String)>,
    pub reached: BTreeMap<String, u64>,
}

impl World {
    pub fn new(mut seed: Seed) -> World {
        let now = Now { wall: Nanos(1_800_000_000_000_000_000), boot: Nanos(50_000_000_000) };
        let settings = file::any(&mut seed);
        let store = Store::default();
        let mut changes = Changes::default();
        let fleet = Fleet::new(&settings, &store.kept(&Default::default()), now, &mut changes);
        let moment = Clock::new(Millis(0), now);
        let moment =
            Moment { at: Millis::of(now.wall), steady: moment.steady(now.boot), wall: Millis::of(now.wall) };
        World {
            seed,
            now,
            fleet,
            changes,
            telling: Telling::new(&settings, KeptTelling::default(), [].iter(), Zone::UTC, moment),
            settings,
            store,
            last_act: 0,
            last_incident: 0,
            flights: Vec::new(),
            round: None,
            canary: CanaryResult::Answered,
            hosts: HashMap::new(),
            commands: Vec::new(),
            do_commands_fail: false,
            receivers: Receivers::default(),
            free: BTreeMap::new(),
            looked: Nanos(0),
            excused: BTreeSet::new(),
            flaps: BTreeMap::new(),
            calmed: BTreeMap::new(),
            heard_since: Millis::default(),
            held: BTreeSet::new(),
            reached: BTreeMap::new(),
        }
    }

    fn reach(&mut self, what: &str) {
        *self.reached.entry(what.to_owned()).or_default() += 1;
    }

    fn pass(&mut self, length: Duration) {
        self.now.boot = self.now.boot.after(length);
        self.now.wall = self.now.wall.after(length);
    }

    pub fn step(&mut self) {
        match self.seed.below(30) {
            0..=6 => self.change_hosts(),
            7..=11 => self.act(),
            12..=13 => self.reload(),
            14..=15 => self.kill(),
            16..=17 => self.report(),
            18 => self.store.is_hanging = true,
            19 => self.do_commands_fail = !self.do_commands_fail && self.seed.one_in(2),
            20..=21 => self.say(),
            22 => self.canary = *self.seed.pick(&[CanaryResult::Answered, CanaryResult::Silent]),
            23..=24 => self.flap(),
            _ => {}
        }
        if self.store.is_hanging && self.seed.one_in(3) {
            self.store.is_hanging = false;
            self.store.write();
            self.reach("the journal hung");
        }
        self.settle();
        let length = *self.seed.pick(&[1, 5, 20, 60, 60, 250]);
        self.run(Duration::from_secs(length));
    }

    /// All is well again for long enough: everybody has heard so.
    pub fn calm_down(&mut self) {
        (self.do_commands_fail, self.canary, self.store.is_hanging) = (false, CanaryResult::Answered, false);
        self.hosts.clear();
        self.run(Duration::from_secs(2400));
        for _ in 0..90 {
            let reported = self.fleet.targets().map(|target| target.name.clone());
            let reported = reported.filter(|name| ["backup", "push"].contains(&name.group()));
            for name in reported.collect::<Vec<_>>() {
                let report = Report { code: Code::OK, period: None, text: "" };
                self.fleet.report(&name, report, self.now, &mut self.changes).unwrap();
            }
            self.run(Duration::from_secs(10));
        }
        self.run(Duration::from_secs(30));
        for (key, receiver) in &self.receivers.all {
            // A node that lost all of its members is unknown: nobody knows that it is well.
            assert!(
                self.is_unknown(&key.0) || receiver.belief != Belief::Fails,
                "it never heard of the end: {key:?}"
            );
        }
        let told = self.store.told();
        let is_left = |told: &&Told| told.note.contains("owed") && !self.is_unknown(&told.name);
        assert_eq!(told.iter().filter(is_left).count(), 0, "{told:#?}");
        assert!(self.commands.is_empty());
    }

    fn change_hosts(&mut self) {
        let targets: Vec<ObjectName> = self.fleet.targets().map(|target| target.name.clone()).collect();
        let code = *self.seed.pick(&[200, 200, 200, 210, 300, 300, 500, 0]);
        let one = self.seed.pick(&targets).clone();
        let all = self.seed.one_in(2);
        for name in targets {
            if name == one || (all && name.service_of_target() == one.service_of_target()) {
                self.hosts.insert(name, code);
            }
        }
    }

    /// A service goes up and down.
    fn flap(&mut self) {
        let name = ObjectName::parse(self.seed.pick::<&str>(&["backup/nightly/a", "push/x/a"])).unwrap();
        for _ in 0..4 + self.seed.below(6) {
            let code = if self.seed.one_in(2) { Code::OK } else { Code::KO };
            let report = Report { code, period: None, text: "" };
            let _ = self.fleet.report(&name, report, self.now, &mut self.changes);
            self.settle();
            self.run(Duration::from_secs(3));
        }
    }

    fn report(&mut self) {
        let names = ["backup/nightly/a", "backup/nightly/b", "push/x/a", "push/x/b", "push/y/a"];
        let name = ObjectName::parse(self.seed.pick::<&str>(&names)).unwrap();
        let code = Code::new(*self.seed.pick(&[200, 200, 210, 300, 500])).unwrap();
        let report = Report { code, period: None, text: "told" };
        let _ = self.fleet.report(&name, report, self.now, &mut self.changes);
        if self.seed.one_in(6) {
            let _ = self.fleet.forget(&name, self.now, &mut self.changes);
        }
    }

    fn names(&self) -> Vec<ObjectName> {
        let services = self.fleet.services().map(|service| service.name.clone());
        services.chain(self.fleet.nodes().map(|node| node.name.clone())).collect()
    }

    fn act(&mut self) {
        let mut names: Vec<String> = self.names().iter().map(ToString::to_string).collect();
        names.extend(self.fleet.targets().map(|target| target.name.to_string()));
        names.push("web".to_owned());
        let mut name = self.seed.pick(&names).clone();
        let kind = *self.seed.pick(&[ActKind::Ack, ActKind::Ack, ActKind::Mute, ActKind::Maint]);
        let failing: Vec<ObjectName> =
            self.names().into_iter().filter(|name| self.failing(name).is_some()).collect();
        if !failing.is_empty() && (kind == ActKind::Ack || self.seed.one_in(2)) {
            name = self.seed.pick(&failing).to_string();
        }
        let at = self.fleet.moment(self.now).at;
        if self.seed.one_in(3) {
            let _ = self.telling.undo(kind, &name, "root", known(&self.fleet), at);
        } else {
            let until = Some(Millis(at.0 + 1000 * (1 + self.seed.below(900) as i64)));
            let (who, text) = ("root".to_owned(), String::new());
            let wish = Wish { kind, name, who, since: at, until, text };
            if self.telling.act(wish, known(&self.fleet), at).is_ok() {
                self.reach(kind.word());
            }
        }
    }

    fn say(&mut self) {
        let names = self.names();
        let name = self.seed.pick(&names).clone();
        let moment = self.fleet.moment(self.now);
        let told = self.telling.direct(name.as_str(), "hello", known(&self.fleet), moment);
        assert!(told.is_ok(), "{name} is known: {told:?}");
    }

    fn reload(&mut self) {
        self.settings = file::any(&mut self.seed);
        self.fleet.reload(&self.settings, self.now, &mut self.changes);
        self.telling.reload(&self.settings, Zone::UTC);
        let fleet = &self.fleet;
        self.flights.retain(|(target, ..)| fleet.target(*target).is_some());
        if self.settings.canary.is_empty() {
            self.round = None;
        }
        self.free.clear();
        self.reach("reloaded");
    }

    fn kill(&mut self) {
        self.settle();
        let mut done = Vec::new();
        for command in std::mem::take(&mut self.commands) {
            if self.seed.one_in(2) {
                done.push(key(&command.sending));
            }
        }
        let lost = self.receivers.killed(done);
        *self.reached.entry("killed between a command and its note".to_owned()).or_default() += lost;
        if self.store.kill() {
            self.flaps.clear();
        }
        if !self.flaps.is_empty() {
            self.reach("killed while it flapped");
        }
        if self.seed.one_in(2) {
            self.now.boot = Nanos(self.seed.below(100_000_000_000) as i64);
            self.looked = Nanos(0);
        }
        let last = self.store.kept(&Default::default()).last;
        let mut clock = Clock::new(last, self.now);
        let moment = Moment {
            at: clock.at(self.now),
            steady: clock.steady(self.now.boot),
            wall: Millis::of(self.now.wall),
        };
        let kept = KeptTelling {
            acts: self.store.acts(),
            last_act: self.last_act,
            windows: self.store.windows(moment.at),
            told: self.store.told(),
            incidents: self.store.incidents(),
            last_incident: self.last_incident,
        };
        let names = self.store.names();
        self.telling = Telling::new(&self.settings, kept, names.iter(), Zone::UTC, moment);
        let kept = self.store.kept(self.telling.planned());
        self.fleet = Fleet::new(&self.settings, &kept, self.now, &mut self.changes);
        self.flights.clear();
        self.round = None;
        self.free.clear();
        self.excused.clear();
        self.held.clear();
        // The steady clock may be another one.
        for receiver in self.receivers.all.values_mut() {
            (receiver.last, receiver.spoke) = (Millis(i64::MIN), Millis(i64::MIN));
        }
        self.reach("killed");
    }

    fn enter(&mut self, at: Millis, entries: Vec<Entry>) {
        for entry in entries {
            match &entry {
                Entry::Act(act) => self.last_act = self.last_act.max(act.id),
                Entry::Incident(incident) => self.last_incident = self.last_incident.max(incident.id),
                _ => {}
            }
            self.store.take(at, Write::Entry(entry));
        }
    }

    /// The telling takes a turn, and what comes of it is written and done.
    fn settle(&mut self) {
        let moment = self.fleet.moment(self.now);
        let is_busy = !self.changes.is_empty() || self.now.boot.since(self.looked) > INTERVAL;
        let mut changes = std::mem::take(&mut self.changes);
        let consequences = self.telling.turn(&mut self.fleet, &NoLevels, &mut changes, self.now);
        assert_ne!(self.telling.wait(moment), Some(0), "it spins");
        self.enter(moment.at, consequences.before);
        self.keep(&changes, moment.at);
        for transition in &changes.transitions {
            if transition.name.kind() != Kind::Target
                && transition.new.state == State::Ko
                && self.failing(&transition.name) == Some(transition.at)
            {
                self.reach("failure");
            }
        }
        for note in changes.notes {
            match note {
                Note::Flapping(name, true) => {
                    self.flaps.insert(name.clone(), self.failing(&name));
                }
                Note::Flapping(name, false) => {
                    self.flaps.remove(&name);
                    self.calmed.insert(name, moment.steady);
                }
                Note::CanaryBack => self.heard_since = moment.at,
                _ => {}
            }
        }
        self.enter(moment.at, consequences.incidents.entries);
        self.take(consequences.said);
        self.receivers.handed_in(self.store.handed_in);
        self.receivers.noted(self.store.written);
        if is_busy {
            self.looked = self.now.boot;
            self.look_at_receivers(moment);
        }
    }

    /// Lets the journal keep what changed of the fleet.
    fn keep(&mut self, changes: &Changes, at: Millis) {
        if !changes.is_empty() {
            self.store.take(at, Write::CanaryLost(self.fleet.is_canary_lost()));
        }
        let kept = changes.keep.iter().filter_map(|keep| match keep {
            Keep::Target(name, ..) | Keep::Above(name, _) => Some(name),
            Keep::CanaryLost(_) | Keep::Figures { .. } => None,
        });
        let names: BTreeSet<&ObjectName> = changes.transitions.iter().map(|t| &t.name).chain(kept).collect();
        for name in names {
            if let Some(kept) = self.fleet.find(name).and_then(|member| self.fleet.kept(member)) {
                self.store.take(at, Write::Object(name.clone(), Box::new(kept)));
            }
        }
        for name in &changes.ended {
            self.store.take(at, Write::Gone(name.clone()));
        }
    }

    fn is_unknown(&self, name: &ObjectName) -> bool {
        known(&self.fleet).standing(name).is_some_and(|standing| standing.state == State::Unknown)
    }

    fn failing(&self, name: &ObjectName) -> Option<Millis> {
        known(&self.fleet).failing_since(name)
    }

    /// How it stands with a service or node, as its alerts should see it.
    fn subject(&self, name: &ObjectName, at: Millis) -> Option<Subject<'_>> {
        let (standing, since, failing_since, flapping_since, dependency) = match self.fleet.find(name)? {
            MemberId::Target(_) => return None,
            MemberId::Service(id) => {
                let view = self.fleet.service(id)?;
                let dependency = match self.fleet.dependency(id) {
                    Dependency::Clear => DependencyFact::Clear,
                    Dependency::Awaited => DependencyFact::Awaited,
                    Dependency::Ko(name) => DependencyFact::Ko(name.clone()),
                };
                (view.standing, view.since, view.failing_since, view.flapping_since, dependency)
            }
            MemberId::Node(id) => {
                let view = self.fleet.node(id)?;
                (view.standing, view.since, view.failing_since, view.flapping_since, DependencyFact::Clear)
            }
        };
        Some(Subject {
            standing,
            since,
            failing_since,
            flapping_since,
            interval: INTERVAL,
            dependency,
            is_acked: self.telling.acts().is_acked(name, known(&self.fleet), at),
            is_muted: self.telling.acts().is_muted(name, known(&self.fleet), at),
        })
    }

    fn take(&mut self, said: Vec<Said>) {
        let moment = self.fleet.moment(self.now);
        for said in said {
            match said {
                Said::Send(sending) => self.send(*sending, moment),
                Said::Keep(entry) => {
                    if let Entry::AlertSent(sent) = &entry
                        && let Some(why) = sent.result.strip_prefix("held: ")
                    {
                        let why = why.split(' ').next().filter(|word| *word == "while").unwrap_or(why);
                        self.reach(&format!("held: {why}"));
                        self.held.insert((sent.name.clone(), sent.alert.clone()));
                    }
                    self.enter(moment.at, vec![entry]);
                }
                Said::Failed { is_final, .. } => {
                    self.reach("command failed");
                    if is_final {
                        self.reach("given up");
                    }
                }
            }
        }
    }

    fn rule(&self, memory: &str) -> Option<&Alert> {
        self.settings.alerts.iter().find(|alert| alert.memory() == memory)
    }

    /// What holds alerts of an object now.
    fn holds(&self, subject: &Subject<'_>) -> Vec<&'static str> {
        let mut holds = Vec::new();
        holds.extend(subject.standing.planned.then_some("planned"));
        holds.extend(subject.is_muted.then_some("muted"));
        holds.extend((subject.is_acked && subject.failing_since.is_some()).then_some("acked"));
        holds.extend((subject.dependency != DependencyFact::Clear).then_some("dependency"));
        holds.extend(self.fleet.is_canary_lost().then_some("canary"));
        holds
    }

    /// A command begins: that is right.
    fn send(&mut self, sending: Sending, moment: Moment) {
        let subject = self.subject(&sending.name, moment.at);
        let rule = self.rule(&sending.alert);
        let mut reached = Vec::new();
        if sending.event == AlertEvent::Ok {
            if let Some(subject) = &subject {
                assert!(subject.failing_since.is_none() && subject.standing.state.is_up(), "{sending:?}");
                assert!(subject.flapping_since.is_none(), "{sending:?}");
            } else {
                reached.push("recovery of what is gone");
            }
            if rule.is_none() {
                reached.push("recovery of an alert that is gone");
            }
        } else {
            let subject = subject.unwrap();
            let failed = sending.failed.iter().map(|(name, _)| name);
            assert!(failed.eq(known(&self.fleet).failed(&sending.name).map(|(name, _)| name)), "{sending:?}");
            assert!(sending.all.iter().eq(known(&self.fleet).members(&sending.name)), "{sending:?}");
            let rule = rule.unwrap_or_else(|| panic!("{sending:?}"));
            let step = &rule.steps[sending.step as usize - 1];
            assert!(rule.of.iter().any(|pattern| pattern.matches(&sending.name)));
            assert_eq!(sending.command, step.command.iter().map(|word| word.0.clone()).collect::<Vec<_>>());
            for hours in [&rule.hours, &step.hours].into_iter().flatten() {
                assert!(hours.contains(moment.wall, &Zone::UTC), "outside of its hours: {sending:?}");
            }
            let mut holds = self.holds(&subject);
            if sending.direct.is_some() {
                holds.retain(|hold| *hold == "muted");
            } else {
                assert!(rule.on.contains(&sending.event), "{sending:?}");
                let state = subject.standing.state;
                let failing = subject.failing_since;
                match sending.event {
                    AlertEvent::Ko | AlertEvent::Partial => {
                        assert_eq!((state, failing), (State::Ko, sending.failing), "{sending:?}");
                        if subject.flapping_since.is_some() {
                            let began = self.flaps.get(&sending.name);
                            assert!(began.is_none_or(|began| *began == failing), "{sending:?}");
                            assert_eq!((sending.event, sending.count), (AlertEvent::Ko, 1), "{sending:?}");
                        }
                    }
                    AlertEvent::But => {
                        assert_eq!((state, failing), (State::But, None));
                        let lasted = moment.at.since(subject.since.max(self.heard_since));
                        let is_doubtful = self.fleet.find(&sending.name);
                        let is_doubtful = is_doubtful.is_some_and(|member| self.fleet.is_in_doubt(member));
                        assert!(!is_doubtful || lasted >= millis(INTERVAL * 2), "{sending:?}");
                    }
                    AlertEvent::Unknown => {
                        assert_eq!((state, failing), (State::Unknown, None));
                        let lasted = moment.at.since(subject.since.max(self.heard_since));
                        assert!(lasted >= millis(INTERVAL * 2), "it was us: {sending:?}");
                    }
                    AlertEvent::Flapping => assert!(subject.flapping_since.is_some()),
                    AlertEvent::Incident => {
                        assert!(failing.is_some());
                        holds.retain(|hold| *hold != "acked");
                    }
                    AlertEvent::Ok => unreachable!(),
                }
                let is_state = matches!(sending.event, AlertEvent::But | AlertEvent::Unknown);
                assert!(!is_state || subject.flapping_since.is_none());
                self.check_spacing(&sending, rule, moment, &mut reached);
            }
            assert_eq!(holds, Vec::<&str>::new(), "{sending:?}");
            if sending.step > 1 {
                reached.push("told a further step");
            }
        }
        if self.held.remove(&(sending.name.clone(), sending.alert.clone())) {
            reached.push("went out after it was held");
        }
        reached.into_iter().for_each(|what| self.reach(what));
        let is_hanging = self.seed.one_in(20);
        let length = if is_hanging { 60_000 } else { self.seed.below(3000) };
        let ends = self.now.boot.after(Duration::from_millis(length));
        let same = |command: &&Command| {
            let other = &command.sending;
            key(other) == key(&sending) && (other.event, &other.direct) == (sending.event, &sending.direct)
        };
        assert_eq!(self.commands.iter().filter(same).count(), 0, "it runs already: {sending:?}");
        self.commands.push(Command { sending, began: moment.steady, ends, is_hanging });
    }

    /// What is told again is told in time, and not sooner.
    fn check_spacing(
        &self,
        sending: &Sending,
        rule: &Alert,
        moment: Moment,
        reached: &mut Vec<&'static str>,
    ) {
        let Some(receiver) = self.receivers.all.get(&key(sending)) else { return };
        if sending.event != AlertEvent::Ko || sending.count < 2 || receiver.belief != Belief::Fails {
            return;
        }
        if receiver.last.0 == i64::MIN {
            return;
        }
        let calmed = self.calmed.get(&sending.name).is_some_and(|calmed| *calmed >= receiver.last);
        let is_time = rule.every.is_some_and(|every| moment.steady.since(receiver.last) >= millis(every));
        assert!(calmed || is_time, "too soon: {sending:?}");
        if !is_time {
            reached.push("told once more after flapping");
        }
    }

    fn end_commands(&mut self) {
        let now = self.now.boot;
        let ended: Vec<Command> = self.commands.extract_if(.., |command| command.ends <= now).collect();
        for command in ended {
            let fails =
                command.is_hanging || (self.do_commands_fail && !self.seed.one_in(4)) || self.seed.one_in(30);
            let moment = self.fleet.moment(self.now);
            let result = if fails { Err("exit 1".to_owned()) } else { Ok(()) };
            let Command { sending, began, .. } = command;
            self.telling.done(sending.id, result, moment);
            if fails {
                self.excused.insert((sending.name, sending.alert, sending.failing));
            } else {
                let what = self.receivers.delivered(&sending, began);
                self.reach(what);
            }
        }
    }

    /// Who should have been told by now was told.
    fn look_at_receivers(&mut self, moment: Moment) {
        let mut free = BTreeMap::new();
        for name in self.names() {
            let Some(subject) = self.subject(&name, moment.at) else { continue };
            let Some(failing) = subject.failing_since else { continue };
            let is_held = !self.holds(&subject).is_empty() || subject.flapping_since.is_some();
            if is_held || subject.standing.state != State::Ko {
                continue;
            }
            for alert in &self.settings.alerts {
                let is_of = alert.of.iter().any(|pattern| pattern.matches(&name));
                let in_hours =
                    alert.hours.as_ref().is_none_or(|hours| hours.contains(moment.wall, &Zone::UTC));
                if !is_of || !in_hours {
                    continue;
                }
                let memory = alert.memory();
                let key = (name.clone(), memory.clone());
                let old = self.free.get(&key).filter(|free| free.failing == failing);
                let new = Free { failing, since: moment.steady };
                let since = old.copied().unwrap_or(new);
                self.check_told(&name, &memory, alert, since, moment);
                free.insert(key, since);
            }
        }
        self.free = free;
    }

    fn check_told(&self, name: &ObjectName, memory: &str, alert: &Alert, free: Free, moment: Moment) {
        let after = match alert.after {
            After::Time(length) => millis(length),
            After::Probes(probes) => millis(INTERVAL * (probes - 1)),
        };
        if self.excused.contains(&(name.clone(), memory.to_owned(), Some(free.failing))) {
            return;
        }
        for step in alert.steps.iter().filter(|step| step.hours.is_none()) {
            let key: Key =
                (name.clone(), memory.to_owned(), step.command.iter().map(|w| w.0.clone()).collect());
            let receiver = self.receivers.all.get(&key);
            let free_for = moment.steady.since(free.since);
            if free_for > after + millis(step.after) + SLACK {
                let is_told = receiver.is_some_and(|receiver| {
                    receiver.belief == Belief::Either || receiver.failing == Some(free.failing)
                });
                assert!(is_told, "never told for {free_for} ms: {key:?}, {receiver:?}");
            }
            if let (Some(receiver), Some(every)) = (receiver, alert.every)
                && receiver.belief == Belief::Fails
                && receiver.failing == Some(free.failing)
                && receiver.last.0 != i64::MIN
                && alert.limit.is_none_or(|limit| receiver.count < limit)
                && receiver.count > 0
            {
                let late = moment.steady.since(receiver.last.max(free.since)) - millis(every);
                assert!(late < SLACK, "not told again: {key:?}, {receiver:?}");
            }
        }
    }

    fn run(&mut self, length: Duration) {
        let end = self.now.boot.after(length);
        for turn in 0.. {
            assert!(turn < 200_000, "it spins");
            let flight = self.flights.iter().map(|(_, _, ends)| *ends).min();
            let command = self.commands.iter().map(|command| command.ends).min();
            let round = self.round.map(|(_, ends)| ends);
            let next = [self.fleet.deadline(), flight, command, round, self.wait()];
            let next = next.into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.pass(next.max(self.now.boot).since(self.now.boot));
            self.turn();
        }
        self.pass(end.since(self.now.boot));
        self.settle();
    }

    /// When the telling has something to do.
    fn wait(&mut self) -> Option<Nanos> {
        let moment = self.fleet.moment(self.now);
        let wait = self.telling.wait(moment)?;
        Some(self.now.boot.after(Duration::from_millis(wait as u64)))
    }

    fn turn(&mut self) {
        self.end_commands();
        let now = self.now.boot;
        if let Some((began, _)) = self.round.take_if(|(_, ends)| *ends <= now) {
            self.fleet.canary(self.canary, began, self.now, &mut self.changes);
        }
        let ended: Vec<_> = self.flights.extract_if(.., |(_, _, ends)| *ends <= now).collect();
        for (target, began, _) in ended {
            let Some(view) = self.fleet.target(target) else { continue };
            let service = self.fleet.service(view.service).unwrap();
            let together = view.name.as_str().starts_with("web/mon/");
            let targets = if together { service.targets.to_vec() } else { vec![target] };
            for target in targets {
                let name = self.fleet.target(target).unwrap().name.clone();
                let code = self.hosts.get(&name).copied().unwrap_or(200);
                let outcome = match Code::new(code) {
                    Some(code) => Outcome::Told { code, reason: "" },
                    None => Outcome::Own { reason: "no descriptors" },
                };
                self.fleet.outcome(target, outcome, began, self.now, &mut self.changes);
            }
        }
        let mut started = Vec::new();
        self.fleet.due(self.now, &mut |target| {
            started.push(target);
            true
        });
        for target in started {
            let length = Duration::from_millis(*self.seed.pick(&[1, 30, 900]));
            self.flights.push((target, now, now.after(length)));
        }
        if self.fleet.start_canary(self.now) {
            self.round = Some((now, now.after(Duration::from_millis(20))));
        }
        self.fleet.expire(self.now, &mut self.changes);
        self.settle();
    }
}
