//! What is counted of a target, and a ko that waits.

use oco::logic::code::Code;
use oco::logic::time::Nanos;
use oco_fleet::state::State;
use oco_fleet::time::Millis;

/// What is counted of a target. At rest it does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// What was last judged: where the target stood before we ourselves failed. Unknown: nothing ever was.
    pub known: State,
    /// Successes in a row while it is, or was, ko.
    pub successes: u32,
    /// Failures in a row while it is not ko.
    pub failures: u32,
    /// Milliseconds of probing without a success. They stand still while it is ko: what they are for has been judged.
    pub silence: u64,
}

impl Counts {
    /// Whether a change is being counted.
    pub fn is_counting(&self) -> bool {
        self.successes > 0 || self.failures > 0
    }

    /// It was judged: what comes is counted from the start again.
    pub(super) fn settle(&mut self, state: State) {
        let silence = if state.is_up() { 0 } else { self.silence };
        *self = Counts { known: state, silence, ..Counts::default() };
    }
}

/// A ko that is due, and waits until it is known that it is not us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its code.
    pub code: Code,
    /// For people.
    pub reason: Box<str>,
    /// How many probes in a row decided it, of how many needed.
    pub probes: Option<(u32, u32)>,
    /// When it happened; none: when it is judged.
    pub dated: Option<Millis>,
    /// When its failure was seen, by the boot clock: it waits for a round of the canary that begins after that.
    pub failed: Nanos,
}
