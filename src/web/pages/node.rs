//! `/n/NODE`: the tree below a node, why it is as it is, its levels, and how it was.

use super::acts::Acts;
use super::error::nobody;
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::grid::{self, Table, Times};
use super::levels::{self, Level};
use super::log::Lines;
use super::page::Page;
use super::parts::{Chip, Link, MarkLine, Pager, Since, page_within};
use super::query::Query;
use crate::limits::{HISTORY_ROWS, PAGE_ROWS, TREE_LINES};
use crate::view::grid::{Grid as Cells, Span, Window};
use crate::view::name::{Name, encoded, path, reason_of, shown};
use crate::view::tree::{self, Branch};
use askama::Template;
use oco_fleet::journal::{JournalError, LogPage, LogWish, Reader};
use oco_fleet::object::{ObjectName, Pattern, check_part};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    name: ObjectName,
    window: Window,
    /// Of what stands below it, and of how that was.
    page: usize,
}

/// More pages than a tree has.
const TREE_PAGES: usize = TREE_LINES / PAGE_ROWS;

/// How it was, and what happened.
#[derive(Debug)]
pub struct Found {
    bars: grid::Found,
    judged: levels::Judged,
    log: LogPage,
}

struct Twig {
    depth: usize,
    chip: Chip,
    link: Link,
    title: String,
    rule: String,
    reason: String,
    since: Option<Since>,
}

struct Cause {
    chip: Chip,
    link: Link,
    reason: String,
    since: Since,
}

#[derive(Template)]
#[template(path = "node.html")]
struct Shown {
    frame: Frame,
    title: String,
    name: String,
    chip: Chip,
    since: Since,
    reason: String,
    rule: String,
    marks: Vec<MarkLine>,
    acts: Option<Acts>,
    causes: Vec<Cause>,
    causes_more: usize,
    tree: Vec<Twig>,
    tree_pager: Pager,
    time_pager: Pager,
    is_whole: bool,
    above: Vec<Link>,
    levels: Vec<Level>,
    times: Times,
    table: Table,
    lines: Lines,
}

impl Node {
    /// Reads its query.
    pub fn new(node: &str, query: &Query, facts: &Facts) -> Result<Node, String> {
        // A name that is none is nobody's, which is found out below.
        let name = if check_part(node).is_ok() { node } else { "" };
        let (window, page) = (grid::window(query, facts, Span::Month)?, query.page()?);
        Ok(Node { name: ObjectName::node(name), window, page })
    }

    /// The levels of it.
    pub fn levels<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = &'a ObjectName> {
        facts.heard().levels_of(&self.name)
    }

    /// Itself and its members, whose bars are shown, and how many these are.
    fn names(&self, facts: &Facts) -> (Vec<ObjectName>, usize) {
        let members = facts.heard().node(&self.name).map_or(&[][..], |node| &node.members);
        let count = members.len() + 1;
        let names = std::iter::once(&self.name).chain(members);
        let page = page_within(self.page, count, PAGE_ROWS);
        (names.skip(page * PAGE_ROWS).take(PAGE_ROWS).cloned().collect(), count)
    }

    pub(super) fn read(&self, facts: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
        let bars = grid::read_bars(reader, &self.names(facts).0, self.window, facts)?;
        let patterns = Pattern::parse(self.name.as_str()).ok().into_iter().collect();
        let log = reader.log(&LogWish { patterns, limit: HISTORY_ROWS, ..LogWish::default() })?;
        let judged = levels::judge(self.levels(facts), facts, reader)?;
        Ok(Found { bars, judged, log })
    }

    pub(super) fn render(
        &self,
        facts: &Facts,
        visitor: &Visitor,
        found: Option<Found>,
        why: Option<&str>,
    ) -> Page {
        let (fleet, heard) = (&facts.snapshot.fleet, facts.heard());
        let Some(object) = fleet.get(&self.name) else {
            let name = self.name.service_part();
            let says = "No node is known by this name.";
            return nobody(facts, visitor, &shown(name), !name.is_empty(), says);
        };
        let clock = facts.clock();
        let (causes, count) = tree::causes(fleet, heard, &self.name);
        let below = |page: usize| tree::tree(fleet, heard, &self.name, page * PAGE_ROWS, PAGE_ROWS);
        let mut tree = below(self.page.min(TREE_PAGES));
        let tree_page = page_within(self.page, tree.count, PAGE_ROWS);
        if tree_page < self.page {
            tree = below(tree_page);
        }
        let cells = Cells::new(self.window, &clock);
        let bars = found.as_ref().map(|found| &found.bars);
        let (names, count_by_time) = self.names(facts);
        let rows = names.iter().filter_map(|name| fleet.get(name));
        let rows = rows.map(|object| {
            let row = grid::row(object.name == self.name, object, bars, &cells, facts);
            row.with_name(Link::to(Name::of(&object.name)))
        });
        let name = shown(self.name.service_part());
        let title = heard.title(&self.name).map_or_else(|| name.clone(), str::to_owned);
        let table = Table {
            rows: rows.collect(),
            marks: self.window.marks(&clock),
            cells: self.window.cells,
            caption: format!("{title} and its members by time"),
        };
        let causes: Vec<Cause> = causes
            .into_iter()
            .map(|object| Cause {
                chip: Chip::of(&object.standing),
                link: Link::to(Name::of(&object.name)),
                reason: reason_of(&object.name, &object.standing.reason),
                since: Since::of(clock.moment(object.since)),
            })
            .collect();
        let judged = found.as_ref().map(|found| &found.judged);
        let levels = self.levels(facts).map(|level| Level::of(level, facts, judged)).collect();
        let log = found.map(|found| found.log).unwrap_or_default();
        let is_cut = !log.is_whole && !log.rows.is_empty();
        let more = is_cut.then(|| format!("/log?name={}", encoded(self.name.as_str())));
        let (known, base) = (facts.marks(), path(&["n", self.name.service_part()]));
        let said = known.of(&self.name);
        // Both lists turn their pages together.
        let href = format!("{base}?{}", grid::query_of(self.window, facts));
        let rows = tree.count.max(count_by_time);
        let pager = |own: usize, of: &str| match own > PAGE_ROWS {
            true => Pager::new(self.page, rows, PAGE_ROWS, &href).to(of),
            false => Pager::default(),
        };
        let template = Shown {
            frame: Frame::new(facts, visitor, "", &title).with_unread(why),
            chip: Chip::of(&object.standing),
            since: Since::of(clock.moment(object.since)),
            reason: reason_of(&object.name, &object.standing.reason),
            marks: MarkLine::all(&said, &clock),
            acts: Acts::of(&self.name, object.state(), &said, visitor.form_key.as_deref(), &base),
            rule: tree.rule,
            causes_more: count.saturating_sub(causes.len()),
            causes,
            tree_pager: pager(tree.count, "tree"),
            time_pager: pager(count_by_time, "time"),
            tree: tree.branches.iter().map(|branch| twig(branch, facts)).collect(),
            // Told at the end of the last page.
            is_whole: tree.is_whole || tree_page + 1 < tree.count.div_ceil(PAGE_ROWS),
            above: heard.above(&self.name).map(|name| Link::to(Name::of(name))).collect(),
            levels,
            times: grid::times(&base, self.window, facts),
            table,
            lines: Lines::of(log, &clock, more),
            title,
            name,
        };
        Page::html(200, &template)
    }
}

fn twig(branch: &Branch<'_>, facts: &Facts) -> Twig {
    let clock = facts.clock();
    Twig {
        depth: branch.depth.min(8),
        chip: Chip::of_any(branch.object),
        link: Link::to(Name::of(branch.name)),
        title: branch.title.unwrap_or_default().to_owned(),
        rule: branch.rule.clone(),
        reason: match (branch.service, branch.object) {
            (Some(service), _) => reason_of(branch.name, &service.reason()),
            (None, object) => {
                object.map(|object| reason_of(&object.name, &object.standing.reason)).unwrap_or_default()
            }
        },
        since: branch.object.map(|object| Since::of(clock.moment(object.since))),
    }
}
