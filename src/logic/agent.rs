//! The words of HAProxy's agent-check (its configuration manual, 5.2, `agent-check`).
//!
//! `ready` takes back an earlier `maint` or `drain`, `up` an earlier `down`; what follows `#` is shown to people.

use super::answer::Answer;
use super::code::{Code, Verdict};
use super::name::{DRAIN, MAINTENANCE};
use std::fmt::Write as _;

/// What the checks named [`MAINTENANCE`] and [`DRAIN`] ask for while they are 3XX.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// No traffic at all.
    pub maint: bool,
    /// No new sessions.
    pub drain: bool,
}

impl Wishes {
    /// Takes in a check's rating.
    pub fn add(&mut self, name: &str, code: Code) {
        let is_wished = code.verdict() == Verdict::Ko;
        match name {
            MAINTENANCE => self.maint = is_wished,
            DRAIN => self.drain = is_wished,
            _ => {}
        }
    }
}

/// Writes into `words` what `answer` says in the words of the agent-check, with the LF. `but_weight` is the weight in
/// per cent of a host that is OK, but.
pub fn speak(words: &mut String, answer: &Answer<'_>, wishes: Wishes, but_weight: u8) {
    words.clear();
    let list = answer.list();
    // A string takes all that is written.
    let _ = match answer.verdict {
        _ if wishes.maint => writeln!(words, "maint #{list}"),
        _ if wishes.drain => writeln!(words, "drain #{list}"),
        Verdict::Ok => writeln!(words, "ready up 100%"),
        Verdict::But => writeln!(words, "ready up {but_weight}%"),
        Verdict::Ko | Verdict::Incident => writeln!(words, "down #{list}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::answer::Composer;

    fn words(ratings: &[(u16, &str)]) -> String {
        let mut wishes = Wishes::default();
        let mut ratings: Vec<_> =
            ratings.iter().map(|(code, name)| (Code::new(*code).unwrap(), *name)).collect();
        ratings.iter().for_each(|(code, name)| wishes.add(name, *code));
        let mut words = "what was there before".to_owned();
        speak(&mut words, &Composer::default().compose(&mut ratings), wishes, 50);
        words
    }

    #[test]
    fn words_of_the_contract() {
        assert_eq!(words(&[(200, "http")]), "ready up 100%\n");
        assert_eq!(words(&[(200, "http"), (210, "disk")]), "ready up 50%\n");
        assert_eq!(words(&[(300, "php"), (300, "http")]), "down #300-http,300-php\n");
        assert_eq!(words(&[(500, "raid")]), "down #500-raid\n");
        assert_eq!(words(&[(300, "maint"), (300, "drain")]), "maint #300-drain,300-maint\n");
        assert_eq!(words(&[(300, "drain"), (500, "raid")]), "drain #500-raid,300-drain\n");
        assert_eq!(words(&[(200, "maint"), (210, "drain")]), "ready up 50%\n");
        assert_eq!(words(&[(500, "maint")]), "down #500-maint\n");
    }

    #[test]
    fn what_is_not_known_is_down() {
        let mut words = String::new();
        speak(&mut words, &Composer::default().unknown(), Wishes::default(), 50);
        assert_eq!(words, "down #300-oco\n");
        // Where only that is known which every listener hears.
        let wishes = Wishes { maint: true, drain: false };
        speak(&mut words, &Composer::default().unknown(), wishes, 50);
        assert_eq!(words, "maint #300-oco\n");
    }
}
