//! Asking other hosts, as a poller does: connect, read one line.

use crate::limits::{HOSTS_AT_ONCE, HTTP_HEAD_OCTETS, LINE_OCTETS, STRANGE_LINE_CHARACTERS};
use crate::logic::answer;
use crate::logic::code::Verdict;
use crate::logic::endpoint::Endpoint;
use crate::logic::text::printable;
use crate::logic::time::Nanos;
use crate::system::words::words;
use crate::system::{client, clock};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What a host answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the line says in its first word.
    pub verdict: Verdict,
    /// The line without its end.
    pub line: String,
}

/// Why there is no answer of a host.
#[derive(Debug)]
pub enum NoAnswer {
    /// There is no such name.
    NameNotFound,
    /// Whether there is such a name can't be known now.
    LookUp(String),
    /// There was none within this time.
    TimedOut(Duration),
    /// The connection was refused, reset, or failed otherwise.
    Failed(io::Error),
    /// It closed the connection without a word.
    Silent,
    /// What it said is no OCO line. Its beginning, printable.
    Strange(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAnswer::NameNotFound => f.write_str("name not found"),
            NoAnswer::LookUp(why) => write!(f, "name can't be looked up: {why}"),
            NoAnswer::TimedOut(after) => write!(f, "no answer within {}", humantime::format_duration(*after)),
            NoAnswer::Failed(error) => f.write_str(&words(error)),
            NoAnswer::Silent => f.write_str("closed without an answer"),
            NoAnswer::Strange(line) => write!(f, "no OCO line: {line}"),
        }
    }
}

/// Asks all `hosts`, [`HOSTS_AT_ONCE`] side by side, and gives each `timeout` from the look-up of its name to its
/// answer. Returns their answers in the same order.
pub fn ask_all(hosts: &[Endpoint], timeout: Duration) -> Vec<Result<Reply, NoAnswer>> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(host) = hosts.get(index) else { return };
            let answer = ask(host, timeout);
            answers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((index, answer));
        }
    };
    thread::scope(|scope| {
        for _ in 1..hosts.len().min(HOSTS_AT_ONCE) {
            // Without further threads the hosts are asked by this one alone.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut answers = answers.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn ask(host: &Endpoint, timeout: Duration) -> Result<Reply, NoAnswer> {
    let line =
        within(timeout, |deadline| read_line(&mut connect(&addresses(host, deadline)?, deadline)?, deadline));
    reply(&line?)
}

/// Asks the first of `addresses` that can be connected to for its line.
pub fn ask_line(addresses: &[SocketAddr], timeout: Duration) -> Result<Reply, NoAnswer> {
    let line = within(timeout, |deadline| read_line(&mut connect(addresses, deadline)?, deadline));
    reply(&line?)
}

/// The same of a listener that speaks HTTP.
pub fn ask_http(addresses: &[SocketAddr], timeout: Duration) -> Result<Reply, NoAnswer> {
    let response = within(timeout, |deadline| {
        let mut stream = connect(addresses, deadline)?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").map_err(NoAnswer::Failed)?;
        read_all(&mut stream, deadline)
    })?;
    let head = response.windows(4).position(|octets| octets == b"\r\n\r\n");
    reply(response.get(head.map_or(0, |head| head + 4)..).unwrap_or_default())
}

/// Whether the first of `addresses` can be connected to, or the next one.
pub fn knock(addresses: &[SocketAddr], timeout: Duration) -> Result<(), NoAnswer> {
    within(timeout, |deadline| connect(addresses, deadline).map(drop))
}

/// What a line says.
fn reply(line: &[u8]) -> Result<Reply, NoAnswer> {
    match answer::parse(line) {
        Some(parsed) => Ok(Reply { verdict: parsed.verdict, line: printable(line.trim_ascii_end()) }),
        None if line.is_empty() => Err(NoAnswer::Silent),
        None => Err(NoAnswer::Strange(beginning(line))),
    }
}

/// Does this by a deadline, and calls its passing by `timeout`, the time that there was.
fn within<T>(timeout: Duration, ask: impl FnOnce(Nanos) -> Result<T, NoAnswer>) -> Result<T, NoAnswer> {
    ask(clock::now().boot.after(timeout)).map_err(|error| match error {
        NoAnswer::Failed(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
            NoAnswer::TimedOut(timeout)
        }
        other => other,
    })
}

fn beginning(line: &[u8]) -> String {
    let line = printable(line.trim_ascii());
    let mut characters = line.chars();
    let mut beginning: String = characters.by_ref().take(STRANGE_LINE_CHARACTERS).collect();
    if characters.next().is_some() {
        beginning.push_str("...");
    }
    beginning
}

fn too_late() -> NoAnswer {
    NoAnswer::Failed(ErrorKind::TimedOut.into())
}

/// The time that is left, which is not zero.
fn time_left(deadline: Nanos) -> Result<Duration, NoAnswer> {
    let left = deadline.since(clock::now().boot);
    if left.is_zero() { Err(too_late()) } else { Ok(left) }
}

/// The addresses of a host. A look-up can't be called off: one that takes too long is left to itself.
fn addresses(host: &Endpoint, deadline: Nanos) -> Result<Vec<SocketAddr>, NoAnswer> {
    let (name, port) = (host.name.clone(), host.port);
    if let Ok(address) = name.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
            // Nobody listens any more when it took too long.
            let _ = sender.send(found);
        })
        .map_err(NoAnswer::Failed)?;
    match receiver.recv_timeout(time_left(deadline)?) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(not_found(&error)),
        Err(_) => Err(too_late()),
    }
}

/// The resolver's error has no number here, only the words of gai_strerror(3).
fn not_found(error: &io::Error) -> NoAnswer {
    let text = words(error);
    let words = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    match words {
        "Name or service not known" | "No address associated with hostname" | "Name does not resolve" => {
            NoAnswer::NameNotFound
        }
        other => NoAnswer::LookUp(other.to_lowercase()),
    }
}

/// Connects to the first address that can be connected to. Each gets its share of the time, so that one that
/// swallows packets leaves some for the next.
fn connect(addresses: &[SocketAddr], deadline: Nanos) -> Result<TcpStream, NoAnswer> {
    let mut failure: Option<io::Error> = None;
    let mut to_come = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let share = time_left(deadline)? / to_come.max(1);
        to_come = to_come.saturating_sub(1);
        match client::connect(*address, share.max(Duration::from_millis(1))) {
            Ok(stream) => return Ok(stream),
            // An address of a family that this host lacks says less than any other failure.
            Err(error) if failure.is_some() && is_unreachable(&error) => {}
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.map_or(NoAnswer::NameNotFound, NoAnswer::Failed))
}

fn is_unreachable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable
    )
}

/// Reads until the end of the line, or of the connection, or until there is more than a line can hold.
fn read_line(stream: &mut TcpStream, deadline: Nanos) -> Result<Vec<u8>, NoAnswer> {
    let end_of_line = |octets: &[u8]| octets.iter().position(|octet| *octet == b'\n').map(|at| at + 1);
    read_until(stream, deadline, LINE_OCTETS, end_of_line)
}

/// Reads until the end of the connection, or until there is more than a line and its head can hold.
fn read_all(stream: &mut TcpStream, deadline: Nanos) -> Result<Vec<u8>, NoAnswer> {
    read_until(stream, deadline, HTTP_HEAD_OCTETS, |_| None)
}

/// Reads until there are `most` octets or more, or the connection ends, or `end` says how many of the octets that were
/// read last are wanted.
fn read_until(
    stream: &mut TcpStream,
    deadline: Nanos,
    most: usize,
    end: impl Fn(&[u8]) -> Option<usize>,
) -> Result<Vec<u8>, NoAnswer> {
    let mut said = Vec::new();
    let mut octets = [0; LINE_OCTETS];
    while said.len() < most {
        stream.set_read_timeout(Some(time_left(deadline)?)).map_err(NoAnswer::Failed)?;
        match stream.read(&mut octets) {
            Ok(0) => break,
            Ok(count) => {
                let new = octets.get(..count).unwrap_or_default();
                let end = end(new);
                said.extend_from_slice(new.get(..end.unwrap_or(count)).unwrap_or_default());
                if end.is_some() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(NoAnswer::Failed(error)),
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_line_is_shown_short_and_printable() {
        assert_eq!(beginning(b"220 mail ESMTP\r\n"), "220 mail ESMTP");
        assert_eq!(beginning(b"\x1b[31m"), "?[31m");
        assert_eq!(beginning(&[b'x'; 100]), "x".repeat(60) + "...");
    }

    #[test]
    fn names_that_are_not_there_are_told_from_servers_that_are_not() {
        let of = |words: &str| {
            not_found(&io::Error::other(format!("failed to lookup address information: {words}")))
        };
        assert_eq!(of("Name or service not known").to_string(), "name not found");
        let said = of("Temporary failure in name resolution").to_string();
        assert_eq!(said, "name can't be looked up: temporary failure in name resolution");
    }
}
