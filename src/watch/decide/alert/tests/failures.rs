//! Failures: who is told when, how often, and that they are over.

use super::*;

#[test]
fn a_failure_is_told_once_and_so_is_its_end() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    bench.minutes(600);
    assert_eq!(bench.heard(), ["ko to 1"]);
    assert_eq!(bench.rows.len(), 1);
    bench.recovers();
    bench.minutes(600);
    assert_eq!(bench.heard(), ["ok to 1"]);
    assert!(bench.rows.is_empty() && bench.alerts.names().is_empty());
    assert_eq!(bench.alerts.deadline(), None, "nothing is looked at while all is well");
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn one_alert_names_all_failed_hosts_and_the_recovery_those_that_came_back() {
    let mut bench = Bench::new(&simple(""));
    bench.becomes(300, &["a", "c"]);
    let sending = bench.begun.pop().unwrap();
    let names: Vec<&str> = sending.failed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, sending.all.len()), (vec!["web/oco/a", "web/oco/c"], 3));
    bench.becomes(210, &["c"]);
    let sending = bench.begun.pop().unwrap();
    assert_eq!((sending.event, sending.standing.state), (AlertEvent::Ok, State::But));
    assert_eq!(sending.recovered, [name("web/oco/a")]);
}

#[test]
fn who_fails_for_a_shorter_time_than_after_is_not_told_of() {
    let mut bench = Bench::new(&simple("after = \"1m\""));
    bench.fails();
    bench.seconds(59);
    bench.recovers();
    bench.minutes(10);
    assert_eq!(bench.heard(), NOBODY);
    bench.fails();
    bench.seconds(59);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn after_three_probes_is_two_intervals_after_the_first() {
    let mut bench = Bench::new(&simple("after = 3"));
    bench.fails();
    bench.seconds(19);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn steps_follow_the_first_alert() {
    let mut bench = Bench::new(&steps("after = \"5m\""));
    bench.fails();
    bench.minutes(5);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.pass(10 * MINUTE - 1);
    assert_eq!(bench.heard(), NOBODY);
    bench.pass(1);
    assert_eq!(bench.heard(), ["ko to 2"]);
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 3"]);
}

#[test]
fn a_recovery_goes_to_those_who_were_told_and_to_nobody_else() {
    let mut bench = Bench::new(&steps(""));
    bench.fails();
    bench.minutes(15);
    bench.heard();
    bench.recovers();
    bench.minutes(60);
    assert_eq!(bench.heard(), ["ok to 1", "ok to 2"]);
}

#[test]
fn it_is_told_again_to_each_step_reached_until_the_limit() {
    let mut bench = Bench::new(&steps("every = \"30m\"\nlimit = 3"));
    bench.fails();
    bench.minutes(25);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2", "ko to 3"]);
    bench.minutes(30);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2", "ko to 3"]);
    assert_eq!(bench.rows.values().map(|told| told.count).collect::<Vec<_>>(), [2, 2, 2]);
    bench.minutes(30);
    bench.heard();
    bench.minutes(600);
    assert_eq!(bench.heard(), NOBODY, "three each are the limit");
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1", "ok to 2", "ok to 3"]);
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"], "another failure counts anew");
}

#[test]
fn unknown_during_a_failure_tells_nothing_new() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"unknown\"]\nevery = \"30m\""));
    bench.fails();
    bench.heard();
    bench.becomes(0, &[]);
    bench.minutes(100);
    assert_eq!(bench.heard(), NOBODY);
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"], "it is the same failure, and was told 100 minutes ago");
    bench.becomes(0, &[]);
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn an_alert_that_does_not_tell_of_ko_tells_of_no_end_of_it() {
    let mut bench = Bench::new(&simple("on = [\"ok\"]"));
    bench.fails();
    bench.recovers();
    assert_eq!(bench.heard(), NOBODY);
    let mut bench = Bench::new(&simple("on = [\"ko\"]"));
    bench.fails();
    bench.recovers();
    assert_eq!(bench.heard(), ["ko to 1"]);
    assert!(bench.rows.is_empty());
}

#[test]
fn others_that_fail_are_told_once_a_minute() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"partial\"]\nlimit = 1"));
    bench.fails();
    bench.heard();
    bench.seconds(10);
    bench.becomes(300, &["a", "b"]);
    assert_eq!(bench.heard(), ["partial to 1"], "the first comes at once");
    bench.seconds(59);
    bench.becomes(300, &["b"]);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    let sending = bench.begun[0].clone();
    assert_eq!(sending.recovered, [name("web/oco/a")]);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY, "the same ones fail");
    bench.becomes(300, &["b", "c"]);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.seconds(30);
    bench.becomes(300, &["b"]);
    bench.becomes(300, &["b", "c"]);
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY, "who came and went within the minute is not told");
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn a_partial_is_for_who_was_told_and_asked_for_it() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    bench.heard();
    bench.minutes(5);
    bench.becomes(300, &["a", "b"]);
    assert_eq!(bench.heard(), NOBODY);
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"partial\"]\nafter = \"10m\""));
    bench.fails();
    bench.minutes(5);
    bench.becomes(300, &["a", "b"]);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn a_recovery_names_all_that_failed_though_only_the_first_were_told() {
    let mut bench = Bench::new(&simple(""));
    bench.becomes(300, &["b"]);
    bench.heard();
    bench.becomes(300, &["a", "b"]);
    bench.recovers();
    assert_eq!(bench.begun[0].recovered, [name("web/oco/a"), name("web/oco/b")]);
    assert_eq!(bench.heard(), ["ok to 1"]);
    bench.becomes(300, &["c"]);
    bench.heard();
    bench.recovers();
    assert_eq!(
        bench.begun[0].recovered,
        [name("web/oco/c")],
        "those of an earlier failure are not among them"
    );
}

#[test]
fn repetitions_come_on_time_whatever_partials_do() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"partial\"]\nevery = \"10m\""));
    bench.fails();
    bench.minutes(8);
    bench.becomes(300, &["a", "b"]);
    bench.heard();
    bench.minutes(2);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn the_failure_with_which_flapping_began_is_told_as_ever_and_then_nothing_until_it_is_calm() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"flapping\"]\nevery = \"1m\""));
    bench.stand().is_flapping = true;
    bench.fails();
    bench.seconds(5);
    assert_eq!(bench.heard(), ["ko to 1", "flapping to 1"]);
    bench.minutes(3);
    bench.recovers();
    bench.minutes(1);
    bench.fails();
    bench.minutes(3);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["ko to 1"], "it still fails");
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn after_flapping_a_failure_that_goes_on_is_told_once_more() {
    let mut bench = Bench::new(&steps(""));
    bench.fails();
    bench.set(|stand| stand.is_flapping = true);
    bench.minutes(15);
    assert_eq!(bench.heard(), ["ko to 1"], "no further step while it flaps");
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2"]);
    bench.minutes(4);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn a_recovery_waits_until_it_is_calm() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    bench.heard();
    bench.stand().is_flapping = true;
    bench.recovers();
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn a_failure_that_began_while_it_flapped_is_told_when_it_is_calm() {
    let mut bench = Bench::new(&simple(""));
    bench.set(|stand| stand.is_flapping = true);
    bench.fails();
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn a_level_and_a_node_are_told_of_like_a_service() {
    for of in ["node:shop", "slo:shop"] {
        let mut bench = Bench::new(&simple(""));
        bench.of = name(of);
        bench.fails();
        bench.recovers();
        assert_eq!(bench.heard(), ["ko to 1", "ok to 1"], "{of}");
    }
}

#[test]
fn who_is_in_no_alert_and_a_target_are_nobodys_business() {
    let mut bench = Bench::new("[[alert]]\nof = [\"node:shop\"]\ncommand = [\"x\"]");
    bench.fails();
    bench.of = name("web/oco/a");
    bench.observe();
    assert_eq!(bench.heard(), NOBODY);
    assert_eq!(bench.alerts.deadline(), None);
}

#[test]
fn steps_of_the_clock_delay_nothing_and_hurry_nothing() {
    let mut bench = Bench::new(&steps("after = \"1m\"\nevery = \"30m\""));
    bench.fails();
    bench.now.wall.0 -= 3_600_000;
    bench.seconds(59);
    bench.now.at.0 += 7_200_000;
    bench.observe();
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.now.at.0 += 7_200_000;
    bench.now.wall.0 += 7_200_000;
    bench.minutes(9);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(1);
    assert_eq!(bench.heard(), ["ko to 2"]);
}
