//! What stands around each page: who we are, where one can go, how fresh it is.

use super::facts::{Facts, Visitor};
use crate::view::clock::{Moment, aged};
use crate::view::fleet::Object;
use oco_fleet::state::State;
use oco_fleet::time::Millis;

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What the board is called.
    pub site: String,
    /// What the page is called.
    pub heading: String,
    /// Where one is: a word of the navigation.
    pub here: &'static str,
    /// The watcher's last sign of life; none: there never was one.
    pub fresh: Option<Moment>,
    /// The hour of it.
    pub hour: String,
    /// What is wrong with what is known.
    pub warning: Option<String>,
    /// What is wrong beside what is known, which is as fresh as ever.
    pub notice: Option<String>,
    /// Why the journal did not answer this page.
    pub unread: Option<String>,
    /// The icon: the worst state of all.
    pub icon: &'static str,
    /// Which zone times are of.
    pub zone: String,
    /// Who looks.
    pub user: Option<String>,
    /// Whether who looks may look at the board, so that there are ways to its pages.
    pub is_inside: bool,
    /// Whether changes are brought in while it is open. Not where somebody writes, and not where a link is followed.
    pub is_live: bool,
}

impl Frame {
    /// The frame of a page of this name.
    pub fn new(facts: &Facts, visitor: &Visitor, here: &'static str, heading: &str) -> Frame {
        let clock = facts.clock();
        let is_inside = !visitor.is_outside;
        let alive = facts.snapshot.read.filter(|_| is_inside).map(|_| facts.snapshot.alive);
        let warning = facts.warning().filter(|_| is_inside);
        let fresh = |alive: Millis| {
            let moment = clock.moment(alive);
            // Where the age is told, it is that of now, not of the page's minute: somebody reckons with it.
            let aged = aged(facts.now.since(alive).max(0));
            if warning.is_some() { Moment { age: aged.age, ago: aged.ago, ..moment } } else { moment }
        };
        Frame {
            site: facts.settings.title.clone(),
            heading: heading.to_owned(),
            here,
            fresh: alive.map(fresh),
            hour: alive.map_or_else(String::new, |alive| clock.hour(alive)),
            notice: facts.pushes.clone().filter(|_| is_inside && warning.is_none()),
            warning,
            unread: None,
            icon: if is_inside { icon(facts) } else { State::Unknown.word() },
            zone: facts.settings.zone.name().unwrap_or("this host's clock").to_owned(),
            user: visitor.name.clone(),
            is_inside,
            is_live: is_inside,
        }
    }

    /// Of a page that stays as it is while it is open.
    pub fn still(mut self) -> Frame {
        self.is_live = false;
        self
    }

    /// With why the journal did not answer. It is said once where that is known already.
    pub fn with_unread(mut self, why: Option<&str>) -> Frame {
        self.unread = why.filter(|_| self.warning.is_none()).map(str::to_owned);
        self
    }
}

/// The worst state of all that is not planned. Of a fleet of nobody, nobody knows how it is.
fn icon(facts: &Facts) -> &'static str {
    let fleet = &facts.snapshot.fleet;
    if facts.warning().is_some() || fleet.is_empty() {
        return State::Unknown.word();
    }
    let all = fleet.services().map(|service| &service.object).chain(fleet.nodes()).chain(fleet.levels());
    let all = all.filter(|object| !object.standing.planned);
    all.map(Object::state).fold(State::Ok, State::worse).word()
}
