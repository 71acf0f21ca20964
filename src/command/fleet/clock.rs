//! Lengths of time for people, from the times of a reply and the time at which it was given: the watcher's clock alone.

use super::super::columns::short;
use std::time::{Duration, SystemTime};

/// What stands for a time that can't be read.
const NO_TIME: &str = "-";

/// When a reply was given.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Option<SystemTime>);

impl Clock {
    /// The clock of a reply that was given at this time, RFC 3339 in UTC.
    pub fn at(time: &str) -> Clock {
        Clock(read(time))
    }

    /// How long `since` is ago.
    pub fn since(self, since: &str) -> Option<Duration> {
        let (now, since) = (self.0?, read(since)?);
        // One that lies a moment ahead was just now.
        Some(now.duration_since(since).unwrap_or_default())
    }

    /// The same in a word.
    pub fn since_word(self, since: &str) -> String {
        self.since(since).map_or_else(|| NO_TIME.to_owned(), word)
    }

    /// How long it is to `until`, in a word. None where that has come.
    pub fn until_word(self, until: &str) -> Option<String> {
        let (now, until) = (self.0?, read(until)?);
        until.duration_since(now).ok().map(word)
    }
}

/// A length to the second, in a word.
pub fn word(length: Duration) -> String {
    short(Duration::from_secs(length.as_secs()))
}

fn read(time: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_replys_clock() {
        let clock = Clock::at("2026-11-25T10:00:00.250Z");
        assert_eq!(clock.since_word("2026-11-25T09:56:40Z"), "3m20s");
        assert_eq!(clock.since_word("2026-11-25T10:00:01Z"), "0s");
        assert_eq!(clock.since_word("2026-11-21T08:00:00Z"), "4d2h");
        assert_eq!(clock.until_word("2026-11-25T11:30:00.250Z").as_deref(), Some("1h30m"));
        assert_eq!(clock.until_word("2026-11-25T09:30:00Z"), None);
        for odd in [
            "",
            "x",
            "2026-11-25",
            "2026-11-25T10:00:00+01:00",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}T\u{e9}\u{e9}\u{e9}Z",
        ] {
            assert_eq!((clock.since_word(odd).as_str(), clock.until_word(odd)), ("-", None), "{odd}");
        }
        assert_eq!(Clock::at("").since_word("2026-11-25T09:56:40Z"), "-");
    }
}
