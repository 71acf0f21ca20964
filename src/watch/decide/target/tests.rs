//! A target against a model that keeps every result and counts anew each time.

use super::*;
use crate::config::Flap;
use proptest::prelude::*;
use std::time::Duration;

fn timing(fall: u32, rise: u32, max_silence: u64) -> Timing {
    let second = Duration::from_secs(1);
    Timing {
        interval: second * 10,
        fast_interval: second * 2,
        timeout: second * 3,
        fall,
        rise,
        max_silence: second * u32::try_from(max_silence).unwrap(),
        flap: Flap { changes: 6, within: second * 600, calm: second * 300 },
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Result {
    Code(u16),
    Own,
}

/// All results since the last one that was, or became, what is judged.
#[derive(Debug, Default)]
struct Naive {
    known: State,
    shown: State,
    code: Option<u16>,
    results: Vec<(i64, Result)>,
    last: Option<i64>,
    silence: i64,
}

impl Naive {
    fn result(&mut self, at: i64, result: Result, timing: &Timing) {
        self.results.push((at, result));
        let gap = self.last.map_or(0, |last| (at - last).min(2 * timing.interval.as_millis() as i64));
        self.last = Some(at);
        let Result::Code(code) = result else {
            (self.shown, self.code) = (State::Unknown, None);
            return;
        };
        let state = State::of_code(Code::new(code).unwrap());
        let told: Vec<bool> = self
            .results
            .iter()
            .filter_map(|(_, result)| match result {
                Result::Code(code) => Some(*code < 300),
                Result::Own => None,
            })
            .collect();
        let run = told.iter().rev().take_while(|up| **up == state.is_up()).count() as u32;
        if state.is_up() {
            self.silence = 0;
        } else if self.shown != State::Ko {
            self.silence += gap;
        }
        let decides = match (self.shown, self.known, state.is_up()) {
            (_, State::Unknown, _) => true,
            (State::Ko, _, false) | (State::Ok | State::But, _, true) => true,
            (State::Unknown, State::Ok | State::But, true) => true,
            (_, _, true) => run >= timing.rise,
            (_, _, false) => run >= timing.fall || self.silence >= timing.max_silence.as_millis() as i64,
        };
        if decides {
            self.results.clear();
            (self.known, self.shown, self.code) = (state, state, Some(code));
        }
    }
}

fn result() -> impl Strategy<Value = Result> {
    prop_oneof![
        4 => Just(Result::Code(200)),
        1 => Just(Result::Code(210)),
        4 => Just(Result::Code(300)),
        1 => Just(Result::Code(500)),
        1 => Just(Result::Own),
    ]
}

/// Lets a target stand where it is to, as the fleet does.
fn settle(target: &mut Target, ruling: Ruling<'_>, at: i64) -> Option<(Standing, Millis)> {
    match ruling {
        Ruling::Moves(verdict) | Ruling::Falls(verdict) => Some(target.move_to(verdict, Millis(at))),
        Ruling::Stays | Ruling::Rephrased => None,
    }
}

fn outcome(result: Result) -> Outcome<'static> {
    match result {
        Result::Code(code) => Outcome::Told { code: Code::new(code).unwrap(), reason: "why" },
        Result::Own => Outcome::Own { reason: "no descriptors" },
    }
}

proptest! {
    #[test]
    fn it_stands_where_all_results_say(
        results in prop::collection::vec((result(), prop::sample::select(vec![2i64, 10, 60])), 0..60),
        fall in 1u32..5, rise in 1u32..4, max_silence in prop::sample::select(vec![15u64, 60, 300]),
        cut in 0usize..60,
    ) {
        let timing = timing(fall, rise, max_silence);
        let rules = Rules { timing: &timing, has_entries: false };
        let (mut target, mut naive, mut at) = (Target::new(Millis(0)), Naive::default(), 0);
        for (index, (result, seconds)) in results.into_iter().enumerate() {
            at += seconds * 1000;
            if index == cut {
                // Killed, and started again: of who is at rest it is not kept when it was probed last.
                naive.last = naive.last.filter(|_| target.counts().is_counting());
                target = Target::kept(target.standing().clone(), target.since(), target.keep(), Millis(at));
            }
            let before = target.clone();
            let ruling = target.outcome(outcome(result), Millis(at), rules);
            let moved = settle(&mut target, ruling, at);
            naive.result(at, result, &timing);
            let standing = target.standing();
            prop_assert_eq!(standing.state, naive.shown);
            prop_assert_eq!(standing.code.map(Code::number), naive.code);
            prop_assert_eq!(target.counts().known, naive.known);
            if let Some((old, since)) = moved {
                prop_assert!(old.state != standing.state || old.code != standing.code);
                prop_assert_eq!((&old, since), (before.standing(), before.since()));
                prop_assert_eq!(target.since() == Millis(at), old.state != standing.state);
            } else {
                prop_assert_eq!((before.standing().state, before.standing().code), (standing.state, standing.code));
            }
        }
    }
}

/// Runs results ten seconds apart; tells where it stood after each.
fn run(target: &mut Target, timing: &Timing, codes: &[u16]) -> Vec<State> {
    let rules = Rules { timing, has_entries: false };
    let mut states = Vec::new();
    for code in codes {
        let at = target.last.map_or(0, |last| last.0 + 10_000);
        let result = if *code == 0 { Result::Own } else { Result::Code(*code) };
        let ruling = target.outcome(outcome(result), Millis(at), rules);
        settle(target, ruling, at);
        states.push(target.standing().state);
    }
    states
}

#[test]
fn fall_and_rise_count_in_a_row() {
    use State::{But, Ko, Ok};
    let mut target = Target::new(Millis(0));
    let states = run(
        &mut target,
        &timing(3, 2, 300),
        &[200, 300, 300, 210, 200, 300, 300, 500, 300, 200, 300, 200, 250],
    );
    assert_eq!(states, [Ok, Ok, Ok, But, Ok, Ok, Ok, Ko, Ko, Ko, Ko, Ko, But]);
    assert_eq!(run(&mut Target::new(Millis(0)), &timing(3, 2, 300), &[300]), [Ko]);
}

#[test]
fn our_own_failure_is_unknown_and_never_ko() {
    use State::{Ko, Ok, Unknown};
    let timing = timing(3, 2, 300);
    let states =
        run(&mut Target::new(Millis(0)), &timing, &[200, 0, 200, 0, 300, 300, 0, 300, 0, 200, 300, 200, 200]);
    assert_eq!(
        states,
        [Ok, Unknown, Ok, Unknown, Unknown, Unknown, Unknown, Ko, Unknown, Unknown, Unknown, Unknown, Ok]
    );
    assert_eq!(run(&mut Target::new(Millis(0)), &timing, &[0, 0, 300]), [Unknown, Unknown, Ko]);
}

#[test]
fn no_success_for_so_long_is_ko_whatever_fall_says() {
    let states = run(&mut Target::new(Millis(0)), &timing(1000, 2, 30), &[200, 300, 300, 300]);
    assert_eq!(states, [State::Ok, State::Ok, State::Ok, State::Ko]);
    let states = run(&mut Target::new(Millis(0)), &timing(1000, 2, 30), &[200, 300, 0, 0, 0, 300]);
    assert_eq!(states.last(), Some(&State::Unknown), "time in which we could not probe does not count");
}

#[test]
fn a_suspended_night_is_no_silence() {
    let timing = timing(1000, 2, 60);
    let rules = Rules { timing: &timing, has_entries: false };
    let mut target = Target::new(Millis(0));
    for (at, code) in [(0, 200), (10_000, 300), (80_000_000, 300), (80_010_000, 300)] {
        let ruling = target.outcome(outcome(Result::Code(code)), Millis(at), rules);
        settle(&mut target, ruling, at);
    }
    assert_eq!((target.standing().state, target.counts().silence), (State::Ok, 40_000));
}

#[test]
fn other_entries_of_a_line_are_a_transition_and_another_reason_is_none() {
    let timing = timing(1, 1, 300);
    for has_entries in [false, true] {
        let rules = Rules { timing: &timing, has_entries };
        let mut target = Target::new(Millis(0));
        let code = Code::new(350).unwrap();
        let mut moves = |reason, at| {
            let ruling = target.outcome(Outcome::Told { code, reason }, Millis(at), rules);
            let (has_moved, is_same) = (matches!(ruling, Ruling::Moves(_)), ruling == Ruling::Stays);
            settle(&mut target, ruling, at);
            assert_eq!((&*target.standing().reason, target.since()), (reason, Millis(0)));
            (has_moved, is_same)
        };
        moves("refused", 0);
        let same_entries = ["timeout", "expected an OCO line, got 350 KO 300-x", "350 KO", "http 404"];
        for (reason, at) in same_entries.into_iter().zip(1..) {
            assert_eq!(moves(reason, at), (false, false), "{reason}: another reason alone");
        }
        for (reason, at) in ["350 KO 300-http", "350 KO 300-http,300-mail", "closed"].into_iter().zip(10..) {
            assert_eq!(moves(reason, at), (has_entries, false), "{reason}: other entries");
            assert_eq!(moves(reason, at), (false, true));
        }
    }
}

#[test]
fn a_target_is_small() {
    assert!(size_of::<Target>() <= 96, "{}", size_of::<Target>());
}

#[test]
fn reasons_are_bounded_at_a_character() {
    assert_eq!(bounded("refused"), "refused");
    assert_eq!(bounded(&format!("a{}", "\u{e9}".repeat(400))).len(), REASON_OCTETS - 1);
}
