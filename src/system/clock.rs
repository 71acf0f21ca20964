//! Reading the clocks.

use crate::logic::time::{Nanos, Now};
use nix::time::{ClockId, clock_gettime};

/// Both clocks, read once.
pub fn now() -> Now {
    // These clocks exist since Linux 2.6.39 and can't fail; a clock at zero would make everything stale.
    let read = |clock| {
        clock_gettime(clock).map_or(Nanos::default(), |time| Nanos::from_parts(time.tv_sec(), time.tv_nsec()))
    };
    Now { wall: read(ClockId::CLOCK_REALTIME), boot: read(ClockId::CLOCK_BOOTTIME) }
}
