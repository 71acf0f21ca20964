//! How many lines of the log somebody outside can cause: some a minute. Those that are withheld are counted. Pure.

use crate::limits::REFUSALS_LOGGED;
use oco::logic::time::Nanos;
use std::fmt;
use std::time::Duration;

/// Lines of one kind.
#[derive(Debug, Default)]
pub struct Pace {
    ends: Option<Nanos>,
    said: u32,
    withheld: u64,
}

/// How many lines were withheld before this one: to be put behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld(u64);

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => f.write_str(" (1 line like this was not logged)"),
            count => write!(f, " ({count} lines like this were not logged)"),
        }
    }
}

impl Pace {
    /// Whether a line may be said now.
    pub fn admit(&mut self, now: Nanos) -> Option<Withheld> {
        if self.ends.is_none_or(|ends| ends <= now) {
            (self.ends, self.said) = (Some(now.after(Duration::from_secs(60))), 0);
        }
        if self.said >= REFUSALS_LOGGED {
            self.withheld = self.withheld.saturating_add(1);
            return None;
        }
        self.said += 1;
        Some(Withheld(std::mem::take(&mut self.withheld)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_lines_a_minute_and_then_how_many_were_withheld() {
        let mut pace = Pace::default();
        let said = (0..100).filter(|_| pace.admit(Nanos(0)).is_some()).count();
        assert_eq!(said, usize::try_from(REFUSALS_LOGGED).unwrap());
        let next = pace.admit(Nanos(60_000_000_000)).unwrap();
        assert_eq!(next.to_string(), format!(" ({} lines like this were not logged)", 100 - REFUSALS_LOGGED));
        assert_eq!(pace.admit(Nanos(60_000_000_000)).unwrap().to_string(), "");
    }
}
