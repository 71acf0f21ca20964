//! What the file says of nodes and levels, and why somebody failed, as readers find it.

use super::*;
use crate::calendar::{Hours, Period};
use crate::journal::{Definitions, Entry, LevelDefinition, NodeDefinition};
use crate::level::{CountedAs, Promise};
use crate::object::Pattern;

fn definitions(hours: Option<&str>, period: &str, title: Option<&str>) -> Definitions {
    let promise = Promise {
        target: 99_950,
        period: Period::parse(period).unwrap(),
        hours: hours.map(|hours| Hours::parse(hours).unwrap()),
        unknown: CountedAs::Down,
    };
    Definitions {
        nodes: vec![NodeDefinition {
            name: name("node:shop"),
            title: title.map(str::to_owned),
            rule: "2 of".to_owned(),
            members: vec![Pattern::parse("web/page").unwrap(), Pattern::parse("db").unwrap()],
        }],
        levels: vec![LevelDefinition { name: name("slo:shop"), of: name("node:shop"), promise }],
    }
}

#[test]
fn definitions_are_read_back_and_replaced_whole() {
    let (dir, mut writer) = begun();
    let mut reader = reader(&dir);
    assert_eq!(reader.definitions().unwrap(), Definitions::default());
    for wanted in [
        definitions(Some("mon-fri 08:00-18:00, sat 10:00-12:00"), "month", Some("The shop")),
        definitions(None, "30d", None),
        Definitions::default(),
    ] {
        writer.write(&[Entry::Defined(Box::new(wanted.clone()))]).unwrap();
        assert_eq!(reader.definitions().unwrap(), wanted);
    }
}

#[test]
fn rows_of_others_that_say_nothing_are_left_out() {
    let (dir, writer) = begun();
    let insert = "INSERT INTO node VALUES (1, 'no name', NULL, 'all', ''), (2, 'node:a', NULL, 'all', 'b  c/d !');
        INSERT INTO level VALUES (1, 'slo:a', 'node:a', 99900, 'eon', NULL, 'up'), (2, 'slo:b', 'node:a', 99900, 'day', 'x', 'up')";
    writer.connection().execute_batch(insert).unwrap();
    let found = reader(&dir).definitions().unwrap();
    let members: Vec<&str> = found.nodes[0].members.iter().map(Pattern::as_str).collect();
    assert_eq!((found.nodes.len(), members, found.levels.len()), (1, vec!["b/*", "c/d"], 0));
}

#[test]
fn failures_have_their_reasons_also_those_that_began_before() {
    let (dir, mut writer) = begun();
    let (ok, ko) = (standing(200, ""), |reason| standing(300, reason));
    // The first one lies two chunks before the last.
    let days = |days: i64| days * 86_400_000;
    let steps = [
        (days(1), ok.clone(), ko("first")),
        (days(70), ko("first"), standing(500, "worse")),
        (days(71), standing(500, "worse"), ok.clone()),
        (days(72), ok.clone(), ko("second")),
    ];
    let entries = steps.map(|(when, old, new)| Entry::Transition(transition("web/oco", when, old, new)));
    writer.write(&entries).unwrap();
    let mut reader = reader(&dir);
    let mut found = |from: i64, to: i64| -> Vec<String> {
        let failures = reader.failures(&name("web/oco"), at(days(from)), at(days(to))).unwrap();
        failures.into_iter().map(|(_, reason)| reason).collect()
    };
    assert_eq!(found(0, 100), ["first", "worse", "second"]);
    assert_eq!(found(65, 71), ["first", "worse"]);
    assert_eq!(found(71, 72), ["worse"], "that it was up from its first moment on is told by the spans");
    assert_eq!(found(200, 300), ["second"]);
    assert!(found(0, 1).is_empty());
    assert!(reader.failures(&name("web/no"), at(0), at(days(9))).unwrap().is_empty());
}
