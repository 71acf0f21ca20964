//! Judging against models that try all and count all anew.

use super::*;
use proptest::prelude::*;

fn member() -> impl Strategy<Value = Member> {
    let state = prop::sample::select(State::WORST_FIRST.to_vec());
    (state, any::<bool>(), prop::bool::weighted(0.3)).prop_map(|(state, is_severe, planned)| Member {
        state,
        is_severe,
        planned,
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        Just(Rule::All),
        Just(Rule::Any),
        (1u32..6).prop_map(Rule::Count),
        (1u32..=100).prop_map(Rule::Percent),
    ]
}

/// Tries each way in which the unknown ones could be.
fn naive_state(members: &[Member], rule: Rule, ignore_but: bool) -> State {
    let total = members.len();
    if total == 0 {
        return State::Unknown;
    }
    let needed = match rule {
        Rule::All => total,
        Rule::Any => 1,
        Rule::Count(count) => total.min(count as usize),
        Rule::Percent(percent) => (0..=total).find(|up| up * 100 >= total * percent as usize).unwrap(),
    };
    let unknown: Vec<usize> = (0..total).filter(|at| members[*at].state == State::Unknown).collect();
    let ways: Vec<bool> = (0..1u32 << unknown.len())
        .map(|way| {
            let is_up = |at: usize| match unknown.iter().position(|of| *of == at) {
                Some(bit) => way >> bit & 1 == 1,
                None => members[at].state.is_up(),
            };
            (0..total).filter(|at| is_up(*at)).count() >= needed
        })
        .collect();
    let is_well = |member: &Member| match member.state {
        State::Ok => true,
        State::But => ignore_but,
        State::Unknown | State::Ko => false,
    };
    match (ways.contains(&true), ways.contains(&false)) {
        (true, true) => State::Unknown,
        (false, _) => State::Ko,
        (true, false) if members.iter().all(is_well) => State::Ok,
        (true, false) => State::But,
    }
}

fn naive(members: &[Member], rule: Rule, ignore_but: bool) -> Judged {
    let state = naive_state(members, rule, ignore_but);
    let is_severe = members.iter().any(|member| member.state == State::Ko && member.is_severe);
    let code = match state {
        State::Unknown => None,
        State::Ok => Code::new(200),
        State::But => Code::new(250),
        State::Ko => Code::new(if is_severe { 550 } else { 350 }),
    };
    let left: Vec<Member> = members.iter().copied().filter(|member| !member.planned).collect();
    let is_up_without = left.is_empty() || naive_state(&left, rule, ignore_but).is_up();
    Judged { state, code, planned: state == State::Ko && is_up_without }
}

proptest! {
    #[test]
    fn it_judges_as_a_count_of_all_would(
        first in prop::collection::vec(member(), 0..7),
        acts in prop::collection::vec((0usize..8, prop::option::of(member())), 0..30),
        rule in rule(),
        ignore_but in any::<bool>(),
    ) {
        let mut members: Vec<(usize, Member)> = first.into_iter().enumerate().collect();
        let mut tally = Tally::new(rule, ignore_but);
        for (key, member) in &members {
            tally.add(*key, *member);
        }
        for (key, member) in acts {
            let place = members.iter().position(|(of, _)| *of == key);
            match (place, member) {
                (Some(place), Some(member)) => {
                    tally.change(key, members[place].1, member);
                    members[place].1 = member;
                }
                (Some(place), None) => tally.remove(key, members.swap_remove(place).1),
                (None, Some(member)) => {
                    tally.add(key, member);
                    members.push((key, member));
                }
                (None, None) => {}
            }
            let all: Vec<Member> = members.iter().map(|(_, member)| *member).collect();
            prop_assert_eq!(tally.judge(), naive(&all, rule, ignore_but));
            prop_assert_eq!(tally.of() as usize, all.len());
            prop_assert_eq!(tally.up() as usize, all.iter().filter(|member| member.state.is_up()).count());
            prop_assert_eq!(tally.needed(), rule.needed(tally.of()));
            let mut troubled: Vec<(Trouble, usize)> =
                members.iter().filter_map(|(key, member)| Some((member.trouble()?, *key))).collect();
            troubled.sort_unstable();
            let told: Vec<usize> = troubled.into_iter().map(|(_, key)| key).collect();
            prop_assert_eq!(tally.troubled().collect::<Vec<_>>(), told);
        }
    }

    #[test]
    fn nodes_stand_behind_their_members_or_there_is_a_circle(
        members in prop::collection::vec(prop::collection::vec(0usize..6, 0..3), 0..6)
    ) {
        match order(&members) {
            Ok(order) => {
                let place = |node: usize| order.iter().position(|of| *of == node);
                prop_assert_eq!(order.len(), members.len());
                for (node, below) in members.iter().enumerate() {
                    for member in below.iter().filter(|member| **member < members.len()) {
                        prop_assert!(place(*member) < place(node));
                    }
                }
            }
            Err(circle) => {
                prop_assert!(!circle.is_empty());
                for (index, node) in circle.iter().enumerate() {
                    prop_assert!(members[*node].contains(&circle[(index + 1) % circle.len()]));
                }
            }
        }
    }
}

fn at(state: State, planned: bool) -> Member {
    Member { state, is_severe: false, planned }
}

fn judged(rule: Rule, members: &[Member]) -> (State, bool) {
    let mut tally = Tally::new(rule, false);
    for (key, member) in members.iter().enumerate() {
        tally.add(key, *member);
    }
    (tally.judge().state, tally.judge().planned)
}

#[test]
fn a_planned_part_neither_alarms_nor_hides_an_unplanned_one() {
    let (ok, ko, planned) = (at(State::Ok, false), at(State::Ko, false), at(State::Ko, true));
    assert_eq!(judged(Rule::All, &[ok, planned]), (State::Ko, true));
    assert_eq!(judged(Rule::All, &[ok, planned, ko]), (State::Ko, false));
    assert_eq!(judged(Rule::Count(2), &[ok, planned, planned]), (State::Ko, true));
    assert_eq!(judged(Rule::Any, &[planned, planned]), (State::Ko, true));
    assert_eq!(judged(Rule::Any, &[planned, ko]), (State::Ko, false));
    assert_eq!(judged(Rule::Percent(50), &[ok, ko, planned, planned]), (State::Ko, true));
    assert_eq!(judged(Rule::All, &[at(State::Unknown, false), planned]), (State::Ko, false));
    assert_eq!(judged(Rule::Any, &[ok, planned]), (State::But, false));
}

#[test]
fn reasons_are_short_and_worst_first() {
    let mut tally = Tally::new(Rule::All, false);
    assert_eq!(tally.reason(|_: usize| ("", "")), "no members");
    let names = ["web1", "web2", "web3", "web4", "web5"];
    let tell = |key: usize| (names[key], ["", "refused", "timeout", "350 KO 300-http", "x"][key]);
    tally.add(0, at(State::Ok, false));
    assert_eq!(tally.reason(tell), "");
    tally.add(1, at(State::But, false));
    assert_eq!(tally.reason(tell), "1 of 2 but: web2 (refused)");
    tally.change(1, at(State::But, false), at(State::Ko, false));
    tally.add(2, at(State::Unknown, false));
    assert_eq!(tally.reason(tell), "1 of 3 down, 1 unknown: web2 (refused), web3 (timeout)");
    tally.add(3, Member { state: State::Ko, is_severe: true, planned: false });
    tally.add(4, at(State::But, false));
    assert_eq!(
        tally.reason(tell),
        "2 of 5 down, 1 unknown: web4 (350 KO 300-http), web2 (refused), web3 (timeout)"
    );
    tally.change(0, at(State::Ok, false), at(State::Unknown, false));
    assert!(tally.reason(tell).ends_with("web1, 1 more"));
    let long = "\u{e9}".repeat(1000);
    let text = tally.reason(|_| (&long, &long));
    assert!(text.chars().count() < 500, "{text}");
}
