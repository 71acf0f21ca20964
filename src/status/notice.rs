//! What happened to the status directory, for whoever words it and says it.

use super::directory::Away;
use crate::logic::name::NameError;
use nix::errno::Errno;

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It is read whole for each answer, for this reason.
    Plain(String),
    /// Nothing is known of the checks from now on.
    Lost(Away),
    /// What was lost is back.
    Back,
    /// This name in it is no check's.
    Stranger(Vec<u8>, NameError),
    /// Events were lost, and it is read anew.
    EventsLost,
    /// Its events can't be read.
    Unreadable(Errno),
}
