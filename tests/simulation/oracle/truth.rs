//! What is true of one name, and what the daemon may know of it.

use super::Sources;
use super::shown::{Shown, code_of, nanos, promise_of, text_of, written};
use crate::disk::{Entry, File};
use oco::limits::{EMPTY_GRACE, REPLACE_GRACE};
use oco::logic::time::{Nanos, Now};

/// When a state of a file was written, by the boot clock, as the daemon may have reckoned when it first saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    inode: u64,
    version: u64,
    modified: Nanos,
    octets: usize,
    incarnation: u64,
    written: Vec<Nanos>,
    /// The daemon has surely seen it.
    is_sure: bool,
}

/// An empty file that may be in the middle of a rewrite, as far as the daemon knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    version: u64,
    steps: u64,
    since: Nanos,
}

#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub may: Vec<Shown>,
    /// What it was when the daemon last looked.
    pub last: Vec<Shown>,
    pub is_settled: bool,
    /// Its writers are not known: events were lost, and it has not been closed since.
    pub is_blind: bool,
    pub seen: Option<Seen>,
    /// What was seen before that.
    pub history: Vec<Seen>,
    /// What was seen when the daemon last looked.
    pub last_seen: Option<Seen>,
    /// A code in the middle of a write, where a look may have fallen.
    pub glimpse: Option<Shown>,
    pub doubt: Option<Doubt>,
    /// What it said when it was removed, and when that was.
    pub departed: Option<(Vec<Shown>, Nanos)>,
    /// There was nothing of this name once.
    pub was_away: bool,
}

impl Seen {
    fn also_written(&mut self, times: &[Nanos]) {
        for time in times {
            if !self.written.contains(time) {
                self.written.push(*time);
            }
        }
    }

    fn is_state_of(&self, other: &Seen) -> bool {
        let mark = |seen: &Seen| (seen.inode, seen.modified, seen.octets);
        self.version == other.version || mark(self) == mark(other)
    }
}

impl Truth {
    pub fn unknown() -> Truth {
        Truth {
            may: vec![Shown::Absent],
            last: vec![Shown::Absent],
            is_blind: true,
            is_settled: false,
            seen: None,
            history: Vec::new(),
            last_seen: None,
            glimpse: None,
            doubt: None,
            departed: None,
            was_away: false,
        }
    }

    /// There is nothing, or nothing complete.
    pub fn unsettle(&mut self, is_lost: bool) {
        self.may = vec![Shown::Absent];
        self.is_settled = false;
        // What it was before must not come back, if the daemon is told.
        if !is_lost {
            self.last.clear();
        }
        self.last.push(Shown::Absent);
    }

    /// A new file is opened. What the name said until a moment ago stands until that is closed.
    pub fn begin_anew(&mut self, is_lost: bool, now: Nanos) {
        let Some((said, removed)) = self.departed.clone() else { return self.unsettle(is_lost) };
        // The daemon counts from when it heard of the end, which may be later.
        let may_be_too_late = is_lost || now.since(removed) >= REPLACE_GRACE;
        self.unsettle(is_lost);
        if !may_be_too_late {
            (self.may, self.last) = (Vec::new(), Vec::new());
        }
        self.may_also(said.iter().copied());
        self.last.extend(said);
    }

    /// There may be no result until the file is seen again. When it was written is remembered.
    pub fn withdraw(&mut self, is_sure: bool) {
        self.last.push(Shown::Absent);
        self.may.clone_from(&self.last);
        self.doubt = None;
        // Nor need it remember what was removed just before: a new file that is written at once has no old result then.
        self.departed = self.departed.take().filter(|_| !is_sure).map(|(said, _)| (said, Nanos::PAST));
    }

    pub fn may_also(&mut self, shown: impl IntoIterator<Item = Shown>) {
        for shown in shown {
            if !self.may.contains(&shown) {
                self.may.push(shown);
            }
        }
    }

    pub fn evaluate(&mut self, entry: Entry, file: &File, sources: Sources<'_>) {
        let now = sources.now;
        let is_loose = self.is_blind || file.was_linked;
        if file.is_symlink || file.is_unreadable {
            return self.hide(sources.is_disturbed);
        }
        // Of a file with several names, an end under one name is none under the others.
        let is_written = file.is_dirty || (file.was_linked && sources.disk.has_writer(entry.inode));
        let is_complete = !is_written && !entry.is_unborn;
        let promise = promise_of(&file.content);
        let text = text_of(&file.content);
        let glimpse = code_of(&file.content).map(|code| Shown::Says(code, written(file, now), promise, text));
        self.glimpse = glimpse.filter(|_| !is_complete);
        if !is_complete && !is_loose {
            if self.glimpse.is_some() {
                self.see(entry, file, false, now);
            }
            // If it was settled a moment ago, the daemon comes too late to read that.
            let last = self.last.clone();
            self.may_also(last);
            return;
        }
        self.see(entry, file, is_complete, now);
        let times = self.seen.as_ref().map(|seen| seen.written.clone()).unwrap_or_default();
        let says = |code| {
            times.iter().map(move |written| Shown::Says(code, *written, promise, text)).collect::<Vec<_>>()
        };
        let content = code_of(&file.content).map_or(vec![Shown::Ko], says);
        let last = self.last.clone();
        if !is_complete {
            self.may_also(content);
            self.may_also([Shown::Ko, Shown::Absent]);
            self.may_also(last);
            return;
        }
        self.may = content;
        if file.content.is_empty() && is_loose && self.is_in_doubt(file, sources) {
            self.may_also(last);
        }
    }

    /// There is something that can't be read.
    pub fn hide(&mut self, is_disturbed: bool) {
        self.may = vec![Shown::Ko];
        self.lose_sight(is_disturbed);
        // What it said is forgotten, and so are its writers.
        self.is_blind = true;
    }

    /// What it said is forgotten, if the daemon has come to see that.
    pub fn lose_sight(&mut self, is_disturbed: bool) {
        if !is_disturbed {
            // For a moment the daemon keeps what it knew: the same file may come back under its name.
            self.history.extend(self.seen.take());
            self.was_away = true;
        }
        self.doubt = None;
        self.unsure();
    }

    /// The daemon need not have seen what was seen here.
    pub fn unsure(&mut self) {
        self.seen.iter_mut().for_each(|seen| seen.is_sure = false);
    }

    fn see(&mut self, entry: Entry, file: &File, is_complete: bool, now: Now) {
        let fresh = written(file, now);
        let mut seen = Seen {
            inode: entry.inode,
            version: file.version,
            modified: file.modified,
            octets: file.content.len(),
            incarnation: entry.incarnation,
            written: vec![fresh],
            is_sure: is_complete,
        };
        if let Some(was) = self.seen.take() {
            let is_same = was.version == seen.version && was.incarnation == seen.incarnation;
            if is_same && was.is_sure {
                seen.written.clone_from(&was.written);
            } else if is_same {
                seen.also_written(&was.written);
            }
            if !self.history.contains(&was) {
                self.history.push(was);
            }
        }
        // What it looks like is all that there is to go by.
        let is_alike =
            |was: &&Seen| (self.is_blind || self.was_away || file.was_linked) && was.is_state_of(&seen);
        let times: Vec<Nanos> =
            self.history.iter().filter(is_alike).flat_map(|was| was.written.iter().copied()).collect();
        seen.also_written(&times);
        self.seen = Some(seen);
    }

    fn is_in_doubt(&mut self, file: &File, sources: Sources<'_>) -> bool {
        let doubt = Doubt { version: file.version, steps: sources.steps, since: written(file, sources.now) };
        let doubt = match self.doubt {
            Some(known) if Doubt { since: known.since, ..doubt } == known => known,
            _ => doubt,
        };
        self.doubt = Some(doubt);
        let is_young = sources.now.boot < doubt.since.after(EMPTY_GRACE);
        // What was dated in the future becomes young again when that comes.
        is_young || (0..nanos(EMPTY_GRACE)).contains(&(sources.now.wall.0 - file.modified.0))
    }

    /// The daemon may have seen what was before, or what is now.
    pub fn join(&mut self, before: &Truth) {
        let said: Vec<Shown> = self.may.iter().filter(|shown| shown.code().is_some()).copied().collect();
        let times: Vec<Nanos> = [&before.seen, &before.last_seen]
            .into_iter()
            .flatten()
            .filter(|was| self.seen.as_ref().is_some_and(|seen| seen.is_state_of(was)))
            .flat_map(|was| was.written.iter().copied())
            .collect();
        for time in times {
            if let Some(seen) = self.seen.as_mut().filter(|seen| !seen.written.contains(&time)) {
                seen.written.push(time);
                self.may_also(said.iter().map(|shown| shown.written_at(time)));
            }
        }
        self.may_also(before.may.iter().copied());
        // It is believed when the writer closes between the look and the reading of its events.
        self.may_also(before.glimpse);
    }
}
