//! Weekly hours: `mon-fri 08:00-18:00, sat 22:00-02:00`. They hold while a clock on the wall shows them.
//!
//! So a window from 02:00 to 04:00 has one hour on the day on which the clock jumps from 02:00 to 03:00, and three on
//! the day on which it goes from 03:00 back to 02:00; one from 02:15 to 02:45 does not come on the first and comes twice
//! on the second. No time is counted twice, none is left out, and `contains` and `windows` agree to the millisecond.

use super::zone::{Stretch, Zone};
use crate::time::Millis;
use std::fmt;

/// How many windows hours may have: more is a slip, and each costs at every look.
pub const HOURS_WINDOWS: usize = 64;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
const WEEK: i64 = 7 * DAY;
/// A Monday's midnight: 1970 began with a Thursday.
const A_MONDAY: i64 = 4 * DAY;

/// Weekly hours, at least one minute of a week. [`Display`](fmt::Display) writes what [`Hours::parse`] reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    windows: Box<[Window]>,
    /// Milliseconds of the week that begins on Monday: sorted, apart from each other.
    week: Box<[(i64, i64)]>,
}

/// One window, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    /// The days on which it begins, both in it, over the week's end where the last is before the first.
    days: (usize, usize),
    /// Minutes of the day. Where the end is not after the start it is one of the next day.
    start: i64,
    end: i64,
}

impl Hours {
    /// Reads hours: windows by comma, each a day or a range of days, a blank, and `HH:MM-HH:MM`.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn parse(text: &str) -> Result<Hours, String> {
        let windows: Vec<Window> =
            text.split(',').map(|part| Window::parse(part.trim())).collect::<Result<_, _>>()?;
        if windows.len() > HOURS_WINDOWS {
            return Err(format!("{} windows; expected at most {HOURS_WINDOWS}", windows.len()));
        }
        let mut week: Vec<(i64, i64)> = windows.iter().flat_map(|window| window.of_week()).collect();
        week.sort_unstable();
        let week = join(week).into_boxed_slice();
        Ok(Hours { windows: windows.into_boxed_slice(), week })
    }

    /// Whether `at` lies in them.
    pub fn contains(&self, at: Millis, zone: &Zone) -> bool {
        self.holds(at.0.saturating_add(zone.offset(at)))
    }

    /// Their windows in [from, to), half-open, sorted and apart from each other, cut at both ends.
    pub fn windows(&self, from: Millis, to: Millis, zone: &Zone) -> Vec<(Millis, Millis)> {
        let pieces = zone.stretches(from, to).flat_map(|stretch| self.windows_of(stretch)).collect();
        join(pieces)
    }

    /// When that changes next after `at`, and whether they hold from then on. None: they always hold.
    pub fn next_change(&self, at: Millis, zone: &Zone) -> Option<(Millis, bool)> {
        if matches!(*self.week, [(0, WEEK)]) {
            return None;
        }
        let holds = self.contains(at, zone);
        zone.stretches(at, Millis(i64::MAX)).find_map(|stretch| self.change_within(stretch, holds))
    }

    /// The first moment of a stretch in which `holds` is no longer so.
    fn change_within(&self, stretch: Stretch, holds: bool) -> Option<(Millis, bool)> {
        let on_wall = stretch.from.0.saturating_add(stretch.offset);
        if self.holds(on_wall) != holds {
            return Some((stretch.from, !holds));
        }
        let this_week = on_wall.saturating_sub(of_week(on_wall));
        // Where they hold over the week's end, the next edge is one of the next week.
        let edges = [this_week, this_week.saturating_add(WEEK)].into_iter().flat_map(|week| {
            self.week
                .iter()
                .flat_map(move |(start, end)| [week.saturating_add(*start), week.saturating_add(*end)])
        });
        let mut later = edges.filter(|edge| *edge > on_wall);
        let change = Millis(later.find(|edge| self.holds(*edge) != holds)?.saturating_sub(stretch.offset));
        (change < stretch.to).then_some((change, !holds))
    }

    fn windows_of(&self, stretch: Stretch) -> impl Iterator<Item = (Millis, Millis)> {
        let (from, to) = (stretch.from.0 + stretch.offset, stretch.to.0 + stretch.offset);
        let mut week = from - of_week(from);
        let weeks = std::iter::from_fn(move || {
            let this = week;
            week += WEEK;
            (this < to).then_some(this)
        });
        let windows =
            weeks.flat_map(|week| self.week.iter().map(move |window| (week + window.0, week + window.1)));
        windows
            .map(move |(start, end)| (start.max(from), end.min(to)))
            .filter(|(start, end)| start < end)
            .map(move |(start, end)| (Millis(start - stretch.offset), Millis(end - stretch.offset)))
    }

    /// Whether they hold while a clock on the wall shows `wall`, milliseconds since its 1970 began.
    fn holds(&self, wall: i64) -> bool {
        let at = of_week(wall);
        self.week.iter().any(|(start, end)| (*start..*end).contains(&at))
    }
}

/// The millisecond of the week.
fn of_week(wall: i64) -> i64 {
    wall.saturating_sub(A_MONDAY).rem_euclid(WEEK)
}

/// Sorted windows, those joined that touch or overlap.
fn join<T: Ord + Copy>(windows: Vec<(T, T)>) -> Vec<(T, T)> {
    let mut joined: Vec<(T, T)> = Vec::with_capacity(windows.len());
    for (start, end) in windows {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

impl Window {
    fn parse(text: &str) -> Result<Window, String> {
        let expected =
            || format!("{text:?}: expected DAY or DAY-DAY and HH:MM-HH:MM, as mon-fri 08:00-18:00");
        let (days, times) = text.split_once(char::is_whitespace).ok_or_else(expected)?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (start, end) = times.trim_start().split_once('-').ok_or_else(expected)?;
        let window = Window {
            days: (parse_day(first)?, parse_day(last)?),
            start: parse_time(start)?,
            end: parse_time(end)?,
        };
        if window.start == 1_440 {
            return Err("a start at 24:00; expected 00:00 to 23:59".to_owned());
        }
        if window.start == window.end {
            return Err(format!(
                "{times:?}: no time; expected an end other than its start, 00:00-24:00 for a day"
            ));
        }
        Ok(window)
    }

    /// Its milliseconds of the week; what reaches over the week's end in two pieces.
    fn of_week(&self) -> impl Iterator<Item = (i64, i64)> {
        let (first, last) = self.days;
        let count = (last + 7 - first) % 7 + 1;
        let length = (self.end - self.start).rem_euclid(1_440);
        let length = if length == 0 { DAY } else { length * MINUTE };
        let start = self.start * MINUTE;
        let days = (0..7_i64).cycle().skip(first).take(count);
        days.flat_map(move |day| {
            let (start, end) = (day * DAY + start, day * DAY + start + length);
            [(start, end.min(WEEK)), (0, end - WEEK)].into_iter().filter(|(start, end)| start < end)
        })
    }
}

fn parse_day(word: &str) -> Result<usize, String> {
    let day = DAYS.iter().position(|day| day.eq_ignore_ascii_case(word));
    day.ok_or_else(|| format!("day {word:?}: expected mon, tue, wed, thu, fri, sat or sun"))
}

/// Minutes since midnight.
fn parse_time(text: &str) -> Result<i64, String> {
    let number = |digits: &str, longest: usize| {
        let is_number =
            (1..=longest).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
        is_number.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let parts = text.split_once(':').filter(|(_, minutes)| minutes.len() == 2);
    let parts = parts.and_then(|(hours, minutes)| Some((number(hours, 2)?, number(minutes, 2)?)));
    match parts {
        Some((hours @ 0..=23, minutes @ 0..=59)) => Ok(hours * 60 + minutes),
        Some((24, 0)) => Ok(1_440),
        _ => Err(format!("time {text:?}: expected HH:MM, 00:00 to 24:00")),
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, window) in self.windows.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            window.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: usize| DAYS.get(day).copied().unwrap_or_default();
        f.write_str(day(self.days.0))?;
        if self.days.0 != self.days.1 {
            write!(f, "-{}", day(self.days.1))?;
        }
        let (start, end) = (self.start, self.end);
        write!(f, " {:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

#[cfg(test)]
mod tests;
