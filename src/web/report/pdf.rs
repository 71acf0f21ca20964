//! A report as PDF: A4, numbered pages, fonts in it.
//!
//! ```text
//!  fonts   which font has each letter: ours, the settings', the system's
//!  text    letters -> glyphs in the order in which they are seen; lines
//!  layout  headings, tables, bars -> pages
//!  file    pages and the glyphs they use -> the objects of the file
//! ```

mod file;
mod fonts;
mod layout;
mod text;

use super::document::{self, Document, LEGEND};
use super::figures::Report;
use fonts::Library;
use std::collections::BTreeSet;
use std::path::PathBuf;
use text::Typesetter;

/// Writes it. `fonts` are looked at before the system's.
pub(super) fn write(report: &Report, fonts: &[PathBuf]) -> Result<Vec<u8>, String> {
    let document = document::document(report);
    let library = Library::for_letters(&letters(&document), fonts);
    let mut setter = Typesetter::new(&library)?;
    let pages = layout::pages(&document, &mut setter);
    file::file(&document, report.made.at, pages, &setter)
}

/// A text as the fonts of this system can show it.
#[cfg(test)]
pub(super) fn shown(report: &Report, text: &str) -> String {
    Library::for_letters(&letters(&document::document(report)), &[]).shown(text).into_owned()
}

/// Each letter that stands in the document, or on its pages by itself.
fn letters(document: &Document) -> BTreeSet<char> {
    let Document { board, title, time, notice, made, sections } = document;
    let mut letters = BTreeSet::new();
    let mut take = |text: &str| letters.extend(text.chars());
    for text in [board, title, time, made].into_iter().chain(notice) {
        take(text);
    }
    for section in sections {
        for sentence in section.before.iter().chain(&section.after) {
            take(sentence);
        }
        for cell in section.table.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells) {
            take(cell.text());
        }
    }
    LEGEND.iter().for_each(|(_, words)| take(words));
    letters
}
