//! The events of the loop by type. Nowhere else is anything reckoned with tokens, but for the ranges that are given away.

use crate::limits::{CONTROL_CONNECTIONS, PROBES_AT_ONCE, TABLES};
use mio::Token;
use std::ops::Range;

/// Who can wake the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A signal came.
    Signals,
    /// Standard error takes lines again.
    Log,
    /// One of the threads has something: the journal's, the resolver's.
    Threads,
    /// Somebody connects to the control socket.
    Control,
    /// Something is ready among the connections for metrics, which have a poll of their own.
    Metrics,
    /// The control connection in this slot is ready.
    Connection(usize),
    /// The socket of the table in this slot.
    Table(usize),
    /// A socket of the probes, which knows its own.
    Probe(Token),
    /// A child, or who starts them.
    Child(Token),
}

const CONNECTIONS: usize = 16;
const TABLE_SOCKETS: usize = 1 << 10;
const PROBES: usize = 1 << 12;
/// All from here on are the children's: their numbers only count up.
const CHILDREN: usize = 1 << 24;

const _: () = assert!(CONNECTIONS + CONTROL_CONNECTIONS <= TABLE_SOCKETS && TABLE_SOCKETS + TABLES <= PROBES);
const _: () = assert!(PROBES + 2 * PROBES_AT_ONCE <= CHILDREN);

/// The tokens of the probes' sockets.
pub const PROBE_TOKENS: Range<usize> = PROBES..CHILDREN;
/// The first token of the children.
pub const FIRST_CHILD: Token = Token(CHILDREN);

impl Source {
    /// The token by which the kernel tells of it.
    pub fn encode(self) -> Token {
        match self {
            Source::Signals => Token(0),
            Source::Log => Token(1),
            Source::Threads => Token(2),
            Source::Control => Token(3),
            Source::Metrics => Token(4),
            Source::Connection(slot) => Token(CONNECTIONS + slot),
            Source::Table(slot) => Token(TABLE_SOCKETS + slot),
            Source::Probe(token) | Source::Child(token) => token,
        }
    }

    /// What a token tells of. None: nobody has it.
    pub fn decode(token: Token) -> Option<Source> {
        Some(match token.0 {
            0 => Source::Signals,
            1 => Source::Log,
            2 => Source::Threads,
            3 => Source::Control,
            4 => Source::Metrics,
            5..CONNECTIONS => return None,
            number @ CONNECTIONS..TABLE_SOCKETS => Source::Connection(number - CONNECTIONS),
            number @ TABLE_SOCKETS..PROBES => Source::Table(number - TABLE_SOCKETS),
            PROBES..CHILDREN => Source::Probe(token),
            CHILDREN.. => Source::Child(token),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        let mut sources =
            vec![Source::Signals, Source::Log, Source::Threads, Source::Control, Source::Metrics];
        sources.extend((0..CONTROL_CONNECTIONS).map(Source::Connection));
        sources.extend([0, TABLES - 1].map(Source::Table));
        sources.extend([PROBE_TOKENS.start, PROBE_TOKENS.end - 1].map(|token| Source::Probe(Token(token))));
        sources.push(Source::Child(FIRST_CHILD));
        for (index, source) in sources.iter().enumerate() {
            assert_eq!(Source::decode(source.encode()), Some(*source));
            assert!(sources[..index].iter().all(|other| other.encode() != source.encode()));
        }
        assert_eq!(Source::decode(Token(5)), None);
    }
}
