//! One connection to the control socket: lines in, lines out, one order after the other.
//!
//! An order is taken only when the reply to the one before is out of our hands; until then the rest waits in the
//! kernel, and so does its sender.

use crate::limits::{CONTROL_LINE_OCTETS, CONTROL_REPLY_OCTETS, CONTROL_TIME};
use mio::net::UnixStream;
use oco::logic::time::Nanos;
use std::io::{ErrorKind, Read, Write};

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    /// Who is at its other end.
    pub peer: u32,
    /// It came in where everybody may.
    pub is_public: bool,
    /// Its number, which no other connection has.
    pub number: u64,
    /// Octets of a line that is not whole yet, and of those behind it.
    input: Vec<u8>,
    /// How much of `input` was searched for its end.
    searched: usize,
    /// What the stream did not take yet.
    output: Vec<u8>,
    sent: usize,
    /// The reply to the last order is still being made.
    is_busy: bool,
    /// Nothing more will come.
    has_ended: bool,
    /// It is of no use any more.
    is_broken: bool,
    /// There may be something to read that the poll will not tell of again.
    is_readable: bool,
    /// It is closed then, unless something moves: it began a line, or does not take its reply.
    expires: Option<Nanos>,
}

/// What a connection has for us.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole line, without its end.
    Whole(Vec<u8>),
    /// More octets without an end than a line may have.
    TooLong,
}

impl Connection {
    /// A connection that was accepted.
    pub fn new(stream: UnixStream, peer: u32, is_public: bool, number: u64) -> Connection {
        Connection {
            stream,
            peer,
            is_public,
            number,
            input: Vec::new(),
            searched: 0,
            output: Vec::new(),
            sent: 0,
            is_busy: false,
            has_ended: false,
            is_broken: false,
            is_readable: true,
            expires: None,
        }
    }

    /// The socket, to be registered.
    pub fn stream(&mut self) -> &mut UnixStream {
        &mut self.stream
    }

    /// Something happened to it.
    pub fn ready(&mut self) {
        self.is_readable = true;
    }

    /// Whether it is to be closed.
    pub fn is_over(&self, now: Nanos) -> bool {
        let is_silent = self.expires.is_some_and(|at| at <= now);
        let is_done = self.has_ended && !self.is_busy && self.output.is_empty() && !self.has_line();
        self.is_broken || is_silent || is_done
    }

    /// When it has to be looked at without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        let has_more = self.is_readable || self.searched < self.input.len();
        let is_free = !self.is_busy && self.output.is_empty();
        if has_more && is_free { Some(Nanos::PAST) } else { self.expires }
    }

    fn has_line(&self) -> bool {
        self.input.contains(&b'\n')
    }

    /// Whether another part of its reply has room.
    pub fn wants_reply(&self) -> bool {
        self.is_busy && !self.is_broken && self.output.len() - self.sent < CONTROL_REPLY_OCTETS
    }

    /// Adds to the reply to the last order. `is_last`: it is whole now.
    pub fn reply(&mut self, octets: &[u8], is_last: bool, now: Nanos) {
        self.output.extend_from_slice(octets);
        self.is_busy = !is_last;
        self.send(now);
    }

    /// Sends what waits.
    pub fn send(&mut self, now: Nanos) {
        if self.output.is_empty() {
            return;
        }
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) if count > 0 => {
                    self.sent += count;
                    self.expires = Some(now.after(CONTROL_TIME));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.expires.get_or_insert(now.after(CONTROL_TIME));
                    return;
                }
                Ok(_) | Err(_) => {
                    self.is_broken = true;
                    return;
                }
            }
        }
        self.output.clear();
        self.output.shrink_to(CONTROL_REPLY_OCTETS);
        self.sent = 0;
        self.expires = None;
    }

    /// Reads at most `budget` octets, which grow fewer by what was read, and takes the next order out, if there is a
    /// whole one and the last one is done with.
    pub fn next_line(&mut self, budget: &mut usize, now: Nanos) -> Option<Line> {
        if self.is_busy || !self.output.is_empty() || self.is_broken {
            return None;
        }
        loop {
            if let Some(line) = self.take_line() {
                self.is_busy = true;
                self.expires = None;
                return Some(line);
            }
            if !self.is_readable || *budget == 0 || !self.read(budget, now) {
                return None;
            }
        }
    }

    fn take_line(&mut self) -> Option<Line> {
        let unsearched = self.input.get(self.searched..).unwrap_or_default();
        let Some(end) = unsearched.iter().position(|octet| *octet == b'\n') else {
            self.searched = self.input.len();
            if self.input.len() < CONTROL_LINE_OCTETS {
                return None;
            }
            // What follows would be read as another order.
            (self.has_ended, self.is_readable) = (true, false);
            self.input = Vec::new();
            self.searched = 0;
            return Some(Line::TooLong);
        };
        let end = self.searched + end;
        let mut line: Vec<u8> = self.input.drain(..=end).collect();
        line.pop();
        self.searched = 0;
        if self.input.is_empty() {
            self.input = Vec::new();
        }
        Some(Line::Whole(line))
    }

    /// Reads once. Whether there may be more.
    fn read(&mut self, budget: &mut usize, now: Nanos) -> bool {
        let mut buffer = [0; 16 * 1024];
        let room = buffer.len().min(*budget);
        match self.stream.read(buffer.get_mut(..room).unwrap_or_default()) {
            Ok(0) => (self.has_ended, self.is_readable) = (true, false),
            Ok(count) => {
                *budget -= count.min(*budget);
                self.input.extend_from_slice(buffer.get(..count).unwrap_or_default());
                self.expires = Some(now.after(CONTROL_TIME));
                return true;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
            Err(_) => self.is_broken = true,
        }
        false
    }
}
