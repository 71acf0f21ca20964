//! `/`: what is wrong now, then how many there are, then all groups, folded.

use super::acts::Acknowledge;
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Chip, CountsBar, CountsLine, Link, MarkLine, Pager, Since, page_within};
use super::query::Query;
use crate::limits::{GROUPS_SHOWN, MARKS_SHOWN, PAGE_ROWS, PROBLEMS_SHOWN, SILENT_SHOWN};
use crate::view::clock::Clock;
use crate::view::fleet::{Fleet, Group, Object, Service};
use crate::view::heard::Heard;
use crate::view::name::{Name, plain, reason_of};
use crate::view::overview;
use crate::view::tree::service_words;
use askama::Template;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    page: usize,
}

/// Somebody who is not well, or was spoken of.
pub struct Problem {
    chip: Chip,
    class: &'static str,
    kind: &'static str,
    link: Link,
    title: String,
    since: Since,
    up: String,
    reason: String,
    is_flapping: bool,
    marks: Vec<MarkLine>,
    targets: Vec<TargetLine>,
    more: usize,
    href: String,
    form: Option<Acknowledge>,
}

/// A target below it.
pub struct TargetLine {
    chip: Chip,
    link: Link,
    since: Since,
    reason: String,
}

struct Kinds {
    word: &'static str,
    line: CountsLine,
    bar: CountsBar,
}

struct GroupLine {
    link: Link,
    chip: Chip,
    services: usize,
    targets: usize,
    line: CountsLine,
    bar: CountsBar,
    list: Vec<(Chip, Link, String)>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Shown {
    frame: Frame,
    chip: Chip,
    class: &'static str,
    says: String,
    targets: CountsLine,
    problems: Vec<Problem>,
    pager: Pager,
    quiet: Vec<(Link, MarkLine)>,
    quiet_more: usize,
    silent: Vec<(Link, Since, usize)>,
    silent_more: usize,
    kinds: Vec<Kinds>,
    groups: Vec<GroupLine>,
    groups_more: usize,
    incidents: usize,
    nodes: Vec<(Chip, Link, String)>,
}

impl Overview {
    /// Reads its query.
    pub fn new(query: &Query) -> Result<Overview, String> {
        Ok(Overview { page: query.page()? })
    }

    pub(super) fn render(&self, facts: &Facts, visitor: &Visitor) -> Page {
        let clock = facts.clock();
        let fleet = &facts.snapshot.fleet;
        let marks = facts.marks();
        let overview = overview::Overview::new(fleet, &marks);
        let page = page_within(self.page, overview.problems.len(), PROBLEMS_SHOWN);
        let shown = overview.problems.iter().skip(page * PROBLEMS_SHOWN).take(PROBLEMS_SHOWN);
        let form_key = visitor.form_key.as_deref();
        let problems: Vec<Problem> =
            shown.map(|problem| Problem::of(problem, facts.heard(), &clock, form_key, "/")).collect();
        let kinds = [
            ("services", overview.services),
            ("targets", overview.targets),
            ("nodes", overview.nodes),
            ("levels", overview.levels),
        ];
        let kinds = kinds.into_iter().filter(|(_, counts)| counts.total() > 0);
        let is_first = page == 0;
        let quiet = if is_first { marks.quiet() } else { Vec::new() };
        let are_few = fleet.services().take(PAGE_ROWS / 2 + 1).count() <= PAGE_ROWS / 2;
        // What is not known is never ok.
        let is_known = facts.warning().is_none() && !fleet.is_empty();
        let worst = match overview.worst() {
            State::Ok if !is_known => State::Unknown,
            worst => worst,
        };
        let template = Shown {
            frame: Frame::new(facts, visitor, "overview", "Overview"),
            chip: Chip::of_state(worst),
            class: worst.word(),
            says: says(facts, &overview),
            targets: CountsLine::of(overview.targets),
            problems,
            pager: Pager::new(self.page, overview.problems.len(), PROBLEMS_SHOWN, "/"),
            quiet_more: quiet.len().saturating_sub(MARKS_SHOWN),
            quiet: quiet
                .iter()
                .take(MARKS_SHOWN)
                .map(|(name, mark)| (Link::to(Name::of_any(name)), MarkLine::of(mark, &clock)))
                .collect(),
            silent: if is_first { silent(&overview, &clock) } else { Vec::new() },
            silent_more: overview.silent.len().saturating_sub(SILENT_SHOWN),
            kinds: kinds
                .map(|(word, counts)| Kinds {
                    word,
                    line: CountsLine::of(counts),
                    bar: CountsBar::of(counts),
                })
                .collect(),
            groups: if is_first {
                let groups = overview.groups.iter().take(GROUPS_SHOWN);
                groups.map(|group| group_line(group, fleet, are_few)).collect()
            } else {
                Vec::new()
            },
            groups_more: overview.groups.len().saturating_sub(GROUPS_SHOWN),
            incidents: facts.snapshot.incidents.len(),
            nodes: if is_first {
                let nodes = fleet.nodes().filter(|node| node.state() == State::Ok).take(GROUPS_SHOWN);
                nodes.map(|node| named(node, facts.heard())).collect()
            } else {
                Vec::new()
            },
        };
        Page::html(200, &template)
    }
}

/// One line that says it all.
fn says(facts: &Facts, overview: &overview::Overview<'_>) -> String {
    if facts.snapshot.fleet.is_empty() {
        return "Nothing is watched yet".to_owned();
    }
    let open = overview.problems.iter().filter(|one| one.object.state() != State::Ok);
    let (taken_on, open): (Vec<_>, Vec<_>) = open.partition(|problem| problem.is_taken_on());
    let problems =
        |count: usize| if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") };
    match (open.len(), taken_on.len()) {
        (0, 0) if facts.warning().is_some() => "It is not known how all is now".to_owned(),
        (0, 0) => "All is well".to_owned(),
        (0, taken_on) => format!("Nothing new: somebody is on {}", problems(taken_on)),
        (open, 0) => problems(open),
        (open, taken_on) => format!("{}, and {taken_on} that somebody is on", problems(open)),
    }
}

/// A link with what people call it.
fn named(object: &Object, heard: &Heard) -> (Chip, Link, String) {
    let title = heard.title(&object.name).unwrap_or_default().to_owned();
    (Chip::of(&object.standing), Link::to(Name::of(&object.name)), title)
}

fn silent(overview: &overview::Overview<'_>, clock: &Clock) -> Vec<(Link, Since, usize)> {
    let some = overview.silent.iter().take(SILENT_SHOWN);
    let line = |one: &overview::Silent<'_>| {
        (Link::to(Name::of_host(one.host)), Since::of(clock.moment(one.since)), one.services)
    };
    some.map(line).collect()
}

fn group_line(group: &Group<'_>, fleet: &Fleet, is_listed: bool) -> GroupLine {
    let services = if is_listed { fleet.services_of(group.name).collect() } else { Vec::new() };
    let list = services.into_iter().map(|service| {
        let words = service_words(service);
        (Chip::of(&service.object.standing), Link::to(Name::of(&service.object.name).last()), words)
    });
    GroupLine {
        link: Link::to(Name::of_group(group.name)),
        chip: Chip::of_state(group.services.worst()),
        services: group.services.total(),
        targets: group.targets.total(),
        line: CountsLine::of(group.targets),
        bar: CountsBar::of(group.targets),
        list: list.collect(),
    }
}

impl Problem {
    /// How it is shown. `form_key` is what proves a form, where one may act; `back` is where that leads back to.
    pub fn of(
        problem: &overview::Problem<'_>,
        heard: &Heard,
        clock: &Clock,
        form_key: Option<&str>,
        back: &str,
    ) -> Problem {
        let object = problem.object;
        let name = &object.name;
        let link = Name::of(name);
        let can_ack = object.state() == State::Ko && problem.marks.is_empty() && name.kind() != Kind::Level;
        Problem {
            chip: Chip::of(&object.standing),
            class: if problem.is_taken_on() { "taken" } else { object.state().word() },
            kind: kind_word(name),
            href: link.href.clone(),
            link: Link::to(link),
            title: heard.title(name).unwrap_or_default().to_owned(),
            since: Since::of(clock.moment(object.since)),
            up: problem.service.map_or_else(String::new, service_words),
            // What fails of a service stands below it.
            reason: reason(object, heard, problem.service),
            is_flapping: object.is_flapping,
            marks: MarkLine::all(&problem.marks, clock),
            targets: problem.targets.iter().map(|target| TargetLine::of(target, clock)).collect(),
            more: problem.more,
            form: form_key.filter(|_| can_ack).map(|key| Acknowledge::of(name, key, back)),
        }
    }
}

impl TargetLine {
    /// A target below its service.
    pub fn of(target: &Object, clock: &Clock) -> TargetLine {
        TargetLine {
            chip: Chip::of(&target.standing),
            link: Link::to(Name::of(&target.name).last()),
            since: Since::of(clock.moment(target.since)),
            reason: plain(&target.standing.reason),
        }
    }
}

fn kind_word(name: &ObjectName) -> &'static str {
    match name.kind() {
        Kind::Target => "target",
        Kind::Service => "",
        Kind::Node => "node",
        Kind::Level => "level",
    }
}

fn reason(object: &Object, heard: &Heard, service: Option<&Service>) -> String {
    let reason = &object.standing.reason;
    if let Some(of) = heard.of_level(&object.name) {
        return if reason.is_empty() { format!("of {of}") } else { format!("of {of}: {}", plain(reason)) };
    }
    service
        .map_or_else(|| reason_of(&object.name, reason), |service| reason_of(&object.name, &service.reason()))
}
