//! Readers of the journal, any number beside the one writer: what happened, how it was over a time, what people did.
//!
//! A reader looks in transactions that end within [`READ_TIME`], and opens the file anew when another one is in its
//! place. It needs no right to write, also while nobody writes.

mod acts;
mod bars;
mod definitions;
mod failures;
mod figures;
mod history;
mod log;
mod spans;
mod standings;

pub use acts::IncidentEvent;
use acts::time;
pub(super) use acts::{acts_of, adjustments_of, incidents_of};
pub use bars::{Bar, Cell};
pub use figures::Point;
pub use history::History;
pub use log::{Happened, LogPage, LogRow, LogWish};
pub use spans::Span;
pub use standings::{Mark, News, Stands};

use super::file::open_to_read;
use super::limits::{BAR_CELLS, FIGURE_POINTS, READ_TIME};
use super::migrate::{MIGRATIONS, Schema, newest, schema_of};
use super::{Act, Adjustment, Definitions, Incident, JournalError, Window};
use crate::figure::Measure;
use crate::object::ObjectName;
use crate::time::Millis;
use rusqlite::Connection;
use rusqlite::ffi;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A reader.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    /// The open file, and which one it is. None after an error: it is opened anew then.
    open: Option<(Connection, FileId)>,
    /// How often it was opened.
    openings: u64,
}

/// What a reader found the journal to be: while it is the same, nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    openings: u64,
    /// SQLite's count of what others have written since the file was opened.
    version: i64,
}

/// Which file it is, wherever it was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

/// One look: a transaction, in which nothing changes, and when it has to be over.
struct Look<'a> {
    connection: &'a Connection,
    deadline: Instant,
}

/// Acts that were in force between the first moment and the second.
const IN_FORCE: &str =
    "WHERE since < ?2 AND (until IS NULL OR until > ?1) AND (ended IS NULL OR ended > ?1) ORDER BY id";

/// The first and the last chunk with rows; none: there are no rows at all.
fn chunks(look: &Look<'_>) -> rusqlite::Result<Option<(i64, i64)>> {
    let edge = |sql: &str| look.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let first = edge("SELECT min(chunk) FROM transition")?;
    let last = edge("SELECT max(chunk) FROM transition")?;
    Ok(first.zip(last))
}

impl Look<'_> {
    /// Goes on unless it takes too long.
    fn go_on(&self) -> rusqlite::Result<()> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None))
    }
}

impl Reader {
    /// A reader of the journal at `path`.
    ///
    /// # Errors
    /// There is none, it can't be read, or a later version has written it. Asking again tries again.
    pub fn open(path: &Path) -> Result<Reader, JournalError> {
        let mut reader = Reader::at(path);
        reader.look(|_| Ok(()))?;
        Ok(reader)
    }

    /// The same, which is opened when somebody asks.
    pub fn at(path: &Path) -> Reader {
        Reader { path: path.to_owned(), open: None, openings: 0 }
    }

    /// Since when there is a journal, and the last sign of life in it: what lies behind that is not known, unless the
    /// watcher itself says that it lives.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn known(&mut self) -> Result<(Millis, Millis), JournalError> {
        self.look(|look| {
            look.connection.query_row(
                "SELECT began, max(heartbeat, ifnull((SELECT max(at) FROM transition), heartbeat)) FROM watch",
                [],
                |row| Ok((Millis(row.get(0)?), Millis(row.get(1)?))),
            )
        })
    }

    /// Which edition the journal is now.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn edition(&mut self) -> Result<Edition, JournalError> {
        let version =
            self.look(|look| look.connection.query_row("PRAGMA data_version", [], |row| row.get(0)))?;
        Ok(Edition { openings: self.openings, version })
    }

    /// What happened, newest last.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn log(&mut self, wish: &LogWish) -> Result<LogPage, JournalError> {
        self.look(|look| log::page(look, wish))
    }

    /// How each of `names` stood from `from` until `to`, without a hole. `known` is until when it is known at all: now,
    /// if the watcher lives.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn spans(
        &mut self,
        names: &[ObjectName],
        from: Millis,
        to: Millis,
        known: Millis,
    ) -> Result<Vec<Vec<Span>>, JournalError> {
        self.look(|look| spans::spans(look, names, from, to, known))
    }

    /// Whether `name` was ever watched, and is not forgotten altogether.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn knows(&mut self, name: &ObjectName) -> Result<bool, JournalError> {
        self.look(|look| Ok(spans::find(look, name)?.is_some()))
    }

    /// What the availability of `name` from `from` until `to` is reckoned from; `known` as for [`Reader::spans`]. None:
    /// it was never watched.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn history(
        &mut self,
        name: &ObjectName,
        from: Millis,
        to: Millis,
        known: Millis,
    ) -> Result<Option<History>, JournalError> {
        self.look(|look| history::history(look, name, (from, to), known))
    }

    /// The same as [`Reader::spans`], summed up in `cells` pieces of equal length, at most [`BAR_CELLS`].
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn bars(
        &mut self,
        names: &[ObjectName],
        from: Millis,
        to: Millis,
        cells: u32,
        known: Millis,
    ) -> Result<Vec<Bar>, JournalError> {
        self.bars_between(names, &bars::equal(from, to, cells.min(BAR_CELLS)), known)
    }

    /// The same, summed up in the pieces between `edges`, which are in the order of time, as the days of a zone are.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn bars_between(
        &mut self,
        names: &[ObjectName],
        edges: &[Millis],
        known: Millis,
    ) -> Result<Vec<Bar>, JournalError> {
        self.look(|look| bars::bars(look, names, edges, known))
    }

    /// How everybody stands who is watched; with a mark of an earlier look only who stands otherwise since then, unless
    /// others are watched by now, or these are more than `most`. Flapping alone is no news.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn standings(&mut self, mark: Option<Mark>, most: usize) -> Result<(News, Mark), JournalError> {
        self.look(|look| standings::news(look, mark, most))
    }

    /// What was measured of any of `names`, and has not been pruned: the response time first, then the labels of
    /// performance data with their units.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn measures(&mut self, names: &[ObjectName]) -> Result<Vec<Measure>, JournalError> {
        self.look(|look| figures::measures(look, names))
    }

    /// What was measured of each of `names` from `from` until `to`, for a picture of at most `at_most` points, and at most
    /// [`FIGURE_POINTS`]: the time is cut into as many pieces of equal length, but none shorter than the five minutes that
    /// a figure is of. A piece in which nothing was measured has no point. Five minutes belong to the piece in which they
    /// begin; the last ones are there when they are over.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn figures(
        &mut self,
        names: &[ObjectName],
        measure: &Measure,
        from: Millis,
        to: Millis,
        at_most: u32,
    ) -> Result<Vec<Vec<Point>>, JournalError> {
        self.look(|look| figures::figures(look, names, measure, (from, to), at_most.min(FIGURE_POINTS)))
    }

    /// Acts that were in force between `from` and `to`, in the order in which they were made.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn acts(&mut self, from: Millis, to: Millis) -> Result<Vec<Act>, JournalError> {
        self.look(|look| acts_of(look.connection, IN_FORCE, &[from.0, to.0]))
    }

    /// Windows of maintenance from the file that were between `from` and `to`, by time.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn windows(&mut self, from: Millis, to: Millis) -> Result<Vec<Window>, JournalError> {
        self.look(|look| acts::windows(look.connection, from, to))
    }

    /// Corrections that count, in the order in which they were made.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn adjustments(&mut self) -> Result<Vec<Adjustment>, JournalError> {
        self.look(|look| adjustments_of(look.connection, "WHERE undone IS NULL ORDER BY id"))
    }

    /// The last `limit` incidents, and all that are not closed, oldest first.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn incidents(&mut self, limit: u32) -> Result<Vec<Incident>, JournalError> {
        let condition = format!(
            "WHERE closed IS NULL OR id IN (SELECT id FROM incident ORDER BY id DESC LIMIT {limit}) ORDER BY id"
        );
        self.look(|look| incidents_of(look.connection, &condition))
    }

    /// The incidents that were open at some time between `from` and `to`, oldest first.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn incidents_between(&mut self, from: Millis, to: Millis) -> Result<Vec<Incident>, JournalError> {
        let condition =
            format!("WHERE opened < {} AND (closed IS NULL OR closed > {}) ORDER BY id", to.0, from.0);
        self.look(|look| incidents_of(look.connection, &condition))
    }

    /// What the watcher's file says of nodes and levels.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn definitions(&mut self) -> Result<Definitions, JournalError> {
        self.look(definitions::definitions)
    }

    /// When `name` became ko, or ko with another code, from `from` until before `to`, by time, and why; first also the
    /// last time before, where it was ko at `from`.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn failures(
        &mut self,
        name: &ObjectName,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<(Millis, String)>, JournalError> {
        self.look(|look| failures::failures(look, name, from, to))
    }

    /// The incident of this number, and what became of it, oldest first.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn incident(&mut self, id: i64) -> Result<Option<(Incident, Vec<IncidentEvent>)>, JournalError> {
        self.look(|look| {
            let incident = incidents_of(look.connection, &format!("WHERE id = {id}"))?.pop();
            incident.map(|incident| Ok((incident, acts::incident_events(look.connection, id)?))).transpose()
        })
    }

    /// Every object that was ever watched and is not forgotten altogether, by name.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn names(&mut self) -> Result<Vec<ObjectName>, JournalError> {
        self.look(|look| {
            let mut statement = look.connection.prepare_cached("SELECT name FROM object ORDER BY name")?;
            let mut rows = statement.query([])?;
            let mut names = Vec::new();
            while let Some(row) = rows.next()? {
                look.go_on()?;
                names.extend(ObjectName::parse(row.get_ref(0)?.as_str()?).ok());
            }
            Ok(names)
        })
    }

    fn look<T>(&mut self, read: impl FnOnce(&Look<'_>) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        let looked = self.connection().and_then(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let look = Look { connection: &transaction, deadline: Instant::now() + READ_TIME };
            match schema_of(look.connection)? {
                Schema::Version(found) if found == newest(MIGRATIONS) => read(&look).map(Ok),
                other => Ok(Err(other)),
            }
        });
        let error = match looked {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(schema)) => self.strange(schema),
            Err(error) => JournalError::of(&self.path, &error),
        };
        self.open = None;
        Err(error)
    }

    /// The connection to the file that is at the path now.
    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        let there = fs::metadata(&self.path)
            .ok()
            .map(|metadata| FileId { device: metadata.dev(), inode: metadata.ino() });
        let is_open = self.open.as_ref().is_some_and(|(_, id)| Some(*id) == there);
        if !is_open {
            self.open = None;
        }
        let id = there.unwrap_or(FileId { device: 0, inode: 0 });
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                self.openings += 1;
                (open_to_read(&self.path)?, id)
            }
        };
        let (connection, _) = self.open.insert(open);
        Ok(connection)
    }

    fn strange(&self, schema: Schema) -> JournalError {
        let (path, known) = (self.path.clone(), newest(MIGRATIONS));
        match schema {
            Schema::Foreign => JournalError::Foreign(path),
            Schema::Version(found) if found > known => JournalError::Newer { path, found, known },
            Schema::Version(found) => {
                let said = format!("schema {found}, which ocowatch makes {known} when it starts");
                JournalError::Failed(path, said)
            }
        }
    }
}
