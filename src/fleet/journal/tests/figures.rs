//! Figures: what is written is read back for a picture, whatever came between, and the old go.

use super::measure::{Dice, processor, timed};
use super::*;
use crate::figure::{Figure, Measure};
use crate::journal::limits::MEASURED_CHUNKS;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CHUNK_MS: i64 = CHUNK_SLOTS * FIGURE_MS;
/// The beginning of a chunk.
const BEGIN: i64 = START.div_euclid(CHUNK_MS) * CHUNK_MS;

fn measured(who: &str, measure: &Measure, figure: Figure) -> Measured {
    Measured { name: name(who), measure: measure.clone(), figure }
}

fn figures(slot: i64, measured: Vec<Measured>) -> Entry {
    Entry::Figures { at: Millis(BEGIN + slot * FIGURE_MS + 7), measured }
}

fn sizes() -> Measure {
    Measure::performance("/var", "MB")
}

/// A writer whose journal began before the chunk.
fn before_chunk() -> (TempDir, Writer) {
    let dir = tempfile::tempdir().unwrap();
    let (writer, _) = Writer::open(dir.path(), Millis(BEGIN), 0).unwrap();
    (dir, writer)
}

fn count(writer: &Writer, table: &str) -> i64 {
    writer.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn five_minutes_are_one_row_and_a_chunk_that_is_over_one_of_each_series() {
    let (dir, mut writer) = before_chunk();
    let (a, time) = (name("web/oco/a"), Measure::RESPONSE_TIME);
    for slot in 0..CHUNK_SLOTS {
        let value = f64::from(i32::try_from(slot).unwrap());
        let both = vec![
            measured(
                "web/oco/a",
                &time,
                Figure { min: value, mean: value + 0.5, max: value + 1.0, count: 30 },
            ),
            measured("disk/plugin/b", &sizes(), Figure::of(5968.0)),
        ];
        writer.write(&[figures(slot, both)]).unwrap();
        assert_eq!((count(&writer, "figure_new"), count(&writer, "figure")), (slot + 1, 0));
    }
    let mut reader = reader(&dir);
    let (from, to) = (Millis(BEGIN), Millis(BEGIN + CHUNK_MS));
    let before = reader.figures(&[a.clone(), name("web/oco/none")], &time, from, to, 4).unwrap();
    let quarter = CHUNK_MS / 4;
    let expected = |piece: i32| Point {
        from: Millis(BEGIN + i64::from(piece) * quarter),
        to: Millis(BEGIN + i64::from(piece + 1) * quarter),
        figure: Figure {
            min: f64::from(12 * piece),
            mean: f64::from(12 * piece) + 6.0,
            max: f64::from(12 * piece) + 12.0,
            count: 360,
        },
    };
    let found: Vec<_> = before[0]
        .iter()
        .map(|point| Point { figure: Figure { mean: point.figure.mean.round(), ..point.figure }, ..*point })
        .collect();
    assert_eq!(found, (0..4).map(expected).collect::<Vec<_>>());
    assert!(before[1].is_empty());
    // The next chunk begins.
    writer.write(&[figures(CHUNK_SLOTS, vec![measured("web/oco/a", &time, Figure::of(1.0))])]).unwrap();
    assert_eq!((count(&writer, "figure_new"), count(&writer, "figure")), (1, 2));
    assert_eq!(reader.figures(&[a.clone(), name("web/oco/none")], &time, from, to, 4).unwrap(), before);
    let measures = reader.measures(std::slice::from_ref(&a)).unwrap();
    assert!(measures.iter().eq([&time]));
    let names = [a, name("disk/plugin/b"), name("node:x")];
    assert_eq!(reader.measures(&names).unwrap(), [time, sizes()]);
    let found = reader.figures(&names, &sizes(), from, to, 1).unwrap();
    let figure = Figure { count: 48, ..Figure::of(5968.0) };
    assert_eq!(found, [vec![], vec![Point { from, to, figure }], vec![]]);
}

#[test]
fn a_piece_is_never_shorter_than_what_a_figure_is_of() {
    let (dir, mut writer) = before_chunk();
    for slot in 0..3 {
        writer.write(&[figures(slot, vec![measured("a/b/c", &sizes(), Figure::of(1.0))])]).unwrap();
    }
    let mut reader = reader(&dir);
    let mut points = |from: i64, to: i64, at_most| {
        let found =
            reader.figures(&[name("a/b/c")], &sizes(), Millis(BEGIN + from), Millis(BEGIN + to), at_most);
        found.unwrap()[0].iter().map(|point| point.figure.count).collect::<Vec<_>>()
    };
    assert_eq!(points(0, 3 * FIGURE_MS, 1000), [1, 1, 1]);
    assert_eq!(points(0, 3 * FIGURE_MS, 0), [3]);
    assert_eq!(points(FIGURE_MS - 1, FIGURE_MS, 5), [1], "those that go on then");
    assert_eq!(points(FIGURE_MS, FIGURE_MS, 5), [0_u32; 0]);
    assert_eq!(points(5, 0, 5), [0_u32; 0]);
    let found = reader.figures(&[name("a/b/c")], &sizes(), Millis(i64::MIN), Millis(i64::MAX), 3).unwrap();
    assert_eq!(found[0].iter().map(|point| point.figure.count).sum::<u32>(), 3);
}

#[test]
fn old_figures_go_and_then_who_has_none() {
    let (dir, mut writer) = before_chunk();
    for chunk in 0..3 {
        for who in ["a/b/c", "a/b/d"].iter().take(if chunk == 0 { 2 } else { 1 }) {
            let one = vec![measured(who, &sizes(), Figure::of(1.0))];
            writer.write(&[figures(chunk * CHUNK_SLOTS + 2, one)]).unwrap();
        }
    }
    assert_eq!((count(&writer, "figure"), count(&writer, "figure_new"), count(&writer, "series")), (3, 1, 2));
    let mut prune = |before: i64, at_most| {
        let gone = writer.prune_figures(Millis(BEGIN + before), at_most).unwrap();
        (gone, count(&writer, "figure"), count(&writer, "figure_new"), count(&writer, "series"))
    };
    assert_eq!(prune(CHUNK_MS - 1, 10), (0, 3, 1, 2), "the chunk is not over");
    assert_eq!(prune(CHUNK_MS, 1), (1, 2, 1, 1));
    assert_eq!(prune(CHUNK_MS, 1), (1, 1, 1, 1));
    assert_eq!(prune(3 * CHUNK_MS, 10), (2, 0, 0, 0), "also when nothing is measured any more");
    assert_eq!(reader(&dir).measures(&[name("a/b/c")]).unwrap(), []);
    // By an entry, as the watcher does it; numbers are never given twice.
    writer.write(&[figures(0, vec![measured("a/b/c", &sizes(), Figure::of(1.0))])]).unwrap();
    let id: i64 = writer.connection().query_row("SELECT id FROM series", [], |row| row.get(0)).unwrap();
    assert_eq!(id, 3);
    writer.write(&[Entry::PruneFigures(Millis(BEGIN + CHUNK_MS))]).unwrap();
    assert_eq!((count(&writer, "figure_new"), count(&writer, "series")), (0, 0));
}

#[test]
fn a_start_knows_what_was_measured_lately() {
    let (dir, mut writer) = before_chunk();
    let day = MEASURED_CHUNKS * CHUNK_SLOTS;
    let other = Measure::performance("/", "MB");
    writer.write(&[figures(0, vec![measured("a/b/c", &sizes(), Figure::of(1.0))])]).unwrap();
    let both = [
        measured("a/b/c", &Measure::RESPONSE_TIME, Figure::of(1.0)),
        measured("a/b/c", &other, Figure::of(1.0)),
    ];
    writer.write(&[figures(day, both.to_vec())]).unwrap();
    let mut measured_by = |slot: i64| {
        writer.write(&[Entry::Heartbeat(Millis(BEGIN + slot * FIGURE_MS))]).unwrap();
        drop(std::mem::replace(&mut writer, begun().1));
        let (again, opened) = Writer::open(dir.path(), Millis(BEGIN + slot * FIGURE_MS + 1), 0).unwrap();
        writer = again;
        opened.kept.measured.into_iter().map(|(_, measure)| measure).collect::<Vec<_>>()
    };
    assert_eq!(measured_by(day), [sizes(), Measure::RESPONSE_TIME, other.clone()]);
    assert_eq!(measured_by(day + CHUNK_SLOTS), [Measure::RESPONSE_TIME, other]);
    assert_eq!(measured_by(2 * day + CHUNK_SLOTS), []);
}

/// What is entered, in which five minutes, and whether the watcher is started anew behind it.
type Step = (i64, Vec<(usize, f64)>, bool);

const WHO: [&str; 3] = ["a/b/c", "a/b/d", "a/x/c"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let values = prop::collection::vec((0..6_usize, -1e6..1e6), 0..5);
    // Mostly on, now and then by chunks, and back.
    let ahead = prop_oneof![6 => 0..3_i64, 1 => 0..3 * CHUNK_SLOTS, 1 => -2 * CHUNK_SLOTS..0];
    prop::collection::vec((ahead, values, prop::bool::weighted(0.1)), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A picture is what each value by itself comes to.
    #[test]
    fn a_picture_is_that_of_all_that_was_entered(
        steps in steps(), from in -100..200_i64, length in 1..400_i64, offset in 0..FIGURE_MS, at_most in 1..60_u32
    ) {
        let (dir, mut writer) = before_chunk();
        let measures = [Measure::RESPONSE_TIME, sizes()];
        let mut naive: BTreeMap<(usize, i64), Vec<f64>> = BTreeMap::new();
        let mut slot = 0;
        for (ahead, values, is_started_anew) in steps {
            slot += ahead;
            let mut entered = Vec::new();
            for (which, value) in values {
                naive.entry((which, slot)).or_default().push(value);
                entered.push(measured(WHO[which / 2], &measures[which % 2], Figure::of(value)));
            }
            writer.write(&[figures(slot, entered)]).unwrap();
            if is_started_anew {
                drop(writer);
                (writer, _) = Writer::open(dir.path(), Millis(BEGIN), 0).unwrap();
            }
        }
        let mut reader = reader(&dir);
        let from = BEGIN + from * FIGURE_MS + offset;
        let to = from + length * FIGURE_MS - offset / 2;
        let names = WHO.map(name);
        for (place, measure) in measures.iter().enumerate() {
            let found = reader.figures(&names, measure, Millis(from), Millis(to), at_most).unwrap();
            prop_assert_eq!(found.len(), WHO.len());
            for (who, points) in found.iter().enumerate() {
                prop_assert!(points.len() <= usize::try_from(at_most).unwrap());
                prop_assert!(points.is_sorted_by(|a, b| a.to <= b.from));
                let mut count = 0;
                for point in points {
                    let values: Vec<f64> = naive
                        .iter()
                        .filter(|((which, slot), _)| {
                            let begin = (BEGIN + slot * FIGURE_MS).max(from);
                            let ends_behind = BEGIN + (slot + 1) * FIGURE_MS > from;
                            *which == 2 * who + place && ends_behind && begin >= point.from.0 && begin < point.to.0
                        })
                        .flat_map(|(_, values)| values.iter().copied())
                        .collect();
                    let expected = values.iter().map(|value| Figure::of(*value)).reduce(Figure::with);
                    let (expected, found) = (expected.unwrap(), point.figure);
                    prop_assert_eq!(found.count, expected.count);
                    for (found, expected) in
                        [(found.min, expected.min), (found.mean, expected.mean), (found.max, expected.max)]
                    {
                        prop_assert!((found - expected).abs() <= 3.0, "{:?} {:?}", point, values);
                    }
                    count += found.count;
                }
                let all: usize = naive
                    .iter()
                    .filter(|((which, slot), _)| {
                        let begin = BEGIN + slot * FIGURE_MS;
                        *which == 2 * who + place && begin + FIGURE_MS > from && begin < to
                    })
                    .map(|(_, values)| values.len())
                    .sum();
                prop_assert_eq!(usize::try_from(count).unwrap(), all, "none is missing");
            }
        }
    }
}

/// A value that goes up and down by chance, in six digits and more.
fn wander(dice: &mut Dice, value: &mut f64) -> Figure {
    let step = |dice: &mut Dice| f64::from(u32::try_from(dice.below(2000)).unwrap()) / 1000.0;
    *value *= 0.9 + step(dice) / 10.0;
    *value = value.clamp(1e-4, 1e3);
    let (below, above) = (*value * (1.0 - step(dice) / 4.0), *value * (1.0 + step(dice)));
    Figure { min: below, mean: *value, max: above, count: 30 }
}

/// What figures cost, on disk and in time: `OCO_TEST_SERIES=10000 OCO_TEST_DAYS=30 cargo test --release -p oco-fleet --
/// --ignored --nocapture what_figures_cost`.
#[test]
#[ignore = "figures to look at"]
#[allow(clippy::as_conversions, reason = "figures to look at")]
fn what_figures_cost() {
    let wish = |key: &str, default: i64| {
        std::env::var(key).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (count, days) = (wish("OCO_TEST_SERIES", 1000), wish("OCO_TEST_DAYS", 7));
    let (dir, mut writer) = before_chunk();
    let octets = || std::fs::metadata(dir.path().join(FILE)).unwrap().len();
    writer.settle().unwrap();
    let (empty, mut dice) = (octets(), Dice(88_172_645_463_325_252));
    // Half of them are probed each ten seconds, half are a plugin's each five minutes.
    let measures = [Measure::RESPONSE_TIME, sizes()];
    let names: Vec<String> = (0..count / 2).map(|n| format!("group{}/service/host{n:05}", n / 500)).collect();
    let mut values = vec![0.01; names.len()];
    let (mut five_minutes, mut chunk_ends) = (Vec::new(), Vec::new());
    for slot in 0..days * 288 {
        let mut of_slot = Vec::new();
        for (who, value) in names.iter().zip(&mut values) {
            of_slot.push(measured(who, &measures[0], wander(&mut dice, value)));
            of_slot.push(measured(who, &measures[1], Figure::of(value.fract())));
        }
        let entry = [figures(slot, of_slot)];
        let begin = processor();
        writer.write(&entry).unwrap();
        let took = processor() - begin;
        if slot > 0 && slot % CHUNK_SLOTS == 0 {
            chunk_ends.push(took)
        } else {
            five_minutes.push(took)
        };
    }
    for took in [&mut five_minutes, &mut chunk_ends] {
        took.sort_unstable();
    }
    println!("{count} series, {days} days; on a processor:");
    for (what, took) in [("five minutes", &five_minutes), ("the end of a chunk", &chunk_ends)] {
        println!(
            "  {what}: {:.1?} in the middle, at most {:.1?}",
            took[took.len() / 2],
            took[took.len() - 1]
        );
    }
    writer.settle().unwrap();
    let whole = octets() - empty;
    println!("  {whole} octets, {:.2} a figure", whole as f64 / (count * days * 288) as f64);
    for half in [0, 1] {
        let sql = "SELECT sum(length(figures)), count(*) FROM figure WHERE key % 2 = ?1";
        let (octets, rows): (i64, i64) =
            writer.connection().query_row(sql, [1 - half], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        println!(
            "  series {half} of two: {:.2} octets a figure, packed",
            octets as f64 / (rows * CHUNK_SLOTS) as f64
        );
    }
    let (from, to) = (Millis(BEGIN), Millis(BEGIN + days * 86_400_000));
    let mut reader = reader(&dir);
    let some: Vec<ObjectName> = names.iter().take(500).map(|text| name(text)).collect();
    for _ in 0..2 {
        timed("500 hosts over all of it", || reader.figures(&some, &measures[0], from, to, 300).unwrap());
        let day = Millis(to.0 - 86_400_000);
        timed("500 hosts over a day", || reader.figures(&some, &measures[0], day, to, 300).unwrap());
        timed("one host over all of it", || reader.figures(&some[..1], &measures[0], from, to, 300).unwrap());
        timed("what is measured of 500 hosts", || reader.measures(&some).unwrap());
    }
}
