//! Hosts by time: a span of time in cells, and each host's cells as runs of what is the same. A cell is drawn by the
//! letter that [`Cell::letter`] gives.

use super::clock::{Clock, length_of_two};
use jiff::{SignedDuration, Timestamp};
use oco_fleet::availability::Percent;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::Cell;
use oco_fleet::time::Millis;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long a time is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// 24 hours.
    #[default]
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
    /// 365 days.
    Year,
}

impl Span {
    /// Every span, the shortest first.
    pub const ALL: [Span; 5] = [Span::Day, Span::Week, Span::Month, Span::Quarter, Span::Year];

    /// As a query has it.
    pub fn word(self) -> &'static str {
        match self {
            Span::Day => "24h",
            Span::Week => "7d",
            Span::Month => "30d",
            Span::Quarter => "90d",
            Span::Year => "1y",
        }
    }

    /// The span of this word.
    pub fn from_word(word: &str) -> Option<Span> {
        Span::ALL.into_iter().find(|span| span.word() == word)
    }

    /// How many cells, how long each is, and how many there are from one mark of the time to the next.
    fn cells(self) -> (u32, i64, u32) {
        match self {
            Span::Day => (96, 15 * MINUTE, 12),
            Span::Week => (84, 2 * HOUR, 12),
            Span::Month => (90, 8 * HOUR, 15),
            Span::Quarter => (90, DAY, 15),
            Span::Year => (73, 5 * DAY, 12),
        }
    }
}

/// Octets that most labels have room in.
const LABEL_OCTETS: usize = 64;

/// A time in cells. Those of a day are of equal length; those of more than a day are so by the clock on the wall: a day of
/// them is a day of the zone, also where that has 23 or 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How long it is.
    pub span: Span,
    /// From then on,
    pub from: Millis,
    /// until before then: the end of a cell, which may lie in the future.
    pub to: Millis,
    /// How many cells.
    pub cells: u32,
}

impl Window {
    /// The span that ends at `to`, now at the latest, which is the end of the cell in which that lies: cells begin with
    /// the clock on the wall, so that a page does not change with each minute.
    pub fn new(span: Span, to: Option<Millis>, clock: &Clock) -> Window {
        let to = to.unwrap_or(clock.now()).min(clock.now());
        let (cells, length, _) = span.cells();
        let to = match span {
            Span::Day => {
                let at = Timestamp::from_millisecond(to.0).unwrap_or_default();
                let offset = i64::from(clock.zone().time_zone().to_offset(at).seconds()) * 1_000;
                let into = to.0.saturating_add(offset).rem_euclid(length);
                Millis(if into == 0 { to.0 } else { to.0.saturating_add(length - into) })
            }
            Span::Week | Span::Month | Span::Quarter | Span::Year => {
                let unit = length.min(DAY);
                let begun = on_the_wall(to, unit, 0, clock.zone());
                if begun < to { on_the_wall(to, unit, unit, clock.zone()) } else { begun }
            }
        };
        Window::ending(span, to, cells, clock)
    }

    /// So many whole days, with today.
    pub fn days(days: u32, clock: &Clock) -> Window {
        let today = Window::new(Span::Quarter, None, clock);
        Window::ending(Span::Quarter, today.to, days, clock)
    }

    fn ending(span: Span, to: Millis, cells: u32, clock: &Clock) -> Window {
        let window = Window { span, from: to, to, cells };
        Window { from: window.away(-i64::from(cells), clock), ..window }
    }

    /// The edge that is so many cells behind the end.
    fn away(&self, cells: i64, clock: &Clock) -> Millis {
        let (_, length, _) = self.span.cells();
        let length_of_all = length.saturating_mul(cells);
        match self.span {
            Span::Day => Millis(self.to.0.saturating_add(length_of_all)),
            Span::Week | Span::Month | Span::Quarter | Span::Year => {
                on_the_wall(self.to, length.min(DAY), length_of_all, clock.zone())
            }
        }
    }

    /// Where each cell begins, and where the last one ends.
    pub fn edges(&self, clock: &Clock) -> Vec<Millis> {
        let edges = (-i64::from(self.cells)..0).map(|cell| self.away(cell, clock));
        edges.chain([self.to]).collect()
    }

    /// The marks of the time above the cells: how many cells, and what stands there.
    pub fn marks(&self, clock: &Clock) -> Vec<(usize, String)> {
        let (_, _, between) = self.span.cells();
        let between = usize::try_from(between).unwrap_or(1);
        let cells = usize::try_from(self.cells).unwrap_or(0);
        let mut marks = Vec::new();
        let edges = self.edges(clock);
        let mut cell = 0;
        while cell < cells {
            let at = edges.get(cell).copied().unwrap_or(self.to);
            let text = match self.span {
                Span::Day => clock.hour(at),
                Span::Week | Span::Month | Span::Quarter => clock.day(at),
                Span::Year => clock.month(at),
            };
            marks.push((between.min(cells - cell), text));
            cell += between;
        }
        marks
    }

    /// The end of the span before this one.
    pub fn before(&self) -> Millis {
        self.from
    }

    /// The end of the span behind this one, if that is not in the future.
    pub fn after(&self, clock: &Clock) -> Option<Millis> {
        let after = self.away(i64::from(self.cells), clock);
        (self.to < clock.now()).then_some(after.min(clock.now()))
    }
}

/// When a clock on the wall first shows what it does at `at`, without what that is beyond a whole `unit` of its day, and
/// so many milliseconds of the wall later.
fn on_the_wall(at: Millis, unit: i64, later: i64, zone: &Zone) -> Millis {
    let shown = zone.on_the_wall(at);
    let midnight = shown.date().at(0, 0, 0, 0);
    let into = i64::try_from(shown.duration_since(midnight).as_millis()).unwrap_or(0);
    let whole = SignedDuration::from_millis(into.saturating_sub(into.rem_euclid(unit)).saturating_add(later));
    zone.first(midnight.saturating_add(whole))
}

/// Cells that are next to each other and the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// How many.
    pub cells: usize,
    /// How it is drawn: `k`, `b`, `u`, `o`, as [`Cell::letter`]; `p` for ko that was planned, `n` where nobody watched.
    pub class: char,
    /// In words: when, and how it was.
    pub label: String,
}

/// A row of a grid: edges are worded once for all rows.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Which time it shows.
    pub window: Window,
    edges: Vec<String>,
    /// How much of the last cell is still to come.
    to_come: i64,
}

impl Grid {
    /// A grid of this time.
    pub fn new(window: Window, clock: &Clock) -> Grid {
        let edge = |edge: Millis| match window.span {
            Span::Day => clock.hour(edge),
            Span::Week | Span::Month => clock.moment(edge).text,
            Span::Quarter | Span::Year => clock.day(edge),
        };
        let edges = window.edges(clock).into_iter().map(edge).collect();
        Grid { window, edges, to_come: window.to.since(clock.now()).max(0) }
    }

    /// The cells without what is still to come: of that nobody can know.
    pub fn settled(&self, mut cells: Vec<Cell>) -> Vec<Cell> {
        if let Some(last) = cells.last_mut() {
            last.no_data = last.no_data.saturating_sub(self.to_come).max(0);
        }
        cells
    }

    /// Each cell of a row by itself, by the name of its beginning.
    pub fn each(&self, cells: &[Cell]) -> Vec<Run> {
        let run = |(cell, from): (&Cell, &String)| {
            let mut label = format!("{from}: ");
            say_shares(cell, &mut label);
            Run { cells: 1, class: class(cell), label }
        };
        cells.iter().zip(&self.edges).map(run).collect()
    }

    /// The runs of a row.
    pub fn runs(&self, cells: &[Cell]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut begin = 0;
        let mut pieces =
            cells.chunk_by(|one, next| is_one_thing(one) && is_one_thing(next) && class(one) == class(next));
        for piece in pieces.by_ref() {
            let Some(first) = piece.first() else { continue };
            let end = begin + piece.len();
            let mut label = String::with_capacity(LABEL_OCTETS);
            if let (Some(from), Some(to)) = (self.edges.get(begin), self.edges.get(end)) {
                for part in [from, " \u{2013} ", to, ": "] {
                    label.push_str(part);
                }
            }
            say_shares(first, &mut label);
            runs.push(Run { cells: piece.len(), class: class(first), label });
            begin = end;
        }
        runs
    }
}

/// How a cell is drawn.
pub fn class(cell: &Cell) -> char {
    match cell.letter() {
        'k' if cell.ko == 0 => 'p',
        '.' => 'n',
        letter => letter,
    }
}

/// All of it together.
pub fn sum(cells: &[Cell]) -> Cell {
    cells.iter().fold(Cell::default(), |sum, cell| Cell {
        ok: sum.ok + cell.ok,
        but: sum.but + cell.but,
        ko: sum.ko + cell.ko,
        planned: sum.planned + cell.planned,
        unknown: sum.unknown + cell.unknown,
        no_data: sum.no_data + cell.no_data,
    })
}

/// What was measured: (ok + but) of all that was.
pub fn measured(cell: &Cell) -> Option<Percent> {
    let up = cell.ok + cell.but;
    Percent::of(up, up + cell.ko + cell.planned)
}

/// The same without what was planned, as contracts have it: what is in maintenance does not count as down.
pub fn contractual(cell: &Cell) -> Option<Percent> {
    let up = cell.ok + cell.but;
    Percent::of(up, up + cell.ko)
}

fn parts(cell: &Cell) -> [(&'static str, i64); 6] {
    [
        ("ko", cell.ko),
        ("ko, planned", cell.planned),
        ("but", cell.but),
        ("unknown", cell.unknown),
        ("no data", cell.no_data),
        ("ok", cell.ok),
    ]
}

fn is_one_thing(cell: &Cell) -> bool {
    parts(cell).iter().filter(|(_, length)| *length > 0).count() < 2
}

/// Puts the shares of a cell behind what was said of it: `ko 3m, ok 12m`; of one thing alone its word. A page has some
/// ten thousand cells.
fn say_shares(cell: &Cell, label: &mut String) {
    let is_alone = is_one_thing(cell);
    let mut some = parts(cell).into_iter().filter(|(_, length)| *length > 0).peekable();
    if some.peek().is_none() {
        label.push_str("no data");
    }
    while let Some((word, length)) = some.next() {
        label.push_str(word);
        if !is_alone {
            label.push(' ');
            label.push_str(&length_of_two(length));
        }
        if some.peek().is_some() {
            label.push_str(", ");
        }
    }
}

#[cfg(test)]
mod tests;
