//! What each sentence about planned work means, and rows against a model that goes through it minute by minute.

use super::*;
use crate::config::Probe;
use crate::decide::acts::Wish;
use crate::decide::changes::{Changes, Kept};
use crate::decide::fleet::Fleet;
use crate::decide::known::Known;
use crate::decide::simulation::settings::{file, group, node, service};
use oco::logic::time::{Nanos, Now};
use oco_fleet::calendar::Hours;
use oco_fleet::journal::ActKind;
use oco_fleet::object::Pattern;
use oco_fleet::state::Standing;
use oco_fleet::tree::Rule;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: i64 = 60_000;

fn name(name: &str) -> ObjectName {
    ObjectName::parse(name).unwrap()
}

fn work(of: &[&str], hours: &str) -> Maintenance {
    let of = of.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect();
    Maintenance { of, hours: Hours::parse(hours).unwrap(), text: format!("work of {hours}") }
}

fn settings(maintenance: Vec<Maintenance>) -> Settings {
    let tcp = |name| service(name, Probe::Tcp { port: Some(1) }, Rule::All, &[]);
    let groups =
        vec![group("web", &["a", "b"], vec![tcp("page"), tcp("tcp")]), group("db", &["a"], vec![tcp("tcp")])];
    let nodes = vec![node("shop", &["web/page", "db/tcp"], Rule::All, false)];
    Settings { maintenance, ..file(groups, nodes, false) }
}

/// The minute after 1970 began, a Thursday.
fn minute(minute: i64) -> Times {
    Times { wall: Millis(minute * MINUTE), at: Millis(minute * MINUTE) }
}

fn told(changes: &[(ObjectName, bool)]) -> String {
    let word = |(name, planned): &(ObjectName, bool)| format!("{}{name}", if *planned { "+" } else { "-" });
    changes.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// Rows as the journal has them: the beginnings and ends in minutes.
#[derive(Default)]
struct Journal {
    rows: BTreeMap<(ObjectName, Millis), journal::Window>,
    entries: Vec<Entry>,
}

impl Journal {
    fn take(&mut self) -> usize {
        let count = self.entries.len();
        for entry in self.entries.drain(..) {
            let Entry::Window(window) = entry else { panic!("{entry:?}") };
            self.rows.insert((window.name.clone(), window.since), window);
        }
        count
    }

    fn kept(&self, now: Millis) -> Vec<journal::Window> {
        self.rows.values().filter(|row| row.until > now).cloned().collect()
    }

    fn of(&self, of: &str) -> Vec<(i64, i64)> {
        let rows = self.rows.values().filter(|row| row.name == name(of));
        rows.map(|row| (row.since.0 / MINUTE, row.until.0 / MINUTE)).collect()
    }
}

#[test]
fn a_window_opens_for_whom_it_names_and_closes() {
    let settings = settings(vec![work(&["web", "db/tcp/a", "node:s*", "slo:x"], "thu 00:10-00:20")]);
    let names = first_names(&settings, std::iter::empty());
    let (acts, mut journal) = (Acts::default(), Journal::default());
    let mut planning = Planning::new(&settings, Zone::UTC, Vec::new());
    let due = |planning: &mut Planning, at: i64, journal: &mut Journal| {
        let changes = planning.due(&names, &acts, minute(at), &mut journal.entries);
        (told(&changes), journal.take(), planning.deadline().map(|next| next.0 / MINUTE))
    };
    assert_eq!(due(&mut planning, 0, &mut journal), (String::new(), 0, Some(10)));
    assert_eq!(
        due(&mut planning, 10, &mut journal),
        ("+db/tcp/a +node:shop +web/page +web/tcp".to_owned(), 4, Some(20))
    );
    assert_eq!(due(&mut planning, 15, &mut journal), (String::new(), 0, Some(20)));
    assert_eq!(
        planning.open(Millis(15 * MINUTE)).of(&name("web/tcp/a")).map(|(window, _)| &*window.who),
        Some(FILE)
    );
    assert_eq!(journal.of("web/page"), [(10, 20)]);
    let (changes, written, next) = due(&mut planning, 20, &mut journal);
    assert_eq!((changes.as_str(), written), ("-db/tcp/a -node:shop -web/page -web/tcp", 0));
    assert_eq!(next, Some(10 + 7 * 1440));
    assert_eq!(journal.of("web/tcp/a"), [], "a row of a service counts for its targets");
}

#[test]
fn a_window_that_is_open_at_a_start_is_not_written_twice() {
    let settings = settings(vec![
        work(&["web"], "thu 00:10-00:40"),
        work(&["web/page"], "thu 00:10-00:20"),
        work(&["db"], "mon-sun 00:00-24:00"),
    ]);
    let names = first_names(&settings, std::iter::empty());
    let mut journal = Journal::default();
    let mut planning = Planning::new(&settings, Zone::UTC, Vec::new());
    planning.due(&names, &Acts::default(), minute(12), &mut journal.entries);
    assert_eq!(journal.take(), 3, "one for each object");
    assert_eq!(
        (journal.of("web/page"), journal.of("db/tcp")),
        (vec![(12, 40)], vec![(12, i64::MAX / MINUTE)])
    );
    let mut planning = Planning::new(&settings, Zone::UTC, journal.kept(Millis(14 * MINUTE)));
    let begun = planning.due(&names, &Acts::default(), minute(15), &mut journal.entries);
    assert_eq!(told(&begun), "+db/tcp +web/page +web/tcp");
    assert_eq!(planning.planned().len(), 3);
    assert_eq!(journal.take(), 0);
    assert_eq!(planning.rows().count(), 3);
}

#[test]
fn editing_the_file_changes_no_past() {
    let before = settings(vec![work(&["web"], "thu 00:10-00:40"), work(&["web/page"], "thu 00:10-00:30")]);
    let after = settings(vec![work(&["web/page"], "thu 00:10-00:30")]);
    let names = first_names(&before, std::iter::empty());
    let mut journal = Journal::default();
    let mut planning = Planning::new(&before, Zone::UTC, Vec::new());
    planning.due(&names, &Acts::default(), minute(5), &mut journal.entries);
    planning.due(&names, &Acts::default(), minute(11), &mut journal.entries);
    planning.reload(&after, Zone::UTC);
    assert_eq!(told(&planning.due(&names, &Acts::default(), minute(20), &mut journal.entries)), "-web/tcp");
    journal.take();
    assert_eq!(journal.of("web/tcp"), [(10, 20)]);
    assert_eq!(journal.of("web/page"), [(10, 20), (20, 30)], "the window within it has a row from now on");
}

#[test]
fn what_was_entered_plans_and_has_no_row() {
    let settings = settings(Vec::new());
    let mut changes = Changes::default();
    let now = |at: i64| Now { wall: Nanos(at * MINUTE * 1_000_000), boot: Nanos(at * MINUTE * 1_000_000) };
    let mut fleet = Fleet::new(&settings, &Kept::default(), now(0), &mut changes);
    let (mut acts, mut journal) = (Acts::default(), Vec::new());
    let mut planning = Planning::new(&settings, Zone::UTC, Vec::new());
    let no_level = |_: &ObjectName| None::<(&Standing, Millis)>;
    for (on, since, until) in [("web", 5, Some(10)), ("web/page", 8, None), ("db/tcp/a", 0, Some(5))] {
        let (since, until) = (Millis(since * MINUTE), until.map(|until: i64| Millis(until * MINUTE)));
        let (who, text, kind) = ("root".to_owned(), String::new(), ActKind::Maint);
        let wish = Wish { kind, name: on.to_owned(), who, since, until, text };
        let known = Known { fleet: &fleet, level: &no_level };
        acts.act(wish, known, Millis(0), &mut journal).unwrap();
    }
    planning.changed();
    let mut rows = Vec::new();
    for (at, expected, next) in [
        (0, "+db/tcp/a", Some(5)),
        (5, "+web/page +web/tcp -db/tcp/a", Some(8)),
        (8, "", Some(10)),
        (10, "-web/tcp", None),
    ] {
        let due = planning.due(&fleet, &acts, minute(at), &mut rows);
        assert_eq!(
            (told(&due).as_str(), planning.deadline()),
            (expected, next.map(|next: i64| Millis(next * MINUTE)))
        );
        for (name, planned) in due {
            assert!(fleet.set_planned(&name, planned, now(at), &mut changes));
        }
        acts.due(Millis(at * MINUTE), &mut journal);
    }
    assert!(rows.is_empty());
    let planned: Vec<String> = fleet
        .services()
        .filter(|service| service.is_planned_itself)
        .map(|service| service.name.to_string())
        .collect();
    assert_eq!(planned, ["web/page"]);
}

#[test]
fn a_wall_clock_that_is_set_back_plans_no_past() {
    let settings = settings(vec![work(&["db"], "thu 00:10-00:20")]);
    let names = first_names(&settings, std::iter::empty());
    let (acts, mut journal) = (Acts::default(), Journal::default());
    let mut planning = Planning::new(&settings, Zone::UTC, Vec::new());
    let mut due = |wall: i64, at: i64, journal: &mut Journal| {
        let times = Times { wall: Millis(wall * MINUTE), at: Millis(at * MINUTE) };
        told(&planning.due(&names, &acts, times, &mut journal.entries))
    };
    assert_eq!(due(15, 15, &mut journal), "+db/tcp");
    assert_eq!(due(8, 15, &mut journal), "-db/tcp", "it is not time yet");
    assert_eq!(due(10, 15, &mut journal), "+db/tcp");
    assert_eq!(due(16, 16, &mut journal), "");
    assert_eq!(due(20, 20, &mut journal), "-db/tcp");
    journal.take();
    assert_eq!(journal.of("db/tcp"), [(15, 20)]);
}

#[test]
fn who_only_reports_is_known_before_there_is_a_fleet() {
    let settings = settings(vec![work(&["push"], "thu 00:10-00:20")]);
    let kept = [name("push/disk/h1")];
    let names = first_names(&settings, kept.iter());
    let mut planning = Planning::new(&settings, Zone::UTC, Vec::new());
    planning.due(&names, &Acts::default(), minute(15), &mut Vec::new());
    assert!(planning.planned().contains(&name("push/disk")));
}

/// A file by chance: at most three windows over web/page or web/tcp, minutes of an hour.
fn any_file() -> impl Strategy<Value = Vec<(bool, i64, i64)>> {
    let window = (any::<bool>(), 0..110_i64, 1..60_i64)
        .prop_map(|(is_both, from, length)| (is_both, from, from + length));
    prop::collection::vec(window, 0..4)
}

fn settings_of(file: &[(bool, i64, i64)]) -> Settings {
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let works = file.iter().map(|(is_both, from, to)| {
        let of = if *is_both { ["web"] } else { ["web/page"] };
        work(&of, &format!("thu {}-{}", clock(*from), clock(*to)))
    });
    settings(works.collect())
}

proptest! {
    /// However late the looks come, and with edits and kills at any time, each minute that was planned while somebody
    /// watched is in a row, and so is what a row knew to come while nobody did.
    #[test]
    fn rows_are_what_was_planned(
        steps in prop::collection::vec((1..25_i64, 0..6_u8, any_file()), 1..14),
    ) {
        let names: BTreeSet<ObjectName> = first_names(&settings(Vec::new()), std::iter::empty());
        let mut file = Vec::new();
        let mut planning = Planning::new(&settings_of(&file), Zone::UTC, Vec::new());
        let mut journal = Journal::default();
        let mut expected: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        let is_open = |file: &[(bool, i64, i64)], of: &str, minute: i64| {
            file.iter().any(|(is_both, from, to)| (*is_both || of == "web/page") && (*from..*to).contains(&minute))
        };
        planning.due(&names, &Acts::default(), minute(0), &mut journal.entries);
        let mut at = 0;
        for (pause, what, other) in steps {
            let last = at;
            at += pause;
            let is_killed = what == 0;
            for of in ["web/page", "web/tcp"] {
                // While nobody watches, what was open then goes on to the end that it had.
                let ends = file.iter().filter(|(is_both, from, to)| (*is_both || of == "web/page") && (*from..*to).contains(&last));
                let known_until = ends.map(|(_, _, to)| *to).max().unwrap_or(last);
                let minutes = expected.entry(of).or_default();
                minutes.extend((last..at).filter(|minute| is_open(&file, of, *minute) && (!is_killed || *minute < known_until)));
            }
            if is_killed {
                journal.take();
                if other.len() < 2 { file = other; }
                planning = Planning::new(&settings_of(&file), Zone::UTC, journal.kept(Millis(last * MINUTE)));
            } else if what == 1 {
                // It was looked at just before.
                planning.changed();
                planning.due(&names, &Acts::default(), minute(at), &mut journal.entries);
                file = other;
                planning.reload(&settings_of(&file), Zone::UTC);
            } else {
                planning.changed();
            }
            planning.due(&names, &Acts::default(), minute(at), &mut journal.entries);
            let planned = |of: &str| planning.planned().contains(&name(of));
            prop_assert_eq!(planned("web/page"), is_open(&file, "web/page", at));
            prop_assert_eq!(planned("web/tcp"), is_open(&file, "web/tcp", at));
        }
        journal.take();
        for (of, minutes) in expected {
            let told: BTreeSet<i64> =
                journal.of(of).into_iter().flat_map(|(from, to)| from..to.min(at)).collect();
            prop_assert_eq!(told, minutes, "{} {:?}", of, journal.of(of));
        }
    }
}
