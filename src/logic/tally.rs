//! How often ocod answered what.

use super::code::Verdict;
use super::face::Face;
use super::http::Refusal;

/// How many answers were given since the start.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    verdicts: [[u64; Verdict::ALL.len()]; Face::ALL.len()],
    refusals: [u64; Refusal::ALL.len()],
}

impl Tally {
    /// Counts an answer that told of the verdict.
    pub fn count(&mut self, speak: Face, verdict: Verdict) {
        let counts = Face::ALL.iter().zip(&mut self.verdicts).filter(|(of, _)| **of == speak);
        for (of, count) in counts.flat_map(|(_, counts)| Verdict::ALL.iter().zip(counts)) {
            *count += u64::from(*of == verdict);
        }
    }

    /// Counts a request over HTTP that was refused.
    pub fn count_refusal(&mut self, refusal: Refusal) {
        for (of, count) in Refusal::ALL.iter().zip(&mut self.refusals) {
            *count += u64::from(*of == refusal);
        }
    }

    /// Every count with its face, and the verdict's number or HTTP's status.
    pub fn counts(&self) -> impl Iterator<Item = (Face, u16, u64)> {
        let verdicts = Face::ALL.into_iter().zip(&self.verdicts).flat_map(|(speak, counts)| {
            Verdict::ALL.iter().zip(counts).map(move |(verdict, count)| (speak, verdict.number(), *count))
        });
        let refusals = Refusal::ALL.iter().zip(&self.refusals);
        verdicts.chain(refusals.map(|(refusal, count)| (Face::Http, refusal.status().0, *count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_counted_once() {
        let mut tally = Tally::default();
        tally.count(Face::Agent, Verdict::Ko);
        tally.count(Face::Agent, Verdict::Ko);
        tally.count_refusal(Refusal::NotFound);
        let counted: Vec<_> = tally.counts().filter(|(_, _, count)| *count > 0).collect();
        assert_eq!(counted, [(Face::Agent, 350, 2), (Face::Http, 404, 1)]);
        assert_eq!(tally.counts().count(), 16);
    }
}
