//! What the policy wants done.

use super::turn::event_word;
use crate::config::AlertEvent;
use oco_fleet::journal::Entry;
use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use std::sync::Arc;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Run this command, and tell how it ended.
    Send(Box<Sending>),
    /// Put this into the journal.
    Keep(Entry),
    /// A command failed: a line of the log.
    Failed {
        /// Of whom it was to tell.
        name: ObjectName,
        /// What was run.
        command: String,
        /// Why it failed.
        why: String,
        /// How often it was tried until now.
        tries: u32,
        /// Whether it is given up.
        is_final: bool,
    },
}

/// Members that failed, each with its reason. All that tell of a failure have one list: a hundred thousand may be in it.
pub type Failed = Arc<[(ObjectName, Box<str>)]>;

/// The number of a command. It is not given twice before a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendingId(pub u64);

/// A command to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub id: SendingId,
    /// Of whom it tells.
    pub name: ObjectName,
    /// What the alert's memory is kept under.
    pub alert: String,
    /// Which step of it, from 1 on.
    pub step: u32,
    /// What it tells. Of what somebody says directly, this means nothing.
    pub event: AlertEvent,
    /// The words of the file, placeholders not yet filled.
    pub command: Vec<String>,
    /// The alert's words for people.
    pub text: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// When that came about which is told.
    pub at: Millis,
    /// Since when it fails; on a recovery, since when it did.
    pub failing: Option<Millis>,
    /// The how manieth of this failure to this step, from 1 on; partial and recovery do not count.
    pub count: u32,
    /// How many there may be.
    pub limit: Option<u32>,
    /// The members that failed, each with its reason.
    pub failed: Failed,
    /// Those that came back since this step was told last.
    pub recovered: Vec<ObjectName>,
    /// All members, as many as an argument takes.
    pub all: Vec<ObjectName>,
    /// What somebody says directly.
    pub direct: Option<String>,
}

impl Sending {
    /// The word of `on` for what it tells, or `direct`.
    pub fn word(&self) -> &'static str {
        if self.direct.is_some() { "direct" } else { event_word(self.event) }
    }
}

/// Whom something that was said directly goes to: alerts by name, or by whom they are of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Direct {
    /// These tell it now: `ALERT: COMMAND`.
    pub took: Vec<String>,
    /// These when what holds them ends: `ALERT: why`.
    pub held: Vec<String>,
}
