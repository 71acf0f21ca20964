//! What others report, and what they no longer do.

use super::above::Above;
use super::assembly::{fresh, service};
use super::ids::{MemberId, ServiceId, TargetId, number};
use super::plan::{PlannedService, taken_in_service};
use super::results::LOST;
use super::rows::{Row, TAKEN_IN, Way};
use super::{Changes, Fleet, Kept};
use crate::decide::changes::Keep;
use crate::decide::clock::millis;
use crate::decide::passive::Withheld;
use crate::decide::target::{Ruling, Verdict, bounded};
use crate::limits;
use oco::logic::code::Code;
use oco::logic::control::NOT_TAKEN_IN;
use oco::logic::text::printable;
use oco::logic::time::{Nanos, Now};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use oco_fleet::transition::rough;
use oco_fleet::tree::Member;
use std::fmt;
use std::time::Duration;

/// A passive result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// What is told.
    pub code: Code,
    /// The next one comes within this.
    pub period: Option<Duration>,
    /// For people.
    pub text: &'a str,
}

/// Why a report is not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportError {
    /// It is of no target.
    NoTarget(ObjectName),
    /// Nobody is known by that name, and its group takes in nobody.
    Unknown(ObjectName),
    /// Its service is probed otherwise.
    OtherProbe(ObjectName),
    /// As many are taken in as may be.
    Full(ObjectName),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReportError::NoTarget(name) => write!(f, "{name}: expected a target, GROUP/SERVICE/HOST"),
            ReportError::Unknown(name) => write!(f, "{name}: {NOT_TAKEN_IN}"),
            ReportError::OtherProbe(name) => write!(f, "{name}: its service is probed, and takes no reports"),
            ReportError::Full(name) => {
                write!(f, "{name}: {} targets were taken in already, which is the limit", limits::TAKEN_IN)
            }
        }
    }
}

impl std::error::Error for ReportError {}

/// Who it is that reports.
enum Reporting {
    /// One who is known.
    Known(TargetId),
    /// A new one of a service that is known.
    Of(ServiceId),
    /// A new one of a service that is to be taken in.
    New(Box<PlannedService>),
}

/// Why nobody is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForgetError {
    /// Nobody is known by that name.
    Unknown(ObjectName),
    /// It stands in the file.
    Configured(ObjectName),
}

impl fmt::Display for ForgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForgetError::Unknown(name) => write!(f, "{name}: not known"),
            ForgetError::Configured(name) => write!(f, "{name}: stands in the file, and is not dropped"),
        }
    }
}

impl std::error::Error for ForgetError {}

impl Fleet {
    /// Somebody reports how a target is: that decides at once. One that is not known is taken in where its group says so.
    ///
    /// # Errors
    /// It can't be taken in; nothing has changed.
    pub fn report(
        &mut self,
        name: &ObjectName,
        report: Report<'_>,
        now: Now,
        changes: &mut Changes,
    ) -> Result<(), ReportError> {
        let id = self.reported(name, now)?;
        let at = self.clock.at(now);
        let before = self.counted(id);
        let Some((row, service)) = self.rows.both(id) else { return Ok(()) };
        let Way::Reported(within) = service.way else { return Ok(()) };
        row.last = Some((Millis::of(now.wall), 0));
        let mut has_other_periods = false;
        if let Some(promise) = &mut row.promise {
            let periods = promise.periods;
            if let Some(period) = report.period {
                promise.periods.push(period);
            }
            has_other_periods = periods != promise.periods;
            promise.withheld = None;
            self.promises.renew(id, promise, now.boot, within);
        }
        let text = printable(bounded(report.text).as_bytes());
        let ruling = row.target.report(report.code, &text, service.rules());
        self.rule(id, ruling, None, at, now, changes);
        if has_other_periods || before != self.counted(id) {
            self.keep_target(id, changes);
        }
        self.settle(at, now, changes);
        Ok(())
    }

    /// Whether a report of this name would be taken in.
    ///
    /// # Errors
    /// It would not.
    pub fn takes(&self, name: &ObjectName) -> Result<(), ReportError> {
        self.reporting(name).map(drop)
    }

    /// The target of this name that others report, or how it is to be taken in.
    fn reporting(&self, name: &ObjectName) -> Result<Reporting, ReportError> {
        let is_reported = |way: Way| matches!(way, Way::Reported(_));
        let Some(service_name) = name.service_of_target().filter(|_| name.kind() == Kind::Target) else {
            return Err(ReportError::NoTarget(name.clone()));
        };
        let service = self.rows.by_service.get(&service_name).copied();
        let way = service.and_then(|id| self.rows.service(id)).map(|service| service.way);
        if let Some(id) = self.rows.find(name) {
            return match way.is_some_and(is_reported) {
                true => Ok(Reporting::Known(id)),
                false => Err(ReportError::OtherProbe(name.clone())),
            };
        }
        let group = self.groups.get(name.group()).filter(|group| group.accepts_reports).copied();
        let group = group.ok_or_else(|| ReportError::Unknown(name.clone()))?;
        if way.is_some_and(|way| !is_reported(way)) {
            return Err(ReportError::OtherProbe(name.clone()));
        }
        if self.rows.taken_in >= limits::TAKEN_IN {
            return Err(ReportError::Full(name.clone()));
        }
        Ok(match service {
            Some(service) => Reporting::Of(service),
            None => Reporting::New(Box::new(taken_in_service(service_name, &group))),
        })
    }

    /// The target of this name that others report, taken in where it has to be.
    fn reported(&mut self, name: &ObjectName, now: Now) -> Result<TargetId, ReportError> {
        let service = match self.reporting(name)? {
            Reporting::Known(id) => return Ok(id),
            Reporting::Of(service) => service,
            Reporting::New(service) => {
                let at = self.clock.at(now);
                self.take_in_service(*service, at)
            }
        };
        Ok(self.take_in_target(name, service, now))
    }

    /// Somebody speaks of a service that is not known. Where its group takes in who reports, it is from now on, and unknown
    /// until one does.
    pub fn meet(&mut self, name: &ObjectName, now: Now, changes: &mut Changes) {
        let accepting = self.groups.get(name.group()).filter(|group| group.accepts_reports).copied();
        let has_room = self.rows.services.len() < limits::TAKEN_IN;
        let (Some(group), true, Kind::Service) = (accepting, has_room, name.kind()) else { return };
        if !self.rows.by_service.contains_key(name) {
            let at = self.clock.at(now);
            let id = self.take_in_service(taken_in_service(name.clone(), &group), at);
            changes.keep.push(Keep::Met(name.clone(), at));
            self.touch(id);
            self.settle(at, now, changes);
        }
    }

    fn take_in_service(&mut self, planned: PlannedService, at: Millis) -> ServiceId {
        let id = ServiceId(number(self.rows.services.len()));
        let mut service = service(&planned, Above::new(at));
        service.is_planned_itself = self.planned.contains(&planned.name);
        self.rows.services.push(service);
        self.rows.by_service.insert(planned.name.clone(), id);
        self.put_under_nodes(MemberId::Service(id), &planned.name);
        id
    }

    fn take_in_target(&mut self, name: &ObjectName, service: ServiceId, now: Now) -> TargetId {
        let at = self.clock.at(now);
        let mut row = fresh(name.clone(), &Kept::default(), at);
        (row.service, row.host) = (service, TAKEN_IN);
        row.is_planned_itself = self.planned.contains(name);
        let is_planned = self.rows.service(service).is_some_and(|service| service.is_planned_itself);
        // Nobody saw it before: it begins to be planned with its first transition.
        row.target.plan(row.is_planned_itself || is_planned, at);
        let member = Member::of(row.target.standing());
        let id = self.rows.insert(row);
        if let Some(service) = self.rows.service_mut(service) {
            service.targets.push(id);
            service.tally.add(id, member);
            let way = service.way;
            self.promise(id, way, now.boot);
        }
        self.touch(service);
        self.put_under_nodes(MemberId::Target(id), name);
        id
    }

    fn put_under_nodes(&mut self, member: MemberId, name: &ObjectName) {
        for node in self.nodes.wanting(name) {
            self.nodes.put_under(node, member, &mut self.rows);
            self.touched_nodes.insert(node);
        }
    }

    /// Drops what reported and is gone: a target that the file does not name, or all of those of a service.
    ///
    /// # Errors
    /// There is nobody to drop.
    pub fn forget(&mut self, name: &ObjectName, now: Now, changes: &mut Changes) -> Result<(), ForgetError> {
        let of_target = self.rows.find(name).map(|id| vec![id]);
        let service = self.rows.by_service.get(name).and_then(|id| self.rows.service(*id));
        let ids = of_target.or_else(|| service.map(|service| service.targets.clone()));
        let mut ids = ids.ok_or_else(|| ForgetError::Unknown(name.clone()))?;
        ids.retain(|id| self.rows.target(*id).is_some_and(|row| row.host == TAKEN_IN));
        // One that somebody spoke of, and nobody reported.
        let met = self.rows.by_service.get(name).copied().filter(|id| {
            self.rows.service(*id).is_some_and(|row| row.targets.is_empty() && row.place.is_none())
        });
        if let Some(service) = met {
            self.drop_service(service, changes);
        } else if ids.is_empty() {
            return Err(ForgetError::Configured(name.clone()));
        }
        for id in ids {
            self.drop_target(id, changes);
        }
        let at = self.clock.at(now);
        self.settle(at, now, changes);
        Ok(())
    }

    /// Drops all of a group that reported and that the file does not name. Tells of which services.
    pub fn forget_group(&mut self, group: &str, now: Now, changes: &mut Changes) -> Vec<ObjectName> {
        let services = self.services().map(|service| service.name).filter(|name| name.group() == group);
        let mut services: Vec<ObjectName> = services.cloned().collect();
        services.retain(|name| self.forget(name, now, changes).is_ok());
        services
    }

    fn drop_target(&mut self, id: TargetId, changes: &mut Changes) {
        let Some(row) = self.rows.target(id) else { return };
        let (service, member) = (row.service, Member::of(row.target.standing()));
        let over = self.nodes.remove(MemberId::Target(id), member, &self.rows);
        self.touched_nodes.extend(over);
        let Some(mut row) = self.rows.remove(id) else { return };
        if let Some(promise) = &mut row.promise {
            self.promises.end(id, promise);
        }
        changes.ended.push(row.name);
        self.touch(service);
        let Some(row) = self.rows.service_mut(service) else { return };
        row.targets.retain(|target| *target != id);
        row.tally.remove(id, member);
        if row.targets.is_empty() && row.place.is_none() {
            self.drop_service(service, changes);
        }
    }

    fn drop_service(&mut self, id: ServiceId, changes: &mut Changes) {
        let Some(service) = self.rows.service(id) else { return };
        let (name, member) = (service.name.clone(), Member::of(&service.above.standing));
        let over = self.nodes.remove(MemberId::Service(id), member, &self.rows);
        self.touched_nodes.extend(over);
        self.rows.by_service.remove(&name);
        if let Some(service) = self.rows.service_mut(id) {
            (service.is_gone, service.is_touched) = (true, false);
            service.parents.clear();
        }
        self.touched.retain(|touched| *touched != id);
        self.calms.retain(|(_, member)| *member != MemberId::Service(id));
        changes.ended.push(name);
    }

    /// Judges who broke its promise: ko, dated at the moment when it broke.
    pub(super) fn expire_promises(&mut self, now: Now, changes: &mut Changes) {
        if self.canary.is_lost() {
            return;
        }
        let at = self.clock.at(now);
        while let Some((id, deadline)) = self.promises.take_broken(now.boot) {
            let before = self.counted(id);
            let Some((row, service)) = self.rows.both(id) else { continue };
            let (Way::Reported(within), Some(promise)) = (service.way, &mut row.promise) else { continue };
            let length = promise.periods.promise(within);
            self.promises.end(id, promise);
            if row.target.pending().is_some() {
                // It has been silent for longer, and that is not judged yet.
                continue;
            }
            let reason = format!("silent for {}", rough(length));
            let late = millis(now.boot.since(deadline));
            let is_ko = row.target.standing().state == State::Ko;
            let ruling = match row.target.report(Code::KO, &reason, service.rules()) {
                Ruling::Moves(verdict) if !is_ko => Ruling::Falls(verdict),
                ruling => ruling,
            };
            let dated = Millis(at.0.saturating_sub(late));
            self.rule(id, ruling, Some(dated), at, now, changes);
            if let Some(before) = before {
                self.keep_counts(id, before, changes);
            }
            // Each is judged at its own time, and so is what stands above.
            self.settle(dated, now, changes);
        }
    }

    /// Whoever was lost before the process began is to stand again as it was reported.
    pub(super) fn withhold_kept(&mut self) {
        for row in self.rows.targets.iter_mut().flatten().filter(|row| row.target.is_lost(LOST)) {
            if let Some(promise) = &mut row.promise {
                promise.withheld = Withheld::kept(row.target.counts());
            }
        }
    }

    /// What was reported last stands again.
    pub(super) fn restore_reports(&mut self, at: Millis, changes: &mut Changes) {
        let is_withheld = |row: &Row| row.promise.as_ref().is_some_and(|promise| promise.withheld.is_some());
        let ids: Vec<TargetId> =
            self.rows.all().filter(|(_, row)| is_withheld(row)).map(|(id, _)| id).collect();
        for id in ids {
            let before = self.counted(id);
            let row = self.rows.target_mut(id);
            let withheld = row.and_then(|row| row.promise.as_mut()?.withheld.take());
            let Some(Withheld { code, reason }) = withheld else { continue };
            self.stand(id, Verdict { code: Some(code), reason: &reason, probes: None }, at, changes);
            if let Some(before) = before {
                self.keep_counts(id, before, changes);
            }
        }
    }

    /// Each promise runs anew: while it was us, nobody could be heard.
    pub(super) fn renew_promises(&mut self, now: Nanos) {
        let reported = |way: Way| match way {
            Way::Reported(within) => Some(within),
            Way::Each | Way::Line | Way::Together => None,
        };
        let services =
            self.rows.services.iter().filter_map(|service| Some((service, reported(service.way)?)));
        let ids: Vec<(TargetId, Duration)> = services
            .flat_map(|(service, within)| service.targets.iter().map(move |target| (*target, within)))
            .collect();
        for (id, within) in ids {
            if let Some(promise) = self.rows.target_mut(id).and_then(|row| row.promise.as_mut()) {
                self.promises.renew(id, promise, now, within);
            }
        }
    }
}
