//! Which files of a directory `oco run-parts` runs.

use super::reason::reason;
use super::runner::Job;
use crate::logic::name::{NameError, check_name};
use crate::logic::text::printable;
use log::{debug, warn};
use nix::unistd::{AccessFlags, access};
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The executables of `directory` that have the name of a check, by name. Symbolic links are followed; one that
/// leads nowhere is among them, so that its check says so.
pub fn jobs(directory: &Path) -> Result<Vec<Job>, String> {
    let failed = |error: &io::Error| format!("read {}: {}", directory.display(), reason(error));
    let mut jobs = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| failed(&error))? {
        let name = entry.map_err(|error| failed(&error))?.file_name();
        let path = directory.join(&name);
        let is_runnable = match std::fs::metadata(&path) {
            Ok(metadata) => is_executable(&path, &metadata),
            Err(_) => true,
        };
        let shown = printable(name.as_bytes());
        match check_name(name.as_bytes()) {
            Ok(name) if is_runnable => {
                jobs.push(Job { name: name.to_owned(), program: path.into(), arguments: Vec::new() });
            }
            Ok(_) => debug!("{shown}: not run: it is no executable file"),
            // Of what packages and editors leave behind cron would send a mail every minute.
            Err(error @ (NameError::Hidden | NameError::Leftover)) => debug!("{shown}: not run: {error}"),
            Err(error) if is_runnable => warn!("{shown}: not run, as no check can have its name: {error}"),
            Err(error) => debug!("{shown}: not run: {error}"),
        }
    }
    jobs.sort_by(|job, other| job.name.cmp(&other.name));
    Ok(jobs)
}

fn is_executable(path: &Path, metadata: &Metadata) -> bool {
    metadata.is_file() && access(path, AccessFlags::X_OK).is_ok()
}
