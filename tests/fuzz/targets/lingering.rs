//! Any sequence of what may happen to a connection. As a script:
//!
//! `i20` begins with 20 octets of the line unsent; `s5` 5 octets are sent; `r100` 100 octets are received; `b` the
//! socket blocks; `c` the client closes; `x` the socket fails.
#![no_main]

mod script;

use libfuzzer_sys::fuzz_target;
use oco::limits::{DRAINED_OCTETS, LINE_OCTETS};
use oco::logic::lingering::{Lingering, LingeringEvent, LingeringStep};
use script::operations;

fuzz_target!(|input: &[u8]| {
    let mut connection = Connection::new(0);
    for operation in operations(input, |_| false) {
        let octets = usize::try_from(operation.number).unwrap_or(usize::MAX);
        match operation.letter {
            b'i' => {
                connection = Connection::new(octets.clamp(1, LINE_OCTETS));
            }
            b's' => connection.happens(LingeringEvent::Sent(octets)),
            b'r' => connection.happens(LingeringEvent::Received(octets.max(1))),
            b'b' => connection.happens(LingeringEvent::Blocked),
            b'c' => connection.happens(LingeringEvent::Closed),
            b'x' => connection.happens(LingeringEvent::Failed),
            _ => {}
        }
        connection.is_sound();
    }
});

struct Connection {
    lingering: Lingering,
    /// How many octets of its line the client lacks.
    unsent: usize,
    drained: usize,
    is_over: bool,
}

impl Connection {
    fn new(unsent: usize) -> Connection {
        Connection { lingering: Lingering::new(unsent), unsent, drained: 0, is_over: false }
    }

    /// Tells the lingering of `event` if it can come: nothing is received before the line is out, and no more is sent
    /// than there is.
    fn happens(&mut self, event: LingeringEvent) {
        let is_sending = self.unsent > 0 && !self.is_over;
        match event {
            LingeringEvent::Sent(octets) if is_sending => {
                self.unsent = self.unsent.saturating_sub(octets);
            }
            LingeringEvent::Received(octets) if !is_sending => {
                self.drained = self.drained.saturating_add(octets)
            }
            LingeringEvent::Sent(_) | LingeringEvent::Received(_) => return,
            LingeringEvent::Blocked | LingeringEvent::Closed | LingeringEvent::Failed => {}
        }
        let is_drained = self.drained >= usize::from(DRAINED_OCTETS);
        let step = self.lingering.on(event);
        let expected = match event {
            _ if self.is_over => LingeringStep::Close,
            LingeringEvent::Closed | LingeringEvent::Failed => LingeringStep::Close,
            LingeringEvent::Blocked => LingeringStep::Wait,
            LingeringEvent::Sent(_) if self.unsent == 0 => LingeringStep::Finish,
            LingeringEvent::Sent(_) => to_send(self.unsent),
            LingeringEvent::Received(_) if is_drained => LingeringStep::Close,
            LingeringEvent::Received(_) => LingeringStep::Receive,
        };
        assert_eq!(step, expected, "after {event:?}");
        self.is_over |= step == LingeringStep::Close;
    }

    fn is_sound(&self) {
        let step = self.lingering.step();
        match (self.is_over, self.unsent) {
            (true, _) => assert_eq!(step, LingeringStep::Close, "what is over stays over"),
            (false, 0) => assert!(step == LingeringStep::Receive && self.lingering.has_line()),
            (false, unsent) => assert!(step == to_send(unsent) && !self.lingering.has_line()),
        }
    }
}

fn to_send(unsent: usize) -> LingeringStep {
    LingeringStep::Send(u16::try_from(unsent).expect("a line is short"))
}
