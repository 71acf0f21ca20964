//! A board that is none: it records what it is told, and answers as the test wants.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The answer of a board that takes all.
pub const TAKEN: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"ok\": 1}";

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its lines, in small letters.
    pub head: Vec<String>,
    pub body: serde_json::Value,
    pub octets: usize,
}

pub struct Board {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Board {
    /// One that answers each request with this.
    pub fn new(answer: &str) -> Board {
        let answer = answer.to_owned();
        Board::with(move |stream| drop(stream.write_all(answer.as_bytes())))
    }

    /// One that has this done with the connection once the request was read.
    pub fn with(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Board {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&requests);
        let address = serve(move |mut stream| {
            if let Some(request) = read(&mut stream) {
                record.lock().unwrap().push(request);
                answer(&mut stream);
            }
        });
        Board { address, requests }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was told until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The body of the only request.
    #[track_caller]
    pub fn only_body(&self) -> serde_json::Value {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].body.clone()
    }
}

/// Serves each connection by `serve`, in a thread of its own.
pub fn serve(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Reads a request. None: it never came whole.
pub fn read(stream: &mut impl Read) -> Option<Request> {
    let (mut octets, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        octets.extend_from_slice(&buffer[..count]);
        let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(octets[..end].to_vec()).unwrap().to_lowercase();
        let head: Vec<String> = head.lines().map(str::to_owned).collect();
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().unwrap();
        if octets.len() == end + 4 + length {
            let body = serde_json::from_slice(&octets[end + 4..]).unwrap();
            return Some(Request { head, body, octets: length });
        }
    }
}
