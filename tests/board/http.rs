//! HTTP by hand, as simple clients speak it.

use crate::scene::PATIENCE;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A request.
pub struct Request(Vec<u8>);

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The head, a line each.
    pub head: String,
    pub body: String,
}

impl Request {
    /// JSON that is posted as overcli does it.
    pub fn post(path: &str, json: &str) -> Request {
        Request::raw("POST", path, "Content-Type: application/json\r\n", json.as_bytes())
    }

    /// Any request, with these headers, each a line.
    pub fn raw(method: &str, path: &str, headers: &str, body: &[u8]) -> Request {
        let length = if body.is_empty() && method == "GET" {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: board\r\nConnection: close\r\n{length}{headers}\r\n");
        Request([head.as_bytes(), body].concat())
    }

    /// One that is written out.
    pub fn whole(text: String) -> Request {
        Request(text.into_bytes())
    }

    /// Sends it over a connection of its own.
    #[track_caller]
    pub fn send(&self, address: SocketAddr) -> Reply {
        Reply::read(self.begin(address))
    }

    /// Sends it, and leaves the answer to be read.
    #[track_caller]
    pub fn begin(&self, address: SocketAddr) -> TcpStream {
        let stream = connect(address);
        (&stream).write_all(&self.0).unwrap();
        stream
    }

    /// The same by a socket.
    #[track_caller]
    pub fn send_unix(&self, path: &Path) -> Reply {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        (&stream).write_all(&self.0).unwrap();
        Reply::read(stream)
    }
}

/// A connection that is never waited for too long.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connect to the board");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

impl Reply {
    /// The next answer on a connection; without a length up to its end.
    #[track_caller]
    pub fn read(stream: impl Read) -> Reply {
        Reply::next(&mut BufReader::new(stream)).expect("an answer")
    }

    /// The same; none: the connection has ended.
    pub fn next(stream: &mut impl BufRead) -> Option<Reply> {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(line.trim_end());
            head.push('\n');
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: String::new() };
        let mut body = Vec::new();
        match reply.header("content-length").map(|length| length.parse().unwrap()) {
            Some(length) => drop(stream.take(length).read_to_end(&mut body)),
            None => drop(stream.read_to_end(&mut body)),
        }
        reply.body = String::from_utf8(body).unwrap();
        Some(reply)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body, which has to be JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status, and the error that the body tells.
    #[track_caller]
    pub fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned())
    }
}
