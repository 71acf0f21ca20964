//! One check on the board: what its file said when it was last seen whole, and what is pending.

mod aging;
mod flags;

use super::sight::{Fault, Look, Sight};
use super::timers::Timed;
use super::{FileEvent, Id, Rules};
use crate::limits::{EMPTY_GRACE, REPLACE_GRACE};
use crate::logic::code::Code;
use crate::logic::status_file::{self, Status};
use crate::logic::text::push_words;
use crate::logic::time::{Nanos, Now};
pub use flags::Flags;
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

/// There may be thousands: each octet counts, and so does what would lie between them for nothing.
#[derive(Debug, Default)]
pub struct Check {
    pub name: Rc<str>,
    /// What the rules say of its age, in nanoseconds: half a [`Duration`].
    rule: u64,
    /// What the writer promised in the file itself, in nanoseconds; 0: nothing.
    promise: u64,
    /// What the file said when it was last seen whole; none: no check (yet).
    outcome: Option<Outcome>,
    /// The text, where there is any: most results are a bare code.
    #[expect(clippy::box_collection, reason = "8 octets a check instead of 24")]
    text: Option<Box<String>>,
    /// The parts of its [`Mark`].
    inode: u64,
    modified: Nanos,
    size: u32,
    /// When the result was written, on the boot clock. Below 0: before the boot.
    written: Nanos,
    /// On the boot clock, 0 for none: when an empty file that may be half written will be believed, or when a result
    /// that was removed will not come back any more.
    grace_end: Nanos,
    /// Its place among the timers.
    timer: u32,
    /// The rating that answers use.
    pub published: Option<Code>,
    pub flags: Flags,
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
        self.flags.put(Flags::OWN_RULE, own.max_age.is_some());
        self.flags.put(Flags::REQUIRED, own.required);
    }

    /// How old the result may be: the rule of its name, else what its writer promised, else the general rule.
    fn max_age(&self) -> Duration {
        let is_promised = self.promise != 0 && !self.is(Flags::OWN_RULE | Flags::DEPARTED);
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
        if !self.flags.replace(Flags::DUE) {
            due.push_back(id);
        }
    }

    pub fn touch(&mut self, id: Id, touched: &mut Vec<Id>) {
        if !self.flags.replace(Flags::TOUCHED) {
            touched.push(id);
        }
    }

    /// Takes in an event. Says whether that alone may change the rating.
    pub fn on(&mut self, event: FileEvent, now: Now) -> bool {
        self.flags.clear(Flags::DOUBTED);
        self.flags.put(Flags::PRESENT, event != FileEvent::Gone);
        match event {
            FileEvent::Modified => {
                self.flags.set(Flags::WRITING | Flags::REWRITTEN);
                false
            }
            FileEvent::Closed => {
                if self.is(Flags::NASCENT) || self.outcome.is_none() {
                    // Its writer is one of whom events tell.
                    self.flags.clear(Flags::VOLATILE);
                }
                self.flags.clear(Flags::WRITING | Flags::NASCENT);
                self.flags.set(Flags::WATCHED);
                false
            }
            FileEvent::MovedIn => {
                let is_back = self.come_back(now);
                self.flags.clear(Flags::WRITING | Flags::NASCENT);
                self.flags.set(Flags::WATCHED | Flags::REWRITTEN | Flags::REPLACED);
                is_back
            }
            FileEvent::Created => {
                // What the name said until a moment ago stands until the new file is closed. Where its end was lost
                // with other events, that counts as a moment ago.
                self.come_back(now);
                self.flags.set(Flags::NASCENT | Flags::WATCHED | Flags::REPLACED | Flags::REWRITTEN);
                self.flags.clear(Flags::WRITING | Flags::VOLATILE);
                true
            }
            FileEvent::Gone => {
                self.depart(now);
                self.flags.set(Flags::REPLACED);
                true
            }
            FileEvent::Attributes => false,
        }
    }

    fn depart(&mut self, now: Now) {
        if self.outcome.is_none() {
            return self.forget();
        }
        self.flags.clear(Flags::OF_WRITERS);
        self.flags.set(Flags::DEPARTED);
        self.grace_end = now.boot.after(REPLACE_GRACE);
    }

    /// The name has a file again: what the last one said stands, unless its time is over. Says whether it does.
    fn come_back(&mut self, now: Now) -> bool {
        let is_back = !self.forget_departed(now) && self.flags.take(Flags::DEPARTED);
        if is_back {
            self.grace_end = Nanos::default();
        }
        is_back
    }

    /// Forgets a result whose file was removed, once its time is over. Says whether it did.
    pub fn forget_departed(&mut self, now: Now) -> bool {
        let is_over = self.is(Flags::DEPARTED) && self.grace_is_over(now);
        if is_over {
            self.forget();
        }
        is_over
    }

    /// There is no file of this name. Where an event has told so a moment ago, what it said may still come back.
    pub fn vanish(&mut self) {
        if !self.is(Flags::DEPARTED) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.outcome = None;
        (self.text, self.promise) = (None, 0);
        self.grace_end = Nanos::default();
        self.flags.clear(Flags::OF_WRITERS | Flags::REMEMBERED | Flags::DEPARTED);
    }

    /// The directory is away: there is no result, but its mark and age are kept for the same file's return.
    pub fn withdraw(&mut self) {
        let is_remembered = !self.is(Flags::DEPARTED) && (self.has_content() || self.is(Flags::REMEMBERED));
        self.forget();
        self.distrust();
        self.flags.put(Flags::REMEMBERED, is_remembered);
        self.published = None;
        self.flags.clear(Flags::DUE | Flags::TOUCHED | Flags::LISTED);
    }

    /// Events may have been lost: what they told of the file's writers is void.
    pub fn distrust(&mut self) {
        self.flags.clear(Flags::WRITING | Flags::NASCENT);
        self.distrust_content();
    }

    /// The file may have writers of which no event tells.
    pub fn distrust_content(&mut self) {
        self.flags.clear(Flags::WATCHED | Flags::DOUBTED);
    }

    /// Whether no event need tell of what becomes of it: it has to be looked at for each answer.
    pub fn needs_looks(&self) -> bool {
        self.is(Flags::VOLATILE) || self.said() == Some(Outcome::Unreadable)
    }

    /// The inode that its result came from.
    pub fn inode(&self) -> u64 {
        self.inode
    }

    fn mark(&self) -> Mark {
        (self.inode, self.modified, self.size)
    }

    fn set_mark(&mut self, mark: Mark) {
        (self.inode, self.modified, self.size) = mark;
    }

    /// Whether any of `flags` is set.
    pub fn is(&self, flags: Flags) -> bool {
        self.flags.any(flags)
    }

    /// Takes in a look. Says whether another one is needed at once.
    pub fn settle(&mut self, look: &Look<'_>, now: Now) -> bool {
        let is_outdated = self.is(Flags::DUE) && self.is(Flags::REPLACED);
        let sight = match look {
            _ if is_outdated => return false,
            // Of its end, an event has told already.
            Look::Absent if self.is(Flags::DEPARTED) => return false,
            Look::Absent => {
                self.forget();
                return false;
            }
            Look::File(sight) => sight,
        };
        let content = match sight.content {
            Ok(content) => content,
            // Where the directory may not be searched, what is not there is as unreadable as what is.
            Err(_) if sight.inode == 0 && !self.is(Flags::PRESENT) && self.said().is_none() => return false,
            Err(fault) => {
                self.settle_fault(fault, sight);
                return false;
            }
        };
        let status = status_file::parse(content);
        // Writes through another name are not seen, nor those of a writer whose name has gone since, or who had none when
        // he opened a file that is not known to be complete.
        let was_volatile = self.is(Flags::VOLATILE) && self.inode == sight.inode;
        let is_volatile = sight.may_change_unheard() || self.is(Flags::NASCENT) || was_volatile;
        self.flags.put(Flags::VOLATILE, is_volatile);
        if self.is(Flags::WRITING) || (self.is(Flags::DUE) && status.code.is_none()) {
            // Torn, perhaps. When the writer closes, or with the look that is due, we know.
            return false;
        }
        if status.code.is_none() {
            // A kernel tells of a write just after it was done: what was read may already be of the next
            // one. Its event is here when a second look has been taken.
            if !self.flags.replace(Flags::DOUBTED) {
                return true;
            }
            if content.is_empty() && self.is(Flags::NASCENT) && !sight.may_change_unheard() {
                return false;
            }
            if content.is_empty() && !self.is(Flags::WATCHED) {
                self.flags.set(Flags::VOLATILE);
                if self.inode != sight.inode {
                    // The result that stands meanwhile is of another file.
                    self.set_mark((sight.inode, Nanos::PAST, 0));
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
        let is_same = sight.inode == 0 || sight.inode == self.inode;
        let has_result = self.has_content() || self.is(Flags::REMEMBERED);
        self.flags.put(Flags::REMEMBERED, is_same && !self.is(Flags::DEPARTED) && has_result);
        let is_volatile = sight.may_change_unheard() || (is_same && self.is(Flags::VOLATILE));
        self.flags.put(Flags::VOLATILE, is_volatile);
        self.outcome = Some(if fault.may_pass() { Outcome::Unreadable } else { Outcome::Odd });
        self.set_text(fault.to_string().as_bytes());
        if !self.is(Flags::REMEMBERED) {
            self.set_mark((sight.inode, Nanos::default(), 0));
        }
        (self.promise, self.grace_end) = (0, Nanos::default());
        self.flags.clear(Flags::CUT | Flags::DEPARTED);
    }

    fn accept(&mut self, sight: &Sight<'_>, status: Status<'_>, now: Now) {
        let mark = (sight.inode, sight.modified, low_bits(sight.size));
        let is_known = (self.has_content() || self.is(Flags::REMEMBERED)) && self.mark() == mark;
        let is_future = sight.modified > now.wall;
        if !is_known || (is_future && self.is(Flags::REWRITTEN)) {
            self.written = now.boot.before(now.wall.since(sight.modified));
        }
        self.set_mark(mark);
        self.flags.put(Flags::CUT, status.is_cut);
        self.promise = status.max_age.map_or(0, nanoseconds);
        self.outcome = Some(status.code.map_or(Outcome::Malformed, Outcome::Says));
        match (self.outcome, status.text) {
            (Some(Outcome::Malformed), []) => self.set_text(b"empty"),
            (Some(Outcome::Malformed), text) => self.set_text(&[b"not understood: ", text].concat()),
            (_, text) => self.set_text(text),
        }
        self.grace_end = Nanos::default();
        let settled = Flags::NASCENT | Flags::REWRITTEN | Flags::DOUBTED;
        self.flags.clear(settled | Flags::REMEMBERED | Flags::DEPARTED);
    }

    /// Whether nothing needs this entry any more.
    pub fn is_forgotten(&self) -> bool {
        let needed = Flags::REQUIRED | Flags::REMEMBERED | Flags::DUE | Flags::NASCENT | Flags::WRITING;
        self.outcome.is_none() && !self.is(needed) && self.grace_end == Nanos::default()
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
