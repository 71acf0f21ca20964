//! The clocks of the host: time passes on all of them, only the wall clock is set, and only the monotonic one, by
//! which sleeps are measured, stands still while the host is suspended.

use oco::logic::time::{Nanos, Now};
use std::time::Duration;

pub struct Clock {
    pub now: Now,
    /// What the daemon was told when it asked last: time has passed since.
    pub told: Now,
    pub monotonic: Nanos,
    /// How often the wall clock was set.
    pub steps: u64,
}

impl Clock {
    /// The clocks of a host that was booted so many seconds ago.
    pub fn new(uptime: i64) -> Clock {
        let now = Now { wall: Nanos::from_parts(1_700_000_000, 0), boot: Nanos::from_parts(uptime, 0) };
        Clock { now, told: now, monotonic: Nanos::from_parts(uptime / 2, 0), steps: 0 }
    }

    /// The time as the daemon knows it, and how often the wall clock was set.
    pub fn as_told(&self) -> (Now, u64) {
        (self.told, self.steps)
    }

    /// The time as it is, and how often the wall clock was set.
    pub fn as_is(&self) -> (Now, u64) {
        (self.now, self.steps)
    }

    pub fn pass(&mut self, time: Duration) {
        self.suspend(time);
        self.monotonic = self.monotonic.after(time);
    }

    pub fn suspend(&mut self, time: Duration) {
        self.now = Now { wall: self.now.wall.after(time), boot: self.now.boot.after(time) };
    }

    pub fn set_forward(&mut self, time: Duration) {
        self.now.wall = self.now.wall.after(time);
        self.steps += 1;
    }

    pub fn set_back(&mut self, time: Duration) {
        self.now.wall = self.now.wall.before(time);
        self.steps += 1;
    }
}
