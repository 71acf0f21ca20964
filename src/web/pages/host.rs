//! `/h/HOST`: everything about one host, over all groups.

use super::acts::Acts;
use super::charts::{self, Charts, Series};
use super::error::nobody;
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::grid::{self, Table, Times};
use super::log::Lines;
use super::page::Page;
use super::parts::{Chip, CountsLine, Link, MarkLine, Pager, Since, page_within};
use super::query::Query;
use crate::limits::{HISTORY_ROWS, PAGE_ROWS};
use crate::push::body::{UNSUPPORTED, first_line};
use crate::view::fleet::{Counts, Object};
use crate::view::grid::{Grid as Cells, Span, Window};
use crate::view::name::{Name, encoded, path, plain, shown};
use crate::view::overview::SILENT;
use askama::Template;
use oco_fleet::journal::{JournalError, LogPage, LogWish, Reader};
use oco_fleet::object::{ObjectName, Pattern, check_host};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    host: String,
    window: Window,
    page: usize,
}

/// How it was, and what happened.
#[derive(Debug)]
pub struct Found {
    bars: grid::Found,
    series: Vec<Series>,
    log: LogPage,
}

struct Card {
    chip: Chip,
    link: Link,
    since: Since,
    reason: String,
    is_flapping: bool,
    is_passive: bool,
    text: String,
    marks: Vec<MarkLine>,
    acts: Option<Acts>,
}

#[derive(Template)]
#[template(path = "host.html")]
struct Shown {
    frame: Frame,
    host: String,
    chip: Chip,
    client: String,
    /// What its own ocod makes of it.
    verdict: Option<Chip>,
    counts: CountsLine,
    cards: Vec<Card>,
    pager: Pager,
    times: Times,
    table: Table,
    charts: Charts,
    lines: Lines,
}

impl Host {
    /// Reads its query.
    pub fn new(host: &str, query: &Query, facts: &Facts) -> Result<Host, String> {
        let (window, page) = (grid::window(query, facts, Span::default())?, query.page()?);
        Ok(Host { host: host.to_owned(), window, page })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.host
    }

    /// All of it, the worst first: what fails is on the first page, however many services there are.
    fn objects<'a>(&'a self, facts: &'a Facts) -> Vec<&'a Object> {
        if check_host(&self.host).is_err() {
            return Vec::new();
        }
        let mut objects: Vec<&Object> = facts.snapshot.fleet.of_host(&self.host).collect();
        objects.sort_by_key(|object| (object.state().rank(), !object.is_severe()));
        objects
    }

    /// What of it is on the page.
    fn shown<'a, 'b>(&self, objects: &'b [&'a Object]) -> &'b [&'a Object] {
        let page = page_within(self.page, objects.len(), PAGE_ROWS);
        objects.chunks(PAGE_ROWS).nth(page).unwrap_or_default()
    }

    /// Who it is in every group.
    fn pattern(&self) -> String {
        format!("*/*/{}", self.host)
    }

    pub(super) fn read(&self, facts: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
        let objects = self.objects(facts);
        let names: Vec<ObjectName> = self.shown(&objects).iter().map(|object| object.name.clone()).collect();
        let bars = grid::read_bars(reader, &names, self.window, facts)?;
        let patterns = Pattern::parse(&self.pattern()).into_iter().collect();
        let wish = LogWish { patterns, limit: HISTORY_ROWS, ..LogWish::default() };
        let log = if names.is_empty() { LogPage::default() } else { reader.log(&wish)? };
        let series = charts::read(reader, &names, self.window)?;
        Ok(Found { bars, series, log })
    }

    pub(super) fn render(
        &self,
        facts: &Facts,
        visitor: &Visitor,
        found: Option<Found>,
        why: Option<&str>,
    ) -> Page {
        let objects = self.objects(facts);
        if objects.is_empty() {
            let is_name = check_host(&self.host).is_ok();
            let says = "No host is known by this name.";
            return nobody(facts, visitor, &shown(&self.host), is_name, says);
        }
        let (clock, marks) = (facts.clock(), facts.marks());
        let base = path(&["h", &self.host]);
        let mut counts = Counts::default();
        objects.iter().for_each(|object| counts.add(object.state()));
        let on_page = self.shown(&objects);
        let card = |object: &&Object| {
            let service = object.name.service_of_target();
            let (name, own) = (&object.name, marks.of(&object.name));
            Card {
                chip: Chip::of(&object.standing),
                link: Link::to(service.map(|service| Name::of(&service)).unwrap_or_default()),
                since: Since::of(clock.moment(object.since)),
                reason: reason(facts, object),
                is_flapping: object.is_flapping,
                is_passive: object.reports,
                text: said(facts, name),
                marks: MarkLine::all(&marks.of_all_above(name), &clock),
                acts: Acts::of(name, object.state(), &own, visitor.form_key.as_deref(), &base),
            }
        };
        let cells = Cells::new(self.window, &clock);
        let bars = found.as_ref().map(|found| &found.bars);
        let rows = on_page.iter().map(|object| {
            let service = object.name.service_of_target();
            let link = Link::to(service.map(|service| Name::of(&service)).unwrap_or_default());
            grid::row(false, object, bars, &cells, facts).with_name(link)
        });
        let host = shown(&self.host);
        let table = Table {
            rows: rows.collect(),
            marks: self.window.marks(&clock),
            cells: self.window.cells,
            caption: format!("Services of {host} by time"),
        };
        let series = found.as_ref().map_or(&[][..], |found| &found.series);
        let charts = Charts::of(series, self.window, |name| {
            name.service_of_target().map(|service| Name::of(&service)).unwrap_or_default()
        });
        let log = found.map(|found| found.log).unwrap_or_default();
        let more = (!log.is_whole && !log.rows.is_empty())
            .then(|| format!("/log?name={}", encoded(&self.pattern())));
        let template = Shown {
            frame: Frame::new(facts, visitor, "", &host).with_unread(why),
            chip: Chip::of_state(counts.worst()),
            client: facts
                .pushed
                .as_ref()
                .and_then(|pushed| pushed.client.as_deref())
                .map(plain)
                .unwrap_or_default(),
            verdict: facts.verdict.map(Chip::of_code),
            counts: CountsLine::of(counts),
            cards: on_page.iter().map(card).collect(),
            pager: Pager::new(
                self.page,
                objects.len(),
                PAGE_ROWS,
                &format!("{base}?{}", grid::query_of(self.window, facts)),
            ),
            times: grid::times(&base, self.window, facts),
            table,
            charts,
            lines: Lines::of(log, &clock, more),
            host,
        };
        Page::html(200, &template)
    }
}

/// Why. The journal has the reason of the last change of state: where what was pushed last is known, that is of now, but
/// for what the watcher and the board say of their own.
fn reason(facts: &Facts, object: &Object) -> String {
    let reason = &*object.standing.reason;
    let is_own = reason.starts_with(SILENT) || reason.contains(UNSUPPORTED);
    let text = pushed(facts, &object.name).filter(|_| object.reports && !is_own);
    let (words, _) = first_line(text.unwrap_or_default());
    plain(if words.is_empty() { reason } else { words })
}

/// What was pushed of a target last, where that is more than its reason.
fn pushed<'a>(facts: &'a Facts, name: &ObjectName) -> Option<&'a str> {
    let mut texts = facts.pushed.iter().flat_map(|pushed| &pushed.texts);
    texts.find(|(of, _)| of == name).map(|(_, text)| text.as_str())
}

/// The same, line by line.
fn said(facts: &Facts, name: &ObjectName) -> String {
    let text = pushed(facts, name);
    let lines = text.iter().flat_map(|text| text.lines()).map(plain);
    lines.collect::<Vec<_>>().join("\n")
}
