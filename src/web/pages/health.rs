//! How public pages and badges say that something is.

use crate::view::fleet::Object;
use crate::view::marks::Marks;
use oco_fleet::state::State;

/// How something is for those outside, who do not count as down what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The worst state of all on which nobody works.
    pub state: State,
    /// Whether somebody works on some of it, as planned.
    pub is_planned: bool,
}

impl Health {
    /// Nobody knows.
    pub const UNKNOWN: Health = Health { state: State::Unknown, is_planned: false };

    /// How somebody is.
    pub fn of(object: &Object, marks: &Marks<'_>) -> Health {
        let is_planned = object.standing.planned || marks.is_in_maintenance(&object.name);
        Health { state: if is_planned { State::Ok } else { object.state() }, is_planned }
    }

    /// How both are together.
    pub fn with(self, other: Health) -> Health {
        Health { state: self.state.worse(other.state), is_planned: self.is_planned || other.is_planned }
    }

    /// The word of a badge: work stands before limits, and behind what fails beside it. None: it is `maintenance`.
    pub fn state(self) -> Option<State> {
        let is_work = self.is_planned && matches!(self.state, State::Ok | State::But);
        (!is_work).then_some(self.state)
    }

    /// The same in words, and how they are drawn.
    pub fn words(self) -> (&'static str, &'static str) {
        match (self.state, self.is_planned) {
            (State::Ok, false) => ("All works as it should", "ok"),
            (State::But, false) => ("All works, with limits", "but"),
            (State::Unknown, false) => ("Not all is known at the moment", "unknown"),
            (State::Ko, false) => ("Something is down", "ko"),
            (State::Ok, true) => ("Planned work is going on", "taken"),
            (State::But, true) => ("Planned work is going on, and the rest works with limits", "taken"),
            (State::Unknown, true) => {
                ("Not all is known at the moment, and planned work is going on", "unknown")
            }
            (State::Ko, true) => ("Something is down, and planned work is going on", "ko"),
        }
    }
}
