//! Acts of people and programs: what they ask for in the words of `oco fleet`, and the orders to ocowatch that these are.

use crate::board::Board;
use crate::control::NotDone;
use crate::router::is_unknown;
use oco::logic::control::{Act, ActReply, FleetOrder, Undo};
use serde_json::Value;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// No further alerts of this failure.
    Ack,
    /// Undo that.
    Unack,
    /// No alerts.
    Mute,
    /// Undo that.
    Unmute,
    /// Planned work.
    Maint,
    /// Undo that.
    Unmaint,
    /// Lay a correction over the journal.
    Adjust,
    /// Undo that.
    Unadjust,
}

/// The words, as paths and forms have them.
const WORDS: [(Word, &str); 8] = [
    (Word::Ack, "ack"),
    (Word::Unack, "unack"),
    (Word::Mute, "mute"),
    (Word::Unmute, "unmute"),
    (Word::Maint, "maint"),
    (Word::Unmaint, "unmaint"),
    (Word::Adjust, "adjust"),
    (Word::Unadjust, "unadjust"),
];

impl Word {
    /// The one that is written so.
    pub fn parse(text: &str) -> Option<Word> {
        WORDS.into_iter().find(|(_, written)| *written == text).map(|(word, _)| word)
    }

    /// The keys that a program may give it.
    fn keys(self) -> &'static [&'static str] {
        match self {
            // These begin now.
            Word::Ack | Word::Mute => &["name", "text", "for", "to"],
            Word::Maint => &["name", "text", "for", "from", "to"],
            Word::Unack | Word::Unmute | Word::Unmaint => &["name"],
            Word::Adjust => &["name", "text", "from", "to", "state"],
            Word::Unadjust => &["id"],
        }
    }
}

/// What is asked for. Times are texts as `oco fleet` takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Of whom.
    pub name: String,
    /// Why.
    pub text: String,
    /// For so long, as `2h`.
    pub length: Option<String>,
    /// From then on.
    pub from: Option<String>,
    /// Until then.
    pub to: Option<String>,
    /// What a correction says.
    pub state: Option<String>,
    /// The number of a correction.
    pub id: Option<i64>,
}

impl Wish {
    /// Reads the JSON of a program. A key that the act has not would be silently as if it were not there, and the act
    /// another one than was meant; so it is refused.
    ///
    /// # Errors
    /// It is none of this act; the words name the key, and say what was expected.
    pub fn parse(word: Word, json: &[u8]) -> Result<Wish, String> {
        let value: Value =
            serde_json::from_slice(json).map_err(|error| format!("No JSON object as expected: {error}"))?;
        let Value::Object(object) = value else {
            return Err("No JSON object as expected: it is of another kind".to_owned());
        };
        let keys = word.keys();
        if let Some(key) = object.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(format!("{key:?}: not a key of this act; expected {}", keys.join(", ")));
        }
        // What is null is as if it were missing.
        let given = |key: &str| object.get(key).filter(|value| !value.is_null());
        let text = |key: &str| match given(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("{key}: expected a text")),
        };
        let id = given("id").map(|id| id.as_i64().ok_or("id: expected a number"));
        Ok(Wish {
            name: text("name")?.unwrap_or_default(),
            text: text("text")?.unwrap_or_default(),
            length: text("for")?,
            from: text("from")?,
            to: text("to")?,
            state: text("state")?,
            id: id.transpose()?,
        })
    }
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotActed {
    /// Of HTTP: 400, 404 or 503.
    pub status: u16,
    /// Why.
    pub what: String,
}

impl From<NotDone> for NotActed {
    fn from(why: NotDone) -> NotActed {
        let status = match &why {
            NotDone::Away(_) => 503,
            NotDone::Refused(why) if is_unknown(why) => 404,
            NotDone::Refused(_) => 400,
        };
        NotActed { status, what: why.to_string() }
    }
}

/// The order that a wish is.
///
/// # Errors
/// Something is missing; the words say what.
pub fn order(word: Word, wish: Wish) -> Result<FleetOrder, String> {
    let Wish { name, text, length, from, to, state, id } = wish;
    if word == Word::Unadjust {
        return id.map(|id| FleetOrder::Unadjust { id }).ok_or_else(|| missing("id"));
    }
    if name.is_empty() {
        return Err(missing("name"));
    }
    if length.is_some() && to.is_some() {
        return Err("\"for\" and \"to\" are both given; expected one of them".to_owned());
    }
    let length = length.as_deref().map(millis).transpose()?;
    let act = |from: Option<String>, to: Option<String>| Act {
        name: name.clone(),
        from,
        until: to,
        length,
        text: text.clone(),
    };
    Ok(match word {
        Word::Ack => FleetOrder::Ack(act(None, to)),
        Word::Mute => FleetOrder::Mute(act(None, to)),
        Word::Maint => FleetOrder::Maint(act(from, to)),
        Word::Unack => FleetOrder::Unack(Undo { name }),
        Word::Unmute => FleetOrder::Unmute(Undo { name }),
        Word::Unmaint => FleetOrder::Unmaint(Undo { name }),
        Word::Adjust | Word::Unadjust => FleetOrder::Adjust {
            name,
            from: from.ok_or_else(|| missing("from"))?,
            to: to.ok_or_else(|| missing("to"))?,
            state: state.ok_or_else(|| missing("state"))?,
            text: Some(text).filter(|text| !text.is_empty()).ok_or_else(|| missing("text"))?,
        },
    })
}

fn missing(key: &str) -> String {
    format!("{key:?} is missing")
}

fn millis(text: &str) -> Result<i64, String> {
    let length =
        humantime::parse_duration(text).ok().and_then(|length| i64::try_from(length.as_millis()).ok());
    length
        .filter(|millis| *millis > 0)
        .ok_or_else(|| format!("for {text:?}: expected a duration as 500ms, 10s or 5m"))
}

/// Has it done by ocowatch, in the name of `who`. Times without a zone are of the board's.
///
/// # Errors
/// It was not done.
pub async fn act(board: &Board, order: FleetOrder, who: &str) -> Result<ActReply, NotActed> {
    let zone = board.settings().time_zone.clone();
    Ok(board.watcher.order(order, Some(who.to_owned()), zone).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str, json: &str) -> Result<String, String> {
        let word = Word::parse(word).unwrap();
        order(word, Wish::parse(word, json.as_bytes())?).map(|order| serde_json::to_string(&order).unwrap())
    }

    #[test]
    fn wishes_are_the_orders_of_the_command() {
        for (word, json, order) in [
            (
                "ack",
                r#"{"name": "web/oco", "for": "2h", "text": "disk ordered"}"#,
                r#"{"order":"ack","name":"web/oco","for":7200000,"text":"disk ordered"}"#,
            ),
            ("mute", r#"{"name": "web", "to": "18:00"}"#, r#"{"order":"mute","name":"web","until":"18:00"}"#),
            (
                "maint",
                r#"{"name": "web", "from": "10:00", "to": "12:00"}"#,
                r#"{"order":"maint","name":"web","from":"10:00","until":"12:00"}"#,
            ),
            ("unack", r#"{"name": "web"}"#, r#"{"order":"unack","name":"web"}"#),
            ("unmute", r#"{"name": "web"}"#, r#"{"order":"unmute","name":"web"}"#),
            ("unmaint", r#"{"name": "web"}"#, r#"{"order":"unmaint","name":"web"}"#),
            (
                "adjust",
                r#"{"name": "a/b", "from": "-2h", "to": "-1h", "state": "ok", "text": "x"}"#,
                r#"{"order":"adjust","name":"a/b","from":"-2h","to":"-1h","state":"ok","text":"x"}"#,
            ),
            ("unadjust", r#"{"id": 7}"#, r#"{"order":"unadjust","id":7}"#),
            ("mute", r#"{"name": "a", "for": null}"#, r#"{"order":"mute","name":"a"}"#),
        ] {
            assert_eq!(of(word, json).as_deref(), Ok(order));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (word, json, said) in [
            ("ack", "{}", "\"name\" is missing"),
            (
                "ack",
                r#"{"name": "a", "for": "soon"}"#,
                "for \"soon\": expected a duration as 500ms, 10s or 5m",
            ),
            ("mute", r#"{"name": "a", "for": "0s"}"#, "for \"0s\": expected a duration as 500ms, 10s or 5m"),
            ("adjust", r#"{"name": "a"}"#, "\"from\" is missing"),
            ("adjust", r#"{"name": "a", "from": "x", "to": "y"}"#, "\"state\" is missing"),
            ("adjust", r#"{"name": "a", "from": "x", "to": "y", "state": "ok"}"#, "\"text\" is missing"),
            ("unadjust", "{}", "\"id\" is missing"),
        ] {
            assert_eq!(of(word, json).unwrap_err(), said);
        }
        assert_eq!(Word::parse("report"), None);
    }

    #[test]
    fn what_is_no_key_of_the_act_and_what_is_of_another_kind_is_named() {
        for (word, json, said) in [
            ("mute", r#"["a"]"#, "No JSON object as expected: it is of another kind"),
            ("mute", "[", "No JSON object as expected: EOF while parsing a list at line 1 column 1"),
            (
                "mute",
                r#"{"name": "a", "from": "10:00"}"#,
                "\"from\": not a key of this act; expected name, text, for, to",
            ),
            (
                "mute",
                r#"{"name": "a", "until": "2h"}"#,
                "\"until\": not a key of this act; expected name, text, for, to",
            ),
            ("unack", r#"{"name": "a", "text": "x"}"#, "\"text\": not a key of this act; expected name"),
            ("unadjust", r#"{"id": 1, "name": "a"}"#, "\"name\": not a key of this act; expected id"),
            ("ack", r#"{"name": 5}"#, "name: expected a text"),
            ("ack", r#"{"name": "a", "for": 7200}"#, "for: expected a text"),
            ("unadjust", r#"{"id": "7"}"#, "id: expected a number"),
            (
                "maint",
                r#"{"name": "a", "for": "2h", "to": "10:00"}"#,
                "\"for\" and \"to\" are both given; expected one of them",
            ),
        ] {
            assert_eq!(of(word, json).unwrap_err(), said, "{word} {json}");
        }
    }
}
