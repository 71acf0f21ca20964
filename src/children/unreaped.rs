//! A child of this process that is not reaped, so that the number of its group is its own.

use super::ChildId;
use super::starter::GroupSignal;
use crate::system::process::{kill_group, terminate_group};
use std::collections::{BTreeMap, HashSet};
use std::io;

/// A child that is not reaped.
#[derive(Debug)]
pub struct Unreaped {
    /// Its number, and that of the group that it leads.
    pub process: u32,
    /// Whether its end is known.
    pub has_ended: bool,
}

impl Unreaped {
    /// A child that has just been started.
    pub fn new(process: u32) -> Unreaped {
        Unreaped { process, has_ended: false }
    }

    /// Signals its group.
    pub fn signal(&self, signal: GroupSignal) -> nix::Result<()> {
        match signal {
            GroupSignal::Terminate => terminate_group(self.process),
            GroupSignal::Kill => kill_group(self.process),
        }
    }
}

/// Those of `children` whose group is among the `living`. Who can't be seen may live.
pub fn still_living(
    children: &BTreeMap<ChildId, Unreaped>,
    living: &io::Result<HashSet<u32>>,
) -> Vec<ChildId> {
    let lives = |child: &Unreaped| living.as_ref().map_or(true, |living| living.contains(&child.process));
    children.iter().filter(|(_, child)| lives(child)).map(|(id, _)| *id).collect()
}
