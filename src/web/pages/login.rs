//! Pages around who somebody is: `/login`, and `/a/TOKEN`, by which a failure is acknowledged from an alert.

use super::error::error;
use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Link, When};
use crate::view::name::{Name, plain};
use askama::Template;
use oco::logic::control::TokenReply;
use oco_fleet::object::ObjectName;
use oco_fleet::when::{Toward, parse_when_in};

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    frame: Frame,
    is_wrong: bool,
    to: &'a str,
}

/// `/login`: asks for a token, and leads to `to` then. `is_wrong`: that one was none.
pub fn login(facts: &Facts, is_wrong: bool, to: &str) -> Page {
    let frame = Frame::new(facts, &Visitor::default(), "", "Log in");
    let page = Page::html(200, &Login { frame, is_wrong, to });
    // Nobody keeps it: what is behind it is another page for each.
    Page { status: if is_wrong { 403 } else { 200 }, etag: None, ..page }
}

#[derive(Template)]
#[template(path = "link.html")]
struct Failure {
    frame: Frame,
    link: Link,
    since: When,
    reason: String,
    acked: Option<(String, String)>,
    is_done: bool,
    says: String,
}

/// `/a/TOKEN`: the failure that it is of, with one button. Nobody has to say who they are: the token is the proof.
pub fn failure(facts: &Facts, of: &TokenReply) -> Page {
    shown(facts, of, None)
}

/// The same after somebody has pressed it: `says` is what became of it.
pub fn acknowledged(facts: &Facts, of: &TokenReply, says: &str) -> Page {
    shown(facts, of, Some(says))
}

/// A token that was good once: the failure is over.
pub fn over(facts: &Facts) -> Page {
    error(facts, 410, "The failure that this link is of is over. There is nothing to acknowledge any more.")
}

fn shown(facts: &Facts, of: &TokenReply, says: Option<&str>) -> Page {
    let clock = facts.clock();
    let since = parse_when_in(&of.since, facts.now, facts.settings.zone.time_zone(), Toward::Past);
    let name = ObjectName::parse(&of.name).map(|name| Name::of(&name));
    let failure = Failure {
        frame: Frame::new(facts, &Visitor::default(), "", "Acknowledge"),
        link: Link::to(name.unwrap_or_else(|_| Name::of_group(&of.name))),
        since: When::of(clock.moment(since.unwrap_or(facts.now))),
        reason: plain(&of.reason),
        acked: of.acked.as_ref().map(|act| (plain(&act.who), plain(&act.text))),
        is_done: says.is_some(),
        says: says.map(plain).unwrap_or_default(),
    };
    Page { etag: None, ..Page::html(200, &failure) }
}
