//! Levels against a naive reckoning, with all that lies over the states, in calendars whose clocks are put.

use super::*;
use crate::availability::tests::{Throw, naive};

/// Windows of whole quarters of hours and a millisecond off, from `start` on.
fn some_windows() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let window = (0..1_600_i64, 0..200_i64, -1..=1_i64);
    prop::collection::vec(window, 0..4).prop_map(|mut windows| {
        windows.sort_unstable();
        let quarter = 15 * MINUTE;
        windows.into_iter().map(|(at, length, off)| (at * quarter, (at + length) * quarter + off)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What a level has spent is what a reckoning finds that looks through everything at each boundary.
    #[test]
    fn a_level_is_as_the_naive_reckoning_in_any_calendar(
        spans in some_spans(400 * HOUR),
        day in prop::sample::select(vec!["2026-03-23", "2026-03-29", "2026-10-19", "2026-10-25", "2024-02-19", "2024-02-29"]),
        period in prop::sample::select(vec![
            Period::Day, Period::Week, Period::Month, Period::Rolling(30 * HOUR), Period::Rolling(7 * DAY),
        ]),
        hours in prop::option::of(prop::sample::select(vec![
            "mon-sun 06:00-24:00", "mon-fri 08:00-18:00", "sun 01:30-02:30", "sat 22:00-03:00, mon 00:00-00:01",
        ])),
        target in prop::sample::select(vec![100_000, 99_900, 95_000, 80_000, 33_333, 1]),
        unknown in some_counting(),
        (gaps, planned) in (some_windows(), some_windows()),
        adjusted in prop::collection::vec((0..400_i64, 1..90_i64, prop::sample::select(State::WORST_FIRST.to_vec())), 0..4),
        now in 0..400 * HOUR,
    ) {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let (start, _) = parse_span(day, Millis(0), &zone).unwrap();
        let now = Millis(start.0 + now);
        let spans: Vec<Span> = spans
            .into_iter()
            .map(|one| Span { from: Millis(start.0 + one.from.0), ..one })
            .filter(|one| one.from <= now)
            .collect();
        let moved = |windows: &[(i64, i64)]| -> Vec<(i64, i64)> {
            windows.iter().map(|(from, to)| (start.0 + from, start.0 + to)).collect()
        };
        let (gaps, planned) = (moved(&gaps), moved(&planned));
        let adjustments: Vec<Adjustment> = adjusted
            .into_iter()
            .map(|(at, length, state)| Adjustment {
                from: Millis(start.0 + at * HOUR), to: Millis(start.0 + (at + length) * HOUR), state,
            })
            .collect();
        let level = Promise { target, period, hours: hours.map(|text| Hours::parse(text).unwrap()), unknown };
        let (from, to) = period.around(now, &zone);
        let counted = level.hours.as_ref().map(|hours| hours.windows(from, to, &zone));
        let plain = |windows: &[(Millis, Millis)]| -> Vec<(i64, i64)> {
            windows.iter().map(|(from, to)| (from.0, to.0)).collect()
        };
        let throw = |from: Millis, to: Millis, hours: Option<Vec<(i64, i64)>>| Throw {
            from: from.0,
            to: to.0,
            spans: spans.clone(),
            gaps: gaps.clone(),
            planned: planned.clone(),
            adjustments: adjustments.clone(),
            hours,
        };
        let spent_of = |[_, _, ko, dark, _, _]: [i64; 6]| ko + if unknown == CountedAs::Down { dark } else { 0 };
        let hours = counted.as_deref().map(plain);
        let sums = naive(&throw(from, now, hours.clone()));
        let spent = spent_of(sums);
        let time: i64 = naive(&throw(from, to, hours)).iter().sum();
        let budget = i64::try_from(i128::from(time) * i128::from(100_000 - target) / 100_000).unwrap();
        let next = Millis(now.0 + 1);
        let within = level.hours.as_ref().is_none_or(|hours| hours.contains(now, &zone));
        let is_down = within && spent_of(naive(&throw(now, next, None))) > 0;
        let pairs = |windows: &[(i64, i64)]| -> Vec<(Millis, Millis)> {
            windows.iter().map(|(from, to)| (Millis(*from), Millis(*to))).collect()
        };
        let (gaps, planned) = (pairs(&gaps), pairs(&planned));
        let over = Overlays { gaps: &gaps, planned: &planned, adjustments: &adjustments };
        let judged = level.judge(now, over, &spans, &zone);
        let account = judged.account;
        let Durations { ok, but, ko, unknown: dark, planned, no_data } = account.durations;
        prop_assert_eq!([ok, but, ko, dark, planned, no_data], sums);
        prop_assert_eq!((account.time, account.budget, account.spent, account.left), (time, budget, spent, budget - spent));
        let expected = match budget - spent {
            left if left < 0 || left == 0 && (spent > 0 || is_down) => State::Ko,
            left if 4 * left < budget => State::But,
            _ => State::Ok,
        };
        prop_assert_eq!(judged.state, expected);
        let up = ok + but + if unknown == CountedAs::Up { dark } else { 0 };
        let met = (up + spent > 0).then(|| i128::from(up) * 100_000 >= i128::from(up + spent) * i128::from(target));
        prop_assert_eq!((account.is_met, account.contractual), (met, Percent::of(up, up + spent)));
        prop_assert!(judged.look_again > now);
        if let Some(at) = judged.spent_at {
            // To the millisecond: all of it by then, and not a millisecond before.
            let hours = counted.as_deref().map(plain);
            prop_assert_eq!(spent_of(naive(&throw(from, at, hours.clone()))), budget);
            let before = Millis(at.0 - 1);
            prop_assert!(budget == 0 || spent_of(naive(&throw(from, before, hours))) < budget);
        }
    }
}
