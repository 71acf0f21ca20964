//! Availability against a second, naive reckoning that walks from boundary to boundary and looks through everything at
//! each, and a table of what has to be so.

use super::*;
use crate::calendar::{Hours, Period, Zone, parse_span};
use proptest::prelude::*;
use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;

fn span(from: i64, state: State, planned: bool) -> Span {
    Span { from: Millis(from), state, planned }
}

fn adjustment(from: i64, to: i64, state: State) -> Adjustment {
    Adjustment { from: Millis(from), to: Millis(to), state }
}

fn windows(windows: &[(i64, i64)]) -> Vec<(Millis, Millis)> {
    windows.iter().map(|(from, to)| (Millis(*from), Millis(*to))).collect()
}

/// In the order of the fields: ok, but, ko, unknown, planned, no data.
fn parts(durations: Durations) -> [i64; 6] {
    let Durations { ok, but, ko, unknown, planned, no_data } = durations;
    [ok, but, ko, unknown, planned, no_data]
}

fn reckon(
    spans: &[Span],
    gaps: &[(i64, i64)],
    planned: &[(i64, i64)],
    adjustments: &[Adjustment],
    hours: Option<&[(i64, i64)]>,
) -> [i64; 6] {
    let (gaps, planned, hours) = (windows(gaps), windows(planned), hours.map(windows));
    let ground = Ground {
        hours: hours.as_deref(),
        over: Overlays { gaps: &gaps, planned: &planned, adjustments },
        ..Ground::of(Millis(0), Millis(100))
    };
    parts(availability(&ground, spans.iter().copied()))
}

#[test]
fn states_are_counted_from_their_moment_to_the_next() {
    let (ok, but, ko, unknown) = (State::Ok, State::But, State::Ko, State::Unknown);
    let all = [span(10, ok, false), span(30, but, false), span(60, ko, false), span(99, unknown, false)];
    assert_eq!(reckon(&all, &[], &[], &[], None), [20, 30, 39, 1, 0, 10], "before the first nobody watched");
    assert_eq!(reckon(&[], &[], &[], &[], None), [0, 0, 0, 0, 0, 100]);
    let around = [span(-50, ok, false), span(-1, ko, false), span(100, ok, false), span(200, but, false)];
    assert_eq!(
        reckon(&around, &[], &[], &[], None),
        [0, 0, 100, 0, 0, 0],
        "what holds at the start, and half-open"
    );
    let at_once = [span(0, ok, false), span(50, ko, false), span(50, but, false)];
    assert_eq!(reckon(&at_once, &[], &[], &[], None), [50, 50, 0, 0, 0, 0], "the last of two at once");
    let back = [span(0, ok, false), span(50, ko, false), span(40, but, false)];
    assert_eq!(reckon(&back, &[], &[], &[], None), [50, 50, 0, 0, 0, 0], "time that ran back stands still");
}

#[test]
fn planned_is_ko_that_was_planned_and_nothing_else() {
    for (state, expected) in [
        (State::Ok, [100, 0, 0, 0, 0, 0]),
        (State::But, [0, 100, 0, 0, 0, 0]),
        (State::Ko, [0, 0, 0, 0, 100, 0]),
        (State::Unknown, [0, 0, 0, 100, 0, 0]),
    ] {
        assert_eq!(reckon(&[span(0, state, true)], &[], &[], &[], None), expected, "said by the state");
        assert_eq!(
            reckon(&[span(0, state, false)], &[], &[(-5, 105)], &[], None),
            expected,
            "said by a window"
        );
    }
    let outage = [span(0, State::Ok, false), span(20, State::Ko, false), span(60, State::Ok, false)];
    for (window, ko, planned) in [
        ((0, 20), 40, 0),
        ((0, 21), 39, 1),
        ((10, 30), 30, 10),
        ((30, 40), 30, 10),
        ((20, 60), 0, 40),
        ((50, 70), 30, 10),
        ((59, 60), 39, 1),
        ((60, 70), 40, 0),
        ((10, 70), 0, 40),
        ((30, 30), 40, 0),
        ((40, 30), 40, 0),
    ] {
        let counted = reckon(&outage, &[], &[window], &[], None);
        assert_eq!(counted, [60, 0, ko, 0, planned, 0], "{window:?}");
    }
    let overlapping = [(20, 50), (25, 30), (28, 40), (55, 56)];
    assert_eq!(reckon(&outage, &[], &overlapping, &[], None), [60, 0, 9, 0, 31, 0]);
}

#[test]
fn a_gap_beats_all_that_was_measured() {
    let all = [
        span(0, State::Ok, false),
        span(20, State::Unknown, true),
        span(40, State::Ko, true),
        span(60, State::Ko, false),
        span(80, State::But, false),
    ];
    assert_eq!(reckon(&all, &[(0, 100)], &[(0, 100)], &[], None), [0, 0, 0, 0, 0, 100]);
    assert_eq!(
        reckon(&all, &[(10, 90)], &[], &[], None),
        [10, 10, 0, 0, 0, 80],
        "afterwards the last known goes on"
    );
    assert_eq!(reckon(&all, &[(-9, 1), (39, 41), (99, 200)], &[], &[], None), [19, 19, 20, 19, 19, 4]);
}

#[test]
fn an_adjustment_beats_everything_and_the_later_one_the_earlier() {
    let all = [span(20, State::Unknown, false), span(40, State::Ko, true), span(60, State::Ok, false)];
    for (state, place) in [(State::Ok, 0), (State::But, 1), (State::Ko, 2), (State::Unknown, 3)] {
        let mut expected = [0; 6];
        expected[place] = 100;
        let over = [adjustment(0, 100, state)];
        assert_eq!(
            reckon(&all, &[(0, 100)], &[(0, 100)], &over, None),
            expected,
            "{state}, also ko while planned"
        );
        let part = [adjustment(-10, 10, state), adjustment(90, 110, state)];
        let mut expected = [30, 0, 0, 20, 20, 10];
        expected[place] += 20;
        assert_eq!(reckon(&all, &[], &[], &part, None), expected, "{state} at both ends");
    }
    let (first, second) = (adjustment(10, 50, State::Ok), adjustment(30, 70, State::But));
    assert_eq!(reckon(&[], &[], &[], &[first, second], None), [20, 40, 0, 0, 0, 40]);
    assert_eq!(reckon(&[], &[], &[], &[second, first], None), [40, 20, 0, 0, 0, 40]);
    let inner = adjustment(20, 30, State::Ko);
    assert_eq!(
        reckon(&[], &[], &[], &[first, inner], None),
        [30, 0, 10, 0, 0, 60],
        "the first goes on behind it"
    );
    assert_eq!(reckon(&[], &[], &[], &[inner, first], None), [40, 0, 0, 0, 0, 60]);
    let none = [adjustment(50, 50, State::Ko), adjustment(60, 40, State::Ko), first];
    assert_eq!(reckon(&[], &[], &[], &none, None), [40, 0, 0, 0, 0, 60]);
}

#[test]
fn outside_of_the_hours_nothing_counts() {
    let outage = [span(0, State::Ok, false), span(20, State::Ko, false), span(60, State::Ok, false)];
    let hours = [(-10, 10), (15, 25), (55, 60), (60, 61), (99, 200)];
    assert_eq!(reckon(&outage, &[], &[], &[], Some(&hours)), [17, 0, 10, 0, 0, 0]);
    assert_eq!(reckon(&outage, &[(0, 17)], &[(20, 22)], &[], Some(&hours)), [5, 0, 8, 0, 2, 12]);
    assert_eq!(
        reckon(&outage, &[], &[], &[adjustment(0, 100, State::But)], Some(&hours)),
        [0, 27, 0, 0, 0, 0]
    );
    assert_eq!(reckon(&outage, &[], &[], &[], Some(&[])), [0; 6]);
}

#[test]
fn a_period_without_time_has_none() {
    for (from, to) in [(5, 5), (6, 5), (i64::MAX, i64::MIN)] {
        let ground = Ground::of(Millis(from), Millis(to));
        assert_eq!(availability(&ground, [span(0, State::Ok, false)]), Durations::default());
    }
    let forever = Ground::of(Millis(i64::MIN), Millis(i64::MAX));
    assert_eq!(availability(&forever, [span(0, State::Ok, false)]).ok, i64::MAX, "arithmetic saturates");
}

#[test]
fn pieces_follow_each_other_and_are_never_empty() {
    let spans = [span(0, State::Ok, false), span(20, State::Ko, false), span(20, State::Ko, true)];
    let told: Vec<Piece> = pieces(&Ground::of(Millis(-5), Millis(30)), spans).collect();
    let piece = |from, to, share| Piece { from: Millis(from), to: Millis(to), share };
    assert_eq!(told, [piece(-5, 0, Share::NoData), piece(0, 20, Share::Ok), piece(20, 30, Share::Planned)]);
}

#[test]
fn percentages_are_rounded_down_and_100_is_all_alone() {
    let durations = |ok, but, ko, planned| Durations { ok, but, ko, unknown: 7, planned, no_data: 9 };
    for (durations, measured, contractual) in [
        (durations(0, 0, 0, 0), None, None),
        (durations(0, 0, 0, 5), Some("0.000"), None),
        (durations(0, 0, 5, 0), Some("0.000"), Some("0.000")),
        (durations(3, 2, 0, 0), Some("100.000"), Some("100.000")),
        (durations(3, 2, 0, 5), Some("50.000"), Some("100.000")),
        (durations(1, 1, 1, 0), Some("66.666"), Some("66.666")),
        (durations(1, 1, 1, 1), Some("50.000"), Some("66.666")),
        (durations(1_000_000_000_000, 0, 1, 0), Some("99.999"), Some("99.999")),
        (durations(1_000_000_000_000, 0, 0, 1), Some("99.999"), Some("100.000")),
        (durations(99_999, 0, 1, 0), Some("99.999"), Some("99.999")),
        (durations(99_998, 0, 2, 0), Some("99.998"), Some("99.998")),
        (durations(1, 0, 99_999, 0), Some("0.001"), Some("0.001")),
        (durations(1, 0, 100_000, 0), Some("0.000"), Some("0.000")),
        (durations(i64::MAX, 0, 0, 0), Some("100.000"), Some("100.000")),
    ] {
        let print = |percent: Option<Percent>| percent.map(|percent| percent.to_string());
        assert_eq!(print(durations.measured()).as_deref(), measured, "{durations:?}");
        assert_eq!(print(durations.contractual()).as_deref(), contractual, "{durations:?}");
    }
    assert_eq!(
        (Percent(99_950).number().to_string(), Percent::ALL.number().to_string()),
        ("99.95".into(), "100".into())
    );
    assert_eq!(durations(1, 2, 4, 8).total(), 31);
}

#[test]
fn a_week_in_which_the_clock_is_put_sums_to_its_hours() {
    let zone = Zone::parse(Some("Europe/Paris")).unwrap();
    let night = Hours::parse("sun 02:00-04:00").unwrap();
    for (week, whole, in_window) in [("2026-W13", 167, 1), ("2026-W43", 169, 3), ("2026-W20", 168, 2)] {
        let (from, to) = parse_span(week, Millis(0), &zone).unwrap();
        let planned = night.windows(from, to, &zone);
        let ground =
            Ground { over: Overlays { planned: &planned, ..Overlays::default() }, ..Ground::of(from, to) };
        let durations = availability(&ground, [Span { from, state: State::Ko, planned: false }]);
        assert_eq!(parts(durations), [0, 0, (whole - in_window) * HOUR, 0, in_window * HOUR, 0], "{week}");
        let ground = Ground { hours: Some(&planned), ..Ground::of(from, to) };
        let durations = availability(&ground, [Span { from, state: State::Ok, planned: false }]);
        assert_eq!(parts(durations), [in_window * HOUR, 0, 0, 0, 0, 0], "{week}");
    }
}

#[test]
fn days_of_23_and_25_hours_and_leap_days_are_as_long_as_they_are() {
    for (zone, day, hours) in [
        ("Europe/Paris", "2026-03-29", 23),
        ("Europe/Paris", "2026-10-25", 25),
        ("Europe/Paris", "2024-02-29", 24),
        ("Europe/Paris", "2024-02", 29 * 24),
        ("Europe/Paris", "2026-02", 28 * 24),
        ("Europe/Paris", "2026-03", 31 * 24 - 1),
        ("America/New_York", "2026-11", 30 * 24 + 1),
        ("UTC", "2024", 366 * 24),
    ] {
        let (from, to) = parse_span(day, Millis(0), &Zone::parse(Some(zone)).unwrap()).unwrap();
        let at = |offset: i64, state| Span { from: Millis(from.0 + offset), state, planned: false };
        let end = to.since(from);
        assert_eq!(end, hours * HOUR, "{zone} {day}");
        // From the millisecond before to that behind: an outage at each end, and windows that end within them.
        let spans =
            [at(-1, State::Ko), at(HOUR, State::Ok), at(end - HOUR, State::Ko), at(end + 1, State::Ok)];
        let planned = [(Millis(from.0 - 5), Millis(from.0 + 1)), (Millis(to.0 - 1), Millis(to.0 + 5))];
        let ground =
            Ground { over: Overlays { planned: &planned, ..Overlays::default() }, ..Ground::of(from, to) };
        let expected = [end - 2 * HOUR, 0, 2 * HOUR - 2, 0, 2, 0];
        assert_eq!(parts(availability(&ground, spans)), expected, "{zone} {day}");
    }
}

/// Everything that a reckoning takes, as it was thrown.
#[derive(Debug, Clone)]
pub(crate) struct Throw {
    pub from: i64,
    pub to: i64,
    pub spans: Vec<Span>,
    pub gaps: Vec<(i64, i64)>,
    pub planned: Vec<(i64, i64)>,
    pub adjustments: Vec<Adjustment>,
    pub hours: Option<Vec<(i64, i64)>>,
}

/// The same figures by looking through everything at each boundary.
pub(crate) fn naive(throw: &Throw) -> [i64; 6] {
    let lists = [&throw.gaps, &throw.planned, throw.hours.as_ref().unwrap_or(&throw.gaps)];
    let mut edges: BTreeSet<i64> = lists.into_iter().flatten().flat_map(|(from, to)| [*from, *to]).collect();
    edges.extend(throw.spans.iter().map(|span| span.from.0));
    edges.extend(throw.adjustments.iter().flat_map(|entry| [entry.from.0, entry.to.0]));
    edges.extend([throw.from, throw.to]);
    let edges: Vec<i64> = edges.into_iter().filter(|edge| (throw.from..=throw.to).contains(edge)).collect();
    let mut sums = [0; 6];
    for (at, end) in edges.iter().zip(edges.iter().skip(1)) {
        let lies_in = |windows: &[(i64, i64)]| windows.iter().any(|(from, to)| from <= at && at < to);
        if throw.hours.as_ref().is_some_and(|hours| !lies_in(hours)) {
            continue;
        }
        let adjusted = throw.adjustments.iter().rfind(|entry| entry.from.0 <= *at && *at < entry.to.0);
        let place = |state: State| match state {
            State::Ok => 0,
            State::But => 1,
            State::Ko => 2,
            State::Unknown => 3,
        };
        let stood = throw.spans.iter().rfind(|span| span.from.0 <= *at);
        let place = match (adjusted, stood) {
            (Some(adjustment), _) => place(adjustment.state),
            (None, _) if lies_in(&throw.gaps) => 5,
            (None, None) => 5,
            (None, Some(span)) if span.state == State::Ko && (span.planned || lies_in(&throw.planned)) => 4,
            (None, Some(span)) => place(span.state),
        };
        sums[place] += end - at;
    }
    sums
}

fn some_windows(
    moment: impl Strategy<Value = i64> + Clone,
    count: usize,
) -> impl Strategy<Value = Vec<(i64, i64)>> {
    let window = (moment.clone(), moment);
    prop::collection::vec(window, 0..count).prop_map(|mut windows| {
        windows.sort_unstable();
        windows
    })
}

fn some_throw() -> impl Strategy<Value = Throw> {
    let moment = -4..44_i64;
    let state = prop::sample::select(State::WORST_FIRST.to_vec());
    let spans = prop::collection::vec((moment.clone(), state.clone(), any::<bool>()), 0..12);
    let adjustments = prop::collection::vec((moment.clone(), moment.clone(), state), 0..6);
    let windows = || some_windows(moment.clone(), 5);
    (0..8_i64, 0..40_i64, spans, windows(), windows(), adjustments, prop::option::of(windows())).prop_map(
        |(from, length, spans, gaps, planned, adjustments, hours)| {
            let mut spans: Vec<Span> =
                spans.into_iter().map(|(from, state, planned)| span(from, state, planned)).collect();
            spans.sort_by_key(|span| span.from);
            let adjustments =
                adjustments.into_iter().map(|(from, to, state)| adjustment(from, to, state)).collect();
            Throw { from, to: from + length, spans, gaps, planned, adjustments, hours }
        },
    )
}

fn swept(throw: &Throw) -> [i64; 6] {
    let (gaps, planned) = (windows(&throw.gaps), windows(&throw.planned));
    let hours = throw.hours.as_deref().map(windows);
    let ground = Ground {
        from: Millis(throw.from),
        to: Millis(throw.to),
        hours: hours.as_deref(),
        over: Overlays { gaps: &gaps, planned: &planned, adjustments: &throw.adjustments },
    };
    let mut last = ground.from;
    for piece in pieces(&ground, throw.spans.iter().copied()) {
        assert!(last <= piece.from && piece.from < piece.to && piece.to <= ground.to, "{piece:?}");
        last = piece.to;
    }
    parts(availability(&ground, throw.spans.iter().copied()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_sweep_is_as_the_naive_reckoning(throw in some_throw()) {
        let sums = swept(&throw);
        prop_assert_eq!(sums, naive(&throw));
        if throw.hours.is_none() {
            prop_assert_eq!(sums.iter().sum::<i64>(), throw.to - throw.from);
        }
    }

    #[test]
    fn a_period_is_the_sum_of_its_parts(throw in some_throw(), cut in 0..40_i64) {
        let cut = (throw.from + cut).min(throw.to);
        let (first, second) = (Throw { to: cut, ..throw.clone() }, Throw { from: cut, ..throw.clone() });
        let (first, second) = (swept(&first), swept(&second));
        prop_assert_eq!(std::array::from_fn(|place| first[place] + second[place]), swept(&throw));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Real calendars: months with a leap day, weeks in which the clock is put, windows that meet the outages' ends.
    #[test]
    fn calendars_sum_exactly(
        start in prop::sample::select(vec!["2024-02", "2024-02-29", "2026-03", "2026-03-29", "2026-10", "2026-10-25", "2026-W13", "2026-W43", "2026-04-05", "2023"]),
        name in prop::sample::select(vec!["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"]),
        changes in prop::collection::vec((0..400_i64, prop::sample::select(vec![-1, 0, 1]), 0..4_usize, any::<bool>()), 0..20),
        adjusted in prop::collection::vec((0..400_i64, 1..90_i64, 0..4_usize), 0..4),
        has_hours in any::<bool>(),
    ) {
        let zone = Zone::parse(Some(name)).unwrap();
        let (from, to) = parse_span(start, Millis(0), &zone).unwrap();
        let week = Hours::parse("mon-sun 06:00-24:00, sun 01:30-02:30").unwrap();
        let nights = Hours::parse("sun 01:00-03:00, wed 22:00-02:00").unwrap();
        let plain = |windows: Vec<(Millis, Millis)>| windows.iter().map(|(from, to)| (from.0, to.0)).collect::<Vec<_>>();
        let mut spans: Vec<Span> = changes
            .into_iter()
            .map(|(hours, off, state, planned)| span(from.0 + hours * HOUR + off, State::WORST_FIRST[state], planned))
            .collect();
        spans.sort_by_key(|span| span.from);
        let throw = Throw {
            from: from.0,
            to: to.0,
            spans,
            gaps: vec![(from.0 + 30 * HOUR - 1, from.0 + 31 * HOUR)],
            planned: plain(nights.windows(from, to, &zone)),
            adjustments: adjusted
                .into_iter()
                .map(|(at, length, state)| {
                    adjustment(from.0 + at * HOUR, from.0 + (at + length) * HOUR, State::WORST_FIRST[state])
                })
                .collect(),
            hours: has_hours.then(|| plain(week.windows(from, to, &zone))),
        };
        let sums = swept(&throw);
        prop_assert_eq!(sums, naive(&throw));
        let whole = throw.hours.as_ref().map_or(to.since(from), |hours| hours.iter().map(|(from, to)| to - from).sum());
        prop_assert_eq!(sums.iter().sum::<i64>(), whole);
        prop_assert_eq!(Period::Day.around(from, &zone).0, from);
    }
}
