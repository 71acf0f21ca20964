//! Forms by which people act: only who may act sees them. They are sent to `/act`, which reads them as [`Form`] does.

use crate::acts::{Wish, Word, order};
use crate::view::marks::Mark;
use askama::Template;
use askama::filters::HtmlSafe;
use oco::logic::control::FleetOrder;
use oco_fleet::journal::ActKind;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use std::collections::HashMap;

/// Where forms are sent to.
pub const PATH: &str = "/act";

/// One button for a failure.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<details class="act"><summary>Acknowledge</summary><form method="post" action="/act"><input type="hidden" name="form" value="{{ key }}"><input type="hidden" name="act" value="ack"><input type="hidden" name="name" value="{{ name }}"><input type="hidden" name="back" value="{{ back }}"><label>Why <input name="text" maxlength="500"></label> <label>For <input name="for" size="6" placeholder="2h"></label> <button>Acknowledge</button></form></details>"#
)]
pub struct Acknowledge {
    name: String,
    key: String,
    back: String,
}

impl HtmlSafe for Acknowledge {}

impl Acknowledge {
    /// Of somebody who fails; `key` proves that the form is ours.
    pub fn of(name: &ObjectName, key: &str, back: &str) -> Acknowledge {
        Acknowledge { name: name.to_string(), key: key.to_owned(), back: back.to_owned() }
    }
}

/// All that one can do with somebody.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "acts.html")]
pub struct Acts {
    name: String,
    key: String,
    back: String,
    can_ack: bool,
    can_plan: bool,
    can_adjust: bool,
    undo: Vec<(&'static str, &'static str)>,
}

impl HtmlSafe for Acts {}

impl Acts {
    /// With an object. None: one may not.
    pub fn of(
        name: &ObjectName,
        state: State,
        marks: &[Mark<'_>],
        key: Option<&str>,
        back: &str,
    ) -> Option<Acts> {
        let is_level = name.kind() == Kind::Level;
        let acts = Acts::of_any(name.as_str(), marks, key?, back);
        Some(Acts { can_ack: state == State::Ko, can_plan: !is_level, can_adjust: !is_level, ..acts })
    }

    /// With a whole group. None: one may not.
    pub fn of_group(group: &str, key: Option<&str>, back: &str) -> Option<Acts> {
        let acts = Acts::of_any(group, &[], key?, back);
        // Who has said what of a group is not shown: what is to be undone is offered always, which is no error.
        let undo = vec![("unmute", "Unmute"), ("unmaint", "End the maintenance")];
        Some(Acts { can_ack: true, can_plan: true, can_adjust: true, undo, ..acts })
    }

    fn of_any(name: &str, marks: &[Mark<'_>], key: &str, back: &str) -> Acts {
        let mut undo: Vec<(&'static str, &'static str)> = marks
            .iter()
            .map(|mark| match mark.kind {
                ActKind::Ack => ("unack", "Take the acknowledgement back"),
                ActKind::Mute => ("unmute", "Unmute"),
                ActKind::Maint => ("unmaint", "End the maintenance"),
            })
            .collect();
        undo.dedup();
        Acts {
            name: name.to_owned(),
            key: key.to_owned(),
            back: back.to_owned(),
            can_ack: false,
            can_plan: false,
            can_adjust: false,
            undo,
        }
    }
}

/// A form that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What proves that it was sent from our page.
    pub key: String,
    /// What to do.
    pub order: FleetOrder,
    /// Where to go back to: a path of ours.
    pub back: String,
}

impl Form {
    /// Reads the body of a form.
    ///
    /// # Errors
    /// The words say what was expected.
    pub fn parse(body: &[u8]) -> Result<Form, String> {
        let mut values: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let mut take = |key: &str| {
            let value = values.remove(key).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty())
        };
        let word = take("act").and_then(|act| Word::parse(&act));
        let word = word.ok_or("act: expected ack, mute, maint, adjust or their undoing")?;
        let key = take("form").unwrap_or_default();
        let back = own_path(take("back").as_deref().unwrap_or_default()).to_owned();
        let id = take("id").map(|id| id.parse().map_err(|_| format!("id {id:?}: expected a number")));
        let wish = Wish {
            name: take("name").unwrap_or_default(),
            text: take("text").unwrap_or_default(),
            length: take("for"),
            from: take("from"),
            to: take("to"),
            state: take("state"),
            id: id.transpose()?,
        };
        let missing = |what: &str| Err(format!("{what}: missing; expected a value"));
        if word != Word::Unadjust && wish.name.is_empty() {
            return missing("name");
        }
        if word == Word::Adjust {
            let given =
                [("from", wish.from.is_some()), ("to", wish.to.is_some()), ("text", !wish.text.is_empty())];
            if let Some((what, _)) = given.into_iter().find(|(_, is_given)| !is_given) {
                return missing(what);
            }
            let state = wish.state.as_deref().and_then(State::from_word);
            state.ok_or("state: expected ok, but, ko or unknown")?;
        }
        Ok(Form { key, order: order(word, wish)?, back })
    }
}

/// A path on this board, else its first page: nobody is sent elsewhere by a form or a link to us.
pub fn own_path(to: &str) -> &str {
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
    if is_own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::control::Act;
    use proptest::prelude::*;

    #[test]
    fn a_form_is_an_order() {
        let form =
            Form::parse(b"form=k&act=ack&name=web%2Foco&text=+disk+ordered&for=2h&back=%2Fg%2Fweb").unwrap();
        let act = Act {
            name: "web/oco".to_owned(),
            length: Some(7_200_000),
            text: "disk ordered".to_owned(),
            ..Act::default()
        };
        assert_eq!(
            form,
            Form { key: "k".to_owned(), order: FleetOrder::Ack(act), back: "/g/web".to_owned() }
        );
        let form = Form::parse(b"act=adjust&name=web/oco&from=-2h&to=-1h&state=ok&text=x").unwrap();
        assert!(matches!(form.order, FleetOrder::Adjust { .. }) && form.back == "/" && form.key.is_empty());
        assert_eq!(Form::parse(b"act=unadjust&id=7").unwrap().order, FleetOrder::Unadjust { id: 7 });
        for bad in [
            "",
            "act=ack",
            "act=x&name=a",
            "act=ack&name=a&for=soon",
            "act=adjust&name=a&from=-2h&to=-1h&state=well&text=x",
            "act=adjust&name=a&from=-2h&to=-1h&state=ok",
            "act=unadjust&id=x",
        ] {
            assert!(Form::parse(bad.as_bytes()).unwrap_err().contains("expected"), "{bad}");
        }
    }

    #[test]
    fn a_form_leads_nowhere_else() {
        for back in [
            "//example.org",
            "https://example.org",
            "",
            "/\\example.org",
            "/a\r\nSet-Cookie: x",
            "javascript:x",
        ] {
            assert_eq!(own_path(back), "/", "{back:?}");
        }
        for own in ["/h/a%2520b?span=7d", "/g/web?span=7d"] {
            assert_eq!(own_path(own), own);
        }
    }

    proptest! {
        #[test]
        fn no_form_panics(body in prop::collection::vec(any::<u8>(), 0..80), act in "(ack|maint|adjust|unadjust)") {
            let mut octets = format!("act={act}&name=a&").into_bytes();
            octets.extend(body);
            let _ = Form::parse(&octets);
        }
    }
}
