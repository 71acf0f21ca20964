//! The kernel's virtual services, by a stand-in for ipvsadm that keeps them in a directory, and refuses what ipvsadm refuses.

use crate::scene::{Scene, text, wait_for};
use crate::talk::Talk;
use crate::watcher::Watcher;
use serde_json::json;
use std::process::Command;

/// What `tests/lvs_guest/run` has proved.
const STAND_IN: &str = include_str!("../lvs_guest/ipvsadm");

const WEB: &str = "[hostgroup.web]\nhosts = [{ name = \"a\", address = \"192.0.2.11\" }, { name = \"b\", address = \
                   \"192.0.2.12\" }, { name = \"c\", address = \"192.0.2.13\" }]\n\
                   [hostgroup.web.service.oco]\nprobe = { report = \"25h\" }\n\
                   [[table]]\nkind = \"lvs\"\nservice = \"web/oco\"\nvirtual = \"tcp 192.0.2.1:80\"\n";

struct Kernel {
    scene: Scene,
}

impl Kernel {
    fn new(keys: &str) -> Kernel {
        Kernel::of(&format!("{WEB}{keys}"))
    }

    fn of(settings: &str) -> Kernel {
        let scene = Scene::new(settings);
        std::fs::create_dir(scene.path("bin")).unwrap();
        scene.program("bin/ipvsadm", STAND_IN);
        Kernel { scene }
    }

    fn ipvsadm(&self, arguments: &str) -> String {
        let mut command = Command::new(self.scene.path("bin/ipvsadm"));
        let output = command.args(arguments.split(' ')).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    fn watch(&self) -> Watcher {
        let mut command = self.scene.ocowatch(&[]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.scene.path("bin").display()));
        let watcher = Watcher::spawn(command);
        wait_for("the control socket", || std::os::unix::net::UnixStream::connect(self.scene.control()).ok());
        watcher
    }

    fn report(&self, host: &str, code: &str) {
        let name = format!("web/oco/{host}");
        let output = self.scene.fleet(&["report", &name, code, "said"]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    /// Waits until our service has these servers, each `LAST_OCTET WEIGHT`.
    #[track_caller]
    fn wait_for(&self, expected: &[&str]) {
        let servers = || -> Vec<String> {
            let saved = self.ipvsadm("-Sn");
            let ours = saved.lines().filter_map(|line| line.strip_prefix("-a -t 192.0.2.1:80 -r "));
            let short = |line: &str| {
                let (address, rest) = line.split_once(':').unwrap();
                format!("{} {}", address.rsplit('.').next().unwrap(), rest.rsplit(' ').next().unwrap())
            };
            ours.map(short).collect()
        };
        wait_for(&format!("{expected:?} in {}", self.ipvsadm("-Sn")), || {
            (servers() == expected).then_some(())
        });
    }
}

/// What the steps of a transcript changed, in any order: after the line of each, what it says, its exit status, and what the
/// kernel has then.
fn steps(transcript: &str) -> Vec<Vec<&str>> {
    let steps = transcript.split("> ").filter(|step| !step.is_empty());
    steps
        .map(|step| {
            let mut lines: Vec<&str> = step.lines().collect();
            lines[1..].sort_unstable();
            lines
        })
        .collect()
}

#[test]
fn the_stand_in_is_as_the_real_kernel() {
    let kernel = Kernel::new("");
    let guest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lvs_guest");
    let mut command = Command::new("sh");
    command.arg(guest.join("drive")).arg(guest.join("commands"));
    let path = std::env::var("PATH").unwrap();
    let output = command.env("PATH", format!("{}:{path}", kernel.scene.path("bin").display())).output();
    let told = text(&output.unwrap().stdout);
    let (told, expected) = (steps(&told), steps(include_str!("../lvs_guest/kernel")));
    for (told, expected) in told.iter().zip(&expected) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.len(), expected.len());
}

#[test]
fn virtual_services_follow_states_weights_and_maintenance() {
    let kernel = Kernel::new("persistent = \"5m\"\nfallback = \"127.0.0.1:80\"\n");
    kernel.ipvsadm("-A -t 192.0.2.9:80 -s rr");
    kernel.ipvsadm("-a -t 192.0.2.9:80 -r 192.0.2.11:80 -m -w 7");
    let watcher = kernel.watch();
    kernel.report("a", "200");
    kernel.report("b", "201");
    kernel.report("c", "300");
    kernel.wait_for(&["11 100", "12 50"]);
    assert!(kernel.ipvsadm("-Sn").contains("-A -t 192.0.2.1:80 -s wlc -p 300\n"));
    kernel.ipvsadm("-a -t 192.0.2.1:80 -r 192.0.2.99:80 -g -w 0");
    let maint = kernel.scene.fleet(&["maint", "web/oco/a", "--for", "1h", "work"]).output().unwrap();
    assert!(maint.status.success());
    kernel.wait_for(&["11 0", "12 50", "99 0"]);
    kernel.report("b", "300");
    kernel.wait_for(&["1 1", "11 0", "99 0"]);
    kernel.report("c", "200");
    kernel.wait_for(&["11 0", "13 100", "99 0"]);
    watcher.wait_for_log("lvs tcp 192.0.2.1:80: 192.0.2.99:80 stands there");
    watcher.wait_for_log("lvs tcp 192.0.2.1:80: 192.0.2.13:80: added, weight 100");
    assert_eq!(watcher.log().matches("192.0.2.99:80").count(), 1);
    assert!(!watcher.log().contains("tried again"), "{}", watcher.log());
    assert!(kernel.ipvsadm("-Sn").contains("-a -t 192.0.2.9:80 -r 192.0.2.11:80 -m -w 7\n"));
}

#[test]
fn what_somebody_undid_is_put_right_and_a_killed_watcher_takes_its_own_out_with_their_host() {
    let kernel = Kernel::new("quiesce = true\n");
    let watcher = kernel.watch();
    for host in ["a", "b", "c"] {
        kernel.report(host, "200");
    }
    kernel.wait_for(&["11 100", "12 100", "13 100"]);
    kernel.ipvsadm("-d -t 192.0.2.1:80 -r 192.0.2.12:80");
    kernel.report("c", "300");
    kernel.wait_for(&["11 100", "12 100", "13 0"]);
    // What is set and not noted when it is killed is somebody else's afterwards. The journal is in order: what comes of a
    // later change is behind it.
    kernel.report("a", "210");
    kernel.wait_for(&["11 50", "12 100", "13 0"]);
    kernel.report("a", "211");
    wait_for("what was set in the journal", || {
        let journal = rusqlite::Connection::open(kernel.scene.path("state/fleet.db")).unwrap();
        let noted = "SELECT code FROM standing JOIN object ON id = object WHERE name = 'web/oco/a'";
        (journal.query_row(noted, [], |row| row.get::<_, i64>(0)) == Ok(211)).then_some(())
    });
    watcher.signal("KILL");
    drop(watcher);
    let file = std::fs::read_to_string(kernel.scene.path("watch.toml")).unwrap();
    let without = file.replace("{ name = \"b\", address = \"192.0.2.12\" }, ", "");
    std::fs::write(kernel.scene.path("watch.toml"), without).unwrap();
    let watcher = kernel.watch();
    kernel.wait_for(&["11 50", "13 0"]);
    drop(watcher);
    kernel.wait_for(&["11 50", "13 0"]);
}

#[test]
fn a_server_that_the_kernel_refuses_is_told_once_and_holds_up_no_other() {
    let kernel = Kernel::new("");
    kernel.scene.file("bin/ipvsadm.refused", "192.0.2.11:80");
    let watcher = kernel.watch();
    for host in ["a", "b", "c"] {
        kernel.report(host, "200");
    }
    kernel.wait_for(&["12 100", "13 100"]);
    watcher.wait_for_log(
        "-r 192.0.2.11:80 -g -w 100: exit status 255: Memory allocation problem; it is tried again",
    );
    kernel.report("b", "300");
    kernel.wait_for(&["13 100"]);
    std::fs::remove_file(kernel.scene.path("bin/ipvsadm.refused")).unwrap();
    kernel.report("b", "200");
    kernel.wait_for(&["11 100", "12 100", "13 100"]);
    watcher.wait_for_log("192.0.2.1:80: is as it should be again");
    assert_eq!(watcher.log().matches("Memory allocation").count(), 1, "{}", watcher.log());
}

#[test]
fn a_server_of_the_other_family_holds_up_no_other() {
    let kernel = Kernel::of(&WEB.replace("192.0.2.11", "2001:db8::11"));
    let watcher = kernel.watch();
    for host in ["a", "b", "c"] {
        kernel.report(host, "200");
    }
    kernel.wait_for(&["12 100", "13 100"]);
    watcher.wait_for_log(
        "-r [2001:db8::11]:80 -g -w 100: exit status 2: Different address family is allowed only for tunneling servers",
    );
    kernel.report("c", "300");
    kernel.wait_for(&["12 100"]);
}

#[test]
fn ten_thousand_servers_are_added_read_and_followed() {
    let hosts: Vec<String> =
        (0..10_000).map(|number| format!("10.0.{}.{}", number / 250, 1 + number % 250)).collect();
    let kernel = Kernel::of(&format!(
        "[hostgroup.web]\nhosts = {hosts:?}\n[hostgroup.web.service.oco]\nprobe = {{ report = \"25h\" }}\n\
         [[table]]\nkind = \"lvs\"\nservice = \"web/oco\"\nvirtual = \"tcp 192.0.2.1:80\"\n"
    ));
    let watcher = kernel.watch();
    let mut talk = Talk::new(&kernel.scene);
    for hosts in hosts.chunks(2000) {
        let reports: Vec<_> =
            hosts.iter().map(|host| json!({ "name": format!("web/oco/{host}"), "code": 200 })).collect();
        let reply = talk.ask(&json!({ "version": 1, "order": "report", "reports": reports }).to_string());
        assert_eq!(reply["ok"], true, "{reply}");
    }
    let servers = |weight: &str| kernel.ipvsadm("-Sn").lines().filter(|line| line.ends_with(weight)).count();
    wait_for("all servers", || (servers(" -g -w 100") == 10_000).then_some(()));
    assert!(kernel.ipvsadm("-Sn").len() > 400_000);
    kernel.report("10.0.7.7", "300");
    kernel.report("10.0.8.8", "201");
    wait_for("one fewer, and one with half its weight", || {
        (servers(" -g -w 100") == 9998 && servers(" 10.0.8.8:80 -g -w 50") == 1).then_some(())
    });
    assert!(!watcher.log().contains("warn: table"), "{}", watcher.log());
}
