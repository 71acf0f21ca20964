//! A transition: one change of one object. It is one event, one line of the log, one row of the journal.

use crate::object::ObjectName;
use crate::state::{Standing, State};
use crate::time::Millis;
use std::fmt::{self, Write as _};
use std::time::Duration;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Who.
    pub name: ObjectName,
    /// When it was judged.
    pub at: Millis,
    /// Before.
    pub old: Standing,
    /// Since when it had stood there.
    pub old_since: Millis,
    /// From now on.
    pub new: Standing,
    /// How many probes in a row decided it, of how many needed; none where it took no counting.
    pub probes: Option<(u32, u32)>,
    /// The dependency that was ko meanwhile, for which alerts wait.
    pub depends_on: Option<ObjectName>,
}

impl Transition {
    /// Whether the state is another one: flaps and alerts count these alone.
    pub fn is_of_state(&self) -> bool {
        self.old.state != self.new.state
    }
}

/// `ok -> ko (refused)`, with codes where only those differ, and `maint` where it is planned.
pub fn change(old: &Standing, new: &Standing) -> String {
    let mut text = String::new();
    let has_codes = old.state == new.state && old.code != new.code;
    for (index, standing) in [old, new].into_iter().enumerate() {
        text.push_str(if index == 0 { "" } else { " -> " });
        text.push_str(standing.state.word());
        if let Some(code) = standing.code.filter(|_| has_codes) {
            let _ = write!(text, " {code}");
        }
        text.push_str(if standing.planned { " maint" } else { "" });
    }
    if !new.reason.is_empty() {
        let _ = write!(text, " ({})", new.reason);
    }
    text
}

impl fmt::Display for Transition {
    /// The line of the log: `web/oco/192.0.2.11: ok -> ko (refused), 3 of 3 probes, was ok for 4d 2h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, change(&self.old, &self.new))?;
        if let Some((count, needed)) = self.probes {
            write!(f, ", {count} of {needed} probes")?;
        }
        if self.is_of_state() && self.old.state != State::Unknown {
            let length = rough_millis(self.at.since(self.old_since));
            write!(f, ", was {} for {length}", self.old.state)?;
        }
        if let Some(dependency) = &self.depends_on {
            write!(f, ", while {dependency}")?;
        }
        Ok(())
    }
}

/// [`rough`] of so many milliseconds; of less than none, that of none.
pub fn rough_millis(millis: i64) -> String {
    rough(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

/// Units in seconds, as humantime has them.
const UNITS: [(u64, &str); 6] =
    [(31_557_600, "y"), (2_630_016, "mo"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];

/// A length for people, to its two largest units: `4d 2h`, `3m 20s`, `250ms`. Pages have a hundred thousand of them.
pub fn rough(length: Duration) -> String {
    let mut text = String::new();
    let mut left = length.as_secs();
    let mut words = 0;
    for (unit, word) in UNITS {
        let count = left / unit;
        left %= unit;
        if count > 0 && words < 2 {
            let space = if words > 0 { " " } else { "" };
            // A string takes everything.
            let _ = write!(text, "{space}{count}{word}");
            words += 1;
        }
    }
    match length.subsec_millis() {
        _ if words > 0 => text,
        0 => "0s".to_owned(),
        millis => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::code::Code;
    use oco::logic::time::spoken;
    use proptest::prelude::*;

    fn standing(code: u16, reason: &str) -> Standing {
        Standing::of_code(Code::new(code).unwrap(), reason)
    }

    #[test]
    fn a_transition_is_one_line() {
        let mut transition = Transition {
            name: ObjectName::parse("web/oco/192.0.2.11").unwrap(),
            at: Millis((4 * 24 + 2) * 3_600_000 + 65_000),
            old: standing(200, ""),
            old_since: Millis(0),
            new: standing(300, "refused"),
            probes: Some((3, 3)),
            depends_on: None,
        };
        let line = "web/oco/192.0.2.11: ok -> ko (refused), 3 of 3 probes, was ok for 4d 2h";
        assert_eq!(transition.to_string(), line);
        transition.depends_on = ObjectName::parse("gateway/ping").ok();
        assert_eq!(transition.to_string(), format!("{line}, while gateway/ping"));
        transition.old = Standing::default();
        (transition.probes, transition.depends_on) = (None, None);
        assert_eq!(transition.to_string(), "web/oco/192.0.2.11: unknown -> ko (refused)");
    }

    #[test]
    fn codes_are_shown_where_only_they_differ() {
        let (old, mut new) = (standing(300, "a"), standing(500, "b"));
        assert_eq!(change(&old, &new), "ko 300 -> ko 500 (b)");
        new.planned = true;
        assert_eq!(change(&old, &new), "ko 300 -> ko 500 maint (b)");
        assert_eq!(change(&standing(200, ""), &standing(210, "")), "ok -> but");
        assert_eq!(change(&old, &standing(300, "c")), "ko -> ko (c)");
    }

    #[test]
    fn lengths_have_two_units() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (3_661, "1h 1m"), (400 * 86_400, "1y 1mo"), (86_400, "1d")]
        {
            assert_eq!(rough(Duration::from_secs(seconds)), text);
        }
    }

    proptest! {
        #[test]
        fn a_length_is_the_beginning_of_what_is_spoken(
            millis in prop_oneof![0..2000_u64, 0..100_000_000_u64, 0..4_000_000_000_000_u64],
        ) {
            let length = Duration::from_millis(millis);
            let short = |word: &str| {
                word.replace("days", "d").replace("day", "d").replace("months", "mo").replace("month", "mo")
                    .replace("years", "y").replace("year", "y")
            };
            let words: Vec<String> = spoken(length).split(' ').take(2).map(short).collect();
            prop_assert_eq!(rough(length), words.join(" "));
        }
    }
}
