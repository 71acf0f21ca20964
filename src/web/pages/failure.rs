//! `/a/TOKEN`: a failure with one button. Nobody has to say who they are, for the token is the proof. Who may not look at the
//! board learns of that failure, of who is on it, and of nothing else.

use super::facts::{Facts, Visitor};
use super::frame::Frame;
use super::page::Page;
use super::parts::{Link, Since, When, Words};
use crate::view::name::{Name, plain, reason_of};
use askama::Template;
use oco::logic::control::{ActStatus, TokenReply};
use oco_fleet::object::ObjectName;
use oco_fleet::when::{Toward, parse_when_in};

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    frame: Frame,
    name: Words,
    link: Link,
    since: Option<Since>,
    reason: String,
    acked: Option<Acked>,
}

/// Who is on it.
struct Acked {
    who: String,
    at: Option<When>,
    until: Option<When>,
    text: String,
}

/// The failure, with the button unless somebody is on it already.
pub fn failure(facts: &Facts, visitor: &Visitor, of: &TokenReply) -> Page {
    let name = Name::of_any(&of.name);
    let failure = Failure {
        frame: Frame::new(facts, visitor, "", &format!("{} fails", name.text())).still(),
        link: Link::to(name.clone()),
        since: moment(facts, &of.since).map(Since::of),
        reason: ObjectName::parse(&of.name)
            .map_or_else(|_| plain(&of.reason), |name| reason_of(&name, &of.reason)),
        acked: of.acked.as_ref().map(|act| acked(facts, visitor, act)),
        name: Words { name },
    };
    Page { etag: None, ..Page::html(200, &failure) }
}

fn acked(facts: &Facts, visitor: &Visitor, act: &ActStatus) -> Acked {
    let when = |text: &str| moment(facts, text).map(When::of);
    Acked {
        who: plain(&act.who),
        at: when(&act.at),
        until: act.until.as_deref().and_then(when),
        text: if visitor.is_outside { String::new() } else { plain(&act.text) },
    }
}

/// A time that the watcher tells, in the board's zone.
fn moment(facts: &Facts, text: &str) -> Option<crate::view::clock::Moment> {
    let at = parse_when_in(text, facts.now, facts.settings.zone.time_zone(), Toward::Past).ok()?;
    Some(facts.clock().moment(at))
}

#[derive(Template)]
#[template(path = "acknowledged.html")]
struct Acknowledged {
    frame: Frame,
    name: Words,
    link: Link,
}

/// What is shown to who has pressed the button.
pub fn acknowledged(facts: &Facts, visitor: &Visitor, name: &str) -> Page {
    let frame = Frame::new(facts, visitor, "", "Acknowledged").still();
    let name = Name::of_any(name);
    let page = Page::html(200, &Acknowledged { frame, link: Link::to(name.clone()), name: Words { name } });
    Page { etag: None, ..page }
}
