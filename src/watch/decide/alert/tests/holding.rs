//! What holds an alert, and that it goes out when that ends.

use super::*;

type Change = fn(&mut Stand, bool);

const HOLDS: [(&str, Change); 4] = [
    ("maintenance", |stand, is_held| stand.standing.planned = is_held),
    ("muted", |stand, is_held| stand.is_muted = is_held),
    ("acknowledged", |stand, is_held| stand.is_acked = is_held),
    ("while gateway/ping", |stand, is_held| {
        stand.dependency =
            if is_held { DependencyFact::Ko(name("gateway/ping")) } else { DependencyFact::Clear };
    }),
];

#[test]
fn what_is_held_is_logged_once_and_goes_out_when_the_reason_ends() {
    for (why, change) in HOLDS {
        let mut bench = Bench::new(&simple(""));
        bench.fails();
        bench.recovers();
        bench.heard();
        bench.now.at.0 += 1;
        let at = bench.now.at;
        bench.stand().failing = Some(at);
        bench.stand().standing = Standing::of_code(Code::KO, "why");
        bench.set(|stand| change(stand, true));
        bench.minutes(100);
        assert_eq!(bench.heard(), NOBODY, "{why}");
        assert_eq!(bench.results(), [format!("held: {why}")]);
        bench.set(|stand| change(stand, false));
        assert_eq!(bench.heard(), ["ko to 1"], "{why}");
    }
}

#[test]
fn what_was_held_until_it_was_over_is_never_told() {
    for (why, change) in HOLDS {
        let mut bench = Bench::new(&simple(""));
        bench.set(|stand| change(stand, true));
        let at = bench.now.at;
        bench.set(|stand| {
            stand.failing = Some(at);
            stand.standing.state = State::Ko;
        });
        bench.recovers();
        bench.set(|stand| change(stand, false));
        bench.minutes(100);
        assert_eq!(bench.heard(), NOBODY, "{why}");
    }
}

#[test]
fn what_holds_stops_repetitions_and_steps_but_no_recovery() {
    for (why, change) in HOLDS {
        let mut bench = Bench::new(&steps("every = \"30m\""));
        bench.fails();
        bench.heard();
        bench.set(|stand| change(stand, true));
        bench.minutes(100);
        assert_eq!(bench.heard(), NOBODY, "{why}");
        assert_eq!(bench.results(), [format!("held: {why}")]);
        bench.set(|stand| change(stand, false));
        assert_eq!(bench.heard(), ["ko to 1", "ko to 2", "ko to 3"], "one each, not all that were missed");
        bench.set(|stand| change(stand, true));
        let at = bench.now.at;
        bench.set(|stand| {
            (stand.failing, stand.since) = (None, at);
            stand.standing.state = State::Ok;
        });
        assert_eq!(bench.heard(), ["ok to 1", "ok to 2", "ok to 3"], "{why}");
    }
}

#[test]
fn hours_hold_until_they_come() {
    let mut bench = Bench::new(&simple("hours = \"mon-fri 11:00-12:00\"\nevery = \"5m\""));
    bench.fails();
    bench.minutes(59);
    assert_eq!(bench.heard(), NOBODY);
    assert_eq!(bench.results(), ["held: outside of its hours"]);
    bench.minutes(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.minutes(59);
    assert_eq!(bench.heard().len(), 11);
    bench.minutes(60);
    assert_eq!(bench.heard(), NOBODY);
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"], "it goes to who was told, whatever the time");
}

#[test]
fn the_hours_of_a_step_hold_that_step_alone() {
    let steps = "steps = [{ command = [\"one\"], hours = \"wed 12:00-13:00\" }, { after = \"10m\", command = [\"two\"] }]";
    let mut bench = Bench::new(&alert(steps));
    bench.fails();
    bench.minutes(119);
    assert_eq!(bench.heard(), ["ko to 2"]);
    bench.minutes(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn a_clock_that_is_set_is_noticed_within_a_minute() {
    let mut bench = Bench::new(&simple("hours = \"wed 14:00-15:00\""));
    bench.fails();
    bench.now.wall.0 += 4 * 3_600_000;
    bench.minutes(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn a_step_held_counts_from_the_first_alert_that_went_out() {
    let mut bench = Bench::new(&steps(""));
    bench.stand().is_muted = true;
    bench.fails();
    bench.minutes(30);
    bench.set(|stand| stand.is_muted = false);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 2"]);
}

#[test]
fn an_alert_waits_for_the_probe_of_what_it_depends_on_without_a_word() {
    let mut bench = Bench::new(&simple(""));
    bench.stand().dependency = DependencyFact::Awaited;
    bench.fails();
    bench.seconds(5);
    assert_eq!((bench.heard().len(), bench.results().len()), (0, 0));
    bench.stand().dependency = DependencyFact::Clear;
    bench.seconds(1);
    assert_eq!(bench.heard(), ["ko to 1"], "though nobody says that it is known now");
}

#[test]
fn while_it_is_us_nothing_is_told_and_nothing_is_said_of_it() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"unknown\", \"flapping\"]\nevery = \"1m\""));
    bench.fails();
    bench.heard();
    bench.known.is_canary_lost = true;
    bench.minutes(5);
    bench.becomes(0, &[]);
    bench.stand().is_flapping = true;
    bench.minutes(5);
    assert_eq!((bench.heard().len(), bench.results().len()), (0, 0));
    bench.stand().is_flapping = false;
    bench.known.is_canary_lost = false;
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn each_hold_is_an_episode_of_its_own() {
    let mut bench = Bench::new(&simple("every = \"10m\""));
    for _ in 0..2 {
        bench.fails();
        bench.minutes(5);
        for _ in 0..2 {
            bench.set(|stand| stand.is_muted = true);
            bench.minutes(30);
            bench.set(|stand| stand.is_muted = false);
            bench.minutes(1);
        }
        assert_eq!(bench.results(), ["held: muted", "held: muted"]);
        bench.recovers();
    }
}
