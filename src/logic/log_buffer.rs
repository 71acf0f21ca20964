//! Log lines that wait until somebody takes them: a bounded queue that loses whole lines, never a part of one, and
//! counts them.
//!
//! Who writes much must not crowd out what matters more: each [`Rank`] may fill the queue up to a part of it, so
//! that there is room left for the ranks above.

use std::collections::VecDeque;

/// How much a line matters when there is not room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// What any user with one status file can cause as often as he likes, and what is only for finding faults.
    Chatter,
    /// All else.
    Ordinary,
    /// The verdict has changed.
    Transition,
}

/// Octets that only the line about lost lines may take.
const RESERVE: usize = 128;
/// Octets that an empty queue keeps: some lines, so that ordinary work allocates nothing.
const IDLE_OCTETS: usize = 8 * 1024;

/// Lines on their way to a reader, as many as fit.
#[derive(Debug)]
pub struct LogBuffer {
    octets: VecDeque<u8>,
    /// In octets.
    capacity: usize,
    /// Lines lost and not told of yet.
    lost: u64,
    /// The first line's beginning has been taken.
    is_begun: bool,
    /// The last that was taken is the beginning of a line whose rest is lost.
    is_torn: bool,
}

impl LogBuffer {
    /// An empty queue for at most `capacity` octets.
    pub fn new(capacity: usize) -> LogBuffer {
        LogBuffer { octets: VecDeque::new(), capacity, lost: 0, is_begun: false, is_torn: false }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Adds `line`, which ends in LF, or counts it as lost.
    pub fn push(&mut self, line: &str, rank: Rank) {
        let quarter = self.capacity / 4;
        let limit = match rank {
            // Once something is lost the gap goes on until it is told of, so that there is one and not many.
            Rank::Chatter if self.lost > 0 && self.octets.len() > quarter => 0,
            Rank::Chatter => quarter * 2,
            Rank::Ordinary => quarter * 3,
            Rank::Transition => self.capacity.saturating_sub(RESERVE),
        };
        if self.octets.len().saturating_add(line.len()) > limit {
            self.lost = self.lost.saturating_add(1);
        } else {
            self.append(line);
        }
    }

    /// The number of lost lines, once: when some were lost and there is much room again. The line that tells of it
    /// goes to [`LogBuffer::push_notice`].
    pub fn take_lost(&mut self) -> Option<u64> {
        let is_due = self.lost > 0 && self.octets.len() <= self.capacity / 4;
        is_due.then(|| std::mem::take(&mut self.lost))
    }

    /// Adds the line about lost lines, which ends in LF and is shorter than any text.
    pub fn push_notice(&mut self, line: &str) {
        self.append(line);
    }

    fn append(&mut self, line: &str) {
        if std::mem::take(&mut self.is_torn) {
            self.octets.push_back(b'\n');
        }
        self.octets.extend(line.as_bytes());
    }

    /// As many whole lines from the front as `most` octets hold; of a longer line its next `most` octets.
    pub fn front(&mut self, most: usize) -> &[u8] {
        let octets: &[u8] = self.octets.make_contiguous();
        let octets = octets.get(..most).unwrap_or(octets);
        match octets.iter().rposition(|octet| *octet == b'\n') {
            Some(end) => octets.get(..=end).unwrap_or(octets),
            None => octets,
        }
    }

    /// The first `count` octets were taken.
    pub fn consume(&mut self, count: usize) {
        if let Some(last) = self.octets.drain(..count.min(self.octets.len())).next_back() {
            self.is_begun = last != b'\n';
        }
        self.give_back();
    }

    /// Nobody can take them: all lines that wait are lost.
    pub fn lose_all(&mut self) {
        // No line is empty: this is the end of one whose rest was lost before, and is still wanted.
        if !self.is_begun && self.octets.front() == Some(&b'\n') {
            self.octets.pop_front();
            self.is_torn = true;
        }
        let lines = self.octets.iter().filter(|octet| **octet == b'\n').count();
        self.lost = self.lost.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
        self.is_torn |= std::mem::take(&mut self.is_begun);
        self.octets.clear();
        self.give_back();
    }

    fn give_back(&mut self) {
        if self.octets.is_empty() {
            self.octets.shrink_to(IDLE_OCTETS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAPACITY: usize = 1024;

    fn taken(buffer: &mut LogBuffer) -> String {
        let all = String::from_utf8(buffer.front(usize::MAX).to_vec()).unwrap();
        buffer.consume(all.len());
        all
    }

    #[test]
    fn pieces_are_whole_lines_where_they_fit() {
        let mut buffer = LogBuffer::new(CAPACITY);
        for line in ["one\n", "two\n", "a longer one\n"] {
            buffer.push(line, Rank::Ordinary);
        }
        assert_eq!(buffer.front(10), b"one\ntwo\n");
        assert_eq!(buffer.front(2), b"on");
        buffer.consume(8);
        assert_eq!(buffer.front(10), b"a longer o");
        buffer.consume(10);
        assert_eq!(buffer.front(10), b"ne\n");
    }

    #[test]
    fn what_matters_has_room_when_chatter_has_none() {
        let mut buffer = LogBuffer::new(CAPACITY);
        for _ in 0..CAPACITY {
            buffer.push("http: 200 -> 300\n", Rank::Chatter);
        }
        buffer.push("warn: inotify\n", Rank::Ordinary);
        buffer.push("350 KO 300-http\n", Rank::Transition);
        assert_eq!(buffer.take_lost(), None, "there is no room yet");
        let all = taken(&mut buffer);
        assert!(all.ends_with("http: 200 -> 300\nwarn: inotify\n350 KO 300-http\n"), "{all}");
        let logged = all.lines().count() - 2;
        assert_eq!(buffer.take_lost(), Some(u64::try_from(CAPACITY - logged).unwrap()));
        assert_eq!(buffer.take_lost(), None, "it is told once");
    }

    #[test]
    fn there_is_one_gap_and_not_many() {
        let mut buffer = LogBuffer::new(CAPACITY);
        for _ in 0..CAPACITY {
            buffer.push("before\n", Rank::Chatter);
        }
        buffer.consume(7);
        buffer.push("within\n", Rank::Chatter);
        let all = taken(&mut buffer);
        assert!(!all.contains("within"), "{all}");
        assert!(buffer.take_lost().is_some());
        buffer.push("behind\n", Rank::Chatter);
        assert_eq!(taken(&mut buffer), "behind\n");
    }

    #[test]
    fn behind_a_line_that_was_cut_a_new_one_begins() {
        let mut buffer = LogBuffer::new(CAPACITY);
        buffer.push("no space left\n", Rank::Ordinary);
        buffer.consume(4);
        buffer.lose_all();
        assert!(buffer.is_empty());
        buffer.push("next\n", Rank::Ordinary);
        assert_eq!(taken(&mut buffer), "\nnext\n");
    }

    #[test]
    fn an_empty_buffer_is_small() {
        let mut buffer = LogBuffer::new(1 << 20);
        for _ in 0..10_000 {
            buffer.push("a line that somebody reads late\n", Rank::Chatter);
        }
        taken(&mut buffer);
        assert!(buffer.octets.capacity() <= IDLE_OCTETS * 2);
    }

    #[derive(Debug, Clone)]
    enum Deed {
        Push(usize, u8),
        Take(usize, usize),
        Lose,
    }

    proptest! {
        /// Whatever comes: what is taken are lines that were pushed, whole and in their order; the others are counted.
        #[test]
        fn every_line_is_taken_whole_or_counted(deeds in proptest::collection::vec(
            prop_oneof![
                3 => (0..300_usize, 0..3_u8).prop_map(|(length, rank)| Deed::Push(length, rank)),
                2 => (1..200_usize, 1..200_usize).prop_map(|(most, count)| Deed::Take(most, count)),
                1 => Just(Deed::Lose),
            ],
            0..200,
        )) {
            let mut buffer = LogBuffer::new(CAPACITY);
            let (mut pushed, mut output, mut told) = (Vec::new(), Vec::new(), 0);
            // Lines of which only the end was lost: they look whole, and are counted.
            let mut both = 0;
            for deed in deeds {
                match deed {
                    Deed::Push(length, rank) => {
                        let line = format!("{} {}\n", pushed.len(), "x".repeat(length));
                        let rank = [Rank::Chatter, Rank::Ordinary, Rank::Transition][usize::from(rank)];
                        buffer.push(&line, rank);
                        pushed.push(line);
                    }
                    Deed::Take(most, count) => {
                        let piece = buffer.front(most).to_vec();
                        prop_assert!(piece.len() <= most);
                        let count = count.min(piece.len());
                        output.extend_from_slice(&piece[..count]);
                        buffer.consume(count);
                    }
                    Deed::Lose => {
                        both += u64::from(buffer.is_begun && buffer.front(1) == b"\n");
                        buffer.lose_all();
                    }
                }
                prop_assert!(buffer.octets.len() <= CAPACITY);
                told += buffer.take_lost().unwrap_or(0);
            }
            output.extend_from_slice(taken(&mut buffer).as_bytes());
            buffer.push("last\n", Rank::Transition);
            pushed.push("last\n".to_owned());
            output.extend_from_slice(taken(&mut buffer).as_bytes());
            told += buffer.take_lost().unwrap_or(0);
            let output = String::from_utf8(output).unwrap();
            let mut whole = 0;
            let mut expected = pushed.iter();
            for line in output.split_inclusive('\n') {
                // A beginning whose rest is lost, or the line's end that was put behind it, is no whole line.
                if expected.clone().any(|candidate| candidate == line) {
                    expected.find(|candidate| *candidate == line);
                    whole += 1;
                } else {
                    let line = line.trim_end();
                    prop_assert!(pushed.iter().any(|candidate| candidate.starts_with(line)), "{line:?}");
                }
            }
            prop_assert_eq!(told + whole, u64::try_from(pushed.len()).unwrap() + both);
        }
    }
}
