//! How the servers of a table should be: what becomes of a state, of planned work, and of the last ones to fail.

use oco_fleet::state::State;
use oco_fleet::time::Millis;
use std::cmp::Reverse;
use std::net::IpAddr;

/// A target of the service that a table follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The name of its host.
    pub host: Box<str>,
    /// Where that is now; none: nobody knows yet, or the host only reports.
    pub address: Option<IpAddr>,
    /// The port of the host, if it has one of its own.
    pub port: Option<u16>,
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Millis,
    /// Whether it is under maintenance.
    pub is_planned: bool,
}

/// How a server should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// In, with its whole weight.
    Whole,
    /// In, with the weight of `but`.
    Part,
    /// In, with the weight that it has.
    In,
    /// No new clients; those that it has stay.
    Drained,
    /// Out.
    Out,
    /// As it is.
    AsItIs,
}

/// What each of `servers` should be. At least `min_up` stay in, as far as only failures take them out: those who failed
/// last stay. Maintenance is somebody's will, and is done. `is_out` tells who was taken out before, by place: of those
/// that are unknown the others are in.
pub fn wanted(servers: &[Server], min_up: u32, is_out: impl Fn(usize) -> bool) -> Vec<Want> {
    let mut wanted: Vec<Want> = servers.iter().map(want).collect();
    let is_in = |(place, want): (usize, &Want)| match want {
        Want::Whole | Want::Part | Want::In => true,
        Want::AsItIs => !is_out(place),
        Want::Drained | Want::Out => false,
    };
    let up = wanted.iter().enumerate().filter(|one| is_in(*one)).count();
    let missing = usize::try_from(min_up).unwrap_or(usize::MAX).saturating_sub(up);
    if missing > 0 {
        let mut failed: Vec<(Millis, Reverse<usize>)> = Vec::new();
        for (place, (server, want)) in servers.iter().zip(&wanted).enumerate() {
            if *want == Want::Out {
                failed.push((server.since, Reverse(place)));
            }
        }
        failed.sort_unstable();
        for (_, Reverse(place)) in failed.into_iter().rev().take(missing) {
            if let Some(want) = wanted.get_mut(place) {
                *want = Want::In;
            }
        }
    }
    wanted
}

fn want(server: &Server) -> Want {
    if server.is_planned {
        return Want::Drained;
    }
    match server.state {
        State::Ok => Want::Whole,
        State::But => Want::Part,
        State::Ko => Want::Out,
        State::Unknown => Want::AsItIs,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A server of this name and state.
    pub(in crate::tables) fn server(host: &str, state: State, since: i64) -> Server {
        Server {
            host: host.into(),
            address: None,
            port: None,
            state,
            since: Millis(since),
            is_planned: false,
        }
    }

    /// Any state.
    pub(in crate::tables) fn any_state() -> impl Strategy<Value = State> {
        prop::sample::select(State::WORST_FIRST.to_vec())
    }

    #[test]
    fn states_have_their_places_and_planned_work_drains_whatever_the_state() {
        let cases = [
            (State::Ok, Want::Whole),
            (State::But, Want::Part),
            (State::Ko, Want::Out),
            (State::Unknown, Want::AsItIs),
        ];
        for (state, want) in cases {
            let mut one = server("a", state, 0);
            assert_eq!(wanted(std::slice::from_ref(&one), 0, |_| false), [want]);
            one.is_planned = true;
            assert_eq!(wanted(std::slice::from_ref(&one), 1, |_| false), [Want::Drained]);
        }
    }

    #[test]
    fn the_last_ones_to_fail_stay() {
        let servers = [
            server("a", State::Ko, 30),
            server("b", State::Ko, 10),
            server("c", State::Ko, 30),
            server("d", State::Unknown, 5),
        ];
        let out = |min_up, d_is_out| wanted(&servers, min_up, |_| d_is_out);
        assert_eq!(out(0, false), [Want::Out, Want::Out, Want::Out, Want::AsItIs]);
        assert_eq!(out(1, false), [Want::Out, Want::Out, Want::Out, Want::AsItIs], "the unknown one is in");
        assert_eq!(out(1, true), [Want::In, Want::Out, Want::Out, Want::AsItIs], "the first of both");
        assert_eq!(out(2, true), [Want::In, Want::Out, Want::In, Want::AsItIs]);
        assert_eq!(out(9, true), [Want::In, Want::In, Want::In, Want::AsItIs]);
    }

    proptest! {
        #[test]
        fn so_many_stay_in_and_no_failed_one_more(
            states in prop::collection::vec((any_state(), 0..4i64, any::<bool>(), any::<bool>()), 0..12),
            min_up in 0..14u32,
        ) {
            let mut servers = Vec::new();
            for (state, since, is_planned, _) in &states {
                servers.push(Server { is_planned: *is_planned, ..server("x", *state, *since) });
            }
            let wanted = wanted(&servers, min_up, |place| states[place].3);
            let is_in = |place: usize| match wanted[place] {
                Want::Whole | Want::Part | Want::In => true,
                Want::AsItIs => !states[place].3,
                Want::Drained | Want::Out => false,
            };
            let up = (0..servers.len()).filter(|place| is_in(*place)).count();
            let kept = wanted.iter().filter(|want| **want == Want::In).count();
            prop_assert!(up >= usize::try_from(min_up).unwrap() || !wanted.contains(&Want::Out));
            prop_assert!(kept == 0 || up == usize::try_from(min_up).unwrap().min(up));
            for (server, want) in servers.iter().zip(&wanted) {
                prop_assert!(*want == Want::In || *want == super::want(server));
                if *want == Want::In {
                    let earlier = servers.iter().zip(&wanted).filter(|(_, want)| **want == Want::Out);
                    prop_assert!(earlier.into_iter().all(|(other, _)| other.since <= server.since));
                }
            }
        }
    }
}
