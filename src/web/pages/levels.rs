//! `/levels`: what was promised, what was kept, and what is left of the budget, by the watcher's own function over the
//! same journal.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Chip, Link, Since};
use crate::limits::{LEVELS_JUDGED, PAGE_ROWS};
use crate::view::clock::{Clock, length_of_two};
use crate::view::fleet::Object;
use crate::view::name::{Name, encoded, plain, shown};
use askama::Template;
use askama::filters::HtmlSafe;
use oco_fleet::availability::Percent;
use oco_fleet::journal::{Adjustment, JournalError, Reader};
use oco_fleet::level::{Account, Judgement, Promise};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::collections::HashMap;

/// The page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels;

/// What was laid over the journal.
#[derive(Debug)]
pub struct Found {
    judged: Judged,
    corrections: Vec<Adjustment>,
}

/// How levels stand, by name.
pub(super) type Judged = HashMap<ObjectName, Judgement>;

/// A level.
#[derive(Template)]
#[template(path = "level.html")]
pub struct Level {
    id: String,
    name: String,
    chip: Chip,
    since: Option<Since>,
    reason: String,
    of: Option<Link>,
    figures: Option<Figures>,
}

impl HtmlSafe for Level {}

/// What was reckoned.
pub struct Figures {
    target: String,
    measured: String,
    contractual: String,
    period: String,
    budget: String,
    left: String,
    /// In thousandths of the budget, for the bar.
    left_share: i64,
    /// `spent by 3 Dec 10:00 at this rate`, or since when it is.
    forecast: String,
}

struct Correction {
    link: Link,
    from: String,
    to: String,
    chip: Chip,
    who: String,
    text: String,
}

#[derive(Template)]
#[template(path = "levels.html")]
struct Shown {
    frame: Frame,
    levels: Vec<Level>,
    more: usize,
    corrections: Vec<Correction>,
}

/// Judges levels at the last moment that is known.
pub(super) fn judge<'a>(
    names: impl Iterator<Item = &'a ObjectName>,
    facts: &Facts,
    reader: &mut Reader,
) -> Result<Judged, JournalError> {
    let (now, zone) = (facts.known_to_page(), &facts.settings.zone);
    // How it goes on is what it is in the millisecond of now.
    let next = Millis(now.0.saturating_add(1));
    let mut judged = HashMap::new();
    for name in names.take(LEVELS_JUDGED) {
        let Some(level) = facts.heard().level(name) else { continue };
        let (from, _) = level.promise.period.around(now, zone);
        let history = reader.history(&level.of, from, next, next)?.unwrap_or_default();
        judged.insert(name.clone(), level.promise.judge(now, history.over(), &history.spans, zone));
    }
    Ok(judged)
}

pub(super) fn read(facts: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
    let names = facts.snapshot.fleet.levels().map(|level| &level.name);
    Ok(Found { judged: judge(names, facts, reader)?, corrections: reader.adjustments()? })
}

pub(super) fn render(facts: &Facts, visitor: &Visitor, found: Option<&Found>, why: Option<&str>) -> Page {
    let clock = facts.clock();
    let mut all: Vec<&Object> = facts.snapshot.fleet.levels().collect();
    all.sort_by_key(|level| level.state().rank());
    let corrections = found.iter().flat_map(|found| found.corrections.iter().rev()).take(PAGE_ROWS / 2);
    let corrections = corrections.map(|one| Correction {
        link: Link::to(Name::of(&one.name)),
        from: clock.moment(one.since).text,
        to: clock.moment(one.until).text,
        chip: Chip::of_state(one.state),
        who: plain(&one.who),
        text: plain(&one.text),
    });
    let judged = found.map(|found| &found.judged);
    let template = Shown {
        frame: Frame::new(facts, visitor, "levels", "Levels").with_unread(why),
        more: all.len().saturating_sub(PAGE_ROWS / 2),
        levels: all
            .into_iter()
            .take(PAGE_ROWS / 2)
            .map(|level| Level::of(&level.name, facts, judged))
            .collect(),
        corrections: corrections.collect(),
    };
    Page::html(200, &template)
}

impl Level {
    /// A level as it stands.
    pub(super) fn of(name: &ObjectName, facts: &Facts, judged: Option<&Judged>) -> Level {
        let clock = facts.clock();
        let object = facts.snapshot.fleet.get(name);
        Level {
            id: encoded(name.service_part()),
            name: shown(name.service_part()),
            chip: Chip::of_any(object),
            since: object.map(|object| Since::of(clock.moment(object.since))),
            reason: object.map(|object| plain(&object.standing.reason)).unwrap_or_default(),
            of: facts.heard().of_level(name).map(|of| Link::to(Name::of(of))),
            figures: judged.and_then(|judged| judged.get(name)).and_then(|judged| {
                let level = facts.heard().level(name)?;
                Some(Figures::of(&level.promise, judged, &clock))
            }),
        }
    }
}

/// A percentage as it is shown everywhere: three decimals.
fn percent(share: Option<Percent>) -> String {
    share.map_or_else(|| "\u{2013}".to_owned(), |share| format!("{share}%"))
}

impl Figures {
    fn of(promise: &Promise, judged: &Judgement, clock: &Clock) -> Figures {
        let Account { from, to, budget, left, measured, contractual, .. } = judged.account;
        let at = |at: Millis| clock.moment(at).text;
        let forecast = match (judged.spent_at, judged.spent_by) {
            (Some(spent), _) => format!("spent since {}", at(spent)),
            (None, Some(by)) => format!("spent by {} at this rate", at(by)),
            (None, None) => String::new(),
        };
        Figures {
            target: percent(Some(Percent(promise.target))),
            measured: percent(measured),
            contractual: percent(contractual),
            period: format!("{} \u{2013} {}", at(from), at(to)),
            budget: length_of_two(budget),
            left: if left < 0 {
                format!("{} over", length_of_two(left.saturating_neg()))
            } else {
                length_of_two(left)
            },
            left_share: left.clamp(0, budget).saturating_mul(1_000).checked_div(budget).unwrap_or(0),
            forecast,
        }
    }
}
