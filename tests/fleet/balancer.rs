//! Balancers' tables: a real HAProxy follows the fleet, others' settings stay, and commands are run at each transition.

use crate::recorder::Recorder;
use crate::scene::{Scene, text, wait_for};
use crate::server::{Running, free_port, has, serve};
use crate::watcher::Watcher;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// A group whose hosts others report, so that a test says at once how they are.
const WEB: &str = "[hostgroup.web]\nhosts = [\"w1\", \"w2\", { name = \"w3\", address = \"127.0.0.33\" }]\n\
                   [hostgroup.web.service.oco]\nprobe = { report = \"25h\" }\n";

fn report(scene: &Scene, host: &str, code: &str) {
    let output = scene.fleet(&["report", &format!("web/oco/{host}"), code, "said"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn act(scene: &Scene, words: &[&str]) {
    let output = scene.fleet(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
}

/// HAProxy: that of this Debian, or another one that `OCO_HAPROXY` names.
fn program() -> String {
    std::env::var("OCO_HAPROXY").unwrap_or_else(|_| "haproxy".to_owned())
}

/// A scene with an HAProxy of its own: servers `w1` and `w2` by name, `third` by w3's address, `other` of nobody here.
struct Balanced {
    scene: Scene,
    port: u16,
}

impl Balanced {
    fn new(keys: &str) -> Option<Balanced> {
        if !has("balancer", &program()) {
            return None;
        }
        let scene = Scene::new("");
        let port = free_port();
        let socket = scene.path("haproxy.sock");
        let socket = socket.display();
        scene.file(
            "haproxy.cfg",
            &format!(
                "global\n  stats socket {socket} mode 600 level admin\n\
                 defaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n\
                 listen web\n  bind 127.0.0.1:{port}\n  server w1 127.0.0.1:9 weight 100\n\
                 \x20 server w2 127.0.0.2:9 weight 40\n  server third 127.0.0.33:9\n  server other 127.0.0.4:9\n"
            ),
        );
        scene.configure(&format!(
            "{WEB}[[table]]\nkind = \"haproxy\"\nservice = \"web/oco\"\nsocket = \"{socket}\"\nbackend = \"web\"\n{keys}"
        ));
        Some(Balanced { scene, port })
    }

    fn haproxy(&self) -> Option<Running> {
        let mut command = Command::new(program());
        command.arg("-db").arg("-f").arg(self.scene.path("haproxy.cfg"));
        Running::start("balancer", &mut command, &[self.port])
    }

    /// What HAProxy answers to a command: nothing from one that ends just then.
    fn tell(&self, command: &str) -> String {
        // While it reloads, nobody listens for a moment.
        let mut stream = wait_for("its socket", || UnixStream::connect(self.scene.path("haproxy.sock")).ok());
        let mut answer = String::new();
        let _ = writeln!(stream, "{command}").and_then(|()| stream.read_to_string(&mut answer));
        answer
    }

    /// Each server's state and weight: 0 ready, 1 maint, 8 drain.
    fn servers(&self) -> BTreeMap<String, (u32, u32)> {
        let answer = self.tell("show servers state web");
        let rows = answer.lines().map(|line| line.split(' ').collect::<Vec<&str>>());
        let rows = rows.filter(|row| row.get(1) == Some(&"web"));
        rows.map(|row| (row[3].to_owned(), (row[6].parse().unwrap(), row[7].parse().unwrap()))).collect()
    }

    #[track_caller]
    fn wait_for(&self, server: &str, expected: (u32, u32)) {
        wait_for(&format!("{server} to be {expected:?} in {:?}", self.servers()), || {
            (self.servers().get(server) == Some(&expected)).then_some(())
        });
    }
}

#[test]
fn haproxy_follows_states_weights_and_maintenance() {
    let Some(balanced) = Balanced::new("") else { return };
    let Some(_haproxy) = balanced.haproxy() else { return };
    let watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w1", "200");
    report(&balanced.scene, "w2", "201");
    report(&balanced.scene, "w3", "300");
    balanced.wait_for("w2", (0, 20));
    balanced.wait_for("third", (1, 1));
    act(&balanced.scene, &["maint", "web/oco/w1", "--for", "1h", "work"]);
    balanced.wait_for("w1", (8, 100));
    assert_eq!(balanced.servers()["other"], (0, 1));
    report(&balanced.scene, "w2", "200");
    report(&balanced.scene, "w3", "201");
    act(&balanced.scene, &["unmaint", "web/oco/w1"]);
    balanced.wait_for("w1", (0, 100));
    balanced.wait_for("w2", (0, 40));
    balanced.wait_for("third", (0, 1));
    watcher.wait_for_log("web: third: state ready");
    assert!(!watcher.log().contains("tried again"), "{}", watcher.log());
}

#[test]
fn the_last_ones_to_fail_stay_and_ko_may_drain() {
    let Some(balanced) = Balanced::new("ko = \"drain\"\nmin-up = 1\n") else { return };
    let Some(_haproxy) = balanced.haproxy() else { return };
    let _watcher = Watcher::start(&balanced.scene);
    for (host, server) in [("w2", "w2"), ("w3", "third"), ("w1", "w1")] {
        report(&balanced.scene, host, "300");
        if host != "w1" {
            wait_for("it to drain", || (balanced.servers()[server].0 == 8).then_some(()));
        }
    }
    report(&balanced.scene, "w2", "200");
    balanced.wait_for("w1", (8, 100));
    balanced.wait_for("w2", (0, 40));
}

#[test]
fn what_others_set_stays() {
    let Some(balanced) = Balanced::new("") else { return };
    let Some(_haproxy) = balanced.haproxy() else { return };
    balanced
        .tell("set server web/w1 state maint; set server web/other state drain; set server web/w2 weight 7");
    let _watcher = Watcher::start(&balanced.scene);
    for host in ["w1", "w2", "w3"] {
        report(&balanced.scene, host, "300");
    }
    balanced.wait_for("w2", (1, 7));
    balanced.wait_for("third", (1, 1));
    for host in ["w1", "w2", "w3"] {
        report(&balanced.scene, host, "201");
    }
    balanced.wait_for("w2", (0, 7));
    balanced.wait_for("third", (0, 1));
    assert_eq!((balanced.servers()["w1"], balanced.servers()["other"]), ((1, 50), (8, 1)));
    // Somebody drains what we put into maintenance: it is theirs from then on.
    report(&balanced.scene, "w2", "300");
    balanced.wait_for("w2", (1, 7));
    balanced.tell("set server web/w2 state drain");
    report(&balanced.scene, "w3", "300");
    balanced.wait_for("third", (1, 1));
    report(&balanced.scene, "w2", "200");
    report(&balanced.scene, "w3", "200");
    balanced.wait_for("third", (0, 1));
    assert_eq!(balanced.servers()["w2"], (8, 7));
}

#[test]
fn a_restarted_haproxy_is_put_right_and_a_killed_watcher_knows_what_it_set() {
    let Some(balanced) = Balanced::new("") else { return };
    let Some(haproxy) = balanced.haproxy() else { return };
    let watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w1", "201");
    report(&balanced.scene, "w2", "300");
    balanced.wait_for("w1", (0, 50));
    balanced.wait_for("w2", (1, 40));
    drop(haproxy);
    let Some(_haproxy) = balanced.haproxy() else { return };
    let begin = Instant::now();
    balanced.wait_for("w2", (1, 40));
    balanced.wait_for("w1", (0, 50));
    assert!(begin.elapsed() < Duration::from_secs(40));
    watcher.signal("KILL");
    drop(watcher);
    let _watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w1", "200");
    report(&balanced.scene, "w2", "200");
    balanced.wait_for("w2", (0, 40));
    balanced.wait_for("w1", (0, 100));
}

#[test]
fn a_reloaded_haproxy_is_put_right_while_its_old_worker_lives() {
    let Some(balanced) = Balanced::new("") else { return };
    let socket = balanced.scene.path("haproxy.sock");
    let file = std::fs::read_to_string(balanced.scene.path("haproxy.cfg")).unwrap();
    balanced.scene.file("haproxy.cfg", &file.replace("global\n", "global\n  stats timeout 10m\n"));
    let mut command = Command::new(program());
    command.arg("-W").arg("-db").arg("-f").arg(balanced.scene.path("haproxy.cfg"));
    let Some(haproxy) = Running::start("balancer", &mut command, &[balanced.port]) else { return };
    let _watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w2", "300");
    balanced.wait_for("w2", (1, 40));
    // Somebody who holds a connection keeps the old worker alive.
    let _held = UnixStream::connect(&socket).unwrap();
    let pid = |answer: &str| answer.lines().find_map(|line| line.strip_prefix("Pid: ")).map(str::to_owned);
    let old = pid(&balanced.tell("show info"));
    let is_there = || std::path::Path::new("/proc").join(old.as_deref().unwrap()).exists();
    haproxy.signal("USR2");
    wait_for("the new worker", || {
        let new = pid(&balanced.tell("show info"));
        (new.is_some() && new != old).then_some(())
    });
    balanced.wait_for("w2", (1, 40));
    report(&balanced.scene, "w1", "300");
    report(&balanced.scene, "w2", "200");
    balanced.wait_for("w1", (1, 100));
    balanced.wait_for("w2", (0, 40));
    assert!(is_there(), "the old worker has ended");
    haproxy.signal("TERM");
    wait_for("HAProxy to end", || haproxy.has_ended().then_some(()));
}

#[test]
fn a_host_that_left_the_file_leaves_its_server_as_it_was() {
    let Some(balanced) = Balanced::new("") else { return };
    let Some(_haproxy) = balanced.haproxy() else { return };
    let watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w2", "300");
    balanced.wait_for("w2", (1, 40));
    let file = std::fs::read_to_string(balanced.scene.path("watch.toml")).unwrap();
    std::fs::write(balanced.scene.path("watch.toml"), file.replace("\"w2\", ", "")).unwrap();
    watcher.signal("HUP");
    balanced.wait_for("w2", (0, 40));
}

/// Where each line is answered so.
fn answers(answer: &'static str) -> SocketAddr {
    serve(move |mut stream| {
        let _ = BufReader::new(&stream).read_line(&mut String::new());
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn a_socket_that_answers_not_half_or_nonsense_is_told_once_and_holds_up_nobody() {
    let Some(balanced) = Balanced::new("") else { return };
    let half = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n2 web";
    let hangs = serve(|stream| {
        std::thread::sleep(Duration::from_secs(30));
        drop(stream);
    });
    let sockets: [(SocketAddr, &str); 5] = [
        (answers(""), "the answer is cut"),
        (answers(half), "the answer is cut"),
        (answers("Unknown command.\n\n"), "Unknown command."),
        (hangs, "no whole answer within 2s"),
        (SocketAddr::from(([127, 0, 0, 1], free_port())), "connection refused"),
    ];
    let mut tables = String::new();
    for (address, _) in sockets {
        tables.push_str(&format!(
            "[[table]]\nkind = \"haproxy\"\nservice = \"web/oco\"\nsocket = \"tcp {address}\"\nbackend = \"web\"\n"
        ));
    }
    let file = std::fs::read_to_string(balanced.scene.path("watch.toml")).unwrap();
    std::fs::write(balanced.scene.path("watch.toml"), file + &tables).unwrap();
    let Some(_haproxy) = balanced.haproxy() else { return };
    let watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w2", "300");
    balanced.wait_for("w2", (1, 40));
    for (address, why) in &sockets {
        watcher.wait_for_log(&format!("tcp {address} web: {why}"));
    }
    std::thread::sleep(Duration::from_secs(6));
    for (address, _) in sockets {
        assert_eq!(watcher.log().matches(&address.to_string()).count(), 1, "{}", watcher.log());
    }
}

#[test]
fn a_socket_that_answers_late_and_in_pieces_is_used() {
    let Some(balanced) = Balanced::new("") else { return };
    let socket = balanced.scene.path("haproxy.sock");
    let late = serve(move |mut stream| {
        let (mut command, mut answer) = (String::new(), Vec::new());
        let _ = BufReader::new(&stream).read_line(&mut command);
        let Ok(mut haproxy) = UnixStream::connect(&socket) else { return };
        let _ = haproxy.write_all(command.as_bytes()).and_then(|()| haproxy.read_to_end(&mut answer));
        for piece in answer.chunks((answer.len() / 4).max(1)) {
            std::thread::sleep(Duration::from_millis(250));
            if stream.write_all(piece).is_err() {
                return;
            }
        }
    });
    let direct = format!("socket = \"{}\"", balanced.scene.path("haproxy.sock").display());
    let file = std::fs::read_to_string(balanced.scene.path("watch.toml")).unwrap();
    let file = file.replace(&direct, &format!("socket = \"tcp {late}\""));
    assert!(file.contains("tcp "), "{file}");
    std::fs::write(balanced.scene.path("watch.toml"), file).unwrap();
    let Some(_haproxy) = balanced.haproxy() else { return };
    let watcher = Watcher::start(&balanced.scene);
    report(&balanced.scene, "w2", "300");
    balanced.wait_for("w2", (1, 40));
    report(&balanced.scene, "w2", "200");
    balanced.wait_for("w2", (0, 40));
    assert!(!watcher.log().contains("error: "), "{}", watcher.log());
}

#[test]
fn a_command_is_run_at_each_transition_of_a_target() {
    let scene = Scene::new("");
    let recorder = Recorder::new(&scene, "changed", "");
    scene.configure(&format!(
        "{WEB}[[table]]\nkind = \"exec\"\nservice = \"web/oco\"\ncommand = [{:?}, \"{{host}}\", \"{{address}}\"]\n",
        recorder.path()
    ));
    let _watcher = Watcher::start(&scene);
    report(&scene, "w3", "200");
    report(&scene, "w3", "300");
    report(&scene, "w3", "350");
    let calls = recorder.wait_for(3);
    let said = |name: &str| -> Vec<String> {
        calls.iter().map(|call| call.variable(name).unwrap_or("none").to_owned()).collect()
    };
    assert_eq!(said("OCO_OLD"), ["unknown", "ok", "ko"]);
    assert_eq!(said("OCO_NEW"), ["ok", "ko", "ko"]);
    assert_eq!(said("OCO_CODE"), ["200", "300", "350"]);
    assert_eq!(said("OCO_REASON"), ["said", "said", "said"]);
    for (name, value) in [("OCO_GROUP", "web"), ("OCO_SERVICE", "oco"), ("OCO_HOST", "w3")] {
        assert_eq!(calls[0].variable(name), Some(value));
    }
    assert!(calls[0].variable("OCO_AT").unwrap().starts_with("20"));
    assert_eq!(calls[0].arguments, ["w3", "127.0.0.33"]);
    assert_eq!(recorder.calls().len(), 3);
}
