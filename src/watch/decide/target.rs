//! One target: what an outcome makes of where it stands.
//!
//! ```text
//!                  success                        rise successes, or one where it was up before we failed
//!   nothing known ---------> ok, but <-----------------------------------+------------+
//!        |                    |  ^                                       |            |
//!        | failure            |  '- at once, each into the other         |            |
//!        v                    v  fall failures, or max-silence           |            |
//!        ko <-----------------+----------------- unknown <---------------+----------- ko
//!                                                 ^ our own failure, at once, from everywhere
//! ```
//!
//! Nothing is allocated where nothing changes. This knows no canary: where a ko is due it says so, and is told.

mod counts;
#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests;

use super::clock::{counted, millis};
use crate::config::Timing;
use crate::limits::REASON_OCTETS;
use crate::probe::outcome::Outcome;
pub use counts::{Counts, Pending};
use oco::logic::code::Code;
use oco::logic::time::Nanos;
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    standing: Standing,
    since: Millis,
    /// When it last changed in any way: nothing is dated before that.
    changed: Millis,
    counts: Counts,
    /// When its last probe that counts began.
    last: Option<Millis>,
    pending: Option<Box<Pending>>,
}

/// What becomes of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling<'a> {
    /// It stands where it stood.
    Stays,
    /// It does, but the words for it are others.
    Rephrased,
    /// It stands here now.
    Moves(Verdict<'a>),
    /// It would, but this is a ko.
    Falls(Verdict<'a>),
}

/// Where a target is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Its code; none: unknown.
    pub code: Option<Code>,
    /// For people.
    pub reason: &'a str,
    /// How many probes in a row decided it, of how many needed.
    pub probes: Option<(u32, u32)>,
}

/// How targets of a service are judged.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Fall, rise and times.
    pub timing: &'a Timing,
    /// Whether its reasons are oco lines, of which another list of entries alone is a transition.
    pub has_entries: bool,
}

impl Target {
    /// One of which nothing is known.
    pub fn new(since: Millis) -> Target {
        let (standing, counts) = (Standing::default(), Counts::default());
        Target { standing, since, changed: since, counts, last: None, pending: None }
    }

    /// One that stood there before the process began, `at` for the journal.
    pub fn kept(standing: Standing, since: Millis, kept: KeptTarget, at: Millis) -> Target {
        let (counts, pending) = (kept.counts, kept.pending.map(Box::new));
        // At rest it is not kept each time, so what was kept may be long ago.
        let last = kept.last.filter(|_| counts.is_counting());
        Target { standing, since, changed: at.max(since), counts, last, pending }
    }

    /// What has to be kept, so that [`Target::kept`] goes on.
    pub fn keep(&self) -> KeptTarget {
        KeptTarget { counts: self.counts, last: self.last, pending: self.pending.as_deref().cloned() }
    }

    /// Where it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Since when.
    pub fn since(&self) -> Millis {
        self.since
    }

    /// When it last changed.
    pub fn changed(&self) -> Millis {
        self.changed
    }

    /// Its counts.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A ko that is due.
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_deref()
    }

    /// Whether a change is being counted.
    pub fn is_counting(&self) -> bool {
        self.pending.is_some() || self.counts.is_counting()
    }

    /// Takes in what a probe that began then found out.
    pub fn outcome<'a>(&mut self, outcome: Outcome<'a>, began: Millis, rules: Rules<'_>) -> Ruling<'a> {
        let gap = self.last.map_or(0, |last| counted(last, began, rules.timing.interval));
        self.last = Some(began);
        match outcome {
            Outcome::Own { reason } => self.own_failure(reason),
            Outcome::Told { code, reason } if code.verdict().is_up() => self.success(code, reason, rules),
            Outcome::Told { code, reason } => self.failure(code, reason, gap, rules),
        }
    }

    fn success<'a>(&mut self, code: Code, reason: &'a str, rules: Rules<'_>) -> Ruling<'a> {
        (self.counts.failures, self.counts.silence, self.pending) = (0, 0, None);
        let verdict = Verdict { code: Some(code), reason, probes: None };
        match (self.standing.state, self.counts.known) {
            (State::Ok | State::But, _) => self.compare(verdict, rules),
            (State::Unknown, State::Unknown | State::Ok | State::But) => Ruling::Moves(verdict),
            (State::Ko, _) | (State::Unknown, State::Ko) => {
                let rise = rules.timing.rise.max(1);
                self.counts.successes = self.counts.successes.saturating_add(1).min(rise);
                if self.counts.successes < rise {
                    return Ruling::Stays;
                }
                Ruling::Moves(Verdict { probes: Some((rise, rise)), ..verdict })
            }
        }
    }

    fn failure<'a>(&mut self, code: Code, reason: &'a str, gap: u64, rules: Rules<'_>) -> Ruling<'a> {
        self.counts.successes = 0;
        let verdict = Verdict { code: Some(code), reason, probes: None };
        if self.standing.state == State::Ko {
            return self.compare(verdict, rules);
        }
        let (fall, most) = (rules.timing.fall.max(1), millis(rules.timing.max_silence));
        self.counts.silence = self.counts.silence.saturating_add(gap);
        self.counts.failures = self.counts.failures.saturating_add(1).min(fall);
        if self.counts.failures >= fall && self.counts.known != State::Unknown {
            return Ruling::Falls(Verdict { probes: Some((fall, fall)), ..verdict });
        }
        let is_silent = i64::try_from(self.counts.silence).is_ok_and(|silence| silence >= most);
        if self.counts.known == State::Unknown || is_silent {
            return Ruling::Falls(verdict);
        }
        Ruling::Stays
    }

    fn own_failure<'a>(&mut self, reason: &'a str) -> Ruling<'a> {
        self.pending = None;
        if self.standing.state == State::Unknown {
            return self.rephrase(reason);
        }
        Ruling::Moves(Verdict { code: None, reason, probes: None })
    }

    /// Where the state is the same: another code is a move, and so are other entries.
    fn compare<'a>(&mut self, verdict: Verdict<'a>, rules: Rules<'_>) -> Ruling<'a> {
        let before = entries(&self.standing.reason);
        let has_other_entries = rules.has_entries && before != entries(bounded(verdict.reason));
        if self.standing.code != verdict.code || has_other_entries {
            return Ruling::Moves(verdict);
        }
        self.rephrase(verdict.reason)
    }

    fn rephrase<'a>(&mut self, reason: &str) -> Ruling<'a> {
        if *self.standing.reason == *bounded(reason) {
            return Ruling::Stays;
        }
        self.standing.reason = bounded(reason).into();
        Ruling::Rephrased
    }

    /// Somebody else told: that decides at once.
    pub fn report<'a>(&mut self, code: Code, reason: &'a str, rules: Rules<'_>) -> Ruling<'a> {
        self.pending = None;
        let verdict = Verdict { code: Some(code), reason, probes: None };
        if self.standing.state == State::of_code(code) {
            return self.compare(verdict, rules);
        }
        Ruling::Moves(verdict)
    }

    /// It is us: nothing that was found out of late proves anything.
    pub fn lose<'a>(&mut self, reason: &'a str) -> Ruling<'a> {
        (self.counts.failures, self.counts.successes) = (0, 0);
        self.last = None;
        self.own_failure(reason)
    }

    /// Whether it is unknown since it was us, for this reason.
    pub fn is_lost(&self, reason: &str) -> bool {
        self.standing.state == State::Unknown && *self.standing.reason == *reason
    }

    /// Holds a ko until it may be judged: the time of the first one counts, with the words of the last. Tells whether it is
    /// the first one.
    pub fn hold(&mut self, verdict: Verdict<'_>, dated: Option<Millis>, failed: Nanos) -> bool {
        let first = self.pending.as_ref().map(|pending| (pending.dated, pending.failed));
        let (dated, failed) = first.unwrap_or((dated, failed));
        let (code, reason) = (verdict.code.unwrap_or(Code::KO), bounded(verdict.reason).into());
        self.pending = Some(Box::new(Pending { code, reason, probes: verdict.probes, dated, failed }));
        first.is_none()
    }

    /// A ko that was held before the process began waits from now on.
    pub fn hold_anew(&mut self, failed: Nanos) {
        if let Some(pending) = &mut self.pending {
            pending.failed = failed;
        }
    }

    /// A ko is held that nobody can tell from our own failure: it is unknown, with these words, and the ko waits on. Where
    /// it is unknown already, the words may be others. Returns where it stood, where that is another state.
    ///
    /// # Errors
    /// It was unknown already; and whether the words are others.
    pub fn doubt(&mut self, reason: &str, at: Millis) -> Result<(Standing, Millis), bool> {
        if self.standing.state == State::Unknown {
            return Err(self.rephrase(reason) == Ruling::Rephrased);
        }
        let pending = self.pending.take();
        let before = self.move_to(Verdict { code: None, reason, probes: None }, at);
        self.pending = pending;
        Ok(before)
    }

    /// Takes the ko that is held, to be judged.
    pub fn take_pending(&mut self) -> Option<Box<Pending>> {
        self.pending.take()
    }

    /// Lets it stand there. Returns where it stood.
    pub fn move_to(&mut self, verdict: Verdict<'_>, at: Millis) -> (Standing, Millis) {
        let state = verdict.code.map_or(State::Unknown, State::of_code);
        if state != State::Unknown {
            self.counts.settle(state);
        }
        let reason = bounded(verdict.reason).into();
        let standing = Standing { state, code: verdict.code, reason, planned: self.standing.planned };
        self.pending = None;
        self.change(standing, at)
    }

    /// Begins or ends to be planned. Returns where it stood, where that is another place.
    pub fn plan(&mut self, planned: bool, at: Millis) -> Option<(Standing, Millis)> {
        if self.standing.planned == planned {
            return None;
        }
        let standing = Standing { planned, ..self.standing.clone() };
        Some(self.change(standing, at))
    }

    /// A state's `since` is that of the state, not of its code or words.
    fn change(&mut self, standing: Standing, at: Millis) -> (Standing, Millis) {
        let since = self.since;
        self.changed = at;
        if standing.state != self.standing.state {
            self.since = at;
        }
        (std::mem::replace(&mut self.standing, standing), since)
    }
}

/// What is kept of a target beside where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptTarget {
    /// Its counts.
    pub counts: Counts,
    /// When its last probe that counts began, by the steady clock.
    pub last: Option<Millis>,
    /// A ko that is due.
    pub pending: Option<Pending>,
}

/// The entries of the reason of an oco target: those of its line, `350 KO 300-http`. Where it said none, as one that
/// refuses, there are none.
fn entries(reason: &str) -> &str {
    let Some((number, words)) = reason.split_once(' ') else { return "" };
    if number.len() != 3 || !number.bytes().all(|octet| octet.is_ascii_digit()) {
        return "";
    }
    let behind = ["OK, but", "KO"].into_iter().find_map(|word| words.strip_prefix(word));
    behind.unwrap_or_default().trim_start()
}

/// The first octets of a reason that fit, whole characters alone.
pub fn bounded(reason: &str) -> &str {
    let mut end = REASON_OCTETS.min(reason.len());
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}
