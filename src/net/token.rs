//! The events of the loop by type. Nowhere else is anything reckoned with tokens.
//!
//! ```text
//!  bit 0    kind of connection: lingering or HTTP
//!  1..=20   slot of the connection; 0..=20 the number of another source
//!  21..     generation of the connection, from 1 on; 0: it is no connection
//! ```

use mio::Token;

/// Who can wake the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A signal came.
    Signals,
    /// Something happened in the status directory.
    Directory,
    /// Standard error takes lines again.
    Log,
    /// Connections wait at the port with this index.
    Listener(usize),
    /// A connection is ready.
    Connection(ConnectionId),
}

/// A connection: its table, its slot there, and how often that was given away, so that a late event for an earlier one
/// finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionId {
    /// Which table it is in.
    pub kind: Kind,
    /// Its place in the table, below [`SLOTS`].
    pub slot: usize,
    /// Never 0. Where usize has 32 bits, only the lower bits count.
    pub generation: u32,
}

/// Which table a connection is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Connections that have their answer.
    Lingering,
    /// HTTP connections that do not have it yet.
    Http,
}

const SLOT_BITS: u32 = 20;
/// Places of a table that a token can name. Settings allow a million connections at most.
pub const SLOTS: usize = 1 << SLOT_BITS;
const GENERATION_SHIFT: u32 = SLOT_BITS + 1;
/// The first number of a listener; those below are for single sources.
const FIRST_LISTENER: usize = 3;

impl ConnectionId {
    /// The generation as a token holds it.
    fn generation_bits(self) -> usize {
        // Where usize has 32 bits the upper bits fall off, but never all of them are 0.
        let generation = usize::try_from(self.generation).unwrap_or(1) & (usize::MAX >> GENERATION_SHIFT);
        generation.max(1)
    }

    /// Whether both name the same connection.
    pub fn is(self, other: ConnectionId) -> bool {
        Source::Connection(self).encode() == Source::Connection(other).encode()
    }
}

impl Source {
    /// The token by which the kernel tells of it.
    pub fn encode(self) -> Token {
        Token(match self {
            Source::Signals => 0,
            Source::Directory => 1,
            Source::Log => 2,
            Source::Listener(index) => FIRST_LISTENER + index,
            Source::Connection(id) => {
                let kind = match id.kind {
                    Kind::Lingering => 0,
                    Kind::Http => 1,
                };
                (id.generation_bits() << GENERATION_SHIFT) | ((id.slot % SLOTS) << 1) | kind
            }
        })
    }

    /// What a token tells of.
    pub fn decode(token: Token) -> Source {
        match (token.0 >> GENERATION_SHIFT, token.0) {
            (0, 0) => Source::Signals,
            (0, 1) => Source::Directory,
            (0, 2) => Source::Log,
            (0, number) => Source::Listener(number - FIRST_LISTENER),
            (generation, number) => Source::Connection(ConnectionId {
                kind: if number & 1 == 0 { Kind::Lingering } else { Kind::Http },
                slot: (number >> 1) % SLOTS,
                generation: u32::try_from(generation).unwrap_or(u32::MAX),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LISTENERS;
    use proptest::prelude::*;

    #[test]
    fn single_sources_and_ports_are_told_apart() {
        let mut sources = vec![Source::Signals, Source::Directory, Source::Log];
        sources.extend((0..LISTENERS).map(Source::Listener));
        for (index, source) in sources.iter().enumerate() {
            assert_eq!(Source::decode(source.encode()), *source);
            assert!(sources[..index].iter().all(|other| other.encode() != source.encode()));
        }
    }

    proptest! {
        #[test]
        fn a_connection_is_read_back(slot in 0..SLOTS, generation in 1u32.., is_http: bool) {
            let kind = if is_http { Kind::Http } else { Kind::Lingering };
            let id = ConnectionId { kind, slot, generation };
            let token = Source::Connection(id).encode();
            prop_assert_eq!(Source::decode(token), Source::Connection(id));
            let later = ConnectionId { generation: generation.wrapping_add(1).max(1), ..id };
            prop_assert!(!id.is(later) && id.is(id));
            // The timer of the kernel's side has a token of its own.
            prop_assert_ne!(token, Token(usize::MAX));
        }
    }
}
