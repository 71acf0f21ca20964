//! A level from question to question.

use super::*;
use crate::config;
use oco_fleet::availability::{Overlays, Span};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const FILE: &str = "state-dir = \"/var/lib/oco-watch\"\ntime-zone = \"UTC\"\n\
    [hostgroup.web]\nhosts = [\"192.0.2.1\"]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n";

fn settings(levels: &str) -> Settings {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("watch.toml");
    std::fs::write(&path, format!("{FILE}{levels}")).unwrap();
    config::load(&path).unwrap()
}

/// A day of `web/oco`, of which 864 seconds may be lost.
fn level(name: &str) -> String {
    format!("[slo.{name}]\nof = \"web/oco\"\ntarget = \"99%\"\nperiod = \"day\"\n")
}

fn name(text: &str) -> ObjectName {
    ObjectName::parse(text).unwrap()
}

/// The boot clock, which began with the journal's.
fn boot(millis: i64) -> Nanos {
    Nanos(millis * 1_000_000)
}

fn one(settings: &Settings) -> Levels {
    Levels::new(settings, &HashMap::new(), Millis(0), &mut Changes::default())
}

/// What a journal answers in which `web/oco` went down at one o'clock.
fn judgement(question: &Question, now: i64) -> Judgement {
    let hour = Millis(60 * MINUTE);
    let spans = [
        Span { from: Millis(0), state: State::Ok, planned: false },
        Span { from: hour, state: State::Ko, planned: false },
    ];
    let seen = spans.iter().copied().filter(|span| span.from.0 <= now).collect::<Vec<_>>();
    question.promise.judge(Millis(now), Overlays::default(), &seen, &Zone::UTC)
}

/// Has the level judged at `now`, if it is due.
fn judge(levels: &mut Levels, now: i64) -> Option<Transition> {
    let question = levels.ask(Ticket(1), Sequence(0), boot(now))?;
    levels.judged(Ticket(1), &judgement(&question, now), Millis(now), boot(now))
}

/// What came of it, and when it is looked at again.
fn told(levels: &mut Levels, now: i64) -> (Option<String>, i64) {
    let transition = judge(levels, now).map(|transition| transition.to_string());
    (transition, levels.deadline(Sequence(0)).unwrap().0 / 1_000_000)
}

#[test]
fn a_level_goes_down_as_its_budget_is_spent() {
    let mut levels = one(&settings(&level("shop")));
    assert_eq!(levels.get(&name("slo:shop")).unwrap().standing, &Standing::default());
    let line = |text: &str| Some(text.to_owned());
    assert_eq!(told(&mut levels, 0), (line("slo:shop: unknown -> ok"), MINUTE));
    assert_eq!(levels.ask(Ticket(1), Sequence(0), boot(MINUTE - 1)), None, "it is not due");
    assert_eq!(told(&mut levels, 60 * MINUTE), (None, 61 * MINUTE));
    levels.touch(&name("web/oco"), Sequence(0));
    assert_eq!(told(&mut levels, 60 * MINUTE + 1_000), (None, 61 * MINUTE + 1_000));
    assert_eq!(&*levels.get(&name("slo:shop")).unwrap().standing.reason, "0% of the budget spent");
    // A quarter of 864 s is left, to the millisecond.
    let quarter = 60 * MINUTE + 648_001;
    assert_eq!(told(&mut levels, quarter - 1_000), (None, quarter));
    let but = "slo:shop: ok -> but (75% of the budget spent, 3m 35s left), was ok for 1h 10m";
    assert_eq!(told(&mut levels, quarter), (line(but), quarter + MINUTE));
    let spent = 60 * MINUTE + 864_000;
    assert_eq!(told(&mut levels, spent - 10), (None, spent));
    let ko = "slo:shop: but -> ko (budget spent), was but for 3m 35s";
    assert_eq!(told(&mut levels, spent), (line(ko), spent + MINUTE));
    assert_eq!(told(&mut levels, spent + 5 * MINUTE), (None, spent + 6 * MINUTE));
    let view = levels.get(&name("slo:shop")).unwrap();
    assert_eq!((view.since, &*view.standing.reason), (Millis(spent), "budget spent, 5m over"));
    assert_eq!(view.standing.code.map(Code::number), Some(350));
    assert_eq!(view.account.unwrap().left, -5 * MINUTE);
    assert_eq!(told(&mut levels, DAY - 10), (None, DAY));
    // The next day begins with an hour and a half of ko, or where that was put right, with nothing.
    levels.touch_all(Sequence(0));
    let question = levels.ask(Ticket(2), Sequence(0), boot(DAY)).unwrap();
    let ok = [Span { from: Millis(0), state: State::Ok, planned: false }];
    let judgement = question.promise.judge(Millis(DAY), Overlays::default(), &ok, &Zone::UTC);
    let better = levels.judged(Ticket(2), &judgement, Millis(DAY), boot(DAY)).unwrap();
    assert_eq!(better.new, Standing::of_code(Code::OK, ""));
}

#[test]
fn one_at_a_time_is_asked_for_and_not_before_the_journal_has_what_happened() {
    let mut levels = one(&settings(&format!("{}{}", level("a"), level("b"))));
    levels.touch_all(Sequence(7));
    assert_eq!((levels.deadline(Sequence(6)), levels.deadline(Sequence(7))), (None, Some(Nanos::PAST)));
    assert_eq!(levels.ask(Ticket(1), Sequence(6), boot(0)), None);
    let question = levels.ask(Ticket(1), Sequence(7), boot(0)).unwrap();
    assert_eq!((levels.deadline(Sequence(7)), levels.ask(Ticket(2), Sequence(7), boot(0))), (None, None));
    // What is touched meanwhile is judged once more.
    levels.touch(&name("web/oco"), Sequence(8));
    assert_eq!(levels.judged(Ticket(9), &judgement(&question, 0), Millis(0), boot(0)), None, "nobody's");
    assert!(levels.judged(Ticket(1), &judgement(&question, 0), Millis(0), boot(0)).is_some());
    assert_eq!((levels.deadline(Sequence(7)), levels.deadline(Sequence(8))), (None, Some(Nanos::PAST)));
    let states: Vec<State> = levels.all().map(|level| level.standing.state).collect();
    assert_eq!(states, [State::Ok, State::Unknown]);
    assert!(levels.are_of(&name("web/oco")) && !levels.are_of(&name("web/oco/192.0.2.1")));
}

#[test]
fn without_an_answer_a_level_stays_as_it_was() {
    let mut levels = one(&settings(&level("shop")));
    judge(&mut levels, 0);
    levels.touch_all(Sequence(0));
    levels.ask(Ticket(2), Sequence(0), boot(1_000)).unwrap();
    levels.failed(Ticket(2), boot(2_000));
    let later = levels.deadline(Sequence(0));
    assert_eq!(levels.get(&name("slo:shop")).unwrap().standing.state, State::Ok);
    assert_eq!(later, Some(boot(2_000).after(LEVEL_RETRY)));
    // One that was touched while it was asked for is judged once more, whatever came of that.
    levels.touch_all(Sequence(0));
    let question = levels.ask(Ticket(3), Sequence(0), boot(3_000)).unwrap();
    levels.touch(&name("web/oco"), Sequence(0));
    levels.judged(Ticket(3), &judgement(&question, 3_000), Millis(3_000), boot(3_000));
    assert_eq!(levels.deadline(Sequence(0)), Some(Nanos::PAST));
}

#[test]
fn levels_stay_over_a_restart_and_a_reload() {
    let ko = Standing::of_code(Code::KO, "budget spent");
    let kept = |standing: &Standing| KeptObject {
        standing: standing.clone(),
        since: Millis(5),
        ..KeptObject::default()
    };
    let all = [("slo:shop", &ko), ("slo:gone", &ko), ("web/oco", &ko)];
    let kept: HashMap<_, _> = all.into_iter().map(|(who, standing)| (name(who), kept(standing))).collect();
    let mut changes = Changes::default();
    let mut levels = Levels::new(&settings(&level("shop")), &kept, Millis(9), &mut changes);
    let stands = |levels: &Levels| {
        let view = levels.get(&name("slo:shop")).unwrap();
        (view.standing.clone(), view.since)
    };
    assert_eq!(
        (stands(&levels), changes.ended.as_slice()),
        ((ko.clone(), Millis(5)), &[name("slo:gone")][..])
    );
    levels.ask(Ticket(1), Sequence(0), boot(9)).unwrap();
    changes.clear();
    let both = format!("{}{}", level("new"), level("shop").replace("99%", "98%"));
    levels.reload(&settings(&both), Millis(20), &mut changes);
    assert_eq!((stands(&levels), changes.ended.len()), ((ko, Millis(5)), 0));
    assert_eq!(levels.get(&name("slo:new")).unwrap().since, Millis(20));
    assert_eq!(levels.deadline(Sequence(0)), Some(Nanos::PAST), "judged by what is promised now");
    levels.failed(Ticket(1), boot(9));
    levels.reload(&settings(""), Millis(30), &mut changes);
    assert_eq!((changes.ended, levels.all().count()), (vec![name("slo:new"), name("slo:shop")], 0));
    assert!(levels.get(&name("slo:shop")).is_none() && levels.deadline(Sequence(0)).is_none());
}
