//! What is true of a check, one bit each: as a bool each would take an octet, and there may be thousands of checks.

use std::ops::BitOr;

/// A set of what is true of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

impl Flags {
    /// The text is only the beginning of what was said.
    pub const CUT: Flags = Flags(1);
    /// The rule is of this name alone, and beats what the writer promised.
    pub const OWN_RULE: Flags = Flags(1 << 1);
    /// It counts as 300 when it has no file.
    pub const REQUIRED: Flags = Flags(1 << 2);
    /// The mark and the time are of a result that can't be seen now: it is unreadable, or the whole directory is away.
    pub const REMEMBERED: Flags = Flags(1 << 3);
    /// The file was removed a moment ago. What it said stands again if somebody makes a new one.
    pub const DEPARTED: Flags = Flags(1 << 4);
    /// It is on the board's list of what to look at.
    pub const DUE: Flags = Flags(1 << 5);
    /// It is on the board's list of what may be rated differently.
    pub const TOUCHED: Flags = Flags(1 << 6);
    /// Its content can change without an event.
    pub const VOLATILE: Flags = Flags(1 << 7);
    /// It is on the board's list of those.
    pub const LISTED: Flags = Flags(1 << 8);
    /// There is a file of this name, as far as events and scans tell.
    pub const PRESENT: Flags = Flags(1 << 9);
    /// Modified and not closed: a look now would be torn.
    pub const WRITING: Flags = Flags(1 << 10);
    /// Appeared, and not known to be complete.
    pub const NASCENT: Flags = Flags(1 << 11);
    /// Written since the last settled look.
    pub const REWRITTEN: Flags = Flags(1 << 12);
    /// Events since the last scan tell of every writer, so an empty file is one that somebody left empty.
    pub const WATCHED: Flags = Flags(1 << 13);
    /// The name got or lost its file since the last look began.
    pub const REPLACED: Flags = Flags(1 << 14);
    /// The look before this one showed no code either.
    pub const DOUBTED: Flags = Flags(1 << 15);
    /// It is known to be stale: no timer has to tell.
    pub const EXPIRY_TOLD: Flags = Flags(1 << 16);
    /// It is known that the grace is over.
    pub const GRACE_TOLD: Flags = Flags(1 << 17);

    /// What is known of the writers of its file.
    pub const OF_WRITERS: Flags =
        Flags(Flags::WRITING.0 | Flags::NASCENT.0 | Flags::REWRITTEN.0 | Flags::VOLATILE.0);

    /// Whether any of `flags` is set.
    pub fn any(self, flags: Flags) -> bool {
        self.0 & flags.0 != 0
    }

    /// Sets `flags`.
    pub fn set(&mut self, flags: Flags) {
        self.0 |= flags.0;
    }

    /// Clears `flags`.
    pub fn clear(&mut self, flags: Flags) {
        self.0 &= !flags.0;
    }

    /// Sets or clears `flags`.
    pub fn put(&mut self, flags: Flags, is_set: bool) {
        if is_set { self.set(flags) } else { self.clear(flags) }
    }

    /// Sets `flags`, and says whether any of them was set.
    pub fn replace(&mut self, flags: Flags) -> bool {
        let was_set = self.any(flags);
        self.set(flags);
        was_set
    }

    /// Clears `flags`, and says whether any of them was set.
    pub fn take(&mut self, flags: Flags) -> bool {
        let was_set = self.any(flags);
        self.clear(flags);
        was_set
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}
