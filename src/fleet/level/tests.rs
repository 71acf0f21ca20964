//! Levels against tables, against themselves a moment later, and against a count of single milliseconds.

mod naive;

use super::*;
use crate::availability::Adjustment;
use crate::calendar::parse_span;
use proptest::prelude::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn promise(target: &str, period: &str) -> Promise {
    Promise {
        target: parse_target(target).unwrap(),
        period: Period::parse(period).unwrap(),
        hours: None,
        unknown: CountedAs::Excluded,
    }
}

fn span(from: i64, state: State) -> Span {
    Span { from: Millis(from), state, planned: false }
}

fn judge(promise: &Promise, now: i64, spans: &[Span]) -> Judgement {
    promise.judge(Millis(now), Overlays::default(), spans, &Zone::UTC)
}

#[test]
fn targets_are_read_and_written() {
    for (text, target, written) in [
        ("99.9%", 99_900, "99.9%"),
        ("100%", 100_000, "100%"),
        ("100.000%", 100_000, "100%"),
        ("99.999%", 99_999, "99.999%"),
        ("99.95%", 99_950, "99.95%"),
        ("90%", 90_000, "90%"),
        ("0.001%", 1, "0.001%"),
        ("5.5%", 5_500, "5.5%"),
        ("010%", 10_000, "10%"),
    ] {
        assert_eq!(parse_target(text), Ok(target));
        assert_eq!(target_text(target), written);
        assert_eq!(parse_target(written), Ok(target));
    }
    for bad in [
        "", "%", "99.9", "99,9%", "0%", "0.000%", "100.001%", "101%", "99.9999%", "99.%", ".9%", "-1%",
        "+9%", "1e1%", "99.9 %", "99.9%%", "99%%", "9999%", "99.9.9%", "0099%", "99%.9",
    ] {
        let words = parse_target(bad).unwrap_err();
        assert!(words.contains(&format!("{bad:?}: expected")), "{words}");
    }
}

#[test]
fn unknown_counts_as_it_was_agreed() {
    let durations = Durations { ok: 1, but: 2, ko: 4, unknown: 8, planned: 16, no_data: 32 };
    let percent = |counted: CountedAs| counted.counted(durations).contractual().unwrap();
    assert_eq!(percent(CountedAs::Excluded), Percent(42_857));
    assert_eq!(CountedAs::Excluded.counted(durations), durations);
    assert_eq!(percent(CountedAs::Up), Percent(73_333));
    assert_eq!(CountedAs::Up.counted(durations), Durations { ok: 9, unknown: 0, ..durations });
    assert_eq!(percent(CountedAs::Down), Percent(20_000));
    for counted in [CountedAs::Excluded, CountedAs::Up, CountedAs::Down] {
        assert_eq!(CountedAs::from_word(counted.word()), Some(counted));
        assert_eq!(counted.counted(durations).total(), durations.total());
        let level = Promise { unknown: counted, ..promise("50%", "day") };
        let judged = judge(&level, 13 * HOUR, &[span(0, State::Unknown)]);
        assert_eq!(judged.state == State::Ko, counted == CountedAs::Down);
        assert_eq!(
            (judged.account.durations.unknown, judged.account.is_met),
            match counted {
                CountedAs::Excluded => (13 * HOUR, None),
                CountedAs::Up => (13 * HOUR, Some(true)),
                CountedAs::Down => (13 * HOUR, Some(false)),
            }
        );
    }
    assert_eq!(CountedAs::from_word("UP"), None);
}

#[test]
fn budgets_are_of_the_whole_period() {
    for (target, period, budget) in [
        ("99.9%", "2026-10", (31 * DAY + HOUR) / 1_000),
        ("99.9%", "2024-02", 29 * DAY / 1_000),
        ("100%", "2026", 0),
        ("99.999%", "2026-10-25", 25 * HOUR / 100_000),
        ("0.001%", "2026-10-24", 24 * HOUR - 864),
    ] {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let (from, to) = parse_span(period, Millis(0), &zone).unwrap();
        let account = promise(target, "month").account((from, to), from, Overlays::default(), [], &zone);
        assert_eq!((account.budget, account.left, account.spent), (budget, budget, 0), "{target} {period}");
        assert_eq!((account.time, account.is_met), (to.since(from), None));
    }
    assert_eq!(budget(99_999, 199_999), 1, "rounded down");
    let level = Promise { hours: Hours::parse("sun 02:00-04:00").ok(), ..promise("90%", "week") };
    let zone = Zone::parse(Some("Europe/Paris")).unwrap();
    for (week, hours) in [("2026-W13", 1), ("2026-W43", 3), ("2026-W20", 2)] {
        let period = parse_span(week, Millis(0), &zone).unwrap();
        let ko = Span { from: period.0, state: State::Ko, planned: false };
        let account = level.account(period, Millis(i64::MAX), Overlays::default(), [ko], &zone);
        assert_eq!(
            (account.time, account.budget, account.spent),
            (hours * HOUR, hours * HOUR / 10, hours * HOUR)
        );
        assert_eq!((account.left, account.is_met), (-hours * HOUR * 9 / 10, Some(false)), "overspent");
    }
}

#[test]
fn a_level_is_spent_to_the_millisecond() {
    // A day's 86,400,000 ms at 99.99% leave 8,640 ms; less than a quarter is left after more than 6,480.
    let level = promise("99.99%", "day");
    let spans = [span(0, State::Ok), span(HOUR, State::Ko)];
    let at = |spent: i64| judge(&level, HOUR + spent, &spans);
    for (spent, state, look_again) in [
        (0, State::Ok, HOUR + 6_481),
        (6_480, State::Ok, HOUR + 6_481),
        (6_481, State::But, HOUR + 8_640),
        (8_639, State::But, HOUR + 8_640),
        (8_640, State::Ko, DAY),
        (8_641, State::Ko, DAY),
        (23 * HOUR - 1, State::Ko, DAY),
    ] {
        let judged = at(spent);
        assert_eq!((judged.state, judged.look_again.0), (state, look_again), "{spent}");
        assert_eq!((judged.account.spent, judged.account.left), (spent, 8_640 - spent));
        assert_eq!(judged.spent_at, (state == State::Ko).then_some(Millis(HOUR + 8_640)));
    }
    // It stays ko when it is up again, until the period ends; the next one begins with all of its budget.
    let over = [spans[0], spans[1], span(HOUR + 8_640, State::Ok)];
    let judged = judge(&level, 20 * HOUR, &over);
    assert_eq!((judged.state, judged.look_again.0, judged.account.left), (State::Ko, DAY, 0));
    assert_eq!(judged.spent_at, Some(Millis(HOUR + 8_640)));
    let kept = level.account((Millis(0), Millis(DAY)), Millis(DAY), Overlays::default(), over, &Zone::UTC);
    assert_eq!(kept.is_met, Some(true), "spent, but not more than that");
    let over = [spans[0], spans[1], span(HOUR + 8_641, State::Ok)];
    let missed = level.account((Millis(0), Millis(DAY)), Millis(DAY), Overlays::default(), over, &Zone::UTC);
    assert_eq!((missed.is_met, missed.contractual), (Some(false), Some(Percent(99_989))));
    assert_eq!(judge(&level, DAY, &over).state, State::Ok);
}

#[test]
fn a_budget_of_nothing_is_spent_by_the_first_ko() {
    let level = promise("100%", "day");
    let spans = [span(0, State::Ok), span(HOUR, State::Ko), span(2 * HOUR, State::Ok)];
    assert_eq!(judge(&level, HOUR - 1, &spans[..1]).state, State::Ok);
    for now in [HOUR, HOUR + 1, 2 * HOUR, DAY - 1] {
        let judged = judge(&level, now, &spans);
        assert_eq!(
            (judged.state, judged.spent_at, judged.look_again.0),
            (State::Ko, Some(Millis(HOUR)), DAY)
        );
    }
    assert_eq!(judge(&level, DAY, &spans).state, State::Ok);
    // Hours that do not come in the period: nothing to spend, nothing spent.
    let level = Promise { hours: Hours::parse("sat 10:00-12:00").ok(), ..level };
    let judged = judge(&level, 5 * HOUR, &[span(0, State::Ko)]);
    assert_eq!((judged.state, judged.account.budget, judged.account.time), (State::Ok, 0, 0));
}

#[test]
fn what_is_not_ko_spends_nothing() {
    let level = promise("99%", "day");
    let ko = [Span { planned: true, ..span(0, State::Ko) }];
    let judged = judge(&level, 12 * HOUR, &ko);
    assert_eq!((judged.state, judged.account.spent, judged.account.is_met), (State::Ok, 0, None));
    assert_eq!(judged.account.durations.planned, 12 * HOUR);
    let day = [(Millis(0), Millis(DAY))];
    let ko = [span(0, State::Ko)];
    for over in [
        Overlays { gaps: &day, ..Overlays::default() },
        Overlays { planned: &day, ..Overlays::default() },
        Overlays {
            adjustments: &[Adjustment { from: Millis(0), to: Millis(DAY), state: State::But }],
            ..Overlays::default()
        },
    ] {
        let judged = level.judge(Millis(12 * HOUR), over, &ko, &Zone::UTC);
        assert_eq!((judged.state, judged.account.spent, judged.look_again.0), (State::Ok, 0, DAY));
    }
    assert_eq!(judge(&level, 12 * HOUR, &ko).state, State::Ko);
    assert_eq!(judge(&level, 12 * HOUR, &[]).state, State::Ok, "nothing is known");
}

#[test]
fn outside_of_the_hours_nothing_is_spent_and_the_look_ahead_waits_for_them() {
    // 10 hours a day at 90% leave an hour; 1970 began on a Thursday.
    let level = Promise { hours: Hours::parse("mon-sun 08:00-18:00").ok(), ..promise("90%", "day") };
    let spans = [span(0, State::Ok), span(5 * HOUR, State::Ko)];
    let quarter = 8 * HOUR + 45 * MINUTE + 1;
    for (now, state, look_again) in [
        (5 * HOUR, State::Ok, quarter),
        (8 * HOUR, State::Ok, quarter),
        (quarter, State::But, 9 * HOUR),
        (9 * HOUR, State::Ko, DAY),
        (19 * HOUR, State::Ko, DAY),
    ] {
        let judged = judge(&level, now, &spans);
        assert_eq!((judged.state, judged.look_again.0), (state, look_again), "{now}");
    }
    let late = [span(0, State::Ok), span(18 * HOUR - MINUTE, State::Ko)];
    assert_eq!(judge(&level, 18 * HOUR, &late).look_again.0, DAY);
}

#[test]
fn a_rate_says_when_it_will_be_spent() {
    // A tenth of the day is the budget, 2.4 h. In 10 h one was spent: at that rate it lasts 24 h, in 5 h 12 h.
    let level = promise("90%", "day");
    let spans = [span(0, State::Ok), span(2 * HOUR, State::Ko), span(3 * HOUR, State::Ok)];
    for (now, by) in [
        (HOUR, None),
        (5 * HOUR, Some(12 * HOUR)),
        (3 * HOUR, Some(7 * HOUR + 12 * MINUTE)),
        (10 * HOUR, Some(DAY)),
        (10 * HOUR + 1, None),
    ] {
        assert_eq!(judge(&level, now, &spans).spent_by.map(|by| by.0), by, "{now}");
    }
    let spent = judge(&level, 6 * HOUR, &spans[..2]);
    assert_eq!((spent.state, spent.spent_by), (State::Ko, None));
    assert_eq!(
        judge(&promise("90%", "1d"), DAY + HOUR, &spans).spent_by,
        None,
        "a rolling period stands at its rate"
    );
    // The rate is one of the hours' time: 1 h of the first 2 h spent, 1 h budget of 10 h.
    let level = Promise { hours: Hours::parse("mon-sun 08:00-18:00").ok(), ..level };
    let spans = [span(0, State::Ok), span(9 * HOUR, State::Ko), span(9 * HOUR + 30 * MINUTE, State::Ok)];
    assert_eq!(judge(&level, 10 * HOUR, &spans).spent_by, Some(Millis(12 * HOUR)));
}

#[test]
fn a_rolling_level_gets_better_as_outages_fall_out() {
    // 100 s roll; 10 s may be spent.
    let level = promise("90%", "100s");
    let second = 1_000;
    let spans = [span(0, State::Ok), span(500 * second, State::Ko), span(512 * second, State::Ok)];
    for (now, seen, state, look_again) in [
        (505 * second, 2, State::Ok, 507 * second + 501),
        (508 * second, 2, State::But, 510 * second),
        (512 * second, 3, State::Ko, 602 * second + 1),
        (602 * second, 3, State::Ko, 602 * second + 1),
        (602 * second + 1, 3, State::But, 604 * second + 500),
        (604 * second + 500, 3, State::Ok, 704 * second + 500),
    ] {
        let judged = judge(&level, now, &spans[..seen]);
        assert_eq!((judged.state, judged.look_again.0), (state, look_again), "{now}");
        assert_eq!((judged.spent_at, judged.spent_by), (None, None));
    }
}

#[test]
fn between_two_hours_a_rolling_level_may_get_worse_and_better_again() {
    // From 18:00 on the hours of the first day fall out: first those that were good, then the outage itself.
    let level = Promise { hours: Hours::parse("mon-sun 08:00-18:00").ok(), ..promise("91%", "30h") };
    let spans = [span(0, State::Ok), span(15 * HOUR, State::Ko), span(16 * HOUR, State::Ok)];
    let (evening, worse) = (DAY + 18 * HOUR, DAY + 18 * HOUR + 4_266_667);
    let judged = judge(&level, evening, &spans);
    assert_eq!((judged.state, judged.account.time, judged.look_again.0), (State::Ok, 16 * HOUR, worse));
    assert_eq!(judge(&level, worse - 1, &spans).state, State::Ok);
    let judged = judge(&level, worse, &spans);
    assert_eq!(judged.state, State::But);
    assert!((21 * HOUR..22 * HOUR).contains(&(judged.look_again.0 - DAY)));
    assert_eq!(judge(&level, judged.look_again.0 - 1, &spans).state, State::But);
    assert_eq!(judge(&level, judged.look_again.0, &spans).state, State::Ok);
}

fn some_spans(length: i64) -> impl Strategy<Value = Vec<Span>> {
    let state = prop::sample::select(State::WORST_FIRST.to_vec());
    prop::collection::vec((0..length, state, any::<bool>()), 0..10).prop_map(|spans| {
        let mut spans: Vec<Span> =
            spans.into_iter().map(|(from, state, planned)| Span { planned, ..span(from, state) }).collect();
        spans.sort_by_key(|span| span.from);
        spans
    })
}

fn some_counting() -> impl Strategy<Value = CountedAs> {
    prop::sample::select(vec![CountedAs::Excluded, CountedAs::Up, CountedAs::Down])
}

/// If all stays as it is, nothing is another before the look ahead says so, and then it is, or the period ends.
fn check_look_ahead(level: &Promise, now: i64, spans: &[Span], probes: impl Iterator<Item = i64>) {
    let zone = Zone::parse(Some("Europe/Paris")).unwrap();
    let seen: Vec<Span> = spans.iter().copied().filter(|span| span.from.0 <= now).collect();
    let at = |now: i64| level.judge(Millis(now), Overlays::default(), &seen, &zone);
    let first = at(now);
    let look_again = first.look_again.0;
    assert!(look_again > now);
    for probe in probes.map(|part| now + (look_again - 1 - now) * part / 100).chain([look_again - 1]) {
        assert_eq!(at(probe).state, first.state, "{now} {probe} {look_again}");
    }
    let horizon = match level.period {
        Period::Rolling(length) => now + length,
        Period::Day | Period::Week | Period::Month | Period::Quarter | Period::Year => first.account.to.0,
    };
    assert!(look_again == horizon || at(look_again).state != first.state, "{now} {look_again}");
    assert!(look_again <= horizon);
}

proptest! {
    #[test]
    fn any_target_is_read_or_refused(text in "[0-9.]{0,7}%?|\\PC{0,10}", target in 1..=100_000_u32) {
        if let Ok(read) = parse_target(&text) {
            prop_assert_eq!(parse_target(&target_text(read)), Ok(read));
        }
        prop_assert_eq!(parse_target(&target_text(target)), Ok(target));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_rolling_level_is_as_counted_by_single_milliseconds(
        spans in some_spans(600), length in 100..300_i64, target in 1..=100_u32, unknown in some_counting(), now in 0..700_i64,
    ) {
        let level = Promise { target: target * 1_000, period: Period::Rolling(length), hours: None, unknown };
        let is_down = |at: i64| spans.iter().rfind(|span| span.from.0 <= at).is_some_and(|span| match span.state {
            State::Ko => !span.planned,
            State::Unknown => unknown == CountedAs::Down,
            State::Ok | State::But => false,
        });
        let seen: Vec<Span> = spans.iter().copied().filter(|span| span.from.0 <= now).collect();
        let judged = judge(&level, now, &seen);
        let spent = i64::try_from((now - length..now).filter(|at| is_down(*at)).count()).unwrap();
        let budget = length * i64::from(100 - target) / 100;
        let expected = match budget - spent {
            left if left < 0 || left == 0 && (spent > 0 || is_down(now)) => State::Ko,
            left if 4 * left < budget => State::But,
            _ => State::Ok,
        };
        prop_assert_eq!((judged.account.spent, judged.account.budget, judged.state), (spent, budget, expected));
        check_look_ahead(&level, now, &spans, 0..100);
    }

    #[test]
    fn the_look_ahead_is_right_in_any_calendar(
        spans in some_spans(400 * HOUR),
        day in prop::sample::select(vec!["2026-03-23", "2026-10-19", "2024-02-19", "2026-12-21"]),
        period in prop::sample::select(vec![
            Period::Day, Period::Week, Period::Month, Period::Rolling(30 * HOUR), Period::Rolling(7 * DAY),
        ]),
        hours in prop::option::of(prop::sample::select(vec![
            "mon-sun 06:00-24:00", "mon-fri 08:00-18:00", "sun 01:30-02:30", "sat 22:00-03:00, mon 00:00-00:01",
        ])),
        target in prop::sample::select(vec![100_000, 99_900, 95_000, 80_000, 33_333, 1]),
        unknown in some_counting(),
        now in 0..400 * HOUR,
    ) {
        let zone = Zone::parse(Some("Europe/Paris")).unwrap();
        let (start, _) = parse_span(day, Millis(0), &zone).unwrap();
        let spans: Vec<Span> = spans.into_iter().map(|one| Span { from: Millis(start.0 + one.from.0), ..one }).collect();
        let level = Promise { target, period, hours: hours.map(|text| Hours::parse(text).unwrap()), unknown };
        check_look_ahead(&level, start.0 + now, &spans, (0..100).step_by(20));
    }
}
