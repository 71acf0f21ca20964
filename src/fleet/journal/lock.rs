//! One watcher a state directory.

use super::JournalError;
use oco::status::run_lock::{self, LockError};
use std::path::Path;

/// The right to write below a state directory, until dropped. The kernel takes it back from whoever dies.
#[derive(Debug)]
pub struct Lock {
    _lock: run_lock::Lock,
}

impl Lock {
    /// Takes it, as `DIR/.fleet.lock`.
    ///
    /// # Errors
    /// Another process, or another part of this one, has it; or there can be no such file.
    pub fn take(dir: &Path) -> Result<Lock, JournalError> {
        match run_lock::lock(dir, "fleet") {
            Ok(lock) => Ok(Lock { _lock: lock }),
            Err(LockError::Busy) => Err(JournalError::Locked(dir.to_owned())),
            Err(LockError::Failed(path, error)) => Err(JournalError::Io { doing: "lock", path, error }),
        }
    }
}
