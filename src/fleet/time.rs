//! Points in the fleet's time: what the journal keeps and availability reckons with.

use oco::logic::time::Nanos;

/// Milliseconds since 1970, UTC. Arithmetic saturates.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The millisecond in which `wall`, a time since 1970, lies.
    pub fn of(wall: Nanos) -> Millis {
        Millis(wall.0.div_euclid(1_000_000))
    }

    /// Milliseconds from `earlier` to this; negative where it is later.
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
