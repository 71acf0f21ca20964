//! What an act took, in words.

use crate::limits::NAMES_SAID;
use crate::logic::control::ActReply;
use crate::logic::text::printable;

/// What became of an act: a line, and of a direct alert one for each who is not told yet.
pub fn told(reply: &ActReply) -> String {
    let mut lines = match reply.act.as_str() {
        "ack" => vec![act(reply, "acknowledged", "until the failure ends")],
        "mute" => vec![act(reply, "muted", "until unmute")],
        "maint" => vec![act(reply, "under maintenance:", "until unmaint")],
        "unack" => vec![undone(reply, "no longer acknowledged:", "acknowledged")],
        "unmute" => vec![undone(reply, "no longer muted:", "muted")],
        "unmaint" => unplanned(reply),
        "adjust" => vec![adjusted(reply)],
        "unadjust" => vec![unadjusted(reply)],
        "forget" => vec![format!("forgot {}, by {}", names(&reply.took), reply.who)],
        "alert" => alert(reply),
        other => vec![format!("{other}: {}", names(&reply.took))],
    };
    if reply.unwritten {
        lines.push("not in the journal yet, whose disk does not answer: a kill would undo this".to_owned());
    }
    lines.iter().map(|line| printable(line.as_bytes()) + "\n").collect()
}

fn act(reply: &ActReply, what: &str, no_end: &str) -> String {
    let from = reply.from.as_deref().map(|from| format!(", from {from}")).unwrap_or_default();
    let until = reply.until.as_deref().map_or_else(|| no_end.to_owned(), |until| format!("until {until}"));
    format!("{what} {}, by {}{from}, {until}{}", names(&reply.took), reply.who, why(reply))
}

fn undone(reply: &ActReply, what: &str, was: &str) -> String {
    if reply.took.is_empty() {
        return format!("{} was not {was}", reply.name);
    }
    format!("{what} {}, by {}", names(&reply.took), reply.who)
}

/// What is under maintenance by the file stays so.
fn unplanned(reply: &ActReply) -> Vec<String> {
    let is_none = reply.took.is_empty() && !reply.held.is_empty();
    let ended = (!is_none).then(|| undone(reply, "no longer under maintenance:", "under maintenance"));
    let stays = reply.held.iter().take(NAMES_SAID).map(|held| format!("still under maintenance: {held}"));
    ended.into_iter().chain(stays).collect()
}

fn adjusted(reply: &ActReply) -> String {
    let first = reply.id.unwrap_or_default();
    let others = i64::try_from(reply.took.len()).unwrap_or(i64::MAX).saturating_sub(1);
    let (number, verb) = match others {
        1.. => (format!("corrections {first} to {}", first.saturating_add(others)), "were"),
        _ => (format!("correction {first}"), "was"),
    };
    let [state, from, until] =
        [&reply.state, &reply.from, &reply.until].map(|text| text.as_deref().unwrap_or_default());
    let took = names(&reply.took);
    format!("{number}: {took} {verb} {state} from {from} until {until}, by {}{}", reply.who, why(reply))
}

fn unadjusted(reply: &ActReply) -> String {
    let id = reply.id.unwrap_or_default();
    if reply.took.is_empty() {
        return format!("correction {id} was taken back before");
    }
    format!("took back correction {id}: {}, by {}", reply.name, reply.who)
}

fn alert(reply: &ActReply) -> Vec<String> {
    let mut lines = match reply.took.as_slice() {
        [] => vec![format!("alert of {}: nobody is told", reply.name)],
        took => vec![format!("alert of {}: {}", reply.name, names(took))],
    };
    lines.extend(reply.held.iter().take(NAMES_SAID).map(|held| format!("held: {held}")));
    lines
}

fn why(reply: &ActReply) -> String {
    if reply.text.is_empty() { String::new() } else { format!(": {}", reply.text) }
}

/// `web/oco, web/page and 7 more`.
fn names(took: &[String]) -> String {
    let shown = took.iter().take(NAMES_SAID).map(String::as_str).collect::<Vec<_>>().join(", ");
    match took.len().saturating_sub(NAMES_SAID) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(act: &str, took: &[&str]) -> ActReply {
        let took = took.iter().map(|name| (*name).to_owned()).collect();
        ActReply {
            act: act.to_owned(),
            name: "web".to_owned(),
            took,
            who: "root".to_owned(),
            ..ActReply::default()
        }
    }

    #[test]
    fn acts_say_what_they_took() {
        let until = ActReply {
            until: Some("2026-11-25T13:00:00+01:00".to_owned()),
            text: "disk\nordered".to_owned(),
            ..reply("ack", &["web/oco", "web/page"])
        };
        let said = "acknowledged web/oco, web/page, by root, until 2026-11-25T13:00:00+01:00: disk?ordered\n";
        assert_eq!(told(&until), said);
        assert_eq!(
            told(&reply("ack", &["web/oco"])),
            "acknowledged web/oco, by root, until the failure ends\n"
        );
        assert_eq!(told(&reply("mute", &["web/oco"])), "muted web/oco, by root, until unmute\n");
        let unwritten = told(&ActReply { unwritten: true, ..reply("mute", &["web/oco"]) });
        assert!(unwritten.lines().nth(1).unwrap().starts_with("not in the journal yet"), "{unwritten}");
        assert_eq!(told(&reply("unmute", &["web/oco"])), "no longer muted: web/oco, by root\n");
        assert_eq!(told(&reply("unack", &[])), "web was not acknowledged\n");
        let held = vec!["web/oco, by watch.toml until U".to_owned()];
        let stays = "still under maintenance: web/oco, by watch.toml until U\n";
        assert_eq!(told(&ActReply { held: held.clone(), ..reply("unmaint", &[]) }), stays);
        let said = format!("no longer under maintenance: web/oco, by root\n{stays}");
        assert_eq!(told(&ActReply { held, ..reply("unmaint", &["web/oco"]) }), said);
        assert_eq!(told(&reply("unmaint", &[])), "web was not under maintenance\n");
        assert_eq!(told(&reply("forget", &["web/oco/a"])), "forgot web/oco/a, by root\n");
        let planned =
            ActReply { from: Some("F".to_owned()), until: Some("U".to_owned()), ..reply("maint", &["a/b"]) };
        assert_eq!(told(&planned), "under maintenance: a/b, by root, from F, until U\n");
        let many: Vec<String> = (0..25).map(|number| format!("a/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(
            told(&reply("mute", &many))
                .starts_with("muted a/0, a/1, a/2, a/3, a/4, a/5, a/6, a/7 and 17 more, by")
        );
    }

    #[test]
    fn corrections_and_alerts_say_theirs() {
        let correction = ActReply {
            id: Some(7),
            state: Some("ok".to_owned()),
            from: Some("F".to_owned()),
            until: Some("U".to_owned()),
            text: "probe was wrong".to_owned(),
            ..reply("adjust", &["web/oco"])
        };
        assert_eq!(
            told(&correction),
            "correction 7: web/oco was ok from F until U, by root: probe was wrong\n"
        );
        let took = vec!["web/oco".to_owned(), "web/page".to_owned()];
        let several =
            "corrections 7 to 8: web/oco, web/page were ok from F until U, by root: probe was wrong\n";
        assert_eq!(told(&ActReply { took, ..correction }), several);
        let back = ActReply { id: Some(7), ..reply("unadjust", &["web"]) };
        assert_eq!(told(&back), "took back correction 7: web, by root\n");
        let again = ActReply { id: Some(7), ..reply("unadjust", &[]) };
        assert_eq!(told(&again), "correction 7 was taken back before\n");
        let held = ActReply {
            held: vec!["night: outside of its hours".to_owned()],
            ..reply("alert", &["ops: mail.alert"])
        };
        assert_eq!(told(&held), "alert of web: ops: mail.alert\nheld: night: outside of its hours\n");
        assert_eq!(told(&reply("alert", &[])), "alert of web: nobody is told\n");
    }
}
