use super::*;
use crate::decide::alertmanager::{Alert, Severity};
use oco_fleet::time::Millis;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A member that answers so, and hands out what it was told.
fn member(at: &str, answer: &'static str) -> (SocketAddr, Receiver<(String, serde_json::Value)>) {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, told) = channel();
    std::thread::spawn(move || serve(&listener, answer, &sender));
    (address, told)
}

fn serve(listener: &TcpListener, answer: &str, told: &Sender<(String, serde_json::Value)>) {
    for stream in listener.incoming() {
        let (mut stream, mut request, mut buffer) = (stream.unwrap(), Vec::new(), [0; 4096]);
        let body = loop {
            let count = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                break (head.to_owned(), serde_json::from_str(body).unwrap());
            }
        };
        stream.write_all(answer.as_bytes()).unwrap();
        if told.send(body).is_err() {
            return;
        }
    }
}

fn post(name: &str, summary: &str) -> Post {
    let alert = Alert {
        severity: Severity::Page,
        starts: Millis(0),
        ends: Millis(240_000),
        summary: summary.to_owned(),
        description: "a: refused\n".to_owned(),
    };
    Post { name: ObjectName::parse(name).unwrap(), alerts: vec![alert] }
}

struct Bench {
    members: Alertmanagers,
    woken: Receiver<()>,
}

impl Bench {
    fn new(addresses: &[SocketAddr]) -> Bench {
        let (sender, woken) = channel();
        let mut members = Alertmanagers::new(move || sender.send(()).unwrap_or_default());
        let urls: Vec<String> = addresses.iter().map(|address| format!("http://{address}/am")).collect();
        members.set(&urls, Some("http://board"), &Err("none".to_owned())).unwrap();
        Bench { members, woken }
    }

    #[track_caller]
    fn event(&self) -> Event {
        self.woken.recv_timeout(PATIENCE).unwrap();
        self.members.take_events().remove(0).1
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[test]
fn each_member_is_told_all() {
    let (one, told) = member("127.0.0.1:0", OK);
    let (other, told_too) = member("127.0.0.1:0", OK);
    let bench = Bench::new(&[one, other]);
    bench.members.post(vec![post("web/oco", "web/oco is ko"), post("node:shop", "")]);
    for (told, address) in [(told, one), (told_too, other)] {
        let (head, body) = told.recv_timeout(PATIENCE).unwrap();
        assert!(
            head.starts_with(&format!("POST /am/api/v2/alerts HTTP/1.1\r\nHost: {address}\r\n")),
            "{head}"
        );
        let expected = serde_json::json!({
            "labels": {"alertname": "oco", "name": "web/oco", "group": "web", "service": "oco", "severity": "page"},
            "annotations": {"summary": "web/oco is ko", "description": "a: refused\n"},
            "startsAt": "1970-01-01T00:00:00Z",
            "endsAt": "1970-01-01T00:04:00Z",
            "generatorURL": "http://board",
        });
        assert_eq!(body[1], expected);
        assert_eq!(
            (&body[0]["labels"]["group"], &body[0]["labels"]["service"]),
            (&"node".into(), &"shop".into())
        );
    }
    assert!(bench.members.take_events().is_empty());
}

#[test]
fn a_member_that_is_away_is_told_of_once_and_hears_the_newest_when_it_is_back() {
    let (other, told) = member("127.0.0.1:0", OK);
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::new(&[away, other]);
    bench.members.post(vec![post("web/oco", "old")]);
    assert_eq!(bench.event(), Event::Failing("connection refused".to_owned()));
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().1[0]["annotations"]["summary"], "old");
    bench.members.post(vec![post("web/oco", "new")]);
    let (_, told) = member(&away.to_string(), OK);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().1[0]["annotations"]["summary"], "new");
    assert_eq!(bench.event(), Event::Recovered);
    assert!(bench.members.take_events().is_empty() && told.try_recv().is_err());
}

#[test]
fn what_a_member_refuses_is_told_of_once_and_not_tried_again() {
    let (address, told) = member("127.0.0.1:0", "HTTP/1.1 400 Bad Request\r\n\r\n\"bad\"");
    let bench = Bench::new(&[address]);
    bench.members.post(vec![post("web/oco", "")]);
    told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(bench.event(), Event::Failing("http 400 \"bad\"".to_owned()));
    bench.members.post(vec![post("web/other", "")]);
    let (_, body) = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(body.as_array().unwrap().len(), 1);
    assert!(bench.members.take_events().is_empty());
}
