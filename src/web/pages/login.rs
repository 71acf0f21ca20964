//! `/login`: asks for a token, and lets out who is in.

use super::acts::own_path;
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use crate::reply::escaped;
use askama::Template;

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    frame: Frame,
    is_wrong: bool,
    /// Who is in already, and what proves that the form to log out is ours.
    out: Option<(&'a str, &'a str)>,
    /// Escaped already.
    to: String,
}

/// Leads to `to` with a token that is right. `is_wrong`: the one that was given is none. `logout_key` is that of the form to
/// log out, for who can do so.
pub fn login(facts: &Facts, visitor: &Visitor, is_wrong: bool, to: &str, logout_key: Option<&str>) -> Page {
    let frame = Frame::new(facts, visitor, "login", "Log in").still();
    let out = visitor.name.as_deref().zip(logout_key);
    let page = Page::html(200, &Login { frame, is_wrong, out, to: escaped(own_path(to)) });
    // Nobody keeps it: what is behind it is another page for each.
    Page { status: if is_wrong { 403 } else { 200 }, etag: None, ..page }
}
