//! Who pushes: each push over a connection of its own, as overcli makes it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::Signal;

use crate::Result;
use crate::meter;
use crate::servers::Server;

/// Hosts that push in turn. A key may push a hundred times at once and twenty times a second, so there have to be some.
pub const HOSTS: usize = 2000;
/// A client that has waited as long as this has not been answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// The request of a client of OverC's: Python's HTTP client sends its head so.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nAccept-Encoding: identity\r\nContent-Length: {}\r\nHost: 127.0.0.1\r\n\
         Content-Type: application/json\r\nConnection: close\r\nUser-Agent: Python-urllib/2.7\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One service of a host.
pub fn push(host: usize, service: &str, state: &str, info: &str) -> Vec<u8> {
    let services = format!("{{\"name\": \"{service}\", \"state\": \"{state}\", \"info\": \"{info}\"}}");
    push_all(host, &services)
}

/// These services of a host, which promises to come again within a day.
pub fn push_all(host: usize, services: &str) -> Vec<u8> {
    let body = format!(
        "{{\"server\": {{\"name\": \"web{host:05}.example.org\", \"key\": \"0123456789abcdef\"}}, \
         \"period\": 86400, \"services\": [{services}]}}"
    );
    post("/api/set/service/status", &body)
}

/// Sends a request and reads the answer to its end, which has to be good.
pub fn ask(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request)?;
    read_answer(&mut stream)
}

fn read_answer(stream: &mut TcpStream) -> Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    expect_ok(&answer)?;
    Ok(answer)
}

fn expect_ok(answer: &[u8]) -> Result<()> {
    if answer.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    let beginning = &answer[..answer.len().min(400)];
    Err(format!("not an OK: {:?}", String::from_utf8_lossy(beginning)).into())
}

/// All of these at once, to a server that is stopped until all have come. Gives the time until the last one has its
/// answer.
pub fn queue(server: &Server, requests: &[Vec<u8>]) -> Result<Duration> {
    server.signal(Signal::SIGSTOP)?;
    meter::wait_stopped(server.pid)?;
    let waiting: Result<Vec<TcpStream>> = requests
        .iter()
        .map(|request| {
            let mut stream = TcpStream::connect(server.address)?;
            stream.write_all(request)?;
            Ok(stream)
        })
        .collect();
    let begin = Instant::now();
    server.signal(Signal::SIGCONT)?; // whether or not all could connect
    for mut stream in waiting? {
        read_answer(&mut stream)?;
    }
    Ok(begin.elapsed())
}

/// So many a second for so long, whether or not the answers come. Gives how long each took from when it was due, in
/// milliseconds: who is late because others were is late too.
pub fn steady(
    address: SocketAddr,
    rate: u32,
    length: Duration,
    mut request: impl FnMut(usize) -> Vec<u8>,
) -> Result<Vec<f64>> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let count = (f64::from(rate) * length.as_secs_f64()) as usize;
    let (mut open, mut times) = (Vec::<Option<(TcpStream, Instant, Vec<u8>)>>::new(), Vec::new());
    let (mut free, mut events) = (Vec::new(), vec![EpollEvent::empty(); 256]);
    let (begin, mut begun) = (Instant::now(), 0);
    let due = |number: usize| begin + Duration::from_secs(1) * number as u32 / rate;
    while times.len() < count {
        while begun < count && due(begun) <= Instant::now() {
            // On loopback there is room for all of it at once.
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(&request(begun))?;
            stream.set_nonblocking(true)?;
            let place = free.pop().unwrap_or(open.len());
            epoll.add(stream.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
            if place == open.len() {
                open.push(None);
            }
            open[place] = Some((stream, due(begun), Vec::new()));
            begun += 1;
        }
        if begin.elapsed() > length + PATIENCE {
            return Err(format!("{} of {count} had an answer", times.len()).into());
        }
        let left = due(begun).saturating_duration_since(Instant::now());
        let wait = if begun < count { (left.as_micros() / 1000) as u16 } else { 100 };
        let found = epoll.wait(&mut events, EpollTimeout::from(wait))?;
        for event in &events[..found] {
            let place = event.data() as usize;
            let Some((stream, since, answer)) = open[place].as_mut() else { continue };
            if !is_at_end(stream, answer)? {
                continue;
            }
            times.push(since.elapsed().as_secs_f64() * 1e3);
            expect_ok(answer)?;
            open[place] = None;
            free.push(place);
        }
    }
    Ok(times)
}

fn is_at_end(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<bool> {
    let mut buffer = [0; 2048];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}
