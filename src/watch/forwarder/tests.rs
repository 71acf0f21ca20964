use super::*;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"ok\": 1}";

/// A board that answers so, and hands out what it was told.
fn board(at: &str, answer: &'static str) -> (SocketAddr, Receiver<serde_json::Value>) {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request, mut buffer) = (stream.unwrap(), Vec::new(), [0; 4096]);
            let body = loop {
                let count = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
                if let Ok(body) = serde_json::from_str(body) {
                    break body;
                }
            };
            stream.write_all(answer.as_bytes()).unwrap();
            if sender.send(body).is_err() {
                return;
            }
        }
    });
    (address, told)
}

struct Bench {
    folder: tempfile::TempDir,
    forwarder: Forwarder,
    woken: Receiver<()>,
}

impl Bench {
    fn new(address: SocketAddr) -> Bench {
        let (sender, woken) = channel();
        let folder = tempfile::tempdir().unwrap();
        let mut forwarder = Forwarder::new(move || sender.send(()).unwrap_or_default());
        let settings = Forward {
            url: format!("http://{address}"),
            tls: None,
            name: "paris".to_owned(),
            key_file: folder.path().join("key"),
            of: Vec::new(),
            every: Duration::from_secs(60),
        };
        forwarder.set(Some(&settings), &Err("none".to_owned())).unwrap();
        assert!(forwarder.is_of(Some(&settings)) && !forwarder.is_of(None));
        Bench { folder, forwarder, woken }
    }

    fn tell(&self, code: u16) {
        let code = Code::new(code).unwrap();
        let info = "why".to_owned();
        self.forwarder.tell(vec![Service { name: "web/oco".to_owned(), code, info, period: None }]);
    }

    #[track_caller]
    fn event(&self) -> Event {
        self.woken.recv_timeout(PATIENCE).unwrap();
        self.forwarder.take_event().unwrap().1
    }
}

#[test]
fn a_board_is_told_of_all_and_that_we_are_alive() {
    let (address, told) = board("127.0.0.1:0", TAKEN);
    let bench = Bench::new(address);
    bench.tell(550);
    let body = told.recv_timeout(PATIENCE).unwrap();
    let key = std::fs::read_to_string(bench.folder.path().join("key")).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "server": { "name": "paris", "key": key.trim() },
            "period": 60,
            "oco": { "version": env!("CARGO_PKG_VERSION"), "code": 550 },
            "services": [
                { "name": "collector", "state": "OK", "code": 200, "info": "1 name of ocowatch" },
                { "name": "web/oco", "state": "FAIL", "code": 550, "info": "why" },
            ],
        })
    );
}

#[test]
fn a_board_that_is_away_is_told_of_once_and_hears_the_newest_when_it_is_back() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::new(away);
    bench.tell(200);
    assert_eq!(bench.event(), Event::Failing("connection refused".to_owned()));
    bench.tell(300);
    let failed = || bench.forwarder.counts().unwrap().failed;
    while failed() < 2 {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(bench.forwarder.take_event(), None, "the episode was told");
    let (_, told) = board(&away.to_string(), TAKEN);
    bench.tell(210);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap()["services"][1]["code"], 210);
    assert_eq!(bench.event(), Event::Recovered);
    assert_eq!(bench.forwarder.counts(), Some(Forwards { sent: 1, failed: 2 }));
}

#[test]
fn what_a_board_refuses_is_repeated_in_its_words() {
    let answer = "HTTP/1.1 403 Forbidden\r\n\r\n{\"error\": \"Invalid server key\"}";
    let bench = Bench::new(board("127.0.0.1:0", answer).0);
    bench.tell(200);
    assert_eq!(bench.event(), Event::Failing("http 403: Invalid server key".to_owned()));
    // Without a key nobody is asked.
    let (address, told) = board("127.0.0.1:0", TAKEN);
    let bench = Bench::new(address);
    std::fs::write(bench.folder.path().join("key"), "").unwrap();
    bench.tell(200);
    let Event::Failing(why) = bench.event() else { panic!("a key was made up") };
    assert!(why.starts_with("key file ") && why.contains("no key in it"), "{why}");
    assert!(told.try_recv().is_err());
}
