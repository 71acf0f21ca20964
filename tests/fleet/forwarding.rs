//! Another board that is told how services and nodes stand.

use crate::host::Host;
use crate::scene::{Scene, wait_for};
use crate::server::{free_port, serve_at};
use crate::watcher::Watcher;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

/// A board that is none: it records what it is told.
#[derive(Clone, Default)]
struct Board {
    told: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Mutex<&'static str>>,
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"ok\": 1}";
const REFUSED: &str =
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 31\r\n\r\n{\"error\": \"Invalid server key\"}";

impl Board {
    fn start(at: SocketAddr) -> Board {
        let board = Board::default();
        board.answer(TAKEN);
        let of_thread = board.clone();
        serve_at(at, move |mut stream| {
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            let body = loop {
                let Ok(count @ 1..) = stream.read(&mut buffer) else { return };
                request.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                if let Ok(body) = serde_json::from_str(body) {
                    assert!(head.starts_with("POST /api/set/service/status HTTP/1.1\r\n"), "{head}");
                    break body;
                }
            };
            of_thread.told.lock().unwrap().push(body);
            let answer = *of_thread.answer.lock().unwrap();
            let _ = stream.write_all(answer.as_bytes());
        });
        board
    }

    fn answer(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The newest report that has the service so.
    #[track_caller]
    fn wait_for(&self, name: &str, state: &str, code: u16) -> Value {
        let found = || {
            let report = self.told.lock().unwrap().last()?.clone();
            let of_name = report["services"].as_array().unwrap().iter().find(|one| one["name"] == name)?;
            (of_name["state"] == state && of_name["code"] == code).then(|| report.clone())
        };
        wait_for(&format!("{name} {state} {code} in {:?}", self.told.lock().unwrap().last()), found)
    }
}

fn settings(scene: &Scene, host: &Host, at: SocketAddr, more: &str) -> String {
    format!(
        "{more}[forward]\nurl = \"http://{at}/\"\nname = \"paris\"\nkey-file = {:?}\nevery = \"1s\"\n\
         of = [\"*/*\", \"node:*\", \"web/oco/*\", \"slo:gold\"]\n\
         [defaults]\ninterval = \"100ms\"\ntimeout = \"10s\"\nfall = 1\nrise = 1\n\
         [hostgroup.web]\nhosts = [{{ name = \"web1\", address = {:?} }}]\n[hostgroup.web.service.oco]\nprobe = \"oco\"\n\
         [hostgroup.push]\naccept-reports = true\n\
         [node.shop]\nmembers = [\"web/oco\"]\n\
         [slo.gold]\nof = \"web/oco\"\ntarget = \"99%\"\nperiod = \"day\"\n",
        scene.path("state/forward.key"),
        host.address.to_string()
    )
}

fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

#[test]
fn another_board_hears_of_services_and_nodes_and_that_we_are_alive() {
    let (host, at) = (Host::new("200 OK"), free_address());
    let board = Board::start(at);
    let scene = Scene::new("");
    scene.configure(&settings(&scene, &host, at, ""));
    let mut watcher = Watcher::start(&scene);
    let report = board.wait_for("slo:gold", "OK", 200);
    let key = std::fs::read_to_string(scene.path("state/forward.key")).unwrap();
    assert_eq!(report["server"], json!({ "name": "paris", "key": key.trim() }));
    assert_eq!((&report["period"], &report["oco"]["code"]), (&json!(1), &json!(200)));
    let names = |report: &Value| -> Vec<String> {
        let services = report["services"].as_array().unwrap().iter();
        services.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&report), ["collector", "web/oco", "node:shop", "web/oco/web1", "slo:gold"]);
    // Codes are kept, reasons go along.
    host.say("550 KO 500-raid");
    let report = board.wait_for("node:shop", "FAIL", 550);
    assert_eq!(report["oco"]["code"], 550);
    let target =
        report["services"].as_array().unwrap().iter().find(|one| one["name"] == "web/oco/web1").unwrap();
    assert_eq!((&target["code"], &target["info"]), (&json!(550), &json!("550 KO 500-raid")));
    board.wait_for("collector", "OK", 200);
    // What is planned is told and is no failure there, as in what is published.
    scene.told(&["maint", "web/oco", "--for", "1h"]);
    let report = board.wait_for("web/oco", "WARN", 210);
    let service = report["services"].as_array().unwrap().iter().find(|one| one["name"] == "web/oco").unwrap();
    assert!(service["info"].as_str().unwrap().starts_with("maint: 550 "), "{service}");
    // What reported to us goes on, named as it is called here.
    scene.told(&["report", "push/a%20b/h1", "310", "who knows"]);
    board.wait_for("push/a%20b", "FAIL", 350);
    // After a restart it is the same one.
    watcher.signal("TERM");
    assert!(watcher.wait().success());
    let count = board.told.lock().unwrap().len();
    let _watcher = Watcher::start(&scene);
    wait_for("a report", || (board.told.lock().unwrap().len() > count).then_some(()));
    let report = board.told.lock().unwrap()[count].clone();
    assert_eq!(report["server"]["key"], key.trim());
    assert!(names(&report).contains(&"web/oco".to_owned()), "what was known is known: {report}");
}

#[test]
fn a_board_that_is_away_or_refuses_is_told_of_once_and_counted() {
    let (host, at, port) = (Host::new("200 OK"), free_address(), free_port());
    let scene = Scene::new("");
    scene.configure(&settings(&scene, &host, at, &format!("metrics = \"127.0.0.1:{port}\"\n")));
    let watcher = Watcher::start(&scene);
    let away = format!("forward http://{at}: connection refused; it is tried again");
    watcher.wait_for_log(&away);
    let board = Board::start(at);
    let back = format!("forward http://{at}: is told again");
    watcher.wait_for_log(&back);
    board.answer(REFUSED);
    watcher.wait_for_log(&format!("forward http://{at}: http 403: Invalid server key; it is tried again"));
    let page = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let count = |result: &str| -> u64 {
        let name = format!("oco_fleet_forwards_total{{result=\"{result}\"}} ");
        let page = page();
        page.lines()
            .find_map(|line| line.strip_prefix(&name))
            .unwrap_or_else(|| panic!("{page}"))
            .parse()
            .unwrap()
    };
    wait_for("some failures", || (count("failed") >= 3).then_some(()));
    assert!(count("sent") >= 1);
    assert_eq!(watcher.log().matches(&away).count(), 1, "{}", watcher.log());
    assert_eq!(watcher.log().matches("Invalid server key").count(), 1, "{}", watcher.log());
    // Without the section nobody is told.
    let whole = settings(&scene, &host, at, "");
    let begin = whole.find("[defaults]").unwrap();
    scene.configure(&whole[begin..]);
    watcher.signal("HUP");
    watcher.wait_for_log("reloaded");
    let told = board.told.lock().unwrap().len();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert!(board.told.lock().unwrap().len() <= told + 1);
}
