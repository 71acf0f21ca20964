//! What comes up while something else is told, held, or tried again.

use super::*;

fn say(bench: &mut Bench, text: &str) {
    let mut said = Vec::new();
    bench.alerts.direct(std::slice::from_ref(&bench.of), text, &bench.known, bench.now, &mut said);
    bench.take(said);
}

fn incident(bench: &mut Bench) {
    let mut said = Vec::new();
    bench.alerts.incident(&bench.of, &bench.known, bench.now, &mut said);
    bench.take(said);
}

/// The command that runs the longest ends.
fn end_first(bench: &mut Bench, result: Result<(), String>) {
    let ended = bench.running.pop_front().unwrap();
    let mut said = Vec::new();
    bench.alerts.done(ended.id, result, bench.now, &mut said);
    bench.take(said);
    bench.due();
}

#[test]
fn a_failure_in_the_place_of_another_is_told_as_a_new_one() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.minutes(5);
    let at = bench.now.at;
    bench.set(|stand| stand.failing = Some(at));
    let sending = bench.begun[0].clone();
    assert_eq!((sending.count, sending.failing), (1, Some(at)));
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn a_new_failure_does_not_wait_for_the_command_of_the_last_one_to_be_tried_again() {
    let mut bench = Bench::new(&simple(""));
    bench.answer = None;
    bench.fails();
    bench.recovers();
    bench.minutes(1);
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
    end_first(&mut bench, Err("exit 1".to_owned()));
    assert_eq!(bench.heard(), ["ko to 1"], "at once");
}

#[test]
fn what_runs_is_not_begun_again() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"ok\", \"but\"]"));
    bench.fails();
    bench.heard();
    bench.answer = None;
    bench.recovers();
    bench.observe();
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ok to 1"]);
    bench.answer = Some(Ok(()));
    bench.end_all();
    bench.answer = None;
    bench.becomes(210, &[]);
    bench.observe();
    bench.minutes(10);
    assert_eq!(bench.heard(), ["but to 1"]);
}

#[test]
fn a_command_that_runs_while_the_file_gets_another_is_told_of_one_end() {
    let mut bench = Bench::new(&simple("every = \"1m\""));
    bench.fails();
    bench.answer = None;
    bench.minutes(1);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 1"]);
    bench.reload(&alert("every = \"1h\"\ncommand = [\"other\"]"));
    assert_eq!(bench.heard(), NOBODY);
    bench.answer = Some(Ok(()));
    bench.end_all();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.recovers();
    assert_eq!(bench.commands(), ["other", "mail.alert ops"]);
}

#[test]
fn steps_go_on_though_the_file_waits_longer_now() {
    let mut bench = Bench::new(&steps(""));
    bench.fails();
    bench.reload(&steps("after = \"1h\""));
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2"]);
}

#[test]
fn after_a_restart_steps_go_on_from_the_first_alert_and_not_from_the_last() {
    let mut bench = Bench::new(&steps("every = \"3m\""));
    bench.fails();
    bench.minutes(7);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 1", "ko to 1"]);
    bench.restart(&steps("every = \"3m\""));
    bench.minutes(3);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2"]);
}

#[test]
fn a_command_that_failed_is_tried_again_though_it_flaps_since() {
    let mut bench = Bench::new(&simple(""));
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.fails();
    bench.set(|stand| stand.is_flapping = true);
    bench.answer = Some(Ok(()));
    bench.seconds(5);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 1"]);
}

#[test]
fn the_failure_with_which_flapping_began_is_told_to_all_first_steps() {
    let file = "steps = [{ command = [\"one\"] }, { command = [\"two\"], hours = \"wed 10:05-12:00\" }]";
    let mut bench = Bench::new(&alert(file));
    bench.fails();
    bench.minutes(1);
    bench.set(|stand| stand.is_flapping = true);
    bench.minutes(5);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2"]);
}

#[test]
fn an_incident_waits_until_it_is_calm() {
    let mut bench = Bench::new(&simple("on = [\"incident\"]"));
    bench.becomes(500, &["a"]);
    bench.set(|stand| stand.is_flapping = true);
    incident(&mut bench);
    assert_eq!(bench.heard(), NOBODY);
    bench.set(|stand| stand.is_flapping = false);
    assert_eq!(bench.heard(), ["incident to 1"]);
}

#[test]
fn an_incident_that_is_held_is_for_who_still_asks_for_it() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"incident\"]"));
    bench.stand().is_muted = true;
    bench.becomes(500, &["a"]);
    incident(&mut bench);
    bench.reload(&simple("on = [\"ko\"]"));
    bench.set(|stand| stand.is_muted = false);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn a_notice_keeps_the_hours_of_the_alert_and_those_of_the_first_step() {
    let file = "on = [\"but\"]\nhours = \"wed 09:00-12:00\"\nsteps = [{ command = [\"one\"], hours = \"wed 11:00-13:00\" }]";
    let mut bench = Bench::new(&alert(file));
    bench.becomes(210, &[]);
    bench.minutes(59);
    assert_eq!(bench.heard(), NOBODY);
    bench.minutes(1);
    assert_eq!(bench.heard(), ["but to 1"]);
}

#[test]
fn an_episode_in_the_place_of_another_is_told_and_waits_for_no_try_of_that() {
    let file = simple("on = [\"but\", \"unknown\"]");
    for code in [210, 0] {
        let mut bench = Bench::new(&file);
        bench.becomes(code, &[]);
        bench.minutes(1);
        let at = bench.now.at;
        bench.set(|stand| stand.since = at);
        bench.minutes(1);
        assert_eq!(bench.heard().len(), 2);
    }
    let mut bench = Bench::new(&file);
    bench.answer = Some(Err("exit 1".to_owned()));
    bench.becomes(210, &[]);
    bench.seconds(4);
    assert_eq!(bench.heard(), ["but to 1"], "it waits 5 s");
    bench.seconds(1);
    assert_eq!(bench.heard(), ["but to 1"]);
    bench.recovers();
    bench.becomes(210, &[]);
    assert_eq!(bench.heard(), ["but to 1"], "another episode does not");
}

#[test]
fn an_acknowledgement_of_what_does_not_fail_holds_nothing() {
    let mut bench = Bench::new(&simple("on = [\"but\"]"));
    bench.stand().is_acked = true;
    bench.becomes(210, &[]);
    assert_eq!(bench.heard(), ["but to 1"]);
}

#[test]
fn what_somebody_said_ends_with_its_alert_and_the_next_is_none_of_it() {
    let mut bench = Bench::new(&simple(""));
    bench.answer = None;
    say(&mut bench, "one");
    bench.reload("");
    assert_eq!(bench.results(), ["failed: the alert is not in the file any more"]);
    bench.reload(&simple(""));
    say(&mut bench, "two");
    assert_eq!(bench.heard(), ["one to 1"]);
    bench.answer = Some(Ok(()));
    bench.end_all();
    assert_eq!(bench.heard(), ["two to 1"]);
}

#[test]
fn each_alert_of_an_object_has_its_own_memory() {
    let file = |also: &str| {
        format!("{}[[alert]]\nname = \"also\"\nof = [\"web/*\"]\ncommand = [\"{also}\"]\n", simple(""))
    };
    let mut bench = Bench::new(&file("also"));
    bench.fails();
    bench.reload(&file("other"));
    bench.recovers();
    let mut told: Vec<(AlertEvent, String)> =
        bench.begun.iter().map(|sending| (sending.event, sending.command.join(" "))).collect();
    told.sort_by_key(|(event, command)| (event_key(*event), command.clone()));
    let words: Vec<&str> = told.iter().map(|(_, command)| command.as_str()).collect();
    assert_eq!(words, ["also", "mail.alert ops", "other", "also", "mail.alert ops", "other"]);
}

/// Failures before recoveries.
fn event_key(event: AlertEvent) -> bool {
    event == AlertEvent::Ok
}

#[test]
fn an_incident_waits_for_what_it_depends_on_and_each_hold_is_said() {
    let mut bench = Bench::new(&simple("on = [\"incident\"]"));
    for _ in 0..2 {
        bench.stand().dependency = DependencyFact::Ko(name("gateway/ping"));
        bench.becomes(500, &["a"]);
        incident(&mut bench);
        assert_eq!(bench.heard(), NOBODY);
        assert_eq!(bench.results(), ["held: while gateway/ping"]);
        bench.recovers();
    }
    bench.becomes(500, &["a"]);
    incident(&mut bench);
    bench.set(|stand| stand.dependency = DependencyFact::Clear);
    assert_eq!(bench.heard(), ["incident to 1"]);
}

#[test]
fn what_comes_of_an_incident_while_its_command_runs_is_told_after_it() {
    let mut bench = Bench::new(&simple("on = [\"incident\"]"));
    bench.answer = None;
    bench.becomes(500, &["a"]);
    incident(&mut bench);
    incident(&mut bench);
    assert_eq!(bench.heard(), ["incident to 1"]);
    bench.answer = Some(Ok(()));
    bench.end_all();
    assert_eq!(bench.heard(), ["incident to 1"]);
}

#[test]
fn an_incident_by_another_command_leaves_the_end_to_both() {
    let mut bench = Bench::new(&simple("on = [\"incident\", \"ok\"]"));
    bench.becomes(500, &["a"]);
    incident(&mut bench);
    bench.reload(&alert("on = [\"incident\", \"ok\"]\ncommand = [\"other\"]"));
    incident(&mut bench);
    assert_eq!(bench.heard(), ["incident to 1", "incident to 1"]);
    bench.recovers();
    assert_eq!(bench.commands(), ["other", "mail.alert ops"]);
}

#[test]
fn an_incident_counts_for_no_limit_of_its_failure() {
    let mut bench = Bench::new(&simple("on = [\"ko\", \"incident\"]\nafter = \"10m\"\nlimit = 1"));
    bench.becomes(500, &["a"]);
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 1"]);
    let at = bench.now.at;
    bench.set(|stand| stand.failing = Some(at));
    incident(&mut bench);
    assert_eq!(bench.heard(), ["incident to 1"]);
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 1"], "the first of this failure");
}

#[test]
fn hours_begin_to_the_second() {
    let mut bench = Bench::new(&simple("hours = \"wed 11:00-12:00\""));
    bench.seconds(30);
    bench.fails();
    bench.minutes(59);
    assert_eq!(bench.heard(), NOBODY);
    bench.seconds(30);
    assert_eq!(bench.heard(), ["ko to 1"]);
}

#[test]
fn who_fails_while_the_first_command_runs_is_named_when_it_is_over() {
    let mut bench = Bench::new(&simple(""));
    bench.answer = None;
    bench.fails();
    bench.becomes(300, &["a", "b"]);
    bench.becomes(300, &["a"]);
    bench.answer = Some(Ok(()));
    bench.end_all();
    bench.heard();
    bench.recovers();
    assert_eq!(bench.begun[0].recovered, [name("web/oco/a"), name("web/oco/b")]);
}

#[test]
fn a_recovery_by_a_command_that_the_file_has_again_hinders_no_new_failure() {
    let mut bench = Bench::new(&simple(""));
    bench.fails();
    bench.reload(&alert("command = [\"other\"]"));
    bench.heard();
    bench.answer = None;
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1", "ok to 1"]);
    end_first(&mut bench, Ok(()));
    bench.reload(&simple(""));
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.answer = Some(Ok(()));
    bench.end_all();
    bench.recovers();
    assert_eq!(bench.heard(), ["ok to 1"]);
}

#[test]
fn a_command_that_the_file_has_again_waits_for_the_one_that_runs_in_its_place() {
    let old = simple("every = \"1m\"");
    let mut bench = Bench::new(&old);
    bench.fails();
    assert_eq!(bench.heard(), ["ko to 1"]);
    bench.answer = None;
    bench.reload(&alert("every = \"1m\"\ncommand = [\"other\"]"));
    assert_eq!(bench.heard(), ["ko to 1"], "the other one, which hangs");
    bench.reload(&old);
    bench.minutes(2);
    assert_eq!(bench.heard(), NOBODY);
    bench.answer = Some(Ok(()));
    bench.end_all();
    assert_eq!(bench.commands(), ["mail.alert ops"], "its own repetition is due since");
    bench.recovers();
    assert_eq!(bench.commands(), ["mail.alert ops", "other"]);
    assert!(bench.rows.is_empty());
}

#[test]
fn two_steps_with_one_command_are_two_though_the_file_has_it_once_now() {
    let steps = |second: &str| {
        let second = format!("{{ after = \"10m\", command = [\"{second}\"] }}");
        alert(&format!("steps = [{{ command = [\"one\"] }}, {second}]"))
    };
    let mut bench = Bench::new(&steps("one"));
    bench.fails();
    bench.minutes(10);
    assert_eq!(bench.heard(), ["ko to 1", "ko to 2"]);
    bench.reload(&steps("two"));
    assert_eq!(bench.commands(), ["two"]);
    for _ in 0..2 {
        bench.observe();
    }
    bench.recovers();
    assert_eq!(bench.commands(), ["one", "two", "one"], "each command as often as it was told");
    assert!(bench.rows.is_empty());
}

#[test]
fn a_recovery_by_a_command_that_the_file_has_no_more_is_of_the_step_that_was_told() {
    for has_restart in [false, true] {
        let two =
            |one: &str| alert(&format!("steps = [{{ command = [\"first\"] }}, {{ command = [\"{one}\"] }}]"));
        let mut bench = Bench::new(&two("old"));
        bench.fails();
        bench.reload(&two("new"));
        if has_restart {
            bench.restart(&two("new"));
        }
        bench.log.clear();
        bench.recovers();
        let steps: Vec<(u32, &str)> =
            bench.log.iter().map(|sent| (sent.step, sent.command.split(' ').next().unwrap())).collect();
        assert_eq!(steps, [(1, "first"), (2, "new"), (2, "old")], "{has_restart}");
    }
}
