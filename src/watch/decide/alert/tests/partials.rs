//! Who hears of others that fail, or come back.

use super::*;

const PARTIAL: &str = "on = [\"ko\", \"ok\", \"partial\", \"flapping\"]";

#[test]
fn a_step_that_was_not_told_hears_of_no_others_that_fail() {
    let mut bench = Bench::new(&steps(PARTIAL));
    bench.fails();
    bench.minutes(2);
    bench.becomes(300, &["a", "b"]);
    assert_eq!(bench.heard(), ["ko to 1", "partial to 1"]);
}

#[test]
fn one_that_fails_in_the_place_of_another_is_told() {
    let mut bench = Bench::new(&simple(PARTIAL));
    bench.fails();
    bench.minutes(2);
    bench.becomes(300, &["b"]);
    assert_eq!(bench.heard(), ["ko to 1", "partial to 1"]);
    bench.becomes(300, &["b", "c"]);
    bench.minutes(2);
    assert_eq!(bench.heard(), ["partial to 1"]);
}

#[test]
fn a_partial_names_none_as_back_who_was_not_told_of() {
    let mut bench = Bench::new(&simple(PARTIAL));
    bench.fails();
    bench.becomes(300, &["a", "b"]);
    bench.heard();
    bench.becomes(300, &["a", "b", "c"]);
    bench.becomes(300, &["a"]);
    bench.minutes(1);
    let sending = bench.begun[0].clone();
    assert_eq!(bench.heard(), ["partial to 1"]);
    assert_eq!(sending.recovered, [name("web/oco/b")]);
}

#[test]
fn who_came_under_maintenance_while_down_is_back_when_it_is_up() {
    let mut bench = Bench::new(&simple(PARTIAL));
    bench.becomes(300, &["a", "b", "c"]);
    bench.heard();
    bench.stand().down = vec!["c"];
    bench.becomes(300, &["a", "b"]);
    let sending = bench.begun[0].clone();
    assert_eq!(bench.heard(), ["partial to 1"]);
    assert_eq!((sending.recovered, sending.failed.len()), (Vec::new(), 2));
    // Of the end nobody is told more than there is.
    bench.stand().down = vec!["b"];
    bench.recovers();
    assert_eq!(bench.begun[0].recovered, [name("web/oco/a"), name("web/oco/c")]);
}

#[test]
fn a_partial_that_fails_is_tried_three_times_and_then_left() {
    let mut bench = Bench::new(&simple(PARTIAL));
    bench.fails();
    bench.heard();
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.becomes(300, &["a", "b"]);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.seconds(5);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.seconds(25);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.answer = Some(Ok(()));
    bench.seconds(1);
    bench.becomes(300, &["a", "b", "c"]);
    assert_eq!(bench.heard(), NOBODY, "what was given up counts as told");
    bench.seconds(59);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.minutes(60);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn while_it_flaps_nobody_is_told_of_others_that_fail() {
    let mut bench = Bench::new(&simple(PARTIAL));
    bench.fails();
    bench.set(|stand| stand.is_flapping = true);
    bench.minutes(2);
    bench.becomes(300, &["a", "b"]);
    bench.minutes(2);
    assert_eq!(bench.heard(), ["ko to 1", "flapping to 1"]);
}
