//! `/p/NAME`: a page for everybody. It tells of what it lists how it is and was, by its title; never a host, an address,
//! a reason or the text of an act.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::grid::{cells_of, letter, read_pieces};
use super::health::Health;
use super::levels::{self, Judged};
use super::page::Page;
use super::parts::{Chip, CountsLine, When};
use crate::config::PublicPage;
use crate::limits::{OUTAGES_SHOWN, PUBLIC_OBJECTS, WORK_SHOWN};
use crate::view::clock::length_of_two;
use crate::view::fleet::{Counts, Object};
use crate::view::grid::{Grid, Run, Window, contractual, sum};
use crate::view::marks::{Mark, Marks};
use crate::view::name::shown;
use askama::Template;
use oco_fleet::availability::{Piece, Share};
use oco_fleet::journal::{Cell, JournalError, Reader, Span};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    page: PublicPage,
}

/// How it was.
#[derive(Debug)]
pub struct Found {
    /// Of each who is listed, in their order: corrections and planned work are laid over what was seen.
    past: Vec<Past>,
    /// How levels stand.
    judged: Judged,
}

#[derive(Debug)]
struct Past {
    name: ObjectName,
    cells: Vec<Cell>,
    spans: Vec<Span>,
}

struct Row {
    title: String,
    /// Its state, and that somebody works on it. What is down as planned has only the latter.
    chips: Vec<Chip>,
    share: String,
    runs: Vec<(Run, &'static str)>,
}

/// Planned work that is still to come.
struct Work {
    from: When,
    to: Option<When>,
    since: Millis,
    title: String,
}

struct Outage {
    at: When,
    from: Millis,
    title: String,
    text: String,
    is_planned: bool,
}

#[derive(Template)]
#[template(path = "public.html")]
struct Shown {
    frame: Frame,
    heading: String,
    says: &'static str,
    class: &'static str,
    days: u32,
    rows: Vec<Row>,
    more: usize,
    more_planned: usize,
    more_counts: CountsLine,
    work: Vec<Work>,
    work_more: usize,
    outages: Vec<Outage>,
    is_known: bool,
    has_past: bool,
}

/// Milliseconds without a watcher that are nobody's outage, nor the end of one.
const RESTART_MS: i64 = 120_000;

impl PublicPage {
    /// Whether it lists somebody.
    pub fn lists(&self, name: &ObjectName) -> bool {
        self.of.iter().any(|pattern| pattern.matches(name))
    }

    /// What it lists: services, nodes and levels, and of what it has no room for how many are in which state. A host is
    /// nobody's business. Of too many the worst are shown.
    fn objects<'a>(&'a self, facts: &'a Facts, marks: &Marks<'_>) -> (Vec<&'a Object>, More) {
        let mut objects: Vec<&Object> = all(facts).filter(|object| self.lists(&object.name)).collect();
        let mut more = More::default();
        if objects.len() > PUBLIC_OBJECTS {
            // What is planned stands behind what is not, and before what is well.
            let key = |object: &&Object| match Health::of(object, marks) {
                Health { is_planned: true, .. } => State::But.rank(),
                Health { state, .. } => state.rank(),
            };
            objects.sort_by_cached_key(key);
            objects.drain(PUBLIC_OBJECTS..).for_each(|object| more.add(object, marks));
        }
        (objects, more)
    }

    /// How all is that it is made of, also what it has no room for. Where nobody is found, nobody knows how it is: with one
    /// of its patterns without anybody, not all is known.
    pub fn health(&self, facts: &Facts, marks: &Marks<'_>) -> Health {
        let of_each = self.of.iter().map(|pattern| {
            let matching = all(facts).filter(|object| pattern.matches(&object.name));
            matching.map(|object| Health::of(object, marks)).reduce(Health::with).unwrap_or(Health::UNKNOWN)
        });
        of_each.reduce(Health::with).unwrap_or(Health::UNKNOWN)
    }
}

/// Those for whom a page has no room.
#[derive(Debug, Default)]
struct More {
    counts: Counts,
    /// On whom somebody works: these are not counted by their state.
    planned: usize,
}

impl More {
    fn add(&mut self, object: &Object, marks: &Marks<'_>) {
        if Health::of(object, marks).is_planned {
            self.planned += 1;
        } else {
            self.counts.add(object.state());
        }
    }
}

/// Everybody that a public page may list.
fn all(facts: &Facts) -> impl Iterator<Item = &Object> {
    let fleet = &facts.snapshot.fleet;
    fleet.nodes().chain(fleet.services().map(|service| &service.object)).chain(fleet.levels())
}

/// What people call somebody.
pub(super) fn title(name: &ObjectName, facts: &Facts) -> String {
    facts.heard().title(name).map_or_else(|| shown(name.service_part()), str::to_owned)
}

impl Public {
    /// The page of this name.
    pub fn new(name: &str, facts: &Facts) -> Option<Public> {
        let page = facts.settings.pages.iter().find(|page| page.name == name)?;
        Some(Public { page: page.clone() })
    }

    fn window(&self, facts: &Facts) -> Window {
        Window::days(self.page.days, &facts.clock())
    }

    pub(super) fn read(&self, facts: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
        let names: Vec<ObjectName> = self
            .page
            .objects(facts, &facts.marks())
            .0
            .into_iter()
            .map(|object| object.name.clone())
            .collect();
        let (window, known) = (self.window(facts), facts.known_to_page());
        let edges = window.edges(&facts.clock());
        let levels = names.iter().filter(|name| name.kind() == Kind::Level);
        let judged = levels::judge(levels, facts, reader)?;
        let mut past = Vec::with_capacity(names.len());
        for name in names {
            let pieces = read_pieces(reader, &name, window, known)?;
            let spans = pieces.iter().filter(|piece| piece.from < known).map(span).collect();
            past.push(Past { name, cells: cells_of(&pieces, &edges), spans });
        }
        Ok(Found { past, judged })
    }

    /// What was kept: of a level of its own period, which is what was promised, of others of the days that are shown.
    fn share(object: &Object, cells: &[Cell], found: Option<&Found>, facts: &Facts) -> String {
        if object.name.kind() == Kind::Level {
            let account =
                found.and_then(|found| found.judged.get(&object.name)).map(|judged| &judged.account);
            let share = account.and_then(|account| Some((account.contractual?, account.from)));
            return share.map_or_else(String::new, |(share, from)| {
                format!("{share}% since {}", facts.clock().day(from))
            });
        }
        contractual(&sum(cells)).map_or_else(String::new, |share| format!("{share}%"))
    }

    pub(super) fn render(&self, facts: &Facts, found: Option<&Found>) -> Page {
        let clock = facts.clock();
        let grid = Grid::new(self.window(facts), &clock);
        let marks = facts.marks();
        let (objects, more) = self.page.objects(facts, &marks);
        let rows = objects.iter().map(|object| {
            let past = found.and_then(|found| found.past.iter().find(|past| past.name == object.name));
            let cells = grid.settled(past.map(|past| past.cells.clone()).unwrap_or_default());
            Row {
                title: title(&object.name, facts),
                chips: chips(object, &marks),
                share: Public::share(object, &cells, found, facts),
                runs: grid
                    .each(&cells)
                    .into_iter()
                    .map(|run| {
                        let letter = letter(run.class);
                        (run, letter)
                    })
                    .collect(),
            }
        });
        let mut outages: Vec<Outage> = objects
            .iter()
            .zip(found.iter().flat_map(|found| &found.past))
            .flat_map(|(object, past)| outages(object, &past.spans, facts))
            .collect();
        outages.sort_by_key(|outage| std::cmp::Reverse(outage.from));
        outages.truncate(OUTAGES_SHOWN);
        let is_known = facts.warning().is_none();
        let (says, class) = if is_known {
            self.page.health(facts, &marks).words()
        } else {
            ("The state is not known at the moment", "unknown")
        };
        let mut work: Vec<Work> = objects.iter().flat_map(|object| to_come(object, facts, &marks)).collect();
        work.sort_by_key(|work| work.since);
        let work_more = work.len().saturating_sub(WORK_SHOWN);
        work.truncate(WORK_SHOWN);
        let heading = shown(&self.page.name);
        // Nobody is told here who else looks, nor why something cannot be read.
        let frame = Frame::new(facts, &Visitor::default(), "", &heading);
        let template = Shown {
            frame,
            heading,
            says,
            class,
            days: self.page.days,
            rows: rows.collect(),
            more: more.counts.total() + more.planned,
            more_planned: more.planned,
            more_counts: CountsLine::of(more.counts),
            work,
            work_more,
            outages,
            is_known,
            has_past: found.is_some() && !objects.is_empty(),
        };
        Page::html(200, &template)
    }
}

/// How somebody is now. Where it is up while somebody works on it, both are said.
fn chips(object: &Object, marks: &Marks<'_>) -> Vec<Chip> {
    let state = Chip::of_state(object.state());
    match (Health::of(object, marks).is_planned, object.state()) {
        (false, _) => vec![state],
        (true, State::Ko) => vec![Chip::maintenance()],
        (true, State::Ok | State::But | State::Unknown) => vec![state, Chip::maintenance()],
    }
}

/// What will be done on somebody, and when.
fn to_come(object: &Object, facts: &Facts, marks: &Marks<'_>) -> Vec<Work> {
    let clock = facts.clock();
    let work = |mark: Mark<'_>| Work {
        from: When::of(clock.moment(mark.since)),
        to: mark.until.map(|until| When::of(clock.moment(until))),
        since: mark.since,
        title: title(&object.name, facts),
    };
    marks.to_come(&object.name).into_iter().map(work).collect()
}

/// When it was down, in plain words.
fn outages(object: &Object, spans: &[Span], facts: &Facts) -> Vec<Outage> {
    let clock = facts.clock();
    let title = title(&object.name, facts);
    let outage = |span: &Span| {
        let is_now = span.to >= facts.known_to_page() && object.state() == State::Ko;
        // What goes on is told to the minute: the page is of one.
        let length = if is_now { clock.going_on(span.from) } else { length_of_two(span.to.since(span.from)) };
        let text = match (span.planned, is_now) {
            (true, true) => format!(", for {length} until now."),
            (true, false) => format!(", for {length}."),
            (false, true) => format!(" is down, for {length} until now."),
            (false, false) => format!(" was down for {length}."),
        };
        let at = When::of(clock.moment(span.from));
        Outage { at, from: span.from, title: title.clone(), text, is_planned: span.planned }
    };
    down(spans).iter().map(outage).collect()
}

/// A piece as a time in which somebody was so.
fn span(piece: &Piece) -> Span {
    let (state, planned) = match piece.share {
        Share::Ok => (Some(State::Ok), false),
        Share::But => (Some(State::But), false),
        Share::Ko => (Some(State::Ko), false),
        Share::Planned => (Some(State::Ko), true),
        Share::Unknown => (Some(State::Unknown), false),
        Share::NoData => (None, false),
    };
    Span { from: piece.from, to: piece.to, state, planned }
}

/// When it was down. A watcher that starts anew ends no outage: what is down before and after a moment without one was
/// down all the time.
fn down(spans: &[Span]) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    let mut is_joined = false;
    for span in spans {
        match (span.state, all.last_mut()) {
            (None, _) => is_joined &= span.to.since(span.from) <= RESTART_MS,
            (Some(State::Ko), Some(last)) if is_joined && last.planned == span.planned => last.to = span.to,
            (Some(State::Ko), _) => {
                all.push(*span);
                is_joined = true;
            }
            (Some(_), _) => is_joined = false,
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::time::Millis;

    #[test]
    fn a_restart_of_the_watcher_is_no_end_of_an_outage() {
        let span = |from: i64, to: i64, state: Option<State>| Span {
            from: Millis(from * 1_000),
            to: Millis(to * 1_000),
            state,
            planned: false,
        };
        let (ok, ko) = (Some(State::Ok), Some(State::Ko));
        let told = |spans: &[Span]| -> Vec<(i64, i64)> {
            down(spans).iter().map(|span| (span.from.0 / 1_000, span.to.0 / 1_000)).collect()
        };
        assert_eq!(told(&[span(0, 60, ko), span(60, 70, None), span(70, 90, ko)]), [(0, 90)]);
        assert_eq!(told(&[span(0, 60, ko), span(60, 600, None), span(600, 700, ko)]), [(0, 60), (600, 700)]);
        assert_eq!(told(&[span(0, 60, ko), span(60, 61, ok), span(61, 70, ko)]), [(0, 60), (61, 70)]);
        assert_eq!(told(&[span(0, 60, ok), span(60, 61, None), span(61, 70, ko)]), [(61, 70)]);
    }
}
