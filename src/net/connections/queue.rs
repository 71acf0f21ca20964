//! Queues that run through the slots of a table: a slot can be in each once, and leaves it at no cost.

/// The number of a slot and one, or 0 for none: so a fresh table is all zeros, and costs no memory until it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link(u32);

impl Link {
    /// The link to a slot.
    pub fn to(slot: usize) -> Link {
        Link(u32::try_from(slot + 1).unwrap_or(0))
    }

    /// The slot it leads to.
    pub fn slot(self) -> Option<usize> {
        usize::try_from(self.0).ok()?.checked_sub(1)
    }
}

/// A slot's neighbours in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Links {
    /// The one before.
    pub older: Link,
    /// The one behind.
    pub newer: Link,
}

/// The ends of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// The first to leave.
    pub oldest: Link,
    newest: Link,
}

impl Queue {
    /// Puts `slot` at the young end. `links` gives a slot's neighbours in this queue.
    pub fn append<T>(&mut self, slots: &mut [T], slot: usize, links: impl Fn(&mut T) -> &mut Links) {
        let older = std::mem::replace(&mut self.newest, Link::to(slot));
        match older.slot().and_then(|older| slots.get_mut(older)) {
            Some(older) => links(older).newer = Link::to(slot),
            None => self.oldest = Link::to(slot),
        }
        if let Some(entry) = slots.get_mut(slot) {
            *links(entry) = Links { older, newer: Link::default() };
        }
    }

    /// Takes `slot` out, which is in it.
    pub fn remove<T>(&mut self, slots: &mut [T], slot: usize, links: impl Fn(&mut T) -> &mut Links) {
        let Some(Links { older, newer }) = slots.get_mut(slot).map(|entry| std::mem::take(links(entry)))
        else {
            return;
        };
        match older.slot().and_then(|older| slots.get_mut(older)) {
            Some(older) => links(older).newer = newer,
            None => self.oldest = newer,
        }
        match newer.slot().and_then(|newer| slots.get_mut(newer)) {
            Some(newer) => links(newer).older = older,
            None => self.newest = older,
        }
    }
}
