//! One moment, as each of the three clocks has it.

use super::clock::Clock;
use super::fleet::Fleet;
use oco::logic::time::Now;
use oco_fleet::time::Millis;

/// The three clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// The journal's time, which never runs back: for rows.
    pub at: Millis,
    /// The steady clock, which no step of the wall clock touches: for lengths.
    pub steady: Millis,
    /// The wall clock: for hours.
    pub wall: Millis,
}

impl Fleet {
    /// The three clocks now.
    pub fn moment(&mut self, now: Now) -> Moment {
        self.clock.moment(now)
    }
}

impl Clock {
    /// The three clocks now.
    pub fn moment(&mut self, now: Now) -> Moment {
        Moment { at: self.at(now), steady: self.steady(now.boot), wall: Millis::of(now.wall) }
    }
}
