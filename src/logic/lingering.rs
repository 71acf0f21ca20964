//! One connection from its answer to its close, as a state machine without a socket.
//!
//! The line goes out, the sending side is shut down, and what the client sends is thrown away until it closes:
//! closing a socket with unread input would reset the connection, and the reset may overtake the line.

use super::time::Nanos;
use crate::limits::DRAINED_OCTETS;

/// A connection's state.
#[derive(Debug)]
pub struct Lingering {
    phase: Phase,
    /// When it is closed whatever its state.
    deadline: Nanos,
}

#[derive(Debug)]
enum Phase {
    /// The part of the line that the kernel did not take yet. Rare: a new socket's buffer is empty.
    Sending(Box<[u8]>),
    /// How many octets the client may still send.
    Draining(u32),
    /// Nothing more to do for this client.
    Over,
}

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
#[derive(Debug, PartialEq, Eq)]
pub enum LingeringStep<'a> {
    /// Write this.
    Send(&'a [u8]),
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
    /// A connection whose line went out whole.
    pub fn answered(deadline: Nanos) -> Lingering {
        Lingering { phase: Phase::Draining(DRAINED_OCTETS), deadline }
    }

    /// A connection of whose line `rest` is still to be sent.
    pub fn interrupted(rest: &[u8], deadline: Nanos) -> Lingering {
        Lingering { phase: Phase::Sending(rest.into()), deadline }
    }

    /// When the connection is closed whatever its state, on the boot clock.
    pub fn deadline(&self) -> Nanos {
        self.deadline
    }

    /// Whether the whole line was handed over.
    pub fn has_line(&self) -> bool {
        !matches!(self.phase, Phase::Sending(_))
    }

    /// Moves the deadline forward to `deadline`, never back.
    pub fn hurry(&mut self, deadline: Nanos) {
        self.deadline = self.deadline.min(deadline);
    }

    /// What to do when the socket is ready.
    pub fn step(&self) -> LingeringStep<'_> {
        match &self.phase {
            Phase::Sending(rest) => LingeringStep::Send(rest),
            Phase::Draining(_) => LingeringStep::Receive,
            Phase::Over => LingeringStep::Close,
        }
    }

    /// Takes in what happened, and says what to do next.
    pub fn on(&mut self, event: LingeringEvent) -> LingeringStep<'_> {
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        match (phase, event) {
            (Phase::Over, _) | (_, LingeringEvent::Failed) => LingeringStep::Close,
            (phase, LingeringEvent::Blocked) => {
                self.phase = phase;
                LingeringStep::Wait
            }
            (Phase::Sending(rest), LingeringEvent::Sent(octets)) => match rest.get(octets..) {
                Some(rest) if !rest.is_empty() => {
                    self.phase = Phase::Sending(rest.into());
                    self.step()
                }
                _ => {
                    self.phase = Phase::Draining(DRAINED_OCTETS);
                    LingeringStep::Finish
                }
            },
            (Phase::Draining(left), LingeringEvent::Received(octets)) => {
                match left.checked_sub(u32::try_from(octets).unwrap_or(u32::MAX)) {
                    Some(left) if left > 0 => {
                        self.phase = Phase::Draining(left);
                        LingeringStep::Receive
                    }
                    _ => LingeringStep::Close,
                }
            }
            (Phase::Draining(_), LingeringEvent::Closed | LingeringEvent::Sent(_)) => LingeringStep::Close,
            // Nothing is read before the line is out.
            (Phase::Sending(_), LingeringEvent::Received(_) | LingeringEvent::Closed) => LingeringStep::Close,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_silent_client_gets_its_line_and_is_closed_when_it_closes() {
        let mut lingering = Lingering::answered(Nanos(7));
        assert_eq!(lingering.step(), LingeringStep::Receive);
        assert_eq!(lingering.on(LingeringEvent::Blocked), LingeringStep::Wait);
        assert_eq!(lingering.on(LingeringEvent::Closed), LingeringStep::Close);
        assert_eq!(lingering.on(LingeringEvent::Blocked), LingeringStep::Close);
    }

    #[test]
    fn a_line_that_was_cut_is_finished_first() {
        let mut lingering = Lingering::interrupted(b"rest\r\n", Nanos(7));
        assert_eq!(lingering.step(), LingeringStep::Send(b"rest\r\n"));
        assert_eq!(lingering.on(LingeringEvent::Sent(2)), LingeringStep::Send(b"st\r\n"));
        assert_eq!(lingering.on(LingeringEvent::Blocked), LingeringStep::Wait);
        assert_eq!(lingering.step(), LingeringStep::Send(b"st\r\n"));
        assert_eq!(lingering.on(LingeringEvent::Sent(4)), LingeringStep::Finish);
        assert_eq!(lingering.step(), LingeringStep::Receive);
    }

    #[test]
    fn a_deadline_only_moves_forward() {
        let mut lingering = Lingering::answered(Nanos(7));
        lingering.hurry(Nanos(9));
        assert_eq!(lingering.deadline(), Nanos(7));
        lingering.hurry(Nanos(3));
        assert_eq!(lingering.deadline(), Nanos(3));
    }

    proptest! {
        #[test]
        fn no_client_is_drained_for_ever(sizes in proptest::collection::vec(1usize..20_000, 1..200)) {
            let mut lingering = Lingering::answered(Nanos(7));
            let mut drained = 0;
            for size in sizes {
                drained += size;
                let closed = lingering.on(LingeringEvent::Received(size)) == LingeringStep::Close;
                prop_assert_eq!(closed, drained >= usize::try_from(DRAINED_OCTETS).unwrap());
                if closed {
                    break;
                }
            }
        }
    }
}
