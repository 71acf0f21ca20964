//! Command lines: read by clap, with errors in one line.

use crate::system::log_lines;
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::process::ExitCode;

/// Reads a command line. On `--help` and `--version` the exit is a success; on an error it is said in one line,
/// and the exit is `bad_usage`.
///
/// # Errors
/// The exit status, once all is said.
pub fn parse<A: Parser>(
    program: &str,
    arguments: impl IntoIterator<Item = OsString>,
    bad_usage: u8,
) -> Result<A, ExitCode> {
    A::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has gone needs no help any more.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            log_lines::say(program, &format!("{}; see {program} --help", one_line(&error.to_string())));
            ExitCode::from(bad_usage)
        }
    })
}

/// The first paragraph of clap's message, without its heading.
fn one_line(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or(message);
    let lines: Vec<&str> = paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}
