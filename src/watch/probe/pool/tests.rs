//! The pool over the kernel's sockets, against servers on loopback that answer, refuse, hang, trickle, flood and reset.

use super::super::network::{Hint, KernelNetwork};
use super::*;
use crate::config::{Banner, Http, Udp};
use mio::{Events, Poll};
use oco::system::clock;
use regex::bytes::Regex;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::Mutex;
use std::thread;

/// Tokens of the pool; the others are somebody else's.
const TOKENS: Range<usize> = 100..200;
/// Long enough that it never passes in a test that does not wait for it.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(50);

/// A loop with nothing but a pool.
pub(crate) struct Loop {
    poll: Poll,
    pub(crate) pool: Pool<KernelNetwork>,
    next: u32,
}

impl Loop {
    pub(crate) fn new(most: usize) -> Loop {
        let poll = Poll::new().unwrap();
        let network = KernelNetwork::new(poll.registry().try_clone().unwrap());
        Loop { poll, pool: Pool::new(network, TOKENS, most), next: 0 }
    }

    pub(crate) fn start(&mut self, probe: &Arc<Probe>, address: SocketAddr, timeout: Duration) -> u32 {
        self.next += 1;
        let start = Start { id: self.next, probe, address, name: "web1", timeout };
        self.pool.start(start, clock::now().boot);
        self.next
    }

    /// Turns until all that is in flight has its result: ids and what was found out.
    pub(crate) fn run(&mut self) -> Vec<(u32, String)> {
        let mut results = Vec::new();
        let mut events = Events::with_capacity(64);
        let end = clock::now().boot.after(LONG);
        loop {
            self.pool.results(|id, outcome, began, latency| {
                assert!(began <= clock::now().boot && latency < LONG);
                results.push((id, said(outcome)));
            });
            if self.pool.in_flight() == 0 {
                assert_eq!(self.pool.deadline(), None);
                return results;
            }
            let now = clock::now().boot;
            assert!(now < end, "no result: {:?}", self.pool);
            let wait = self.pool.deadline().map(|at| at.since(now) + Duration::from_millis(1));
            self.poll.poll(&mut events, wait).unwrap();
            for event in &events {
                assert!(TOKENS.contains(&event.token().0));
                self.pool.ready(event.token(), Hint::of(event), clock::now().boot);
            }
            self.pool.expire(clock::now().boot);
        }
    }

    /// The result of one probe.
    pub(crate) fn probe(&mut self, probe: &Arc<Probe>, address: SocketAddr, timeout: Duration) -> String {
        let id = self.start(probe, address, timeout);
        let results = self.run();
        assert_eq!(results.len(), 1);
        assert_eq!(results[0].0, id);
        results[0].1.clone()
    }
}

fn said(outcome: Outcome<'_>) -> String {
    match outcome {
        Outcome::Told { code, reason } => format!("{code} {reason}").trim_end().to_owned(),
        Outcome::Own { reason } => format!("own: {reason}"),
    }
}

/// A server that does this with each connection.
pub(crate) fn server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    server_on(Ipv4Addr::LOCALHOST.into(), serve)
}

fn server_on(address: IpAddr, serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    address
}

/// Says something to a probe, which may have gone already.
fn say(stream: &mut TcpStream, octets: &[u8]) {
    let _ = stream.write_all(octets);
}

/// One that says this and closes.
fn saying(text: &'static [u8]) -> SocketAddr {
    server(move |mut stream| say(&mut stream, text))
}

/// One that never answers, whatever comes.
pub(crate) fn silent() -> SocketAddr {
    let kept = Mutex::new(Vec::new());
    server(move |stream| kept.lock().unwrap().push(stream))
}

/// A port where nobody listens. It is bound, so that nobody else gets it meanwhile.
fn refusing() -> (SocketAddr, std::os::fd::OwnedFd) {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
    (address, socket)
}

fn oco() -> Arc<Probe> {
    Arc::new(Probe::Oco { port: None })
}

fn tcp() -> Arc<Probe> {
    Arc::new(Probe::Tcp { port: None })
}

pub(crate) fn page(expect: Option<&str>) -> Http {
    Http {
        path: "/".to_owned(),
        port: None,
        host: None,
        method: "GET".to_owned(),
        status: vec![(200, 399)],
        expect: expect.map(|expect| Regex::new(expect).unwrap()),
        headers: Vec::new(),
        tls: None,
    }
}

fn http(expect: Option<&str>) -> Arc<Probe> {
    Arc::new(Probe::Http(Box::new(page(expect))))
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut octet) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_exact(&mut octet).is_err() {
            break;
        }
        head.push(octet[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Closes by a reset.
fn reset(stream: &TcpStream) {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
}

#[test]
fn a_line_is_read_over_both_families_and_sockets_are_used_again() {
    let mut turns = Loop::new(8);
    let ok = saying(b"200 OK oco-1.0.0\r\n");
    let ko = server_on(Ipv6Addr::LOCALHOST.into(), |mut stream| {
        say(&mut stream, b"350 KO oco-1.0.0 300-http\r\n");
    });
    for _ in 0..5 {
        assert_eq!(turns.probe(&oco(), ok, LONG), "200");
        assert_eq!(turns.probe(&oco(), ko, LONG), "350 350 KO 300-http");
        assert_eq!(turns.probe(&tcp(), ok, LONG), "200");
    }
    assert_eq!(turns.pool.sockets(), 2, "one a family");
}

#[test]
fn failures_have_their_words() {
    let mut turns = Loop::new(8);
    let (refusing, _held) = refusing();
    for _ in 0..3 {
        assert_eq!(turns.probe(&tcp(), refusing, LONG), "300 refused");
        assert_eq!(turns.probe(&oco(), refusing, LONG), "300 refused");
        assert_eq!(turns.probe(&http(None), refusing, LONG), "300 refused");
        assert_eq!(turns.probe(&oco(), saying(b""), LONG), "300 closed");
        let resetting = server(|stream| reset(&stream));
        assert_eq!(turns.probe(&oco(), resetting, LONG), "300 reset");
        assert_eq!(turns.probe(&oco(), silent(), SHORT), "300 timeout");
    }
    assert_eq!(turns.pool.sockets(), 1);
}

#[test]
fn a_line_that_trickles_is_a_time_out_and_a_flood_is_no_line() {
    let mut turns = Loop::new(8);
    let trickling = server(|mut stream| {
        while stream.write_all(b"2").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    assert_eq!(turns.probe(&oco(), trickling, SHORT * 4), "300 timeout");
    let flooding = server(|mut stream| while stream.write_all(&[b'x'; 65_536]).is_ok() {});
    let flood = format!("300 expected an OCO line, got \"{}...\"", "x".repeat(60));
    assert_eq!(turns.probe(&oco(), flooding, LONG), flood);
    assert_eq!(
        turns.probe(&http(Some("y")), flooding, LONG),
        format!("300 expected HTTP, got \"{}...\"", "x".repeat(60))
    );
    let endless = server(|mut stream| {
        read_head(&mut stream);
        say(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    assert_eq!(turns.probe(&http(Some("y")), endless, LONG), "300 expected y, not found");
    let greeting =
        server(|mut stream| while stream.write_all(b"220-more\r\n".repeat(1000).as_slice()).is_ok() {});
    let mail = Banner {
        expect: Regex::new("^220").unwrap(),
        port: None,
        send: Some(b"QUIT\r\n".to_vec()),
        then: None,
    };
    let flood = "300 more than 288 KiB, and no end";
    assert_eq!(turns.probe(&Arc::new(Probe::Banner(mail)), greeting, LONG), flood);
    assert_eq!(turns.probe(&oco(), saying(b"\xff\xfe\r\n"), LONG), r#"300 expected an OCO line, got "??""#);
}

#[test]
fn a_connection_does_not_need_anybody_to_accept_it() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut turns = Loop::new(8);
    assert_eq!(turns.probe(&tcp(), listener.local_addr().unwrap(), LONG), "200");
    listener.set_nonblocking(true).unwrap();
    // The kernel may have completed it where our last packet went out after all; then it was reset.
    if let Ok((mut stream, _)) = listener.accept() {
        assert!(stream.read(&mut [0]).is_err());
    }
}

#[test]
fn pages_are_asked_for() {
    let mut turns = Loop::new(8);
    let web = server(|mut stream| {
        let head = read_head(&mut stream);
        if !head.ends_with("\r\n\r\n") {
            return;
        }
        let host = format!("\r\nHost: web1:{}\r\n", stream.local_addr().unwrap().port());
        assert!(head.starts_with("GET / HTTP/1.1\r\n") && head.contains(&host), "{head}");
        for piece in [
            "HTTP/1.1 20",
            "0 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nrea\r",
            "\n2\r\ndy\r\n0\r\n\r\n",
        ] {
            say(&mut stream, piece.as_bytes());
            thread::yield_now();
        }
        // The answer is whole: nobody waits for the end.
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(turns.probe(&http(Some("^ready$")), web, LONG), "200");
    assert_eq!(turns.probe(&http(None), web, LONG), "200");
    assert_eq!(turns.probe(&http(Some("down")), web, LONG), "300 expected down, not found");
    let lost = server(|mut stream| {
        read_head(&mut stream);
        say(&mut stream, b"HTTP/1.1 404 Not Found\r\n\r\n");
    });
    assert_eq!(turns.probe(&http(None), lost, LONG), "300 http 404");
}

#[test]
fn greetings_are_talked_to() {
    let mut turns = Loop::new(8);
    let mail = server(|mut stream| {
        say(&mut stream, b"220-a\r\n220 b\r\n");
        let mut said = [0; 6];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"QUIT\r\n");
        say(&mut stream, b"221 bye\r\n");
    });
    let probe = |then| {
        let (send, then) = (Some(b"QUIT\r\n".to_vec()), Some(Regex::new(then).unwrap()));
        Arc::new(Probe::Banner(Banner { expect: Regex::new("^220").unwrap(), port: None, send, then }))
    };
    assert_eq!(turns.probe(&probe("^221"), mail, LONG), "200");
    assert_eq!(turns.probe(&probe("^250"), mail, LONG), r#"300 expected ^250, got "221 bye""#);
}

#[test]
fn datagrams_are_answered_refused_or_lost() {
    let mut turns = Loop::new(8);
    let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = echo.local_addr().unwrap();
    thread::spawn(move || {
        let mut octets = [0; 100];
        while let Ok((count, from)) = echo.recv_from(&mut octets) {
            if &octets[..count] == b"long" {
                let long = [vec![b'x'; 65_000], b"end".to_vec()].concat();
                echo.send_to(&long, from).unwrap();
            } else if &octets[..count] != b"quiet" {
                echo.send_to(&octets[..count], from).unwrap();
            }
        }
    });
    let probe = |send: &str, expect: &str| {
        let (send, expect) = (send.as_bytes().to_vec(), Some(Regex::new(expect).unwrap()));
        Arc::new(Probe::Udp(Udp { send, expect, port: None }))
    };
    assert_eq!(turns.probe(&probe("ping", "^ping$"), address, LONG), "200");
    assert_eq!(turns.probe(&probe("", "^$"), address, LONG), "200");
    assert_eq!(turns.probe(&probe("pong", "ping"), address, LONG), r#"300 expected ping, got "pong""#);
    assert_eq!(turns.probe(&probe("quiet", "ping"), address, SHORT), "300 timeout");
    assert_eq!(
        turns.probe(&probe("long", "end$"), address, LONG),
        "200",
        "what lies behind 16 KiB is searched"
    );
    let nobody = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    assert_eq!(turns.probe(&probe("ping", "ping"), address, LONG), "300 refused");
    assert_eq!(turns.pool.sockets(), 0, "what comes late finds nobody");
}

#[test]
fn a_full_pool_is_our_own_failure() {
    let mut turns = Loop::new(2);
    let (silent, ok) = (silent(), saying(b"200 OK oco-1.0.0\r\n"));
    let waiting = [turns.start(&oco(), silent, LONG), turns.start(&oco(), silent, SHORT)];
    let third = turns.start(&oco(), ok, LONG);
    turns.pool.abandon(waiting[0]);
    let fourth = turns.start(&oco(), ok, LONG);
    let mut results = turns.run();
    results.sort();
    let expected = [(waiting[1], "300 timeout"), (third, "own: no free descriptors"), (fourth, "200")];
    assert_eq!(results, expected.map(|(id, said)| (id, said.to_owned())));
    // IPv4's idle sockets give way to IPv6.
    let v6 = server_on(Ipv6Addr::LOCALHOST.into(), |mut stream| say(&mut stream, b"200 OK oco-1\r\n"));
    assert_eq!(turns.probe(&oco(), v6, LONG), "200");
    assert_eq!(turns.pool.sockets(), 2);
}

#[test]
fn a_mapped_host_makes_no_host_of_ipv6_ko() {
    let enough = Duration::from_secs(5);
    let mut turns = Loop::new(2);
    let v4 = saying(b"200 OK oco-1.0.0\r\n");
    let mapped = SocketAddr::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), v4.port());
    let v6 = server_on(Ipv6Addr::LOCALHOST.into(), |mut stream| say(&mut stream, b"200 OK oco-1.0.0\r\n"));
    for _ in 0..3 {
        assert_eq!(turns.probe(&oco(), mapped, enough), "200");
        assert_eq!(turns.probe(&oco(), v6, enough), "200");
    }
    let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mapped = SocketAddr::new(mapped.ip(), echo.local_addr().unwrap().port());
    thread::spawn(move || {
        let mut buffer = [0; 100];
        let (count, from) = echo.recv_from(&mut buffer).unwrap();
        echo.send_to(&buffer[..count], from).unwrap();
    });
    let udp = Udp { send: b"a".to_vec(), expect: None, port: None };
    assert_eq!(turns.probe(&Arc::new(Probe::Udp(udp)), mapped, enough), "200");
}

#[test]
fn results_that_nobody_wants_any_more_are_dropped() {
    let mut turns = Loop::new(2);
    let probe = Arc::new(Probe::Report(LONG));
    let id = turns.start(&probe, silent(), LONG);
    let kept = turns.start(&probe, silent(), LONG);
    turns.pool.abandon(id);
    turns.pool.abandon(77);
    assert_eq!(turns.run(), [(kept, "own: no probe of a socket".to_owned())]);
}

#[test]
fn hosts_answer_pings_or_the_kernel_does_not_let_us() {
    let mut turns = Loop::new(2);
    let probe = Arc::new(Probe::Ping);
    let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
    let addresses = [
        Ipv4Addr::LOCALHOST.into(),
        Ipv4Addr::new(127, 0, 0, 9).into(),
        Ipv6Addr::LOCALHOST.into(),
        mapped.into(),
    ];
    for address in addresses {
        let said = turns.probe(&probe, SocketAddr::new(address, 0), LONG);
        let is_refused =
            said.starts_with("own: ping is not permitted") && said.contains("net.ipv4.ping_group_range");
        assert!(said == "200" || is_refused, "{said}");
    }
    for _ in 0..300 {
        turns.start(&probe, SocketAddr::new(addresses[1], 0), LONG);
    }
    assert_eq!(turns.run().len(), 300);
}
