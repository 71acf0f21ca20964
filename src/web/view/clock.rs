//! Times and ages as a page shows them. A page is of one minute: what it shows changes with the minute at most.

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
    /// How long ago: `3h`. Of what is to come how long until then.
    pub age: String,
}

impl Clock {
    /// As of the minute in which `now` lies.
    pub fn new(now: Millis, zone: Zone) -> Clock {
        Clock { now: Millis(now.0.saturating_sub(now.0.rem_euclid(MINUTE))), zone }
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
        Moment { text, iso: rfc3339_in(at, self.zone.time_zone()), age: length(self.now.since(at).abs()) }
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

/// A length in its largest unit, for lists: `40s`, `5m`, `3h`, `12d`, `2y`.
pub fn length(millis: i64) -> String {
    let (unit, letter) = match millis {
        ..MINUTE => (SECOND, 's'),
        MINUTE..HOUR => (MINUTE, 'm'),
        HOUR..DAY => (HOUR, 'h'),
        DAY..YEAR => (DAY, 'd'),
        YEAR.. => (YEAR, 'y'),
    };
    format!("{}{letter}", millis.max(0) / unit)
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
        assert_eq!((moment.text.as_str(), moment.age.as_str()), ("25 Nov 09:55", "4m"));
        assert_eq!(moment.iso, "2026-11-25T09:55:30+00:00");
        assert_eq!(clock(NOW).moment(Millis(NOW - YEAR)).text, "25 Nov 2025 10:00");
        assert_eq!(clock(NOW).moment(Millis(i64::MAX)).text, "?");
    }

    #[test]
    fn lengths_have_one_unit() {
        for (millis, text) in
            [(-5, "0s"), (59_999, "59s"), (MINUTE, "1m"), (HOUR, "1h"), (50 * HOUR, "2d"), (800 * DAY, "2y")]
        {
            assert_eq!(length(millis), text);
        }
        assert_eq!(length_of_two(3 * HOUR + 5 * MINUTE + 7), "3h 5m");
    }
}
