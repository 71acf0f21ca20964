//! What people said of somebody, on pages.

use super::*;
use crate::view::fleet::tests::stands;
use oco_fleet::journal::{Act, ActKind, Entry, Incident, Writer};

fn act(id: i64, kind: ActKind, name: &str, until: Option<i64>) -> Act {
    Act {
        id,
        kind,
        name: name.to_owned(),
        who: format!("anna{id}"),
        at: Millis(NOW - 60_000),
        since: Millis(NOW - 60_000),
        until: until.map(|after| Millis(NOW + after)),
        text: "noisy".to_owned(),
        ended: None,
        ended_by: None,
    }
}

#[test]
fn no_mute_of_what_is_well_is_forgotten() {
    let names = ["web/page", "web/page/web1", "node:shop"];
    let mut facts = facts_of(names.iter().map(|name| stands(name, 200)).collect());
    let acts = [
        act(1, ActKind::Mute, "web/page/web1", None),
        act(2, ActKind::Maint, "node:shop", Some(3_600_000)),
        act(3, ActKind::Mute, "web", None),
        act(4, ActKind::Ack, "web/page", None),
    ];
    Arc::make_mut(&mut facts.snapshot).acts = Arc::new(acts.into());
    let seen = text("/", &facts, None);
    let quiet =
        seen.split_once("Muted or in maintenance</h2>").unwrap().1.split_once("</section>").unwrap().0;
    let places =
        ["href=\"/n/shop\"", "href=\"/g/web\"", "href=\"/h/web1\""].map(|link| quiet.find(link).unwrap());
    assert!(places.is_sorted(), "{quiet}");
    for words in ["<b>maintenance</b> by <bdi>anna2</bdi>", "until <time", "<b>muted</b> by <bdi>anna1</bdi>"]
    {
        assert!(quiet.contains(words), "{words} is not in\n{quiet}");
    }
    assert_eq!((quiet.matches("<li").count(), quiet.contains("anna4")), (3, false));
    assert!(text("/g/web", &facts, None).contains("<bdi>anna3</bdi>"));
    let many = (0..130).map(|n| act(n, ActKind::Mute, &format!("web/s{n:03}/h"), None)).collect();
    Arc::make_mut(&mut facts.snapshot).acts = Arc::new(many);
    let seen = text("/", &facts, None);
    assert!(seen.contains("/<bdi>s099</bdi>") && !seen.contains("/<bdi>s100</bdi>"), "{seen:.2000}");
    assert!(seen.contains("<li class=\"more\">and 30 more</li>"));
}

#[test]
fn an_incident_shows_why_it_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (opened, acked) = (NOW - 3_600_000, NOW - 1_800_000);
    let (mut writer, _) = Writer::open(dir.path(), Millis(opened - 1), 0).unwrap();
    let of = |id: i64, name: &str, at: i64, text: &str| {
        let act = act(id, ActKind::Ack, name, None);
        Entry::Act(Act { at: Millis(at), since: Millis(at), text: text.to_owned(), ..act })
    };
    let incident = Incident {
        id: 1,
        name: fleets::name("web/page"),
        opened: Millis(opened),
        acknowledged: Some(Millis(acked)),
        closed: None,
        who: Some("anna1".to_owned()),
        note: String::new(),
        members: Vec::new(),
    };
    let event = |at: i64, event: &str, text: &str| Entry::IncidentEvent {
        incident: 1,
        at: Millis(at),
        event: event.to_owned(),
        text: text.to_owned(),
    };
    let entries = [
        Entry::Incident(incident),
        event(opened, "open", "550"),
        event(acked, "acknowledge", "by anna1"),
        of(1, "web/page", acked, "disk <ordered>"),
        of(2, "web/tls", acked, "of another one"),
        of(3, "web/page", acked + 60_000, "later"),
    ];
    writer.write(&entries).unwrap();
    let path = dir.path().join(oco_fleet::journal::FILE);
    let seen = text("/incidents/1", &facts(&path), Some(&path));
    assert!(seen.contains("<bdi>by anna1: disk &#60;ordered&#62;</bdi>"), "{seen}");
    assert!(!seen.contains("another one") && !seen.contains("later"), "{seen}");
}
