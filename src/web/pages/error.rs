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

#[derive(Template)]
#[template(path = "unread.html")]
struct Unknown {
    frame: Frame,
}

/// A page of somebody who is not known: 404 says that nobody is called so, which only who has read a journal can say.
pub fn nobody(facts: &Facts, visitor: &Visitor, heading: &str, is_name: bool, says: &str) -> Page {
    if facts.snapshot.read.is_some() || !is_name {
        return error(facts, visitor, 404, says);
    }
    unknown(facts, visitor, heading, None)
}

/// A page of which nothing is known, because the journal did not answer: `why`.
pub fn unknown(facts: &Facts, visitor: &Visitor, heading: &str, why: Option<&str>) -> Page {
    Page::html(200, &Unknown { frame: Frame::new(facts, visitor, "", heading).with_unread(why) })
}

/// A page that is not there.
pub fn not_found(facts: &Facts, visitor: &Visitor) -> Page {
    error(facts, visitor, 404, "No page has this address, or nothing is known by this name.")
}
