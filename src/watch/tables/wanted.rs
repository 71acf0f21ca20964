//! How the servers of a table should be: what becomes of a state, of planned work, and of the last ones to fail.
#![deny(clippy::disallowed_methods)]

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

/// How a balancer has a server now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It gets clients.
    In,
    /// It gets none, and would if it should.
    Out,
    /// It gets none whatever it should be: somebody else has taken it out, or it is not there.
    KeptOut,
}

/// What each of `servers` should be. At least `min_up` stay in, as far as only failures take them out: those who failed
/// last stay. Maintenance is somebody's will, and is done. `seen` tells how the balancer has each now, by place: of those
/// that are unknown who is in stays in, and who is kept out takes no place of another one.
pub fn wanted(servers: &[Server], min_up: u32, seen: impl Fn(usize) -> Seen) -> Vec<Want> {
    let mut wanted: Vec<Want> = servers.iter().map(want).collect();
    let is_in = |(place, want): (usize, &Want)| match want {
        Want::Whole | Want::Part | Want::In => seen(place) != Seen::KeptOut,
        Want::AsItIs => seen(place) == Seen::In,
        Want::Drained | Want::Out => false,
    };
    let up = wanted.iter().enumerate().filter(|one| is_in(*one)).count();
    let missing = usize::try_from(min_up).unwrap_or(usize::MAX).saturating_sub(up);
    if missing > 0 {
        let mut failed: Vec<(Millis, Reverse<usize>)> = Vec::new();
        for (place, (server, want)) in servers.iter().zip(&wanted).enumerate() {
            if *want == Want::Out && seen(place) != Seen::KeptOut {
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

    fn any_seen() -> impl Strategy<Value = Seen> {
        prop::sample::select(vec![Seen::In, Seen::Out, Seen::KeptOut])
    }

    /// Somebody had one in maintenance by hand; the last but one to fail was taken out as if that were in, and nobody was.
    #[test]
    fn who_is_kept_out_by_somebody_else_takes_no_place() {
        let servers = [server("a", State::Ok, 1), server("b", State::Ko, 10), server("c", State::Ko, 20)];
        let seen = [Seen::KeptOut, Seen::In, Seen::In];
        assert_eq!(wanted(&servers, 1, |place| seen[place]), [Want::Whole, Want::Out, Want::In]);
        let seen = [Seen::KeptOut, Seen::In, Seen::KeptOut];
        assert_eq!(wanted(&servers, 1, |place| seen[place]), [Want::Whole, Want::In, Want::Out]);
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
            assert_eq!(wanted(std::slice::from_ref(&one), 0, |_| Seen::In), [want]);
            one.is_planned = true;
            assert_eq!(wanted(std::slice::from_ref(&one), 1, |_| Seen::In), [Want::Drained]);
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
        let seen = |is_out| if is_out { Seen::Out } else { Seen::In };
        let out = |min_up, d_is_out| wanted(&servers, min_up, |_| seen(d_is_out));
        assert_eq!(out(0, false), [Want::Out, Want::Out, Want::Out, Want::AsItIs]);
        assert_eq!(out(1, false), [Want::Out, Want::Out, Want::Out, Want::AsItIs], "the unknown one is in");
        assert_eq!(out(1, true), [Want::In, Want::Out, Want::Out, Want::AsItIs], "the first of both");
        assert_eq!(out(2, true), [Want::In, Want::Out, Want::In, Want::AsItIs]);
        assert_eq!(out(9, true), [Want::In, Want::In, Want::In, Want::AsItIs]);
    }

    proptest! {
        #[test]
        fn so_many_stay_in_and_no_failed_one_more(
            states in prop::collection::vec((any_state(), 0..4i64, any::<bool>(), any_seen()), 0..12),
            min_up in 0..14u32,
        ) {
            let mut servers = Vec::new();
            for (state, since, is_planned, _) in &states {
                servers.push(Server { is_planned: *is_planned, ..server("x", *state, *since) });
            }
            let wanted = wanted(&servers, min_up, |place| states[place].3);
            let is_in = |place: usize| match wanted[place] {
                Want::Whole | Want::Part | Want::In => states[place].3 != Seen::KeptOut,
                Want::AsItIs => states[place].3 == Seen::In,
                Want::Drained | Want::Out => false,
            };
            let up = (0..servers.len()).filter(|place| is_in(*place)).count();
            let kept = wanted.iter().filter(|want| **want == Want::In).count();
            let could_stay = (0..servers.len())
                .any(|place| wanted[place] == Want::Out && states[place].3 != Seen::KeptOut);
            prop_assert!(up >= usize::try_from(min_up).unwrap() || !could_stay);
            prop_assert!(kept == 0 || up == usize::try_from(min_up).unwrap().min(up));
            for (server, want) in servers.iter().zip(&wanted) {
                prop_assert!(*want == Want::In || *want == super::want(server));
                if *want == Want::In {
                    let earlier = (0..servers.len())
                        .filter(|place| wanted[*place] == Want::Out && states[*place].3 != Seen::KeptOut);
                    prop_assert!(earlier.into_iter().all(|place| servers[place].since <= server.since));
                }
            }
        }
    }
}
