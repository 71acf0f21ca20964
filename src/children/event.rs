//! What children come to.

use super::ChildId;
use super::starter::{GroupSignal, NotStarted};
use crate::logic::plugin_result::{Kept, Run};
use std::io;

/// The result of a child.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// Of this one.
    pub id: ChildId,
    /// How it came to it.
    pub run: Run,
    /// The beginning of what it wrote until then.
    pub stdout: Kept,
    /// As well.
    pub stderr: Kept,
}

/// What happened to the children.
#[derive(Debug)]
pub enum ChildEvent {
    /// It runs, as this process.
    Started {
        /// This one.
        id: ChildId,
        /// The leader of its group.
        process: u32,
    },
    /// It waits for another one to end: there are not enough descriptors, processes or memory.
    Delayed {
        /// This one.
        id: ChildId,
        /// What the system said.
        error: io::Error,
    },
    /// Its result is known. Others of its group may still live.
    Ended(Ended),
    /// It has no result, and we or our host are to blame.
    Failed {
        /// This one.
        id: ChildId,
        /// What the system said.
        error: io::Error,
    },
    /// Its group was signalled.
    Signalled {
        /// This one's.
        id: ChildId,
        /// Its number, if it is known to run.
        process: Option<u32>,
        /// With this.
        signal: GroupSignal,
        /// Whether the system has let us.
        result: io::Result<()>,
    },
    /// A process of its group can't be killed. We go on without it.
    Unkillable {
        /// This one's.
        id: ChildId,
        /// Its number, if it is known to run.
        process: Option<u32>,
    },
    /// Nothing is left of it that we have to answer for. Without a result before, it was stopped.
    Over {
        /// This one.
        id: ChildId,
    },
    /// Who starts and watches children has died. Those that ran are lost, and no other one will be started.
    StarterLost,
}

impl ChildEvent {
    /// That a child does not run, and that nothing is left of it.
    pub(super) fn of_refused(id: ChildId, why: NotStarted) -> [ChildEvent; 2] {
        [ChildEvent::of_not_started(id, why), ChildEvent::Over { id }]
    }

    /// That a child does not run.
    pub(super) fn of_not_started(id: ChildId, why: NotStarted) -> ChildEvent {
        match why {
            NotStarted::Program(why) => ChildEvent::Ended(Ended {
                id,
                run: Run::NotStarted(why),
                stdout: Kept::default(),
                stderr: Kept::default(),
            }),
            NotStarted::Short(errno) | NotStarted::Own(errno) => {
                ChildEvent::Failed { id, error: io::Error::from_raw_os_error(errno) }
            }
        }
    }
}
