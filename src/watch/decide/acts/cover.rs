//! What acts mean for those above: a failure is acknowledged where each member that failed is.

use super::Acts;
use crate::decide::fleet::ids::MemberId;
use crate::decide::known::{Known, has_failed};
use oco_fleet::journal::ActKind;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::collections::HashMap;

/// What is asked, of several.
struct Question<'acts, 'known> {
    acts: &'acts Acts,
    kind: ActKind,
    known: Known<'known>,
    at: Millis,
    /// What was found out of services and nodes: one may stand under several nodes.
    found: HashMap<MemberId, bool>,
}

impl Acts {
    /// Whether a failure is acknowledged: by an act that is on it, or because each member that failed is. While members
    /// are unknown that failed before, one that is acknowledged is enough: the failure goes on.
    pub fn is_acked(&self, name: &ObjectName, known: Known<'_>, at: Millis) -> bool {
        !self.by_name.ack.on.is_empty() && self.is_covered(ActKind::Ack, name, known, at)
    }

    /// Whether nobody is to be alerted of somebody: by an act that is on it, or because each target of the service that
    /// failed is muted.
    pub fn is_muted(&self, name: &ObjectName, known: Known<'_>, at: Millis) -> bool {
        match name.kind() {
            Kind::Service => {
                !self.by_name.mute.on.is_empty() && self.is_covered(ActKind::Mute, name, known, at)
            }
            Kind::Target | Kind::Node | Kind::Level => self.on(ActKind::Mute, name, at).is_some(),
        }
    }

    fn is_covered(&self, kind: ActKind, name: &ObjectName, known: Known<'_>, at: Millis) -> bool {
        if self.on(kind, name, at).is_some() {
            return true;
        }
        let member = known.fleet.find(name);
        let mut question = Question { acts: self, kind, known, at, found: HashMap::new() };
        member.is_some_and(|member| question.is_covered_below(member))
    }
}

impl Question<'_, '_> {
    fn is_covered(&mut self, member: MemberId) -> bool {
        let name = self.known.fleet.name(member);
        name.is_some_and(|name| self.acts.on(self.kind, name, self.at).is_some())
            || self.is_covered_below(member)
    }

    /// The same by its members alone.
    fn is_covered_below(&mut self, above: MemberId) -> bool {
        if let Some(found) = self.found.get(&above) {
            return *found;
        }
        let known = self.known;
        let names = self.acts.by_name.of(self.kind);
        let is_worth_it = |name: &ObjectName| {
            (name.kind() != Kind::Service || names.on_targets_of.contains_key(name)) && known.is_failing(name)
        };
        if !known.fleet.name(above).is_some_and(is_worth_it) {
            return false;
        }
        let standing = |member: &MemberId| known.fleet.standing(*member);
        let has_failed = |member: &MemberId| standing(member).is_some_and(has_failed);
        let is_unknown =
            |member: &MemberId| standing(member).is_some_and(|standing| standing.state == State::Unknown);
        let mut failed = known.member_ids(above).filter(has_failed).peekable();
        let is_covered = match failed.peek() {
            Some(_) => failed.all(|member| self.is_covered(member)),
            None => known.member_ids(above).filter(is_unknown).any(|member| self.is_covered(member)),
        };
        self.found.insert(above, is_covered);
        is_covered
    }
}
