//! The picture of a fleet: counts first, then what is not well, the worst first, then what is, folded. Where there is only
//! so much height, what is well is folded into one line first, then the best of the rest loses its details, and what has
//! no place still is counted.

use super::clock::Clock;
use super::items::{Item, Parted, Scope, counts, part};
use super::line::Line;
use super::rows::{Block, Layout, many, state};
use super::state::State;
use crate::command::columns::Style;
use crate::limits::BARS_SHOWN;
use crate::logic::control::FleetStatus;
use std::collections::BTreeMap;

/// Columns of what is counted.
const KIND_COLUMNS: usize = "services  ".len();

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    /// Colours and width.
    pub style: Style,
    /// How many lines there are; none: as many as it takes.
    pub height: Option<usize>,
}

/// The names whose bars a picture would show.
pub fn names_with_bars(status: &FleetStatus, scope: Scope) -> Vec<String> {
    let parted = part(status, scope);
    parted.items.iter().take(BARS_SHOWN).map(|item| item.name.to_owned()).collect()
}

/// Draws a fleet. `bars` by name, `note` is what stands on top.
pub fn draw(
    status: &FleetStatus,
    bars: &BTreeMap<String, String>,
    scope: Scope,
    note: Option<&str>,
    canvas: Canvas,
) -> String {
    let parted = part(status, scope);
    let layout = Layout::of(&parted.items, &parted.groups, bars, canvas.style.width(), Clock::at(&status.at));
    let mut lines: Vec<Line> =
        note.map(|note| Line::default().painted(State::Ko, note)).into_iter().collect();
    lines.extend(head(status));
    let block = |item: &Item<'_>| layout.block(item, bars.get(item.name).map(String::as_str));
    let blocks: Vec<Block> = parted.items.iter().map(block).collect();
    let well = well(&parted, &layout);
    let room = canvas.height.map(|height| height.saturating_sub(lines.len()));
    let (shown, well) = fit(blocks, well, &parted, room);
    if !shown.is_empty() {
        lines.extend([Line::default(), layout.heading()]);
        lines.extend(shown);
    }
    if !well.is_empty() {
        lines.push(Line::default());
        lines.extend(well);
    }
    let written = |line: &Line| line.written(canvas.style.width(), canvas.style) + "\n";
    lines.iter().map(written).collect()
}

/// The counts, of each kind that there is.
fn head(status: &FleetStatus) -> Vec<Line> {
    let states = |words: &mut dyn Iterator<Item = &str>| {
        let mut counts = [0u64; 4];
        words.map(State::of).for_each(|state| count(&mut counts, state, 1));
        counts
    };
    let mut targets = [0u64; 4];
    for service in &status.services {
        let counts = counts(service);
        let of = [
            (State::Ko, counts.ko),
            (State::Unknown, counts.unknown),
            (State::But, counts.but),
            (State::Ok, counts.ok),
        ];
        of.into_iter().for_each(|(state, number)| count(&mut targets, state, number.into()));
    }
    let kinds = [
        ("services", states(&mut status.services.iter().map(|service| service.state.as_str()))),
        ("targets", targets),
        ("nodes", states(&mut status.nodes.iter().map(|node| node.state.as_str()))),
        ("levels", states(&mut status.slos.iter().map(|level| level.state.as_str()))),
    ];
    let worst = state(State::of(&status.state), status.code);
    let below = Line::default().pad(worst.width(), 0);
    let mut lines = Vec::new();
    for (kind, counts) in kinds.into_iter().filter(|(_, counts)| counts.iter().any(|count| *count > 0)) {
        let line = if lines.is_empty() { worst.clone() } else { below.clone() };
        lines.push(told(line.text(kind).pad(worst.width() + KIND_COLUMNS, 0), &counts));
    }
    if lines.is_empty() {
        lines.push(worst.text("nothing is watched"));
    }
    lines
}

/// Counts of the states, the worst first.
fn told(line: Line, counts: &[u64; 4]) -> Line {
    let some = State::WORST_FIRST.into_iter().zip(counts).filter(|(_, count)| **count > 0);
    some.enumerate().fold(line, |line, (index, (state, count))| {
        let line = if index == 0 { line } else { line.text(", ") };
        line.painted(state, &format!("{count} {}", state.word()))
    })
}

fn count(counts: &mut [u64; 4], state: State, number: u64) {
    let mut places = State::WORST_FIRST.into_iter().zip(counts.iter_mut());
    if let Some((_, count)) = places.find(|(other, _)| *other == state) {
        *count = count.saturating_add(number);
    }
}

/// What is well, folded: a line for each group, one for all nodes, one for all levels.
fn well(parted: &Parted<'_>, layout: &Layout) -> Vec<Line> {
    let mut lines: Vec<Line> = parted.groups.iter().map(|group| layout.group(group)).collect();
    if !parted.nodes.is_empty() {
        lines.push(layout.others("node", &parted.nodes));
    }
    if !parted.levels.is_empty() {
        lines.push(layout.others("level", &parted.levels));
    }
    lines
}

/// The same in one line.
fn well_in_short(parted: &Parted<'_>) -> Line {
    let targets: u64 = parted.groups.iter().map(|group| group.targets).sum();
    let services: usize = parted.groups.iter().map(|group| group.services).sum();
    let mut words = Vec::new();
    if services > 0 {
        words.push(format!("{} in {}", many(services, "service"), many(parted.groups.len(), "group")));
        words.push(many(targets, "target"));
    }
    for (names, what) in [(&parted.nodes, "node"), (&parted.levels, "level")] {
        if !names.is_empty() {
            words.push(many(names.len(), what));
        }
    }
    state(State::Ok, None).text(&words.join(", "))
}

/// As much of it as there is room for, with two lines before the blocks and one before what is well.
fn fit(
    blocks: Vec<Block>,
    well: Vec<Line>,
    parted: &Parted<'_>,
    room: Option<usize>,
) -> (Vec<Line>, Vec<Line>) {
    let details: usize = blocks.iter().map(|block| block.full.len()).sum();
    let around = |lines: usize, extra: usize| if lines == 0 { 0 } else { lines + extra };
    let needed = |well: usize| around(details, 2) + around(well, 1);
    let all = |blocks: Vec<Block>| blocks.into_iter().flat_map(|block| block.full).collect();
    let Some(room) = room.filter(|room| needed(well.len()) > *room) else { return (all(blocks), well) };
    let well: Vec<Line> = if well.len() > 1 { vec![well_in_short(parted)] } else { well };
    if needed(well.len()) <= room {
        return (all(blocks), well);
    }
    let room = room.saturating_sub(around(well.len(), 1) + 2);
    // The last line counts what has no place.
    let places = if blocks.len() > room { room.saturating_sub(1) } else { blocks.len() };
    let mut lines = Vec::new();
    let mut spare = room.saturating_sub(if blocks.len() > room { room } else { blocks.len() });
    let mut left_out = [0u64; 4];
    for (index, block) in blocks.into_iter().enumerate() {
        let more = block.full.len() - 1;
        if index >= places {
            count(&mut left_out, block.state, 1);
        } else if more <= spare {
            spare -= more;
            lines.extend(block.full);
        } else {
            // Nobody below has details where somebody worse has none.
            spare = 0;
            lines.push(block.brief);
        }
    }
    if left_out.iter().any(|count| *count > 0) {
        lines.push(told(Line::of("and "), &left_out).text(" more"));
    }
    (lines, well)
}
