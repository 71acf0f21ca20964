//! Results that wait until they are asked for, with their reasons in one text: a result costs no allocation.

use super::super::outcome::Outcome;
use super::super::step::Step;
use oco::logic::code::Code;
use oco::logic::time::Nanos;
use std::time::Duration;

/// What is kept of the memory that a burst of results needed.
const IDLE_RESULTS: usize = 4096;
/// The same of the octets of their reasons.
const IDLE_OCTETS: usize = 64 * 1024;

/// Results, in the order in which they came.
#[derive(Debug, Default)]
pub struct Results {
    ended: Vec<Ended>,
    words: String,
    /// How much of it belongs to results.
    used: usize,
}

#[derive(Debug, Clone, Copy)]
struct Ended {
    id: u32,
    /// None: we ourselves could not find out.
    told: Option<Code>,
    /// Its reason in the text.
    from: usize,
    to: usize,
    began: Nanos,
    latency: Duration,
}

impl Results {
    /// Where the reason of the next result is written. What was written there and not used is gone.
    pub fn words(&mut self) -> &mut String {
        self.words.truncate(self.used);
        &mut self.words
    }

    /// A probe ended. Its reason is what was written since [`Results::words`].
    pub fn push(&mut self, id: u32, step: Step, began: Nanos, now: Nanos) {
        let told = match step {
            Step::Told(code) => Some(code),
            Step::Own | Step::Connect | Step::Send | Step::Receive => None,
        };
        let (from, to) = (self.used, self.words.len());
        self.ended.push(Ended { id, told, from, to, began, latency: now.since(began) });
        self.used = to;
    }

    /// Calls `each` with every result, and forgets them.
    pub fn hand_over(&mut self, mut each: impl FnMut(u32, Outcome<'_>, Nanos, Duration)) {
        for ended in &self.ended {
            let reason = self.words.get(ended.from..ended.to).unwrap_or_default();
            let outcome = match ended.told {
                Some(code) => Outcome::Told { code, reason },
                None => Outcome::Own { reason },
            };
            each(ended.id, outcome, ended.began, ended.latency);
        }
        self.ended.clear();
        self.words.clear();
        self.used = 0;
        self.ended.shrink_to(IDLE_RESULTS);
        self.words.shrink_to(IDLE_OCTETS);
    }

    /// Drops the results of `id`.
    pub fn forget(&mut self, id: u32) {
        self.ended.retain(|ended| ended.id != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_has_its_own_reason() {
        let mut results = Results::default();
        results.words().push_str("never used");
        results.words().push_str("refused");
        results.push(1, Step::Told(Code::KO), Nanos(5), Nanos(7));
        results.words();
        results.push(2, Step::Told(Code::OK), Nanos(5), Nanos(7));
        results.words().push_str("no memory");
        results.push(3, Step::Own, Nanos(7), Nanos(7));
        results.forget(2);
        let mut seen = Vec::new();
        results.hand_over(|id, outcome, began, latency| {
            seen.push(format!("{id} {outcome:?} {} {}", began.0, latency.as_nanos()));
        });
        let expected =
            [r#"1 Told { code: 300, reason: "refused" } 5 2"#, r#"3 Own { reason: "no memory" } 7 0"#];
        assert_eq!(seen, expected);
        results.hand_over(|_, _, _, _| panic!("it was handed over already"));
    }
}
