//! A connection to the watcher: an order goes there, lines come back, each with a bound and a deadline.

use super::error::{FleetError, NotHeard};
use super::zone;
use crate::limits::{CONTROL_REPLY_OCTETS, CONTROL_REQUEST_OCTETS, PIPE_OCTETS, STRANGE_LINE_CHARACTERS};
use crate::logic::control::{FleetOrder, Request, VERSION};
use crate::logic::text::printable;
use crate::logic::time::Nanos;
use crate::system::clock;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A connection to a watcher.
#[derive(Debug)]
pub struct Connection {
    /// For whom orders are, where a program acts for somebody.
    pub by: Option<String>,
    stream: UnixStream,
    path: PathBuf,
    /// How long the watcher may take for a line.
    timeout: Duration,
    /// What was read behind the last line.
    rest: Vec<u8>,
}

/// What every reply may have.
#[derive(Debug, Default, Deserialize)]
pub struct Head {
    /// The version; only an entry of the log has none.
    pub version: Option<u32>,
    /// Why it was refused.
    error: Option<String>,
    /// The worst state of a status.
    pub state: Option<String>,
}

impl Connection {
    /// Connects to the watcher at `path`, which may take `timeout` for that and for each line.
    ///
    /// # Errors
    /// There is none, or it accepts nobody.
    pub fn open(path: &Path, timeout: Duration) -> Result<Connection, FleetError> {
        let not_heard = |why| FleetError::NotHeard(path.to_owned(), why);
        let stream = connect(path, timeout).map_err(|error| match error.kind() {
            // A watcher that has stopped accepts nobody.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => not_heard(NotHeard::Silent(timeout)),
            _ => not_heard(NotHeard::Absent(error)),
        })?;
        Ok(Connection { by: None, stream, path: path.to_owned(), timeout, rest: Vec::new() })
    }

    /// Sends an order. `is_local`: times in the reply are to be those of the caller's zone.
    ///
    /// # Errors
    /// It is too long, or can't be sent.
    pub fn send(&mut self, order: FleetOrder, is_local: bool) -> Result<(), FleetError> {
        let request = Request {
            version: VERSION,
            by: self.by.clone(),
            zone: zone::of_caller(),
            local: is_local,
            order,
        };
        let mut line =
            serde_json::to_vec(&request).map_err(|error| self.not_heard(NotHeard::Failed(error.into())))?;
        line.push(b'\n');
        if line.len() > CONTROL_REQUEST_OCTETS {
            return Err(self.not_heard(NotHeard::LargeRequest(CONTROL_REQUEST_OCTETS)));
        }
        self.stream.write_all(&line).map_err(|error| self.failed(error))
    }

    /// Sends an order and reads a reply of one line, as it came.
    ///
    /// # Errors
    /// It was refused, or there is no reply.
    pub fn ask_line(&mut self, order: FleetOrder, is_local: bool) -> Result<(Head, String), FleetError> {
        self.send(order, is_local)?;
        let line = self.line(CONTROL_REPLY_OCTETS)?;
        let head = self.head(&line)?;
        if head.version.is_none() && !line.starts_with('[') {
            return Err(self.strange(line.as_bytes()));
        }
        Ok((head, line))
    }

    /// Sends an order and reads what is told.
    ///
    /// # Errors
    /// It was refused, or there is no reply.
    pub fn ask<T: DeserializeOwned>(&mut self, order: FleetOrder, is_local: bool) -> Result<T, FleetError> {
        let (_, line) = self.ask_line(order, is_local)?;
        self.read(&line)
    }

    /// What a line says.
    ///
    /// # Errors
    /// It says something else.
    pub fn read<T: DeserializeOwned>(&self, line: &str) -> Result<T, FleetError> {
        serde_json::from_str(line).map_err(|_| self.strange(line.as_bytes()))
    }

    /// What every line may say. That it is JSON is known then, and that it is no refusal.
    ///
    /// # Errors
    /// It is a refusal, or none of a watcher's.
    pub fn head(&self, line: &str) -> Result<Head, FleetError> {
        if line.starts_with('[') {
            return self.read::<Vec<IgnoredAny>>(line).map(|_| Head::default());
        }
        match self.read::<Head>(line)? {
            Head { version: Some(version), .. } if version != VERSION => {
                Err(self.not_heard(NotHeard::Version(version)))
            }
            Head { error: Some(error), .. } => Err(FleetError::Refused(printable(error.as_bytes()))),
            head => Ok(head),
        }
    }

    /// The next line, without its end, of at most `most` octets.
    ///
    /// # Errors
    /// There is none in time, or it is too long.
    pub fn line(&mut self, most: usize) -> Result<String, FleetError> {
        let deadline = clock::now().boot.after(self.timeout);
        let mut line = std::mem::take(&mut self.rest);
        let mut seen = 0;
        let mut octets = vec![0; PIPE_OCTETS];
        loop {
            let new = line.get(seen..).unwrap_or_default();
            if let Some(end) = new.iter().position(|octet| *octet == b'\n') {
                self.rest = line.split_off(seen + end + 1);
                line.truncate(seen + end);
                return String::from_utf8(line).map_err(|error| self.strange(error.as_bytes()));
            }
            seen = line.len();
            if line.first().is_some_and(|first| !b"{[".contains(first)) && seen > STRANGE_LINE_CHARACTERS {
                return Err(self.strange(&line));
            }
            if seen > most {
                return Err(self.not_heard(NotHeard::TooLong(most)));
            }
            match self.read_some(&mut octets, deadline)? {
                0 if line.is_empty() => return Err(self.not_heard(NotHeard::Closed)),
                0 if line.first().is_some_and(|first| !b"{[".contains(first)) => {
                    return Err(self.strange(&line));
                }
                0 => return Err(self.not_heard(NotHeard::ClosedEarly)),
                count => line.extend_from_slice(octets.get(..count).unwrap_or_default()),
            }
        }
    }

    fn read_some(&mut self, octets: &mut [u8], deadline: Nanos) -> Result<usize, FleetError> {
        loop {
            let left = deadline.since(clock::now().boot);
            if left.is_zero() {
                return Err(self.not_heard(NotHeard::Silent(self.timeout)));
            }
            // The kernel counts in microseconds, and takes none of them for no time-out at all.
            let left = left.max(Duration::from_millis(1));
            self.stream.set_read_timeout(Some(left)).map_err(|error| self.failed(error))?;
            match self.stream.read(octets) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// What it said is no reply to what was asked.
    pub fn strange(&self, line: &[u8]) -> FleetError {
        let line = line.get(..line.len().min(4 * STRANGE_LINE_CHARACTERS)).unwrap_or(line);
        let mut beginning: String = printable(line).chars().take(STRANGE_LINE_CHARACTERS).collect();
        if beginning.is_empty() {
            beginning.push_str("an empty line");
        }
        self.not_heard(NotHeard::Strange(beginning))
    }

    fn failed(&self, error: io::Error) -> FleetError {
        self.not_heard(match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => NotHeard::Silent(self.timeout),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => NotHeard::Closed,
            _ => NotHeard::Failed(error),
        })
    }

    fn not_heard(&self, why: NotHeard) -> FleetError {
        FleetError::NotHeard(self.path.clone(), why)
    }
}

/// Connects within `timeout`: where the queue of a watcher that accepts nobody is full, a connect waits as long as a
/// send may.
fn connect(path: &Path, timeout: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
    rustix::net::connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}
