//! Forms by which people act: only who may act sees them. They are sent to `/act`, which reads them as [`Form`] does.

use crate::view::marks::Mark;
use askama::Template;
use askama::filters::HtmlSafe;
use oco::logic::control::{Act, FleetOrder, Undo};
use oco_fleet::journal::ActKind;
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use std::collections::HashMap;
use std::time::Duration;

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
        let mut take =
            |key: &str| values.remove(key).map(|value| value.trim().to_owned()).unwrap_or_default();
        let (key, act, name, text) = (take("form"), take("act"), take("name"), take("text"));
        let (length, from, to) = (take("for"), take("from"), take("to"));
        let (state, id, back) = (take("state"), take("id"), take("back"));
        let needed = |what: &str, value: &str| {
            if value.is_empty() { Err(format!("{what}: missing; expected a value")) } else { Ok(()) }
        };
        let some = |value: String| Some(value).filter(|value| !value.is_empty());
        if act != "unadjust" {
            needed("name", &name)?;
        }
        let acting = |name: String| -> Result<Act, String> {
            let length = some(length.clone()).map(|length| parse_length(&length)).transpose()?;
            Ok(Act { name, from: some(from.clone()), until: some(to.clone()), length, text: text.clone() })
        };
        let order = match act.as_str() {
            "ack" => FleetOrder::Ack(acting(name)?),
            "mute" => FleetOrder::Mute(acting(name)?),
            "maint" => FleetOrder::Maint(acting(name)?),
            "unack" => FleetOrder::Unack(Undo { name }),
            "unmute" => FleetOrder::Unmute(Undo { name }),
            "unmaint" => FleetOrder::Unmaint(Undo { name }),
            "adjust" => {
                for (what, value) in [("from", &from), ("to", &to), ("text", &text)] {
                    needed(what, value)?;
                }
                State::from_word(&state).ok_or("state: expected ok, but, ko or unknown")?;
                FleetOrder::Adjust { name, from, to, state, text }
            }
            "unadjust" => {
                FleetOrder::Unadjust { id: id.parse().map_err(|_| format!("id {id:?}: expected a number"))? }
            }
            _ => return Err("act: expected ack, mute, maint, adjust or their undoing".to_owned()),
        };
        Ok(Form { key, order, back: own_path(&back) })
    }
}

/// Milliseconds of `2h`.
fn parse_length(text: &str) -> Result<i64, String> {
    let expected = |why: &dyn std::fmt::Display| format!("for {text:?}: {why}; expected a duration as 2h");
    let length: Duration = humantime::parse_duration(text).map_err(|error| expected(&error))?;
    i64::try_from(length.as_millis()).map_err(|_| expected(&"too long"))
}

/// A path on this board, else its beginning: a form may not lead elsewhere.
fn own_path(back: &str) -> String {
    let is_own = back.starts_with('/')
        && !back.starts_with("//")
        && back.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
    if is_own { back.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(own_path("/h/a%2520b?span=7d"), "/h/a%2520b?span=7d");
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
