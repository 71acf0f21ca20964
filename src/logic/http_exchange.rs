//! One HTTP connection from its first octet to the last one of its response, as a state machine without a socket.
//! What remains of the connection then, to drain and to close, is a [lingering](super::lingering) connection.

use super::http::{self, Asked, Refusal, Refused, Site};
use crate::limits::HTTP_HEAD_OCTETS;

/// A connection's state.
#[derive(Debug)]
pub struct HttpExchange<P> {
    phase: Phase<P>,
}

#[derive(Debug)]
enum Phase<P> {
    /// What has come of the head.
    Reading(Vec<u8>),
    /// The head is complete.
    Asked(Asked<P>),
    /// What was handed in of the response.
    Sending(Part),
    /// All that was handed in was sent, and more follows.
    Between,
    /// The whole response was handed over.
    Done,
    /// Nothing more to do for this client.
    Over,
}

/// A response, or a part of one.
#[derive(Debug)]
struct Part {
    octets: Box<[u8]>,
    /// How many of them were sent.
    sent: usize,
    /// Whether the response ends with it.
    is_last: bool,
}

/// What happened to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpEvent<'a> {
    /// These octets were read, at least one.
    Received(&'a [u8]),
    /// So many octets of the response were taken.
    Sent(usize),
    /// The kernel can take or give nothing now.
    Blocked,
    /// The client has closed its side.
    Closed,
    /// The socket failed.
    Failed,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum HttpStep<'a, P> {
    /// Read.
    Receive,
    /// Make the response, and tell by [`HttpExchange::respond`].
    Answer(Asked<P>),
    /// Write this.
    Send(&'a [u8]),
    /// Make the next part of the response, and tell by [`HttpExchange::respond_part`].
    Continue,
    /// Go on as a lingering connection that has its answer.
    Finish,
    /// Wait for the socket to become ready.
    Wait,
    /// Close it.
    Close,
}

impl<P> Default for HttpExchange<P> {
    /// A connection that was just accepted.
    fn default() -> HttpExchange<P> {
        HttpExchange { phase: Phase::Reading(Vec::new()) }
    }
}

impl<P: Site> HttpExchange<P> {
    /// Octets of memory that it holds for its client.
    pub fn held_octets(&self) -> usize {
        match &self.phase {
            Phase::Reading(head) => head.capacity(),
            Phase::Sending(part) => part.octets.len(),
            Phase::Asked(_) | Phase::Between | Phase::Done | Phase::Over => 0,
        }
    }

    /// What to do when the socket is ready.
    pub fn step(&self) -> HttpStep<'_, P> {
        match &self.phase {
            Phase::Reading(_) => HttpStep::Receive,
            Phase::Asked(asked) => HttpStep::Answer(*asked),
            Phase::Sending(part) => HttpStep::Send(part.octets.get(part.sent..).unwrap_or_default()),
            Phase::Between => HttpStep::Continue,
            Phase::Done => HttpStep::Finish,
            Phase::Over => HttpStep::Close,
        }
    }

    /// Takes in the response that [`HttpStep::Answer`] asked for.
    pub fn respond(&mut self, response: Vec<u8>) {
        self.respond_part(response, true);
    }

    /// Takes in a part of the response: the first one, or the one that [`HttpStep::Continue`] asked for. A page that is
    /// made so is never held as a whole.
    pub fn respond_part(&mut self, octets: Vec<u8>, is_last: bool) {
        if matches!(self.phase, Phase::Asked(_) | Phase::Between) {
            self.phase = Phase::Sending(Part { octets: octets.into_boxed_slice(), sent: 0, is_last });
        }
    }

    /// Takes in what happened, and says what to do next.
    pub fn on(&mut self, event: HttpEvent<'_>) -> HttpStep<'_, P> {
        match (&mut self.phase, event) {
            (Phase::Between | Phase::Done, HttpEvent::Blocked) | (Phase::Over, _) => {}
            (_, HttpEvent::Blocked) => return HttpStep::Wait,
            (Phase::Reading(head), HttpEvent::Received(octets)) => {
                if let Some(asked) = read_on(head, octets) {
                    self.phase = Phase::Asked(asked);
                }
            }
            // A head that ends in its middle is none. Whoever closes without a word wants none.
            (Phase::Reading(head), HttpEvent::Closed) if !head.is_empty() => {
                self.phase = Phase::Asked(Err(Refused::new(Refusal::BadRequest, head)));
            }
            (Phase::Sending(part), HttpEvent::Sent(octets)) => {
                part.sent = part.sent.saturating_add(octets);
                if part.sent >= part.octets.len() {
                    self.phase = if part.is_last { Phase::Done } else { Phase::Between };
                }
            }
            // A client may say that it sends no more, and still wait for its response.
            (Phase::Asked(_) | Phase::Between | Phase::Done, HttpEvent::Closed) => {}
            (_, HttpEvent::Closed | HttpEvent::Failed | HttpEvent::Received(_) | HttpEvent::Sent(_)) => {
                self.phase = Phase::Over
            }
        }
        self.step()
    }
}

/// Adds to the head, and reads it where that can tell something new: it costs its whole length each time, and must not
/// be done for every octet of a client that sends single ones.
fn read_on<P: Site>(head: &mut Vec<u8>, octets: &[u8]) -> Option<Asked<P>> {
    let is_first = head.is_empty();
    let had_line = head.contains(&b'\n');
    // An end may lie over the border of what was there.
    let border = head.len().saturating_sub(2);
    let room = HTTP_HEAD_OCTETS.saturating_sub(head.len());
    let is_too_long = octets.len() > room;
    head.extend_from_slice(octets.get(..room).unwrap_or(octets));
    let added = head.get(border..).unwrap_or_default();
    let has_end =
        added.windows(2).any(|pair| pair == b"\n\n") || added.windows(3).any(|three| three == b"\n\r\n");
    let has_first_line = !had_line && added.contains(&b'\n');
    let asked = if is_first || has_first_line || has_end || is_too_long { http::read(head) } else { None };
    asked.or_else(|| is_too_long.then(|| Err(Refused::new(Refusal::HeadTooLarge, head))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::http::{Method, Request};
    use crate::logic::pages::Page;

    type Exchange = HttpExchange<Page>;
    use proptest::prelude::*;

    const GET: &[u8] = b"GET /health HTTP/1.1\r\nHost: web1\r\n\r\n";

    #[test]
    fn a_request_in_pieces_is_answered_once_it_is_whole() {
        let mut exchange = Exchange::default();
        for octet in &GET[..GET.len() - 1] {
            assert_eq!(exchange.on(HttpEvent::Received(&[*octet])), HttpStep::Receive);
        }
        assert_eq!(exchange.on(HttpEvent::Blocked), HttpStep::Wait);
        let request = Request { page: Page::Health, method: Method::Get, takes_chunks: true };
        assert_eq!(exchange.on(HttpEvent::Received(b"\n")), HttpStep::Answer(Ok(request)));
        exchange.respond(b"response".to_vec());
        assert_eq!(exchange.step(), HttpStep::Send(b"response"));
        assert_eq!(exchange.on(HttpEvent::Sent(3)), HttpStep::Send(b"ponse"));
        assert_eq!(exchange.on(HttpEvent::Blocked), HttpStep::Wait);
        assert_eq!(exchange.on(HttpEvent::Sent(5)), HttpStep::Finish);
    }

    #[test]
    fn what_can_be_no_request_is_refused_at_once() {
        let bad = HttpStep::Answer(Err(Refused::new(Refusal::BadRequest, b"")));
        assert_eq!(Exchange::default().on(HttpEvent::Received(b"HELO x\r\n")), bad);
        assert_eq!(Exchange::default().on(HttpEvent::Received(b"\x16\x03\x01\x02\x00")), bad);
    }

    #[test]
    fn a_request_of_http_0_9_is_answered_once_its_line_is_whole() {
        let mut exchange = Exchange::default();
        for octet in b"GET /\r" {
            assert_eq!(exchange.on(HttpEvent::Received(&[*octet])), HttpStep::Receive);
        }
        let request = Request { page: Page::Health, method: Method::Get, takes_chunks: false };
        assert_eq!(exchange.on(HttpEvent::Received(b"\n")), HttpStep::Answer(Ok(request)));
    }

    #[test]
    fn a_head_that_is_too_large_is_refused_by_its_method() {
        for (method, is_head) in [("HEAD", true), ("GET", false), ("HEADS", false)] {
            let mut exchange = Exchange::default();
            exchange.on(HttpEvent::Received(method.as_bytes()));
            let long = [b" /".as_slice(), &[b'a'; HTTP_HEAD_OCTETS]].concat();
            let refused = Refused { why: Refusal::HeadTooLarge, is_head, page: None };
            assert_eq!(exchange.on(HttpEvent::Received(&long)), HttpStep::Answer(Err(refused)), "{method}");
        }
    }

    #[test]
    fn a_head_without_end_is_too_large() {
        let mut exchange = Exchange::default();
        let mut octets = 0;
        let mut piece: &[u8] = b"GET /";
        while exchange.on(HttpEvent::Received(piece)) == HttpStep::Receive {
            octets += piece.len();
            assert!(octets <= HTTP_HEAD_OCTETS && exchange.held_octets() <= 2 * HTTP_HEAD_OCTETS);
            piece = &[b'a'; 100];
        }
        assert_eq!(exchange.step(), HttpStep::Answer(Err(Refused::new(Refusal::HeadTooLarge, b"GET /"))));
    }

    #[test]
    fn a_response_in_parts_goes_on_when_a_part_was_sent() {
        let mut exchange = Exchange::default();
        exchange.on(HttpEvent::Received(GET));
        exchange.respond_part(b"one".to_vec(), false);
        assert_eq!((exchange.step(), exchange.held_octets()), (HttpStep::Send(b"one"), 3));
        // It is not the turn of the next one yet.
        exchange.respond_part(b"other".to_vec(), false);
        assert_eq!(exchange.on(HttpEvent::Sent(2)), HttpStep::Send(b"e"));
        assert_eq!(exchange.on(HttpEvent::Sent(1)), HttpStep::Continue);
        assert_eq!(exchange.held_octets(), 0);
        exchange.respond_part(b"two".to_vec(), true);
        assert_eq!(exchange.on(HttpEvent::Blocked), HttpStep::Wait);
        assert_eq!(exchange.on(HttpEvent::Sent(3)), HttpStep::Finish);
    }

    #[test]
    fn a_client_that_closes_without_a_word_is_closed() {
        let mut exchange = Exchange::default();
        assert_eq!(exchange.on(HttpEvent::Closed), HttpStep::Close);
        assert_eq!(exchange.on(HttpEvent::Received(GET)), HttpStep::Close);
    }

    #[test]
    fn half_a_request_and_no_more_is_a_bad_one() {
        for half in [&b"GET "[..], b"GET / HTTP/1.1\r\nHost: web1\r\n", b"GET /"] {
            let mut exchange = Exchange::default();
            assert_eq!(exchange.on(HttpEvent::Received(half)), HttpStep::Receive);
            let bad = HttpStep::Answer(Err(Refused::new(Refusal::BadRequest, half)));
            assert_eq!(exchange.on(HttpEvent::Closed), bad);
        }
    }

    proptest! {
        #[test]
        fn pieces_are_read_as_the_whole(
            head in prop_oneof![
                Just(GET.to_vec()),
                Just(b"\r\nHEAD / HTTP/1.0\n\n".to_vec()),
                Just(b"GET /no HTTP/1.1\r\nA: b\r\n\r\nrest".to_vec()),
                Just(b"OPTIONS * HTTP/1.0\r\n\r\n".to_vec()),
                Just(b"GET /health\r\nmore".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..60),
                proptest::string::string_regex("(GET|POST) /[a-z]{0,8} HTTP/1\\.[01]\r\n([A-Z]: [a-z]{0,9}\r\n){0,4}\r\n")
                    .unwrap()
                    .prop_map(String::into_bytes),
            ],
            cuts in proptest::collection::vec(1usize..20, 0..30)
        ) {
            let mut exchange = Exchange::default();
            let (mut rest, mut cuts) = (head.as_slice(), cuts.into_iter());
            let mut read = Vec::new();
            while !rest.is_empty() && exchange.step() == HttpStep::Receive {
                let (piece, left) = rest.split_at(cuts.next().unwrap_or(rest.len()).min(rest.len()));
                read.extend_from_slice(piece);
                rest = left;
                exchange.on(HttpEvent::Received(piece));
            }
            match exchange.step() {
                HttpStep::Answer(asked) => prop_assert_eq!(Some(asked), http::read::<Page>(&read)),
                step => {
                    prop_assert_eq!(step, HttpStep::Receive);
                    prop_assert!(!matches!(http::read::<Page>(&head), Some(Ok(_))));
                }
            }
        }

        #[test]
        fn any_events_lead_to_the_whole_response_or_to_a_close(events in proptest::collection::vec(0u8..6, 0..60)) {
            let mut exchange = Exchange::default();
            let mut received = Vec::new();
            for event in events {
                let left = match exchange.step() {
                    HttpStep::Send(left) => left.to_vec(),
                    HttpStep::Answer(_) => {
                        exchange.respond_part(b"resp".to_vec(), false);
                        continue;
                    }
                    HttpStep::Continue => {
                        exchange.respond_part(b"onse".to_vec(), true);
                        continue;
                    }
                    HttpStep::Receive | HttpStep::Wait => Vec::new(),
                    HttpStep::Finish => {
                        prop_assert_eq!(&received, b"response");
                        break;
                    }
                    HttpStep::Close => break,
                };
                let is_sending = !left.is_empty();
                match event {
                    0 if is_sending => {
                        received.extend_from_slice(&left[..1]);
                        exchange.on(HttpEvent::Sent(1));
                    }
                    1 if !is_sending => {
                        exchange.on(HttpEvent::Received(&GET[..7]));
                    }
                    2 if !is_sending => {
                        exchange.on(HttpEvent::Received(GET));
                    }
                    3 => prop_assert_eq!(exchange.on(HttpEvent::Blocked), HttpStep::Wait),
                    4 if !is_sending => {
                        let step = exchange.on(HttpEvent::Closed);
                        prop_assert!(matches!(step, HttpStep::Close | HttpStep::Answer(Err(_))), "{:?}", step);
                    }
                    5 => prop_assert_eq!(exchange.on(HttpEvent::Failed), HttpStep::Close),
                    _ => {}
                }
            }
        }
    }
}
