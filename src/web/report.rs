//! Reports: what a time was like, as a document. One value is gathered from the journal, and each format writes that.
//!
//! ```text
//!  period    2026-10, last-month: which time, cut into the cells of a bar
//!  subjects  which objects a name stands for
//!  gather    the journal -> Report (figures): the only part that reads
//!  figures   the value; outages, cells
//!  words     times, lengths and shares as people read them
//!  document  Report -> headings and tables          -> html, pdf (pdf/*)
//!  csv, xml, json                                    programs read these
//!  send      a file, a directory, a mail
//!  due       what the file's [[report]]s owe
//! ```
//!
//! The figures are those of `oco fleet availability`: the same functions of `oco_fleet` reckon them.

pub mod command;
mod csv;
mod document;
pub mod due;
pub mod figures;
mod gather;
mod html;
mod json;
pub mod limits;
mod mail;
mod pdf;
pub mod period;
mod send;
mod subjects;
mod words;
mod xml;

#[cfg(test)]
mod tests;

pub use gather::{Known, Wish, gather};
pub use mail::{Attachment, Mail, check_address};
pub use send::{mail_report, write_file};

use crate::config::ReportPlan;
use figures::Report;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::JournalError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What reports need of the board's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The journal.
    pub journal: PathBuf,
    /// The control socket of the watcher, which is asked whether it lives.
    pub control: PathBuf,
    /// The time zone of periods and times.
    pub zone: Zone,
    /// Whose fleet it is.
    pub title: String,
    /// Fonts for PDF beside those that come along, tried first.
    pub fonts: Vec<PathBuf>,
    /// Where is kept what was sent.
    pub state_dir: PathBuf,
    /// The program that takes mail.
    pub sendmail: PathBuf,
    /// The reports of the file.
    pub reports: Vec<ReportPlan>,
}

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For print
    Pdf,
    /// For browsers
    #[default]
    Html,
    /// For spreadsheets
    Csv,
    /// For programs
    Xml,
    /// For programs
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [Format::Pdf, Format::Html, Format::Csv, Format::Xml, Format::Json];

    /// Its name, which is also the end of a file's.
    pub fn word(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Pdf => "pdf",
            Format::Csv => "csv",
            Format::Xml => "xml",
            Format::Json => "json",
        }
    }

    /// The format of this name.
    pub fn from_word(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The one that the end of a file's name says.
    pub fn of_file(path: &Path) -> Option<Format> {
        Format::from_word(&path.extension()?.to_str()?.to_ascii_lowercase())
    }

    /// What mail and HTTP call it.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Html => "text/html; charset=utf-8",
            Format::Pdf => "application/pdf",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Xml => "application/xml",
            Format::Json => "application/json",
        }
    }
}

/// Why there is no report.
#[derive(Debug)]
pub enum ReportError {
    /// What was asked for can't be: the words say what was expected.
    Wrong(String),
    /// The journal can't be read.
    Journal(JournalError),
    /// It can't be written.
    Format(Format, String),
    /// It can't be put there.
    Io(String, io::Error),
    /// The mail program failed.
    Mail(PathBuf, String),
    /// Another one is at it.
    Busy(PathBuf),
    /// What was kept of what was sent can't be understood.
    State(PathBuf, String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReportError::Wrong(why) => f.write_str(why),
            ReportError::Journal(error) => error.fmt(f),
            ReportError::Format(format, why) => write!(f, "write {}: {why}", format.word()),
            ReportError::Io(what, error) => write!(f, "{what}: {}", oco::system::words::words(error)),
            ReportError::Mail(program, why) => write!(f, "{}: {why}", program.display()),
            ReportError::Busy(path) => write!(f, "{}: another report --due is at work", path.display()),
            ReportError::State(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for ReportError {}

/// A report in one of the formats. Fonts are looked for by PDF alone.
///
/// # Errors
/// It can't be written so.
pub fn write(report: &Report, format: Format, fonts: &[PathBuf]) -> Result<Vec<u8>, ReportError> {
    let failed = |why: String| ReportError::Format(format, why);
    match format {
        Format::Html => html::write(report).map_err(failed),
        Format::Pdf => pdf::write(report, fonts).map_err(failed),
        Format::Csv => csv::write(report).map_err(failed),
        Format::Xml => xml::write(report).map_err(failed),
        Format::Json => json::write(report).map_err(failed),
    }
}
