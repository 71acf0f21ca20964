//! Which files of a directory `oco run-parts` runs.

use super::reason::reason;
use super::runner::Job;
use crate::logic::name::{NameError, check_name};
use crate::logic::text::printable;
use log::{debug, warn};
use nix::unistd::{AccessFlags, access, getegid, geteuid};
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to run of a directory, and what not though it asks for it.
#[derive(Debug, Default)]
pub struct Parts {
    /// By name.
    pub jobs: Vec<Job>,
    /// Why each of the others is not run, by name.
    pub refused: Vec<PartsError>,
}

/// Why something is not run.
#[derive(Debug)]
pub enum PartsError {
    /// The directory could not be read.
    Unread(PathBuf, io::Error),
    /// This script or directory can be written by somebody else.
    Writable(String, String),
}

impl fmt::Display for PartsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartsError::Unread(path, error) => write!(f, "read {}: {}", path.display(), reason(error)),
            PartsError::Writable(what, who) => write!(f, "{what}: not run: it can be written by {who}"),
        }
    }
}

impl std::error::Error for PartsError {}

/// The executables of `directory` that have the name of a check. Symbolic links are followed; one that leads
/// nowhere is among them, so that its check says so. Refused is what others could change: whoever may write a
/// script that cron runs as root is root. Each gets `timeout`.
pub fn find(directory: &Path, timeout: Duration) -> Result<Parts, PartsError> {
    let failed = |error| PartsError::Unread(directory.to_owned(), error);
    let folder = std::fs::metadata(directory).map_err(failed)?;
    if let Some(who) = foreign_writer(&folder) {
        return Err(PartsError::Writable(directory.display().to_string(), who));
    }
    let mut parts = Parts::default();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let path = directory.join(&name);
        let metadata = std::fs::metadata(&path);
        let is_runnable = metadata.as_ref().map_or(true, |metadata| is_executable(&path, metadata));
        let writer = metadata.as_ref().ok().and_then(foreign_writer);
        let shown = printable(name.as_bytes());
        match check_name(name.as_bytes()) {
            Ok(name) if is_runnable => {
                if let Some(who) = writer {
                    parts.refused.push(PartsError::Writable(name.to_owned(), who));
                    continue;
                }
                parts.jobs.push(Job {
                    name: name.to_owned(),
                    program: path.into(),
                    arguments: Vec::new(),
                    timeout,
                    max_age: None,
                });
            }
            Ok(_) => debug!("{shown}: not run: it is no executable file"),
            // Of what packages and editors leave behind cron would send a mail every minute.
            Err(error @ (NameError::Hidden | NameError::Leftover)) => debug!("{shown}: not run: {error}"),
            Err(error) if is_runnable => warn!("{shown}: not run, as no check can have its name: {error}"),
            Err(error) => debug!("{shown}: not run: {error}"),
        }
    }
    parts.jobs.sort_by(|job, other| job.name.cmp(&other.name));
    parts.refused.sort_by_key(ToString::to_string);
    Ok(parts)
}

/// Who else than root, our user and our group may change a file.
fn foreign_writer(metadata: &Metadata) -> Option<String> {
    let (owner, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode());
    if mode & libc::S_IWOTH != 0 {
        Some("everybody".to_owned())
    } else if mode & libc::S_IWGRP != 0 && group != 0 && group != getegid().as_raw() {
        Some(format!("the group {group}"))
    } else if owner != 0 && owner != geteuid().as_raw() {
        Some(format!("the user {owner}"))
    } else {
        None
    }
}

fn is_executable(path: &Path, metadata: &Metadata) -> bool {
    metadata.is_file() && access(path, AccessFlags::X_OK).is_ok()
}
