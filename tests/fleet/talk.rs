//! The control socket, spoken to by hand.

use crate::scene::{PATIENCE, Scene, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

/// A connection to the control socket.
pub struct Talk {
    pub stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Talk {
    pub fn new(scene: &Scene) -> Talk {
        let stream = wait_for("the control socket", || UnixStream::connect(scene.control()).ok());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Talk { stream, reader }
    }

    /// Says this. Whether it was taken.
    pub fn say(&mut self, octets: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(octets.as_ref()).is_ok()
    }

    /// The next line; none: the watcher has closed.
    pub fn hear_line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no reply: {error}"),
        }
    }

    /// The next line as JSON.
    pub fn hear(&mut self) -> Value {
        let line = self.hear_line().expect("a reply");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Gives an order, and returns the first line of its reply.
    pub fn ask(&mut self, order: &str) -> Value {
        assert!(self.say(format!("{order}\n")), "the order is not taken");
        self.hear()
    }
}

/// Gives one order by a connection of its own.
pub fn ask(scene: &Scene, order: &str) -> Value {
    Talk::new(scene).ask(order)
}
