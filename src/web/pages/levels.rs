//! `/levels`: what was promised, what was kept, and what is left of the budget. Targets stand in the watcher's file, so
//! the watcher is asked for the figures; without it the states of the journal are shown.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Chip, Link, Since};
use crate::limits::{LEVELS_ASKED, PAGE_ROWS};
use crate::view::clock::{Clock, length_of_two};
use crate::view::fleet::Object;
use crate::view::name::{Name, encoded, plain, shown};
use askama::Template;
use askama::filters::HtmlSafe;
use oco::logic::control::{AvailabilityStatus, FleetOrder};
use oco_fleet::journal::{JournalError, Reader};
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use oco_fleet::when::{Toward, parse_when_in};

/// The page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels;

/// What was laid over the journal.
#[derive(Debug)]
pub struct Found {
    corrections: Vec<oco_fleet::journal::Adjustment>,
}

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

/// What the watcher reckoned.
pub struct Figures {
    target: String,
    measured: String,
    contractual: String,
    from: String,
    budget: String,
    left: String,
    /// In thousandths of the budget, for the bar.
    left_share: i64,
    /// `spent by 3 Dec 10:00 at this rate`.
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

/// What to ask the watcher of levels.
pub fn orders<'a>(levels: impl Iterator<Item = &'a ObjectName>) -> Vec<FleetOrder> {
    let order =
        |level: &ObjectName| FleetOrder::Availability { name: level.to_string(), from: None, to: None };
    levels.take(LEVELS_ASKED).map(order).collect()
}

pub(super) fn read(_: &Facts, reader: &mut Reader) -> Result<Found, JournalError> {
    Ok(Found { corrections: reader.adjustments()? })
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
    let template = Shown {
        frame: Frame::new(facts, visitor, "levels", "Levels").with_unread(why),
        more: all.len().saturating_sub(PAGE_ROWS / 2),
        levels: all.into_iter().take(PAGE_ROWS / 2).map(|level| Level::of(&level.name, facts)).collect(),
        corrections: corrections.collect(),
    };
    Page::html(200, &template)
}

impl Level {
    /// A level as it stands.
    pub fn of(name: &ObjectName, facts: &Facts) -> Level {
        let clock = facts.clock();
        let object = facts.snapshot.fleet.get(name);
        Level {
            id: encoded(name.service_part()),
            name: shown(name.service_part()),
            chip: Chip::of_any(object),
            since: object.map(|object| Since::of(clock.moment(object.since))),
            reason: object.map(|object| plain(&object.standing.reason)).unwrap_or_default(),
            of: facts.heard.of_level(name).map(|of| Link::to(Name::of(of))),
            figures: facts.figures_of(name).and_then(|figures| Figures::of(figures, &clock)),
        }
    }
}

/// A percentage as it is shown everywhere: three decimals.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "\u{2013}".to_owned(), |share| format!("{share:.3}%"))
}

impl Figures {
    fn of(figures: &AvailabilityStatus, clock: &Clock) -> Option<Figures> {
        let (target, budget, left) = (figures.target?, figures.budget?, figures.left?);
        let time = |text: &str| parse_when_in(text, clock.now(), clock.zone().time_zone(), Toward::Past).ok();
        let (from, to) = (time(&figures.from)?, time(&figures.to)?);
        let over =
            if left < 0 { format!("{} over", length_of_two(left.saturating_neg())) } else { String::new() };
        Some(Figures {
            target: percent(Some(target)),
            measured: percent(figures.measured),
            contractual: percent(figures.contractual),
            from: clock.moment(from).text,
            budget: length_of_two(budget),
            left: if left < 0 { over } else { length_of_two(left) },
            left_share: (left.clamp(0, budget) * 1_000).checked_div(budget).unwrap_or(0),
            forecast: forecast(budget, left, from, to)
                .map(|at| format!("spent by {} at this rate", clock.moment(at).text))
                .unwrap_or_default(),
        })
    }
}

/// When the budget will be spent if it goes on being spent as it was on average until now. None: nothing was, all was,
/// or it would last for years.
fn forecast(budget: i64, left: i64, from: Millis, to: Millis) -> Option<Millis> {
    let spent = budget.checked_sub(left).filter(|spent| *spent > 0 && left > 0)?;
    let rest = i128::from(left) * i128::from(to.since(from)) / i128::from(spent);
    let rest = i64::try_from(rest).ok().filter(|rest| *rest < 2 * 365 * 86_400_000)?;
    Some(Millis(to.0.saturating_add(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_as_it_was_until_now() {
        let at = |budget, left| forecast(budget, left, Millis(0), Millis(1_000)).map(|at| at.0);
        assert_eq!(at(100, 50), Some(2_000));
        assert_eq!(at(100, 90), Some(10_000));
        assert_eq!((at(100, 100), at(100, 0), at(100, -5), at(0, 0)), (None, None, None, None));
        assert_eq!(at(i64::MAX, 1), Some(1_000));
        assert_eq!(at(i64::MAX, i64::MAX - 1), None);
    }
}
