//! Availabilities and levels, reckoned where the journal is read.

use crate::levels::Question;
use oco_fleet::availability::Adjustment;
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{History, JournalError, Reader};
use oco_fleet::level::{Judgement, Promise};
use oco_fleet::object::ObjectName;
use oco_fleet::reckoning::Reckoning;
use oco_fleet::time::Millis;

/// Whose availability is to be reckoned, over which time.
#[derive(Debug, Clone)]
pub struct AvailabilityWish {
    /// Whose.
    pub of: ObjectName,
    /// From then on; none: from the journal's beginning.
    pub from: Option<Millis>,
    /// Until then. What lies behind now is not reckoned, but belongs to a budget.
    pub to: Millis,
    /// Of a level: what was promised of it.
    pub promise: Option<Promise>,
    /// As the watcher has them now.
    pub common: Common,
}

/// A level that is to be judged.
#[derive(Debug, Clone)]
pub struct LevelWish {
    /// Which one.
    pub level: Question,
    /// As the watcher has them now.
    pub common: Common,
}

/// What the journal is not asked for.
#[derive(Debug, Clone)]
pub struct Common {
    /// Corrections that count.
    pub adjustments: Vec<Adjustment>,
    /// The time zone of hours and periods.
    pub zone: Zone,
    /// Now, in the journal's time: until then all is known.
    pub now: Millis,
}

/// None: it was never watched.
pub(super) fn reckon(reader: &mut Reader, wish: AvailabilityWish) -> Result<Option<Reckoning>, JournalError> {
    let from = match wish.from {
        Some(from) => from,
        None => reader.known()?.0,
    };
    let Common { adjustments, zone, now } = wish.common;
    let promise = wish.promise.as_ref();
    let found = reader.history(&wish.of, from, wish.to.min(now), now)?;
    let found = found.or_else(|| promise.map(|_| History::default()));
    Ok(found.map(|history| {
        let history = History { adjustments, ..history };
        Reckoning::of(&history, promise, (from, wish.to), now, &zone)
    }))
}

/// Judges a level. One of somebody who was never watched has spent nothing.
pub(super) fn judge(reader: &mut Reader, wish: LevelWish) -> Result<Judgement, JournalError> {
    let Common { adjustments, zone, now } = wish.common;
    let Question { of, promise } = wish.level;
    let (from, _) = promise.period.around(now, &zone);
    // How it goes on is what it is in the millisecond of now.
    let next = Millis(now.0.saturating_add(1));
    let found = reader.history(&of, from, next, next)?.unwrap_or_default();
    let history = History { adjustments, ..found };
    Ok(promise.judge(now, history.over(), &history.spans, &zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco::logic::code::Code;
    use oco_fleet::availability::Percent;
    use oco_fleet::calendar::Period;
    use oco_fleet::journal::{Entry, FILE, Writer};
    use oco_fleet::level::CountedAs;
    use oco_fleet::state::{Standing, State};
    use oco_fleet::transition::Transition;

    /// A journal of `web/oco`, ok from 10 s on, ko from 20 s on, and of `web/old`, ko from 10 s until it went at 20 s.
    fn journal() -> (tempfile::TempDir, Reader) {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = Writer::open(dir.path(), Millis(5_000), 0).unwrap();
        let change = |who: &str, at: i64, old: &Standing, new: &Standing| {
            let (name, at) = (ObjectName::parse(who).unwrap(), Millis(at));
            let (old, new) = (old.clone(), new.clone());
            Entry::Transition(Transition {
                name,
                at,
                old,
                old_since: at,
                new,
                probes: None,
                depends_on: None,
            })
        };
        let (none, ok, ko) =
            (Standing::default(), Standing::of_code(Code::OK, ""), Standing::of_code(Code::KO, ""));
        let old = ObjectName::parse("web/old").unwrap();
        let entries = [
            change("web/oco", 10_000, &none, &ok),
            change("web/old", 10_000, &none, &ko),
            change("web/oco", 20_000, &ok, &ko),
            Entry::Forget { name: old, at: Millis(20_000) },
        ];
        writer.write(&entries).unwrap();
        let reader = Reader::open(&dir.path().join(FILE)).unwrap();
        (dir, reader)
    }

    fn common(now: i64, adjustments: &[Adjustment]) -> Common {
        Common { adjustments: adjustments.to_vec(), zone: Zone::UTC, now: Millis(now) }
    }

    /// 40 s of the first day of 1970 may be lost.
    fn promise() -> Promise {
        Promise { target: 99_954, period: Period::Day, hours: None, unknown: CountedAs::Excluded }
    }

    #[test]
    fn an_availability_ends_now_and_a_budget_with_its_time() {
        let (_dir, mut reader) = journal();
        let mut reckoned = |of: &str, from, to, promise, adjustments: &[Adjustment]| {
            let of = ObjectName::parse(of).unwrap();
            let common = common(30_000, adjustments);
            reckon(&mut reader, AvailabilityWish { of, from, to: Millis(to), promise, common }).unwrap()
        };
        let all = reckoned("web/oco", None, 90_000, None, &[]).unwrap();
        assert_eq!((all.from, all.to, all.budget), (Millis(5_000), Millis(30_000), None));
        assert_eq!((all.durations.no_data, all.durations.ok, all.durations.ko), (5_000, 10_000, 10_000));
        assert_eq!((all.measured, all.contractual), (Some(Percent(50_000)), Some(Percent(50_000))));
        let put_right = Adjustment { from: Millis(20_000), to: Millis(24_000), state: State::But };
        let all = reckoned("web/oco", Some(Millis(10_000)), 25_000, None, &[put_right]).unwrap();
        assert_eq!((all.durations.but, all.durations.ko, all.to), (4_000, 1_000, Millis(25_000)));
        assert_eq!(reckoned("web/no", None, 90_000, None, &[]), None);
        let day = reckoned("web/oco", Some(Millis(0)), 86_400_000, Some(promise()), &[put_right]).unwrap();
        assert_eq!((day.to, day.durations.total()), (Millis(30_000), 30_000));
        assert_eq!(day.budget, Some((Percent(99_954), 39_744, 33_744)));
        let never = reckoned("web/no", Some(Millis(0)), 86_400_000, Some(promise()), &[]).unwrap();
        assert_eq!(
            (never.durations.no_data, never.budget),
            (30_000, Some((Percent(99_954), 39_744, 39_744)))
        );
    }

    #[test]
    fn a_level_is_judged_by_the_past_of_what_it_is_of() {
        let (_dir, mut reader) = journal();
        let mut judged = |of: &str, now, adjustments: &[Adjustment]| {
            let level = Question { of: ObjectName::parse(of).unwrap(), promise: promise() };
            judge(&mut reader, LevelWish { level, common: common(now, adjustments) }).unwrap()
        };
        // From the moment of its transition on it is known to go on.
        for now in [20_000, 30_000] {
            let found = judged("web/oco", now, &[]);
            assert_eq!((found.state, found.account.spent), (State::Ok, now - 20_000));
            assert_eq!(found.look_again, Millis(20_000 + 29_809), "a quarter is left");
        }
        assert_eq!(judged("web/oco", 49_809, &[]).state, State::But);
        let spent = judged("web/oco", 59_744, &[]);
        assert_eq!((spent.state, spent.spent_at), (State::Ko, Some(Millis(59_744))));
        let put_right = Adjustment { from: Millis(0), to: Millis(59_744), state: State::Ok };
        let better = judged("web/oco", 59_744, &[put_right]);
        assert_eq!((better.state, better.account.spent), (State::Ok, 0));
        // Who has gone, or was never there, spends nothing more.
        let gone = judged("web/old", 30_000, &[]);
        assert_eq!((gone.account.spent, gone.look_again), (10_000, Millis(86_400_000)));
        assert_eq!(judged("web/no", 30_000, &[]).look_again, Millis(86_400_000));
    }
}
