//! Times, lengths and shares as a report shows them, to people and to programs.

use jiff::Timestamp;
use oco_fleet::availability::Percent;
use oco_fleet::calendar::Zone;
use oco_fleet::time::Millis;

/// Nothing to show.
pub const NONE: &str = "\u{2013}";

/// A length without a remainder, `1d 2h 3m 4s`; of less than a second `250ms`; below zero with a minus before it.
pub fn length(millis: i64) -> String {
    if millis == 0 {
        return "0s".to_owned();
    }
    let sign = if millis < 0 { "-" } else { "" };
    let all = millis.unsigned_abs();
    if all < 1000 {
        return format!("{sign}{all}ms");
    }
    let seconds = all / 1000;
    let units =
        [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let words = units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}"));
    format!("{sign}{}", words.collect::<Vec<_>>().join(" "))
}

/// `99.950 %`, or that there is nothing to tell.
pub fn percent(share: Option<Percent>) -> String {
    share.map_or_else(|| "no data".to_owned(), |share| format!("{share} %"))
}

/// A time for people, `2026-10-25 14:00:07`; with the offset where clocks show it twice.
pub fn time(at: Millis, zone: &Zone) -> String {
    shown(at, zone, "%Y-%m-%d %H:%M:%S")
}

/// The same without seconds where there are none.
pub fn minute(at: Millis, zone: &Zone) -> String {
    let is_whole = at.0.rem_euclid(60_000) == 0;
    shown(at, zone, if is_whole { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" })
}

fn shown(at: Millis, zone: &Zone, format: &str) -> String {
    let zoned = timestamp(at).to_zoned_datetime(zone.time_zone().clone());
    let is_twice = zone.time_zone().to_ambiguous_timestamp(zoned.datetime()).is_ambiguous();
    let text = zoned.datetime().strftime(format).to_string();
    if is_twice { format!("{text} {}", zoned.strftime("%:z")) } else { text }
}

/// A time for programs: RFC 3339 with the offset of the zone, to the millisecond where it has some.
pub fn rfc3339(at: Millis, zone: &Zone) -> String {
    let at = timestamp(at);
    at.display_with_offset(zone.time_zone().to_offset(at)).to_string()
}

/// `+01:00`, that of the zone at a time; of the zone's name nobody can tell.
pub fn zone_name(zone: &Zone) -> String {
    zone.name().map_or_else(|| "the host's".to_owned(), str::to_owned)
}

fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A name for people: a part that was reported as its sender wrote it, where that can be shown; marks that turn the
/// direction of text, and controls, as `U+XXXX`.
pub fn name(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let part = |part: &str| {
        let decoded = oco_fleet::object::decode(part).and_then(|octets| String::from_utf8(octets).ok());
        // Blanks and slashes of a part would be taken for those between the parts.
        match decoded {
            Some(decoded) if !decoded.contains('/') => visible(&decoded),
            Some(_) | None => part.to_owned(),
        }
    };
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A text without anything that is not seen where it stands: controls and marks of direction as `U+XXXX`.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_mark = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c == '\n' || c == '\t' {
            shown.push(' ');
        } else if c.is_control() || is_mark {
            shown.push_str(&format!("U+{:04X}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_have_all_their_units() {
        for (millis, text) in [
            (0, "0s"),
            (250, "250ms"),
            (1_999, "1s"),
            (-61_000, "-1m 1s"),
            (86_400_000 * 400 + 3_600_000, "400d 1h"),
            (i64::MIN, "-106751991167d 7h 12m 55s"),
        ] {
            assert_eq!(length(millis), text);
        }
    }

    #[test]
    fn times_that_come_twice_have_their_offset() {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let at = |text: &str| Millis(text.parse::<Timestamp>().unwrap().as_millisecond());
        for (text, shown, minutes, written) in [
            (
                "2026-10-25T00:30:00Z",
                "2026-10-25 02:30:00 +02:00",
                "2026-10-25 02:30 +02:00",
                "2026-10-25T02:30:00+02:00",
            ),
            (
                "2026-10-25T01:30:05Z",
                "2026-10-25 02:30:05 +01:00",
                "2026-10-25 02:30:05 +01:00",
                "2026-10-25T02:30:05+01:00",
            ),
            (
                "2026-10-25T12:00:00.5Z",
                "2026-10-25 13:00:00",
                "2026-10-25 13:00:00",
                "2026-10-25T13:00:00.5+01:00",
            ),
        ] {
            let at = at(text);
            assert_eq!((time(at, &zone), minute(at, &zone)), (shown.to_owned(), minutes.to_owned()));
            assert_eq!(rfc3339(at, &zone), written);
        }
        assert_eq!(percent(Some(Percent(99_950))), "99.950 %");
    }

    #[test]
    fn names_are_shown_as_they_were_sent() {
        for (text, shown) in [
            ("web/oco/a", "web/oco/a"),
            ("push/a%20b/%D9%85", "push/a b/\u{645}"),
            ("push/web%2Foco/a", "push/web%2Foco/a"),
            ("push/a/%E2%80%AEx", "push/a/U+202Ex"),
            ("push/a/%FF", "push/a/%FF"),
            ("web/oco/fe80::1%eth0", "web/oco/fe80::1%eth0"),
        ] {
            assert_eq!(name(text), shown);
        }
        assert_eq!(visible("a\u{1b}[1m\nb"), "aU+001B[1m b");
    }

    proptest! {
        #[test]
        fn any_time_and_length_has_words(millis in any::<i64>()) {
            let zone = Zone::parse(Some("Pacific/Apia")).unwrap();
            prop_assert!(!length(millis).is_empty() && !time(Millis(millis), &zone).is_empty());
            prop_assert!(!rfc3339(Millis(millis), &zone).is_empty());
        }
    }
}
