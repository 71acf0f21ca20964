//! Who acts on whom, as a status tells it: an act of its own, or for a service or node those of its members that make it
//! planned, acknowledged or muted.

use super::Facts;
use crate::decide::fleet::ids::MemberId;
use crate::decide::known::{Known, has_failed};
use oco::logic::control::ActStatus;
use oco_fleet::journal::ActKind;
use oco_fleet::maintenance::Window;
use oco_fleet::object::ObjectName;
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;

/// So many of the acts below are told in words.
const TOLD_BELOW: usize = 3;

/// Somebody acts on somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActOn {
    /// A user; of a window in the file its file.
    pub who: String,
    /// Since then
    pub at: Millis,
    /// until then; none: until it is undone.
    pub until: Option<Millis>,
    /// Why.
    pub text: String,
}

impl ActOn {
    /// A window of the file is open, since and until then.
    pub fn of_window((window, at, until): (&Window, Millis, Option<Millis>)) -> ActOn {
        ActOn { who: window.who.to_string(), at, until, text: window.text.to_string() }
    }

    /// As the control socket tells it.
    pub fn shown(self, time: &dyn Fn(Millis) -> String) -> ActStatus {
        ActStatus { who: self.who, at: time(self.at), until: self.until.map(time), text: self.text }
    }
}

impl Facts<'_> {
    /// Acknowledged, muted, under maintenance: by whom.
    pub fn acts(&self, name: &ObjectName) -> [Option<ActOn>; 3] {
        let [acked, muted, maint] = (self.acts_on)(name);
        [
            acked.or_else(|| self.below(ActKind::Ack, name)),
            muted.or_else(|| self.below(ActKind::Mute, name)),
            maint.or_else(|| self.below(ActKind::Maint, name)),
        ]
    }

    /// The same by those below alone.
    fn below(&self, kind: ActKind, name: &ObjectName) -> Option<ActOn> {
        let above = self.fleet.find(name)?;
        let is_so = match kind {
            ActKind::Ack | ActKind::Mute => (self.is_covered)(kind, name),
            ActKind::Maint => self.fleet.standing(above).is_some_and(|standing| standing.planned),
        };
        let mut below = Below::default();
        if is_so {
            self.collect(kind, above, &mut below);
        }
        below.act()
    }

    fn collect(&self, kind: ActKind, above: MemberId, below: &mut Below) {
        let known = Known { fleet: self.fleet, levels: self.levels };
        let standing = |member: &MemberId| self.fleet.standing(*member);
        let stands =
            |is_so: fn(&Standing) -> bool| move |member: &MemberId| standing(member).is_some_and(is_so);
        let counts: fn(&Standing) -> bool = match kind {
            ActKind::Maint => |standing| standing.state == State::Ko && standing.planned,
            // While those that failed are unknown, their acts are what holds.
            _ if !known.member_ids(above).any(|member| stands(has_failed)(&member)) => {
                |standing| standing.state == State::Unknown
            }
            ActKind::Ack | ActKind::Mute => has_failed,
        };
        for member in known.member_ids(above).filter(stands(counts)) {
            let Some(name) = self.fleet.name(member) else { continue };
            let [acked, muted, maint] = (self.acts_on)(name);
            let own = match kind {
                ActKind::Ack => acked,
                ActKind::Mute => muted,
                ActKind::Maint => maint,
            };
            match own {
                Some(act) => below.add(name, act),
                None => self.collect(kind, member, below),
            }
        }
    }
}

/// Acts on members, told as one: since all of them are in force, until the first of them ends.
#[derive(Debug, Default)]
struct Below {
    who: Vec<String>,
    at: Millis,
    until: Option<Millis>,
    words: Vec<String>,
    count: usize,
}

impl Below {
    fn add(&mut self, on: &ObjectName, act: ActOn) {
        self.count += 1;
        self.at = self.at.max(act.at);
        self.until = self.until.into_iter().chain(act.until).min();
        if self.who.len() < TOLD_BELOW && !self.who.contains(&act.who) {
            self.who.push(act.who);
        }
        if self.words.len() < TOLD_BELOW {
            self.words.push(if act.text.is_empty() {
                on.to_string()
            } else {
                format!("{on} ({})", act.text)
            });
        }
    }

    fn act(self) -> Option<ActOn> {
        let more = self.count.checked_sub(self.words.len())?;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let text = format!("by {}{more}", self.words.join(", "));
        (self.count > 0).then(|| ActOn { who: self.who.join(", "), at: self.at, until: self.until, text })
    }
}
