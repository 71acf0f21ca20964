//! Times and ages as a page shows them. A page is of one minute: what it shows changes with the minute at most. So an age
//! is the difference of two minutes on the wall, as they stand on the page: never fewer minutes than passed, and at most
//! one more. Seconds are told of nothing that goes on, for nobody knows them a moment later.

use jiff::Timestamp;
use oco_fleet::calendar::Zone;
use oco_fleet::time::Millis;
use oco_fleet::when::rfc3339_in;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// A time that is further away is shown with its year.
const YEAR_SHOWN: i64 = 300 * DAY;

/// Shows times in a zone, as of a minute.
#[derive(Debug, Clone)]
pub struct Clock {
    now: Millis,
    zone: Zone,
}

/// A time that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moment {
    /// For people: `28 Nov 07:12`.
    pub text: String,
    /// For programs, RFC 3339 with the zone's offset.
    pub iso: String,
    /// How long ago, for lists: `<1m`, `3h`. What is to come, by a clock that goes ahead, is fresh.
    pub age: String,
    /// The same in a sentence: `under a minute`, `3h`.
    pub ago: String,
}

/// An age of less than a minute, in lists.
const FRESH: &str = "<1m";
/// The same in a sentence.
const FRESH_IN_WORDS: &str = "under a minute";

impl Clock {
    /// As of the minute in which `now` lies.
    pub fn new(now: Millis, zone: Zone) -> Clock {
        Clock { now: minute_of(now), zone }
    }

    /// The minute.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// A time, to the minute.
    pub fn moment(&self, at: Millis) -> Moment {
        let is_far = self.now.since(at).saturating_abs() > YEAR_SHOWN;
        let text = self.format(at, if is_far { "%-d %b %Y %H:%M" } else { "%-d %b %H:%M" });
        Moment { text, iso: rfc3339_in(at, self.zone.time_zone()), ..aged(self.minutes_since(at)) }
    }

    /// How long what began then goes on, in a sentence: `under a minute`, `3h 5m`.
    pub fn going_on(&self, since: Millis) -> String {
        match self.minutes_since(since) {
            ..MINUTE => FRESH_IN_WORDS.to_owned(),
            length => length_of_two(length),
        }
    }

    /// In whole minutes of the wall.
    fn minutes_since(&self, at: Millis) -> i64 {
        self.now.since(minute_of(at)).max(0)
    }

    /// A time, to the second, for logs.
    pub fn exact(&self, at: Millis) -> Moment {
        Moment { text: self.format(at, "%-d %b %Y %H:%M:%S"), ..self.moment(at) }
    }

    /// The hour and minute.
    pub fn hour(&self, at: Millis) -> String {
        self.format(at, "%H:%M")
    }

    /// The day.
    pub fn day(&self, at: Millis) -> String {
        self.format(at, "%-d %b")
    }

    /// The month.
    pub fn month(&self, at: Millis) -> String {
        self.format(at, "%b %Y")
    }

    fn format(&self, at: Millis, format: &str) -> String {
        let Ok(at) = Timestamp::from_millisecond(at.0) else { return "?".to_owned() };
        self.zone.time_zone().to_datetime(at).strftime(format).to_string()
    }
}

/// A moment so long ago, of which only that is known.
pub fn aged(millis: i64) -> Moment {
    if millis < MINUTE {
        return Moment { age: FRESH.to_owned(), ago: FRESH_IN_WORDS.to_owned(), ..Moment::default() };
    }
    let age = length(millis);
    Moment { ago: age.clone(), age, ..Moment::default() }
}

/// When the minute of a time begins.
fn minute_of(at: Millis) -> Millis {
    Millis(at.0.saturating_sub(at.0.rem_euclid(MINUTE)))
}

/// A length of a minute at least in its largest unit, for lists: `5m`, `3h`, `12d`, `2y`.
fn length(millis: i64) -> String {
    let (unit, letter) = match millis {
        ..HOUR => (MINUTE, 'm'),
        HOUR..DAY => (HOUR, 'h'),
        DAY..YEAR => (DAY, 'd'),
        YEAR.. => (YEAR, 'y'),
    };
    format!("{}{letter}", millis / unit)
}

/// A length in its two largest units, for what people compare: `3h 5m`.
pub fn length_of_two(millis: i64) -> String {
    oco_fleet::transition::rough_millis(if millis >= SECOND { millis - millis % SECOND } else { millis })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25T10:00:30Z.
    const NOW: i64 = 1_795_600_830_000;

    #[test]
    fn a_page_is_of_a_minute() {
        let clock = |now| Clock::new(Millis(now), Zone::UTC);
        let at = Millis(NOW - 5 * MINUTE);
        assert_eq!(clock(NOW).moment(at), clock(NOW + 20 * SECOND).moment(at));
        let moment = clock(NOW).moment(at);
        assert_eq!((moment.text.as_str(), moment.age.as_str()), ("25 Nov 09:55", "5m"));
        assert_eq!(moment.iso, "2026-11-25T09:55:30+00:00");
        assert_eq!(clock(NOW).moment(Millis(NOW - YEAR)).text, "25 Nov 2025 10:00");
        assert_eq!(clock(NOW).moment(Millis(i64::MAX)).text, "?");
    }

    #[test]
    fn an_age_is_never_younger_than_what_it_is_of_and_has_no_seconds() {
        for second in 0..60 {
            let now = NOW - 30 * SECOND + second * SECOND;
            let clock = Clock::new(Millis(now), Zone::UTC);
            for old in 0..200 {
                let at = Millis(now - old * SECOND);
                let (age, ago) = (clock.moment(at).age, clock.moment(at).ago);
                let minutes = age.strip_suffix('m').unwrap().parse().unwrap_or(0);
                assert!(minutes == old / 60 || minutes == old / 60 + 1, "{old} s at {second}: {age}");
                assert_eq!(minutes == 0, age == "<1m" && ago == "under a minute", "{age}, {ago}");
                assert_eq!(clock.going_on(at), ago);
            }
            assert_eq!(clock.moment(Millis(now + HOUR)).age, "<1m");
        }
        let clock = Clock::new(Millis(NOW), Zone::UTC);
        assert_eq!(clock.going_on(Millis(NOW - 3 * HOUR - 5 * MINUTE)), "3h 5m");
    }

    #[test]
    fn lengths_have_one_unit() {
        for (millis, text) in [(MINUTE, "1m"), (HOUR, "1h"), (50 * HOUR, "2d"), (800 * DAY, "2y")] {
            assert_eq!(length(millis), text);
        }
        assert_eq!(length_of_two(3 * HOUR + 5 * MINUTE + 7), "3h 5m");
    }
}
