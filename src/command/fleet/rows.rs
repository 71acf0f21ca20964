//! The rows of the table of a fleet: state and code, name, since, up/need/of, the last hour as a bar, and why; below
//! that who said what of it, and the targets that are not well.

use super::clock::Clock;
use super::items::{Group, Item, is_severe, own_marks};
use super::line::{Line, width};
use super::state::State;
use crate::logic::control::{ActStatus, TargetStatus};
use std::collections::BTreeMap;

/// The colour of a 5XX.
const INCIDENT: u8 = 35;
/// Columns of `ko 350` and of `unknown`.
const STATE_COLUMNS: usize = 7;
/// Names of what stands by itself, so that they part what stands below.
const BOLD: u8 = 1;
/// Columns between two columns.
const GAP: usize = 2;
/// How much of the width a name may take before it pushes what stands behind it: one in so many.
const NAME_SHARE: usize = 3;

/// How wide each column is.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    room: Option<usize>,
    name: usize,
    since: usize,
    up: usize,
    bar: usize,
    clock: Clock,
}

/// What a service, node or level says.
#[derive(Debug)]
pub struct Block {
    /// Its state.
    pub state: State,
    /// Its row, with all that has room in it.
    pub brief: Line,
    /// Its row and all below.
    pub full: Vec<Line>,
}

/// In how many pieces the last hour is shown on a terminal of this width: each has a whole number of minutes.
pub fn cells(room: Option<usize>) -> u32 {
    match room {
        Some(..70) => 6,
        Some(70..100) | None => 12,
        Some(100..120) => 20,
        Some(120..) => 30,
    }
}

impl Layout {
    /// Columns that are wide enough for all of these.
    pub fn of(
        items: &[Item<'_>],
        groups: &[Group<'_>],
        bars: &BTreeMap<String, String>,
        room: Option<usize>,
        clock: Clock,
    ) -> Layout {
        let targets = || items.iter().flat_map(|item| &item.targets);
        let names =
            items.iter().map(|item| width(item.name)).chain(groups.iter().map(|group| width(group.name)));
        let names = names.chain(targets().map(|target| width(&target.host) + GAP));
        let most = room.map_or(usize::MAX, |room| room / NAME_SHARE);
        let sinces = items.iter().map(|item| item.since).chain(groups.iter().map(|group| group.since));
        let sinces = sinces.chain(targets().map(|target| target.since.as_str()));
        let bar = bars.values().map(String::len).max().unwrap_or(0);
        let up = items.iter().map(|item| width(&item.up)).max().unwrap_or(0);
        Layout {
            room,
            name: names.filter(|name| *name <= most).max().unwrap_or(0).max("name".len()),
            since: sinces.map(|since| clock.since_word(since).len()).max().unwrap_or(0).max("since".len()),
            up: if up == 0 { 0 } else { up.max(up_heading(room).len()) },
            bar: if bar == 0 { 0 } else { bar.max("last hour".len()) },
            clock,
        }
    }

    /// The names of the columns.
    pub fn heading(&self) -> Line {
        let heading = Line::of("state").pad(STATE_COLUMNS, GAP).text("name");
        let heading = self.since(heading, "since");
        let heading = self.up(heading, up_heading(self.room));
        let heading = if self.bar == 0 { heading } else { self.at(heading, self.up_end()).text("last hour") };
        self.at(heading, self.bar_end()).text("why")
    }

    /// A service, node or level.
    pub fn block(&self, item: &Item<'_>, bar: Option<&str>) -> Block {
        let named = state(item.state, item.code).piece(Some(BOLD), item.name);
        let is_long = width(item.name) > self.name;
        let row = self.behind(if is_long { below() } else { named.clone() }, item, bar);
        let has_room = self.room.is_none_or(|room| {
            let needed = width(&item.reason).min(room.saturating_sub(STATE_COLUMNS + GAP));
            let left = room.saturating_sub(row.width().max(self.bar_end() - GAP) + GAP);
            needed <= left
        });
        let brief = if is_long { self.behind(named.clone(), item, bar) } else { row.clone() };
        let brief = self.at(brief, self.bar_end()).text(&words(item)).text(&item.reason);
        // A name that is too long has a line for itself.
        let mut full: Vec<Line> = is_long.then_some(named).into_iter().collect();
        if item.reason.is_empty() {
            full.push(row);
        } else if has_room {
            full.push(self.at(row, self.bar_end()).text(&item.reason));
        } else {
            full.push(row);
            full.push(below().text(&item.reason));
        }
        full.extend(item.marks.iter().map(|(word, act)| below().text(&said(word, act, self.clock))));
        if item.is_flapping {
            full.push(below().text("flapping"));
        }
        full.extend(item.targets.iter().map(|target| self.target(target, &item.marks)));
        if item.more > 0 {
            let others = if item.targets.is_empty() { "" } else { "and " };
            full.push(below().text(&format!("  {others}{} more", item.more)));
        }
        Block { state: item.state, brief, full }
    }

    /// A row from its name on: since, up and bar.
    fn behind(&self, row: Line, item: &Item<'_>, bar: Option<&str>) -> Line {
        let row = self.up(self.since(row, &self.clock.since_word(item.since)), &item.up);
        match bar {
            Some(bar) => draw(self.at(row, self.up_end()), bar),
            None => row,
        }
    }

    fn target(&self, target: &TargetStatus, of_service: &[(&'static str, &ActStatus)]) -> Line {
        let row = state(State::of(&target.state), target.code).text("  ").text(&target.host);
        let row = self.at(self.since(row, &self.clock.since_word(&target.since)), self.since_end());
        let marks = own_marks(target, of_service);
        let marks = marks.iter().map(|(word, act)| format!("[{word} by {}] ", act.who));
        row.text(&marks.collect::<String>()).text(&target.reason)
    }

    /// The services of a group that are well.
    pub fn group(&self, group: &Group<'_>) -> Line {
        let row = state(State::Ok, None).text(group.name);
        let row = self.at(self.since(row, &self.clock.since_word(group.since)), self.since_end());
        let services = many(group.services, if group.is_rest { "other service" } else { "service" });
        let full = row.clone().text(&format!("{services}, {}", many(group.targets, "target")));
        if self.room.is_none_or(|room| full.width() <= room) {
            return full;
        }
        row.text(&format!("{}, {}", many(group.services, "service"), many(group.targets, "target")))
    }

    /// Some that are well, by name.
    pub fn others(&self, what: &str, names: &[&str]) -> Line {
        let count = many(names.len(), what);
        let row = state(State::Ok, None).text(&count).text(": ");
        names.iter().enumerate().fold(row, |row, (index, name)| {
            let name = name.split_once(':').map_or(*name, |(_, name)| name);
            // What has no place any more needs not be written.
            if self.room.is_some_and(|room| row.width() > room) {
                return row;
            }
            row.text(if index == 0 { "" } else { ", " }).text(name)
        })
    }

    /// With the time in its column, where the units stand one below the other.
    fn since(&self, line: Line, since: &str) -> Line {
        let end = self.since_end() - GAP;
        let begin = end.saturating_sub(since.len());
        // Of a name that is too long, the next blank place.
        self.at(line, begin).text(since)
    }

    fn up(&self, line: Line, up: &str) -> Line {
        if self.up == 0 { line } else { self.at(line, self.since_end()).text(up) }
    }

    /// The line as far as this column, and at least a gap.
    fn at(&self, line: Line, column: usize) -> Line {
        if line.width() + GAP > column { line.pad(0, GAP) } else { line.pad(column, 0) }
    }

    fn since_end(&self) -> usize {
        STATE_COLUMNS + GAP + self.name + GAP + self.since + GAP
    }

    fn up_end(&self) -> usize {
        self.since_end() + if self.up == 0 { 0 } else { self.up + GAP }
    }

    fn bar_end(&self) -> usize {
        self.up_end() + if self.bar == 0 { 0 } else { self.bar + GAP }
    }
}

fn up_heading(room: Option<usize>) -> &'static str {
    if room.is_some_and(|room| room < 100) { "up" } else { "up/need/of" }
}

/// `ko 350`, in its column.
pub fn state(state: State, code: Option<u16>) -> Line {
    let word = code.map_or_else(|| state.word().to_owned(), |code| format!("{} {code}", state.word()));
    // As `oco status` shows that a person has to come.
    let colour = if is_severe(code) { INCIDENT } else { state.colour() };
    Line::default().piece(Some(colour), &word).pad(STATE_COLUMNS, GAP)
}

fn below() -> Line {
    Line::default().pad(STATE_COLUMNS, GAP)
}

/// `[acked] [maint] `, where there is no room for more.
fn words(item: &Item<'_>) -> String {
    let marks = item.marks.iter().map(|(word, _)| format!("[{word}] "));
    marks.chain(item.is_flapping.then(|| "[flapping] ".to_owned())).collect()
}

/// `acked by root 5m ago, 1h55m to go: disk ordered`.
fn said(word: &str, act: &ActStatus, clock: Clock) -> String {
    let mut text = format!("{word} by {}", act.who);
    if let Some(length) = clock.since(&act.at) {
        text.push_str(&format!(" {} ago", super::clock::word(length)));
    }
    if let Some(left) = act.until.as_deref().and_then(|until| clock.until_word(until)) {
        text.push_str(&format!(", {left} to go"));
    }
    if !act.text.is_empty() {
        text.push_str(&format!(": {}", act.text));
    }
    text
}

/// A bar: `-` ok, `b` but, `?` unknown, `K` ko, `.` nobody watched. They differ in weight, so that an eye finds them.
fn draw(line: Line, bar: &str) -> Line {
    bar.chars().fold(line, |line, cell| match cell {
        'k' => line.painted(State::Ko, "K"),
        'b' => line.painted(State::But, "b"),
        'u' => line.painted(State::Unknown, "?"),
        'o' => line.painted(State::Ok, "-"),
        _ => line.text("."),
    })
}

/// `1 service`, `2 services`.
pub fn many(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
