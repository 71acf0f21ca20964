//! Reports over a journal that was made by the watcher's own writer: the same figures in each format.

mod formats;
mod people;
mod programs;
mod sending;
mod world;

use super::figures::{Verdict, letters};
use super::*;
use oco_fleet::availability::{Durations, Percent};
use oco_fleet::level::Account;
use oco_fleet::time::Millis;
use world::{Scene, at};

#[test]
fn a_months_report_tells_what_was() {
    let scene = Scene::new();
    let report = scene.report(&["node:shop"], "2026-10");
    assert_eq!(report.title, "The shop");
    let names: Vec<String> =
        report.members.iter().map(|member| format!("{}{}", member.depth, member.name)).collect();
    assert_eq!(names, ["0node:shop", "1web/page", "1db/pg", "1push/%E4%B8%AD%E6%96%87"]);
    let shop = &report.members[0];
    // Ko for an hour, of which the correction takes a half; and for two hours, as planned.
    let month = report.period.to.since(report.period.from);
    assert_eq!((shop.durations.ko, shop.durations.planned), (1_800_000, 7_200_000));
    assert_eq!(shop.durations.total(), month);
    assert_eq!(shop.measured, Percent::of(month - 9_000_000, month));
    assert_eq!(shop.contractual, Percent::of(month - 9_000_000, month - 7_200_000));
    assert_eq!((shop.outages, shop.longest), (2, 7_200_000));
    let bar = letters(&shop.bar);
    assert_eq!((bar.len(), bar.matches('k').count(), bar.matches('p').count()), (31, 1, 1));
    assert_eq!((bar.chars().nth(4), bar.chars().nth(9)), (Some('k'), Some('p')));
    let level = &report.levels[0];
    assert_eq!(
        (level.name.as_str(), level.target, level.verdict),
        ("slo:shop", Percent(99_900), Verdict::Met)
    );
    assert_eq!((level.spent, level.budget), (1_800_000, month / 1000));
    assert_eq!(report.levels.len(), 1, "the level's own period is the report's");
    let names: Vec<&str> = report.outages.iter().map(|outage| outage.name.as_str()).collect();
    assert_eq!(names, ["db/pg", "node:shop", "node:shop", "web/page"]);
    let outage = &report.outages[1];
    assert_eq!((outage.from, outage.length()), (at("2026-10-05T10:30:00Z"), 1_800_000));
    assert_eq!(outage.reason, "1 of 3 down: db/pg");
    assert_eq!(report.incidents.len(), 1);
    assert_eq!(report.incidents[0].who.as_deref(), Some("eve"));
    let works: Vec<&str> = report.maintenance.iter().map(|work| work.text.as_str()).collect();
    assert_eq!(works, ["new disks", "backup"]);
    assert_eq!(report.corrections.len(), 1);
    assert_eq!(
        (report.corrections[0].who.as_str(), report.corrections[0].text.as_str()),
        ("eve", "=probe was wrong")
    );
}

#[test]
fn levels_are_told_for_each_of_their_own_periods() {
    let scene = Scene::new();
    let report = scene.report(&["slo:shop"], "2026-Q3");
    let parts: Vec<bool> = report.levels.iter().map(|level| level.is_part).collect();
    assert_eq!(parts, [false, true, true, true]);
    assert_eq!(report.levels[1].verdict, Verdict::NoData, "the journal began later");
    assert_eq!(report.levels[0].budget, report.levels[1..].iter().map(|level| level.budget).sum::<i64>());
}

#[test]
fn a_time_that_is_not_over_ends_now_and_says_so() {
    let scene = Scene::new();
    let report = scene.report(&["node:shop"], "2026-11");
    assert!(!report.period.is_over());
    assert_eq!((report.period.until, report.levels[0].verdict), (scene.now, Verdict::MetSoFar));
    assert!(letters(&report.members[0].bar).ends_with(' '), "what is to come is not told");
    let html = String::from_utf8(write(&report, Format::Html, &[]).unwrap()).unwrap();
    assert!(html.contains("This time is not over"), "{html}");
    // The same level reckoned as the watcher does it has the whole month's budget.
    let month = report.levels[0].to.since(report.levels[0].from);
    assert_eq!(report.levels[0].budget, month / 1000);
}

#[test]
fn a_promise_is_broken_early_only_when_its_budget_is_spent() {
    let account = |spent: i64, budget: i64, is_met: bool| Account {
        from: Millis(0),
        to: Millis(1000),
        time: 1000,
        durations: Durations::default(),
        budget,
        spent,
        left: budget - spent,
        measured: None,
        contractual: None,
        is_met: Some(is_met),
    };
    for (account, is_over, verdict) in [
        // Two days into the month, with a share below the target.
        (account(9, 10, false), false, Verdict::MetSoFar),
        (account(10, 10, false), false, Verdict::MissedSoFar),
        (account(0, 0, true), false, Verdict::MetSoFar),
        (account(1, 0, false), false, Verdict::MissedSoFar),
        (account(9, 10, true), true, Verdict::Met),
        (account(9, 10, false), true, Verdict::Missed),
    ] {
        assert_eq!(Verdict::of(&account, is_over), verdict, "{account:?}");
    }
}

#[test]
fn without_a_watcher_it_is_known_until_its_last_sign_of_life() {
    let scene = Scene::new();
    let alive = scene.heartbeat;
    let later = Known { now: Millis(alive.0 + 86_400_000), is_watched: false };
    let report = scene.report_as(&["node:shop"], "2026-11", later).unwrap();
    assert_eq!((report.made.known, report.members[0].durations.no_data), (alive, 86_400_000));
    // A watcher whose journal is not written does not help.
    let hangs = Known { is_watched: true, ..later };
    let report = scene.report_as(&["node:shop"], "2026-11", hangs).unwrap();
    assert_eq!((report.made.is_watched, report.members[0].durations.no_data), (false, 86_400_000));
}

#[test]
fn what_is_not_known_is_said_in_one_line() {
    let scene = Scene::new();
    for (names, period, part) in [
        (&["web/no"][..], "2026-10", "web/no: nothing is known by that name"),
        (&["node:shop"], "2026-13", "expected"),
        (&["node:shop"], "2027", "not begun"),
        (&["a b"], "2026-10", "expected"),
    ] {
        let error = scene.report_as(names, period, scene.known()).unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
    }
    let mut settings = scene.settings.clone();
    settings.journal = scene.dir.path().join("none.db");
    assert!(oco_fleet::journal::Reader::open(&settings.journal).is_err());
}

/// A year of 200 members is to be a PDF in less than two seconds: `cargo test --release -p ocoboard year -- --ignored
/// --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_year_of_200_members() {
    let scene = Scene::large(200, 100);
    let begin = std::time::Instant::now();
    let report = scene.report(&["node:all"], "2025");
    let gathered = begin.elapsed();
    assert_eq!(report.members.len(), 201);
    println!("gathered {gathered:?}, {} outages", report.outages.len());
    for format in Format::ALL {
        let begin = std::time::Instant::now();
        let octets = write(&report, format, &[]).unwrap();
        println!("{} {:?}, {} octets", format.word(), begin.elapsed(), octets.len());
        assert!(cfg!(debug_assertions) || begin.elapsed() + gathered < std::time::Duration::from_secs(2));
    }
}
