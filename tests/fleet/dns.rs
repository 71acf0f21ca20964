//! A name server that answers as a test wants, hangs, or knows nobody.

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};

/// What is answered for a name.
#[derive(Clone)]
pub enum Known {
    At(Vec<Ipv4Addr>),
    Nobody,
    Silence,
}

/// The name server of `/etc/resolv.conf`, in a world of its own.
pub struct Dns {
    names: Arc<Mutex<HashMap<String, Known>>>,
}

impl Dns {
    /// Serves at 127.0.0.1:53.
    pub fn start() -> Dns {
        let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
        let names: Arc<Mutex<HashMap<String, Known>>> = Arc::default();
        let known = Arc::clone(&names);
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((count, from)) = socket.recv_from(&mut buffer) {
                if let Some(reply) = reply(&buffer[..count], &known.lock().unwrap()) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Dns { names }
    }

    /// Answers so from now on.
    pub fn set(&self, name: &str, known: Known) {
        self.names.lock().unwrap().insert(name.to_owned(), known);
    }
}

/// The reply to a query of one question.
fn reply(query: &[u8], names: &HashMap<String, Known>) -> Option<Vec<u8>> {
    let mut labels: Vec<String> = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).into_owned());
        at += length + 1;
    }
    let end = at + 5;
    let is_a = query[at + 1..at + 3] == [0, 1];
    let (code, addresses) = match names.get(&labels.join(".")) {
        Some(Known::Silence) => return None,
        Some(Known::At(addresses)) if is_a => (0, addresses.clone()),
        Some(Known::At(_)) => (0, Vec::new()),
        Some(Known::Nobody) | None => (3, Vec::new()),
    };
    let mut reply = query[..2].to_vec();
    reply.extend([0x85, 0x80 | code, 0, 1, 0, u8::try_from(addresses.len()).unwrap(), 0, 0, 0, 0]);
    reply.extend(&query[12..end]);
    for address in addresses {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}
