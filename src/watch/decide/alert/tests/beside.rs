//! What is told beside failures: but, unknown, flapping, incidents, and what somebody says.

use super::*;

const ALL: &str = "on = [\"ko\", \"ok\", \"but\", \"unknown\", \"flapping\", \"incident\"]";

fn incident(bench: &mut Bench) {
    let mut said = Vec::new();
    bench.alerts.incident(&bench.of, &bench.known, bench.now, &mut said);
    bench.take(said);
}

fn direct(bench: &mut Bench, text: &str) -> Direct {
    let mut said = Vec::new();
    let direct =
        bench.alerts.direct(std::slice::from_ref(&bench.of), text, &bench.known, bench.now, &mut said);
    bench.take(said);
    direct
}

#[test]
fn but_is_told_once_an_episode_and_to_the_first_step() {
    let mut bench = Bench::new(&steps(ALL));
    bench.becomes(210, &[]);
    bench.observe();
    bench.minutes(60);
    assert_eq!(bench.heard(), ["but to 1"]);
    bench.recovers();
    assert_eq!(bench.heard(), NOBODY, "it was no failure");
    assert!(bench.rows.is_empty());
    bench.becomes(210, &[]);
    assert_eq!(bench.heard(), ["but to 1"]);
}

#[test]
fn but_that_waits_for_hours_is_told_then_if_it_still_is() {
    let mut bench = Bench::new(&simple("on = [\"but\"]\nhours = \"wed 11:00-12:00\""));
    bench.becomes(210, &[]);
    bench.minutes(59);
    assert_eq!(bench.results(), ["held: outside of its hours"]);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(1);
    assert_eq!(bench.heard(), ["but to 1"]);
    bench.minutes(60);
    bench.recovers();
    bench.becomes(210, &[]);
    bench.recovers();
    bench.minutes(60 * 24 * 7);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn unknown_is_told_when_it_lasts_longer_than_a_start() {
    let mut bench = Bench::new(&simple(ALL));
    bench.becomes(0, &[]);
    bench.seconds(19);
    bench.recovers();
    bench.becomes(0, &[]);
    bench.seconds(19);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["unknown to 1"]);
    bench.minutes(60);
    bench.recovers();
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn what_was_unknown_while_it_was_us_has_to_last_anew_when_it_is_us_no_longer() {
    let mut bench = Bench::new(&simple(ALL));
    bench.known.is_canary_lost = true;
    bench.becomes(0, &[]);
    bench.minutes(10);
    assert_eq!(bench.heard(), NOBODY);
    (bench.known.is_canary_lost, bench.known.heard_since) = (false, bench.now.at);
    bench.observe();
    bench.seconds(19);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["unknown to 1"]);
}

#[test]
fn what_is_but_for_unknown_members_alone_has_to_last_as_unknown_does() {
    let mut bench = Bench::new(&simple(ALL));
    bench.stand().is_in_doubt = true;
    bench.becomes(210, &[]);
    bench.seconds(19);
    bench.recovers();
    bench.becomes(210, &[]);
    bench.seconds(19);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["but to 1"]);
    // Once a member is but, or down, it does not wait.
    bench.recovers();
    bench.becomes(210, &[]);
    bench.seconds(1);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_in_doubt = false);
    assert_eq!(bench.heard(), ["but to 1"]);
}

#[test]
fn what_was_told_of_an_episode_is_not_told_again_after_a_restart() {
    for code in [0, 210] {
        let mut bench = Bench::new(&simple(ALL));
        bench.becomes(code, &[]);
        bench.minutes(1);
        assert_eq!(bench.heard().len(), 1);
        bench.restart(&simple(ALL));
        bench.minutes(60);
        assert_eq!(bench.heard(), NOBODY);
    }
    let mut bench = Bench::new(&simple(ALL));
    bench.set(|stand| stand.is_flapping = true);
    bench.restart(&simple(ALL));
    assert_eq!(bench.heard(), ["flapping to 1"]);
}

#[test]
fn flapping_is_told_once_an_episode() {
    let mut bench = Bench::new(&simple(ALL));
    for _ in 0..2 {
        bench.set(|stand| stand.is_flapping = true);
        bench.becomes(210, &[]);
        bench.becomes(0, &[]);
        bench.minutes(10);
        bench.recovers();
        assert_eq!(bench.heard(), ["flapping to 1"]);
        bench.set(|stand| stand.is_flapping = false);
        assert_eq!(bench.heard(), NOBODY);
        assert!(bench.rows.is_empty());
    }
}

#[test]
fn nothing_beside_failures_is_told_to_who_did_not_ask() {
    let mut bench = Bench::new(&simple(""));
    bench.becomes(210, &[]);
    bench.becomes(0, &[]);
    bench.minutes(5);
    bench.set(|stand| stand.is_flapping = true);
    incident(&mut bench);
    assert_eq!(bench.heard(), NOBODY);
    assert!(bench.rows.is_empty());
}

#[test]
fn an_incident_is_told_and_told_again_when_its_time_passes_though_somebody_acknowledged() {
    let mut bench = Bench::new(&simple("on = [\"incident\", \"ok\"]"));
    bench.becomes(500, &["a"]);
    assert_eq!(bench.heard(), NOBODY);
    incident(&mut bench);
    assert_eq!(bench.heard(), ["incident to 1"]);
    bench.set(|stand| stand.is_acked = true);
    bench.minutes(20);
    assert_eq!(bench.heard(), NOBODY);
    incident(&mut bench);
    assert_eq!(bench.heard(), ["incident to 1"]);
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"], "who was told of the failure by its incident hears of its end");
    assert!(bench.rows.is_empty());
}

#[test]
fn an_incident_that_is_held_goes_out_when_that_ends_even_after_a_restart() {
    let file = simple("on = [\"incident\"]");
    let mut bench = Bench::new(&file);
    bench.stand().is_muted = true;
    bench.becomes(500, &["a"]);
    incident(&mut bench);
    assert_eq!(bench.results(), ["held: muted"]);
    bench.restart(&file);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_muted = false);
    assert_eq!(bench.heard(), ["incident to 1"]);
    bench.restart(&file);
    bench.minutes(60);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_muted = true);
    incident(&mut bench);
    bench.recovers();
    bench.set(|stand| stand.is_muted = false);
    assert_eq!(bench.heard(), NOBODY, "it is over");
    assert!(bench.rows.is_empty());
}

#[test]
fn what_somebody_says_goes_to_the_first_step_whatever_the_state_is() {
    let mut bench = Bench::new(&steps(""));
    let told = direct(&mut bench, "hello");
    assert_eq!(told, Direct { took: vec!["ops: one".to_owned()], held: Vec::new() });
    assert_eq!(bench.heard(), ["hello to 1"]);
    assert!(bench.rows.is_empty());
    bench.stand().standing.planned = true;
    bench.stand().is_flapping = true;
    bench.stand().dependency = DependencyFact::Ko(name("gateway/ping"));
    direct(&mut bench, "again");
    assert_eq!(bench.heard(), ["again to 1"], "only hours and mutes hold it");
}

#[test]
fn what_somebody_says_waits_for_the_end_of_a_mute_and_for_hours() {
    let file = simple("hours = \"wed 11:00-12:00\"");
    let mut bench = Bench::new(&file);
    bench.stand().is_muted = true;
    for text in ["one", "two"] {
        let told = direct(&mut bench, text);
        assert_eq!(told, Direct { took: Vec::new(), held: vec!["ops: muted".to_owned()] });
    }
    assert_eq!(bench.results(), ["held: muted"]);
    bench.minutes(10);
    bench.set(|stand| stand.is_muted = false);
    bench.restart(&file);
    bench.minutes(49);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(1);
    assert_eq!(bench.heard(), ["one to 1", "two to 1"]);
    assert!(bench.rows.is_empty());
}

#[test]
fn what_somebody_says_is_bounded_while_it_waits() {
    let mut bench = Bench::new(&simple(""));
    bench.stand().is_muted = true;
    for _ in 0..DIRECT_WAITING {
        assert_eq!(direct(&mut bench, "x").held.len(), 1);
    }
    assert_eq!(direct(&mut bench, "x"), Direct::default());
}

#[test]
fn a_notice_that_fails_is_tried_three_times_and_then_left() {
    let mut bench = Bench::new(&simple(ALL));
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.becomes(210, &[]);
    bench.minutes(60);
    assert_eq!(bench.heard(), ["but to 1", "but to 1", "but to 1"]);
    assert_eq!(bench.failures, [(1, false), (2, false), (3, true)]);
    assert_eq!(bench.results(), ["failed: exit 1"]);
}
