//! One check on the board: what its file said when it was last seen whole, and what is pending.

mod aging;

use super::sight::{Fault, Look, Sight};
use super::timers::{NOWHERE, Timed};
use super::{FileEvent, Id, Rules};
use crate::limits::{EMPTY_GRACE, REPLACE_GRACE};
use crate::logic::code::Code;
use crate::logic::status_file::{self, Status};
use crate::logic::text::push_words;
use crate::logic::time::{Nanos, Now};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// What a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Says(Code),
    /// Its first line does not begin with a code.
    Malformed,
    /// It is no file.
    Odd,
    /// Its content can't be had, which may pass without an event.
    Unreadable,
}

/// Said of a required check without a file.
const MISSING: &str = "required, but there is no file";

/// What tells one state of a file from another: inode, time and size, of which the lower bits are enough.
type Mark = (u64, Nanos, u32);

#[derive(Debug)]
pub struct Check {
    pub name: Rc<str>,
    /// What the rules say of its age, in nanoseconds; there may be thousands of checks, and this is half a
    /// [`Duration`].
    rule: u64,
    /// What the writer promised in the file itself, in nanoseconds; 0: nothing.
    promise: u64,
    /// What the file said when it was last seen whole; none: no check (yet).
    outcome: Option<Outcome>,
    /// The text, where there is any: most results are a bare code.
    #[expect(clippy::box_collection, reason = "8 octets a check instead of 24")]
    text: Option<Box<String>>,
    mark: Mark,
    /// When the result was written, on the boot clock. Below 0: before the boot.
    written: Nanos,
    /// On the boot clock, 0 for none: when an empty file that may be half written will be believed, or when a result
    /// that was removed will not come back any more.
    grace_end: Nanos,
    /// Its place among the timers.
    pub timer: u32,
    /// The rating that answers use.
    pub published: Option<Code>,

    /// The text is only the beginning of what was said.
    is_cut: bool,
    /// The rule is of this name alone, and beats what the writer promised.
    is_own_rule: bool,
    pub required: bool,
    /// The mark and the time are of a result that can't be seen now: it is unreadable, or the whole directory is away.
    remembered: bool,
    /// The file was removed a moment ago. What it said stands again if somebody makes a new one.
    departed: bool,
    pub due: bool,
    pub touched: bool,
    /// Its content can change without an event.
    pub volatile: bool,
    /// Is on the board's list of those.
    pub listed: bool,
    /// There is a file of this name, as far as events and scans tell.
    pub has_file: bool,
    /// Modified and not closed: a look now would be torn.
    writing: bool,
    /// Appeared, and not known to be complete.
    nascent: bool,
    /// Written since the last settled look.
    rewritten: bool,
    /// Events since the last scan tell of every writer, so an empty file is one that somebody left empty.
    watched: bool,
    /// The name got or lost its file since the last look began.
    pub replaced: bool,
    /// The look before this one showed no code either.
    doubted: bool,
    /// It is known to be stale: no timer has to tell.
    expiry_told: bool,
    /// It is known that the grace is over.
    grace_told: bool,
}

impl Default for Check {
    fn default() -> Check {
        Check {
            name: Rc::default(),
            rule: 0,
            promise: 0,
            is_cut: false,
            outcome: None,
            text: None,
            mark: Mark::default(),
            written: Nanos::default(),
            grace_end: Nanos::default(),
            timer: NOWHERE,
            published: None,
            is_own_rule: false,
            required: false,
            remembered: false,
            departed: false,
            due: false,
            touched: false,
            volatile: false,
            listed: false,
            has_file: false,
            writing: false,
            nascent: false,
            rewritten: false,
            watched: false,
            replaced: false,
            doubted: false,
            expiry_told: false,
            grace_told: false,
        }
    }
}

impl Check {
    pub fn new(name: &str, rules: &Rules) -> Check {
        let mut check = Check { name: name.into(), ..Check::default() };
        check.apply(rules);
        check
    }

    /// Takes on the rules for its name.
    pub fn apply(&mut self, rules: &Rules) {
        let own = rules.checks.get(&*self.name).copied().unwrap_or_default();
        self.rule = nanoseconds(own.max_age.unwrap_or(rules.max_age));
        self.is_own_rule = own.max_age.is_some();
        self.required = own.required;
    }

    /// How old the result may be: the rule of its name, else what its writer promised, else the general rule.
    fn max_age(&self) -> Duration {
        let is_promised = self.promise != 0 && !self.is_own_rule && !self.departed;
        Duration::from_nanos(if is_promised { self.promise } else { self.rule })
    }

    fn text(&self) -> &str {
        self.text.as_ref().map_or("", |text| text.as_str())
    }

    fn set_text(&mut self, bytes: &[u8]) {
        if bytes.is_empty() && self.text.is_none() {
            return;
        }
        let text = self.text.get_or_insert_default();
        text.clear();
        push_words(text, bytes);
    }

    pub fn make_due(&mut self, id: Id, due: &mut VecDeque<Id>) {
        if !self.due {
            self.due = true;
            due.push_back(id);
        }
    }

    pub fn touch(&mut self, id: Id, touched: &mut Vec<Id>) {
        if !self.touched {
            self.touched = true;
            touched.push(id);
        }
    }

    /// Takes in an event. Says whether that alone may change the rating.
    pub fn on(&mut self, event: FileEvent, now: Now) -> bool {
        self.doubted = false;
        self.has_file = event != FileEvent::Gone;
        match event {
            FileEvent::Modified => {
                self.writing = true;
                self.rewritten = true;
                false
            }
            FileEvent::Closed => {
                if self.nascent || self.outcome.is_none() {
                    // Its writer is one of whom events tell.
                    self.volatile = false;
                }
                (self.writing, self.nascent, self.watched) = (false, false, true);
                false
            }
            FileEvent::MovedIn => {
                let is_back = self.come_back(now);
                (self.writing, self.nascent, self.watched) = (false, false, true);
                (self.rewritten, self.replaced) = (true, true);
                is_back
            }
            FileEvent::Created => {
                // What the name said until a moment ago stands until the new file is closed. Where its end was lost
                // with other events, that counts as a moment ago.
                self.come_back(now);
                (self.nascent, self.watched, self.replaced, self.rewritten) = (true, true, true, true);
                (self.writing, self.volatile) = (false, false);
                true
            }
            FileEvent::Gone => {
                self.depart(now);
                self.replaced = true;
                true
            }
            FileEvent::Attributes => false,
        }
    }

    fn depart(&mut self, now: Now) {
        if self.outcome.is_none() {
            return self.forget();
        }
        (self.writing, self.nascent, self.rewritten, self.volatile) = (false, false, false, false);
        self.departed = true;
        self.grace_end = now.boot.after(REPLACE_GRACE);
    }

    /// The name has a file again: what the last one said stands, unless its time is over. Says whether it does.
    fn come_back(&mut self, now: Now) -> bool {
        let is_back = !self.forget_departed(now) && std::mem::take(&mut self.departed);
        if is_back {
            self.grace_end = Nanos::default();
        }
        is_back
    }

    /// Forgets a result whose file was removed, once its time is over. Says whether it did.
    pub fn forget_departed(&mut self, now: Now) -> bool {
        let is_over = self.departed && self.grace_is_over(now);
        if is_over {
            self.forget();
        }
        is_over
    }

    /// There is no file of this name. Where an event has told so a moment ago, what it said may still come back.
    pub fn vanish(&mut self) {
        if !self.departed {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.outcome = None;
        (self.text, self.is_cut, self.promise) = (None, false, 0);
        self.grace_end = Nanos::default();
        (self.writing, self.nascent, self.rewritten, self.volatile) = (false, false, false, false);
        (self.remembered, self.departed) = (false, false);
    }

    /// The directory is away: there is no result, but its mark and age are kept for the same file's return.
    pub fn withdraw(&mut self) {
        let remembered = !self.departed && (self.has_content() || self.remembered);
        self.forget();
        self.distrust();
        self.remembered = remembered;
        self.published = None;
        (self.due, self.touched, self.listed) = (false, false, false);
    }

    /// Events may have been lost: what they told of the file's writers is void.
    pub fn distrust(&mut self) {
        (self.writing, self.nascent) = (false, false);
        self.distrust_content();
    }

    /// The file may have writers of which no event tells.
    pub fn distrust_content(&mut self) {
        self.watched = false;
        self.doubted = false;
    }

    /// Whether no event need tell of what becomes of it: it has to be looked at for each answer.
    pub fn needs_looks(&self) -> bool {
        self.volatile || self.said() == Some(Outcome::Unreadable)
    }

    /// The inode that its result came from.
    pub fn inode(&self) -> u64 {
        self.mark.0
    }

    /// Takes in a look. Says whether another one is needed at once.
    pub fn settle(&mut self, look: &Look<'_>, now: Now) -> bool {
        let is_outdated = self.due && self.replaced;
        let sight = match look {
            _ if is_outdated => return false,
            // Of its end, an event has told already.
            Look::Absent if self.departed => return false,
            Look::Absent => {
                self.forget();
                return false;
            }
            Look::File(sight) => sight,
        };
        let content = match sight.content {
            Ok(content) => content,
            // Where the directory may not be searched, what is not there is as unreadable as what is.
            Err(_) if sight.inode == 0 && !self.has_file && self.said().is_none() => return false,
            Err(fault) => {
                self.settle_fault(fault, sight);
                return false;
            }
        };
        let status = status_file::parse(content);
        // Writes through another name are not seen, nor those of a writer whose name has gone since, or who had none when
        // he opened a file that is not known to be complete.
        self.volatile =
            sight.may_change_unheard() || self.nascent || (self.volatile && self.inode() == sight.inode);
        if self.writing || (self.due && status.code.is_none()) {
            // Torn, perhaps. When the writer closes, or with the look that is due, we know.
            return false;
        }
        if status.code.is_none() {
            // A kernel tells of a write just after it was done: what was read may already be of the next
            // one. Its event is here when a second look has been taken.
            if !std::mem::replace(&mut self.doubted, true) {
                return true;
            }
            if content.is_empty() && self.nascent && !sight.may_change_unheard() {
                return false;
            }
            if content.is_empty() && !self.watched {
                self.volatile = true;
                if self.inode() != sight.inode {
                    // The result that stands meanwhile is of another file.
                    self.mark = (sight.inode, Nanos::PAST, 0);
                }
                let young = EMPTY_GRACE.checked_sub(now.wall.since(sight.modified));
                if let Some(rest) = young.filter(|rest| !rest.is_zero()) {
                    let end = now.boot.after(rest);
                    // A file dated in the future would have its grace renewed for ever.
                    if self.grace_end == Nanos::default() || sight.modified <= now.wall {
                        self.grace_end = end;
                    }
                    if !self.grace_is_over(now) {
                        return false;
                    }
                }
            }
        }
        self.accept(sight, status, now);
        false
    }

    /// There is a file (inode 0: perhaps), but not its content. When the same one can be read again, it is as old as it
    /// was: neither a date of the future nor a step of the clock makes it younger. Its writers are who they were.
    fn settle_fault(&mut self, fault: Fault, sight: &Sight<'_>) {
        let is_same = sight.inode == 0 || sight.inode == self.inode();
        self.remembered = is_same && !self.departed && (self.has_content() || self.remembered);
        self.volatile = sight.may_change_unheard() || (is_same && self.volatile);
        self.outcome = Some(if fault.may_pass() { Outcome::Unreadable } else { Outcome::Odd });
        self.set_text(fault.to_string().as_bytes());
        if !self.remembered {
            self.mark = (sight.inode, Nanos::default(), 0);
        }
        (self.is_cut, self.promise) = (false, 0);
        (self.grace_end, self.departed) = (Nanos::default(), false);
    }

    fn accept(&mut self, sight: &Sight<'_>, status: Status<'_>, now: Now) {
        let mark = (sight.inode, sight.modified, low_bits(sight.size));
        let is_known = (self.has_content() || self.remembered) && self.mark == mark;
        let is_future = sight.modified > now.wall;
        if !is_known || (is_future && self.rewritten) {
            self.written = now.boot.before(now.wall.since(sight.modified));
        }
        (self.mark, self.is_cut) = (mark, status.is_cut);
        self.promise = status.max_age.map_or(0, nanoseconds);
        self.outcome = Some(status.code.map_or(Outcome::Malformed, Outcome::Says));
        match (self.outcome, status.text) {
            (Some(Outcome::Malformed), []) => self.set_text(b"empty"),
            (Some(Outcome::Malformed), text) => self.set_text(&[b"not understood: ", text].concat()),
            (_, text) => self.set_text(text),
        }
        self.grace_end = Nanos::default();
        (self.nascent, self.rewritten, self.doubted) = (false, false, false);
        (self.remembered, self.departed) = (false, false);
    }

    /// Whether nothing needs this entry any more.
    pub fn is_forgotten(&self) -> bool {
        self.outcome.is_none()
            && !self.required
            && !self.remembered
            && !self.due
            && !self.nascent
            && !self.writing
            && self.grace_end == Nanos::default()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn low_bits(size: u64) -> u32 {
    u32::try_from(size & u64::from(u32::MAX)).unwrap_or(0)
}

impl Timed for Check {
    fn time(&self) -> Option<Nanos> {
        self.change_at()
    }

    fn place(&self) -> u32 {
        self.timer
    }

    fn set_place(&mut self, place: u32) {
        self.timer = place;
    }
}
