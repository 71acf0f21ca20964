//! What the host answers: the board, and the lines that are kept ready made from it.

use crate::config::Listen;
use crate::directory::Directory;
use crate::limits::IDLE_CAPACITY;
use crate::logic::agent::{self, Wishes};
use crate::logic::answer::{Answer, Composer};
use crate::logic::board::{Board, Change, CheckView, Rules};
use crate::logic::code::{Code, Verdict};
use crate::logic::face::Speak;
use crate::logic::log_budget::LogBudget;
use crate::logic::time::{Nanos, Now, spoken};
use crate::system::log_lines::{CHANGE, TRANSITION};
use log::info;
use std::os::fd::RawFd;
use std::path::Path;
use std::rc::Rc;

/// Which checks an answer is about: its place among the [`Host`]'s views.
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
}

/// See the [module](self).
#[derive(Debug)]
pub struct Host {
    directory: Directory,
    board: Board,
    empty_is_ok: bool,
    /// The first is of all checks.
    views: Vec<View>,
    composer: Composer,
    /// Kept for their memory alone: empty between refreshes.
    ratings: Vec<(Code, Rc<str>)>,
    changes: Vec<Change>,
    /// How many changes of one check the log takes.
    budget: LogBudget,
    /// The directory's generation for which the lines were made.
    made_for: Option<u64>,
    /// Whether the settings have changed since.
    is_outdated: bool,
    /// Whether lines were made that nobody was told of: see [`Host::take_news`].
    has_news: bool,
}

impl Host {
    /// The host whose status files are in `directory`. Its lines are made with the first refresh.
    pub fn new(directory: &Path, rules: Rules, empty_is_ok: bool) -> Host {
        Host {
            directory: Directory::watched(directory),
            board: Board::new(rules),
            empty_is_ok,
            views: vec![View::new(None)],
            composer: Composer::default(),
            ratings: Vec::new(),
            changes: Vec::new(),
            budget: LogBudget::default(),
            made_for: None,
            is_outdated: true,
            has_news: false,
        }
    }

    /// The descriptor that becomes readable when a status file changes, if there is one.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.directory.raw_fd()
    }

    /// What to add to the log where the directory may not be read.
    pub fn set_denial_hint(&mut self, hint: String) {
        self.directory.set_denial_hint(Some(hint));
    }

    /// Takes on the hint of `other`.
    pub fn copy_denial_hint(&mut self, other: &Host) {
        self.directory.set_denial_hint(other.directory.denial_hint().map(str::to_owned));
    }

    /// Changes the settings.
    pub fn configure(&mut self, rules: Rules, empty_is_ok: bool) {
        self.board.set_rules(rules);
        self.empty_is_ok = empty_is_ok;
        self.is_outdated = true;
    }

    /// The views that `listeners` need, in their order. Those of before are gone.
    pub fn set_views<'a>(&mut self, listeners: impl Iterator<Item = &'a Listen>) -> Vec<ViewId> {
        self.views.truncate(1);
        self.is_outdated = true;
        let mut ids = Vec::new();
        for listen in listeners {
            if listen.checks.is_empty() && listen.speak() != Speak::Agent {
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
        let looks_left = (self.board.due() > 0).then_some(Nanos(i64::MIN));
        [looks_left, self.board.deadline(), self.directory.deadline()].into_iter().flatten().min()
    }

    /// Makes every line true to the status files as they are now.
    pub fn refresh(&mut self, now: Now) {
        self.directory.refresh(&mut self.board, now);
        while let Some(withheld) = self.budget.settle(now.boot) {
            info!(target: CHANGE, "{withheld}");
        }
        let generation = self.directory.generation();
        let changed = self.board.publish(now, &mut self.changes);
        let is_same = self.made_for == Some(generation);
        if is_same && !changed && !self.is_outdated {
            return;
        }
        // What is there at the start, or in another directory, is no change.
        if is_same {
            for change in &self.changes {
                if self.budget.admit(&change.name, change.to, now.boot) {
                    info!(target: CHANGE, "{change}");
                }
            }
        }
        self.changes.clear();
        (self.made_for, self.is_outdated, self.has_news) = (Some(generation), false, true);
        let is_away = self.directory.away().is_some();
        for view in &mut self.views {
            let mut is_empty = true;
            let mut wishes = Wishes::default();
            for (code, name) in self.board.ratings() {
                if view.covers(name) {
                    is_empty = false;
                    wishes.add(name, code);
                    if code != Code::OK {
                        self.ratings.push((code, Rc::clone(name)));
                    }
                }
            }
            let is_unknown = is_away || (is_empty && !self.empty_is_ok);
            if is_unknown {
                wishes = Wishes::default();
            }
            let answer =
                if is_unknown { self.composer.unknown() } else { self.composer.compose(&mut self.ratings) };
            view.take(&answer, wishes);
            self.ratings.clear();
        }
        self.ratings.shrink_to(IDLE_CAPACITY);
        self.changes.shrink_to(IDLE_CAPACITY);
    }

    /// Logs every check with its code, age and text.
    pub fn dump(&self, now: Now) {
        let line = self.views.first().map_or("", |view| view.line.trim_end());
        info!("{line}: {} checks in {}", self.board.checks(now).count(), self.directory.path().display());
        for check in self.board.checks(now) {
            let age = check.age.map_or("no age".to_owned(), |age| format!("{} old", spoken(age)));
            let stale = if check.stale { ", stale" } else { "" };
            info!("{} {} {age} of {}{stale} {}", check.code, check.name, spoken(check.max_age), check.text);
        }
    }
}

impl View {
    fn new(listen: Option<Listen>) -> View {
        let speaks_words = listen.as_ref().is_some_and(|listen| listen.speak() == Speak::Agent);
        View { listen, verdict: None, line: String::new(), words: speaks_words.then(String::new) }
    }

    fn covers(&self, name: &str) -> bool {
        self.listen.as_ref().is_none_or(|listen| listen.covers(name))
    }

    fn take(&mut self, answer: &Answer<'_>, wishes: Wishes) {
        self.line.clear();
        self.line.push_str(answer.line);
        if let (Some(words), Some(listen)) = (&mut self.words, &self.listen) {
            agent::speak(words, answer, wishes, listen.but_weight);
        }
        if self.verdict == Some(answer.verdict) {
            return;
        }
        let was = self.verdict.replace(answer.verdict);
        // Of all checks the first view tells.
        if self.listen.as_ref().is_some_and(|listen| listen.checks.is_empty()) {
            return;
        }
        let whose = self.listen.as_ref().map(|listen| format!("{}: ", listen.address)).unwrap_or_default();
        let was = was.map(|verdict| format!(" (was {verdict})")).unwrap_or_default();
        info!(target: TRANSITION, "{whose}{}{was}", answer.line.trim_end());
    }
}
