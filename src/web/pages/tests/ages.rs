//! How old things are said to be: no younger than they are, and to the minute.

use super::*;
use crate::view::fleet::tests::stands;
use oco_fleet::journal::Incident;

const SECOND: i64 = 1_000;

#[test]
fn a_watcher_that_is_away_is_as_old_as_it_is() {
    let mut facts = facts_of(vec![stands("web/oco", 200)]);
    facts.watcher = Some("connection refused".to_owned());
    for (old, ago) in [(5, "under a minute"), (59, "under a minute"), (77, "1m"), (119, "1m"), (121, "2m")] {
        Arc::make_mut(&mut facts.snapshot).alive = Millis(NOW - old * SECOND);
        let text = text("/", &facts, None);
        assert_eq!(text.matches(&format!(", {ago} ago")).count(), 2, "{old} s: {text}");
    }
}

#[test]
fn what_goes_on_is_told_in_minutes() {
    let since = |seconds: i64| Stands { since: Millis(NOW - seconds * SECOND), ..stands("web/oco", 300) };
    let age = |seconds: i64| {
        let text = text("/", &facts_of(vec![since(seconds)]), None);
        text.split_once("class=\"age\">").unwrap().1.split_once("</span>").unwrap().0.to_owned()
    };
    // The page is of 30 seconds ago, and what happened since then is not older for it.
    assert_eq!([age(2), age(29), age(70), age(150)], ["&#60;1m", "&#60;1m", "1m", "2m"]);
    let mut facts = facts_of(vec![since(2)]);
    let incident = |opened: i64| Incident {
        id: 1,
        name: fleets::name("web/oco"),
        opened: Millis(NOW - opened * SECOND),
        acknowledged: None,
        closed: None,
        who: None,
        note: String::new(),
        members: Vec::new(),
    };
    for (opened, lasted) in [(2, "under a minute"), (70, "1m"), (7_230, "2h")] {
        Arc::make_mut(&mut facts.snapshot).incidents = Arc::new(vec![incident(opened)]);
        let text = text("/incidents", &facts, None);
        assert!(text.contains(&format!("lasted {lasted} until now")), "{opened} s: {text}");
    }
}
