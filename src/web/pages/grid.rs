//! `/g/GROUP`, `/g/GROUP/SERVICE`: hosts by time.

use super::acts::Acts;
use super::charts::{self, Charts, Series};
use super::error::nobody;
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Chip, CountsLine, Link, MarkLine, Pager, Since, page_within};
use super::query::Query;
use crate::limits::PAGE_ROWS;
use crate::report::figures::cells;
use crate::view::fleet::{Object, Service};
use crate::view::grid::{Grid as Cells, Run, Span, Window, measured, sum};
use crate::view::name::{self, Name, path, reason_of};
use crate::view::tree::service_words;
use askama::Template;
use askama::filters::HtmlSafe;
use oco_fleet::availability::{Durations, Ground, Piece, pieces};
use oco_fleet::journal::{Bar, Cell, JournalError, Reader};
use oco_fleet::object::{ObjectName, check_part, check_reported_part};
use oco_fleet::time::Millis;
use oco_fleet::when::{Toward, parse_when_in};
use std::collections::{HashMap, HashSet};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    group: String,
    service: Option<String>,
    window: Window,
    page: usize,
}

/// The bars of the rows of the page.
#[derive(Debug)]
pub struct Found {
    bars: HashMap<ObjectName, Vec<Cell>>,
    /// What was measured of a service's hosts.
    series: Vec<Series>,
}

/// A row: a service, or a host below it.
pub(super) struct Row {
    is_service: bool,
    chip: Chip,
    link: Link,
    note: String,
    runs: Vec<RunCell>,
    share: String,
}

/// Cells that are the same.
pub(super) struct RunCell {
    cells: usize,
    class: char,
    letters: String,
    label: String,
}

/// Rows by time.
#[derive(Template)]
#[template(path = "table.html")]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) marks: Vec<(usize, String)>,
    pub(super) cells: u32,
    pub(super) caption: String,
}

/// Links to other times.
#[derive(Template)]
#[template(path = "times.html")]
pub(super) struct Times {
    spans: Vec<(String, &'static str, bool)>,
    before: String,
    after: Option<String>,
    now: Option<String>,
    from: String,
    to: String,
}

impl HtmlSafe for Table {}
impl HtmlSafe for Times {}

#[derive(Template)]
#[template(path = "grid.html")]
struct Shown {
    frame: Frame,
    name: Link,
    group: Option<Link>,
    chip: Option<Chip>,
    since: Option<Since>,
    reason: String,
    words: String,
    marks: Vec<MarkLine>,
    acts: Option<Acts>,
    counts: CountsLine,
    times: Times,
    table: Table,
    pager: Pager,
    charts: Charts,
}

/// Reads `span` and `to`.
pub(super) fn window(query: &Query, facts: &Facts, default: Span) -> Result<Window, String> {
    let clock = facts.clock();
    let span = match query.get("span")? {
        None => default,
        Some(word) => Span::from_word(word)
            .ok_or_else(|| format!("span {:?}: expected 24h, 7d, 30d, 90d or 1y", beginning(word)))?,
    };
    let to = match query.get("to")? {
        None => None,
        Some(text) => {
            let zone = facts.settings.zone.time_zone();
            Some(parse_when_in(text, facts.now, zone, Toward::Past).map_err(|why| format!("to: {why}"))?)
        }
    };
    Ok(Window::new(span, to, &clock))
}

/// What an error quotes.
fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Grid {
    /// Reads its query.
    pub fn new(group: &str, service: Option<&str>, query: &Query, facts: &Facts) -> Result<Grid, String> {
        let (window, page) = (window(query, facts, Span::default())?, query.page()?);
        Ok(Grid { group: group.to_owned(), service: service.map(str::to_owned), window, page })
    }

    /// Whether somebody may be called so.
    fn is_name(&self) -> bool {
        let service = self.service.as_deref();
        check_part(&self.group).is_ok() && service.is_none_or(|it| check_reported_part(it).is_ok())
    }

    /// The services of the page.
    fn services<'a>(&'a self, facts: &'a Facts) -> Vec<&'a Service> {
        let fleet = &facts.snapshot.fleet;
        match &self.service {
            _ if !self.is_name() => Vec::new(),
            Some(service) => fleet.service(&ObjectName::service(&self.group, service)).into_iter().collect(),
            None => fleet.services_of(&self.group).collect(),
        }
    }

    /// All rows: each service, and below it its hosts.
    fn objects<'a>(&'a self, facts: &'a Facts) -> Vec<(bool, &'a Object)> {
        let rows = self.services(facts).into_iter().flat_map(|service| {
            let hosts = service.targets.iter().map(|target| (false, target));
            std::iter::once((true, &service.object)).chain(hosts)
        });
        rows.collect()
    }

    fn shown<'a>(&'a self, facts: &'a Facts) -> (usize, Vec<(bool, &'a Object)>) {
        let mut all = self.objects(facts);
        let count = all.len();
        all.drain(..page_within(self.page, count, PAGE_ROWS) * PAGE_ROWS);
        all.truncate(PAGE_ROWS);
        (count, all)
    }

    pub(super) fn read(&self, facts: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
        let names: Vec<ObjectName> =
            self.shown(facts).1.into_iter().map(|(_, object)| object.name.clone()).collect();
        let found = read_bars(reader, &names, self.window, facts)?;
        let hosts: Vec<ObjectName> = names.into_iter().filter(|name| name.host().is_some()).collect();
        let series = match self.service {
            Some(_) => charts::read(reader, &hosts, self.window)?,
            None => Vec::new(),
        };
        Ok(Found { series, ..found })
    }

    pub(super) fn render(
        &self,
        facts: &Facts,
        visitor: &Visitor,
        found: Option<&Found>,
        why: Option<&str>,
    ) -> Page {
        let clock = facts.clock();
        let services = self.services(facts);
        let Some(first) = services.first() else {
            let service = self.service.as_deref();
            let parts = std::iter::once(self.group.as_str()).chain(service);
            let heading = parts.map(name::shown).collect::<Vec<_>>().join("/");
            return nobody(facts, visitor, &heading, self.is_name(), "Nothing is known by this name.");
        };
        let (count, objects) = self.shown(facts);
        let name = match &self.service {
            Some(_) => Name::of(&first.object.name),
            None => Name::of_group(&self.group),
        };
        let heading = name.text();
        let cells = Cells::new(self.window, &clock);
        let rows =
            objects.into_iter().map(|(is_service, object)| row(is_service, object, found, &cells, facts));
        let table = Table {
            rows: rows.collect(),
            marks: self.window.marks(&clock),
            cells: self.window.cells,
            caption: format!("Hosts of {heading} by time"),
        };
        let one = self.service.as_ref().map(|_| *first);
        let mut counts = crate::view::fleet::Counts::default();
        services.iter().for_each(|service| counts += service.counts);
        let base = self.path();
        let known = facts.marks();
        let said = one.map_or_else(|| known.of_group(&self.group), |one| known.of(&one.object.name));
        let key = visitor.form_key.as_deref();
        let acts = match one {
            Some(one) => Acts::of(&one.object.name, one.object.state(), &said, key, &base),
            None => Acts::of_group(&self.group, key, &base),
        };
        let marks = MarkLine::all(&said, &clock);
        let template = Shown {
            frame: Frame::new(facts, visitor, "", &heading).with_unread(why),
            name: Link::to(name),
            group: one.map(|_| Link::to(Name::of_group(&self.group))),
            chip: one.map(|one| Chip::of(&one.object.standing)),
            since: one.map(|one| Since::of(clock.moment(one.object.since))),
            reason: one.map_or_else(String::new, |one| reason_of(&one.object.name, &one.reason())),
            words: one.map_or_else(String::new, service_words),
            marks,
            acts,
            counts: CountsLine::of(counts),
            times: times(&base, self.window, facts),
            table,
            charts: Charts::of(found.map_or(&[], |found| &found.series), self.window, |name| {
                Name::of(name).last()
            }),
            pager: Pager::new(
                self.page,
                count,
                PAGE_ROWS,
                &format!("{base}?{}", query_of(self.window, facts)),
            ),
        };
        Page::html(200, &template)
    }

    fn path(&self) -> String {
        match &self.service {
            Some(service) => path(&["g", &self.group, service]),
            None => path(&["g", &self.group]),
        }
    }
}

/// The query that leads to this time again.
pub(super) fn query_of(window: Window, facts: &Facts) -> String {
    time_query(window.span, window.after(&facts.clock()).map(|_| window.to))
}

fn time_query(span: Span, to: Option<Millis>) -> String {
    let to = to.map(|to| format!("&to={}", name::encoded(&oco_fleet::when::rfc3339(to))));
    format!("span={}{}", span.word(), to.unwrap_or_default())
}

/// The cells of these, as they are reckoned: corrections are laid over what was seen.
pub(super) fn read_bars(
    reader: &mut Reader,
    names: &[ObjectName],
    window: Window,
    facts: &Facts,
) -> Result<Found, JournalError> {
    let (edges, known) = (window.edges(&facts.clock()), facts.known_to_page());
    let bars = reader.bars_between(names, &edges, known)?;
    let mut bars: HashMap<ObjectName, Vec<Cell>> =
        bars.into_iter().map(|Bar { name, cells }| (name, cells)).collect();
    let mut corrected = HashSet::new();
    for correction in reader.adjustments()? {
        let is_here = correction.since < window.to && window.from < correction.until;
        if !is_here || !bars.contains_key(&correction.name) || !corrected.insert(correction.name.clone()) {
            continue;
        }
        let pieces = read_pieces(reader, &correction.name, window, known)?;
        bars.insert(correction.name, cells_of(&pieces, &edges));
    }
    Ok(Found { bars, series: Vec::new() })
}

/// How one was over the time, piece by piece, with all that lies over it. What is not known is no data.
pub(super) fn read_pieces(
    reader: &mut Reader,
    name: &ObjectName,
    window: Window,
    known: Millis,
) -> Result<Vec<Piece>, JournalError> {
    let history = reader.history(name, window.from, window.to, known)?.unwrap_or_default();
    let ground = Ground { over: history.over(), ..Ground::of(window.from, window.to) };
    Ok(pieces(&ground, history.spans.iter().copied()).collect())
}

/// The cells between these edges.
pub(super) fn cells_of(pieces: &[Piece], edges: &[Millis]) -> Vec<Cell> {
    let starts = edges.split_last().map_or(&[][..], |(_, starts)| starts);
    let cell = |durations: Durations| {
        let Durations { ok, but, ko, unknown, planned, no_data } = durations;
        Cell { ok, but, ko, planned, unknown, no_data }
    };
    cells(pieces, starts).into_iter().map(cell).collect()
}

/// A row of somebody.
pub(super) fn row(
    is_service: bool,
    object: &Object,
    found: Option<&Found>,
    grid: &Cells,
    facts: &Facts,
) -> Row {
    let name = Name::of(&object.name);
    let bar = found.and_then(|found| found.bars.get(&object.name));
    let cells = grid.settled(bar.cloned().unwrap_or_default());
    let share = measured(&sum(&cells));
    Row {
        is_service,
        chip: Chip::of(&object.standing),
        link: Link::to(if object.name.kind() == oco_fleet::object::Kind::Target {
            name.last()
        } else {
            name
        }),
        note: facts.heard().title(&object.name).unwrap_or_default().to_owned(),
        runs: grid.runs(&cells).into_iter().map(RunCell::of).collect(),
        share: share.map_or_else(|| "\u{2013}".to_owned(), |share| format!("{share}%")),
    }
}

impl Row {
    /// With these words beside the name.
    pub(super) fn with_name(mut self, link: Link) -> Row {
        self.link = link;
        self
    }
}

/// The letter of a cell that is drawn so.
pub(super) fn letter(class: char) -> &'static str {
    match class {
        'k' | 'p' => "K",
        'b' => "b",
        'u' => "?",
        'o' => "-",
        _ => ".",
    }
}

impl RunCell {
    fn of(run: Run) -> RunCell {
        let letters = letter(run.class).repeat(run.cells);
        RunCell { cells: run.cells, class: run.class, letters, label: run.label }
    }
}

/// Links to other times of a page at `base`.
pub(super) fn times(base: &str, window: Window, facts: &Facts) -> Times {
    let clock = facts.clock();
    let after = window.after(&clock);
    let is_past = after.is_some();
    let link = |span: Span, to: Option<Millis>| format!("{base}?{}", time_query(span, to));
    Times {
        spans: Span::ALL
            .into_iter()
            .map(|span| (link(span, is_past.then_some(window.to)), span.word(), span == window.span))
            .collect(),
        before: link(window.span, Some(window.before())),
        after: after.map(|after| link(window.span, Some(after).filter(|after| *after < clock.now()))),
        now: is_past.then(|| link(window.span, None)),
        from: clock.moment(window.from).text,
        to: clock.moment(window.to).text,
    }
}
