//! What is remembered over restarts, reloads and commands that fail.

use super::*;

#[test]
fn a_restart_goes_on_where_it_was() {
    let file = steps("every = \"30m\"\nlimit = 2");
    let mut bench = Bench::new(&file);
    bench.fails();
    bench.minutes(15);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2"]);
    bench.restart(&file);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(5);
    assert_eq!(bench.heard(), ["ko to 3"]);
    bench.restart(&file);
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.restart(&file);
    bench.minutes(600);
    assert_eq!(bench.heard(), ["ko to 2", "ko to 3"]);
    bench.recovers();
    assert_eq!(bench.heard().len(), 3);
    bench.restart(&file);
    bench.minutes(600);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn a_recovery_that_came_while_nobody_watched_is_told() {
    let file = simple("");
    let mut bench = Bench::new(&file);
    bench.becomes(300, &["a", "b"]);
    bench.heard();
    bench.stand().failing = None;
    bench.stand().failed.clear();
    bench.stand().standing = Standing::of_code(Code::OK, "");
    bench.restart(&file);
    let sending = bench.begun[0].clone();
    assert_eq!(sending.recovered, [name("web/oco/a"), name("web/oco/b")]);
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn who_is_unknown_after_a_restart_has_not_recovered() {
    let file = simple("");
    let mut bench = Bench::new(&file);
    bench.fails();
    bench.heard();
    bench.stand().failing = None;
    bench.stand().standing = Standing::default();
    bench.restart(&file);
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn a_kill_before_the_note_repeats_the_command_and_nothing_else_does() {
    let file = simple("");
    let mut bench = Bench::new(&file);
    bench.answer = None;
    bench.fails();
    bench.observe();
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 1"], "it runs");
    bench.restart(&file);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.end_all();
    bench.restart(&file);
    assert_eq!(bench.heard(), NOBODY);
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
    bench.restart(&file);
    assert_eq!(bench.heard(), ["ok to 1"]);
    bench.end_all();
    bench.restart(&file);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn a_command_that_fails_is_tried_three_times_with_growing_pauses() {
    let mut bench = Bench::new(&simple("every = \"30m\""));
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.seconds(4);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.seconds(24);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(1);
    assert_eq!(bench.heard(), ["ko to 1"]);
    assert_eq!(bench.failures, [(1, false), (2, false), (3, true)]);
    assert_eq!(bench.results(), ["failed: exit 1"]);
    bench.minutes(29);
    assert_eq!(bench.heard(), NOBODY);
    bench.answer = Some(Ok(()));
    bench.minutes(1);
    assert_eq!(bench.heard(), ["ko to 1"], "where it is told again, so is what failed");
    assert_eq!(bench.rows.values().next().unwrap().count, 1);
}

#[test]
fn a_failure_that_could_not_be_told_has_no_recovery() {
    let mut bench = Bench::new(&simple(""));
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.fails();
    bench.minutes(60);
    assert_eq!(bench.heard().len(), 3);
    bench.recovers();
    bench.minutes(60);
    assert_eq!(bench.heard(), NOBODY);
    bench.answer = Some(Ok(()));
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn a_recovery_that_fails_is_tried_for_a_day() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    bench.heard();
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.recovers();
    bench.seconds(70);
    assert_eq!(bench.heard().len(), 3);
    bench.minutes(5);
    assert_eq!(bench.heard().len(), 1);
    bench.minutes(60 * 24 - 10);
    assert_eq!((bench.rows.len(), bench.failures.len()), (1, 3), "the log has the first tries");
    bench.minutes(10);
    assert!(bench.rows.is_empty());
    assert_eq!(bench.failures.last().map(|(_, is_final)| *is_final), Some(true));
    bench.heard();
    bench.minutes(60 * 24);
    assert_eq!(bench.heard(), NOBODY);
}

#[test]
fn a_failure_during_a_recovery_that_fails_is_told_at_once_and_has_one_recovery() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.recovers();
    bench.minutes(20);
    bench.heard();
    bench.answer = Some(Ok(()));
    bench.seconds(1);
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.minutes(20);
    bench.recovers();
    bench.minutes(20);
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn a_recovery_waits_for_the_command_that_tells_of_the_failure() {
    let mut bench = Bench::new(&simple(""));
    bench.answer = None;
    bench.fails();
    bench.recovers();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.end_all();
    assert_eq!(bench.heard(), ["ok to 1"]);
    bench.end_all();
    bench.fails();
    bench.recovers();
    bench.answer = Some(Err("time-out".to_owned()));
    bench.end_all();
    bench.minutes(60);
    assert_eq!(bench.heard(), ["ko to 1"], "nobody was told, and it is over");
}

#[test]
fn a_recovery_that_runs_when_it_fails_again_ends_before_that_is_told() {
    for answer in [Ok(()), Err("exit 1".to_owned())] {
        let mut bench = Bench::new(&simple(""));
        bench.fails();
        bench.heard();
        bench.answer = None;
        bench.seconds(1);
        bench.recovers();
        bench.seconds(1);
        bench.fails();
        assert_eq!(bench.heard(), ["ok to 1"]);
        bench.answer = Some(answer);
        let answer = bench.answer.clone();
        let sending = bench.running.pop_front().unwrap();
        let mut said = Vec::new();
        bench.alerts.done(sending.id, answer.unwrap(), bench.now, &mut said);
        bench.answer = Some(Ok(()));
        bench.take(said);
        assert_eq!(bench.heard(), ["ko to 1"]);
        bench.recovers();
        assert_eq!(bench.heard(), ["ok to 1"]);
        assert!(bench.rows.is_empty());
    }
}

#[test]
fn a_reload_of_the_same_file_changes_nothing() {
    let file = steps("every = \"30m\"");
    let mut bench = Bench::new(&file);
    bench.fails();
    bench.heard();
    bench.reload(&file);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 2"]);
}

#[test]
fn who_was_told_by_an_alert_that_is_gone_hears_of_the_end_and_of_nothing_else() {
    for is_restart in [false, true] {
        let mut bench = Bench::new(&steps("every = \"1m\""));
        bench.fails();
        bench.heard();
        if is_restart {
            bench.restart("");
        } else {
            bench.reload("");
        }
        bench.minutes(60);
        assert_eq!(bench.heard(), NOBODY);
        bench.recovers();
        assert_eq!(bench.begun[0].command, ["one"]);
        assert_eq!(bench.heard(), ["ok to 1"]);
        assert!(bench.alerts.names().is_empty());
    }
}

#[test]
fn a_recovery_that_was_promised_goes_though_the_alert_does_not_tell_of_them_any_more() {
    let mut bench = Bench::new(&simple("every = \"1m\""));
    bench.fails();
    bench.reload(&simple("on = [\"ko\"]\nevery = \"1m\""));
    bench.minutes(1);
    bench.heard();
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn another_command_in_a_steps_place_is_told_of_the_failure_and_both_of_its_end() {
    let file = |command: &str| alert(&format!("every = \"30m\"\ncommand = [\"{command}\"]"));
    let mut bench = Bench::new(&file("old"));
    bench.fails();
    bench.minutes(5);
    bench.heard();
    bench.reload(&file("new"));
    assert_eq!(bench.begun[0].command, ["new"]);
    bench.restart(&file("new"));
    bench.minutes(31);
    let commands: Vec<String> = bench.begun.drain(..).map(|sending| sending.command.concat()).collect();
    assert_eq!(commands, ["new", "new"], "the old one hears nothing more until the end");
    bench.recovers();
    let mut commands: Vec<String> = bench.begun.drain(..).map(|sending| sending.command.concat()).collect();
    commands.sort();
    assert_eq!(commands, ["new", "old"]);
    assert!(bench.rows.is_empty());
}

#[test]
fn an_alert_that_is_new_tells_of_what_fails() {
    let mut bench = Bench::new("");
    bench.fails();
    bench.minutes(60);
    bench.reload(&simple("after = \"10m\""));
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn who_was_told_of_something_that_is_not_watched_any_more_is_told_so() {
    for is_restart in [false, true] {
        let file = simple("on = [\"ko\", \"ok\", \"flapping\"]");
        let mut bench = Bench::new(&file);
        bench.fails();
        bench.set(|stand| stand.is_flapping = true);
        bench.heard();
        bench.known.objects.clear();
        if is_restart {
            bench.restart(&file);
        } else {
            bench.observe();
        }
        assert_eq!(&*bench.begun[0].standing.reason, "not watched any more");
        assert_eq!(bench.heard(), ["ok to 1"]);
        assert!(bench.rows.is_empty() && bench.alerts.names().is_empty());
    }
}

#[test]
fn a_failure_that_began_while_it_flapped_is_not_told_by_a_restart() {
    let file = simple("on = [\"ko\", \"ok\"]");
    let mut bench = Bench::new(&file);
    bench.set(|stand| stand.is_flapping = true);
    bench.seconds(5);
    bench.fails();
    bench.restart(&file);
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn flapping_of_which_was_told_stays_quiet_over_a_restart() {
    let file = simple("on = [\"ko\", \"ok\", \"flapping\"]");
    let mut bench = Bench::new(&file);
    bench.stand().is_flapping = true;
    bench.fails();
    bench.seconds(5);
    bench.recovers();
    bench.seconds(5);
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1", "flapping to 1"]);
    bench.restart(&file);
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn many_failed_members_are_remembered_without_filling_the_journal() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"partial\"]"));
    bench.fails();
    let told = bench.rows.values_mut().next().unwrap();
    told.note = r#"{"owed":true,"ok":true}"#.to_owned();
    bench.heard();
    bench.restart(&simple("on = [\"ko\", \"ok\", \"partial\"]"));
    bench.minutes(5);
    assert_eq!(bench.heard(), NOBODY, "who failed before is not known");
    bench.becomes(300, &["a", "b"]);
    assert_eq!(bench.heard(), ["partial to 1"]);
    bench.restart(&simple(""));
    bench.rows.values_mut().next().unwrap().note = "?".to_owned();
    bench.restart(&simple(""));
    bench.recovers();
    assert_eq!(bench.begun[0].recovered.len(), 3, "all of them, where it is not known");
    assert_eq!(bench.heard(), ["ok to 1"], "what can't be read is a recovery rather than none");
}

#[test]
fn a_command_that_the_file_has_again_goes_on_with_what_it_was_told() {
    let file = |command: &str| alert(&format!("every = \"30m\"\nlimit = 2\ncommand = [\"{command}\"]"));
    let swapped = |one: &str, two: &str| {
        alert(&format!("steps = [{{ command = [\"{one}\"] }}, {{ command = [\"{two}\"] }}]"))
    };
    let mut bench = Bench::new(&file("old"));
    bench.fails();
    bench.reload(&file("new"));
    bench.heard();
    bench.restart(&file("new"));
    bench.reload(&file("old"));
    bench.minutes(29);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(1);
    assert_eq!(bench.begun[0].count, 2);
    bench.heard();
    bench.reload(&swapped("new", "old"));
    bench.restart(&swapped("old", "new"));
    bench.minutes(60);
    assert_eq!(bench.heard(), NOBODY);
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1", "ok to 2"]);
    assert!(bench.rows.is_empty());
}
