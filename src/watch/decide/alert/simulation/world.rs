//! The hosts, the loop and its clock.

mod demands;
mod kills;
mod people;
mod post;

use super::file;
use super::journal::Journal;
use super::receivers::{Belief, Receivers};
use crate::config::Settings;
use crate::decide::acts::Acts;
use crate::decide::alert::{DependencyFact, Subject};
use crate::decide::canary::CanaryResult;
use crate::decide::changes::{Changes, Kept, Note};
use crate::decide::clock::Clock;
use crate::decide::fleet::ids::{MemberId, TargetId};
use crate::decide::fleet::{Dependency, Fleet};
use crate::decide::incident::IncidentEvent;
use crate::decide::known::{Known, NoLevels};
use crate::decide::moment::Moment;
use crate::decide::simulation::Seed;
use crate::decide::telling::{Consequences, Telling};
use crate::kept;
use crate::probe::outcome::Outcome;
use demands::Demands;
use kills::Doom;
use oco::logic::code::Code;
use oco::logic::time::{Nanos, Now};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{Entry, Told};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use post::Post;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(10);

fn known(fleet: &Fleet) -> Known<'_> {
    Known { fleet, levels: &NoLevels }
}

#[derive(Debug)]
pub(super) struct World {
    seed: Seed,
    now: Now,
    settings: Settings,
    fleet: Fleet,
    changes: Changes,
    telling: Telling,
    journal: Journal,
    flights: Vec<(TargetId, Nanos, Nanos)>,
    round: Option<(Nanos, Nanos)>,
    canary: CanaryResult,
    hosts: HashMap<ObjectName, u16>,
    post: Post,
    receivers: Receivers,
    demands: Demands,
    /// How many turns the telling took.
    turns: u64,
    looked: Nanos,
    doom: Option<Doom>,
    /// With which failure flapping began; none: nobody knows since a restart that lost what waited for the journal.
    flaps: BTreeMap<ObjectName, Option<Millis>>,
    /// When the canary came back last, by the journal.
    heard_since: Millis,
    held: BTreeSet<(ObjectName, String)>,
    pub reached: BTreeMap<String, u64>,
    /// What happens is printed.
    is_shown: bool,
}

/// What a start makes of the journal, as `serve_fleet` does.
fn start(
    settings: &Settings,
    journal: &mut Journal,
    now: Now,
    changes: &mut Changes,
) -> (Fleet, Telling, Option<Entry>) {
    let mut found = journal.open(now, kept::longest_flap(settings));
    let gap = found.gap.map(|(since, until)| Entry::Gap { since, until });
    let kept_telling = kept::telling(&mut found.kept);
    let moment = Clock::new(found.kept.last, now).moment(now);
    let telling = Telling::new(settings, kept_telling, found.kept.objects.keys(), Zone::UTC, moment);
    let kept = Kept { planned: telling.planned().clone(), ..kept::of(found.kept) };
    (Fleet::new(settings, &kept, now, changes), telling, gap)
}

impl World {
    pub fn new(mut seed: Seed, is_shown: bool) -> World {
        let now = Now { wall: Nanos(1_800_000_000_000_000_000), boot: Nanos(50_000_000_000) };
        let settings = file::any(&mut seed);
        let (mut journal, mut changes) = (Journal::new(), Changes::default());
        let (fleet, telling, _) = start(&settings, &mut journal, now, &mut changes);
        let mut world = World {
            seed,
            now,
            fleet,
            changes,
            telling,
            settings,
            journal,
            flights: Vec::new(),
            round: None,
            canary: CanaryResult::Answered,
            hosts: HashMap::new(),
            post: Post::default(),
            receivers: Receivers::default(),
            demands: Demands::default(),
            turns: 0,
            looked: Nanos(0),
            doom: None,
            flaps: BTreeMap::new(),
            heard_since: Millis::default(),
            held: BTreeSet::new(),
            reached: BTreeMap::new(),
            is_shown,
        };
        world.keep_names();
        world
    }

    fn reach(&mut self, what: &str) {
        *self.reached.entry(what.to_owned()).or_default() += 1;
    }

    fn show(&self, what: impl FnOnce() -> String) {
        if self.is_shown {
            println!("{} {}", Millis::of(self.now.wall).0, what());
        }
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
            14..=15 => self.foresee_a_kill(),
            16..=17 => self.report(),
            18 => self.journal.is_hanging = true,
            19 => self.post.do_commands_fail = !self.post.do_commands_fail && self.seed.one_in(2),
            20..=21 => self.say(),
            22 => self.canary = *self.seed.pick(&[CanaryResult::Answered, CanaryResult::Silent]),
            23..=24 => self.flap(),
            _ => {}
        }
        if self.journal.is_hanging && self.seed.one_in(3) {
            self.journal.is_hanging = false;
            self.reach("the journal hung");
        }
        self.settle();
        let length = *self.seed.pick(&[1, 5, 20, 60, 60, 250]);
        self.run(Duration::from_secs(length));
    }

    /// All is well again for long enough: everybody has heard so.
    pub fn calm_down(&mut self) {
        (self.canary, self.journal.is_hanging, self.doom) = (CanaryResult::Answered, false, None);
        self.post.do_commands_fail = false;
        self.hosts.clear();
        self.run(Duration::from_secs(2400));
        for _ in 0..90 {
            self.report_all_well();
            self.run(Duration::from_secs(10));
        }
        self.run(Duration::from_secs(30));
        for (key, receiver) in &self.receivers.all {
            // A node that lost all of its members is unknown: nobody knows that it is well.
            assert!(
                self.is_unknown(&key.0) || receiver.belief != Belief::Fails,
                "it never heard of the end: {key:?} {receiver:#?}"
            );
        }
        assert!(self.post.is_empty());
        let told = self.journal.told(self.now);
        let is_left = |told: &&Told| told.note.contains("owed") && !self.is_unknown(&told.name);
        assert_eq!(told.iter().filter(is_left).count(), 0, "{told:#?}");
    }

    fn names(&self) -> Vec<ObjectName> {
        let services = self.fleet.services().map(|service| service.name.clone());
        services.chain(self.fleet.nodes().map(|node| node.name.clone())).collect()
    }

    fn push(&mut self, entry: Entry) {
        self.journal.push(entry, self.turns, self.now.boot);
    }

    /// Enters who is watched, as a start and a reload do.
    fn keep_names(&mut self) {
        let targets = self.fleet.targets().map(|target| target.name.clone());
        let names = targets.chain(self.names()).collect();
        let at = self.fleet.moment(self.now).at;
        self.push(Entry::Watched { names, at });
    }

    /// The telling takes a turn, and what comes of it is written and done, in the order of `EventLoop::keep`.
    fn settle(&mut self) {
        let moment = self.fleet.moment(self.now);
        self.turns += 1;
        let mut changes = std::mem::take(&mut self.changes);
        let is_busy = !changes.is_empty() || self.now.boot.since(self.looked) > INTERVAL;
        let Consequences { before, incidents, said, .. } =
            self.telling.turn(&mut self.fleet, &NoLevels, &mut changes, self.now);
        assert_ne!(self.telling.wait(moment), Some(0), "it spins");
        if !changes.is_empty() {
            let lines = changes.transitions.iter().map(|transition| format!("{transition}; "));
            self.show(|| format!("{}{:?} {:?}", lines.collect::<String>(), changes.notes, changes.ended));
        }
        self.see(&changes, moment);
        let doom = self.doom_of_a_turn(!said.is_empty());
        if doom == Some(Doom::BeforeItIsDone) {
            return self.kill();
        }
        before.into_iter().for_each(|entry| self.push(entry));
        self.keep(&mut changes, moment.at);
        incidents.entries.into_iter().for_each(|entry| self.push(entry));
        let is_alerted = |event| matches!(event, IncidentEvent::Open | IncidentEvent::Late);
        for incident in incidents.said.iter().filter(|said| is_alerted(said.event)) {
            self.incident(&incident.incident.name);
        }
        self.take(said, moment);
        self.run_commands();
        if doom == Some(Doom::After) {
            return self.kill();
        }
        if is_busy {
            self.looked = self.now.boot;
            self.look_at_receivers(moment);
        }
    }

    fn see(&mut self, changes: &Changes, moment: Moment) {
        for transition in &changes.transitions {
            if transition.name.kind() != Kind::Target
                && transition.new.state == State::Ko
                && self.failing(&transition.name) == Some(transition.at)
            {
                self.reach("failure");
            }
        }
        for note in &changes.notes {
            match note {
                Note::Flapping(name, true) => {
                    self.flaps.insert(name.clone(), self.failing(name));
                }
                Note::Flapping(name, false) => {
                    self.flaps.remove(name);
                    self.demands.calmed.insert(name.clone(), moment.steady);
                }
                Note::CanaryBack => self.heard_since = moment.at,
                _ => {}
            }
        }
    }

    /// Lets the journal keep what changed of the fleet.
    fn keep(&mut self, changes: &mut Changes, at: Millis) {
        for transition in changes.transitions.drain(..) {
            self.push(Entry::Transition(transition));
        }
        for keep in changes.keep.drain(..) {
            kept::entries(keep).into_iter().for_each(|entry| self.push(entry));
        }
        for name in changes.ended.drain(..) {
            self.push(Entry::Forget { name, at });
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
        let acts: &Acts = self.telling.acts();
        Some(Subject {
            standing,
            since,
            failing_since,
            flapping_since,
            interval: INTERVAL,
            dependency,
            is_acked: acts.is_acked(name, known(&self.fleet), at),
            is_muted: acts.is_muted(name, known(&self.fleet), at),
        })
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

    fn run(&mut self, length: Duration) {
        let mut left = length;
        for turn in 0.. {
            assert!(turn < 200_000, "it spins");
            let flight = self.flights.iter().map(|(_, _, ends)| *ends).min();
            let round = self.round.map(|(_, ends)| ends);
            let telling = self.wait();
            let journal = self.journal.deadline();
            let next = [self.fleet.deadline(), flight, round, telling, journal, self.post.deadline()];
            let next = next.into_iter().flatten().min();
            let wait = next.map(|next| next.max(self.now.boot).since(self.now.boot));
            let Some(wait) = wait.filter(|wait| *wait <= left) else { break };
            left -= wait;
            self.pass(wait);
            self.turn();
        }
        self.pass(left);
        self.settle();
    }

    /// When the telling has something to do.
    fn wait(&mut self) -> Option<Nanos> {
        let moment = self.fleet.moment(self.now);
        let wait = self.telling.wait(moment)?;
        Some(self.now.boot.after(Duration::from_millis(wait as u64)))
    }

    fn turn(&mut self) {
        self.journal.turn(self.now.boot);
        self.receivers.noted(self.journal.written);
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
