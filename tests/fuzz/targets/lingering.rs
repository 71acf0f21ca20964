//! Any sequence of what may happen to a connection. As a script:
//!
//! `i20` begins with 20 octets of the line unsent; `s5` 5 octets are sent; `r100` 100 octets are received; `b` the
//! socket blocks; `c` the client closes; `x` the socket fails; `h7` the deadline is moved to 7.
#![no_main]

mod script;

use libfuzzer_sys::fuzz_target;
use oco::limits::{DRAINED_OCTETS, LINE_OCTETS};
use oco::logic::lingering::{Lingering, LingeringEvent, LingeringStep};
use oco::logic::time::Nanos;
use script::operations;

/// When a lingering ends at the latest, before anybody hurries it.
const DEADLINE: Nanos = Nanos(2_000_000_000);

fuzz_target!(|input: &[u8]| {
    let line: Vec<u8> = (0..=u8::MAX).cycle().take(LINE_OCTETS).collect();
    let mut connection = Connection {
        lingering: Lingering::answered(DEADLINE),
        unsent: &[],
        drained: 0,
        is_over: false,
        deadline: DEADLINE,
    };
    for operation in operations(input, |_| false) {
        let octets = usize::try_from(operation.number).unwrap_or(usize::MAX);
        match operation.letter {
            b'i' => {
                let unsent = line.get(line.len() - octets.clamp(1, line.len())..).unwrap_or_default();
                let lingering = Lingering::interrupted(unsent, DEADLINE);
                connection = Connection { lingering, unsent, drained: 0, is_over: false, deadline: DEADLINE };
            }
            b's' => connection.happens(LingeringEvent::Sent(octets)),
            b'r' => connection.happens(LingeringEvent::Received(octets.max(1))),
            b'b' => connection.happens(LingeringEvent::Blocked),
            b'c' => connection.happens(LingeringEvent::Closed),
            b'x' => connection.happens(LingeringEvent::Failed),
            b'h' => connection.hurry(Nanos(i64::try_from(operation.number).unwrap_or(i64::MAX))),
            _ => {}
        }
        connection.is_sound();
    }
});

struct Connection<'a> {
    lingering: Lingering,
    /// What the client lacks of its line.
    unsent: &'a [u8],
    drained: usize,
    is_over: bool,
    deadline: Nanos,
}

impl Connection<'_> {
    /// Tells the lingering of `event` if it can come: nothing is received before the line is out, and no more is sent
    /// than there is.
    fn happens(&mut self, event: LingeringEvent) {
        let is_sending = !self.unsent.is_empty() && !self.is_over;
        match event {
            LingeringEvent::Sent(octets) if is_sending => {
                self.unsent = self.unsent.get(octets..).unwrap_or_default();
            }
            LingeringEvent::Received(octets) if !is_sending => {
                self.drained = self.drained.saturating_add(octets)
            }
            LingeringEvent::Sent(_) | LingeringEvent::Received(_) => return,
            LingeringEvent::Blocked | LingeringEvent::Closed | LingeringEvent::Failed => {}
        }
        let is_drained = self.drained >= usize::try_from(DRAINED_OCTETS).expect("a small number");
        let step = self.lingering.on(event);
        let expected = match event {
            _ if self.is_over => LingeringStep::Close,
            LingeringEvent::Closed | LingeringEvent::Failed => LingeringStep::Close,
            LingeringEvent::Blocked => LingeringStep::Wait,
            LingeringEvent::Sent(_) if self.unsent.is_empty() => LingeringStep::Finish,
            LingeringEvent::Sent(_) => LingeringStep::Send(self.unsent),
            LingeringEvent::Received(_) if is_drained => LingeringStep::Close,
            LingeringEvent::Received(_) => LingeringStep::Receive,
        };
        assert_eq!(step, expected, "after {event:?}");
        self.is_over |= step == LingeringStep::Close;
    }

    fn hurry(&mut self, deadline: Nanos) {
        self.lingering.hurry(deadline);
        self.deadline = self.deadline.min(deadline);
    }

    fn is_sound(&self) {
        assert_eq!(self.lingering.deadline(), self.deadline, "a deadline never moves back");
        let step = self.lingering.step();
        match (self.is_over, self.unsent) {
            (true, _) => assert_eq!(step, LingeringStep::Close, "what is over stays over"),
            (false, []) => assert!(step == LingeringStep::Receive && self.lingering.has_line()),
            (false, unsent) => assert!(step == LingeringStep::Send(unsent) && !self.lingering.has_line()),
        }
    }
}
