//! Pages that say what is wrong.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use askama::Template;

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    frame: Frame,
    status: u16,
    why: &'a str,
}

/// A page with this number of HTTP that says why.
pub fn error(facts: &Facts, visitor: &Visitor, status: u16, why: &str) -> Page {
    let heading = match status {
        400 => "This cannot be read",
        403 => "This is not allowed",
        404 => "Nothing is here",
        410 => "This is over",
        413 => "This is too long",
        429 => "This was too often",
        503 => "This cannot be had now",
        _ => "This did not work",
    };
    let frame = Frame::new(facts, visitor, "", heading);
    Page::html(status, &Error { frame, status, why })
}

/// A page that is not there.
pub fn not_found(facts: &Facts, visitor: &Visitor) -> Page {
    error(facts, visitor, 404, "No page has this address, or nothing is known by this name.")
}
