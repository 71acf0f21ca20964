//! What a start needs: all of it is there again.

use super::*;

fn act(id: i64, kind: ActKind) -> Act {
    Act {
        id,
        kind,
        name: "web".to_owned(),
        who: "alice".to_owned(),
        at: at(1),
        since: at(1),
        until: Some(at(999)),
        text: "disk\u{e9}".to_owned(),
        ended: None,
        ended_by: None,
    }
}

fn told(step: u32) -> Told {
    Told {
        name: name("web/oco"),
        alert: "ops".to_owned(),
        step,
        failing: at(1),
        first: at(2),
        last: at(3),
        count: 4,
        command: r#"["mail.alert","ops"]"#.to_owned(),
        note: "{}".to_owned(),
    }
}

#[test]
fn a_start_finds_what_was_written() {
    let (dir, mut writer) = begun();
    let (ok, ko) = (standing(200, ""), standing(300, "refused"));
    let counts = |failures| Counts {
        name: name("web/oco/a"),
        failures,
        successes: 0,
        silent_ms: 1234,
        settled: Some(State::Ok),
        flapping: Some(at(7)),
        failing: Some(at(7)),
    };
    let reporter = Reporter { name: name("web/oco/a"), taken_in: true, periods: vec![60_000, 5] };
    let window = Window { name: name("web/oco"), since: at(1), until: at(500), text: "w".to_owned() };
    let adjustment = Adjustment {
        id: 3,
        name: name("web/oco"),
        since: at(1),
        until: at(2),
        state: State::Ok,
        who: "bob".to_owned(),
        at: at(9),
        text: "it was us".to_owned(),
        undone: None,
        undone_by: None,
    };
    let incident = Incident {
        id: 7,
        name: name("node:shop"),
        opened: at(3),
        acknowledged: None,
        closed: None,
        who: None,
        note: "{}".to_owned(),
        members: vec![name("web/oco"), name("web/oco/a")],
    };
    let mut known = incident.clone();
    (known.acknowledged, known.who, known.members) = (Some(at(4)), Some("eve".to_owned()), Vec::new());
    let entries = [
        Entry::Watched { names: vec![name("web/oco/a"), name("web/oco/b")], at: at(1) },
        Entry::Transition(transition("web/oco/a", 2, Standing::default(), ok.clone())),
        Entry::Transition(transition("web/oco/a", 5, ok, ko.clone())),
        Entry::Transition(transition("web/oco/a", 6, ko, standing(500, "worse"))),
        Entry::Counts(counts(1)),
        Entry::Counts(counts(2)),
        Entry::Reporter(reporter.clone()),
        Entry::Act(act(1, ActKind::Mute)),
        Entry::Act(act(2, ActKind::Ack)),
        Entry::ActEnded { id: 1, at: at(8), by: None },
        Entry::Window(Window { until: at(400), ..window.clone() }),
        Entry::Window(window.clone()),
        Entry::Adjustment(adjustment.clone()),
        Entry::Told(told(1)),
        Entry::Told(told(2)),
        Entry::Incident(incident.clone()),
        Entry::Incident(known.clone()),
        Entry::Balanced { table: "t".to_owned(), server: "a".to_owned(), what: Some("maint".to_owned()) },
        Entry::Balanced { table: "t".to_owned(), server: "b".to_owned(), what: Some("maint".to_owned()) },
        Entry::Balanced { table: "t".to_owned(), server: "b".to_owned(), what: None },
    ];
    // Twice: an entry whose commit was not seen may be written again.
    let repeatable = &entries[5..];
    writer.write(&entries).unwrap();
    writer.write(repeatable).unwrap();
    drop(writer);
    let (writer, opened) = Writer::open(dir.path(), at(100), 1000).unwrap();
    assert_eq!(opened.gap, Some((at(6), at(100))));
    let kept = opened.kept;
    let object = &kept.objects[&name("web/oco/a")];
    let expected = KeptObject {
        standing: standing(500, "worse"),
        at: at(6),
        since: at(5),
        failures: 2,
        successes: 0,
        silent_ms: 1234,
        settled: Some(State::Ok),
        flapping: Some(at(7)),
        failing: Some(at(7)),
        recent: vec![at(2), at(5)],
        reporter: Some(reporter),
    };
    assert_eq!(*object, expected);
    let other = KeptObject { at: at(1), since: at(1), ..KeptObject::default() };
    assert_eq!(kept.objects[&name("web/oco/b")], other);
    assert_eq!((kept.acts, kept.windows), (vec![act(2, ActKind::Ack)], vec![window.clone()]));
    assert_eq!((kept.told, &kept.adjustments), (vec![told(1), told(2)], &vec![adjustment.clone()]));
    known.members = incident.members;
    assert_eq!(kept.incidents, std::slice::from_ref(&known));
    assert_eq!(kept.balanced, [("t".to_owned(), "a".to_owned(), "maint".to_owned())]);
    assert_eq!((kept.last_act, kept.last_adjustment, kept.last_incident), (2, 3, 7));
    assert_eq!((kept.began, kept.heartbeat, kept.last), (at(0), at(100), at(100)));

    let mut reader = reader(&dir);
    assert_eq!(reader.acts(at(0), at(8)).unwrap().len(), 2);
    assert_eq!(reader.acts(at(8), at(9)).unwrap(), [act(2, ActKind::Ack)]);
    assert_eq!(reader.windows(at(499), at(600)).unwrap(), [window]);
    assert!(reader.windows(at(500), at(600)).unwrap().is_empty());
    assert_eq!(
        (reader.adjustments().unwrap(), reader.incidents(5).unwrap()),
        (vec![adjustment], vec![known])
    );
    assert_eq!(reader.names().unwrap(), [name("web/oco/a"), name("web/oco/b")]);
    drop(writer);
}

#[test]
fn what_is_forgotten_is_not_kept_but_its_past_is() {
    let (dir, mut writer) = begun();
    let reporter = Reporter { name: name("push/a/b"), taken_in: true, periods: vec![1] };
    let entries = [
        Entry::Transition(transition("push/a/b", 2, Standing::default(), standing(200, ""))),
        Entry::Reporter(reporter),
        Entry::Forget { name: name("push/a/b"), at: at(5) },
        Entry::Forget { name: name("push/a/never"), at: at(5) },
    ];
    writer.write(&entries).unwrap();
    drop(writer);
    let (_writer, opened) = Writer::open(dir.path(), at(5), 1000).unwrap();
    assert!(opened.kept.objects.is_empty() && opened.gap.is_none());
    let spans = reader(&dir).spans(&[name("push/a/b")], at(2), at(9), at(9)).unwrap().remove(0);
    let read: Vec<_> = spans.iter().map(|span| (span.to.since(at(0)), span.state)).collect();
    assert_eq!(read, [(5, Some(State::Ok)), (9, None)]);
}

#[test]
fn what_was_lost_is_made_good_by_how_all_stands_now() {
    let (dir, mut writer) = begun();
    let (ok, ko) = (standing(200, ""), standing(300, "refused"));
    let stands = |who: &str, standing: &Standing| Entry::Stands {
        name: name(who),
        standing: standing.clone(),
        since: at(5),
        at: at(9),
    };
    let old = [
        Entry::Transition(transition("web/oco/a", 2, Standing::default(), ok.clone())),
        Entry::Transition(transition("web/oco/b", 2, Standing::default(), ko.clone())),
    ];
    writer.write(&old).unwrap();
    // Twice: the second time nothing is new.
    for _ in 0..2 {
        let all = [stands("web/oco/a", &ko), stands("web/oco/b", &ko), stands("web/oco/c", &ok)];
        writer.write(&all).unwrap();
    }
    let mut reader = reader(&dir);
    let names = ["web/oco/a", "web/oco/b", "web/oco/c"].map(name);
    let bars = reader.bars(&names, at(0), at(12), 12, at(12)).unwrap();
    let letters: Vec<_> = bars.iter().map(Bar::letters).collect();
    assert_eq!(letters, ["..oooooookkk", "..kkkkkkkkkk", ".........ooo"]);
    assert_eq!(reader.log(&LogWish { limit: 9, ..LogWish::default() }).unwrap().rows.len(), 4);
    drop(writer);
    let (_writer, opened) = Writer::open(dir.path(), at(20), 0).unwrap();
    let since = names.map(|name| opened.kept.objects[&name].since);
    assert_eq!(since, [at(5), at(2), at(5)]);
}

#[test]
fn late_heartbeats_are_gaps_though_only_the_last_is_written() {
    let (_dir, mut writer) = begun();
    let minute = 60_000;
    let beats = [1, 2, 3, 10, 11, 20].map(|minutes| Entry::Heartbeat(at(minutes * minute)));
    writer.write(&beats).unwrap();
    let gaps = |writer: &Writer| -> Vec<(i64, i64)> {
        let mut statement =
            writer.connection().prepare("SELECT since, until FROM gap ORDER BY since").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap();
        rows.map(|row| row.map(|(a, b)| ((a - START) / minute, (b - START) / minute)).unwrap()).collect()
    };
    assert_eq!(gaps(&writer), [(3, 10), (11, 20)]);
    // Gaps that meet become one.
    writer.write(&[Entry::Gap { since: at(9 * minute), until: at(12 * minute) }]).unwrap();
    assert_eq!(gaps(&writer), [(3, 20)]);
}

#[test]
fn all_that_people_did_stands_in_the_log() {
    let (dir, mut writer) = begun();
    let sent = AlertSent {
        at: at(4),
        name: name("web/oco"),
        alert: "ops".to_owned(),
        event: "ko".to_owned(),
        step: 1,
        command: "mail.alert".to_owned(),
        result: "held: outside of hours".to_owned(),
    };
    let event =
        Entry::IncidentEvent { incident: 1, at: at(4), event: "open".to_owned(), text: "x".to_owned() };
    let incident = Incident {
        id: 1,
        name: name("web/oco"),
        opened: at(4),
        acknowledged: None,
        closed: None,
        who: None,
        note: String::new(),
        members: Vec::new(),
    };
    let entries = [
        Entry::AlertSent(sent),
        event,
        Entry::Incident(incident),
        Entry::Transition(transition("web/oco", 4, Standing::default(), standing(500, ""))),
        Entry::Act(Act { at: at(5), ..act(1, ActKind::Maint) }),
        Entry::ActEnded { id: 1, at: at(6), by: Some("bob".to_owned()) },
        Entry::Transition(transition("db/x", 7, Standing::default(), standing(200, ""))),
    ];
    writer.write(&entries).unwrap();
    let pattern = crate::object::Pattern::parse("web").unwrap();
    let wish = LogWish { patterns: vec![pattern], limit: 10, ..LogWish::default() };
    let page = reader(&dir).log(&wish).unwrap();
    let said: Vec<_> = page
        .rows
        .iter()
        .map(|row| match &row.what {
            Happened::Transition { new, .. } => format!("{} {}", row.name, new.state),
            Happened::Alert { result, .. } => result.clone(),
            Happened::Act { act, who, .. } => format!("{} {act} {}", row.name, who.as_deref().unwrap_or("-")),
            Happened::Incident { event, .. } => event.clone(),
        })
        .collect();
    assert_eq!(said, ["web/oco ko", "open", "held: outside of hours", "web maint alice", "web unmaint bob"]);
    let page = reader(&dir).log(&LogWish { limit: 2, ..wish }).unwrap();
    assert_eq!((page.rows.len(), page.is_whole), (2, false));
}
