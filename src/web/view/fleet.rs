//! Who there is, and how each stands. Services share what did not change with the fleet of before, so that one more
//! change costs one service, not 100,000 targets.

use oco_fleet::journal::Stands;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

/// A fleet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fleet {
    services: BTreeMap<ObjectName, Arc<Service>>,
    others: BTreeMap<ObjectName, Object>,
}

/// A service and its targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The service itself.
    pub object: Object,
    /// By name.
    pub targets: Vec<Object>,
    /// How many of them are in which state.
    pub counts: Counts,
}

/// Somebody who has a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Who.
    pub name: ObjectName,
    /// Where it stands.
    pub standing: Standing,
    /// Since when it is in this state.
    pub since: Millis,
    /// Whether it goes up and down.
    pub is_flapping: bool,
    /// Whether it is a target that others report of.
    pub reports: bool,
}

/// How many are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Down.
    pub ko: usize,
    /// Not known.
    pub unknown: usize,
    /// Up, but.
    pub but: usize,
    /// Up.
    pub ok: usize,
}

/// A group of services.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its services.
    pub services: Counts,
    /// Their targets.
    pub targets: Counts,
}

impl Fleet {
    /// The fleet of these. A target without its service, which only a broken journal has, is left out.
    pub fn new(all: Vec<Stands>) -> Fleet {
        let (targets, others): (Vec<Stands>, Vec<Stands>) =
            all.into_iter().partition(|one| one.name.kind() == Kind::Target);
        let mut fleet = Fleet::default();
        let mut services: BTreeMap<ObjectName, Service> = BTreeMap::new();
        for one in others {
            let object = Object::from(one);
            if object.name.kind() == Kind::Service {
                let service = Service { object, targets: Vec::new(), counts: Counts::default() };
                services.insert(service.object.name.clone(), service);
            } else {
                fleet.others.insert(object.name.clone(), object);
            }
        }
        for target in targets {
            let service = target.name.service_of_target().and_then(|name| services.get_mut(&name));
            if let Some(service) = service {
                service.counts.add(target.standing.state);
                service.targets.push(target.into());
            }
        }
        for service in services.values_mut() {
            service.targets.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        }
        fleet.services = services.into_iter().map(|(name, service)| (name, Arc::new(service))).collect();
        fleet
    }

    /// Takes in how some stand now. False: one of them is not known here, so all have to be read anew.
    #[must_use]
    pub fn change(&mut self, some: Vec<Stands>) -> bool {
        some.into_iter().all(|one| self.change_one(one.into()).is_some())
    }

    fn change_one(&mut self, object: Object) -> Option<()> {
        match object.name.kind() {
            Kind::Target => {
                let service = self.services.get_mut(&object.name.service_of_target()?)?;
                let place = service.place(&object.name)?;
                // Most of what is told was known already: the last millisecond of before.
                if service.targets.get(place) == Some(&object) {
                    return Some(());
                }
                let service = Arc::make_mut(service);
                let target = service.targets.get_mut(place)?;
                service.counts.remove(target.standing.state);
                service.counts.add(object.standing.state);
                *target = object;
            }
            Kind::Service => {
                let service = self.services.get_mut(&object.name)?;
                if service.object != object {
                    Arc::make_mut(service).object = object;
                }
            }
            Kind::Node | Kind::Level => {
                let known = self.others.get_mut(&object.name)?;
                *known = object;
            }
        }
        Some(())
    }

    /// Whether nobody is watched.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.others.is_empty()
    }

    /// All services, by name.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values().map(Arc::as_ref)
    }

    /// The services of a group, by name.
    pub fn services_of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Service> {
        // The slash makes an end of the group's name.
        let from = ObjectName::service(group, "");
        let services = self.services.range(from..).map(|(_, service)| service.as_ref());
        services.take_while(move |service| service.object.name.group() == group)
    }

    /// A service.
    pub fn service(&self, name: &ObjectName) -> Option<&Service> {
        self.services.get(name).map(Arc::as_ref)
    }

    /// All nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Object> {
        self.others.values().filter(|object| object.name.kind() == Kind::Node)
    }

    /// All levels, by name.
    pub fn levels(&self) -> impl Iterator<Item = &Object> {
        self.others.values().filter(|object| object.name.kind() == Kind::Level)
    }

    /// Who is known by a name.
    pub fn get(&self, name: &ObjectName) -> Option<&Object> {
        match name.kind() {
            Kind::Target => {
                let service = self.service(&name.service_of_target()?)?;
                service.targets.get(service.place(name)?)
            }
            Kind::Service => self.service(name).map(|service| &service.object),
            Kind::Node | Kind::Level => self.others.get(name),
        }
    }

    /// The targets of a host, over all groups.
    pub fn of_host<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Object> {
        self.services().filter_map(move |service| {
            let name = &service.object.name;
            let target = ObjectName::target(name.group(), name.service_part(), host);
            service.targets.get(service.place(&target)?)
        })
    }

    /// The groups, by name.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
        for service in self.services() {
            let name = service.object.name.group();
            let group = groups.entry(name).or_insert_with(|| Group { name, ..Group::default() });
            group.services.add(service.object.standing.state);
            group.targets += service.counts;
        }
        groups.into_values().collect()
    }
}

impl Service {
    /// Why. What counts who fails does so as of when the service changed: here they are counted as they stand now, and
    /// not named, for they stand below.
    pub fn reason(&self) -> Cow<'_, str> {
        let reason: &str = &self.object.standing.reason;
        let mut words = reason.split(' ');
        let is_count = words.next().is_some_and(|word| word.parse::<usize>().is_ok());
        let (ko, unknown, total) = (self.counts.ko, self.counts.unknown, self.counts.total());
        match (is_count && words.next() == Some("of"), ko, unknown) {
            (false, _, _) | (true, 0, 0) => reason.into(),
            (true, 0, _) => format!("{unknown} of {total} unknown").into(),
            (true, _, 0) => format!("{ko} of {total} down").into(),
            (true, _, _) => format!("{ko} of {total} down, {unknown} unknown").into(),
        }
    }

    fn place(&self, target: &ObjectName) -> Option<usize> {
        self.targets.binary_search_by(|one| one.name.cmp(target)).ok()
    }
}

impl From<Stands> for Object {
    fn from(one: Stands) -> Object {
        Object {
            name: one.name,
            standing: one.standing,
            since: one.since,
            is_flapping: one.flapping.is_some(),
            reports: one.reports,
        }
    }
}

impl Object {
    /// Its state.
    pub fn state(&self) -> State {
        self.standing.state
    }

    /// Whether somebody has to come: a 5XX.
    pub fn is_severe(&self) -> bool {
        self.standing.code.is_some_and(|code| code.number() >= 500)
    }
}

impl Counts {
    /// One more.
    pub fn add(&mut self, state: State) {
        *self.of_mut(state) += 1;
    }

    fn remove(&mut self, state: State) {
        let count = self.of_mut(state);
        *count = count.saturating_sub(1);
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.ko + self.unknown + self.but + self.ok
    }

    /// How many are up.
    pub fn up(&self) -> usize {
        self.ok + self.but
    }

    /// How many are not ok.
    pub fn not_ok(&self) -> usize {
        self.ko + self.unknown + self.but
    }

    /// How many are in a state.
    pub fn of(&self, state: State) -> usize {
        match state {
            State::Ko => self.ko,
            State::Unknown => self.unknown,
            State::But => self.but,
            State::Ok => self.ok,
        }
    }

    /// The worst state that somebody is in; ok of nobody.
    pub fn worst(&self) -> State {
        State::WORST_FIRST.into_iter().find(|state| self.of(*state) > 0).unwrap_or(State::Ok)
    }

    fn of_mut(&mut self, state: State) -> &mut usize {
        match state {
            State::Ko => &mut self.ko,
            State::Unknown => &mut self.unknown,
            State::But => &mut self.but,
            State::Ok => &mut self.ok,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.ko += other.ko;
        self.unknown += other.unknown;
        self.but += other.but;
        self.ok += other.ok;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use oco::logic::code::Code;

    /// Somebody who stands at this code, none for unknown.
    pub(crate) fn stands(name: &str, code: u16) -> Stands {
        Stands {
            name: ObjectName::parse(name).unwrap(),
            standing: Code::new(code).map_or_else(Standing::default, |code| Standing::of_code(code, "")),
            since: Millis(0),
            flapping: None,
            failing: None,
            reports: false,
        }
    }

    fn fleet() -> Fleet {
        let names =
            ["web/oco/b", "node:shop", "web/oco-x/a", "web/oco", "web/oco-x", "web/oco/a", "wëb/no/such"];
        let names = names.into_iter().filter(|name| ObjectName::parse(name).is_ok());
        Fleet::new(names.map(|name| stands(name, 200)).collect())
    }

    #[test]
    fn who_fails_of_a_service_is_counted_as_it_is_now() {
        let why = |codes: [u16; 3], reason: &str| {
            let mut all = vec![stands("web/oco", 350)];
            all[0].standing.reason = reason.into();
            all.extend(["a", "b", "c"].iter().zip(codes).map(|(host, code)| {
                let name = format!("web/oco/{host}");
                stands(&name, code)
            }));
            Fleet::new(all).services().next().map(|service| service.reason().into_owned()).unwrap()
        };
        assert_eq!(why([300, 300, 200], "1 of 3 down: a (refused)"), "2 of 3 down");
        assert_eq!(why([300, 0, 200], "1 of 3 down, 2 unknown: a (refused), b, c"), "1 of 3 down, 1 unknown");
        assert_eq!(why([0, 200, 200], "1 of 3 down: a (refused)"), "1 of 3 unknown");
        assert_eq!(why([210, 200, 200], "1 of 3 down: a (refused)"), "1 of 3 down: a (refused)");
        assert_eq!(why([300, 200, 200], "cannot reach the network"), "cannot reach the network");
    }

    #[test]
    fn targets_stand_below_their_services() {
        let fleet = fleet();
        let services: Vec<&str> = fleet.services_of("web").map(|one| one.object.name.as_str()).collect();
        assert_eq!(services, ["web/oco", "web/oco-x"]);
        assert_eq!(fleet.of_host("a").count(), 2);
        assert_eq!(fleet.groups().len(), 1);
        assert_eq!(fleet.groups()[0].targets.total(), 3);
        assert!(fleet.get(&ObjectName::node("shop")).is_some());
        assert!(fleet.services_of("we").next().is_none());
    }

    #[test]
    fn a_change_is_counted_and_leaves_the_fleet_of_before_alone() {
        let before = fleet();
        let mut after = before.clone();
        assert!(after.change(vec![
            stands("web/oco/a", 300),
            stands("web/oco", 350),
            stands("node:shop", 300)
        ]));
        let oco = ObjectName::service("web", "oco");
        let counts = |fleet: &Fleet| fleet.service(&oco).unwrap().counts;
        assert_eq!((counts(&before).ok, counts(&after).ok, counts(&after).ko), (2, 1, 1));
        assert!(!after.change(vec![stands("web/oco/new", 300)]), "somebody new");
    }
}
