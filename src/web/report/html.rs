//! A report as one HTML file, which needs nothing from elsewhere: it is mailed and kept.

use super::document::{self, Cell, Document, LEGEND, runs};
use super::figures::{Report, Verdict};
use askama::Template;

/// Height of a bar, in its own units: a cell is as wide as it is high would be too much.
const HEIGHT: u32 = 12;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    document: &'a Document,
}

/// Writes it.
pub(super) fn write(report: &Report) -> Result<Vec<u8>, String> {
    let document = document::document(report);
    let page = Page { document: &document };
    page.render().map(String::into_bytes).map_err(|error| error.to_string())
}

/// A piece of a bar: where it begins, how wide and how high it is, its class.
struct Piece {
    x: usize,
    width: usize,
    y: u32,
    height: u32,
    class: char,
}

impl Page<'_> {
    /// The pieces of a bar. Each state has a height of its own, so that it is not told by its colour alone.
    fn pieces(letters: &str) -> Vec<Piece> {
        let piece = |(x, width, letter): (usize, usize, char)| {
            let height = height(letter);
            let class = if letter == '.' { 'n' } else { letter };
            Piece { x, width, y: HEIGHT - height, height, class }
        };
        runs(letters).into_iter().filter(|(_, _, letter)| *letter != ' ').map(piece).collect()
    }

    /// One cell of each state, for the legend.
    fn legend() -> Vec<(Vec<Piece>, &'static str)> {
        LEGEND.iter().map(|(letter, words)| (Page::pieces(&letter.to_string()), *words)).collect()
    }

    fn spoken(letters: &str) -> String {
        document::spoken(letters)
    }

    fn cells(letters: &str) -> usize {
        letters.chars().count().max(1)
    }

    fn verdict_class(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Met | Verdict::MetSoFar => "met",
            Verdict::Missed | Verdict::MissedSoFar => "missed",
            Verdict::NoData => "none",
        }
    }
}

fn height(letter: char) -> u32 {
    match letter {
        'b' => 9,
        'p' => 6,
        'u' => 4,
        '.' => 1,
        _ => HEIGHT,
    }
}
