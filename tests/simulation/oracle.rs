//! What an answer may say, from what was done to the files: simple, and without the board.
//!
//! For every name it keeps what may be shown of it. That is one thing, unless events were lost, a file has several
//! names, or something was done to it while the daemon looked.

use crate::clock::Clock;
use crate::disk::{Deed, Disk, Entry, File, Moment, NAMES, Name};
use oco::limits::{EMPTY_GRACE, REPLACE_GRACE};
use oco::logic::board::Rules;
use oco::logic::time::{Nanos, Now};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Absent,
    Ko,
    /// A code, when it was written by the boot clock, how old its writer says it may be, and the text.
    Says(u16, Nanos, Option<Duration>, Text),
}

/// The beginning of what stands behind a code, filled up with zeros.
type Text = [u8; 16];

/// What is told of a check where all is told.
#[derive(Debug)]
pub struct Told {
    pub code: u16,
    pub text: String,
    /// In seconds; none where there is no file to be read.
    pub age: Option<f64>,
    pub is_stale: bool,
}

/// When a state of a file was written, by the boot clock, as the daemon may have reckoned when it first saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
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
struct Doubt {
    version: u64,
    steps: u64,
    since: Nanos,
}

#[derive(Debug, Clone, Default)]
struct Truth {
    may: Vec<Shown>,
    /// What it was when the daemon last looked.
    last: Vec<Shown>,
    is_settled: bool,
    /// Its writers are not known: events were lost, and it has not been closed since.
    is_blind: bool,
    seen: Option<Seen>,
    /// What was seen before that.
    history: Vec<Seen>,
    /// What was seen when the daemon last looked.
    last_seen: Option<Seen>,
    /// A code in the middle of a write, where a look may have fallen.
    glimpse: Option<Shown>,
    doubt: Option<Doubt>,
    /// What it said when it was removed, and when that was.
    departed: Option<(Vec<Shown>, Nanos)>,
    /// There was nothing of this name once.
    was_away: bool,
}

#[derive(Debug, Default)]
pub struct Oracle {
    truths: BTreeMap<Name, Truth>,
    entered: Option<usize>,
    /// What the kernel said that this folder is.
    identity: Option<u64>,
    /// Something happened while the daemon looked.
    is_disturbed: bool,
    /// Events were lost since the daemon began to look: it will distrust all that it was told.
    is_lost: bool,
}

/// What the oracle has to be told beside the disk.
#[derive(Clone, Copy)]
struct Sources<'a> {
    disk: &'a Disk,
    now: Now,
    /// How often the wall clock was set.
    steps: u64,
    /// The daemon may have looked before this.
    is_disturbed: bool,
    /// Events are lost that the daemon is about to miss; also without inotify.
    is_lost: bool,
}

impl Oracle {
    /// The daemon has been started anew.
    pub fn forget(&mut self) {
        (self.entered, self.identity) = (None, None);
        self.truths.clear();
    }

    /// The daemon can not say which directory it is.
    pub fn leave(&mut self) {
        self.entered = None;
    }

    /// The daemon begins to look at the directory.
    pub fn begin(&mut self, disk: &mut Disk, clock: &Clock, is_plain: bool) {
        let deeds = disk.take_deeds();
        let path = disk.readable();
        let was_moved = path.is_some_and(|folder| std::mem::take(&mut disk.folders[folder].was_moved));
        let identity = path.map(|folder| disk.folders[folder].identity);
        let is_new = self.entered != path;
        if path.is_some() && identity != self.identity {
            self.truths = NAMES.iter().map(|name| (*name, Truth::unknown())).collect();
            self.identity = identity;
        } else if path.is_some() && (is_new || was_moved) {
            // The daemon may have taken leave of it, or may take another folder with this number for it.
            self.truths.values_mut().for_each(Truth::withdraw);
        }
        self.entered = path;
        let is_lost = is_plain || disk.has_lost_events() || was_moved || is_new;
        self.is_lost = is_lost;
        let sources = Sources { disk, now: clock.now, steps: clock.steps, is_disturbed: false, is_lost };
        self.apply(&deeds, is_lost, clock.now.boot);
        self.evaluate(sources);
        self.is_disturbed = false;
    }

    /// Something was done to the directory after [`Oracle::begin`] and before [`Oracle::end`].
    pub fn disturb(&mut self, disk: &mut Disk, clock: &Clock, is_plain: bool, moment: Moment) {
        self.is_disturbed = true;
        let before = self.truths.clone();
        let deeds = disk.take_deeds();
        self.is_lost |= is_plain || disk.has_lost_events();
        let is_lost = self.is_lost;
        self.apply(&deeds, is_lost, clock.now.boot);
        self.evaluate(Sources { disk, now: clock.now, steps: clock.steps, is_disturbed: true, is_lost });
        for (name, truth) in &mut self.truths {
            truth.join(&before[name]);
            if moment == Moment::Before {
                // It is read before its event is there.
                let glimpse = truth.glimpse;
                truth.may_also(glimpse);
            }
            // Perhaps the daemon had looked before this, and sees it only when it looks next.
            truth.seen.iter_mut().for_each(|seen| seen.is_sure = false);
            truth.doubt = before[name].doubt;
        }
    }

    /// The daemon has looked at all.
    pub fn end(&mut self) {
        for truth in self.truths.values_mut() {
            truth.last.clone_from(&truth.may);
            truth.last_seen.clone_from(&truth.seen);
        }
    }

    fn apply(&mut self, deeds: &[(usize, Name, Deed)], is_lost: bool, now: Nanos) {
        let may_have_seen_it = is_lost || self.is_disturbed;
        for (folder, name, deed) in deeds {
            if Some(*folder) != self.entered {
                continue;
            }
            let truth = self.truths.get_mut(name).unwrap();
            match *deed {
                Deed::Removed(at) => {
                    let said = if may_have_seen_it {
                        [truth.last.clone(), truth.may.clone()].concat()
                    } else {
                        truth.last.clone()
                    };
                    truth.unsettle(is_lost);
                    truth.departed = Some((said, at));
                }
                Deed::Created => truth.begin_anew(is_lost, now),
                Deed::Unsettled => truth.unsettle(is_lost),
                Deed::Settled => {
                    truth.is_settled = true;
                    // Where somebody writes at once, that is seen torn, and what was there before stands.
                    truth.last.extend(truth.departed.take().into_iter().flat_map(|(said, _)| said));
                }
            }
        }
    }

    fn evaluate(&mut self, sources: Sources<'_>) {
        let Some(folder) = self.entered else { return };
        for (name, truth) in &mut self.truths {
            match (sources.is_lost, std::mem::take(&mut truth.is_settled)) {
                (true, _) => truth.is_blind = true,
                (false, true) => truth.is_blind = false,
                (false, false) => {}
            }
            match sources.disk.folders[folder].names.get(name) {
                None => {
                    truth.may = vec![Shown::Absent];
                    truth.lose_sight(sources.is_disturbed);
                }
                Some(entry) => truth.evaluate(*entry, &sources.disk.files[&entry.inode], sources),
            }
        }
    }

    /// Whether nothing but one rating of every check is right.
    pub fn is_exact(&self) -> bool {
        !self.is_disturbed && self.truths.values().all(|truth| truth.may.len() == 1)
    }

    /// Whether it knows what every file says, if not when that was written. Of an empty one it may be in doubt.
    pub fn knows_all(&self) -> bool {
        let is_away = self.entered.is_none();
        is_away
            || self.truths.values().all(|truth| match truth.may.as_slice() {
                [_] => true,
                [first, rest @ ..] => {
                    truth.doubt.is_some() || rest.iter().all(|other| other.code() == first.code())
                }
                [] => false,
            })
    }

    /// When time alone makes a check stale next, as far as that is certain.
    pub fn next_expiry(&self, rules: &Rules, now: Now) -> Option<Nanos> {
        self.entered?;
        let expiry = |(name, truth): (&Name, &Truth)| match truth.may.as_slice() {
            [Shown::Says(code, written, promise, _)] if *code != 300 && written.0 >= 0 => {
                let end = written.after(max_age(rules, name, *promise)).after(Duration::from_nanos(1));
                (end > now.boot).then_some(end)
            }
            _ => None,
        };
        self.truths.iter().filter_map(expiry).min()
    }

    /// What is wrong with what is told of every check that `covers` names.
    pub fn judge_all(
        &self,
        told: &BTreeMap<&str, Told>,
        rules: &Rules,
        covers: impl Fn(&str) -> bool,
        now: Now,
    ) -> Result<(), String> {
        if self.entered.is_none() {
            return if told.is_empty() {
                Ok(())
            } else {
                Err(format!("{told:?} of a directory that is away"))
            };
        }
        if let Some(name) = told.keys().find(|name| !covers(name)) {
            return Err(format!("{told:?}, but {name} is none of its checks"));
        }
        for (name, truth) in self.truths.iter().filter(|(name, _)| covers(name)) {
            let told = told.get(name);
            if !truth.may.iter().any(|shown| shown.is_told(told, (rules, name), now)) {
                return Err(format!("{told:?} for {name}, which is {truth:?}"));
            }
        }
        Ok(())
    }

    /// What is wrong with an answer for the names that `covers` says.
    pub fn judge(
        &self,
        line: &str,
        (rules, empty_is_ok): (&Rules, bool),
        covers: impl Fn(&str) -> bool,
        now: Now,
    ) -> Result<(), String> {
        let (number, entries) = read(line).ok_or_else(|| format!("{line:?} is no answer"))?;
        let is_unknown = entries == [(300, "oco")];
        if self.entered.is_none() {
            return if is_unknown { Ok(()) } else { Err(format!("{line:?}, but the directory is away")) };
        }
        let mut can_be_empty = true;
        let mut has_ok = false;
        if let Some((_, name)) = entries.iter().find(|(_, name)| !is_unknown && !covers(name)) {
            return Err(format!("{line:?}, but {name} is none of its checks"));
        }
        for (name, truth) in self.truths.iter().filter(|(name, _)| covers(name)) {
            let allowed: Vec<Option<u16>> =
                truth.may.iter().map(|shown| shown.rating(rules, name, now)).collect();
            can_be_empty &= allowed.contains(&None);
            has_ok |= allowed.contains(&Some(200));
            let listed = entries.iter().find(|(_, listed)| listed == name).map(|(code, _)| *code);
            let is_right = match listed {
                Some(code) => allowed.contains(&Some(code)),
                None => allowed.contains(&None) || (!is_unknown && allowed.contains(&Some(200))),
            };
            if !is_right {
                return Err(format!("{line:?}, but {name} is one of {allowed:?} for {truth:?}"));
            }
        }
        let worst = entries.iter().map(|(code, _)| *code).max();
        let expected = match worst {
            _ if is_unknown => 350,
            None => 200,
            Some(201..=299) => 250,
            Some(300..=399) => 350,
            Some(_) => 550,
        };
        if number != expected {
            return Err(format!("{line:?} does not begin with {expected}"));
        }
        if is_unknown && (!can_be_empty || empty_is_ok) {
            return Err(format!("{line:?}, but there are checks"));
        }
        if entries.is_empty() && !has_ok && !empty_is_ok {
            return Err(format!("{line:?}, but there is no check"));
        }
        Ok(())
    }
}

/// The number and the entries of an answer.
fn read(line: &str) -> Option<(u16, Vec<(u16, &str)>)> {
    let line = line.strip_suffix("\r\n")?;
    let (state, rest) = line.split_once(" oco-")?;
    let number = state.get(..3)?.parse().ok()?;
    if !["200 OK", "250 OK, but", "350 KO", "550 KO"].contains(&state) {
        return None;
    }
    let entry = |entry: &'_ str| -> Option<(u16, usize)> {
        let (code, name) = entry.split_once('-')?;
        Some((code.parse().ok()?, name.len()))
    };
    let mut entries = Vec::new();
    if let Some((_, list)) = rest.split_once(' ') {
        for text in list.split(',') {
            let (code, length) = entry(text)?;
            entries.push((code, &text[text.len() - length..]));
        }
    }
    Some((number, entries))
}

fn max_age(rules: &Rules, name: &str, promise: Option<Duration>) -> Duration {
    rules.checks.get(name).and_then(|rules| rules.max_age).or(promise).unwrap_or(rules.max_age)
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

impl Shown {
    fn code(self) -> Option<u16> {
        match self {
            Shown::Says(code, ..) => Some(code),
            Shown::Ko | Shown::Absent => None,
        }
    }

    fn written_at(self, time: Nanos) -> Shown {
        match self {
            Shown::Says(code, _, promise, text) => Shown::Says(code, time, promise, text),
            other => other,
        }
    }

    fn is_told(self, told: Option<&Told>, (rules, name): (&Rules, &str), now: Now) -> bool {
        let code = self.rating(rules, name, now);
        let Some(told) = told else { return code.is_none() };
        code == Some(told.code)
            && match self {
                Shown::Absent => told.text == "required, but there is no file" && told.age.is_none(),
                Shown::Ko => !told.text.is_empty(),
                Shown::Says(said, written, _, text) => {
                    let age = now.boot.since(written).as_secs_f64();
                    beginning(&told.text) == text
                        && told.age.is_some_and(|told| (told - age).abs() < 1e-6)
                        && (told.is_stale || said == told.code)
                }
            }
    }

    fn rating(self, rules: &Rules, name: &str, now: Now) -> Option<u16> {
        match self {
            Shown::Absent => rules.checks.get(name).is_some_and(|rules| rules.required).then_some(300),
            Shown::Ko => Some(300),
            // All max-ages of the model are below an hour: what is from before the boot is stale.
            Shown::Says(_, written, ..) if written.0 < 0 => Some(300),
            Shown::Says(_, written, promise, _)
                if now.boot.0 - written.0 > nanos(max_age(rules, name, promise)) =>
            {
                Some(300)
            }
            Shown::Says(code, ..) => Some(code),
        }
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap()
}

/// When a file that is seen now was written: as its time says, but never later than now.
fn written(file: &File, now: Now) -> Nanos {
    Nanos(now.boot.0 - (now.wall.0 - file.modified.0).max(0))
}

/// The code of a whole status file. The files of the model are plain.
fn code_of(content: &str) -> Option<u16> {
    let word = content.trim_start_matches(' ').split([' ', '\n']).next()?;
    let code = word.parse().ok().filter(|_| word.len() == 3)?;
    matches!(code, 200..=399 | 500..=599).then_some(code)
}

/// The text of a whole status file that begins with a code.
fn text_of(content: &str) -> Text {
    let line = content.split('\n').next().unwrap_or_default().trim_start_matches(' ');
    beginning(line.get(4..).unwrap_or_default().trim_start_matches(' '))
}

fn beginning(text: &str) -> Text {
    let mut octets = text.bytes();
    std::array::from_fn(|_| octets.next().unwrap_or(0))
}

/// What a writer promises on the second line. The files of the model know one promise.
pub const PROMISE: &str = "max-age 20s";

fn promise_of(content: &str) -> Option<Duration> {
    (content.split('\n').nth(1) == Some(PROMISE)).then_some(Duration::from_secs(20))
}

impl Truth {
    fn unknown() -> Truth {
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
    fn unsettle(&mut self, is_lost: bool) {
        self.may = vec![Shown::Absent];
        self.is_settled = false;
        // What it was before must not come back, if the daemon is told.
        if !is_lost {
            self.last.clear();
        }
        self.last.push(Shown::Absent);
    }

    /// A new file is opened. What the name said until a moment ago stands until that is closed.
    fn begin_anew(&mut self, is_lost: bool, now: Nanos) {
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
    fn withdraw(&mut self) {
        self.last.push(Shown::Absent);
        self.may.clone_from(&self.last);
        (self.doubt, self.departed) = (None, None);
    }

    fn may_also(&mut self, shown: impl IntoIterator<Item = Shown>) {
        for shown in shown {
            if !self.may.contains(&shown) {
                self.may.push(shown);
            }
        }
    }

    fn evaluate(&mut self, entry: Entry, file: &File, sources: Sources<'_>) {
        let now = sources.now;
        let is_loose = self.is_blind || file.was_linked;
        if file.is_symlink || file.is_unreadable {
            self.may = vec![Shown::Ko];
            self.lose_sight(sources.is_disturbed);
            // What it said is forgotten, and so are its writers.
            self.is_blind = true;
            return;
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

    /// What it said is forgotten, if the daemon has come to see that.
    fn lose_sight(&mut self, is_disturbed: bool) {
        if !is_disturbed {
            // For a moment the daemon keeps what it knew: the same file may come back under its name.
            self.history.extend(self.seen.take());
            self.was_away = true;
        }
        if let Some(seen) = &mut self.seen {
            seen.is_sure = false;
        }
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
    fn join(&mut self, before: &Truth) {
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
