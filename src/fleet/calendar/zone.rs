//! A time zone: which offset holds when, and where a day begins. It must not know hours or periods.

use crate::time::Millis;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A time zone. It is cheap to clone, and once made it reads no file any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A stretch of time in which one offset holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// From then on,
    pub(super) from: Millis,
    /// until before then,
    pub(super) to: Millis,
    /// a clock on the wall shows so many milliseconds more than UTC.
    pub(super) offset: i64,
}

impl Zone {
    /// UTC, which needs no database.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone of this name; without one the host's, which is UTC where the host does not say.
    ///
    /// # Errors
    /// There is no such zone; the words say what was expected.
    pub fn parse(name: Option<&str>) -> Result<Zone, String> {
        let Some(name) = name else { return Ok(Zone(TimeZone::system())) };
        let expected = "expected a name of the time zone database, as Europe/Paris or UTC";
        TimeZone::get(name).map(Zone).map_err(|_| format!("time zone {name:?}: not known; {expected}"))
    }

    /// Its name, where it has one.
    pub fn name(&self) -> Option<&str> {
        self.0.iana_name()
    }

    /// What jiff calls it, for who writes times.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// The day that a clock on the wall shows.
    pub fn date(&self, at: Millis) -> Date {
        self.on_the_wall(at).date()
    }

    /// What a clock on the wall shows.
    pub fn on_the_wall(&self, at: Millis) -> DateTime {
        self.0.to_datetime(timestamp(at))
    }

    /// The first moment of a day: midnight, or the moment to which the clock was put where that jumped over midnight.
    /// Where it shows midnight twice, the first.
    pub fn day_start(&self, date: Date) -> Millis {
        self.first(date.at(0, 0, 0, 0))
    }

    /// The first moment at which a clock on the wall shows this, or the moment at which it was put over that.
    pub fn first(&self, shown: DateTime) -> Millis {
        let moment = self.0.to_ambiguous_timestamp(shown);
        let is_in_gap = matches!(moment.offset(), AmbiguousOffset::Gap { .. });
        // Only the first and the last days that jiff knows have moments that it does not.
        let Ok(later) = moment.compatible() else {
            return if shown.year() < 1970 { millis(Timestamp::MIN) } else { millis(Timestamp::MAX) };
        };
        let jump = || self.0.preceding(timestamp(Millis(millis(later).0.saturating_add(1)))).next();
        match is_in_gap.then(jump).flatten() {
            Some(jump) => millis(jump.timestamp()),
            None => millis(later),
        }
    }

    /// How many milliseconds more than UTC a clock on the wall shows.
    pub(super) fn offset(&self, at: Millis) -> i64 {
        i64::from(self.0.to_offset(timestamp(at)).seconds()).saturating_mul(1_000)
    }

    /// The stretches of [from, to), one after the other without a hole. What jiff does not know is left out.
    pub(super) fn stretches(&self, from: Millis, to: Millis) -> impl Iterator<Item = Stretch> {
        let (mut from, to) = (millis(timestamp(from)), to.min(millis(Timestamp::MAX)));
        let mut offset = self.offset(from);
        let mut jumps = self.0.following(timestamp(from));
        std::iter::from_fn(move || {
            if from >= to {
                return None;
            }
            let jump = jumps.next();
            let end = jump.as_ref().map_or(to, |jump| millis(jump.timestamp()).min(to));
            let stretch = Stretch { from, to: end, offset };
            from = end;
            offset = jump.map_or(offset, |jump| i64::from(jump.offset().seconds()).saturating_mul(1_000));
            Some(stretch)
        })
    }
}

/// As jiff has it; what lies beyond its years is its first or last moment.
pub(super) fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// The millisecond in which a moment lies.
pub(super) fn millis(at: Timestamp) -> Millis {
    Millis(i64::try_from(at.as_nanosecond().div_euclid(1_000_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    pub(crate) fn at(text: &str) -> Millis {
        millis(text.parse().unwrap())
    }

    #[test]
    fn a_zone_is_known_or_the_words_say_so() {
        assert_eq!(Zone::parse(Some("Europe/Paris")).unwrap().name(), Some("Europe/Paris"));
        assert_eq!(Zone::parse(Some("UTC")), Ok(Zone::UTC));
        assert!(Zone::parse(None).is_ok());
        for bad in ["Europe/Pari", "", "../etc/passwd", "/etc/localtime", "CET+1"] {
            let words = Zone::parse(Some(bad)).unwrap_err();
            assert!(words.contains(bad) && words.contains("expected"), "{words}");
        }
    }

    #[test]
    fn days_begin_where_the_wall_says() {
        for (zone, day, start) in [
            ("Europe/Paris", date(2026, 3, 29), "2026-03-28T23:00:00Z"),
            ("Europe/Paris", date(2026, 3, 30), "2026-03-29T22:00:00Z"),
            // The clock jumps from 23:30 to 00:30: the day begins at 00:30.
            ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00Z"),
            // It jumps from 00:00 to 01:00.
            ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00Z"),
            // It shows 00:00 twice.
            ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00Z"),
            // It leaves a day out: that has no time.
            ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00Z"),
        ] {
            let zone = Zone::parse(Some(zone)).unwrap();
            assert_eq!(zone.day_start(day), at(start), "{zone:?} {day}");
        }
    }

    #[test]
    fn the_ends_of_all_time_are_met_without_a_fault() {
        let zone = Zone::parse(Some("Asia/Tokyo")).unwrap();
        for at in [Millis(i64::MIN), Millis(i64::MAX), millis(Timestamp::MIN), millis(Timestamp::MAX)] {
            let _ = (zone.day_start(zone.date(at)), zone.offset(at));
        }
        assert_eq!(
            zone.stretches(Millis(i64::MIN), Millis(i64::MAX)).next().unwrap().from,
            millis(Timestamp::MIN)
        );
        assert_eq!(zone.stretches(Millis(5), Millis(5)).count(), 0);
    }

    #[test]
    fn stretches_have_no_hole() {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let stretches: Vec<Stretch> = zone.stretches(from, to).collect();
        let offsets: Vec<i64> = stretches.iter().map(|stretch| stretch.offset / 3_600_000).collect();
        assert_eq!(offsets, [1, 2, 1]);
        assert_eq!((stretches[0].from, stretches[2].to), (from, to));
        assert_eq!((stretches[0].to, stretches[1].to), (stretches[1].from, stretches[2].from));
        assert_eq!(stretches[1].from, at("2026-03-29T01:00:00Z"));
    }
}
