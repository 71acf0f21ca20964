//! oco: from its command line to its exit.
//!
//! ```text
//! set, clear, maint -> status::record   run, parts -> children; status::run_lock, record
//! import-nrpe       -> import           record, import -> system::atomic_file
//! status            -> this_host -> reading (directory and board, as in the daemon), reader, port -> ask
//!                      others: ask; both are shown by columns, hosts_json
//! push              -> push (execs oco-push, which is src/push and reads the directory by reading)
//! fleet             -> fleet (the watcher's control socket, by logic::control)
//! ```

mod arguments;
mod ask;
mod columns;
mod error;
pub mod fleet;
mod hosts_json;
mod import;
mod parts;
mod port;
pub mod push;
mod reader;
pub mod reading;
mod run;
mod status;
mod this_host;

use crate::children::Job;
use crate::children::starter::Program;
use crate::config::{self, Settings};
use crate::limits::{LOG_FLUSH, STATUS_FILE_OCTETS};
use crate::logic::code::Code;
use crate::logic::name::MAINTENANCE;
use crate::status::record;
use crate::system::{command_line, log_lines};
use arguments::{Arguments, Maintenance, Order};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use error::Error;
use push::ProgramArguments;
use run::Plugin;
use status::Form;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;
use this_host::ThisHost;

/// Exit status of all failures of oco itself: UNKNOWN to Nagios, so that no monitoring system takes one for an
/// answer.
const BAD: u8 = 3;
/// Exit status of `--up` for a host that is not up, or of which that is not known.
const NOT_UP: u8 = 1;
/// What is said of a host that is taken out without a reason.
const NO_REASON: &str = "maintenance";

/// The command line of oco: for what is made from it, as the shells' completions.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Runs oco with the command line of the process.
pub fn main() -> ExitCode {
    let raw: Vec<OsString> = std::env::args_os().collect();
    let failure = if arguments::is_status_up(&raw) { NOT_UP } else { BAD };
    log_lines::start("warn");
    let exit = match parse(&raw, failure) {
        Ok(arguments) => match obey(&arguments) {
            Ok(status) => ExitCode::from(status),
            Err(error) => {
                let status = error.tell();
                // Whatever went wrong, that is a host of which it is not known that it is up.
                ExitCode::from(if failure == NOT_UP { failure } else { status })
            }
        },
        // A help that was asked for by mistake (-h for the host) must not look like a host that is up.
        Err(_) if failure == NOT_UP => ExitCode::from(failure),
        Err(exit) => exit,
    };
    log_lines::finish(LOG_FLUSH);
    exit
}

fn parse(raw: &[OsString], failure: u8) -> Result<Arguments, ExitCode> {
    if let Err(error) = Arguments::try_parse_from(raw)
        && matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
        && let Some(mistaken) = arguments::mistaken_for_help(raw)
    {
        let shown = mistaken.display();
        say(&format_args!(
            "unexpected argument '{shown}'; a name does not begin with a dash; see oco --help"
        ));
        return Err(ExitCode::from(failure));
    }
    command_line::parse("oco", raw.iter().cloned(), failure)
}

/// Does what is asked, and returns the exit status.
fn obey(arguments: &Arguments) -> Result<u8, Error> {
    match &arguments.order {
        Order::Set { name, code, max_age, text } => {
            let text = arguments::joined(text);
            record::write(&directory(arguments)?, name, *code, text.as_bytes(), *max_age)?;
            Ok(0)
        }
        Order::Clear { name } => clear(arguments, name),
        Order::Maint { state: Maintenance::Off, text: _ } => clear(arguments, MAINTENANCE),
        Order::Maint { state: Maintenance::On, text } => {
            let reason = if text.is_empty() { NO_REASON.into() } else { arguments::joined(text) };
            record::write(&directory(arguments)?, MAINTENANCE, Code::KO, reason.as_bytes(), None)?;
            Ok(0)
        }
        Order::Run { name, timeout, max_age, verbose, command } => {
            let Some((program, rest)) = command.split_first() else { return Err(Error::NoCommand) };
            let program = Program { name: program.clone(), arguments: rest.to_vec(), ..Program::default() };
            let job = Job { program, timeout: *timeout, output_octets: STATUS_FILE_OCTETS };
            let plugin = Plugin { name: name.clone(), job, max_age: *max_age };
            run::run(&directory(arguments)?, plugin, *verbose)
        }
        Order::RunParts { timeout, parts } => parts::run(&directory(arguments)?, parts, *timeout),
        Order::ImportNrpe { force, file, parts } => import::import(file, parts, *force),
        Order::Push(push) => push::become_program(&ProgramArguments {
            config: arguments.config.clone(),
            directory: arguments.directory.clone(),
            push: push.clone(),
        }),
        Order::Fleet(arguments) => fleet::obey(arguments),
        Order::Status { up: true, json, quiet, watch: _, verbose: _, timeout, hosts } => {
            match hosts.as_slice() {
                [host] => Ok(status::is_up(host.clone(), *timeout, Form::of(*json, *quiet))),
                _ => Err(Error::UpHosts(hosts.len())),
            }
        }
        Order::Status { up: false, json, quiet, watch, verbose, timeout, hosts } => {
            let form = Form::of(*json, *quiet);
            if hosts.is_empty() {
                let settings = settings(arguments)?;
                let directory = config::directory(arguments.directory.clone(), &settings);
                let mut host = ThisHost::new(directory, settings);
                return shown(*watch, form, |form| host.show(form, *verbose));
            }
            shown(*watch, form, |form| status::other_hosts(hosts, *timeout, form))
        }
    }
}

fn shown(is_watched: bool, form: Form, mut show: impl FnMut(Form) -> Result<u8, Error>) -> Result<u8, Error> {
    if is_watched { status::watch(show) } else { show(form) }
}

fn clear(arguments: &Arguments, name: &str) -> Result<u8, Error> {
    record::remove(&directory(arguments)?, name)?;
    Ok(0)
}

fn settings(arguments: &Arguments) -> Result<Settings, Error> {
    Ok(config::load(arguments.config.as_deref())?)
}

/// The directory of the status files. Who names it, and no configuration file, needs no good one.
fn directory(arguments: &Arguments) -> Result<PathBuf, Error> {
    let named = config::directory_without_file(arguments.directory.clone());
    if let (Some(directory), None) = (&named, &arguments.config) {
        return Ok(directory.clone());
    }
    let settings = settings(arguments)?;
    Ok(named.unwrap_or_else(|| config::directory_of(&settings)))
}

/// Writes to standard output. A reader that has gone is none of our business.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::System("write standard output", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says what went wrong, in one line. Names and texts from outside may be in it.
fn say(what: &dyn Display) {
    log_lines::say("oco", &what.to_string());
}
