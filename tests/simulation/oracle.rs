//! What an answer may say, from what was done to the files: simple, and without the board.
//!
//! For every name it keeps what may be shown of it. That is one thing, unless events were lost, a file has several
//! names, or something was done to it while the daemon looked.

mod shown;
mod truth;

use crate::disk::{Deed, Disk, Moment, NAMES, Name};
use oco::logic::board::Rules;
use oco::logic::time::{Nanos, Now};
pub use shown::Told;
use shown::{Shown, max_age};
use std::collections::BTreeMap;
use std::time::Duration;
use truth::Truth;

#[derive(Debug, Default)]
pub struct Oracle {
    truths: BTreeMap<Name, Truth>,
    entered: Option<usize>,
    /// What the kernel said that this folder is.
    identity: Option<u64>,
    /// The last thing that happened while the daemon looked: a file got another name, and said this by the first one.
    /// Whoever does not find it by that one has to find it by the other.
    renamed: Option<(Name, Name, Vec<Shown>)>,
    /// Something happened while the daemon looked.
    is_disturbed: bool,
    /// It could not be read for a moment while the daemon looked: it may have given up on it until it looks again.
    may_have_left: bool,
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
    /// Nothing is told of the directory at all.
    is_plain: bool,
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
        // Nor was what it led to surely looked at.
        self.truths.values_mut().for_each(Truth::unsure);
    }

    /// The daemon begins to look at the directory.
    pub fn begin(&mut self, disk: &mut Disk, (now, steps): (Now, u64), is_plain: bool) {
        let deeds = disk.take_deeds();
        (self.renamed, _) = (None, disk.take_renamed());
        let path = disk.readable();
        let was_moved = path.is_some_and(|folder| std::mem::take(&mut disk.folders[folder].was_moved));
        // Without a watch the daemon has begun anew with a folder before it finds out that it can't be read.
        let led_to = if is_plain { disk.path } else { path };
        let identity = led_to.map(|folder| disk.folders[folder].identity);
        let may_be_new = std::mem::take(&mut self.may_have_left);
        let is_new = self.entered != path || was_moved;
        if led_to.is_some() && identity != self.identity {
            self.truths = NAMES.iter().map(|name| (*name, Truth::unknown())).collect();
            self.identity = identity;
        } else if path.is_some() && (is_new || may_be_new) {
            // The daemon may have taken leave of it, or may take another folder with this number for it.
            self.truths.values_mut().for_each(|truth| truth.withdraw(is_new));
        }
        self.entered = path;
        let is_lost = is_plain || disk.has_lost_events() || is_new || may_be_new;
        self.is_lost = is_lost;
        let sources = Sources { disk, now, steps, is_disturbed: false, is_lost, is_plain };
        self.apply(&deeds, is_lost, now.boot);
        self.evaluate(sources);
        self.is_disturbed = false;
    }

    /// While it looks the daemon finds out that nothing is told of the directory.
    pub fn turn_plain(&mut self, disk: &Disk) {
        let Some(folder) = self.entered.map(|folder| &disk.folders[folder]) else { return };
        for (name, truth) in &mut self.truths {
            if folder.mode.is_unsearchable && !folder.names.contains_key(name) {
                truth.may_also([Shown::Ko]);
            }
        }
    }

    /// Something was done to the directory after [`Oracle::begin`] and before [`Oracle::end`].
    pub fn disturb(&mut self, disk: &mut Disk, (now, steps): (Now, u64), is_plain: bool, moment: Moment) {
        self.is_disturbed = true;
        let before = self.truths.clone();
        let deeds = disk.take_deeds();
        self.renamed = disk
            .take_renamed()
            .filter(|(folder, ..)| !is_plain && !disk.has_lost_events() && Some(*folder) == self.entered)
            .map(|(_, from, to)| (from, to, before[from].may.clone()));
        self.may_have_left |= disk.readable().is_none();
        self.is_lost |= is_plain || disk.has_lost_events();
        let is_lost = self.is_lost;
        self.apply(&deeds, is_lost, now.boot);
        self.evaluate(Sources { disk, now, steps, is_disturbed: true, is_lost, is_plain });
        for (name, truth) in &mut self.truths {
            truth.join(&before[name]);
            if moment == Moment::Before {
                // It is read before its event is there.
                let glimpse = truth.glimpse;
                truth.may_also(glimpse);
            }
            // Perhaps the daemon had looked before this, and sees it only when it looks next.
            truth.unsure();
            truth.doubt = truth.doubt.and(before[name].doubt);
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
                    // Where its end is not told, what it said need not be remembered.
                    truth.departed = Some((said, if is_lost { Nanos::PAST } else { at }));
                }
                Deed::Created => {
                    // All its writers are told of.
                    truth.is_blind = is_lost;
                    truth.begin_anew(is_lost, now);
                }
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
            let folder = &sources.disk.folders[folder];
            match folder.names.get(name) {
                Some(_) if folder.mode.is_unsearchable => truth.hide(sources.is_disturbed),
                None => {
                    truth.may = vec![Shown::Absent];
                    truth.lose_sight(sources.is_disturbed);
                    if sources.is_plain && folder.mode.is_unsearchable {
                        // What a list of names does not have may still be there.
                        truth.may_also([Shown::Ko]);
                    }
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
        self.entered.filter(|_| !self.may_have_left)?;
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
        if told.is_empty() && self.may_have_left {
            return Ok(());
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
        if is_unknown && self.may_have_left {
            return Ok(());
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
        if let Some((from, to, said)) = &self.renamed {
            let is_listed = |name| entries.iter().any(|(_, listed)| *listed == name);
            // What is only stale may be younger by the other name.
            let is_trouble = |shown: &Shown| shown.code().is_some_and(|code| code != 200);
            let is_about = covers(from) && covers(to) && said.iter().all(is_trouble);
            if is_about && !is_listed(*from) && !is_listed(*to) {
                return Err(format!("{line:?}, but neither {from} nor {to} is in it: {said:?}"));
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
