//! The journal's files: made with the right mode, opened with the right settings, put aside where they are damaged.

use super::JournalError;
use super::limits::{BUSY, CACHE_KIB, CHECKED_OCTETS, CHECKPOINT_PAGES, LOG_OCTETS, READ_TIME, STATEMENTS};
use super::migrate::{Schema, migrate, newest, schema_of};
use crate::time::Millis;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The journal's name in the state directory.
pub const FILE: &str = "fleet.db";
/// Its own, and what SQLite puts beside it.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];
/// Written by its owner, read by its group. SQLite gives the files beside it the same.
const MODE: u32 = 0o640;

/// A damaged journal that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
    /// What was wrong with it.
    pub why: String,
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "corrupt ({}), kept as {}; a new one is begun", self.why, self.path.display())
    }
}

/// Opens the journal at `path` to write to it, and makes it where there is none.
pub(super) fn open_to_write(path: &Path, migrations: &[&str]) -> Result<Connection, JournalError> {
    make(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = open(path, flags).map_err(|error| JournalError::of(path, &error))?;
    let version = match schema_of(&connection).map_err(|error| JournalError::of(path, &error))? {
        Schema::Foreign => return Err(JournalError::Foreign(path.to_owned())),
        Schema::Version(found) if found > newest(migrations) => {
            let known = newest(migrations);
            return Err(JournalError::Newer { path: path.to_owned(), found, known });
        }
        Schema::Version(found) => found,
    };
    prepare(&connection)
        .and_then(|()| migrate(&mut connection, version, migrations))
        .and_then(|_| look_through(&connection, path))
        .map_err(|error| JournalError::of(path, &error))?;
    keep_from_others(path);
    Ok(connection)
}

/// Gives the files our mode, whatever they came with: one that was put back from a copy may be for all to read. Where a
/// file system has no modes, or a file is somebody else's, it stays as it is.
fn keep_from_others(path: &Path) {
    for suffix in SUFFIXES {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let _ = fs::set_permissions(PathBuf::from(file), Permissions::from_mode(MODE));
    }
}

/// Opens the journal at `path` to read it alone.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(READ_TIME)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Makes an empty file with our mode, whatever the umask is.
fn make(path: &Path) -> Result<(), JournalError> {
    let failed = |error| JournalError::Io { doing: "create", path: path.to_owned(), error };
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(MODE)).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// A writer's settings. A commit is not synced: it survives the end of the process at any point, and what a failing
/// power supply takes are the last moments, never the file.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        let why = "this file system has no shared memory, which WAL needs".to_owned();
        return Err(rusqlite::Error::SqliteFailure(error, Some(why)));
    }
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_OCTETS, |_| Ok(()))
}

/// Looks for damage where that does not take long. A larger file's is found by reading what a start needs, or by the
/// write that meets it.
fn look_through(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > CHECKED_OCTETS) {
        return Ok(());
    }
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(corrupt, Some(said.lines().next().unwrap_or_default().to_owned())))
}

/// Renames the journal at `path` and what lies beside it to `fleet.db.corrupt-TIME` and so on.
pub(super) fn set_aside(path: &Path, now: Millis, why: String) -> Result<SetAside, JournalError> {
    let with = |path: &Path, suffix: &str| {
        let mut name = OsString::from(path);
        name.push(suffix);
        PathBuf::from(name)
    };
    // A second one within the same second gets a name of its own: none is ever overwritten.
    let aside = (now.0.div_euclid(1000)..)
        .map(|seconds| with(path, &format!(".corrupt-{seconds}")))
        .find(|aside| SUFFIXES.iter().all(|suffix| !with(aside, suffix).exists()))
        .expect("there are more numbers than files");
    // Its log first: were it left behind, it would be taken for the new one's.
    for suffix in SUFFIXES.iter().rev() {
        match fs::rename(with(path, suffix), with(&aside, suffix)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(JournalError::Io { doing: "put aside", path: with(path, suffix), error });
            }
        }
    }
    Ok(SetAside { path: aside, why })
}
