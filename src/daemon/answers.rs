//! What the host answers: the board, and the lines that are kept ready made from it.

use super::confinement::Confinement;
use super::log::CheckLog;
use crate::config::Listen;
use crate::limits::{IDLE_CAPACITY, LINES_PER_TURN};
use crate::logic::agent::{self, Wishes};
use crate::logic::answer::{Answer, Composer, nothing_is_known};
use crate::logic::board::{Board, Change, CheckView, Rules};
use crate::logic::code::Verdict;
use crate::logic::face::Face;
use crate::logic::name::HEARD_EVERYWHERE;
use crate::logic::standing::{Membership, Standings, ViewSet};
use crate::logic::time::{Nanos, Now};
use crate::status::directory::Directory;
use crate::system::files::{Files, KernelFiles};
use crate::system::log_lines::TRANSITION;
use log::{error, info};
use std::os::fd::RawFd;
use std::path::Path;
use std::rc::Rc;

/// Which checks an answer is about: its place among the [`Answers`]'s views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewId(usize);

/// The checks of the host, or those that one listener is limited to, and their answer.
#[derive(Debug)]
struct View {
    /// None: all checks.
    listen: Option<Listen>,
    verdict: Option<Verdict>,
    line: String,
    /// The same for HAProxy's agent-check, where that is spoken.
    words: Option<String>,
    /// Nothing is known, since there is no check.
    has_none: bool,
}

/// The board of this host, and a line kept ready for each view of it.
#[derive(Debug)]
pub struct Answers<F = KernelFiles> {
    directory: Directory<F>,
    board: Board,
    empty_is_ok: bool,
    /// The first is of all checks.
    views: Vec<View>,
    standings: Standings,
    composer: Composer,
    /// Kept for its memory alone: empty between refreshes.
    changes: Vec<Change>,
    log: CheckLog,
    /// The directory's generation for which the lines were made.
    made_for: Option<u64>,
    /// Whether the settings have changed since.
    is_outdated: bool,
    /// Whether lines were made that nobody was told of: see [`Answers::take_news`].
    has_news: bool,
}

impl Answers {
    /// The answers of the host whose status files are in `directory`. Its lines are made with the first refresh.
    pub fn new(directory: &Path, rules: Rules, empty_is_ok: bool) -> Answers {
        Answers::of(Directory::watched(directory), rules, empty_is_ok)
    }
}

impl<F: Files> Answers<F> {
    /// The answers of the host whose status files are in `directory`. Its lines are made with the first refresh.
    pub fn of(directory: Directory<F>, rules: Rules, empty_is_ok: bool) -> Answers<F> {
        Answers {
            directory,
            board: Board::new(rules),
            empty_is_ok,
            views: vec![View::new(None)],
            standings: Standings::default(),
            composer: Composer::default(),
            changes: Vec::new(),
            log: CheckLog::default(),
            made_for: None,
            is_outdated: true,
            has_news: false,
        }
    }

    /// The descriptor that becomes readable when a status file changes, if there is one.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.directory.raw_fd()
    }

    /// What may be read from now on: the log tells where that is why the directory can't be.
    pub fn set_confinement(&mut self, confinement: Confinement) {
        self.log = CheckLog::confined(Some(Rc::new(confinement)));
    }

    /// Takes on that of `other`.
    pub fn copy_confinement(&mut self, other: &Answers<F>) {
        self.log = CheckLog::confined(other.log.confinement());
    }

    /// Changes the settings, and has every file looked at: what no event tells of, as that something was mounted over
    /// one, counts then too.
    pub fn configure(&mut self, rules: Rules, empty_is_ok: bool) {
        self.board.set_rules(rules);
        if !self.is_away() {
            self.board.recheck_all();
        }
        self.empty_is_ok = empty_is_ok;
        self.is_outdated = true;
    }

    /// The views that `listeners` need, in their order. Those of before are gone.
    pub fn set_views<'a>(&mut self, listeners: impl Iterator<Item = &'a Listen>) -> Vec<ViewId> {
        self.views.truncate(1);
        self.is_outdated = true;
        let mut ids = Vec::new();
        for listen in listeners {
            if listen.checks.is_empty() && listen.speak() != Face::Agent {
                ids.push(ViewId(0));
            } else {
                self.views.push(View::new(Some(listen.clone())));
                ids.push(ViewId(self.views.len() - 1));
            }
        }
        ids
    }

    /// The answer of a view, with its CRLF, as of the last refresh.
    pub fn line(&self, view: ViewId) -> &[u8] {
        self.views.get(view.0).map_or(&[], |view| view.line.as_bytes())
    }

    /// The same in the words of HAProxy's agent-check, for a view of a listener that speaks so.
    pub fn words(&self, view: ViewId) -> &[u8] {
        self.views.get(view.0).and_then(|view| view.words.as_ref()).map_or(&[], String::as_bytes)
    }

    /// The verdict of a view as of the last refresh.
    pub fn verdict(&self, view: ViewId) -> Verdict {
        self.views.get(view.0).and_then(|view| view.verdict).unwrap_or(Verdict::Ko)
    }

    /// The checks of a view, in byte order of their names; none while the directory is away.
    pub fn checks(&self, view: ViewId, now: Now) -> Vec<CheckView<'_>> {
        let Some(view) = self.views.get(view.0).filter(|_| !self.is_away()) else { return Vec::new() };
        self.board.checks(now).filter(|check| view.covers(check.name)).collect()
    }

    /// Whether lines were made anew since this was asked last.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Verdict and list of all checks, for people: `350 KO 300-http`.
    pub fn summary(&self) -> String {
        let Some(view) = self.views.first() else { return String::new() };
        let verdict = view.verdict.unwrap_or(Verdict::Ko);
        let list = Answer { verdict, line: &view.line }.list();
        format!("{verdict} {list}").trim_end().to_owned()
    }

    /// Whether nothing is known, as the directory is away.
    pub fn is_away(&self) -> bool {
        self.directory.away().is_some()
    }

    /// When to refresh at the latest, on the boot clock.
    pub fn deadline(&self) -> Option<Nanos> {
        let has_work_left = self.board.due() > 0 || !self.log.is_empty();
        let work_left = has_work_left.then_some(Nanos::PAST);
        [work_left, self.board.deadline(), self.directory.deadline()].into_iter().flatten().min()
    }

    /// Makes every line true to the status files as they are now. Costs what has changed.
    pub fn refresh(&mut self, now: Now) {
        self.directory.refresh(&mut self.board, now);
        self.board.publish(now, &mut self.changes);
        let generation = self.directory.generation();
        let is_same = self.made_for == Some(generation);
        let mut outdated = ViewSet::NONE;
        if !is_same || self.is_outdated {
            self.count_anew();
            outdated = ViewSet::ALL;
        } else {
            for change in &self.changes {
                let member = membership(&self.views, &change.name);
                outdated = outdated.and(self.standings.apply(change, member));
            }
        }
        if outdated != ViewSet::NONE {
            (self.made_for, self.is_outdated, self.has_news) = (Some(generation), false, true);
            self.compose(outdated);
        }
        self.say(is_same, now);
    }

    /// How each view stands, from the board alone.
    fn count_anew(&mut self) {
        self.standings.reset(self.views.len());
        for (code, name) in self.board.ratings() {
            let appeared = Change { name: Rc::clone(name), from: None, to: Some(code), why: String::new() };
            self.standings.apply(&appeared, membership(&self.views, name));
        }
    }

    /// Makes the lines of these views anew.
    fn compose(&mut self, outdated: ViewSet) {
        let is_away = self.directory.away().is_some();
        let mut wishes = Wishes::default();
        if !is_away {
            for name in HEARD_EVERYWHERE {
                if let Some(code) = self.board.rating(name) {
                    wishes.add(name, code);
                }
            }
        }
        for (number, view) in self.views.iter_mut().enumerate().filter(|(number, _)| outdated.has(*number)) {
            let is_empty = self.standings.is_empty(number);
            let is_unknown = nothing_is_known(is_away, is_empty, self.empty_is_ok);
            let answer = if is_unknown {
                self.composer.unknown()
            } else {
                let (listed, count) = (self.standings.listed(number), self.standings.troubled(number));
                self.composer.compose_listed(listed, count)
            };
            view.update(&answer, wishes);
            let has_none = is_unknown && !is_away;
            if has_none && !view.has_none {
                view.tell_of_none(self.directory.path());
            }
            view.has_none = has_none;
        }
    }

    /// Logs what has happened. `is_same`: what is there at the start, or in another directory, is no change.
    fn say(&mut self, is_same: bool, now: Now) {
        for notice in self.directory.take_notices() {
            self.log.notice(self.directory.path(), &notice);
        }
        if is_same {
            self.log.changes(self.changes.drain(..), now);
        }
        self.changes.clear();
        self.changes.shrink_to(IDLE_CAPACITY);
        self.log.write(LINES_PER_TURN, &self.board, now);
    }

    /// Logs all that waits to be logged.
    pub fn log_all(&mut self, now: Now) {
        self.log.write(usize::MAX, &self.board, now);
    }

    /// Logs every check with its code, age and text.
    pub fn dump(&mut self, now: Now) {
        let line = self.views.first().map_or("", |view| view.line.trim_end());
        let names: Vec<Rc<str>> = self.board.checks(now).map(|check| Rc::from(check.name)).collect();
        info!("{line}: {} checks in {}", names.len(), self.directory.path().display());
        self.log.dump(names.into_iter());
        self.log.write(LINES_PER_TURN, &self.board, now);
    }

    /// How many views there are, with that of all checks.
    pub fn views(&self) -> usize {
        self.views.len()
    }

    /// What must hold between any two calls. Walks everything: for tests.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check_invariants(&self, now: Now) {
        self.directory.check_invariants();
        if self.is_away() {
            return;
        }
        self.board.check_invariants(now);
        for (number, view) in self.views.iter().enumerate() {
            let heard: Vec<_> = self.board.ratings().filter(|(_, name)| view.covers(name)).collect();
            let counted = heard.iter().filter(|(_, name)| view.is_about(name)).count();
            let mut ratings: Vec<_> = heard.iter().map(|(code, name)| (*code, name.as_ref())).collect();
            let mut composer = Composer::default();
            let is_unknown = nothing_is_known(false, counted == 0, self.empty_is_ok);
            let answer = if is_unknown { composer.unknown() } else { composer.compose(&mut ratings) };
            assert_eq!(view.line, answer.line, "the line of view {number} is that of all its checks");
        }
    }
}

/// Which views the check `name` is in.
fn membership(views: &[View], name: &str) -> Membership {
    let mut member = Membership::default();
    for (number, view) in views.iter().enumerate() {
        if view.covers(name) {
            member.listed = member.listed.with(number);
        }
        if view.is_about(name) {
            member.counted = member.counted.with(number);
        }
    }
    member
}

impl View {
    fn new(listen: Option<Listen>) -> View {
        let speaks_words = listen.as_ref().is_some_and(|listen| listen.speak() == Face::Agent);
        let words = speaks_words.then(String::new);
        View { listen, verdict: None, line: String::new(), words, has_none: false }
    }

    /// Whether its answer tells of the check `name`.
    fn covers(&self, name: &str) -> bool {
        self.listen.as_ref().is_none_or(|listen| listen.covers(name))
    }

    /// Whether something is known here once the check `name` is known.
    fn is_about(&self, name: &str) -> bool {
        self.listen.as_ref().is_none_or(|listen| listen.is_about(name))
    }

    fn update(&mut self, answer: &Answer<'_>, wishes: Wishes) {
        self.line.clear();
        self.line.push_str(answer.line);
        if let (Some(words), Some(listen)) = (&mut self.words, &self.listen) {
            agent::speak(words, answer, wishes, listen.but_weight);
        }
        if self.verdict == Some(answer.verdict) {
            return;
        }
        let was = self.verdict.replace(answer.verdict);
        if self.is_told_of_by_another() {
            return;
        }
        let whose = self.listen.as_ref().map(|listen| format!("{}: ", listen.address)).unwrap_or_default();
        let was = was.map(|verdict| format!(" (was {verdict})")).unwrap_or_default();
        info!(target: TRANSITION, "{whose}{}{was}", answer.line.trim_end());
    }

    /// Of all checks the first view tells.
    fn is_told_of_by_another(&self) -> bool {
        self.listen.as_ref().is_some_and(|listen| listen.checks.is_empty())
    }

    /// Logs why nothing is known though the directory is there.
    fn tell_of_none(&self, directory: &Path) {
        if self.is_told_of_by_another() {
            return;
        }
        let why = match &self.listen {
            None => format!("directory {}: no checks in it", directory.display()),
            Some(listen) => format!("{}: none of its checks is there", listen.address),
        };
        error!("{why}: answering 300-oco until that changes");
    }
}
