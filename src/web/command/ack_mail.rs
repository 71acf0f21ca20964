//! `ocoboard ack-mail`: a mail on standard input, and an exit status that mail systems understand.

use crate::ack_mail::{TRY_AGAIN, log_by_syslog, run as acknowledge};
use crate::config;
use crate::error::Error;
use oco::system::log_lines;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Runs it, with the settings at `path`.
///
/// # Errors
/// The mail is to come once more, for the watcher is away, or the settings can't be read; that was said.
pub fn run(path: &Path) -> Result<(), Error> {
    let again = || Err(Error::Said(ExitCode::from(TRY_AGAIN)));
    // A mail that comes while somebody edits the file is not to be lost.
    let settings = match config::load(path) {
        Ok(settings) => settings,
        Err(error) => {
            Error::Config(error).say();
            return again();
        }
    };
    let outcome = acknowledge(io::stdin(), &settings.control.with_file_name("token"));
    let outcome = outcome.map_err(Error::system("standard input"))?;
    log_lines::say("ocoboard", &format!("ack-mail: {}", outcome.line));
    log_by_syslog(&outcome.line);
    if outcome.is_to_come_again { again() } else { Ok(()) }
}
