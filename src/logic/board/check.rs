//! One check on the board: what its file said when it was last seen whole, and what is pending.

use super::{Event, Id, Rules};
use crate::limits::EMPTY_GRACE;
use crate::logic::code::Code;
use crate::logic::status_file::{self, Status};
use crate::logic::text::push_words;
use crate::logic::time::{Nanos, Now, spoken};
use nix::errno::Errno;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What a look at a name showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look<'a> {
    /// Nothing, or a directory: no check.
    Absent,
    /// A file of whatever kind.
    File(Sight<'a>),
}

/// A file as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight<'a> {
    /// Its inode number.
    pub inode: u64,
    /// When it was modified, on the wall clock.
    pub modified: Nanos,
    /// Its size in octets.
    pub size: u64,
    /// Its number of hard links.
    pub links: u64,
    /// Its beginning, at most [`STATUS_FILE_OCTETS`](crate::limits::STATUS_FILE_OCTETS), or why there is none.
    pub content: Result<&'a [u8], Fault>,
}

/// Why a name that exists is rated 300 whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is a link, pipe, socket or device, which is never opened.
    NotAFile(&'static str),
    /// It can't be read: the error's number.
    Unreadable(i32),
}

impl Fault {
    /// Whether it may end without an event. A file's kind stays; an error may pass, and permissions can be
    /// given through another name of the file.
    fn may_pass(self) -> bool {
        matches!(self, Fault::Unreadable(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotAFile(kind) => write!(f, "not a regular file but a {kind}"),
            Fault::Unreadable(errno) => write!(f, "unreadable: {}", Errno::from_raw(*errno).desc()),
        }
    }
}

/// A check as people and programs are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its rating.
    pub code: Code,
    /// The text behind the code in the file, printable; what is wrong where there is no code.
    pub text: &'a str,
    /// How long ago the result was written; none where there is no file to be read.
    pub age: Option<Duration>,
    /// How old it may be.
    pub max_age: Duration,
    /// Whether it is older than that.
    pub stale: bool,
    /// Whether the text is only the beginning of what the check said.
    pub is_cut: bool,
}

/// What a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Says(Code),
    /// Its first line does not begin with a code.
    Malformed,
    Faulty,
}

/// Said of a required check without a file.
const MISSING: &str = "required, but there is no file";

/// What tells one state of a file from another: inode, time and size, of which the lower bits are enough.
type Mark = (u64, Nanos, u32);

#[derive(Debug, Default)]
pub(super) struct Check {
    pub name: Rc<str>,
    /// In nanoseconds; there may be thousands of checks, and this is half a [`Duration`].
    max_age: u64,
    pub required: bool,
    /// What the file said when it was last seen whole; none: no check (yet).
    outcome: Option<Outcome>,
    /// The text, where there is any: most results are a bare code.
    #[expect(clippy::box_collection, reason = "8 octets a check instead of 24")]
    text: Option<Box<String>>,
    /// It is only the beginning of what was said.
    is_cut: bool,
    mark: Mark,
    /// When the result was written, on the boot clock.
    written: Nanos,
    /// The mark and the time are of a result that was withdrawn with the whole directory.
    remembered: bool,
    /// When an empty file that may be half written will be believed, on the boot clock; 0: there is no such.
    grace_end: Nanos,
    /// The rating that answers use.
    pub published: Option<Code>,

    pub due: bool,
    pub touched: bool,
    /// Can change without an event.
    pub volatile: bool,
    /// Is on the board's list of those.
    pub listed: bool,
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
        self.max_age = u64::try_from(own.max_age.unwrap_or(rules.max_age).as_nanos()).unwrap_or(u64::MAX);
        self.required = own.required;
    }

    fn max_age(&self) -> Duration {
        Duration::from_nanos(self.max_age)
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
    pub fn on(&mut self, event: Event) -> bool {
        self.doubted = false;
        match event {
            Event::Modified => {
                self.writing = true;
                self.rewritten = true;
                false
            }
            Event::Closed => {
                (self.writing, self.nascent, self.watched) = (false, false, true);
                false
            }
            Event::MovedIn => {
                (self.writing, self.nascent, self.watched) = (false, false, true);
                (self.rewritten, self.replaced) = (true, true);
                false
            }
            Event::Created => {
                self.forget();
                (self.nascent, self.watched, self.replaced) = (true, true, true);
                true
            }
            Event::Gone => {
                self.forget();
                self.replaced = true;
                true
            }
            Event::Attributes => false,
        }
    }

    fn forget(&mut self) {
        self.outcome = None;
        (self.text, self.is_cut) = (None, false);
        self.mark = Mark::default();
        self.grace_end = Nanos::default();
        (self.writing, self.nascent, self.rewritten, self.volatile) = (false, false, false, false);
        self.remembered = false;
    }

    /// The directory is away: there is no result, but its mark and age are kept for the same file's return.
    pub fn withdraw(&mut self) {
        let (mark, written) = (self.mark, self.written);
        self.remembered = self.has_content() || self.remembered;
        let remembered = self.remembered;
        self.forget();
        self.distrust();
        (self.mark, self.written, self.remembered) = (mark, written, remembered);
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

    /// Whether its result came from this inode.
    pub fn is_inode(&self, inode: u64) -> bool {
        self.mark.0 == inode
    }

    /// Takes in a look. Says whether another one is needed at once.
    pub fn settle(&mut self, look: &Look<'_>, now: Now) -> bool {
        let is_outdated = self.due && self.replaced;
        let sight = match look {
            _ if is_outdated => return false,
            Look::Absent => {
                self.forget();
                return false;
            }
            Look::File(sight) => sight,
        };
        let content = match sight.content {
            Ok(content) => content,
            Err(fault) => {
                self.forget();
                self.outcome = Some(Outcome::Faulty);
                self.set_text(fault.to_string().as_bytes());
                self.mark = (sight.inode, Nanos::default(), 0);
                self.volatile = fault.may_pass();
                return false;
            }
        };
        let status = status_file::parse(content);
        // Writes through another name are not seen, nor those of a writer whose name has gone since.
        self.volatile = sight.links > 1 || (self.volatile && self.is_inode(sight.inode));
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
            if content.is_empty() && self.nascent && sight.links == 1 {
                // Its writer may have opened it by another name, of which no event tells.
                self.volatile = true;
                return false;
            }
            if content.is_empty() && !self.watched {
                self.volatile = true;
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

    fn accept(&mut self, sight: &Sight<'_>, status: Status<'_>, now: Now) {
        let mark = (sight.inode, sight.modified, low_bits(sight.size));
        let is_known = (self.has_content() || self.remembered) && self.mark == mark;
        let is_future = sight.modified > now.wall;
        if !is_known || (is_future && self.rewritten) {
            self.written = now.boot.before(now.wall.since(sight.modified));
        }
        (self.mark, self.is_cut) = (mark, status.is_cut);
        self.outcome = Some(status.code.map_or(Outcome::Malformed, Outcome::Says));
        match (self.outcome, status.text) {
            (Some(Outcome::Malformed), []) => self.set_text(b"empty"),
            (Some(Outcome::Malformed), text) => self.set_text(&[b"not understood: ", text].concat()),
            (_, text) => self.set_text(text),
        }
        self.grace_end = Nanos::default();
        (self.nascent, self.rewritten, self.doubted, self.remembered) = (false, false, false, false);
    }

    fn has_content(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Says(_) | Outcome::Malformed))
    }

    fn age(&self, now: Now) -> Duration {
        now.boot.since(self.written)
    }

    fn is_stale(&self, now: Now) -> bool {
        self.has_content() && self.age(now) > self.max_age()
    }

    /// The rating at `now`; none if this is no check.
    pub fn rating(&self, now: Now) -> Option<Code> {
        match self.outcome {
            None => self.required.then_some(Code::KO),
            Some(Outcome::Says(code)) if !self.is_stale(now) => Some(code),
            Some(_) => Some(Code::KO),
        }
    }

    pub fn grace_is_over(&self, now: Now) -> bool {
        self.grace_end != Nanos::default() && now.boot >= self.grace_end
    }

    /// When time alone changes the rating, or ends a grace.
    pub fn next_change(&self, now: Now) -> Option<Nanos> {
        let expiry = match self.outcome {
            Some(Outcome::Says(code)) if code != Code::KO && !self.is_stale(now) => {
                Some(self.written.after(self.max_age()).after(Duration::from_nanos(1)))
            }
            _ => None,
        };
        super::earliest(expiry, Some(self.grace_end).filter(|end| now.boot < *end))
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

    /// Why the rating is what it is.
    pub fn why(&self, now: Now) -> String {
        match self.outcome {
            None if self.required => MISSING.to_owned(),
            None => "removed".to_owned(),
            Some(_) if self.is_stale(now) => format!("stale, {} old", spoken(self.age(now))),
            Some(_) => self.text().to_owned(),
        }
    }

    pub fn view(&self, now: Now) -> Option<CheckView<'_>> {
        Some(CheckView {
            name: &self.name,
            code: self.rating(now)?,
            text: if self.outcome.is_none() { MISSING } else { self.text() },
            age: self.has_content().then(|| self.age(now)),
            max_age: self.max_age(),
            stale: self.is_stale(now),
            is_cut: self.is_cut,
        })
    }
}

fn low_bits(size: u64) -> u32 {
    u32::try_from(size & u64::from(u32::MAX)).unwrap_or(0)
}
