//! From a target up: its service, and the nodes that either stands under, members before what they are members of.

use super::above::Became;
use super::ids::{MemberId, NodeId, ServiceId, TargetId};
use super::nodes::FLAP;
use super::{Changes, Fleet};
use crate::config::Flap;
use crate::decide::changes::{Keep, Note};
use crate::decide::target::Verdict;
use oco::logic::time::Now;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use oco_fleet::tree::{Judged, Member};

impl Fleet {
    /// Lets a target stand there from `at` on, or from when it last changed where that is later.
    pub(super) fn stand(&mut self, id: TargetId, verdict: Verdict<'_>, at: Millis, changes: &mut Changes) {
        let Some(row) = self.rows.target_mut(id) else { return };
        let at = at.max(row.target.changed());
        let is_first =
            row.target.standing().state == State::Unknown && row.target.counts().known == State::Unknown;
        let (old, old_since) = row.target.move_to(verdict, at);
        // That somebody is known at last moves nothing up and down, unless it fails.
        if !is_first || !row.target.standing().state.is_up() {
            self.move_above(id);
        }
        self.target_changed(id, old, old_since, at, verdict.probes, changes);
    }

    /// What a target that moved changes above it counts for flapping.
    pub(super) fn move_above(&mut self, id: TargetId) {
        if let Some((_, service)) = self.rows.both(id) {
            service.is_moved = true;
        }
        for node in self.nodes.over(MemberId::Target(id), &self.rows).to_vec() {
            if let Some(node) = self.nodes.node_mut(node) {
                node.is_moved = true;
            }
        }
    }

    /// A target stands elsewhere: tells that, and all above it.
    pub(super) fn target_changed(
        &mut self,
        id: TargetId,
        old: Standing,
        old_since: Millis,
        at: Millis,
        probes: Option<(u32, u32)>,
        changes: &mut Changes,
    ) {
        let Some((row, service)) = self.rows.both(id) else { return };
        let new = row.target.standing().clone();
        let (old_member, new_member) = (Member::of(&old), Member::of(&new));
        service.tally.change(id, old_member, new_member);
        let (name, service) = (row.name.clone(), row.service);
        self.touch(service);
        for node in self.nodes.over(MemberId::Target(id), &self.rows).to_vec() {
            if let Some(node) = self.nodes.node_mut(node) {
                node.tally.change(MemberId::Target(id), old_member, new_member);
            }
            self.touched_nodes.insert(node);
        }
        let depends_on = if new.state.is_up() { None } else { self.failed_dependency(service) };
        changes.transitions.push(Transition { name, at, old, old_since, new, probes, depends_on });
    }

    /// The words for a target are others: those for what stands above may be.
    pub(super) fn target_rephrased(&mut self, id: TargetId) {
        let Some(row) = self.rows.target(id) else { return };
        if row.target.standing().state == State::Ok {
            return;
        }
        let service = row.service;
        self.touch(service);
        self.touched_nodes.extend(self.nodes.over(MemberId::Target(id), &self.rows));
    }

    pub(super) fn touch(&mut self, id: ServiceId) {
        if let Some(service) = self.rows.service_mut(id).filter(|service| !service.is_touched) {
            service.is_touched = true;
            self.touched.push(id);
        }
    }

    /// Judges all services and nodes whose members changed.
    pub(super) fn settle(&mut self, at: Millis, now: Now, changes: &mut Changes) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        for id in touched.drain(..) {
            self.judge_service(id, at, now, changes);
        }
        self.touched = touched;
        while let Some(id) = self.touched_nodes.pop_first() {
            self.judge_node(id, at, now, changes);
        }
    }

    fn judge_service(&mut self, id: ServiceId, at: Millis, now: Now, changes: &mut Changes) {
        let steady = self.clock.steady(now.boot);
        let Some(service) = self.rows.service(id) else { return };
        let reason = service.tally.reason(|target| {
            let row = self.rows.target(target);
            let host = row.map_or("", |row| row.name.as_str().rsplit_once('/').map_or("", |(_, host)| host));
            (host, row.map_or("", |row| &row.target.standing().reason))
        });
        let Some(service) = self.rows.service_mut(id) else { return };
        service.is_touched = false;
        let is_moved = std::mem::take(&mut service.is_moved);
        let judged = or_planned(service.tally.judge(), service.is_planned_itself);
        let at = at.max(service.above.changed);
        let before = service.above.failing_since;
        let became =
            service.above.judge(judged, reason, at, is_moved.then_some(steady), &service.timing.flap);
        let keep = service.above.keep();
        let is_failure = before != service.above.failing_since;
        let (new, flap) = (service.above.standing.clone(), service.timing.flap);
        let depends_on = if new.state.is_up() { None } else { self.failed_dependency(id) };
        let Some(name) = self.rows.service(id).map(|service| service.name.clone()) else { return };
        changes.judged.push(name.clone());
        if is_failure || matches!(&became, Became::Other { old, .. } if old.state != new.state) {
            changes.keep.push(Keep::Above(name.clone(), keep));
        }
        self.above_changed(
            MemberId::Service(id),
            name,
            became,
            new,
            at,
            is_moved,
            depends_on,
            &flap,
            changes,
        );
    }

    fn judge_node(&mut self, id: NodeId, at: Millis, now: Now, changes: &mut Changes) {
        let steady = self.clock.steady(now.boot);
        let Some(node) = self.nodes.node(id) else { return };
        let reason = node.tally.reason(|member| {
            let name = self.nodes.name(member, &self.rows).map_or("", ObjectName::as_str);
            (name, self.nodes.standing(member, &self.rows).map_or("", |standing| &standing.reason))
        });
        let Some(node) = self.nodes.node_mut(id) else { return };
        let judged = or_planned(node.tally.judge(), node.is_planned_itself);
        let at = at.max(node.above.changed);
        let is_moved = std::mem::take(&mut node.is_moved);
        let became = node.above.judge(judged, reason, at, is_moved.then_some(steady), &FLAP);
        let (name, new) = (node.name.clone(), node.above.standing.clone());
        changes.judged.push(name.clone());
        if matches!(&became, Became::Other { old, .. } if old.state != new.state) {
            changes.keep.push(Keep::Above(name.clone(), node.above.keep()));
        }
        self.above_changed(MemberId::Node(id), name, became, new, at, is_moved, None, &FLAP, changes);
    }

    #[expect(clippy::too_many_arguments, reason = "all of them are one change")]
    fn above_changed(
        &mut self,
        member: MemberId,
        name: ObjectName,
        became: Became,
        new: Standing,
        at: Millis,
        is_moved: bool,
        depends_on: Option<ObjectName>,
        flap: &Flap,
        changes: &mut Changes,
    ) {
        let over = match became {
            Became::Same => return,
            Became::Rephrased | Became::Other { .. } => self.nodes.over(member, &self.rows).to_vec(),
        };
        self.touched_nodes.extend(&over);
        let Became::Other { old, old_since, flaps } = became else { return };
        for node in over {
            if let Some(node) = self.nodes.node_mut(node) {
                node.tally.change(member, Member::of(&old), Member::of(&new));
                node.is_moved |= is_moved;
            }
        }
        if flaps {
            changes.notes.push(Note::Flapping(name.clone(), true));
            if let Some(calm) = self.calm_at(member, flap) {
                self.calms.insert((self.clock.boot(calm), member));
            }
        }
        changes.transitions.push(Transition { name, at, old, old_since, new, probes: None, depends_on });
    }

    fn calm_at(&self, member: MemberId, flap: &Flap) -> Option<Millis> {
        match member {
            MemberId::Target(_) => None,
            MemberId::Service(id) => self.rows.service(id)?.above.flapping.calm_at(flap),
            MemberId::Node(id) => self.nodes.node(id)?.above.flapping.calm_at(flap),
        }
    }

    /// Ends the flapping of who was calm for long enough. Who changed meanwhile is looked at again later.
    pub(super) fn expire_flapping(&mut self, now: Now, changes: &mut Changes) {
        let steady = self.clock.steady(now.boot);
        while let Some((calm, member)) = self.calms.first().copied().filter(|(calm, _)| *calm <= now.boot) {
            self.calms.remove(&(calm, member));
            let (name, above, flap) = match member {
                MemberId::Target(_) => continue,
                MemberId::Service(id) => match self.rows.service_mut(id) {
                    Some(service) => (&service.name, &mut service.above, service.timing.flap),
                    None => continue,
                },
                MemberId::Node(id) => match self.nodes.node_mut(id) {
                    Some(node) => (&node.name, &mut node.above, FLAP),
                    None => continue,
                },
            };
            if above.flapping.expire(steady, &flap) {
                changes.notes.push(Note::Flapping(name.clone(), false));
                changes.keep.push(Keep::Above(name.clone(), above.keep()));
            } else if let Some(calm) = above.flapping.calm_at(&flap) {
                self.calms.insert((
                    self.clock.boot(calm).max(now.boot.after(std::time::Duration::from_millis(1))),
                    member,
                ));
            }
        }
    }

    /// Somebody begins or ends to be under maintenance by its own name; the targets of a service are with it. Tells
    /// whether anybody is known by that name.
    pub fn set_planned(&mut self, name: &ObjectName, planned: bool, now: Now, changes: &mut Changes) -> bool {
        let has_changed = if planned { self.planned.insert(name.clone()) } else { self.planned.remove(name) };
        let target = self.rows.find(name);
        let service = self.rows.by_service.get(name).copied();
        let node = self.nodes.by_name.get(name).copied();
        if has_changed {
            let at = self.clock.at(now);
            match name.kind() {
                Kind::Target => target.into_iter().for_each(|id| self.plan_target(id, at, changes)),
                Kind::Service => service.into_iter().for_each(|id| self.plan_service(id, at, changes)),
                Kind::Node => node.into_iter().for_each(|id| self.plan_node(id)),
                Kind::Level => {}
            }
            self.settle(at, now, changes);
        }
        target.is_some() || service.is_some() || node.is_some()
    }

    /// A target is planned where it, or its service, is under maintenance.
    fn plan_target(&mut self, id: TargetId, at: Millis, changes: &mut Changes) {
        let planned = &self.planned;
        let Some((row, service)) = self.rows.both(id) else { return };
        row.is_planned_itself = planned.contains(&row.name);
        let at = at.max(row.target.changed());
        let changed = row.target.plan(row.is_planned_itself || service.is_planned_itself, at);
        if let Some((old, old_since)) = changed {
            self.target_changed(id, old, old_since, at, None, changes);
        }
    }

    pub(super) fn plan_service(&mut self, id: ServiceId, at: Millis, changes: &mut Changes) {
        let planned = &self.planned;
        let Some(service) = self.rows.service_mut(id) else { return };
        service.is_planned_itself = planned.contains(&service.name);
        let targets = std::mem::take(&mut service.targets);
        for target in &targets {
            self.plan_target(*target, at, changes);
        }
        if let Some(service) = self.rows.service_mut(id) {
            service.targets = targets;
        }
        self.touch(id);
    }

    fn plan_node(&mut self, id: NodeId) {
        let planned = &self.planned;
        if let Some(node) = self.nodes.node_mut(id) {
            node.is_planned_itself = planned.contains(&node.name);
            self.touched_nodes.insert(id);
        }
    }

    /// Judges everybody: the settings are others.
    pub(super) fn judge_all(&mut self, now: Now, changes: &mut Changes) {
        let at = self.clock.at(now);
        for id in (0..self.rows.services.len()).map(|place| ServiceId(super::ids::number(place))) {
            self.plan_service(id, at, changes);
        }
        for id in (0..self.nodes.all.len()).map(|place| NodeId(super::ids::number(place))) {
            self.plan_node(id);
        }
        if !self.canary.is_configured() {
            self.release(now.boot, now, changes);
        }
        self.settle(at, now, changes);
    }
}

/// As it is judged, or planned because it is under maintenance itself.
fn or_planned(judged: Judged, is_planned_itself: bool) -> Judged {
    Judged { planned: judged.planned || is_planned_itself, ..judged }
}
