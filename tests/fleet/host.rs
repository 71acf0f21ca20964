//! Hosts on loopback: one that says a line, as an ocod does, one that refuses, one that is silent.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// A host that says the same to everybody, until it is told to say something else.
pub struct Host {
    pub address: SocketAddr,
    line: Arc<Mutex<String>>,
}

impl Host {
    /// Says this. The program and the line's end are added: `200 OK`.
    pub fn new(line: &str) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::new(Mutex::new(line.to_owned()));
        let line = Arc::clone(&said);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let line = line.lock().unwrap().clone();
                let _ = stream.write_all(with_program(&line).as_bytes());
            }
        });
        Host { address, line: said }
    }

    /// Says this from now on.
    pub fn say(&self, line: &str) {
        *self.line.lock().unwrap() = line.to_owned();
    }
}

/// `350 KO 300-http` becomes `350 KO oco-1.0.0 300-http` and a line's end.
fn with_program(line: &str) -> String {
    let end = ["OK, but", "OK", "KO"].iter().find_map(|word| Some(line.find(word)? + word.len())).unwrap();
    format!("{} oco-1.0.0{}\r\n", &line[..end], &line[end..])
}

/// A port of 127.0.0.1 at which nobody listens.
pub fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
