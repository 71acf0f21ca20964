//! Turns against the grid that they lie on.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn ms(ms: i64) -> Nanos {
    Nanos(ms * 1_000_000)
}

fn planned(target: u32, interval: i64, fast: i64) -> Planned {
    Planned {
        target: TargetId(target),
        hash: hash(&format!("web/oco/{target}")),
        interval: Duration::from_millis(interval as u64),
        fast_interval: Duration::from_millis(fast as u64),
    }
}

fn turns(one: Planned, from: Nanos, to: Nanos) -> Vec<i64> {
    let (interval, mut turns) = (nanos(one.interval), Vec::new());
    let phase = phase(one.hash, interval);
    let mut turn = (from.0 - phase).div_euclid(interval) * interval + phase + interval;
    while turn <= to.0 {
        turns.push(turn);
        turn += interval;
    }
    turns
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Time passes, and the loop does as it is told.
    Run(i64),
    /// The loop stands still.
    Stop(i64),
    /// A result, and whether a change is counted.
    Plan(u32, Option<usize>),
    /// A dependency.
    Hurry(u32),
    /// Results count from now on, or not.
    Count(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1i64..3000).prop_map(Act::Run),
        1 => prop::sample::select(vec![20i64, 900, 5_000, 500_000]).prop_map(Act::Stop),
        2 => (0u32..12, prop::option::of(0usize..3)).prop_map(|(target, kind)| Act::Plan(target, kind)),
        1 => (0u32..12).prop_map(Act::Hurry),
        2 => any::<bool>().prop_map(Act::Count),
    ]
}

const KINDS: [(i64, i64); 3] = [(1000, 200), (1000, 1000), (333, 100)];

proptest! {
    #[test]
    fn every_turn_starts_in_its_tick_and_no_two_starts_are_near(acts in prop::collection::vec(act(), 1..40)) {
        let mut now = ms(1_000_003);
        let mut schedule = Schedule::new(now);
        let mut all: BTreeMap<u32, Planned> =
            (0..8).map(|target| (target, planned(target, 1000, 200))).collect();
        schedule.plan(all.values().copied());
        let (mut is_counting, mut since) = (false, now);
        let mut starts: BTreeMap<u32, Vec<Nanos>> = BTreeMap::new();
        let mut spoilt: BTreeMap<u32, Nanos> = BTreeMap::new();
        let mut hurried: BTreeSet<u32> = BTreeSet::new();
        for act in acts {
            match act {
                Act::Run(length) => {
                    let end = now.after(Duration::from_millis(length as u64));
                    while let Some(deadline) = schedule.deadline().filter(|deadline| *deadline <= end) {
                        prop_assert!(deadline >= now);
                        now = deadline;
                        let mut given = Vec::new();
                        schedule.due(now, &mut |target| {given.push(target); true});
                        for target in given {
                            starts.entry(target.0).or_default().push(now);
                            schedule.ended(target, is_counting, now);
                        }
                    }
                    now = end;
                }
                Act::Stop(length) => {
                    let before = schedule.left();
                    now = now.after(Duration::from_millis(length as u64));
                    let mut given = 0;
                    schedule.due(now, &mut |_| {given += 1; true});
                    for target in all.keys() {
                        schedule.ended(TargetId(*target), false, now);
                    }
                    prop_assert!(given <= all.len() * 4, "a burst");
                    let turns: usize = all.values().map(|one| turns(*one, since.max(now.before(Duration::from_millis(length as u64))), now).len()).sum();
                    let missed = schedule.left().missed - before.missed;
                    prop_assert!(missed <= turns as u64);
                    if length > 2000 {
                        prop_assert!(missed > 0 || all.is_empty());
                    }
                    // From here on everything is judged anew.
                    starts.clear();
                    spoilt.clear();
                    since = now;
                }
                Act::Plan(target, kind) => {
                    match kind {
                        Some(kind) => all.insert(target, planned(target, KINDS[kind].0, KINDS[kind].1)),
                        None => all.remove(&target),
                    };
                    starts.remove(&target);
                    spoilt.insert(target, now);
                    schedule.plan(all.values().copied());
                }
                Act::Hurry(target) => {
                    schedule.hurry(TargetId(target), now);
                    hurried.insert(target);
                }
                Act::Count(counts) => is_counting = counts,
            }
            // What lies between the last wake-up and now may still be due.
            let mut given = Vec::new();
            schedule.due(now, &mut |target| {given.push(target); true});
            for target in given {
                starts.entry(target.0).or_default().push(now);
                schedule.ended(target, is_counting, now);
            }
        }
        for (target, one) in all {
            let from = spoilt.get(&target).copied().unwrap_or(since).max(since);
            let starts = starts.remove(&target).unwrap_or_default();
            for turn in turns(one, from, now) {
                let late = starts.iter().map(|start| start.0 - turn).find(|late| *late >= 0);
                prop_assert!(late.is_some_and(|late| late <= nanos(TICK)), "{target}: turn {turn} late {late:?}");
            }
            if !spoilt.contains_key(&target) && !hurried.contains(&target) {
                let fast = nanos(one.fast_interval);
                for pair in starts.windows(2) {
                    prop_assert!(pair[1].0 - pair[0].0 >= fast - nanos(TICK), "{target}: {pair:?}");
                }
            }
        }
    }
}

/// Lets it run with answers at once; tells the starts.
fn run(schedule: &mut Schedule, from: i64, to: i64, is_counting: bool) -> Vec<(i64, u32)> {
    let (mut starts, end) = (Vec::new(), ms(to));
    let mut now = ms(from);
    while let Some(deadline) = schedule.deadline().filter(|deadline| *deadline <= end) {
        now = deadline.max(now);
        let first = starts.len();
        schedule.due(now, &mut |target| {
            starts.push((now.0 / 1_000_000, target.0));
            true
        });
        for (_, target) in &starts[first..] {
            schedule.ended(TargetId(*target), is_counting, now);
        }
    }
    starts
}

#[test]
fn a_change_that_is_counted_is_probed_fast() {
    let mut schedule = Schedule::new(ms(0));
    schedule.plan([planned(1, 10_000, 2_000)]);
    let starts: Vec<i64> = run(&mut schedule, 0, 40_000, true).into_iter().map(|(at, _)| at).collect();
    let gaps: Vec<i64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().filter(|gap| (2000..=2005).contains(*gap)).count() >= 9, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap >= 1995 && *gap < 4000), "{gaps:?}");
    let calm = run(&mut schedule, 40_000, 80_000, false).len();
    assert!(calm <= 5, "{calm}");
}

#[test]
fn fast_probes_are_rationed_and_regular_ones_go_first() {
    let mut schedule = Schedule::new(ms(0));
    let targets = 20_000;
    schedule.plan((0..targets).map(|target| planned(target, 10_000, 2_000)));
    let starts = run(&mut schedule, 0, 30_000, true);
    let last: Vec<_> = starts.iter().filter(|(at, _)| (20_000..30_000).contains(at)).collect();
    let fast = last.len() - targets as usize;
    assert!((19_000..=20_500).contains(&fast), "as many fast ones as regular ones, not {fast}");
    assert_eq!(schedule.left(), Left::default());
}

#[test]
fn a_dependency_is_probed_at_once_and_behind_what_runs() {
    let mut schedule = Schedule::new(ms(0));
    schedule.plan([planned(1, 600_000, 600_000)]);
    schedule.hurry(TargetId(1), ms(7));
    let mut given = 0;
    schedule.due(ms(7), &mut |_| {
        given += 1;
        true
    });
    assert_eq!(given, 1);
    schedule.hurry(TargetId(1), ms(8));
    schedule.due(ms(9), &mut |_| {
        given += 1;
        true
    });
    assert_eq!((given, schedule.is_awaited(TargetId(1))), (1, true), "it still runs");
    schedule.ended(TargetId(1), false, ms(3000));
    schedule.due(ms(3000), &mut |_| {
        given += 1;
        true
    });
    assert_eq!(given, 2);
    schedule.ended(TargetId(1), false, ms(3001));
    assert!(!schedule.is_awaited(TargetId(1)));
}

#[test]
fn a_probe_that_still_runs_is_not_started_again() {
    let mut schedule = Schedule::new(ms(0));
    schedule.plan([planned(1, 100, 100)]);
    let mut given = 0;
    for at in 0..1000 {
        schedule.due(ms(at), &mut |_| {
            given += 1;
            true
        });
    }
    assert_eq!((given, schedule.left().missed), (1, 0));
    assert!((8..=9).contains(&schedule.left().overlapped));
}

#[test]
fn names_are_spread_and_hashes_never_change() {
    assert_eq!(hash("web/oco/a"), hash("web/oco/a"));
    assert_eq!(hash(""), 0xf52a_15e9_a9b5_e89b);
    let mut bins = [0u32; 100];
    for number in 0..10_000 {
        bins[(hash(&format!("web/oco/10.0.{}.{}", number / 256, number % 256)) % 100) as usize] += 1;
    }
    assert!(bins.iter().all(|bin| (50..=150).contains(bin)), "{bins:?}");
}

/// A monitor whose time was over was told of; its group was still being ended when its next turn came, and it never had
/// another one.
#[test]
fn who_is_still_being_cleared_away_has_its_next_turn() {
    let mut schedule = Schedule::new(ms(0));
    schedule.plan([planned(1, 10_000, 2_000)]);
    // Offers it whenever it is due; when it was offered.
    let offers = |schedule: &mut Schedule, times: std::ops::Range<i64>, begins: bool| {
        let mut offers = Vec::new();
        for at in times {
            schedule.due(ms(at), &mut |_| {
                offers.push(at);
                begins
            });
        }
        offers
    };
    let left_out = offers(&mut schedule, 0..30_000, false);
    assert_eq!((left_out.len(), schedule.left().overlapped), (3, 3));
    assert_eq!((schedule.last_start(TargetId(1)), schedule.is_awaited(TargetId(1))), (None, false));
    let turn = left_out[2] + 10_000;
    assert_eq!(offers(&mut schedule, 30_000..turn + 1, true), [turn]);
    // A fast one is offered again until it begins, and so is one of a dependency.
    schedule.ended(TargetId(1), true, ms(turn + 3000));
    let fast = offers(&mut schedule, turn + 3000..turn + 3250, false);
    assert_eq!(fast, [turn + 3000, turn + 3100, turn + 3200]);
    assert_eq!(offers(&mut schedule, turn + 3250..turn + 3400, true), [turn + 3300]);
    schedule.ended(TargetId(1), false, ms(turn + 3400));
    schedule.hurry(TargetId(1), ms(turn + 4300));
    assert_eq!(offers(&mut schedule, turn + 4300..turn + 4350, false), [turn + 4300]);
    assert!(schedule.is_awaited(TargetId(1)));
    assert_eq!(offers(&mut schedule, turn + 4350..turn + 5000, true), [turn + 4400]);
}
