//! What time makes of a check: how old its result is, whether that still counts, and when that changes.

use super::{Check, Flags, MISSING, Outcome};
use crate::limits::OUTLIVES_BOOT;
use crate::logic::board::earliest;
use crate::logic::board::sight::CheckView;
use crate::logic::code::Code;
use crate::logic::time::{Nanos, Now, spoken};
use std::time::Duration;

impl Check {
    /// What the file says; none where there is none.
    pub(super) fn said(&self) -> Option<Outcome> {
        self.outcome.filter(|_| !self.is(Flags::DEPARTED))
    }

    pub(super) fn has_content(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Says(_) | Outcome::Malformed))
    }

    pub(super) fn age(&self, now: Now) -> Duration {
        now.boot.since(self.written)
    }

    /// Whether nothing is known of the time since the boot, and its promise is not one for longer than that.
    pub(super) fn is_of_before_boot(&self) -> bool {
        self.has_content() && self.written < Nanos::default() && self.max_age() <= OUTLIVES_BOOT
    }

    pub(super) fn is_stale(&self, now: Now) -> bool {
        self.is_of_before_boot() || (self.has_content() && self.age(now) > self.max_age())
    }

    /// The rating at `now`; none if this is no check.
    pub fn rating(&self, now: Now) -> Option<Code> {
        match self.said() {
            None => self.is(Flags::REQUIRED).then_some(Code::KO),
            Some(Outcome::Says(code)) if !self.is_stale(now) => Some(code),
            Some(_) => Some(Code::KO),
        }
    }

    pub fn grace_is_over(&self, now: Now) -> bool {
        self.grace_end != Nanos::default() && now.boot >= self.grace_end
    }

    /// When time alone changes the rating, or ends a grace: what has come by [`Check::note_time`] is no news.
    pub fn change_at(&self) -> Option<Nanos> {
        let expiry = self.expiry().filter(|_| !self.is(Flags::EXPIRY_TOLD));
        let grace = self.grace().filter(|_| !self.is(Flags::GRACE_TOLD));
        earliest(expiry, grace)
    }

    /// Notes what has come, and says whether anything came since the last call: it may be rated differently. Until the
    /// next call [`Check::change_at`] stays the same while nothing else changes.
    pub fn note_time(&mut self, now: Now) -> bool {
        let has_come = |at: Option<Nanos>| at.is_some_and(|at| at <= now.boot);
        let (expiry, grace) = (has_come(self.expiry()), has_come(self.grace()));
        let is_news = (expiry && !self.is(Flags::EXPIRY_TOLD)) || (grace && !self.is(Flags::GRACE_TOLD));
        self.flags.put(Flags::EXPIRY_TOLD, expiry);
        self.flags.put(Flags::GRACE_TOLD, grace);
        is_news
    }

    pub(super) fn expiry(&self) -> Option<Nanos> {
        match self.said() {
            Some(Outcome::Says(code)) if code != Code::KO && !self.is_of_before_boot() => {
                Some(self.written.after(self.max_age()).after(Duration::from_nanos(1)))
            }
            _ => None,
        }
    }

    pub(super) fn grace(&self) -> Option<Nanos> {
        Some(self.grace_end).filter(|end| *end != Nanos::default())
    }

    /// Why the rating is what it is.
    pub fn why(&self, now: Now) -> String {
        match self.said() {
            None if self.is(Flags::REQUIRED) => MISSING.to_owned(),
            None => "removed".to_owned(),
            Some(_) if self.is_of_before_boot() => {
                format!("stale, from before the boot, {} old", spoken(self.age(now)))
            }
            Some(_) if self.is_stale(now) => format!("stale, {} old", spoken(self.age(now))),
            Some(_) => self.text().to_owned(),
        }
    }

    pub fn view(&self, now: Now) -> Option<CheckView<'_>> {
        let has_content = self.has_content() && !self.is(Flags::DEPARTED);
        Some(CheckView {
            name: &self.name,
            code: self.rating(now)?,
            text: if self.said().is_none() { MISSING } else { self.text() },
            age: has_content.then(|| self.age(now)),
            max_age: self.max_age(),
            stale: has_content && self.is_stale(now),
            is_cut: self.said().is_some() && self.is(Flags::CUT),
        })
    }
}
