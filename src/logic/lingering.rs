//! One connection from its answer to its close, as a state machine without a socket.
//!
//! The line goes out, the sending side is shut down, and what the client sends is thrown away until it closes:
//! closing a socket with unread input would reset the connection, and the reset may overtake the line. Octets are only
//! counted here: there may be thousands of connections, and hardly one lacks any of its line.

use crate::limits::{DRAINED_OCTETS, LINE_OCTETS};

/// A connection's state.
#[derive(Debug)]
pub struct Lingering {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// So many octets at the line's end were not taken by the kernel yet. Rare: a new socket's buffer is empty.
    Sending(u16),
    /// How many octets the client may still send.
    Draining(u16),
    /// Nothing more to do for this client.
    Over,
}

const _: () = assert!(LINE_OCTETS < 1 << u16::BITS);

/// What happened to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LingeringEvent {
    /// So many octets of the line were taken.
    Sent(usize),
    /// So many octets of the client's were read, at least one.
    Received(usize),
    /// The kernel can take or give nothing now.
    Blocked,
    /// The client has closed its side.
    Closed,
    /// The socket failed: reset, or worse. Ordinary, as many pollers end so.
    Failed,
}

/// What to do next with the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LingeringStep {
    /// Write so many octets, the last ones of the line.
    Send(u16),
    /// Shut down the sending side, then receive.
    Finish,
    /// Read and throw away.
    Receive,
    /// Wait for the socket to become ready.
    Wait,
    /// Close it.
    Close,
}

impl Lingering {
    /// A connection that lacks the last `unsent` octets of its line.
    pub fn new(unsent: usize) -> Lingering {
        let phase = match u16::try_from(unsent) {
            Ok(0) => Phase::Draining(DRAINED_OCTETS),
            Ok(unsent) => Phase::Sending(unsent),
            Err(_) => Phase::Sending(u16::MAX),
        };
        Lingering { phase }
    }

    /// Whether the whole line was handed over.
    pub fn has_line(&self) -> bool {
        !matches!(self.phase, Phase::Sending(_))
    }

    /// What to do when the socket is ready.
    pub fn step(&self) -> LingeringStep {
        match self.phase {
            Phase::Sending(unsent) => LingeringStep::Send(unsent),
            Phase::Draining(_) => LingeringStep::Receive,
            Phase::Over => LingeringStep::Close,
        }
    }

    /// Takes in what happened, and says what to do next.
    pub fn on(&mut self, event: LingeringEvent) -> LingeringStep {
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        match (phase, event) {
            (Phase::Over, _) | (_, LingeringEvent::Failed) => LingeringStep::Close,
            (phase, LingeringEvent::Blocked) => {
                self.phase = phase;
                LingeringStep::Wait
            }
            (Phase::Sending(unsent), LingeringEvent::Sent(octets)) => match less(unsent, octets) {
                0 => {
                    self.phase = Phase::Draining(DRAINED_OCTETS);
                    LingeringStep::Finish
                }
                unsent => {
                    self.phase = Phase::Sending(unsent);
                    LingeringStep::Send(unsent)
                }
            },
            (Phase::Draining(left), LingeringEvent::Received(octets)) => match less(left, octets) {
                0 => LingeringStep::Close,
                left => {
                    self.phase = Phase::Draining(left);
                    LingeringStep::Receive
                }
            },
            (Phase::Draining(_), LingeringEvent::Closed | LingeringEvent::Sent(_)) => LingeringStep::Close,
            // Nothing is read before the line is out.
            (Phase::Sending(_), LingeringEvent::Received(_) | LingeringEvent::Closed) => LingeringStep::Close,
        }
    }
}

fn less(count: u16, octets: usize) -> u16 {
    count.saturating_sub(u16::try_from(octets).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_silent_client_gets_its_line_and_is_closed_when_it_closes() {
        let mut lingering = Lingering::new(0);
        assert_eq!(lingering.step(), LingeringStep::Receive);
        assert_eq!(lingering.on(LingeringEvent::Blocked), LingeringStep::Wait);
        assert_eq!(lingering.on(LingeringEvent::Closed), LingeringStep::Close);
        assert_eq!(lingering.on(LingeringEvent::Blocked), LingeringStep::Close);
    }

    #[test]
    fn a_line_that_was_cut_is_finished_first() {
        let mut lingering = Lingering::new(6);
        assert_eq!(lingering.step(), LingeringStep::Send(6));
        assert_eq!(lingering.on(LingeringEvent::Sent(2)), LingeringStep::Send(4));
        assert_eq!(lingering.on(LingeringEvent::Blocked), LingeringStep::Wait);
        assert_eq!(lingering.step(), LingeringStep::Send(4));
        assert_eq!(lingering.on(LingeringEvent::Sent(4)), LingeringStep::Finish);
        assert_eq!(lingering.step(), LingeringStep::Receive);
    }

    proptest! {
        #[test]
        fn no_client_is_drained_for_ever(sizes in proptest::collection::vec(1usize..20_000, 1..200)) {
            let mut lingering = Lingering::new(0);
            let mut drained = 0;
            for size in sizes {
                drained += size;
                let closed = lingering.on(LingeringEvent::Received(size)) == LingeringStep::Close;
                prop_assert_eq!(closed, drained >= usize::from(DRAINED_OCTETS));
                if closed {
                    break;
                }
            }
        }
    }
}
