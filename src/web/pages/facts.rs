//! What a page is made of, and for whom.

use super::reports::ReportFacts;
use crate::config::PublicPage;
use crate::store::Snapshot;
use crate::view::clock::Clock;
use crate::view::heard::Heard;
use crate::view::marks::Marks;
use oco::logic::code::Code;
use oco_fleet::calendar::Zone;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::sync::Arc;

/// What is known at a moment.
#[derive(Debug, Clone)]
pub struct Facts {
    /// By the journal.
    pub snapshot: Arc<Snapshot>,
    /// What was pushed for the host that [`Route::host`](super::Route::host) names.
    pub pushed: Option<Pushed>,
    /// The code that this host's own ocod gave of it last, where the host is known to have one.
    pub verdict: Option<Code>,
    /// Why the watcher does not answer; none: it does.
    pub watcher: Option<String>,
    /// Why reports of pushers are not taken, though the watcher answers; none: they are, as far as is known.
    pub pushes: Option<String>,
    /// By the board's file.
    pub settings: Arc<Settings>,
    /// Now, by the wall.
    pub now: Millis,
}

/// What the board's file says of pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What the board is called.
    pub title: String,
    /// Where it is reached from outside, without a slash at its end.
    pub base_url: Option<String>,
    /// Which zone times are shown in.
    pub zone: Zone,
    /// The public pages.
    pub pages: Vec<PublicPage>,
    /// The reports that are made.
    pub reports: Vec<ReportFacts>,
}

/// What a host pushed last, as it said it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pushed {
    /// Its program, and that one's version: `oco 0.2.0`.
    pub client: Option<String>,
    /// Of each service by its name what it had to say, several lines.
    pub texts: Vec<(ObjectName, String)>,
}

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visitor {
    /// What they are called; none: nobody asked.
    pub name: Option<String>,
    /// What proves that a form was sent from our page, where they may act.
    pub form_key: Option<String>,
    /// Whether they may not look at the board: then nothing around a page tells of the fleet.
    pub is_outside: bool,
}

impl Facts {
    /// Times as this page shows them.
    pub fn clock(&self) -> Clock {
        Clock::new(self.now, self.settings.zone.clone())
    }

    /// Who is on what.
    pub fn marks(&self) -> Marks<'_> {
        Marks::new(&self.snapshot.acts, &self.snapshot.windows, self.now)
    }

    /// Until when the past is known. A watcher that does not answer is believed up to its last sign of life.
    pub fn known(&self) -> Millis {
        match self.watcher {
            None => self.snapshot.known(self.now),
            Some(_) => self.snapshot.alive.min(self.now),
        }
    }

    /// The same for a page, which is of a minute: its figures change with that, not with each second.
    pub fn known_to_page(&self) -> Millis {
        self.known().min(self.clock().now())
    }

    /// What the watcher's file says.
    pub fn heard(&self) -> &Heard {
        &self.snapshot.heard
    }

    /// What is wrong with what is known, for people.
    pub fn warning(&self) -> Option<String> {
        let journal = self.snapshot.warning(self.now);
        journal.or_else(|| self.watcher.as_ref().map(|why| format!("The watcher does not answer: {why}")))
    }
}
