//! `oco import-nrpe`: makes scripts for `oco run-parts` from the commands that NRPE ran on this host.

pub mod error;

use super::error::Error;
use super::{BAD, print, say};
use crate::limits::{CONFIG_OCTETS, INCLUDE_DEPTH, NRPE_TIMEOUT};
use crate::logic::name::check_name;
use crate::logic::nrpe::{Directive, Identity, Script, Surroundings, directives, is_plain, script};
use crate::logic::text::printable;
use crate::system::atomic_file;
use crate::system::small_file::read_at_most;
use error::ImportError;
use nix::unistd::{Gid, Group, Uid, User};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The mode of a script that can run as it is, and of one in which something is missing.
const ON: u32 = 0o755;
const OFF: u32 = 0o644;

/// Writes a script into `into` for each command of `file` and of what it includes. Says of each what became of it,
/// and returns the exit status: 0 when nothing was left out.
pub fn import(file: &Path, into: &Path, is_forced: bool) -> Result<u8, Error> {
    let mut reader = Reader::default();
    reader.read_file(file, 0)?;
    let Reader { commands, prefix, timeout, user, group, mut problems, .. } = reader;
    let identity = identity(user.as_deref(), group.as_deref());
    let around = Surroundings { prefix, timeout: timeout.unwrap_or(NRPE_TIMEOUT), identity };
    if commands.is_empty() {
        problems.push(ImportError::NoCommands(file.to_owned()));
    }
    let mut done = String::new();
    for command in &commands {
        match command.write(&around, into, is_forced) {
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
    fn write(&self, around: &Surroundings, into: &Path, is_forced: bool) -> Result<String, ImportError> {
        self.try_write(around, into, is_forced).map_err(|error| {
            let command = ImportError::Command(printable(&self.name), Box::new(error));
            ImportError::At(self.place.clone(), Box::new(command))
        })
    }

    fn try_write(&self, around: &Surroundings, into: &Path, is_forced: bool) -> Result<String, ImportError> {
        let name = check_name(&self.name).map_err(ImportError::Name)?;
        let origin = format!("command[{name}], {}", self.place);
        let Script { content, off } = script(&origin, around, &self.line).map_err(ImportError::Line)?;
        let path = into.join(name);
        if std::fs::read(&path).is_ok_and(|there| there == content) {
            return Ok(format!("{name}: {} is up to date", path.display()));
        }
        let mode = if off.is_none() { ON } else { OFF };
        // Hidden until it is renamed, so that cron does not run half of it.
        match atomic_file::replace(into, name, &content, mode, is_forced) {
            Ok(()) => {
                let off = off.map(|why| format!(", turned off: {why}")).unwrap_or_default();
                Ok(format!("{name}: {}{off}", path.display()))
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
    user: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    timeout: Option<Duration>,
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
                Ok(Directive::User(user)) => {
                    self.user = Some(user.to_owned());
                    Ok(())
                }
                Ok(Directive::Group(group)) => {
                    self.group = Some(group.to_owned());
                    Ok(())
                }
                Ok(Directive::Timeout(timeout)) => {
                    self.timeout = Some(timeout);
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
        let content = read_at_most(file, CONFIG_OCTETS).map_err(failed)?;
        content.ok_or_else(|| ImportError::TooLarge(file.to_owned()))
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

/// As whom the commands of NRPE's `user` and `group` run here. A name of digits alone is a number, as it is to NRPE.
fn identity(user: Option<&[u8]>, group: Option<&[u8]>) -> Identity {
    let who = match (user, group) {
        (None, None) => return Identity::AsStarted,
        (Some(user), None) => printable(user),
        (user, Some(group)) => {
            format!("{} in the group {}", printable(user.unwrap_or(b"root")), printable(group))
        }
    };
    let lost = |why: &str| Identity::Lost(who.clone(), why.to_owned());
    let user = match user.map(|user| found(user, User::from_name, |id| User::from_uid(Uid::from_raw(id)))) {
        None => User::from_uid(Uid::from_raw(0)).ok().flatten(),
        Some(found) => found,
    };
    let Some(user) = user else { return lost("there is no such user here") };
    let group =
        match group.map(|group| found(group, Group::from_name, |id| Group::from_gid(Gid::from_raw(id)))) {
            None => None,
            Some(None) => return lost("there is no such group here"),
            Some(Some(group)) => Some(group).filter(|group| group.gid != user.gid),
        };
    if user.uid.is_root() {
        return if group.is_none() { Identity::AsStarted } else { lost("root keeps its own group here") };
    }
    let group = group.map(|group| group.name);
    if !is_plain(&user.name) || group.as_ref().is_some_and(|group| !is_plain(group)) {
        return lost("the name can't stand in a script");
    }
    if !has_runuser() {
        return lost("there is no runuser(1) here");
    }
    Identity::Other(user.name, group)
}

/// Who is called `name`, or has that number.
fn found<T>(
    name: &[u8],
    by_name: impl Fn(&str) -> nix::Result<Option<T>>,
    by_number: impl Fn(u32) -> nix::Result<Option<T>>,
) -> Option<T> {
    let name = std::str::from_utf8(name).ok()?;
    match name.bytes().all(|octet| octet.is_ascii_digit()) {
        true => by_number(name.parse().ok()?).ok()?,
        false => by_name(name).ok()?,
    }
}

/// Whether cron will find runuser(1), which is of Linux's own util-linux and not everywhere.
fn has_runuser() -> bool {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .any(|folder| Path::new(folder).join("runuser").is_file())
}
