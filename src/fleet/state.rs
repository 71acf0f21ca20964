//! States, and what somebody stands at: state, code and reason.

use oco::logic::code::{Code, Verdict};
use std::fmt;

/// What is known of a target, a service, a node or a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// Nobody could find out, or nobody has yet.
    #[default]
    Unknown,
    /// All is well.
    Ok,
    /// Up, with something to look at.
    But,
    /// Down.
    Ko,
}

impl State {
    /// Every state, from worst to best, as lists show them.
    pub const WORST_FIRST: [State; 4] = [State::Ko, State::Unknown, State::But, State::Ok];

    /// The state that a code means.
    pub fn of_code(code: Code) -> State {
        match code.verdict() {
            Verdict::Ok => State::Ok,
            Verdict::But => State::But,
            Verdict::Ko | Verdict::Incident => State::Ko,
        }
    }

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            State::Unknown => "unknown",
            State::Ok => "ok",
            State::But => "but",
            State::Ko => "ko",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<State> {
        State::WORST_FIRST.into_iter().find(|state| state.word() == word)
    }

    /// Its number in the journal.
    pub fn number(self) -> u8 {
        match self {
            State::Unknown => 0,
            State::Ok => 1,
            State::But => 2,
            State::Ko => 3,
        }
    }

    /// The state of this number.
    pub fn from_number(number: u8) -> Option<State> {
        State::WORST_FIRST.into_iter().find(|state| state.number() == number)
    }

    /// Whether it counts as up.
    pub fn is_up(self) -> bool {
        matches!(self, State::Ok | State::But)
    }

    /// Its place from worst to best: the lower, the worse.
    pub fn rank(self) -> u8 {
        match self {
            State::Ko => 0,
            State::Unknown => 1,
            State::But => 2,
            State::Ok => 3,
        }
    }

    /// The worse of two.
    pub fn worse(self, other: State) -> State {
        if other.rank() < self.rank() { other } else { self }
    }

    /// The exit status of `ocowatch --once` and `oco fleet status` where this is the worst.
    pub fn exit_status(self) -> u8 {
        match self {
            State::Ok => 0,
            State::But => 1,
            State::Ko => 2,
            State::Unknown => 3,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Where somebody stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Its code; none while unknown.
    pub code: Option<Code>,
    /// Why, for people: printable, one line. Empty where there is nothing to say.
    pub reason: Box<str>,
    /// Whether it is under maintenance, or down only by what is.
    pub planned: bool,
}

impl Standing {
    /// Not known, for this reason.
    pub fn unknown(reason: &str) -> Standing {
        Standing { reason: reason.into(), ..Standing::default() }
    }

    /// What a code means.
    pub fn of_code(code: Code, reason: &str) -> Standing {
        Standing { state: State::of_code(code), code: Some(code), reason: reason.into(), planned: false }
    }
}

/// The worst of many, what is planned left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Worst {
    seen: Option<(State, Option<Code>)>,
}

impl Worst {
    /// Takes one in. Of those in one state the highest code counts.
    pub fn see(&mut self, standing: &Standing) {
        if standing.planned {
            return;
        }
        let seen = (standing.state, standing.code);
        self.seen = Some(match self.seen {
            None => seen,
            Some((state, code)) if state == seen.0 => (state, code.max(seen.1)),
            Some((state, _)) if state.worse(seen.0) == seen.0 => seen,
            Some(worst) => worst,
        });
    }

    /// Its state, and its code summed up as that of a host is: 200, 250, 350 or 550. Where all is planned, all is well.
    pub fn told(self) -> (State, Option<Code>) {
        let (state, code) = self.seen.unwrap_or((State::Ok, Some(Code::OK)));
        (state, code.and_then(|code| Code::new(code.verdict().number())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_told_by_state_then_by_code() {
        let of = |standings: &[(u16, bool)]| {
            let mut worst = Worst::default();
            for (number, planned) in standings {
                let standing = Code::new(*number).map(|code| Standing::of_code(code, ""));
                worst.see(&Standing { planned: *planned, ..standing.unwrap_or_default() });
            }
            let (state, code) = worst.told();
            (state, code.map(Code::number))
        };
        assert_eq!(of(&[]), (State::Ok, Some(200)));
        assert_eq!(of(&[(599, true)]), (State::Ok, Some(200)));
        assert_eq!(of(&[(200, false), (217, false)]), (State::But, Some(250)));
        assert_eq!(of(&[(301, false), (503, false), (300, false)]), (State::Ko, Some(550)));
        assert_eq!(of(&[(0, false), (299, false)]), (State::Unknown, None));
        assert_eq!(of(&[(0, false), (300, false), (500, true)]), (State::Ko, Some(350)));
    }

    #[test]
    fn words_and_numbers_are_read_back() {
        for state in State::WORST_FIRST {
            assert_eq!(State::from_word(state.word()), Some(state));
            assert_eq!(State::from_number(state.number()), Some(state));
            assert_eq!(state.worse(State::Ok), state);
            assert_eq!(State::Ko.worse(state), State::Ko);
        }
        assert!(State::WORST_FIRST.is_sorted_by_key(|state| state.rank()));
        assert_eq!((State::from_word("KO"), State::from_number(4)), (None, None));
    }

    #[test]
    fn codes_have_their_states() {
        for (number, state) in [(200, State::Ok), (201, State::But), (300, State::Ko), (599, State::Ko)] {
            assert_eq!(State::of_code(Code::new(number).unwrap()), state);
        }
    }
}
