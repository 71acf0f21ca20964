//! A failure as it was when somebody acknowledged it, and whether it is still that one.

use crate::decide::known::{Known, has_failed};
use oco::logic::code::{Code, Verdict};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::collections::HashSet;

/// What an acknowledgement is of.
#[derive(Debug)]
pub(super) struct Failure {
    /// Whether it has a 5XX; none: it is not known after a start, and the next ko tells.
    is_incident: Option<bool>,
    /// The members that failed, without those that were up since.
    failed: HashSet<ObjectName>,
}

impl Failure {
    /// As it is now.
    pub fn of(name: &ObjectName, known: Known<'_>) -> Failure {
        let code = known.standing(name).and_then(|standing| standing.code);
        Failure {
            is_incident: Some(code.is_some_and(is_incident)),
            failed: known.failed(name).map(|(member, _)| member.clone()).collect(),
        }
    }

    /// As it was at `acted_at`, as far as that can be told after a start. Who is planned or unknown now may have failed
    /// then; `planned_since` tells since when somebody is under maintenance, where that is told of it itself.
    pub fn kept(
        name: &ObjectName,
        acted_at: Millis,
        known: Known<'_>,
        planned_since: &dyn Fn(&ObjectName) -> Option<Millis>,
    ) -> Failure {
        let had_failed = |member: &&ObjectName| had_failed(member, acted_at, known, planned_since);
        let now = Failure::of(name, known);
        let is_sure = now.is_incident == Some(true)
            || !is_unknown(name, known) && !known.members(name).any(|member| is_unknown(member, known));
        Failure {
            is_incident: now.is_incident.filter(|_| is_sure),
            failed: known.members(name).filter(had_failed).cloned().collect(),
        }
    }

    /// Whether somebody still fails since before `acted_at`, and no worse than it did.
    pub fn goes_on(&mut self, name: &ObjectName, acted_at: Millis, known: Known<'_>) -> bool {
        let Some(standing) = known.standing(name) else { return false };
        let has_failure = match name.kind() {
            Kind::Service | Kind::Node => known.failing_since(name).is_some_and(|since| since <= acted_at),
            // A target may have been unknown in between, which ends no failure.
            Kind::Target | Kind::Level => true,
        };
        match standing.state {
            State::Ok | State::But => false,
            State::Unknown => has_failure,
            // What gets worse as planned is only worse if it still is when that is over.
            State::Ko if standing.planned => has_failure,
            State::Ko => {
                let is_incident = standing.code.is_some_and(is_incident);
                let is_worse = is_incident && self.is_incident == Some(false);
                match self.is_incident {
                    Some(_) => self.is_incident = Some(is_incident),
                    None => self.learn(name, known),
                }
                has_failure && !is_worse
            }
        }
    }

    /// A member changed: after a start it may be known now whether there was a 5XX. Who is unknown may have one as before.
    pub fn learn(&mut self, name: &ObjectName, known: Known<'_>) {
        let standing = known.standing(name).filter(|standing| has_failed(standing));
        let (Some(standing), None) = (standing, self.is_incident) else { return };
        let is_incident = standing.code.is_some_and(is_incident);
        if is_incident || !known.members(name).any(|member| is_unknown(member, known)) {
            self.is_incident = Some(is_incident);
        }
    }

    /// Whether this member is one that failed then, or does not fail. One that is up is none of them any more.
    pub fn allows(&mut self, member: &ObjectName, known: Known<'_>) -> bool {
        if known.standing(member).is_some_and(|standing| standing.state.is_up()) {
            self.failed.remove(member);
        }
        !known.has_failed(member) || self.failed.contains(member)
    }
}

fn is_unknown(name: &ObjectName, known: Known<'_>) -> bool {
    known.standing(name).is_some_and(|standing| standing.state == State::Unknown)
}

/// Whether somebody was ko, and not planned, when somebody acted, by what is known after a start. Who is ko now and not
/// planned was: that it failed meanwhile is no more in the journal than what it is compared with.
fn had_failed(
    member: &ObjectName,
    acted_at: Millis,
    known: Known<'_>,
    planned_since: &dyn Fn(&ObjectName) -> Option<Millis>,
) -> bool {
    let Some(standing) = known.standing(member) else { return false };
    if standing.planned {
        match planned_since(member) {
            Some(since) if since <= acted_at => return false,
            Some(_) => {}
            // It is planned since those below are.
            None => {
                return known.members(member).any(|below| had_failed(below, acted_at, known, planned_since));
            }
        }
    }
    match standing.state {
        State::Ok | State::But => false,
        State::Ko if standing.planned => known.failing_since(member).is_some_and(|since| since <= acted_at),
        State::Ko => true,
        State::Unknown => known.had_failed_before(member, acted_at),
    }
}

fn is_incident(code: Code) -> bool {
    code.verdict() == Verdict::Incident
}
