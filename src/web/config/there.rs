//! What the file names and has to be there outside of it: users, certificates, folders and fonts. What is not there is told
//! with the line that names it.

use super::SentTo;
use super::Settings;
use crate::limits::SETTINGS_OCTETS;
use oco::config::ConfigError;
use oco::config::outside;
use oco::system::words::words;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A value of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// `state-dir`.
    StateDir,
    /// `tls.certificate`.
    Certificate,
    /// `tls.key`.
    TlsKey,
    /// One of `fonts`.
    Font(usize),
    /// `dir` of a `[[report]]`.
    ReportDir(usize),
}

impl Key {
    /// The place of its value; none: the file has it not.
    fn span(self, file: &DeTable<'_>) -> Option<Range<usize>> {
        let within =
            |table: &str, key: &str| file.get(table)?.get_ref().as_table()?.get(key).map(|v| v.span());
        let item = |key: &str, index: usize| -> Option<(&DeValue<'_>, Range<usize>)> {
            let item = file.get(key)?.get_ref().as_array()?.get(index)?;
            Some((item.get_ref(), item.span()))
        };
        match self {
            Key::StateDir => file.get("state-dir").map(|value| value.span()),
            Key::Certificate => within("tls", "certificate"),
            Key::TlsKey => within("tls", "key"),
            Key::Font(index) => item("fonts", index).map(|(_, span)| span),
            Key::ReportDir(index) => {
                item("report", index)?.0.as_table()?.get("dir").map(|value| value.span())
            }
        }
    }
}

/// What is wrong with a value of the file at `path`, which was read and is good.
pub fn wrong(path: &Path, key: Key, what: String) -> ConfigError {
    outside::wrong((path, SETTINGS_OCTETS), |file| key.span(file), what)
}

/// Checks what is needed only later than at the start, or by commands alone.
///
/// # Errors
/// The first that is not there.
pub fn check(path: &Path, settings: &Settings) -> Result<(), ConfigError> {
    let state_dir = &settings.state_dir;
    let found = match folder(state_dir) {
        // It may be made later, as by systemd.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match state_dir.parent() {
            Some(parent) => folder(parent).map_err(|error| (parent, error)),
            None => Ok(()),
        },
        found => found.map_err(|error| (state_dir.as_path(), error)),
    };
    let told = |key: Key| {
        move |(of, error): (&Path, io::Error)| {
            wrong(path, key, format!("{}: {}", of.display(), words(&error)))
        }
    };
    found.map_err(told(Key::StateDir))?;
    for (index, font) in settings.fonts.iter().enumerate() {
        file(font).map_err(|error| told(Key::Font(index))((font, error)))?;
    }
    for (index, report) in settings.reports.iter().enumerate() {
        if let SentTo::Directory(dir) = &report.to {
            folder(dir).map_err(|error| told(Key::ReportDir(index))((dir, error)))?;
        }
    }
    Ok(())
}

fn folder(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_dir() {
        true => Ok(()),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}

fn file(path: &Path) -> io::Result<()> {
    // A pipe would be waited for.
    match fs::metadata(path)?.is_file() {
        true => File::open(path).map(drop),
        false => Err(io::Error::other("expected a file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn what_is_not_there_is_told_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("board.toml");
        let here = dir.path().display().to_string();
        let check = |text: &str| {
            fs::write(&path, text).unwrap();
            let settings = super::super::load(&path).unwrap();
            check(&path, &settings).map_err(|error| error.to_string().replace(&here, "HERE"))
        };
        fs::write(dir.path().join("font"), "").unwrap();
        let good = format!("state-dir = \"{here}/new\"\nfonts = [\"{here}/font\"]\n");
        assert_eq!(check(&good), Ok(()));
        for (text, said) in [
            (
                format!("title = \"x\"\nstate-dir = \"{here}/no/board\"\n"),
                "HERE/board.toml:2: state-dir: HERE/no: no such file or directory",
            ),
            (
                format!("state-dir = \"{here}/font\"\n"),
                "HERE/board.toml:1: state-dir: HERE/font: not a directory",
            ),
            (
                format!("{good}\n").replace("font\"]", "font\",\n  \"/no/font\"]"),
                "HERE/board.toml:3: fonts: /no/font: no such file or directory",
            ),
            (
                format!(
                    "{good}[[report]]\nname = \"a\"\nof = [\"web/*\"]\nevery = \"day\"\ndir = \"{here}\"\n\
                         [[report]]\nname = \"b\"\nof = [\"web/*\"]\nevery = \"day\"\ndir = \"/no/b\"\n"
                ),
                "HERE/board.toml:12: report.dir: /no/b: no such file or directory",
            ),
        ] {
            assert_eq!(check(&text), Err(said.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_the_file_does_not_name_has_no_line() {
        let path = PathBuf::from("/nowhere/board.toml");
        assert_eq!(wrong(&path, Key::StateDir, "x".to_owned()).to_string(), "/nowhere/board.toml: x");
    }
}
