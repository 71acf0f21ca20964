//! The port at which the pages are, and its connections: the parts of ocod's http face, with a poll of their own that
//! wakes the loop's.
//!
//! # Invariants
//!
//! - No client delays another, or a probe: what is accepted, read and held is bounded, and who is slow is closed.

use super::Page;
use crate::limits::{METRICS_CONNECTIONS, METRICS_LINGERING, METRICS_OCTETS, METRICS_TIME};
use crate::token::Source;
use log::{debug, info, warn};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use oco::limits::{ACCEPT_PAUSE, ADDRESS_SHARE, Bounds, LINGER};
use oco::logic::http::Asked;
use oco::logic::time::Nanos;
use oco::net::accept_error::AcceptError;
use oco::net::http::{HttpConnections, HttpTurn};
use oco::net::lingering::{Answered, LingeringConnections};
use oco::net::listener::{BindError, Listener, Place, bind_all};
use oco::net::token::{ConnectionId, Kind, Source as HttpSource};
use oco::system::sockets::{KernelSockets, Sleep, Sockets, errno};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

type Stream = <KernelSockets as Sockets>::Stream;

/// The port and its connections.
#[derive(Debug)]
pub struct MetricsServer {
    sockets: KernelSockets,
    listener: Option<Listener<KernelSockets>>,
    http: HttpConnections<KernelSockets, Page>,
    lingering: LingeringConnections<KernelSockets>,
    /// Requests that were read.
    asked: Vec<(ConnectionId, Asked<Page>)>,
    /// Who wants the next part of its page.
    wanting: Vec<ConnectionId>,
    /// Who is ready. Kept for its memory alone.
    ready: Vec<Token>,
    paused_until: Option<Nanos>,
    is_hampered: bool,
}

impl MetricsServer {
    /// No port yet.
    ///
    /// # Errors
    /// There is no poll to be had.
    pub fn new(registry: &Registry) -> io::Result<MetricsServer> {
        let mut sockets = KernelSockets::new()?;
        let descriptor = sockets.raw_fd();
        registry.register(&mut SourceFd(&descriptor), Source::Metrics.encode(), Interest::READABLE)?;
        let bounds = Bounds {
            http_connections: METRICS_CONNECTIONS,
            http_octets: METRICS_OCTETS,
            http_time: METRICS_TIME,
            ..Bounds::default()
        };
        let share = u32::try_from(METRICS_LINGERING / ADDRESS_SHARE).unwrap_or(u32::MAX);
        let secret = sockets.secret();
        Ok(MetricsServer {
            sockets,
            listener: None,
            http: HttpConnections::new(bounds, secret),
            lingering: LingeringConnections::new(METRICS_LINGERING, share, secret),
            asked: Vec::new(),
            wanting: Vec::new(),
            ready: Vec::new(),
            paused_until: None,
            is_hampered: false,
        })
    }

    /// Listens here from now on; none: nowhere.
    ///
    /// # Errors
    /// The port can't be had. The one before stays.
    pub fn listen(&mut self, address: Option<SocketAddr>) -> Result<(), BindError> {
        if address == self.listener.as_ref().map(|listener| listener.place.address) {
            return Ok(());
        }
        let place = address.map(|address| Place { address, ipv6_only: false });
        let retiring: Vec<&Listener<KernelSockets>> = self.listener.iter().collect();
        let bound = bind_all(place.into_iter(), &retiring, &mut self.sockets).map_err(|(error, _)| error)?;
        let listener = place.zip(bound.into_iter().next());
        self.listener = listener.map(|(place, socket)| Listener::new(place, socket, 0));
        if let Some(listener) = &mut self.listener {
            let token = HttpSource::Listener(0).encode();
            if let Err(error) = self.sockets.register_listener(&mut listener.socket, token) {
                warn!("metrics: epoll: {error}");
            }
            if let Ok(address) = self.sockets.address(&listener.socket) {
                info!("metrics at {address}");
            }
        }
        Ok(())
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        let waits = self.listener.as_ref().is_some_and(|listener| listener.ready);
        let accept = waits.then(|| self.paused_until.unwrap_or(Nanos::PAST));
        [accept, self.http.deadline(), self.lingering.deadline()].into_iter().flatten().min()
    }

    /// Takes a turn. What was asked is to be [taken](MetricsServer::take_asked).
    ///
    /// # Errors
    /// Nothing can be waited for any more.
    pub fn turn(&mut self, now: Nanos) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        let at_once = Sleep { timeout: Some(Duration::ZERO), until: None };
        self.sockets.wait(at_once, &mut ready)?;
        for token in ready.drain(..) {
            match HttpSource::decode(token) {
                HttpSource::Listener(_) => {
                    if let Some(listener) = &mut self.listener {
                        listener.ready = true;
                    }
                }
                HttpSource::Connection(id) => match id.kind {
                    Kind::Http => {
                        let turn = self.http.ready(id, &mut self.sockets);
                        self.act_on(id, turn, now);
                    }
                    Kind::Lingering => self.lingering.ready(id, &mut self.sockets),
                },
                HttpSource::Signals | HttpSource::Directory | HttpSource::Log => {}
            }
        }
        self.ready = ready;
        self.http.expire(now);
        self.lingering.expire(now);
        self.accept(now);
        Ok(())
    }

    /// What was asked since the last call.
    pub fn take_asked(&mut self) -> Vec<(ConnectionId, Asked<Page>)> {
        std::mem::take(&mut self.asked)
    }

    /// Who wants the next part of its page since the last call. One may be named twice.
    pub fn take_wanting(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.wanting)
    }

    /// Whether somebody still waits for the rest of its page.
    pub fn is_there(&mut self, id: ConnectionId) -> bool {
        self.http.is_there(id)
    }

    /// Gives one up whose page can't be brought to its end.
    pub fn close(&mut self, id: ConnectionId) {
        self.http.close(id);
    }

    /// Hands in a part of the response to a request.
    pub fn respond_part(&mut self, id: ConnectionId, octets: Vec<u8>, is_last: bool, now: Nanos) {
        let turn = self.http.respond_part(id, octets, is_last, &mut self.sockets);
        self.act_on(id, turn, now);
    }

    /// Hands in the response to a request.
    pub fn respond(&mut self, id: ConnectionId, response: Vec<u8>, now: Nanos) {
        let turn = self.http.respond(id, response, &mut self.sockets);
        self.act_on(id, turn, now);
    }

    fn act_on(&mut self, id: ConnectionId, turn: HttpTurn<Stream, Page>, now: Nanos) {
        match turn {
            HttpTurn::Nothing => {}
            HttpTurn::Answer(_, asked) => self.asked.push((id, asked)),
            HttpTurn::Continue => self.wanting.push(id),
            HttpTurn::Done(stream, client) => {
                if let Err(error) = self.sockets.finish(&stream) {
                    return debug!("{client}: {error}");
                }
                while self.lingering.len() >= METRICS_LINGERING && self.lingering.shed() {}
                let deadline = now.after(LINGER);
                let answered = Answered { stream, client, deadline, rest: Box::default() };
                self.lingering.admit(answered, &mut self.sockets);
            }
        }
    }

    /// Accepts those who wait, as many as there may be connections; the others come in the next turn.
    fn accept(&mut self, now: Nanos) {
        if self.paused_until.is_some_and(|end| now < end) {
            return;
        }
        self.paused_until = None;
        let Some(listener) = self.listener.as_mut().filter(|listener| listener.ready) else { return };
        for _ in 0..METRICS_CONNECTIONS {
            let error = match listener.accept(&mut self.sockets) {
                Ok((stream, client)) => {
                    self.is_hampered = false;
                    self.http.admit(stream, client.ip(), listener.id, now, &mut self.sockets);
                    continue;
                }
                Err(error) => error,
            };
            match AcceptError::from(errno(&error)) {
                AcceptError::WouldBlock => {
                    listener.ready = false;
                    return;
                }
                AcceptError::Interrupted => {}
                AcceptError::OfTheClient => debug!("metrics: accept: {error}"),
                AcceptError::Shortage if self.lingering.shed() || self.http.shed() => {}
                AcceptError::Shortage | AcceptError::Ours => return self.pause(&error, now),
            }
        }
    }

    /// Accepts nothing for a moment.
    fn pause(&mut self, why: &dyn fmt::Display, now: Nanos) {
        if !std::mem::replace(&mut self.is_hampered, true) {
            warn!("metrics: accept: {why}: trying again every {ACCEPT_PAUSE:?}");
        }
        self.paused_until = Some(now.after(ACCEPT_PAUSE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::METRICS_PART_OCTETS;
    use mio::{Events, Poll};
    use oco::logic::http::{PLAIN, first_part, further_part, refuse};
    use oco::system::clock;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Instant;

    struct Bench {
        poll: Poll,
        server: MetricsServer,
        address: SocketAddr,
    }

    impl Bench {
        fn new() -> Bench {
            let poll = Poll::new().unwrap();
            let mut server = MetricsServer::new(poll.registry()).unwrap();
            server.listen(Some("127.0.0.1:0".parse().unwrap())).unwrap();
            let listener = server.listener.as_ref().unwrap();
            let address = server.sockets.address(&listener.socket).unwrap();
            Bench { poll, server, address }
        }

        /// Turns as the loop does, whenever it is woken, until that is so.
        fn until(&mut self, mut is_done: impl FnMut(&mut MetricsServer) -> bool) {
            let begun = Instant::now();
            let mut events = Events::with_capacity(16);
            while !is_done(&mut self.server) {
                assert!(begun.elapsed() < Duration::from_secs(30), "still not");
                let now = clock::now().boot;
                let timeout = self.server.deadline().map_or(Duration::from_secs(1), |at| at.since(now));
                self.poll.poll(&mut events, Some(timeout)).unwrap();
                self.server.turn(clock::now().boot).unwrap();
            }
        }

        /// Answers until the client has got this, part by part.
        fn answer(&mut self, client: TcpStream, page: &str) -> String {
            let reader = std::thread::spawn(move || {
                let (mut client, mut text) = (client, String::new());
                client.read_to_string(&mut text).unwrap();
                text
            });
            let mut parts = page.as_bytes().chunks(METRICS_PART_OCTETS).peekable();
            let mut asks = None;
            self.until(|server| {
                let now = clock::now().boot;
                for (id, asked) in server.take_asked() {
                    match asked {
                        Err(refused) => server.respond(id, refuse(refused), now),
                        Ok(request) => {
                            asks = Some(request);
                            server.respond_part(id, first_part(PLAIN, "", request), false, now);
                        }
                    }
                }
                // Until the socket takes no more, which wakes the poll when that changes.
                while let Some(id) = server.take_wanting().first() {
                    let (Some(part), Some(request)) = (parts.next(), asks) else { continue };
                    let (part, is_last) = (std::str::from_utf8(part).unwrap(), parts.peek().is_none());
                    server.respond_part(*id, further_part(part, is_last, request), is_last, now);
                }
                reader.is_finished()
            });
            reader.join().unwrap()
        }
    }

    #[test]
    fn pages_are_served_while_others_hang() {
        let mut bench = Bench::new();
        let mut others: Vec<TcpStream> =
            (0..3 * METRICS_CONNECTIONS).map(|_| TcpStream::connect(bench.address).unwrap()).collect();
        others.iter_mut().for_each(|other| drop(other.write(b"GET /metr")));
        for (head, expected) in [
            ("GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n"),
            ("GET /health HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"),
            ("GET /checks HTTP/1.0\r\n\r\n", "HTTP/1.1 404 "),
            ("POST /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 405 "),
        ] {
            let mut client = TcpStream::connect(bench.address).unwrap();
            client.write_all(head.as_bytes()).unwrap();
            // It is longer than what a socket takes at once.
            let text = bench.answer(client, &"x".repeat(20_000_000));
            assert!(text.starts_with(expected), "{head}: {}", &text[..50]);
            assert_eq!(text.len() > 20_000_000, expected.contains("200"));
        }
        bench.server.http.check_invariants();
        bench.server.lingering.check_invariants();
    }

    #[test]
    fn another_port_takes_the_place_of_the_one_before_and_one_that_is_taken_does_not() {
        let mut bench = Bench::new();
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = bench.server.listen(Some(address)).unwrap_err();
        assert_eq!(error.to_string(), format!("listen on {address}: address already in use"));
        TcpStream::connect(bench.address).unwrap();
        drop(taken);
        bench.server.listen(Some(address)).unwrap();
        TcpStream::connect(address).unwrap();
        assert!(TcpStream::connect(bench.address).is_err());
        bench.server.listen(None).unwrap();
        assert!(TcpStream::connect(address).is_err());
    }
}
