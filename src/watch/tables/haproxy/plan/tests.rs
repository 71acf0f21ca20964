use super::*;
use crate::tables::wanted::tests::{any_state, server};
use oco_fleet::state::State;
use proptest::prelude::*;

const RULES: Rules = Rules { ko_is_maint: true, but_weight: 50, min_up: 0 };

fn real(name: &str) -> Real {
    Real {
        name: name.to_owned(),
        address: None,
        port: Some(80),
        administration: Administration::Ready,
        weight: 100,
        initial_weight: 100,
    }
}

/// What HAProxy does.
fn apply(real: &mut [Real], steps: &[Step]) {
    for step in steps {
        let server = real.iter_mut().find(|real| real.name == step.server).unwrap();
        match step.set {
            Set::Weight(weight) => server.weight = weight,
            Set::Ready => server.administration = Administration::Ready,
            Set::Drain => server.administration = Administration::Drain,
            Set::Maint => server.administration = Administration::Maint,
        }
    }
}

fn memory(mine: &[(String, Mine)]) -> impl Fn(&str) -> Mine {
    |name| mine.iter().find(|(other, _)| other == name).map(|(_, mine)| mine.clone()).unwrap_or_default()
}

fn words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{} {}", step.server, step.set)).collect()
}

#[test]
fn states_and_weights_follow_and_come_back() {
    let mut servers = ["a", "b", "c", "d"].map(|name| server(name, State::Ok, 0));
    let mut reals = ["a", "b", "c", "d"].map(real);
    let nothing = |_: &str| Mine::default();
    assert_eq!(words(&plan(&servers, &reals, nothing, RULES)), [""; 0]);
    servers[0].state = State::Ko;
    servers[1].state = State::But;
    servers[2].is_planned = true;
    servers[3].state = State::Unknown;
    let first = plan(&servers, &reals, nothing, RULES);
    assert_eq!(words(&first), ["a state maint", "b weight 50", "c state drain"]);
    let drained = plan(&servers, &reals, nothing, Rules { ko_is_maint: false, ..RULES });
    assert_eq!(words(&drained)[0], "a state drain");
    apply(&mut reals, &first.steps);
    assert_eq!(words(&plan(&servers, &reals, memory(&first.mine), RULES)), [""; 0]);
    for server in &mut servers {
        (server.state, server.is_planned) = (State::Ok, false);
    }
    let back = plan(&servers, &reals, memory(&first.mine), RULES);
    assert_eq!(words(&back), ["a state ready", "b weight 100", "c state ready"]);
    assert_eq!(back.mine[0].1.text().as_deref(), Some("state maint"), "until it is seen otherwise");
    apply(&mut reals, &back.steps);
    let seen = plan(&servers, &reals, memory(&back.mine), RULES);
    assert!(seen.mine.iter().all(|(_, mine)| mine.text().is_none()) && seen.steps.is_empty());
}

#[test]
fn what_others_set_stays() {
    let servers = ["a", "b", "c"].map(|name| server(name, State::Ok, 0));
    let mut reals = ["a", "b", "c", "other"].map(real);
    reals[0].administration = Administration::Maint;
    reals[1].administration = Administration::Drain;
    reals[2].weight = 7;
    reals[3].administration = Administration::Maint;
    let ours = |name: &str| Mine::parse(if name == "a" { "state drain, weight 50" } else { "" });
    let plan = plan(&servers, &reals, ours, RULES);
    assert_eq!(words(&plan), [""; 0]);
    assert_eq!(plan.mine[0].1, Mine::default(), "somebody else has set it otherwise since");
}

#[test]
fn a_host_that_is_gone_leaves_its_server_as_it_was() {
    let mut one = real("a");
    (one.administration, one.weight) = (Administration::Maint, 50);
    let ours = |_: &str| Mine::parse("weight 50, state maint");
    assert_eq!(words(&plan(&[], &[one], ours, RULES)), ["a weight 100", "a state ready"]);
}

#[test]
fn servers_are_found_by_name_then_by_address_and_port() {
    let at = |name: &str, address: &str, port| {
        let mut server = server(name, State::Ko, 0);
        (server.address, server.port) = (address.parse().ok(), port);
        server
    };
    let servers = [
        at("web1", "192.0.2.1", None),
        at("192.0.2.2:7979", "192.0.2.2", Some(7979)),
        at("192.0.2.2:7980", "192.0.2.2", Some(7980)),
        at("gone", "192.0.2.9", None),
    ];
    let there = |name: &str, address: &str, port| Real {
        address: address.parse().ok(),
        port: Some(port),
        ..real(name)
    };
    let reals = [
        there("web1", "198.51.100.1", 80),
        there("alias", "192.0.2.1", 80),
        there("s1", "192.0.2.2", 7980),
        there("s2", "192.0.2.2", 80),
    ];
    assert_eq!(owners(&servers, &reals), [Some(0), None, Some(2), Some(1)]);
    let plan = plan(&servers, &reals, |_| Mine::default(), RULES);
    assert_eq!(plan.lonely, [3]);
    assert_eq!(words(&plan), ["web1 state maint", "s1 state maint", "s2 state maint"]);
}

#[test]
fn a_share_takes_nobody_out_but_none_at_all() {
    let shares = [(100, 50, 50), (1, 50, 1), (3, 50, 1), (256, 100, 256), (10, 0, 0), (0, 50, 0)];
    for (weight, percent, expected) in shares {
        assert_eq!(share(weight, percent), expected, "{percent}% of {weight}");
    }
}

#[test]
fn a_line_has_as_many_steps_as_fit() {
    let steps: Vec<Step> =
        (0..1000).map(|number| Step { server: format!("web{number}"), set: Set::Maint }).collect();
    let (text, taken) = line(&steps, "web");
    assert!(text.len() < HAPROXY_LINE_OCTETS + 100 && taken.len() > 50 && taken.len() < 1000);
    assert!(text.starts_with("set server web/web0 state maint;set server web/web1 state maint;"));
    assert!(text.ends_with(";show servers state web\n"));
    assert_eq!(line(&[], "web").0, "show servers state web\n");
}

fn any_real(name: usize) -> impl Strategy<Value = (Real, String)> {
    let administration =
        prop::sample::select(vec![Administration::Ready, Administration::Drain, Administration::Maint]);
    let mine =
        prop::sample::select(vec!["", "state maint", "state drain", "weight 5", "weight 50, state maint"]);
    (
        administration,
        prop::sample::select(vec![0, 1, 5, 50, 100]),
        prop::sample::select(vec![1, 10, 100]),
        mine,
    )
        .prop_map(move |(administration, weight, initial_weight, mine)| {
            (Real { administration, weight, initial_weight, ..real(&format!("s{name}")) }, mine.to_owned())
        })
}

prop_compose! {
    fn any_backend()(count in 0..8usize)(
        reals in (0..count).map(any_real).collect::<Vec<_>>(),
    ) -> Vec<(Real, String)> { reals }
}

proptest! {
    #[test]
    fn a_plan_gives_what_is_wanted_touches_nothing_of_others_and_is_done_once(
        backend in any_backend(),
        states in prop::collection::vec((any_state(), 0..3i64, any::<bool>()), 0..8),
        rules in (any::<bool>(), 0..=100u8, 0..4u32),
    ) {
        let rules = Rules { ko_is_maint: rules.0, but_weight: rules.1, min_up: rules.2 };
        let mut servers = Vec::new();
        for (place, (state, since, is_planned)) in states.iter().enumerate() {
            servers.push(Server { is_planned: *is_planned, ..server(&format!("s{place}"), *state, *since) });
        }
        let (before, kept): (Vec<Real>, Vec<String>) = backend.into_iter().unzip();
        let ours = |name: &str| {
            let place = before.iter().position(|real| real.name == name).unwrap();
            Mine::parse(&kept[place])
        };
        let first = plan(&servers, &before, ours, rules);
        let mut after = before.clone();
        apply(&mut after, &first.steps);
        let kept_text: Vec<(String, Mine)> = first.mine.iter()
            .map(|(name, mine)| (name.clone(), Mine::parse(&mine.text().unwrap_or_default()))).collect();
        let second = plan(&servers, &after, memory(&kept_text), rules);
        prop_assert_eq!(&second.steps, &Vec::new());
        for (place, (old, new)) in before.iter().zip(&after).enumerate() {
            let mine = ours(&old.name).seen(old);
            let others_state = old.administration != Administration::Ready && !mine.has(old.administration);
            let others_weight =
                old.weight != old.initial_weight && !mine.0.contains(&Set::Weight(old.weight));
            prop_assert!(!others_state || old.administration == new.administration);
            prop_assert!(!others_weight || old.weight == new.weight);
            let Some(server) = servers.get(place) else {
                prop_assert!(!mine.0.is_empty() || old == new);
                continue;
            };
            let is_well = server.state == State::Ok && !server.is_planned;
            prop_assert!(!is_well || others_state || new.administration == Administration::Ready);
            prop_assert!(!is_well || others_weight || new.weight == new.initial_weight);
            let is_out = server.state == State::Ko && !server.is_planned && rules.min_up == 0;
            prop_assert!(!is_out || new.administration != Administration::Ready);
            prop_assert!(server.is_planned || server.state != State::Unknown || old == new);
        }
    }
}
