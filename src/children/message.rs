//! What a program and its helper process say to each other, as octets: orders one way, reports the other.
//!
//! A message is one packet: a tag, then its fields, numbers in little endian, texts behind their length. It is read
//! strictly: whatever is read is what would be written. Both sides are one program, so there is no version.

use super::ChildId;
use super::starter::{GroupSignal, NotStarted, Report};
use crate::limits::{MESSAGE_OCTETS, REASON_OCTETS};
use crate::logic::plugin_result::End;

/// What the helper is told. The first order says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// First: be a helper, and obey what follows.
    Serve,
    /// First: become this child. The descriptors of its stdout and stderr and its [sheet](super::sheet) come along.
    Execute(ChildId),
    /// Start this. The same come along.
    Start(ChildId),
    /// Signal its group, as soon as it runs.
    Signal(ChildId, GroupSignal),
    /// Look whose groups live.
    Look,
    /// Forget it, and reap it when it has ended.
    Reap(ChildId),
}

const START: u8 = 1;
const SIGNAL: u8 = 2;
const LOOK: u8 = 3;
const REAP: u8 = 4;
const SERVE: u8 = 5;
const EXECUTE: u8 = 6;
const STARTED: u8 = 17;
const SHORT: u8 = 18;
const OWN: u8 = 19;
const PROGRAM: u8 = 20;
const STATUS: u8 = 21;
const SIGNALLED: u8 = 22;
const UNNAMED_SIGNAL: u8 = 23;
const LOST: u8 = 24;
const NOT_SIGNALLED: u8 = 25;
const LOOKED: u8 = 26;
const TERMINATE: u8 = 1;
const KILL: u8 = 2;

impl Order {
    /// As octets.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Order::Serve => Writer::of(SERVE).0,
            Order::Execute(id) => Writer::of(EXECUTE).id(*id).0,
            Order::Start(id) => Writer::of(START).id(*id).0,
            Order::Signal(id, signal) => Writer::of(SIGNAL).id(*id).signal(*signal).0,
            Order::Look => Writer::of(LOOK).0,
            Order::Reap(id) => Writer::of(REAP).id(*id).0,
        }
    }

    /// Reads octets. None: it is no order.
    pub fn decode(octets: &[u8]) -> Option<Order> {
        let mut reader = Reader(octets);
        let order = match reader.octet()? {
            SERVE => Order::Serve,
            EXECUTE => Order::Execute(reader.id()?),
            START => Order::Start(reader.id()?),
            SIGNAL => Order::Signal(reader.id()?, reader.signal()?),
            LOOK => Order::Look,
            REAP => Order::Reap(reader.id()?),
            _ => return None,
        };
        reader.0.is_empty().then_some(order)
    }
}

/// A report as octets, at most [`MESSAGE_OCTETS`]: a reason is cut to [`REASON_OCTETS`]. None for that of a starter's
/// own death, which nobody can tell.
pub fn encode_report(report: &Report) -> Option<Vec<u8>> {
    let writer = match report {
        Report::Started(id, process) => Writer::of(STARTED).id(*id).number(*process),
        Report::NotStarted(id, NotStarted::Short(errno)) => Writer::of(SHORT).id(*id).signed(*errno),
        Report::NotStarted(id, NotStarted::Own(errno)) => Writer::of(OWN).id(*id).signed(*errno),
        Report::NotStarted(id, NotStarted::Program(why)) => {
            Writer::of(PROGRAM).id(*id).text(beginning(why).as_bytes())
        }
        Report::Ended(id, End::Status(status)) => Writer::of(STATUS).id(*id).signed(*status),
        Report::Ended(id, End::Signal(Some(signal))) => Writer::of(SIGNALLED).id(*id).signed(*signal),
        Report::Ended(id, End::Signal(None)) => Writer::of(UNNAMED_SIGNAL).id(*id),
        Report::Ended(id, End::Lost) => Writer::of(LOST).id(*id),
        Report::NotSignalled(id, signal, errno) => {
            Writer::of(NOT_SIGNALLED).id(*id).signal(*signal).signed(*errno)
        }
        Report::Looked(living) => living.iter().fold(Writer::of(LOOKED), |writer, id| writer.id(*id)),
        Report::Lost => return None,
    };
    Some(writer.0).filter(|octets| octets.len() <= MESSAGE_OCTETS)
}

/// Reads a report. None: it is none.
pub fn decode_report(octets: &[u8]) -> Option<Report> {
    let mut reader = Reader(octets);
    let tag = reader.octet()?;
    if tag == LOOKED {
        let mut living = Vec::new();
        while !reader.0.is_empty() {
            living.push(reader.id()?);
        }
        return Some(Report::Looked(living));
    }
    let id = reader.id()?;
    let report = match tag {
        STARTED => Report::Started(id, reader.number()?),
        SHORT => Report::NotStarted(id, NotStarted::Short(reader.signed()?)),
        OWN => Report::NotStarted(id, NotStarted::Own(reader.signed()?)),
        PROGRAM => {
            let why = String::from_utf8(reader.text()?.to_vec()).ok();
            Report::NotStarted(id, NotStarted::Program(why.filter(|why| why.len() <= REASON_OCTETS)?))
        }
        STATUS => Report::Ended(id, End::Status(reader.signed()?)),
        SIGNALLED => Report::Ended(id, End::Signal(Some(reader.signed()?))),
        UNNAMED_SIGNAL => Report::Ended(id, End::Signal(None)),
        LOST => Report::Ended(id, End::Lost),
        NOT_SIGNALLED => Report::NotSignalled(id, reader.signal()?, reader.signed()?),
        _ => return None,
    };
    reader.0.is_empty().then_some(report)
}

/// As much of a reason as is sent.
fn beginning(why: &str) -> &str {
    let mut end = why.len().min(REASON_OCTETS);
    while !why.is_char_boundary(end) {
        end -= 1;
    }
    why.get(..end).unwrap_or(why)
}

/// A message that is being written.
struct Writer(Vec<u8>);

impl Writer {
    fn of(tag: u8) -> Writer {
        Writer(vec![tag])
    }

    fn octets(mut self, octets: &[u8]) -> Writer {
        self.0.extend_from_slice(octets);
        self
    }

    fn id(self, id: ChildId) -> Writer {
        self.octets(&u64::try_from(id.0).unwrap_or(u64::MAX).to_le_bytes())
    }

    fn number(self, number: u32) -> Writer {
        self.octets(&number.to_le_bytes())
    }

    fn signed(self, number: i32) -> Writer {
        self.octets(&number.to_le_bytes())
    }

    fn signal(self, signal: GroupSignal) -> Writer {
        self.octets(&[match signal {
            GroupSignal::Terminate => TERMINATE,
            GroupSignal::Kill => KILL,
        }])
    }

    /// One that is longer than its length can say makes the message longer than any may be.
    fn text(self, text: &[u8]) -> Writer {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX)).octets(text)
    }
}

/// What is left of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn id(&mut self) -> Option<ChildId> {
        let number = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        usize::try_from(number).ok().map(ChildId)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn signed(&mut self) -> Option<i32> {
        Some(i32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn signal(&mut self) -> Option<GroupSignal> {
        match self.octet()? {
            TERMINATE => Some(GroupSignal::Terminate),
            KILL => Some(GroupSignal::Kill),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn orders_and_reports_are_these_octets() {
        let id = [2, 1, 0, 0, 0, 0, 0, 0];
        let cases = [
            (Order::Start(ChildId(258)), [&[1][..], &id].concat()),
            (Order::Signal(ChildId(258), GroupSignal::Kill), [&[2][..], &id, &[2]].concat()),
            (Order::Look, vec![3]),
            (Order::Serve, vec![5]),
            (Order::Execute(ChildId(258)), [&[6][..], &id].concat()),
            (Order::Reap(ChildId(258)), [&[4][..], &id].concat()),
        ];
        for (order, octets) in cases {
            assert_eq!((order.encode(), Order::decode(&octets)), (octets, Some(order)));
        }
        let id = ChildId(258);
        let reports = [
            (Report::Started(id, 7), 17, &[7, 0, 0, 0][..]),
            (Report::NotStarted(id, NotStarted::Short(11)), 18, &[11, 0, 0, 0]),
            (Report::NotStarted(id, NotStarted::Own(-1)), 19, &[255; 4]),
            (Report::NotStarted(id, NotStarted::Program("no".into())), 20, b"\x02\0\0\0no"),
            (Report::Ended(id, End::Status(3)), 21, &[3, 0, 0, 0]),
            (Report::Ended(id, End::Signal(Some(9))), 22, &[9, 0, 0, 0]),
            (Report::Ended(id, End::Signal(None)), 23, &[]),
            (Report::Ended(id, End::Lost), 24, &[]),
            (Report::NotSignalled(id, GroupSignal::Terminate, 1), 25, &[1, 1, 0, 0, 0]),
            (Report::Looked(vec![id]), 26, &[]),
        ];
        for (report, tag, rest) in reports {
            let octets = [&[tag][..], &[2, 1, 0, 0, 0, 0, 0, 0], rest].concat();
            assert_eq!((encode_report(&report), decode_report(&octets)), (Some(octets), Some(report)));
        }
    }

    #[test]
    fn what_is_no_message_is_not_read() {
        let none: [&[u8]; 7] = [b"", &[0], &[1, 0], &[3, 0], &[2, 0, 0, 0, 0, 0, 0, 0, 0, 3], &[99], &[4, 1]];
        assert!(none.iter().all(|octets| Order::decode(octets).is_none()));
        let none: [&[u8]; 4] = [b"", &[17; 9], &[26, 1], &[1; 13]];
        assert!(none.iter().all(|octets| decode_report(octets).is_none()));
        assert_eq!(decode_report(b"\x14\0\0\0\0\0\0\0\0\x01\0\0\0\xff"), None);
    }

    #[test]
    fn messages_are_bounded() {
        let many = (0..MESSAGE_OCTETS / 8 + 1).map(ChildId).collect();
        assert_eq!(encode_report(&Report::Looked(many)), None);
        assert_eq!(encode_report(&Report::Lost), None);
        let why = "\u{e9}".repeat(REASON_OCTETS);
        let sent = encode_report(&Report::NotStarted(ChildId(0), NotStarted::Program(why))).unwrap();
        let Some(Report::NotStarted(_, NotStarted::Program(read))) = decode_report(&sent) else { panic!() };
        assert!(read.len() >= REASON_OCTETS - 1 && read.len() <= REASON_OCTETS);
    }

    proptest! {
        #[test]
        fn any_report_is_read_back(id: u32, number: i32, why: String, ids: Vec<u32>) {
            let of = |id: u32| ChildId(usize::try_from(id).unwrap());
            let reports = [
                Report::NotStarted(of(id), NotStarted::Program(why)),
                Report::Ended(of(id), End::Status(number)),
                Report::NotSignalled(of(id), GroupSignal::Kill, number),
                Report::Looked(ids.into_iter().map(of).collect()),
            ];
            for report in reports {
                prop_assert_eq!(decode_report(&encode_report(&report).unwrap()), Some(report));
            }
        }

        #[test]
        fn whatever_is_read_is_what_would_be_written(octets in proptest::collection::vec(0u8..28, 0..40)) {
            if let Some(order) = Order::decode(&octets) {
                prop_assert_eq!(order.encode(), octets.clone());
            }
            if let Some(report) = decode_report(&octets) {
                prop_assert_eq!(encode_report(&report), Some(octets));
            }
        }
    }
}
