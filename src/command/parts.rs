//! `oco run-parts`: which files of a directory it runs, and what it says of them.

pub mod error;

use super::arguments::parse_timeout;
use super::error::Error;
use super::run::{Outcome, Plugin, run_all};
use super::{BAD, say};
use crate::children::Job;
use crate::children::starter::Program;
use crate::limits::{SCRIPT_HEAD_OCTETS, STATUS_FILE_OCTETS};
use crate::logic::name::{NameError, check_name};
use crate::logic::text::printable;
use error::PartsError;
use log::{debug, warn};
use nix::unistd::{AccessFlags, access, getegid, geteuid};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// What to run of a directory, and what not though it asks for it.
#[derive(Debug, Default)]
struct Parts {
    /// By name.
    pub plugins: Vec<Plugin>,
    /// Why each of the others is not run, by name.
    pub refused: Vec<PartsError>,
}

/// Runs the scripts of `scripts`, and returns the exit status.
pub fn run(directory: &Path, scripts: &Path, timeout: Duration) -> Result<u8, Error> {
    let Parts { plugins, refused } = find(scripts, timeout)?;
    let names: Vec<String> = plugins.iter().map(|plugin| plugin.name.clone()).collect();
    let mut is_complete = refused.is_empty();
    refused.iter().for_each(|error| say(error));
    for (name, outcome) in names.iter().zip(run_all(directory, plugins)?) {
        match outcome {
            Outcome::Recorded(_) => continue,
            // It was told of, at debug level.
            Outcome::Busy => {}
            Outcome::Stopped => say(&format_args!("{name}: stopped by a signal")),
            Outcome::Failed(error) => say(&format_args!("{name}: {error}")),
        }
        is_complete = false;
    }
    if is_complete { Ok(0) } else { Err(Error::Said(BAD)) }
}

/// The executables of `directory` that have the name of a check. Symbolic links are followed; one that leads
/// nowhere is among them, so that its check says so. Refused is what others could change: whoever may write a
/// script that cron runs as root is root. Each gets `timeout`, unless it
/// wants another one itself.
fn find(directory: &Path, timeout: Duration) -> Result<Parts, PartsError> {
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
                let own_timeout = wanted_timeout(&path).unwrap_or_else(|why| {
                    warn!("{name}: {TIMEOUT} {why}");
                    None
                });
                let program = Program { name: path.into(), ..Program::default() };
                parts.plugins.push(Plugin {
                    name: name.to_owned(),
                    job: Job {
                        program,
                        timeout: own_timeout.unwrap_or(timeout),
                        output_octets: STATUS_FILE_OCTETS,
                    },
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
    parts.plugins.sort_by(|plugin, other| plugin.name.cmp(&other.name));
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

/// Before the time that a script wants, in a comment at its beginning: `# oco-timeout: 2m`.
const TIMEOUT: &str = "oco-timeout:";

/// The time that the script at `path` wants to have. What can't be read wants nothing: its run will tell why.
fn wanted_timeout(path: &Path) -> Result<Option<Duration>, String> {
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(SCRIPT_HEAD_OCTETS).read_to_end(&mut head)) {
        Ok(_) => timeout_in(&head),
        Err(_) => Ok(None),
    }
}

/// The time that is named in the comments at the beginning of a script.
fn timeout_in(head: &[u8]) -> Result<Option<Duration>, String> {
    if !head.starts_with(b"#!") {
        return Ok(None);
    }
    let comments = head.split(|octet| *octet == b'\n').map_while(|line| line.strip_prefix(b"#"));
    for comment in comments {
        if let Some(time) = comment.trim_ascii().strip_prefix(TIMEOUT.as_bytes()) {
            return parse_timeout(&printable(time.trim_ascii())).map(Some);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_script_names_its_time_in_its_first_comments() {
        let of = |head: &str| timeout_in(head.as_bytes()).unwrap().map(|time| time.as_secs());
        assert_eq!(of("#!/bin/sh\n# oco-timeout: 2m\n"), Some(120));
        assert_eq!(of("#!/bin/sh\n# more\n#\toco-timeout:60s\r\n# oco-timeout: 1s\ntrue"), Some(60));
        assert_eq!(of("#!/bin/sh\n# oco-timeout: 1m 30s"), Some(90));
        let none = [
            "",
            "#!/bin/sh\n",
            "# oco-timeout: 2m\n",
            "#!/bin/sh\n\n# oco-timeout: 2m\n",
            "\x7fELF\n# oco-timeout: 2m",
        ];
        assert_eq!(none.map(of), [None; 5]);
        for bad in ["", "2", "0s", "25h", "soon"] {
            let why = timeout_in(format!("#!/bin/sh\n# oco-timeout: {bad}\n").as_bytes()).unwrap_err();
            assert!(why.contains("expected"), "{why}");
        }
    }

    proptest! {
        #[test]
        fn a_time_is_read_back(seconds in 1u64..86_400, comment in "[^\n]{0,20}") {
            let time = Duration::from_secs(seconds);
            prop_assume!(!comment.trim().starts_with(TIMEOUT));
            let head = format!("#!/bin/sh\n#{comment}\n# oco-timeout: {}\nx\n", humantime::format_duration(time));
            prop_assert_eq!(timeout_in(head.as_bytes()), Ok(Some(time)));
        }

        #[test]
        fn any_head_is_read(head in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = timeout_in(&[b"#!\n#oco-timeout:", &head[..]].concat());
        }
    }
}
