//! Section 7 of the contract: HTTP, HAProxy's agent-check, ports that are shut while KO, and systemd.

use crate::scene::{PATIENCE, Scene, have, wait_for};
use crate::server::{Ocod, answer, ask, connect};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts ocod with listeners of these keys, each on a free port.
pub fn start(scene: &Scene, listeners: &[&str]) -> Ocod {
    Ocod::start_with(scene, &["-c", configure(scene, listeners).to_str().unwrap()])
}

pub fn configure(scene: &Scene, listeners: &[&str]) -> std::path::PathBuf {
    let sections: String = listeners
        .iter()
        .map(|keys| format!("[[listen]]\naddress = \"127.0.0.1:0\"\n{}\n", keys.replace("; ", "\n")))
        .collect();
    scene.file("ocod.toml", &sections)
}

/// Sends `request` and reads all there is.
fn talk(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(address);
    // The server may answer and close before it has all.
    let _ = stream.write_all(request);
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the answer to its end");
    text
}

/// The status and the body of `GET path`.
pub fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let text = talk(address, format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes());
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    assert_eq!(length.parse(), Ok(body.len()), "{head}");
    (status(&text), body.to_owned())
}

fn status(response: &str) -> u16 {
    let number = response.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no response: {response:?}"))
}

#[test]
fn http_answers_with_the_line_and_a_status_for_pollers() {
    let scene = Scene::new();
    let ocod = start(&scene, &["speak = \"http\""]);
    let line = |line| answer(line) + "\r\n";
    assert_eq!(get(ocod.address(), "/"), (503, line("350 KO oco 300-oco")));
    for (code, expected) in [
        ("200", (200, line("200 OK oco"))),
        ("210", (200, line("250 OK, but oco 210-http"))),
        ("300", (503, line("350 KO oco 300-http"))),
        ("500", (503, line("550 KO oco 500-http"))),
    ] {
        scene.check("http", code);
        assert_eq!(get(ocod.address(), "/"), expected);
        assert_eq!(get(ocod.address(), "/health?from=test"), expected);
    }
    let head = talk(ocod.address(), b"HEAD /health HTTP/1.0\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n") && head.contains("\r\nContent-Length: 27\r\n"), "{head}");
    assert_eq!(status(&head), 503);
}

/// HAProxy's plain `option httpchk` asks so, and the second is an example of its manual.
#[test]
fn options_is_a_poll_like_any_other() {
    let scene = Scene::new();
    let ocod = start(&scene, &["speak = \"http\""]);
    for (code, expected) in [("200", 200), ("210", 200), ("300", 503)] {
        scene.check("http", code);
        for request in [
            "OPTIONS / HTTP/1.0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: www\r\n\r\n",
            "OPTIONS /health HTTP/1.1\r\n\r\n",
        ] {
            let text = talk(ocod.address(), request.as_bytes());
            assert_eq!(status(&text), expected, "{request}{text}");
            assert!(text.contains("\r\nContent-Length: 0\r\n") && text.ends_with("\r\n\r\n"), "{text}");
            assert!(text.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"), "{text}");
        }
    }
    // They are 200 whatever the verdict, and must not be polled by mistake.
    for path in ["/checks", "/metrics"] {
        assert_eq!(status(&talk(ocod.address(), format!("OPTIONS {path} HTTP/1.0\r\n\r\n").as_bytes())), 405);
    }
}

/// HTTP/0.9, as some balancers' probes have it. Status and line are both there, whichever is looked for.
#[test]
fn a_request_without_a_version_is_answered() {
    let scene = Scene::new();
    scene.check("http", "210");
    let ocod = start(&scene, &["speak = \"http\""]);
    let text = talk(ocod.address(), b"GET /\r\n");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.ends_with(&format!("\r\n\r\n{}\r\n", answer("250 OK, but oco 210-http"))), "{text}");
    scene.check("http", "300");
    let text = talk(ocod.address(), b"GET /health\n");
    assert!(status(&text) == 503 && !text.contains("200"), "{text}");
}

/// Octets behind the head of a response to HEAD would be taken for the next response.
#[test]
fn a_refused_head_has_no_body() {
    let scene = Scene::new();
    let ocod = start(&scene, &["speak = \"http\""]);
    let many = format!("HEAD / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100));
    let long = format!("HEAD /{} HTTP/1.1\r\n\r\n", "b".repeat(9000));
    for (request, expected) in [
        ("HEAD /nope HTTP/1.1\r\n\r\n", 404),
        ("HEAD * HTTP/1.1\r\n\r\n", 400),
        ("HEAD / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (many.as_str(), 431),
        (long.as_str(), 431),
    ] {
        let text = talk(ocod.address(), request.as_bytes());
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert_eq!((status(&text), body), (expected, ""), "{head}");
        assert!(!head.contains("\r\nContent-Length: 0"), "the length is that of a GET: {head}");
    }
}

/// As true as the line: what was closed before the request is in the response, each time.
#[test]
fn http_is_coherent() {
    let scene = Scene::new();
    let ocod = start(&scene, &["speak = \"http\""]);
    for round in 0..500 {
        let code = if round % 2 == 0 { "200" } else { "300" };
        scene.check("http", code);
        let expected = if code == "200" { 200 } else { 503 };
        assert_eq!(get(ocod.address(), "/").0, expected, "round {round}");
    }
}

#[test]
fn checks_are_json() {
    let scene = Scene::new();
    scene.check("load", "210 \"high\"\n");
    scene.check("old", "200\n");
    let past = std::time::SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options()
        .write(true)
        .open(scene.status().join("old"))
        .unwrap()
        .set_modified(past)
        .unwrap();
    let ocod = start(&scene, &["speak = \"http\"", "speak = \"http\"; checks = [\"load\"]"]);
    let read = |address| {
        let (status, body) = get(address, "/checks");
        assert_eq!(status, 200);
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON")
    };
    let all = read(ocod.addresses[0]);
    assert_eq!((&all["code"], &all["state"]), (&350.into(), &"KO".into()));
    assert_eq!(all["line"], answer("350 KO oco 300-old,210-load"));
    let (load, old) = (&all["checks"][0], &all["checks"][1]);
    assert_eq!(
        (&load["name"], &load["code"], &load["text"]),
        (&"load".into(), &210.into(), &"\"high\"".into())
    );
    assert_eq!((&load["stale"], &load["max_age_seconds"]), (&false.into(), &300.0.into()));
    assert!(load["age_seconds"].as_f64().is_some_and(|age| (0.0..60.0).contains(&age)), "{load}");
    assert_eq!((&old["code"], &old["stale"]), (&300.into(), &true.into()));
    assert!(old["age_seconds"].as_f64().is_some_and(|age| age >= 3600.0), "{old}");
    let some = read(ocod.addresses[1]);
    assert_eq!(some["code"], 250);
    assert_eq!(some["checks"].as_array().map(Vec::len), Some(1));
    std::fs::rename(scene.status(), scene.path("away")).unwrap();
    let away = read(ocod.addresses[0]);
    assert_eq!(away["line"], answer("350 KO oco 300-oco"));
    assert_eq!(away["checks"], serde_json::json!([]));
}

#[test]
fn metrics_are_what_prometheus_reads() {
    let scene = Scene::new();
    scene.check("load", "200 OK|load1=0.5;4;8 'disk \"/\"'=12% load1=7\n");
    let ocod = start(&scene, &["speak = \"http\"", "speak = \"oco\"", "speak = \"agent\""]);
    ask(ocod.addresses[1]);
    ask(ocod.addresses[1]);
    talk(ocod.addresses[2], b"");
    get(ocod.addresses[0], "/nothing");
    let (status, page) = get(ocod.addresses[0], "/metrics");
    assert_eq!(status, 200);
    for line in [
        "oco_verdict_code 200",
        "oco_check_code{check=\"load\"} 200",
        "oco_check_stale{check=\"load\"} 0",
        "oco_check_max_age_seconds{check=\"load\"} 300",
        "oco_perfdata{check=\"load\",label=\"load1\",unit=\"\"} 0.5",
        "oco_perfdata{check=\"load\",label=\"disk \\\"/\\\"\",unit=\"%\"} 12",
        "oco_answers_total{speak=\"oco\",code=\"200\"} 2",
        "oco_answers_total{speak=\"agent\",code=\"200\"} 1",
        "oco_answers_total{speak=\"http\",code=\"404\"} 1",
        concat!("oco_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    if !have("promtool") {
        println!("skipped: promtool is not installed");
        return;
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run promtool");
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

/// The lines of `page` that begin with `name` and a label.
fn series<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))).collect()
}

/// However long what stands before it is, no figure is shown that a cut has shortened, whoever has cut it.
#[test]
fn a_cut_figure_is_no_figure() {
    let scene = Scene::new();
    let ocod = start(&scene, &["speak = \"http\""]);
    for pad in 0..14 {
        let figures: Vec<String> =
            (0..400).map(|number| format!("m{number:03}={}", 1_000_000 + number)).collect();
        let text = format!("{} OK|{}", "x".repeat(pad), figures.join(" "));
        let output = scene.file("output", &text);
        let mut run = scene.oco(&["run", "recorded", "--", "cat", output.to_str().unwrap()]);
        assert!(run.status().unwrap().success());
        scene.check("written", &format!("200 {text}\n"));
        scene.check("short", "200 fine|a=1 b=U\nand\nmore\n");
        let (_, page) = get(ocod.address(), "/metrics");
        let values = series(&page, "oco_perfdata");
        assert!(values.len() > 400, "{}", values.len());
        for line in values.iter().filter(|line| !line.contains("\"short\"")) {
            let value: u32 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
            assert!((1_000_000..1_000_400).contains(&value), "{pad}: {line}");
        }
        let expected = [("recorded", 1), ("short", 0), ("written", 1)]
            .map(|(check, value)| format!("oco_perfdata_incomplete{{check=\"{check}\"}} {value}"));
        assert_eq!(series(&page, "oco_perfdata_incomplete"), expected);
    }
}

/// A label that nobody gave is worse than none. Tabs part figures as blanks do.
#[test]
fn a_label_with_blanks_and_without_quotes_is_no_other_label() {
    let scene = Scene::new();
    scene.check("drives", "200 ok|h:\\ Used Space=21.14Gb;45;47 d:\\ Used Space=75.48Gb;90;95\n");
    scene.check("tabs", "200 ok|a=1\tb=2\n");
    let ocod = start(&scene, &["speak = \"http\""]);
    let (_, page) = get(ocod.address(), "/metrics");
    let tabs = ["a", "b"]
        .iter()
        .zip(1..)
        .map(|(label, value)| format!("oco_perfdata{{check=\"tabs\",label=\"{label}\",unit=\"\"}} {value}"));
    assert_eq!(series(&page, "oco_perfdata"), tabs.collect::<Vec<_>>());
    assert!(page.contains("oco_perfdata_incomplete{check=\"drives\"} 1\n"), "{page}");
}

#[test]
fn http_refuses_what_it_does_not_have() {
    let scene = Scene::new();
    scene.check("http", "200");
    let ocod = start(&scene, &["speak = \"http\""]);
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100));
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(9000));
    let endless = format!("GET /{}", "a".repeat(60_000));
    let cases: [(&str, u16); 9] = [
        ("GET /favicon.ico HTTP/1.1\r\n\r\n", 404),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405),
        ("DELETE /checks HTTP/1.1\r\n\r\n", 405),
        ("HELO probe\r\n", 400),
        ("\x16\x03\x01\x02\x00\x01", 400),
        ("GET / HTTP/3.0\r\n\r\n", 400),
        (&many, 431),
        (&long, 431),
        (&endless, 431),
    ];
    for (request, expected) in cases {
        let response = talk(ocod.address(), request.as_bytes());
        assert_eq!(status(&response), expected, "{}", &request[..request.len().min(60)]);
        assert_eq!(response.contains("\r\nAllow: GET, HEAD"), expected == 405);
    }
    assert_eq!(get(ocod.address(), "/").0, 200);
}

/// In pieces, with a body, pipelined, half-closed: each gets its one response.
#[test]
fn http_takes_a_request_as_it_comes() {
    let scene = Scene::new();
    scene.check("http", "200");
    let ocod = start(&scene, &["speak = \"http\""]);
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = connect(ocod.address());
    stream.set_nodelay(true).unwrap();
    for octet in request {
        stream.write_all(&[*octet]).unwrap();
        std::thread::yield_now();
    }
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(status(&text), 200);
    let twice = talk(ocod.address(), &request.repeat(2));
    assert_eq!(twice.matches("HTTP/1.1 ").count(), 1, "{twice}");
    // Half of one is told to be none.
    for (request, expected) in [(&request[..], 200), (b"GET / HTTP/1.1\r\nHost: x\r\n", 400)] {
        let mut stream = connect(ocod.address());
        stream.write_all(request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(status(&text), expected);
    }
    let mut stream = connect(ocod.address());
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "who asks nothing gets nothing");
}

#[test]
fn a_slow_request_ends_and_disturbs_nobody() {
    let scene = Scene::new();
    scene.check("http", "200");
    let ocod = start(&scene, &["speak = \"http\"", "speak = \"oco\""]);
    let begun = Instant::now();
    // More than there are places: the oldest make room.
    let idlers: Vec<TcpStream> = (0..1200).map(|_| connect(ocod.addresses[0])).collect();
    let mut slow = connect(ocod.addresses[0]);
    slow.write_all(b"GET / HT").unwrap();
    for _ in 0..20 {
        assert_eq!(ask(ocod.addresses[1]), answer("200 OK oco"));
        assert_eq!(get(ocod.addresses[0], "/").0, 200);
    }
    let mut rest = Vec::new();
    // A reset would do as well.
    let _ = slow.read_to_end(&mut rest);
    assert!(rest.is_empty(), "{}", rest.escape_ascii());
    assert!(begun.elapsed() >= Duration::from_secs(4), "closed after {:?}", begun.elapsed());
    drop(idlers);
    assert_eq!(get(ocod.addresses[0], "/").0, 200);
}

/// A page that no buffer of the kernel holds, and clients that do not read it.
#[test]
fn a_large_page_is_whole_and_costs_bounded_memory() {
    let scene = Scene::new();
    for number in 0..4000 {
        scene.check(&format!("check-number-{number}"), "200 a text of some length|a=1 b=2 c=3\n");
    }
    let ocod = start(&scene, &["speak = \"http\"", "speak = \"oco\""]);
    let (status, page) = get(ocod.addresses[0], "/metrics");
    assert_eq!(
        (status, page.lines().filter(|line| line.starts_with("oco_perfdata{")).count()),
        (200, 12_000)
    );
    let hogs: Vec<TcpStream> = (0..150)
        .map(|_| {
            let mut hog = connect(ocod.addresses[0]);
            hog.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
            hog
        })
        .collect();
    assert_eq!(ask(ocod.addresses[1]), answer("200 OK oco"));
    wait_for("a page beside the hogs", || (get(ocod.addresses[0], "/").0 == 200).then_some(()));
    let resident = std::fs::read_to_string(format!("/proc/{}/status", ocod.pid())).unwrap();
    let peak = resident.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 96 * 1024, "{peak} KiB for {} octets a page", page.len());
    drop(hogs);
    assert_eq!(get(ocod.addresses[0], "/metrics").1.lines().count(), page.lines().count());
}

#[test]
fn http_answers_only_allowed_clients() {
    let scene = Scene::new();
    scene.check("http", "200");
    let ocod = start(&scene, &["speak = \"http\"; allow = [\"192.0.2.0/24\"]"]);
    let mut stream = connect(ocod.address());
    let _ = stream.write_all(b"GET / HTTP/1.0\r\n\r\n");
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    assert!(text.is_empty());
}

#[test]
fn a_request_before_the_stop_is_answered() {
    let scene = Scene::new();
    scene.check("http", "200");
    let mut ocod = start(&scene, &["speak = \"http\""]);
    let mut stream = connect(ocod.address());
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    ocod.signal("TERM");
    ocod.wait_for_log("stopping");
    stream.write_all(b"\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(status(&text), 200);
    drop(stream);
    assert!(ocod.wait().success());
}

/// A request that came in before a reload is answered by the settings after it.
#[test]
fn a_request_outlives_a_reload() {
    let scene = Scene::new();
    scene.check("http", "200");
    scene.check("disk", "300");
    let ocod = start(&scene, &["speak = \"http\"; checks = [\"http\"]"]);
    let mut stream = connect(ocod.address());
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    get(ocod.address(), "/");
    configure(&scene, &["speak = \"http\"; checks = [\"disk\"]"]);
    ocod.signal("HUP");
    ocod.wait_for_log("reloaded");
    stream.write_all(b"\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.ends_with(&format!("{}\r\n", answer("350 KO oco 300-disk"))), "{text}");
}

#[test]
fn agent_speaks_haproxys_words() {
    let scene = Scene::new();
    let ocod =
        start(&scene, &["speak = \"agent\"", "speak = \"agent\"; but-weight = 7; checks = [\"disk\"]"]);
    let words = |index: usize| talk(ocod.addresses[index], b"");
    assert_eq!(words(0), "down #300-oco\n");
    scene.check("http", "200");
    assert_eq!(words(0), "ready up 100%\n");
    scene.check("disk", "210");
    assert_eq!((words(0), words(1)), ("ready up 50%\n".into(), "ready up 7%\n".into()));
    scene.check("http", "300");
    scene.check("php", "300");
    assert_eq!(words(0), "down #300-http,300-php,210-disk\n");
    scene.check("drain", "300");
    assert_eq!(words(0), "drain #300-drain,300-http,300-php,210-disk\n");
    assert!(scene.oco(&["maint", "on"]).status().unwrap().success());
    assert_eq!(words(0), "maint #300-drain,300-http,300-maint,300-php,210-disk\n");
    assert_eq!(words(1), "maint #300-drain,300-maint,210-disk\n", "they are heard everywhere");
    assert!(scene.oco(&["maint", "off"]).status().unwrap().success());
    scene.check("drain", "200");
    assert_eq!(words(0), "down #300-http,300-php,210-disk\n");
    // The verdict of all checks is logged once, not once for each face. A line behind all of that is waited for.
    scene.check("last", "500");
    let log = ocod.wait_for_log("info: last: none -> 500");
    assert_eq!(log.matches("info: 350 KO").count(), 2, "{log}");
    assert_eq!(log.matches("info: 127.0.0.1:0: 350 KO").count(), 2, "{log}");
}

/// Who takes a host out by hand means all of it, whatever a listener is limited to and however it speaks.
#[test]
fn maint_and_drain_are_heard_by_every_listener() {
    let scene = Scene::new();
    scene.check("a", "200");
    scene.check("b", "210");
    let limited = "checks = [\"a\"]";
    let ocod = start(
        &scene,
        &[
            limited,
            &format!("{limited}; speak = \"http\""),
            &format!("{limited}; speak = \"agent\""),
            &format!("{limited}; refuse-when-ko = true"),
            "checks = [\"c\"]",
            "checks = [\"c\"]; speak = \"agent\"",
        ],
    );
    let [oco, http, agent, shut, unknown, unknown_agent] = ocod.addresses[..] else { panic!("six ports") };
    let expect = |line: &str, words: &str, unknown_words: &str| {
        assert_eq!(ask(oco), answer(line));
        let status = if line.starts_with('2') { 200 } else { 503 };
        assert_eq!(get(http, "/"), (status, answer(line) + "\r\n"));
        assert_eq!(talk(agent, b""), format!("{words}\n"));
        wait_for("the port", || (is_open(shut) == line.starts_with('2')).then_some(()));
        // Of what it is limited to still nothing is known.
        assert_eq!(ask(unknown), answer("350 KO oco 300-oco"));
        assert_eq!(talk(unknown_agent, b""), format!("{unknown_words}\n"));
    };
    expect("200 OK oco", "ready up 100%", "down #300-oco");
    assert!(scene.oco(&["maint", "on"]).status().unwrap().success());
    expect("350 KO oco 300-maint", "maint #300-maint", "maint #300-oco");
    let pages = ["/checks", "/metrics"].map(|path| get(http, path).1);
    assert!(pages.iter().all(|page| page.contains("\"maint\"") && !page.contains("\"b\"")), "{pages:?}");
    assert!(scene.oco(&["maint", "off"]).status().unwrap().success());
    expect("200 OK oco", "ready up 100%", "down #300-oco");
    scene.check("drain", "300");
    expect("350 KO oco 300-drain", "drain #300-drain", "drain #300-oco");
    scene.check("drain", "200");
    expect("200 OK oco", "ready up 100%", "down #300-oco");
}

/// Whether the port is open.
pub fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}

#[test]
fn a_port_that_refuses_when_ko_is_shut_and_stays_ours() {
    let scene = Scene::new();
    scene.check("http", "300");
    let mut ocod = start(&scene, &["refuse-when-ko = true", "speak = \"http\"; refuse-when-ko = true", ""]);
    for index in [0, 1] {
        assert!(!is_open(ocod.addresses[index]), "open before anything is known to be OK");
    }
    for _ in 0..20 {
        scene.check("http", "210");
        wait_for("the ports to open", || {
            [0, 1].iter().all(|index| is_open(ocod.addresses[*index])).then_some(())
        });
        assert_eq!(ask(ocod.addresses[0]), answer("250 OK, but oco 210-http"));
        assert_eq!(get(ocod.addresses[1], "/").0, 200);
        scene.check("http", "300");
        wait_for("the ports to shut", || {
            [0, 1].iter().all(|index| !is_open(ocod.addresses[*index])).then_some(())
        });
        // std binds with SO_REUSEADDR, as whoever might take the port.
        let taken = std::net::TcpListener::bind(ocod.addresses[0]);
        assert!(taken.is_err(), "somebody else has the port");
        assert_eq!(ask(ocod.addresses[2]), answer("350 KO oco 300-http"));
    }
    let config = scene.path("ocod.toml");
    // A reload finds the same state, and one without the key opens the port.
    ocod.signal("HUP");
    ocod.wait_for_log("reloaded");
    assert!(!is_open(ocod.addresses[0]));
    let settings = std::fs::read_to_string(&config).unwrap().replace("refuse-when-ko = true", "");
    std::fs::write(&config, settings).unwrap();
    ocod.signal("HUP");
    wait_for("the port to open", || is_open(ocod.addresses[0]).then_some(()));
    ocod.signal("TERM");
    assert!(ocod.wait().success());
}

/// Time alone shuts it too.
#[test]
fn a_port_that_refuses_when_ko_is_shut_when_a_result_goes_stale() {
    let scene = Scene::new();
    scene.check("http", "200");
    let config = configure(&scene, &["refuse-when-ko = true"]);
    let ocod = Ocod::start_with(&scene, &["-c", config.to_str().unwrap(), "--max-age", "1500ms"]);
    scene.check("http", "200");
    wait_for("the port to open", || is_open(ocod.address()).then_some(()));
    wait_for("the port to shut", || (!is_open(ocod.address())).then_some(()));
    scene.check("http", "200");
    wait_for("the port to open again", || is_open(ocod.address()).then_some(()));
}

#[test]
fn passed_sockets_speak_by_their_names() {
    if !have("systemd-socket-activate") {
        println!("skipped: systemd-socket-activate is not installed");
        return;
    }
    let scene = Scene::new();
    scene.check("http", "210");
    for (name, expected) in [("oco", "250 OK, but"), ("agent", "ready up 50%"), ("http", "HTTP/1.1 200")] {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let mut command = Command::new("systemd-socket-activate");
        command.args(["-l", &address.to_string(), &format!("--fdname={name}"), "-E", "OCO_DIR"]);
        command.arg(env!("CARGO_BIN_EXE_ocod")).env("OCO_DIR", scene.status());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut stream = wait_for("the port", || TcpStream::connect(address).ok());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let _ = child.kill();
        let _ = child.wait();
        assert!(text.starts_with(expected), "{name}: {text}");
    }
}

#[test]
fn systemd_is_told() {
    let scene = Scene::new();
    scene.check("http", "200");
    let path = scene.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = scene.ocod(&["-c", configure(&scene, &[""]).to_str().unwrap()]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut ocod = Ocod::spawn(command);
    let wait = |wanted: &str| {
        let begun = Instant::now();
        let mut seen = String::new();
        while begun.elapsed() < PATIENCE {
            let mut message = [0; 4096];
            let octets = systemd.recv(&mut message).expect("a message");
            let text = String::from_utf8_lossy(&message[..octets]).into_owned();
            if text.lines().any(|line| line == wanted) {
                return text;
            }
            seen.push_str(&text);
        }
        panic!("no {wanted} in {seen}");
    };
    wait("STATUS=200 OK");
    wait("READY=1");
    wait("WATCHDOG=1");
    wait("WATCHDOG=1");
    scene.check("http", "300");
    wait("STATUS=350 KO 300-http");
    ocod.signal("HUP");
    assert!(wait("RELOADING=1").contains("MONOTONIC_USEC="));
    wait("READY=1");
    ocod.signal("TERM");
    wait("STOPPING=1");
    assert!(ocod.wait().success());
}

/// systemd that does not read its socket delays no answer.
#[test]
fn a_deaf_systemd_holds_nobody_up() {
    let scene = Scene::new();
    scene.check("http", "200");
    let path = scene.path("notify");
    let _systemd = UnixDatagram::bind(&path).unwrap();
    let mut command = scene.ocod(&["-l", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &path);
    let mut ocod = Ocod::spawn(command);
    // Many times what a socket of that kind holds (net.unix.max_dgram_qlen).
    for round in 0..1000 {
        let (code, line) =
            if round % 2 == 0 { ("300", "350 KO oco 300-http") } else { ("200", "200 OK oco") };
        scene.check("http", code);
        ocod.expect(line);
    }
    wait_for("each change of the verdict to be told", || {
        (ocod.log().matches(" 350 KO ").count() == 500).then_some(())
    });
    ocod.signal("HUP");
    ocod.wait_for_log("info: reloaded");
    ocod.signal("TERM");
    assert!(ocod.wait().success());
}
