//! How everybody stands, and what is new of it.

use super::*;

fn names(news: &News) -> (bool, Vec<(&str, State)>) {
    let (is_all, stands) = match news {
        News::Some(stands) => (false, stands),
        News::All(stands) => (true, stands),
    };
    let mut names: Vec<(&str, State)> =
        stands.iter().map(|one| (one.name.as_str(), one.standing.state)).collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    (is_all, names)
}

fn change(who: &str, when: i64, code: u16) -> Entry {
    Entry::Transition(transition(who, when, Standing::default(), standing(code, "")))
}

#[test]
fn only_what_is_new_is_told() {
    let (dir, mut writer) = begun();
    let mut reader = reader(&dir);
    writer.write(&[change("web/oco/a", 10, 200), change("web/oco", 10, 200)]).unwrap();
    let (news, mark) = reader.standings(None, 10).unwrap();
    assert_eq!(names(&news), (true, vec![("web/oco", State::Ok), ("web/oco/a", State::Ok)]));
    writer.write(&[change("web/oco/a", 20, 300)]).unwrap();
    let (news, next) = reader.standings(Some(mark), 10).unwrap();
    let (is_all, told) = names(&news);
    assert!(!is_all && told.contains(&("web/oco/a", State::Ko)), "{told:?}");
    // More within the same millisecond is not missed.
    writer.write(&[change("web/oco", 20, 350)]).unwrap();
    let (news, mark) = reader.standings(Some(next), 10).unwrap();
    assert!(names(&news).1.contains(&("web/oco", State::Ko)));
    // More than is worth to tell each.
    writer.write(&[change("web/oco", 30, 200), change("web/oco/a", 30, 200)]).unwrap();
    assert!(names(&reader.standings(Some(mark), 1).unwrap().0).0);
}

#[test]
fn others_than_before_are_everybody() {
    let (dir, mut writer) = begun();
    let mut reader = reader(&dir);
    writer.write(&[change("web/oco/a", 10, 200), change("web/oco/b", 10, 200)]).unwrap();
    let (_, mark) = reader.standings(None, 10).unwrap();
    writer.write(&[Entry::Forget { name: name("web/oco/a"), at: at(20) }]).unwrap();
    let (news, mark) = reader.standings(Some(mark), 10).unwrap();
    assert_eq!(names(&news), (true, vec![("web/oco/b", State::Ok)]));
    writer.write(&[Entry::Watched { names: vec![name("web/oco/c")], at: at(30) }]).unwrap();
    let (news, _) = reader.standings(Some(mark), 10).unwrap();
    assert_eq!(names(&news), (true, vec![("web/oco/b", State::Ok), ("web/oco/c", State::Unknown)]));
}

#[test]
fn an_incident_is_read_with_what_became_of_it() {
    let (dir, mut writer) = begun();
    let incident = Incident {
        id: 1,
        name: name("web/oco"),
        opened: at(10),
        acknowledged: None,
        closed: None,
        who: None,
        note: String::new(),
        members: vec![name("web/oco/a")],
    };
    let event = |when: i64, event: &str| Entry::IncidentEvent {
        incident: 1,
        at: at(when),
        event: event.to_owned(),
        text: format!("{event} it"),
    };
    writer.write(&[Entry::Incident(incident.clone()), event(10, "open"), event(20, "late")]).unwrap();
    let mut reader = reader(&dir);
    let (found, events) = reader.incident(1).unwrap().unwrap();
    assert_eq!(found, incident);
    assert_eq!(events.iter().map(|one| one.event.as_str()).collect::<Vec<_>>(), ["open", "late"]);
    assert_eq!(reader.incident(2).unwrap(), None);
}
