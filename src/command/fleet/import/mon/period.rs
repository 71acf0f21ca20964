//! Perl's Time::Period, `wd {Mon-Fri} hr {7am-10pm}`, as weekly hours, `mon-fri 07:00-23:00`.

/// The scales by their names and codes.
const SCALES: [[&str; 2]; 9] = [
    ["year", "yr"],
    ["month", "mo"],
    ["week", "wk"],
    ["yday", "yd"],
    ["mday", "md"],
    ["wday", "wd"],
    ["hour", "hr"],
    ["minute", "min"],
    ["second", "sec"],
];
/// Days as Time::Period has them, from Sunday on, and as hours have them, from Monday on.
const PERL_DAYS: [&str; 7] = ["su", "mo", "tu", "we", "th", "fr", "sa"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Windows that hours may have.
const WINDOWS: usize = 64;

/// When a period holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Times {
    Always,
    Never,
    /// Weekly hours.
    Hours(String),
    /// Something that weekly hours can't say.
    Other,
}

/// The hours of a week, from Monday on.
type Week = [[bool; 24]; 7];

/// Reads a period.
///
/// # Errors
/// Time::Period would not take it; the words say what was expected.
pub(super) fn times(text: &str) -> Result<Times, String> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "" => return Ok(Times::Always),
        "none" => return Ok(Times::Never),
        _ => {}
    }
    let mut week: Week = [[false; 24]; 7];
    let mut is_other = false;
    for part in text.split(',') {
        match sub_period(part) {
            Some(Some((days, hours))) => {
                for (row, _) in week.iter_mut().zip(days).filter(|(_, is_in)| *is_in) {
                    row.iter_mut().zip(hours).for_each(|(hour, is_in)| *hour |= is_in);
                }
            }
            Some(None) => is_other = true,
            None => return Err(format!("period {text:?}: expected one as wd {{Mon-Fri}} hr {{7am-10pm}}")),
        }
    }
    if is_other {
        return Ok(Times::Other);
    }
    Ok(written(&week))
}

/// The days, from Monday on, and the hours of a sub-period. None in it: it has other scales too. None: it is malformed.
fn sub_period(text: &str) -> Option<Option<([bool; 7], [bool; 24])>> {
    let (mut days, mut hours): (Option<[bool; 7]>, Option<[bool; 24]>) = (None, None);
    let mut is_other = false;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (scale, behind) = rest.split_once('{')?;
        let (ranges, behind) = behind.split_once('}')?;
        rest = behind.trim_start();
        let known = SCALES.iter().find(|names| names.contains(&scale.trim()))?;
        match known {
            ["wday", _] => mark(days.get_or_insert([false; 7]), ranges, day)?,
            ["hour", _] => mark(hours.get_or_insert([false; 24]), ranges, hour)?,
            _ => is_other = true,
        }
    }
    let found = (days.unwrap_or([true; 7]), hours.unwrap_or([true; 24]));
    Some((!is_other).then_some(found))
}

/// Marks what ranges say; one whose end is before its beginning goes round.
fn mark(marks: &mut [bool], ranges: &str, value: fn(&str) -> Option<usize>) -> Option<()> {
    let joined = ranges.split('-').map(str::trim).collect::<Vec<_>>().join("-");
    for range in joined.split_whitespace() {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (value(first)?, value(last)?);
        for (at, mark) in marks.iter_mut().enumerate() {
            *mark |= if first <= last { (first..=last).contains(&at) } else { at >= first || at <= last };
        }
    }
    Some(())
}

/// A day from Monday on: `1` and `Sunday` are the last.
fn day(text: &str) -> Option<usize> {
    let perl = match text.parse::<usize>() {
        Ok(number) => number.checked_sub(1).filter(|day| *day < 7)?,
        Err(_) => PERL_DAYS.iter().position(|day| text.starts_with(day))?,
    };
    Some((perl + 6) % 7)
}

/// An hour: `0` to `23`, `12am`, `1pm`, `12noon`.
fn hour(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, half) = text.split_at_checked(end)?;
    let number: usize = digits.parse().ok()?;
    match (number, half) {
        (0..=23, "") => Some(number),
        (12, "am") => Some(0),
        (12, "noon" | "pm") => Some(12),
        (1..=11, "am") => Some(number),
        (1..=11, "pm") => Some(number + 12),
        _ => None,
    }
}

/// The windows of a week, days that are alike together.
fn written(week: &Week) -> Times {
    if week.iter().flatten().all(|is_in| *is_in) {
        return Times::Always;
    }
    let mut windows = Vec::new();
    let mut rest = week.iter().zip(DAYS).peekable();
    while let Some((row, first)) = rest.next() {
        let mut last = first;
        while let Some((_, day)) = rest.next_if(|(other, _)| *other == row) {
            last = day;
        }
        let days = if first == last { first.to_owned() } else { format!("{first}-{last}") };
        windows.extend(runs(row).into_iter().map(|(from, to)| format!("{days} {from:02}:00-{to:02}:00")));
    }
    match windows.len() {
        0 => Times::Never,
        1..=WINDOWS => Times::Hours(windows.join(", ")),
        _ => Times::Other,
    }
}

/// Hours in a row, the end not in it.
fn runs(row: &[bool; 24]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for hour in row.iter().enumerate().filter_map(|(hour, is_in)| is_in.then_some(hour)) {
        match runs.last_mut() {
            Some(last) if last.1 == hour => last.1 = hour + 1,
            _ => runs.push((hour, hour + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_become_hours() {
        for (text, hours) in [
            ("wd {Mon-Fri} hr {7am-10pm}", "mon-fri 07:00-23:00"),
            ("wd {Sat-Sun}", "sat-sun 00:00-24:00"),
            (
                "wd {Mon-Fri} hr {10pm-7am}, wd {Sat Sun}",
                "mon-fri 00:00-08:00, mon-fri 22:00-24:00, sat-sun 00:00-24:00",
            ),
            ("wd{Tue Thu}hr{ 9am - 2pm }", "tue 09:00-15:00, thu 09:00-15:00"),
            ("WDAY {1} hour {12noon}", "sun 12:00-13:00"),
            ("wd {Fri-Mon} hr {0}", "mon 00:00-01:00, fri-sun 00:00-01:00"),
            ("wd {mo} wd {tu}", "mon-tue 00:00-24:00"),
        ] {
            assert_eq!(times(text), Ok(Times::Hours(hours.to_owned())), "{text}");
        }
        for text in ["", "  ", "wd {Sun-Sat}", "hr {0-23}", "wd {Mon-Fri}, wd {Sat Sun}"] {
            assert_eq!(times(text), Ok(Times::Always), "{text}");
        }
        for text in ["none", "wd {}"] {
            assert_eq!(times(text), Ok(Times::Never), "{text}");
        }
        for text in ["mo {Nov-Feb}", "wd {1 3 5 7} min {0-29}", "wd {Mon}, md {1}"] {
            assert_eq!(times(text), Ok(Times::Other), "{text}");
        }
        for text in
            ["x", "wd {Mon", "wd {x}", "hr {24}", "hr {13pm}", "wd {0}", ",", "wd {Mon},", "foo {1}", "wd}{"]
        {
            assert!(times(text).is_err(), "{text}");
        }
    }
}
