//! What is wrong now, worst first, and the rest, counted.

use super::fleet::{Counts, Fleet, Group, Object, Service};
use super::marks::{Mark, Marks};
use crate::limits::TARGETS_BELOW;
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How the reason of a target begins that others report of, and do not.
pub const SILENT: &str = "silent for";

/// A fleet at a look.
#[derive(Debug, Default)]
pub struct Overview<'a> {
    /// What is not well, or was spoken of, worst first.
    pub problems: Vec<Problem<'a>>,
    /// Who reported and is silent.
    pub silent: Vec<Silent<'a>>,
    /// All groups.
    pub groups: Vec<Group<'a>>,
    /// All services.
    pub services: Counts,
    /// All targets.
    pub targets: Counts,
    /// All nodes.
    pub nodes: Counts,
    /// All levels.
    pub levels: Counts,
}

/// Somebody who is not well, or was spoken of.
#[derive(Debug)]
pub struct Problem<'a> {
    /// Who.
    pub object: &'a Object,
    /// Where it is a service.
    pub service: Option<&'a Service>,
    /// Who is on it.
    pub marks: Vec<Mark<'a>>,
    /// The worst of its targets.
    pub targets: Vec<&'a Object>,
    /// How many more of them are not ok.
    pub more: usize,
}

/// A host of which nobody reports any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Silent<'a> {
    /// Its name.
    pub host: &'a str,
    /// Since when the first of its services is silent.
    pub since: Millis,
    /// How many are.
    pub services: usize,
}

impl<'a> Overview<'a> {
    /// Looks at a fleet.
    pub fn new(fleet: &'a Fleet, marks: &Marks<'a>) -> Overview<'a> {
        let mut overview = Overview { groups: fleet.groups(), ..Overview::default() };
        for service in fleet.services() {
            overview.services.add(service.object.state());
            overview.targets += service.counts;
            overview.problems.extend(problem(&service.object, Some(service), marks));
        }
        for node in fleet.nodes() {
            overview.nodes.add(node.state());
            overview.problems.extend(problem(node, None, marks));
        }
        for level in fleet.levels() {
            overview.levels.add(level.state());
            overview.problems.extend(problem(level, None, marks));
        }
        overview.problems.sort_by_key(|problem| {
            let object = problem.object;
            // What somebody is on already comes behind what nobody is, and of that first what somebody has to come for.
            (object.state().rank(), problem.is_taken_on(), !object.is_severe(), Reverse(object.since))
        });
        overview.silent = silent(fleet);
        overview
    }

    /// The worst state of all that is not planned.
    pub fn worst(&self) -> State {
        let states =
            self.problems.iter().filter(|one| !one.object.standing.planned).map(|one| one.object.state());
        states.fold(State::Ok, State::worse)
    }

    /// How many are not ok: services, nodes and levels.
    pub fn not_ok(&self) -> usize {
        self.problems.iter().filter(|problem| problem.object.state() != State::Ok).count()
    }
}

impl Problem<'_> {
    /// Whether somebody is on it, or it is planned.
    pub fn is_taken_on(&self) -> bool {
        !self.marks.is_empty() || self.object.standing.planned
    }
}

/// None: there is nothing to look at.
fn problem<'a>(object: &'a Object, service: Option<&'a Service>, marks: &Marks<'a>) -> Option<Problem<'a>> {
    let marks = marks.of(&object.name);
    if object.state() == State::Ok && marks.is_empty() && !object.is_flapping {
        return None;
    }
    let targets = service.map_or_else(Vec::new, |service| worst(service, TARGETS_BELOW));
    let more = service.map_or(0, |service| service.counts.not_ok().saturating_sub(targets.len()));
    Some(Problem { object, service, marks, targets, more })
}

/// The worst targets of a service that are not ok, at most so many.
pub fn worst(service: &Service, most: usize) -> Vec<&Object> {
    if service.counts.not_ok() == 0 {
        return Vec::new();
    }
    let mut targets: Vec<&Object> =
        service.targets.iter().filter(|target| target.state() != State::Ok).collect();
    let key = |target: &&Object| (target.state().rank(), !target.is_severe(), Reverse(target.since));
    if targets.len() > most {
        // Of thousands that failed at once only the first have to be in order.
        let _ = targets.select_nth_unstable_by_key(most, key);
        targets.truncate(most);
    }
    targets.sort_by(|one, other| key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name)));
    targets
}

fn silent(fleet: &Fleet) -> Vec<Silent<'_>> {
    let mut hosts: BTreeMap<&str, Silent<'_>> = BTreeMap::new();
    for service in fleet.services().filter(|service| service.counts.ko > 0) {
        let is_silent = |target: &&Object| {
            target.reports && target.state() == State::Ko && target.standing.reason.starts_with(SILENT)
        };
        for target in service.targets.iter().filter(is_silent) {
            let Some(host) = target.name.host() else { continue };
            let silent = hosts.entry(host).or_insert(Silent { host, since: target.since, services: 0 });
            silent.since = silent.since.min(target.since);
            silent.services += 1;
        }
    }
    hosts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::fleet::tests::stands;
    use super::*;
    use oco_fleet::journal::Stands;

    #[test]
    fn what_somebody_has_to_come_for_stands_first() {
        let since = |name: &str, code: u16, since: i64| Stands { since: Millis(since), ..stands(name, code) };
        let flapping = Stands { flapping: Some(Millis(1)), ..stands("web/f", 200) };
        let planned = Stands {
            standing: oco_fleet::state::Standing { planned: true, ..stands("web/p", 550).standing },
            ..stands("web/p", 550)
        };
        let fleet = Fleet::new(vec![
            flapping,
            planned,
            since("web/a", 350, 10),
            since("web/b", 550, 5),
            since("node:c", 350, 20),
            stands("web/ok", 200),
            stands("web/u", 0),
        ]);
        let overview = Overview::new(&fleet, &Marks::default());
        let names: Vec<&str> = overview.problems.iter().map(|one| one.object.name.as_str()).collect();
        assert_eq!(names, ["web/b", "node:c", "web/a", "web/p", "web/u", "web/f"]);
        assert_eq!((overview.worst(), overview.not_ok()), (State::Ko, 5));
    }

    #[test]
    fn of_many_targets_the_worst_are_shown() {
        let mut all = vec![stands("web/oco", 350)];
        all.extend((0..20).map(|n| stands(&format!("web/oco/h{n:02}"), if n == 7 { 500 } else { 300 })));
        let fleet = Fleet::new(all);
        let overview = Overview::new(&fleet, &Marks::default());
        let problem = &overview.problems[0];
        assert_eq!(problem.targets[0].name.host(), Some("h07"));
        assert_eq!((problem.targets.len(), problem.more), (TARGETS_BELOW, 20 - TARGETS_BELOW));
    }

    #[test]
    fn who_is_silent_is_shown_once() {
        let silent = |name: &str, at: i64| Stands {
            standing: oco_fleet::state::Standing {
                reason: "silent for 2m".into(),
                ..stands(name, 300).standing
            },
            since: Millis(at),
            reports: true,
            ..stands(name, 300)
        };
        let fleet = Fleet::new(vec![
            stands("push/a", 300),
            stands("push/b", 300),
            silent("push/a/h", 20),
            silent("push/b/h", 10),
            Stands { reports: true, ..stands("push/a/i", 300) },
        ]);
        let overview = Overview::new(&fleet, &Marks::default());
        assert_eq!(overview.silent, [Silent { host: "h", since: Millis(10), services: 2 }]);
    }
}
