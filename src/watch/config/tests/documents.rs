//! The example file and the man page say what the program reads.

use super::super::{file, parse};
use std::collections::BTreeSet;

const EXAMPLE: &str = include_str!("../../../../etc/watch.toml");
const PAGE: &str = include_str!("../../../../man/watch.toml.5");
const FLEET_PAGE: &str = include_str!("../../../../man/oco-fleet.1");

/// The line without the `#` that makes it an example: one directly before a key or a table.
fn uncommented(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || "[]{}".contains(c)) => rest,
        Some(_) | None => line,
    }
}

#[test]
fn the_example_is_accepted_as_it_is() {
    let settings = parse(EXAMPLE).unwrap();
    let targets: Vec<String> = settings
        .groups
        .iter()
        .flat_map(|group| group.services.iter().map(|service| format!("{}/{}", group.name, service.name)))
        .collect();
    assert_eq!(targets, ["local/oco"]);
    assert_eq!(&*settings.groups[0].hosts[0].name, "127.0.0.1");
}

#[test]
fn each_example_in_it_is_accepted_by_itself() {
    let paragraphs: Vec<&str> = EXAMPLE.split("\n\n").collect();
    let mut tried = 0;
    for chosen in 0..paragraphs.len() {
        let lines = |(at, text): (usize, &&str)| {
            let line = |line| if at == chosen { uncommented(line) } else { line };
            text.lines().map(line).collect::<Vec<_>>().join("\n")
        };
        let text: Vec<String> = paragraphs.iter().enumerate().map(lines).collect();
        let text = text.join("\n\n");
        tried += usize::from(text != EXAMPLE.trim_end());
        if let Err(fault) = parse(&text) {
            panic!("{fault:?}\n{}", paragraphs[chosen]);
        }
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn all_examples_in_it_are_accepted_together() {
    let text: Vec<&str> = EXAMPLE.lines().map(uncommented).collect();
    parse(&text.join("\n")).unwrap_or_else(|fault| panic!("{fault:?}"));
}

#[test]
fn the_example_of_the_man_page_is_accepted() {
    let examples = PAGE.split(".Sh EXAMPLES").nth(1).unwrap();
    let blocks: Vec<&str> = examples.split(".Bd -literal").skip(1).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let text = block.split_once('\n').unwrap().1.split(".Ed").next().unwrap();
        parse(&text.replace("\\e", "\\")).unwrap_or_else(|fault| panic!("{fault:?}\n{text}"));
    }
}

/// What oco-fleet(1) says to who comes from elsewhere.
fn elsewhere() -> &'static str {
    let section = FLEET_PAGE.split(".Sh COMING FROM ELSEWHERE").nth(1).unwrap();
    section.split("\n.Sh ").next().unwrap()
}

#[test]
fn what_a_keepalived_conf_becomes_is_accepted() {
    let blocks: Vec<&str> = elsewhere().split(".Bd -literal\n").skip(1).collect();
    let [_, becomes] = blocks.as_slice() else { panic!("{blocks:?}") };
    let settings = parse(becomes.split(".Ed").next().unwrap()).unwrap();
    let service = &settings.groups[0].services[0];
    assert_eq!((service.timing.fall, service.timing.rise), (3, 1));
    assert_eq!(settings.tables.len(), 1);
}

#[test]
fn what_others_call_otherwise_is_a_key_here() {
    let mut known: BTreeSet<String> = TABLES.iter().flat_map(|(_, head, tail)| keys(head, tail)).collect();
    known.extend(["[hostgroup.NAME]", "[[alert]]", "[[maintenance]]"].map(str::to_owned));
    let rows = elsewhere().lines().filter_map(|line| line.strip_prefix(".It ")?.split_once(" Ta "));
    let rows: Vec<(&str, &str)> = rows.collect();
    assert!(rows.len() > 30, "{rows:?}");
    for (theirs, ours) in rows {
        let words: Vec<&str> = ours.split(' ').collect();
        let keys = words.windows(2).filter_map(|pair| (pair[0] == "Cm").then_some(pair[1]));
        let keys: Vec<&str> = keys.collect();
        assert!(!keys.is_empty() && keys.iter().all(|key| known.contains(*key)), "{theirs}: {ours}");
    }
}

/// A place for a key that nobody knows, in each kind of table.
const TABLES: [(&str, &str, &str); 20] = [
    ("", "", ""),
    ("defaults", "[defaults]\n", ""),
    ("flap", "[defaults]\nflap = {", "}"),
    ("canary", "[canary]\n", ""),
    ("hostgroup", "[hostgroup.a]\n", ""),
    ("hosts", "[hostgroup.a]\nhosts = [{", "}]"),
    ("service", "[hostgroup.a.service.b]\n", ""),
    ("probe", "[hostgroup.a.service.b]\nprobe = {", "}"),
    ("node", "[node.a]\n", ""),
    ("alert", "[[alert]]\n", ""),
    ("steps", "[[alert]]\nsteps = [{", "}]"),
    ("alertmanager", "[alertmanager]\n", ""),
    ("table", "[[table]]\n", ""),
    ("maintenance", "[[maintenance]]\n", ""),
    ("journal", "[journal]\n", ""),
    ("incident", "[incident]\n", ""),
    ("slo", "[slo.a]\n", ""),
    ("publish", "[publish]\n", ""),
    ("figures", "[figures]\n", ""),
    ("forward", "[forward]\n", ""),
];

/// The keys of a table: the program names them when it finds another one.
fn keys(head: &str, tail: &str) -> BTreeSet<String> {
    let error = toml::from_str::<file::File>(&format!("{head}no-such-key = 1{tail}")).unwrap_err();
    let message = error.message().to_owned();
    let expected = message.strip_prefix("unknown field `no-such-key`, expected ").expect(&message);
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_that_the_program_knows_stands_in_the_man_page() {
    let items: BTreeSet<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "))
        .flat_map(|line| line.split(" , "))
        .filter_map(|item| item.split_whitespace().find(|word| *word != "Cm"))
        .collect();
    let mut known = BTreeSet::new();
    for (table, head, tail) in TABLES {
        let keys = keys(head, tail);
        assert!(!keys.is_empty(), "{table}");
        for key in keys {
            let is_there = items.contains(key.as_str());
            let is_table = PAGE.contains(&format!("[{key}]"))
                || PAGE.contains(&format!("[{key}."))
                || PAGE.contains(&format!(".{key}."));
            assert!(is_there || is_table, "{table}: {key}");
            known.insert(key);
        }
    }
    let unknown: Vec<&&str> = items.iter().filter(|item| !known.contains(**item)).collect();
    assert!(unknown.is_empty(), "in the page only: {unknown:?}");
}

#[test]
fn every_key_that_the_program_knows_stands_in_the_example() {
    let text: Vec<&str> = EXAMPLE.lines().map(uncommented).collect();
    let text = text.join("\n");
    for (table, head, tail) in TABLES {
        for key in keys(head, tail) {
            let is_there = [
                format!("\n{key} = "),
                format!(" {key} = "),
                format!("{{{key} = "),
                format!("[{key}]"),
                format!("[{key}."),
                format!(".{key}."),
            ]
            .iter()
            .any(|written| text.contains(written));
            // Their words are shorter where they have no other key.
            let is_a_word = table == "probe" && text.contains(&format!("probe = \"{key}\""));
            assert!(is_there || is_a_word, "{table}: {key}");
        }
    }
}
