//! The gathering against a naive one, over clocks that jump, and its bounds.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
/// The beginning of five minutes.
const BEGIN: i64 = 1_700_000_100_000;

fn nanos(millis: i64) -> Nanos {
    Nanos(millis * 1_000_000)
}

fn names() -> Vec<ObjectName> {
    ["a/b/c", "a/b/d", "a/x/c"].map(|name| ObjectName::parse(name).unwrap()).to_vec()
}

/// The gathering, and a world around it.
struct Scene {
    figures: Figures,
    names: Vec<ObjectName>,
    keep: Vec<Keep>,
    notes: Vec<Note>,
}

impl Scene {
    fn new() -> Scene {
        let figures = Figures::new(std::iter::empty(), Millis(BEGIN), nanos(0));
        Scene { figures, names: names(), keep: Vec::new(), notes: Vec::new() }
    }

    /// A turn at these times behind the beginning.
    fn turn(&mut self, at: i64, boot: i64) -> Vec<(i64, Vec<Measured>)> {
        let name = |id: TargetId| self.names.get(usize::try_from(id.0).unwrap());
        self.figures.turn(Millis(BEGIN + at), nanos(boot), name, (&mut self.keep, &mut self.notes));
        self.taken()
    }

    fn taken(&mut self) -> Vec<(i64, Vec<Measured>)> {
        let taken = self.keep.drain(..).map(|keep| match keep {
            Keep::Figures { at, measured } => (at.0 - BEGIN, measured),
            other => panic!("{other:?}"),
        });
        taken.collect()
    }
}

fn words(measured: &[Measured]) -> Vec<String> {
    let word = |one: &Measured| {
        let Figure { min, mean, max, count } = one.figure;
        let mean = (mean * 1e6).round() / 1e6;
        format!("{} {}[{}] {min} {mean} {max} {count}", one.name, one.measure.label(), one.measure.unit())
    };
    measured.iter().map(word).collect()
}

#[test]
fn five_minutes_come_to_one_row_of_each_series() {
    let mut scene = Scene::new();
    let (c, d) = (TargetId(0), TargetId(1));
    for millis in [20, 10, 60] {
        scene.figures.answered(d, Duration::from_millis(millis));
    }
    scene.figures.said(c, "DISK OK - free|/=2643MB;5948;5958;0;5968 '/var log'=5%;80 /=7MB /=1%");
    scene.figures.answered(c, Duration::from_millis(250));
    scene.figures.said(c, "DISK OK - free|/=2645MB x=U y= '/var log'=7%");
    scene.figures.said(c, "no more than words");
    scene.figures.told(d, "jobs=3 x=U | rate=0.5");
    scene.figures.told(d, "jobs=5");
    scene.figures.told(d, "");
    assert_eq!(scene.turn(4 * MINUTE, 4 * MINUTE), []);
    let found = scene.turn(5 * MINUTE, 5 * MINUTE);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, 0);
    let expected = [
        "a/b/c [s] 0.25 0.25 0.25 1",
        "a/b/d [s] 0.01 0.03 0.06 3",
        "a/b/c /[%] 1 1 1 1",
        "a/b/c /[MB] 2643 2644 2645 2",
        "a/b/c /var log[%] 5 6 7 2",
        "a/b/d jobs[] 3 4 5 2",
        "a/b/d rate[] 0.5 0.5 0.5 1",
    ];
    assert_eq!(words(&found[0].1), expected, "of one label and unit the first counts");
    // Nothing came since: there is no row.
    assert_eq!(scene.turn(10 * MINUTE, 10 * MINUTE), []);
    assert_eq!(scene.notes, []);
}

#[test]
fn a_clock_that_stands_still_ends_them_too_and_one_that_jumps_at_once() {
    let mut scene = Scene::new();
    let mut answer_and_turn = |at, boot| {
        scene.figures.answered(TargetId(0), Duration::from_millis(1));
        scene
            .turn(at, boot)
            .into_iter()
            .map(|(at, measured)| (at, measured[0].figure.count))
            .collect::<Vec<_>>()
    };
    assert_eq!(answer_and_turn(1, 0), []);
    assert_eq!(answer_and_turn(1, 6 * MINUTE - 1), []);
    assert_eq!(answer_and_turn(1, 6 * MINUTE), [(0, 3)]);
    assert_eq!(answer_and_turn(1, 12 * MINUTE), [(0, 1)], "the same once more");
    assert_eq!(answer_and_turn(61 * MINUTE, 12 * MINUTE + 1), [(0, 1)]);
    assert_eq!(answer_and_turn(62 * MINUTE, 13 * MINUTE), []);
    assert_eq!(answer_and_turn(65 * MINUTE, 16 * MINUTE), [(60 * MINUTE, 2)]);
}

#[test]
fn there_are_no_more_series_than_may_be_and_who_came_first_goes_on() {
    let mut scene = Scene::new();
    let line = |from: usize, to: usize| {
        let figures: Vec<String> = (from..to).map(|n| format!("label{n}={n}")).collect();
        format!("x|{}", figures.join(" "))
    };
    scene.figures.said(TargetId(0), &line(0, FIGURE_LABELS));
    scene.turn(1, 1);
    assert_eq!(scene.notes, []);
    scene.figures.said(TargetId(0), &line(1, FIGURE_LABELS + 1));
    scene.figures.answered(TargetId(0), Duration::ZERO);
    scene.figures.said(TargetId(1), &format!("x|{}=1 a=1 b=1{}", "l".repeat(129), "u".repeat(17)));
    scene.turn(2, 2);
    assert_eq!(scene.notes, [Note::FiguresLeftOut(names()[0].clone())], "once");
    let measured = scene.turn(5 * MINUTE, 5 * MINUTE).remove(0).1;
    assert_eq!(measured.len(), FIGURE_LABELS + 2);
    assert!(words(&measured).contains(&"a/b/d a[] 1 1 1 1".to_owned()));
    // All of them together.
    let mut scene = Scene::new();
    scene.names =
        (0..FIGURE_SERIES + 10).map(|n| ObjectName::parse(&format!("a/b/h{n:05}")).unwrap()).collect();
    let ids = || (0..u32::try_from(FIGURE_SERIES + 10).unwrap()).map(TargetId);
    ids().for_each(|id| scene.figures.answered(id, Duration::from_millis(1)));
    assert_eq!(scene.turn(5 * MINUTE, 5 * MINUTE)[0].1.len(), FIGURE_SERIES);
    assert_eq!(scene.notes, [Note::FiguresFull(scene.names[FIGURE_SERIES].clone())]);
    // The last ones come before, and find no place; after a day without a value others make it.
    for tick in 2..300 {
        let skipped = if tick % 100 == 0 { 20 } else { FIGURE_SERIES - 1 };
        ids().skip(skipped).for_each(|id| scene.figures.answered(id, Duration::from_millis(1)));
        let measured = scene.turn(tick * 5 * MINUTE, tick * 5 * MINUTE).remove(0).1;
        let expected = if tick < 290 { FIGURE_SERIES - 1 } else { FIGURE_SERIES + 9 };
        assert_eq!(measured.last().unwrap().name, scene.names[expected], "{tick}");
    }
    assert_eq!(scene.notes.len(), 1);
}

#[test]
fn what_was_measured_before_has_its_place_and_who_is_gone_has_none() {
    let kept = [
        (TargetId(2), Measure::performance("a", "")),
        (TargetId(0), Measure::RESPONSE_TIME),
        (TargetId(2), Measure::RESPONSE_TIME),
    ];
    let mut figures = Figures::new(kept.into_iter(), Millis(BEGIN), nanos(0));
    assert!(figures.series.is_sorted_by_key(|series| (series.target, series.measure.clone())));
    figures.said(TargetId(2), "x|a=1");
    figures.answered(TargetId(0), Duration::from_secs(1));
    figures.retain(|id| id != TargetId(0));
    let (names, mut keep) = (names(), Vec::new());
    figures.hand_out(Millis(BEGIN + 1), nanos(1), |id| names.get(usize::try_from(id.0).unwrap()), &mut keep);
    let [Keep::Figures { at, measured }] = &keep[..] else { panic!("{keep:?}") };
    assert_eq!((at.0, words(measured)), (BEGIN, vec!["a/x/c a[] 1 1 1 1".to_owned()]));
    assert_eq!(figures.series.len(), 2);
    // Its target is gone: nobody knows of whom it was.
    figures.said(TargetId(2), "x|a=1");
    figures.hand_out(Millis(BEGIN + 1), nanos(1), |_| None, &mut keep);
    assert_eq!((keep.len(), figures.series.len()), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the clocks do, each value is in the five minutes in which the journal's time was, and in no others.
    #[test]
    fn each_value_is_in_its_five_minutes_once(
        steps in prop::collection::vec(
            (0..120_i64, prop_oneof![8 => Just(0_i64), 1 => 0..5000_i64], 0..3_u32, "[ab]", -9_i32..9), 1..300
        )
    ) {
        let mut scene = Scene::new();
        let mut naive: BTreeMap<(i64, String, String), Vec<f64>> = BTreeMap::new();
        let mut found: BTreeMap<(i64, String, String), Figure> = BTreeMap::new();
        let (mut at, mut boot) = (0, 0);
        let mut take = |taken: Vec<(i64, Vec<Measured>)>| {
            for (at, measured) in taken {
                assert!(at % FIGURE_MS == 0 && measured.is_sorted_by(|a, b| (&a.measure, &a.name) < (&b.measure, &b.name)));
                for one in measured {
                    let key = (at, one.name.to_string(), one.measure.label().to_owned());
                    found.entry(key).and_modify(|there| *there = there.with(one.figure)).or_insert(one.figure);
                }
            }
        };
        for (seconds, jump, target, label, value) in steps {
            boot += seconds * 1000;
            at += (seconds + jump) * 1000;
            // Now and then it stands still, as after a clock that was set back.
            at -= if jump == 0 && value == 0 { seconds * 1000 } else { 0 };
            take(scene.turn(at, boot));
            scene.figures.said(TargetId(target), &format!("x|{label}={value}"));
            let key = (at.div_euclid(FIGURE_MS) * FIGURE_MS, scene.names[usize::try_from(target).unwrap()].to_string(), label);
            naive.entry(key).or_default().push(f64::from(value));
        }
        take(scene.turn(at + FIGURE_MS, boot));
        prop_assert_eq!(naive.len(), found.len());
        for ((key, values), (found_key, found)) in naive.iter().zip(&found) {
            prop_assert_eq!(key, found_key);
            let expected = values.iter().map(|value| Figure::of(*value)).reduce(Figure::with).unwrap();
            prop_assert_eq!((found.count, found.min, found.max), (expected.count, expected.min, expected.max));
            prop_assert!((found.mean - expected.mean).abs() < 1e-9);
        }
    }
}
