//! `oco import-nrpe`: makes scripts for `oco run-parts` from the commands that NRPE ran on this host.

use super::error::Error;
use super::reason::reason;
use super::{BAD, aside, print, say};
use crate::limits::{CONFIG_OCTETS, INCLUDE_DEPTH};
use crate::logic::name::{NameError, check_name};
use crate::logic::nrpe::{Directive, Script, directives, script};
use crate::logic::text::printable;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The mode of a script that can run as it is, and of one in which something is missing.
const ON: u32 = 0o755;
const OFF: u32 = 0o644;

/// Why something of NRPE's configuration was not taken over.
#[derive(Debug)]
pub enum ImportError {
    /// A file or directory could not be read.
    Unread(PathBuf, io::Error),
    /// A file is larger than any configuration.
    TooLarge(PathBuf),
    /// A file is included more than [`INCLUDE_DEPTH`] deep.
    TooDeep(PathBuf),
    /// There is nothing to take over.
    NoCommands(PathBuf),
    /// A line is not understood, for this reason.
    Line(&'static str),
    /// No check can have the command's name.
    Name(NameError),
    /// There is such a script.
    Exists(PathBuf),
    /// The script could not be written.
    Unwritten(PathBuf, io::Error),
    /// It is of the command with this name.
    Command(String, Box<ImportError>),
    /// It is of this `FILE:LINE`.
    At(String, Box<ImportError>),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Unread(path, error) => write!(f, "read {}: {}", path.display(), reason(error)),
            ImportError::TooLarge(path) => {
                write!(f, "read {}: too large; expected at most {CONFIG_OCTETS} octets", path.display())
            }
            ImportError::TooDeep(path) => {
                write!(f, "read {}: included more than {INCLUDE_DEPTH} deep", path.display())
            }
            ImportError::NoCommands(path) => write!(f, "{}: no command[NAME]=LINE in it", path.display()),
            ImportError::Line(why) => f.write_str(why),
            ImportError::Name(error) => write!(f, "no check can have this name: {error}"),
            ImportError::Exists(path) => {
                write!(f, "{} is there already; --force replaces it", path.display())
            }
            ImportError::Unwritten(path, error) => write!(f, "write {}: {}", path.display(), reason(error)),
            ImportError::Command(name, error) => write!(f, "command[{name}]: {error}"),
            ImportError::At(place, error) => write!(f, "{place}: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}

/// Writes a script into `into` for each command of `file` and of what it includes. Says of each what became of it,
/// and returns the exit status: 0 when nothing was left out.
pub fn import(file: &Path, into: &Path, is_forced: bool) -> Result<u8, Error> {
    let mut reader = Reader::default();
    reader.read_file(file, 0)?;
    let Reader { commands, prefix, mut problems, .. } = reader;
    if commands.is_empty() {
        problems.push(ImportError::NoCommands(file.to_owned()));
    }
    let mut done = String::new();
    for command in &commands {
        match command.write(prefix.as_deref(), into, is_forced) {
            Ok(line) => {
                done.push_str(&printable(line.as_bytes()));
                done.push('\n');
            }
            Err(error) => problems.push(error),
        }
    }
    problems.iter().for_each(|problem| say(problem));
    print(&done)?;
    if problems.is_empty() { Ok(0) } else { Err(Error::Said(BAD)) }
}

/// A command as it was found.
#[derive(Debug)]
struct Command {
    name: Vec<u8>,
    line: Vec<u8>,
    /// `FILE:LINE`.
    place: String,
}

impl Command {
    /// Writes its script, and returns a line that says so.
    fn write(&self, prefix: Option<&[u8]>, into: &Path, is_forced: bool) -> Result<String, ImportError> {
        self.try_write(prefix, into, is_forced).map_err(|error| {
            let command = ImportError::Command(printable(&self.name), Box::new(error));
            ImportError::At(self.place.clone(), Box::new(command))
        })
    }

    fn try_write(&self, prefix: Option<&[u8]>, into: &Path, is_forced: bool) -> Result<String, ImportError> {
        let name = check_name(&self.name).map_err(ImportError::Name)?;
        let origin = format!("command[{name}], {}", self.place);
        let Script { content, missing } = script(&origin, prefix, &self.line).map_err(ImportError::Line)?;
        let path = into.join(name);
        if std::fs::read(&path).is_ok_and(|there| there == content) {
            return Ok(format!("{name}: {} is up to date", path.display()));
        }
        let mode = if missing.is_empty() { ON } else { OFF };
        // Hidden until it is renamed, so that cron does not run half of it.
        match aside::write(into, name, &content, mode, is_forced) {
            Ok(()) if missing.is_empty() => Ok(format!("{name}: {}", path.display())),
            Ok(()) => {
                let missing = missing.join(" ");
                Ok(format!("{name}: {}, turned off: {missing} has to be written in", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(ImportError::Exists(path)),
            Err(error) => Err(ImportError::Unwritten(path, error)),
        }
    }
}

/// Reads configuration files and what they include.
#[derive(Debug, Default)]
struct Reader {
    commands: Vec<Command>,
    prefix: Option<Vec<u8>>,
    problems: Vec<ImportError>,
    /// Files and directories that were read, by their real path: they may include each other in a circle.
    read: HashSet<PathBuf>,
}

impl Reader {
    fn read_file(&mut self, file: &Path, depth: usize) -> Result<(), ImportError> {
        let content = self.content(file, depth)?;
        for (number, directive) in directives(&content) {
            let place = format!("{}:{number}", file.display());
            let done = match directive {
                Ok(Directive::Command { name, line }) => {
                    self.add(Command { name: name.to_owned(), line: line.to_owned(), place: place.clone() });
                    Ok(())
                }
                Ok(Directive::Prefix(prefix)) => {
                    self.prefix = Some(prefix.to_owned());
                    Ok(())
                }
                Ok(Directive::File(path)) => self.read_file(Path::new(OsStr::from_bytes(path)), depth + 1),
                Ok(Directive::Directory(path)) => {
                    self.read_directory(Path::new(OsStr::from_bytes(path)), depth + 1)
                }
                Err(why) => Err(ImportError::Line(why)),
            };
            if let Err(error) = done {
                self.problems.push(ImportError::At(place, Box::new(error)));
            }
        }
        Ok(())
    }

    fn content(&mut self, file: &Path, depth: usize) -> Result<Vec<u8>, ImportError> {
        let failed = |error| ImportError::Unread(file.to_owned(), error);
        if !self.is_new(file, depth)? {
            return Ok(Vec::new());
        }
        let mut content = Vec::new();
        let opened = File::open(file).map_err(failed)?;
        opened.take(CONFIG_OCTETS + 1).read_to_end(&mut content).map_err(failed)?;
        match u64::try_from(content.len()) {
            Ok(octets) if octets <= CONFIG_OCTETS => Ok(content),
            _ => Err(ImportError::TooLarge(file.to_owned())),
        }
    }

    /// The files in `directory` whose names end in `.cfg` and its subdirectories, by name.
    fn read_directory(&mut self, directory: &Path, depth: usize) -> Result<(), ImportError> {
        let failed = |error| ImportError::Unread(directory.to_owned(), error);
        if !self.is_new(directory, depth)? {
            return Ok(());
        }
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().as_bytes();
            let done = match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && !name.starts_with(b".") => {
                    self.read_directory(&path, depth + 1)
                }
                Ok(metadata) if metadata.is_file() && name.ends_with(b".cfg") => {
                    self.read_file(&path, depth + 1)
                }
                Ok(_) => Ok(()),
                Err(error) => Err(ImportError::Unread(path, error)),
            };
            self.problems.extend(done.err());
        }
        Ok(())
    }

    /// Whether `path` has not been read yet. What is nested too deeply is an error.
    fn is_new(&mut self, path: &Path, depth: usize) -> Result<bool, ImportError> {
        let failed = |error| ImportError::Unread(path.to_owned(), error);
        if depth > INCLUDE_DEPTH {
            return Err(ImportError::TooDeep(path.to_owned()));
        }
        Ok(self.read.insert(std::fs::canonicalize(path).map_err(failed)?))
    }

    /// Adds a command. To NRPE, the last of a name is the one.
    fn add(&mut self, command: Command) {
        if let Some(earlier) = self.commands.iter_mut().find(|earlier| earlier.name == command.name) {
            *earlier = command;
        } else {
            self.commands.push(command);
        }
    }
}
