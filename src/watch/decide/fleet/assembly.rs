//! Making the tables: at the start from what was kept, at a reload from what was there.

use super::above::Above;
use super::ids::{MemberId, NodeId, ServiceId, TargetId, number};
use super::nodes::{FLAP, Nodes};
use super::plan::{PlannedService, groups, plan};
use super::results::LOST;
use super::rows::{Row, Service, TAKEN_IN, Way, promise_of};
use super::{Changes, Fleet, Kept};
use crate::config::Settings;
use crate::decide::changes::KeptObject;
use crate::decide::schedule::{Planned, hash};
use crate::decide::target::Target;
use oco::logic::time::{Nanos, Now};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::time::Millis;
use oco_fleet::tree::{Member, Tally};
use std::collections::{BTreeMap, HashMap};

/// What was there before.
#[derive(Default)]
struct Former {
    targets: HashMap<ObjectName, (TargetId, Row)>,
    above: BTreeMap<ObjectName, Above>,
}

impl Fleet {
    /// Takes in the settings at the start.
    pub(super) fn begin(&mut self, settings: &Settings, kept: &Kept, now: Now, changes: &mut Changes) {
        let is_reported = |(name, object): &(&ObjectName, &KeptObject)| match name.kind() {
            Kind::Target => true,
            Kind::Service => object.is_met,
            Kind::Node | Kind::Level => false,
        };
        let reported = kept.objects.iter().filter(is_reported).map(|(name, _)| name.clone()).collect();
        let services = plan(settings, reported);
        self.assemble(settings, services, &mut Former::default(), kept, now);
        let pending: Vec<TargetId> =
            self.rows.all().filter(|(_, row)| row.target.pending().is_some()).map(|(id, _)| id).collect();
        for id in pending {
            if let Some(row) = self.rows.target_mut(id) {
                row.target.hold_anew(now.boot);
            }
            self.canary.want(now.boot);
            self.held.push(id);
        }
        // It was us until shortly before the start, or is us still.
        if self.rows.all().any(|(_, row)| row.target.is_lost(LOST)) {
            self.heard_since = self.clock.at(now);
            self.withhold_kept();
            if !self.canary.is_lost() {
                self.restore_reports(self.heard_since, changes);
            }
        }
        self.judge_all(now, changes);
        // The file may be another one than that of the last run, which may not have lived to tell who went.
        let is_gone = |name: &&ObjectName| name.kind() != Kind::Level && self.member(name).is_none();
        let mut gone: Vec<ObjectName> = kept.objects.keys().filter(is_gone).cloned().collect();
        gone.sort_unstable();
        changes.ended.extend(gone);
    }

    /// Takes in other settings. What is still there keeps its state, counts and numbers of targets; what is gone ends; what
    /// is new begins unknown. Services and nodes have other numbers now, and a target that is in flight and gone is to be
    /// given up.
    pub fn reload(&mut self, settings: &Settings, now: Now, changes: &mut Changes) {
        let rows = self.rows.take_all();
        let reported = rows.iter().filter(|(_, row)| row.host == TAKEN_IN);
        let is_met = |service: &&Service| service.place.is_none() && service.targets.is_empty();
        let met = self.rows.services.iter().filter(|service| !service.is_gone).filter(is_met);
        let met = met.map(|service| service.name.clone());
        let reported = reported.map(|(_, row)| row.name.clone()).chain(met).collect();
        let services = std::mem::take(&mut self.rows.services).into_iter().filter(|service| !service.is_gone);
        let nodes = std::mem::take(&mut self.nodes).all.into_iter();
        let mut former = Former {
            targets: rows.into_iter().map(|(id, row)| (row.name.clone(), (id, row))).collect(),
            above: services
                .map(|service| (service.name, service.above))
                .chain(nodes.map(|node| (node.name, node.above)))
                .collect(),
        };
        let services = plan(settings, reported);
        self.assemble(settings, services, &mut former, &Kept::default(), now);
        let mut ended: Vec<ObjectName> = former.above.into_keys().collect();
        for (name, (id, _)) in former.targets {
            ended.push(name);
            self.rows.rest(id);
        }
        ended.sort_unstable();
        changes.ended.append(&mut ended);
        if self.canary.configure(!settings.canary.is_empty(), now.boot) {
            self.hear_again(now, changes);
        }
        self.judge_all(now, changes);
    }

    fn assemble(
        &mut self,
        settings: &Settings,
        services: Vec<PlannedService>,
        former: &mut Former,
        kept: &Kept,
        now: Now,
    ) {
        let at = self.clock.at(now);
        (self.groups, self.nodes) = (groups(settings), Nodes::default());
        self.promises.clear();
        self.rows.services.clear();
        self.rows.by_service.clear();
        self.hurries.clear();
        for planned in services {
            self.add_service(planned, former, kept, now);
        }
        self.rows.sort();
        // Each stands behind its members, so that these are known.
        for planned in &settings.nodes {
            let name = ObjectName::node(&planned.name);
            let above = former
                .above
                .remove(&name)
                .or_else(|| kept.objects.get(&name).map(|kept| Above::kept(kept, at)));
            self.nodes.add(planned, name, above.unwrap_or_else(|| Above::new(at)), &mut self.rows);
        }
        self.plan_turns();
        self.plan_calms();
    }

    fn add_service(&mut self, planned: PlannedService, former: &mut Former, kept: &Kept, now: Now) {
        let at = self.clock.at(now);
        let above = former.above.remove(&planned.name);
        let above = above.or_else(|| kept.objects.get(&planned.name).map(|kept| Above::kept(kept, at)));
        let mut service = service(&planned, above.unwrap_or_else(|| Above::new(at)));
        let id = ServiceId(number(self.rows.services.len()));
        for (name, host) in planned.targets {
            let (old, mut row) = match former.targets.remove(&name) {
                Some((old, row)) => (Some(old), row),
                None => (None, fresh(name, kept, at)),
            };
            (row.service, row.host) = (id, host);
            if !matches!(service.way, Way::Reported(_)) {
                row.promise = None;
            }
            let member = Member::of(row.target.standing());
            let target = self.rows.put(old, row);
            service.targets.push(target);
            service.tally.add(target, member);
            self.promise(target, service.way, now.boot);
        }
        self.rows.by_service.insert(service.name.clone(), id);
        self.rows.services.push(service);
    }

    /// The promise of a target goes on, or begins.
    pub(super) fn promise(&mut self, target: TargetId, way: Way, now: Nanos) {
        let (Way::Reported(within), Some(row)) = (way, self.rows.target_mut(target)) else { return };
        let promise = row.promise.get_or_insert_with(|| promise_of(&[]));
        let is_new = promise.from == Nanos::PAST;
        if is_new || promise.deadline.is_some() {
            let from = if is_new { now } else { promise.from };
            self.promises.renew(target, promise, from, within);
        }
    }

    /// Tells the schedule who is to be probed.
    fn plan_turns(&mut self) {
        let rows = &self.rows;
        let planned = rows.services.iter().flat_map(|service| {
            let (many, hash_of_all) = match service.way {
                Way::Each | Way::Line => (service.targets.len(), None),
                Way::Together => (1, Some(hash(service.name.as_str()))),
                Way::Reported(_) => (0, None),
            };
            service.targets.iter().take(many).map(move |target| Planned {
                target: *target,
                hash: hash_of_all
                    .unwrap_or_else(|| rows.target(*target).map_or(0, |row| hash(row.name.as_str()))),
                interval: service.timing.interval,
                fast_interval: service.timing.fast_interval,
            })
        });
        self.schedule.plan(planned);
    }

    fn plan_calms(&mut self) {
        let services = (0..).map(ServiceId).zip(&self.rows.services);
        let services =
            services.map(|(id, service)| (MemberId::Service(id), &service.above, &service.timing.flap));
        let nodes = (0..).map(NodeId).zip(&self.nodes.all);
        let nodes = nodes.map(|(id, node)| (MemberId::Node(id), &node.above, &FLAP));
        let calms = services.chain(nodes).filter_map(|(member, above, flap)| {
            Some((self.clock.boot(above.flapping.calm_at(flap)?), member))
        });
        self.calms = calms.collect();
    }
}

/// A service without its targets.
pub(super) fn service(planned: &PlannedService, above: Above) -> Service {
    Service {
        name: planned.name.clone(),
        above,
        tally: Tally::new(planned.need, false),
        targets: Vec::with_capacity(planned.targets.len()),
        way: planned.way,
        timing: planned.timing,
        depends: planned.depends.clone(),
        parents: Vec::new(),
        group: planned.group,
        place: planned.place,
        is_planned_itself: false,
        is_touched: false,
        is_moved: false,
        is_gone: false,
        hurried: Nanos::PAST,
        is_hurry_due: false,
    }
}

/// A target that was not there, going on from what was kept.
pub(super) fn fresh(name: ObjectName, kept: &Kept, at: Millis) -> Row {
    let kept = kept.objects.get(&name);
    let target = match kept {
        Some(kept) => Target::kept(kept.standing.clone(), kept.since.unwrap_or(at), kept.target.clone(), at),
        None => Target::new(at),
    };
    Row {
        name,
        service: ServiceId(u32::MAX),
        host: TAKEN_IN,
        is_planned_itself: false,
        target,
        last: None,
        promise: kept.filter(|kept| !kept.periods.is_empty()).map(|kept| promise_of(&kept.periods)),
    }
}
