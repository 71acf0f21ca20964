//! `/reports`: which reports there are, and how to have one.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use askama::Template;

/// A `[[report]]` of the board's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// Its name.
    pub name: String,
    /// Whom it is of, as the file has it.
    pub of: Vec<String>,
    /// How often it is made.
    pub every: String,
    /// As what.
    pub formats: Vec<String>,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct Shown<'a> {
    frame: Frame,
    reports: &'a [ReportFacts],
}

pub(super) fn render(facts: &Facts, visitor: &Visitor) -> Page {
    let frame = Frame::new(facts, visitor, "reports", "Reports");
    Page::html(200, &Shown { frame, reports: &facts.settings.reports })
}
