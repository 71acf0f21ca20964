//! What programs are told, in the shapes of the commands.

use super::*;
use crate::api::{Api, metrics};
use oco::logic::control::{
    AvailabilityStatus, FleetOrder, FleetStatus, IncidentStatus, LogEntry, NodeStatus,
};
use oco_fleet::state::State;

fn ask(what: &str, query: &str, facts: &Facts, path: &Path) -> Page {
    let api = match Api::new(what, &Query::parse(query), facts) {
        Ok(api) => api.unwrap(),
        Err(wrong) => return wrong.into(),
    };
    let answer = api.read(facts, &mut Reader::open(path).unwrap()).unwrap();
    answer.unwrap_or_else(Page::from)
}

fn read<T: serde::de::DeserializeOwned>(page: &Page) -> T {
    assert_eq!((page.status, page.content_type), (200, "application/json"));
    serde_json::from_slice(&page.body).unwrap()
}

#[test]
fn a_status_without_a_watcher_is_as_it_was_known_last() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let status: FleetStatus = read(&ask("status", "", &facts, &path));
    assert_eq!((status.state.as_str(), status.code), ("ko", Some(550)));
    assert_eq!(status.at, "2026-11-25T10:00:30Z");
    let page = status.services.iter().find(|one| one.name == "web/page").unwrap();
    assert_eq!((page.up, page.of, page.targets.len(), page.targets[0].state.as_str()), (4, 8, 8, "ko"));
    assert!(status.services.is_sorted_by_key(|one| State::from_word(&one.state).unwrap().rank()));
    let smtp = status.services.iter().find(|one| one.name == "mail/smtp").unwrap();
    assert_eq!(smtp.acked.as_ref().unwrap().who, "anna");
    assert_eq!(smtp.targets[0].acked.as_ref().unwrap().text, "disk ordered, comes at noon");
    let some: FleetStatus = read(&ask("status", "name=web/*/web1", &facts, &path));
    assert!(some.services.iter().all(|one| one.targets.len() == 1) && some.nodes.is_empty());
    let ok: FleetStatus = read(&ask("status", "name=db/mysql", &facts, &path));
    assert_eq!((ok.state.as_str(), ok.code), ("ok", Some(200)));
    let nodes: Vec<NodeStatus> = read(&ask("nodes", "", &facts, &path));
    assert_eq!((nodes.len(), nodes.last().unwrap().members.len()), (4, 1));
    assert_eq!(ask("status", "name=no/such", &facts, &path).status, 404);
}

#[test]
fn a_fleet_that_is_not_known_is_not_ok() {
    let (_dir, path) = fleets::usual();
    let status: FleetStatus = read(&ask("status", "", &facts_of(Vec::new()), &path));
    assert_eq!((status.state.as_str(), status.code, status.services.len()), ("unknown", None, 0));
}

#[test]
fn the_past_is_told_as_the_commands_tell_it() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let log = ask("log", "name=web/page&since=-2h", &facts, &path);
    assert_eq!(log.content_type, "application/x-ndjson");
    let lines: Vec<LogEntry> = log
        .body
        .split(|octet| *octet == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert!(lines.is_sorted_by_key(|line| line.at.clone()) && lines.iter().any(|line| line.kind == "alert"));
    let incidents: Vec<IncidentStatus> = read(&ask("incidents", "", &facts, &path));
    assert_eq!((incidents.len(), incidents[0].state.as_str()), (4, "closed"));
    let of: AvailabilityStatus =
        read(&ask("availability", "name=node:shop&from=2026-11-13&to=2026-11-14", &facts, &path));
    assert_eq!(of.ok + of.but + of.ko + of.unknown + of.planned + of.no_data, fleets::DAY);
    assert_eq!(of.from, "2026-11-12T23:00:00Z");
    let all: AvailabilityStatus = read(&ask("availability", "name=web/page/web1", &facts, &path));
    assert!(all.measured.unwrap() < 100.0 && all.no_data >= 5 * 3_600_000);
}

#[test]
fn what_is_wrong_is_said_in_json() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    for (what, query, status) in [
        ("availability", "", 400),
        ("availability", "name=a//b", 400),
        ("availability", "name=web/page&from=x", 400),
        ("availability", "name=web/page&from=2026-11-14&to=2026-11-13", 400),
        ("availability", "name=web/no", 404),
        ("availability", "name=slo:no", 404),
        ("log", "since=x", 400),
        ("status", "name=a//b", 400),
        ("status", "names=web", 400),
        ("nodes", "name=node:shop", 400),
        ("incidents", "since=-2h", 400),
        ("log", "limit=5", 400),
    ] {
        let page = ask(what, query, &facts, &path);
        assert_eq!((page.status, page.content_type), (status, "application/json"), "{what} {query}");
        let body: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
        assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{what} {query}");
    }
    assert_eq!(Api::new("acts", &Query::default(), &facts), Ok(None));
    let api = Api::new("status", &Query::parse("name=web+db/*"), &facts).unwrap().unwrap();
    let patterns = vec!["web/*".to_owned(), "db/*".to_owned()];
    assert_eq!(api.order(), Some(FleetOrder::Status { patterns, most: None }));
}

#[test]
fn without_a_journal_what_is_known_is_told_with_what_is_wrong() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let told = |what: &str, query: &str, facts: &Facts| {
        let api = Api::new(what, &Query::parse(query), facts).unwrap().unwrap();
        api.remembered(facts, "it is gone").unwrap_or_else(Page::from)
    };
    let log = told("log", "", &facts);
    assert_eq!((log.status, log.content_type, log.body.len()), (200, "application/x-ndjson", 0));
    let open: Vec<IncidentStatus> = read(&told("incidents", "", &facts));
    assert!(open.len() == 2 && open.iter().all(|one| one.closed.is_none()));
    let status: FleetStatus = read(&told("status", "name=web/page", &facts));
    assert_eq!((status.warning.as_deref(), status.services.len()), (Some("it is gone"), 1));
    let never = facts_of(Vec::new());
    for facts in [&facts, &never] {
        let day = "name=node:shop&from=2026-11-13&to=2026-11-14";
        let of: AvailabilityStatus = read(&told("availability", day, facts));
        assert_eq!((of.no_data, of.measured, of.ok), (fleets::DAY, None, 0));
        assert_eq!(of.warning.as_deref(), Some("it is gone"));
        let all: AvailabilityStatus = read(&told("availability", "name=node:shop", facts));
        assert_eq!(all.ok + all.ko, 0);
    }
}

#[test]
fn a_watcher_that_does_not_answer_is_believed_up_to_its_last_sign_of_life() {
    let (_dir, path) = fleets::usual();
    let mut facts = facts(&path);
    facts.watcher = Some("connection refused".to_owned());
    let status: FleetStatus = read(&ask("status", "", &facts, &path));
    assert_eq!(status.at, oco_fleet::when::rfc3339(facts.snapshot.alive));
    assert_eq!(status.warning.as_deref(), Some("The watcher does not answer: connection refused"));
    assert!(status.services.iter().all(|service| service.need.is_none()), "nobody told it");
    let hour: AvailabilityStatus = read(&ask("availability", "name=web/page&from=-1h", &facts, &path));
    assert_eq!(hour.no_data, facts.now.since(facts.snapshot.alive));
    assert_eq!(hour.warning, status.warning);
    let grid = text("/g/web?span=24h", &facts, Some(&path));
    assert!(grid.contains("does not answer"));
}

#[test]
fn metrics_tell_the_fleet_and_the_board() {
    let (_dir, path) = fleets::usual();
    let facts = facts(&path);
    let page = metrics(&facts).into_string();
    for line in [
        "oco_fleet_code{name=\"web/page\"} 350",
        "oco_fleet_state{name=\"node:shop\",state=\"ko\"} 1",
        "oco_fleet_targets{service=\"web/page\",state=\"ok\"} 4",
        "oco_board_watcher_up 1",
        "oco_board_incidents_open 2",
        "# TYPE oco_board_journal_up gauge",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("oco_fleet_code{name=\"edge/ping\"}"), "nothing is known of it");
}
