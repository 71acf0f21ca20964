//! The states of a fleet, as they are shown.

/// A state, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Down.
    Ko,
    /// Not known.
    Unknown,
    /// Up, with something to look at.
    But,
    /// All is well.
    Ok,
}

impl State {
    /// Every state, the worst first.
    pub const WORST_FIRST: [State; 4] = [State::Ko, State::Unknown, State::But, State::Ok];

    /// The state of this word. A word that is none is nothing that is known.
    pub fn of(word: &str) -> State {
        State::WORST_FIRST.into_iter().find(|state| state.word() == word).unwrap_or(State::Unknown)
    }

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            State::Ko => "ko",
            State::Unknown => "unknown",
            State::But => "but",
            State::Ok => "ok",
        }
    }

    /// Its colour on a terminal.
    pub fn colour(self) -> u8 {
        match self {
            State::Ko => 31,
            State::Unknown => 36,
            State::But => 33,
            State::Ok => 32,
        }
    }

    /// The exit status of `oco fleet status` where this is the worst.
    pub fn exit_status(self) -> u8 {
        match self {
            State::Ko => 2,
            State::Unknown => 3,
            State::But => 1,
            State::Ok => 0,
        }
    }
}
