//! One command to HAProxy's socket: connect, send, read until it closes. Never longer than its deadline, and nothing of it
//! waits.

use crate::config::HaproxySocket;
use crate::limits::{HAPROXY_ANSWER_OCTETS, HAPROXY_OCTETS_PER_TURN, HAPROXY_TIME};
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use oco::logic::time::{Nanos, spoken};
use oco::system::client::is_itself;
use oco::system::words::words;
use std::io::{self, ErrorKind, Read, Write};

/// A command and its answer.
#[derive(Debug)]
pub struct Session {
    stream: Stream,
    request: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    until: Nanos,
    /// The stream may take or have something that the poll will not tell of again.
    is_ready: bool,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Session {
    /// Begins to connect.
    ///
    /// # Errors
    /// Nobody listens there, or we can't.
    pub fn begin(
        socket: &HaproxySocket,
        request: String,
        token: Token,
        registry: &Registry,
        now: Nanos,
    ) -> Result<Session, String> {
        let both = Interest::READABLE | Interest::WRITABLE;
        let connect = || -> io::Result<Stream> {
            Ok(match socket {
                HaproxySocket::Unix(path) => {
                    let mut stream = UnixStream::connect(path)?;
                    registry.register(&mut stream, token, both)?;
                    Stream::Unix(stream)
                }
                HaproxySocket::Tcp(address) => {
                    let mut stream = TcpStream::connect(*address)?;
                    if is_itself(stream.local_addr()?, *address) {
                        return Err(ErrorKind::ConnectionRefused.into());
                    }
                    registry.register(&mut stream, token, both)?;
                    Stream::Tcp(stream)
                }
            })
        };
        let stream = connect().map_err(|error| words(&error))?;
        Ok(Session {
            stream,
            request: request.into_bytes(),
            sent: 0,
            answer: Vec::new(),
            until: now.after(HAPROXY_TIME),
            is_ready: true,
        })
    }

    /// Something happened to it.
    pub fn ready(&mut self) {
        self.is_ready = true;
    }

    /// When it has to go on without an event.
    pub fn deadline(&self) -> Nanos {
        if self.is_ready { Nanos::PAST } else { self.until }
    }

    /// Goes on; the answer once it is there, or why it does not come.
    pub fn turn(&mut self, now: Nanos) -> Option<Result<Vec<u8>, String>> {
        if std::mem::take(&mut self.is_ready) {
            match self.go_on() {
                Ok(true) => return Some(Ok(std::mem::take(&mut self.answer))),
                Ok(false) => {}
                Err(error) => return Some(Err(words(&error))),
            }
        }
        let is_late = self.until <= now;
        is_late.then(|| Err(format!("no whole answer within {}", spoken(HAPROXY_TIME))))
    }

    /// Sends and reads what there is; whether the other end has closed.
    fn go_on(&mut self) -> io::Result<bool> {
        while let Some(rest) = self.request.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Still connecting, or full.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        let mut buffer = [0; 16 * 1024];
        let mut left = HAPROXY_OCTETS_PER_TURN;
        while left > 0 {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => {
                    self.answer.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    left = left.saturating_sub(count);
                    if self.answer.len() > HAPROXY_ANSWER_OCTETS {
                        return Err(io::Error::other("the answer is too long"));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.is_ready = true;
        Ok(false)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.read(buffer),
            Stream::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.write(octets),
            Stream::Tcp(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
