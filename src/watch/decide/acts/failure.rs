//! A failure as it was when somebody acknowledged it, and whether it is still that one.

use crate::decide::known::Known;
use oco::logic::code::{Code, Verdict};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::collections::HashSet;

/// What an acknowledgement is of.
#[derive(Debug)]
pub(super) struct Failure {
    /// Whether it has a 5XX.
    is_incident: bool,
    /// The members that failed, without those that were up since.
    failed: HashSet<ObjectName>,
}

impl Failure {
    /// As it is now.
    pub fn of(name: &ObjectName, known: Known<'_>) -> Failure {
        let code = known.standing(name).and_then(|standing| standing.code);
        Failure {
            is_incident: code.is_some_and(is_incident),
            failed: known.failed(name).map(|(member, _)| member.clone()).collect(),
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
                let is_worse = is_incident && !self.is_incident;
                self.is_incident = is_incident;
                has_failure && !is_worse
            }
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

fn is_incident(code: Code) -> bool {
    code.verdict() == Verdict::Incident
}
