//! The way of a host through its states, with a poller that watches.

use crate::host::{Host, State};
use crate::scene::PATIENCE;
use std::time::{Duration, Instant};

/// What a poller thinks of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whether it wants the host in rotation. None: it has not made up its mind.
    pub up: Option<bool>,
    /// What it shows.
    pub shown: String,
}

impl Sight {
    pub fn new(up: bool, shown: impl Into<String>) -> Sight {
        Sight { up: Some(up), shown: shown.into() }
    }

    pub fn none_yet() -> Sight {
        Sight { up: None, shown: String::new() }
    }
}

/// What a poller shows besides up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    UpOrDown,
    /// The daemon's line, too.
    TheLine,
}

/// Up and down are each met from the other and from themselves.
const WAY: [State; 9] = [
    State::Ok,
    State::But,
    State::Ko,
    State::Incident,
    State::But,
    State::Stale,
    State::Ok,
    State::Gone,
    State::Ok,
];

/// So many connections after a change, a poll that began after it has ended. One may be our own, one under way.
const POLLS: usize = 3;

/// Takes `host` through all states, and demands of the poller what its user wants. `look` asks the poller.
pub fn journey(poller: &str, shows: Shows, host: &mut Host, mut look: impl FnMut(&Host) -> Sight) {
    let mut before = None;
    for state in WAY {
        host.enter(state);
        let polls = host.polls();
        let line = state.line().filter(|_| shows == Shows::TheLine).unwrap_or_default();
        let end = Instant::now() + PATIENCE;
        loop {
            let sight = look(host);
            let is_right = sight.up == Some(state.is_up());
            // Where the old state asks for the same, there is nothing to wait for: any other view is wrong.
            assert!(
                is_right || before != Some(state.is_up()),
                "{poller} changed its mind in {state:?}: {sight:?}\n{}",
                host.log()
            );
            // A poller that has changed its mind has polled.
            let is_change = before == Some(!state.is_up());
            let has_polled = is_change || host.polls() >= polls + POLLS;
            if is_right && has_polled && sight.shown.contains(&line) {
                break;
            }
            assert!(Instant::now() < end, "{poller} in {state:?}, for long: {sight:?}\n{}", host.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        before = Some(state.is_up());
    }
}
