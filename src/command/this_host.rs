//! The state of this host: read from the directory as the daemon would rate it, and compared with what the daemon
//! answers.
//!
//! Two that rate the same files may see different things: files that only we can read, dates of the future, a daemon with
//! other settings, or none. Where they differ, that is said, and the worse of the two is the exit status.

use super::ask::{NoAnswer, Reply};
use super::columns::{self, Style};
use super::port::{Port, is_same};
use super::reader::Reader;
use super::reading::{self, Reading};
use super::status::{Form, exit_status, screen};
use super::{Error, hosts_json, print, say};
use crate::config::Settings;
use crate::limits::{PORT_TRIES, WARNED_NAMES};
use crate::logic::board::CheckView;
use crate::logic::name::{NameError, check_name};
use crate::logic::text::printable;
use crate::system::terminal;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// All that `oco status` needs to show this host, once or again and again.
#[derive(Debug)]
pub struct ThisHost {
    directory: PathBuf,
    settings: Settings,
    /// Whether the directory is that of the settings, and so that of a daemon with these settings.
    is_configured: bool,
    reader: Reader,
    /// Why the directory is not read as the daemon's user.
    not_as_user: Option<String>,
    port: Option<Port>,
    /// What was said on standard error when this was shown last.
    said: BTreeSet<String>,
}

/// What the daemon said.
type Heard = Result<Reply, NoAnswer>;

impl ThisHost {
    /// This host, whose status files are in `directory`. Root becomes the daemon's user for good, where the settings
    /// name one and the directory is theirs: so the files are read as the daemon reads them.
    pub fn new(directory: PathBuf, settings: Settings) -> ThisHost {
        let is_configured = reading::is_configured(&directory, &settings);
        let not_as_user = reading::become_reader(&directory, &settings);
        let (reader, port) = (Reader::of(&settings), Port::of(&settings));
        ThisHost { directory, settings, is_configured, reader, not_as_user, port, said: BTreeSet::new() }
    }

    /// Shows it, and returns the exit status.
    pub fn show(&mut self, form: Form, has_figures: bool) -> Result<u8, Error> {
        let (reading, heard) = self.compare();
        let checks = reading.checks();
        let (verdict, line) = reading.answer(&self.settings);
        let words = self.words(&reading, &checks, (&line, exit_status(verdict)), heard.as_ref());
        let table = || columns::checks(&checks, Style::of_stdout(), has_figures);
        match form {
            Form::Text => print(&format!("{line}\n{}", table()))?,
            Form::Screen => {
                let words: String =
                    words.iter().map(|words| format!("{}\n", printable(words.as_bytes()))).collect();
                print(&screen(&format!("{line}\n{words}{}", table())))?;
            }
            Form::Json => {
                let port = self.port.as_ref().map(Port::shown).unwrap_or_default();
                let port = heard.as_ref().map(|heard| (port.as_str(), heard));
                print(&hosts_json::this_host((verdict, &line), &checks, port))?;
            }
            Form::Quiet => {}
        }
        self.say(form, words);
        let heard = heard.and_then(Result::ok).filter(|_| self.is_configured);
        let heard = heard.map(|reply| exit_status(reply.verdict));
        Ok(exit_status(verdict).max(heard.unwrap_or(0)))
    }

    /// Reads the directory and asks the daemon, some times if need be: what changes between the two is no difference.
    fn compare(&self) -> (Reading, Option<Heard>) {
        let mut reading = Reading::take(&self.directory, &self.settings);
        let Some(port) = &self.port else { return (reading, None) };
        let mut heard = None;
        for _ in 0..PORT_TRIES {
            let reply = match port.ask() {
                Ok(Some(reply)) => reply,
                Ok(None) => return (reading, None),
                Err(why) => return (reading, Some(Err(why))),
            };
            let agrees = |reading: &Reading| is_same(&reading.answer(&self.settings).1, &reply.line);
            if agrees(&reading) {
                return (reading, Some(Ok(reply)));
            }
            reading = Reading::take(&self.directory, &self.settings);
            let is_settled = agrees(&reading);
            heard = Some(Ok(reply));
            if is_settled {
                break;
            }
        }
        (reading, heard)
    }

    /// What people should know besides, each in a line.
    fn words(
        &self,
        reading: &Reading,
        checks: &[CheckView<'_>],
        (line, status): (&str, u8),
        heard: Option<&Heard>,
    ) -> Vec<String> {
        let directory = self.directory.display();
        let mut words = Vec::from_iter(self.not_as_user.clone());
        match &reading.away {
            Some(why) => words.push(format!("directory {directory}: {why}")),
            None if checks.is_empty() && !self.settings.empty_is_ok => {
                words.push(format!("directory {directory}: no checks in it"));
            }
            None => {}
        }
        words.extend(self.strangers());
        words.extend(reading.of_the_future());
        let Some(port) = &self.port else { return words };
        let shown = port.shown();
        match heard {
            Some(Ok(reply)) if is_same(&reply.line, line) => return words,
            Some(Err(why))
                if port.is_closed_by(why) && status >= exit_status(crate::logic::code::Verdict::Ko) =>
            {
                return words;
            }
            Some(Ok(reply)) => {
                let other = if self.is_configured { "" } else { "; its directory may be another one" };
                words.push(format!("{shown} answers otherwise: {}{other}", reply.line));
            }
            Some(Err(why)) => words.push(format!("no ocod answers at {shown}: {why}")),
            None => {}
        }
        words.extend(self.reader.kept_out_of(&self.directory));
        let read = checks.iter().filter(|check| check.age.is_some());
        words.extend(read.filter_map(|check| self.reader.kept_from_file(&self.directory, check.name)));
        words
    }

    /// The files that are no checks though they are not hidden, by name.
    fn strangers(&self) -> Vec<String> {
        // Why the directory can't be read is said already.
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut strangers: Vec<String> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
            .filter_map(|entry| match check_name(entry.file_name().as_bytes()) {
                Ok(_) | Err(NameError::Hidden) => None,
                Err(error) => Some(format!("{}: not a check: {error}", entry.file_name().display())),
            })
            .take(WARNED_NAMES)
            .collect();
        strangers.sort();
        strangers
    }

    /// Says on standard error what was not said the last time; not where that would spoil what is drawn, or where
    /// nothing is to be said.
    fn say(&mut self, form: Form, words: Vec<String>) {
        let is_silent = match form {
            Form::Quiet => true,
            Form::Screen => terminal::is_stderr(),
            Form::Text | Form::Json => false,
        };
        if !is_silent {
            words.iter().filter(|words| !self.said.contains(*words)).for_each(|words| say(words));
        }
        self.said = words.into_iter().collect();
    }
}
