//! A configuration of mon and its counterpart here, run side by side over the same faults with mon's own monitor: whom
//! each told, and how often. What differs is explained in ocowatch(8), COMING FROM MON.

use crate::scene::{Scene, wait_for};
use crate::server::{free_port, has};
use crate::watcher::Watcher;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where Debian has mon's programs.
const MONITORS: &str = "/usr/lib/mon/mon.d";
const ALERTS: &str = "/usr/lib/mon/alert.d";

/// Writes a line a call, in one write: its arguments, and the first line that it was given.
const RECORDER: &str = r#"#!/bin/sh
read -r summary
cat >/dev/null
printf '%s|%s\n' "$*" "$summary" >>"${0%/*}/../calls"
"#;

/// mon's monitor, of which is kept what it said last: mon looks after its services the more rarely, the more it is asked.
/// It does not look while a test opens two doors at once.
const MONITOR: &str = r#"#!/bin/sh
said=$(flock --shared "${0%/*}/../../doors" "$MONITORS/tcp.monitor" "$@")
status=$?
printf '%s\n' "$said"
seen=${0%/*}/../seen.$MON_GROUP.$MON_SERVICE
printf '%s\n' "$said" | sed 's/^$/none/;q' >"$seen.new" && mv "$seen.new" "$seen"
exit $status
"#;

/// Stands for sendmail: the subjects.
const SENDMAIL: &str = "#!/bin/sh\nsed -n '/^Subject: /p;/^$/q' >>\"${0%/*}/subjects\"\n";

/// What somebody with mon has, and its counterpart.
const MON_FILE: &str = include_str!("beside_mon/mon.cf");
const WATCH_FILE: &str = include_str!("beside_mon/watch.toml");

/// Each program that was told of each service, and of what: which hosts failed (`-`), or came back (`+`), by mon and by
/// ocowatch, in their last octets. Nobody is told of blip/short, nor of web/night at this hour. Only where the two differ
/// is there a third column.
const TOLD: &str = "\
behind/port ops: -1 +1
blip/strict ops: -1 | -1 -1
blip/uncompared ops: +1 |
gateway/port ops: -1 +1 -1 +1
web/again ops: -2 -2 -2 +23 | -2 -2 -2 -23 +23
web/each ops: -2 -2 +23
web/once ops: -2 -23 +23
web/steps boss: -2 -23 +23
web/steps ops: -2 -23 +23
web/third ops: -2 -23 +23
";

/// What our mail.alert made of three of them, by mon and by ocowatch.
const SUBJECTS: [&str; 2] = [
    "Subject: KO web/once: web2\nSubject: KO web/once: web2 web3\nSubject: OK web/once: web2 web3\n",
    "Subject: KO web/once: web2 could not connect: Connection refused\n\
     Subject: PARTIAL web/once: web2 web3 could not connect: Connection refused\n\
     Subject: OK web/once: web2 web3 are back\n",
];

/// The services of the web servers.
const WEB: [&str; 6] = ["web/again", "web/each", "web/night", "web/once", "web/steps", "web/third"];

/// A port of some addresses, each of which is open until it is shut.
struct Doors {
    port: u16,
    open: BTreeMap<u8, (TcpListener, std::thread::JoinHandle<()>)>,
}

impl Doors {
    /// At `127.0.0.1` and so on.
    fn new(hosts: &[u8]) -> Doors {
        let mut doors = Doors { port: free_port(), open: BTreeMap::new() };
        hosts.iter().for_each(|host| doors.open(*host));
        doors
    }

    fn open(&mut self, host: u8) {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, host], self.port))).unwrap();
        let accepting = listener.try_clone().unwrap();
        let thread = std::thread::spawn(move || while accepting.accept().is_ok() {});
        self.open.insert(host, (listener, thread));
    }

    fn shut(&mut self, host: u8) {
        let (listener, thread) = self.open.remove(&host).unwrap();
        rustix::net::shutdown(&listener, rustix::net::Shutdown::Both).unwrap();
        thread.join().unwrap();
    }
}

/// mon's daemon, which is ended with the test.
struct Mon(Child);

impl Mon {
    fn start(folder: &Path, file: &str) -> Mon {
        for name in ["state", "log"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        std::fs::write(folder.join("auth.cf"), "command section\nlist: all\ntrap section\n").unwrap();
        let head = "serverbind = 127.0.0.1\ntrapbind = 127.0.0.1\nauthtype = getpwnam\n";
        std::fs::write(folder.join("mon.cf"), format!("{head}{file}")).unwrap();
        let mut command = Command::new("mon");
        let paths = [
            ("-a", "alert.d"),
            ("-b", "."),
            ("-B", "."),
            ("-c", "mon.cf"),
            ("-A", "auth.cf"),
            ("-D", "state"),
            ("-L", "log"),
            ("-P", "mon.pid"),
        ];
        paths.iter().for_each(|(option, name)| {
            command.arg(option).arg(folder.join(name));
        });
        command.arg("-s").arg(folder.join("monitor.d"));
        command.args(["-p", &free_port().to_string(), "-t", &free_port().to_string()]);
        command.env("TZ", "UTC").env("MONITORS", MONITORS).env("SENDMAIL", folder.join("sendmail"));
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap()));
        let log = std::fs::File::create(folder.join("log/all")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        Mon(child.unwrap())
    }
}

impl Drop for Mon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One of the two: what its alert programs were called with.
struct Side {
    name: &'static str,
    folder: PathBuf,
}

/// `GROUP/SERVICE PROGRAM`, and what it was told, in order.
type Told = BTreeMap<String, Vec<String>>;

impl Side {
    fn new(name: &'static str, folder: PathBuf) -> Side {
        for name in ["alert.d", "monitor.d"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let side = Side { name, folder };
        side.program("alert.d/record.alert", RECORDER);
        side.program("monitor.d/tcp.monitor", MONITOR);
        side.program("sendmail", SENDMAIL);
        side
    }

    fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// The arguments of each call, without the time, and the first line.
    fn calls(&self) -> Vec<(String, String)> {
        let calls = self.read("calls");
        let cut = |line: &str| {
            let (arguments, summary) = line.split_once('|').unwrap();
            let (before, after) = arguments.split_once(" -t ").unwrap();
            let (time, after) = after.split_once(' ').unwrap();
            let time: i64 = time.parse().unwrap();
            assert!((jiff::Timestamp::now().as_second() - time).abs() < 300, "{line}");
            (format!("{before} -t TIME {after}"), summary.to_owned())
        };
        calls.lines().map(cut).collect()
    }

    fn told(&self) -> Told {
        let mut told = Told::new();
        for (arguments, summary) in self.calls() {
            let words: Vec<&str> = arguments.split(' ').collect();
            let sign = if words.contains(&"-u") { '+' } else { '-' };
            let hosts: String = summary.split(' ').filter_map(|host| host.rsplit('.').next()).collect();
            let key = format!("{}/{} {}", words[3], words[1], words[words.len() - 1]);
            told.entry(key).or_default().push(format!("{sign}{hosts}"));
        }
        told
    }

    /// Waits until it told these programs so much.
    #[track_caller]
    fn wait_until_told(&self, expected: &[(&str, usize)]) {
        for (key, count) in expected {
            wait_for(&format!("{} to tell {key} {count} times: {:?}", self.name, self.told()), || {
                (self.told().get(*key).map_or(0, Vec::len) >= *count).then_some(())
            });
        }
    }
}

/// Both, over the same services.
struct Beside<'a> {
    scene: &'a Scene,
    sides: &'a [Side; 2],
}

impl Beside<'_> {
    /// How many hosts ocowatch sees down; none where it does not know.
    fn down_here(&self, name: &str) -> Option<u64> {
        let status = self.scene.status();
        let service = status["services"].as_array()?.iter().find(|service| service["name"] == name)?;
        let is_known = service["state"] == "ok" || service["state"] == "ko";
        is_known.then(|| service["of"].as_u64().unwrap() - service["up"].as_u64().unwrap())
    }

    /// The same by mon's monitor.
    fn down_there(&self, name: &str) -> Option<u64> {
        let seen = self.sides[0].read(&format!("seen.{}", name.replace('/', ".")));
        let words = seen.split_whitespace().filter(|word| *word != "none");
        (!seen.is_empty()).then(|| u64::try_from(words.count()).unwrap())
    }

    /// Waits until both see so many hosts down.
    #[track_caller]
    fn wait_until(&self, names: &[&str], down: u64) {
        for name in names {
            wait_for(&format!("ocowatch to see {down} down of {name}"), || {
                (self.down_here(name) == Some(down)).then_some(())
            });
            wait_for(&format!("mon to see {down} down of {name}"), || {
                (self.down_there(name) == Some(down)).then_some(())
            });
        }
    }

    /// Waits until both told these programs so much.
    #[track_caller]
    fn wait_until_told(&self, expected: &[(&str, usize)]) {
        self.sides.iter().for_each(|side| side.wait_until_told(expected));
    }

    /// One of three hosts fails, then a second one, then both are back.
    fn some_hosts_fail(&self, mut web: Doors) {
        web.shut(2);
        let first = [
            ("web/again ops", 3),
            ("web/each ops", 2),
            ("web/once ops", 1),
            ("web/steps boss", 1),
            ("web/third ops", 1),
        ];
        self.wait_until_told(&first);
        web.shut(3);
        let second = [("web/once ops", 2), ("web/steps boss", 2), ("web/steps ops", 2), ("web/third ops", 2)];
        self.wait_until_told(&second);
        // ocowatch tells of other hosts whatever the limit is.
        self.sides[1].wait_until_told(&[("web/again ops", 4)]);
        self.wait_until(&WEB, 2);
        // mon tells of the one that is down still, when its monitor looks in between.
        let doors = std::fs::File::create(self.scene.path("doors")).unwrap();
        rustix::fs::flock(&doors, rustix::fs::FlockOperation::LockExclusive).unwrap();
        web.open(2);
        web.open(3);
        drop(doors);
        let last = [
            ("web/again ops", 4),
            ("web/each ops", 3),
            ("web/once ops", 3),
            ("web/steps boss", 3),
            ("web/steps ops", 3),
            ("web/third ops", 3),
        ];
        self.wait_until_told(&last);
        self.wait_until(&WEB, 0);
    }

    /// It fails and comes back before `after`, twice.
    fn it_fails_for_a_moment(&self, mut blip: Doors) {
        let names = ["blip/short", "blip/uncompared", "blip/strict"];
        for _ in 0..2 {
            blip.shut(1);
            self.wait_until(&names, 1);
            blip.open(1);
            self.wait_until(&names, 0);
        }
    }

    /// What is behind a gateway fails after it, once for longer and once not.
    fn it_fails_behind_another(&self, mut gateway: Doors, mut behind: Doors) {
        gateway.shut(1);
        self.wait_until_told(&[("gateway/port ops", 1)]);
        behind.shut(1);
        self.wait_until(&["behind/port"], 1);
        assert!(self.sides.iter().all(|side| !side.told().contains_key("behind/port ops")));
        gateway.open(1);
        self.wait_until_told(&[("gateway/port ops", 2), ("behind/port ops", 1)]);
        behind.open(1);
        self.wait_until_told(&[("behind/port ops", 2)]);
        gateway.shut(1);
        self.wait_until_told(&[("gateway/port ops", 3)]);
        behind.shut(1);
        self.wait_until(&["behind/port"], 1);
        behind.open(1);
        self.wait_until(&["behind/port"], 0);
        gateway.open(1);
        self.wait_until_told(&[("gateway/port ops", 4)]);
    }
}

/// A line a service and program: what both told, or what each did.
fn table(mon: &Told, ours: &Told) -> String {
    let mut table = String::new();
    let keys: std::collections::BTreeSet<&String> = mon.keys().chain(ours.keys()).collect();
    for key in keys {
        let words = |told: &Told| told.get(key).map(|words| words.join(" ")).unwrap_or_default();
        let (mon, ours) = (words(mon), words(ours));
        let line = if mon == ours { format!("{key}: {mon}") } else { format!("{key}: {mon} | {ours}") };
        writeln!(table, "{}", line.trim_end()).unwrap();
    }
    table
}

/// What mon's file.alert wrote, without times and details.
fn filed(side: &Side) -> Vec<String> {
    let text = side.read("file");
    let keep =
        |line: &&str| ["failure ", "up ", "DESCR=", "OPSTATUS="].iter().any(|start| line.starts_with(start));
    let cut = |line: &str| match line.split_once(" (") {
        Some((start, end)) => {
            let start = start.rsplit_once(' ').unwrap().0;
            format!("{start} {}", end.split_once(") ").unwrap().1)
        }
        None => line.to_owned(),
    };
    text.lines().filter(keep).map(cut).collect()
}

/// The subjects of what was mailed.
fn subjects(side: &Side) -> String {
    side.read("subjects").replace("127.0.0.", "web")
}

#[test]
fn a_configuration_of_mon_tells_the_same_here() {
    let test = "beside mon";
    let programs = ["/usr/sbin/mon", "/usr/lib/mon/mon.d/tcp.monitor", "/usr/lib/mon/alert.d/file.alert"];
    if !programs.iter().all(|program| has(test, program)) {
        return;
    }
    let scene = Scene::new("");
    let sides = [Side::new("mon", scene.path("mon")), Side::new("ocowatch", scene.path("ours"))];
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/alerts").canonicalize().unwrap();
    symlink(Path::new(ALERTS).join("file.alert"), sides[0].folder.join("alert.d/file.alert")).unwrap();
    symlink(ours.join("mail.alert"), sides[0].folder.join("alert.d/mail.alert")).unwrap();
    let [gateway, behind, blip] = [(); 3].map(|()| Doors::new(&[1]));
    let web = Doors::new(&[1, 2, 3]);
    // An hour of the day that is not soon.
    let hour = (jiff::Timestamp::now().as_second() / 3600 + 12) % 24;
    let filled = |text: &str, side: &Side| {
        let path = |name: &str| side.folder.join(name).display().to_string();
        text.replace("GATEWAY", &gateway.port.to_string())
            .replace("BEHIND", &behind.port.to_string())
            .replace("BLIP", &blip.port.to_string())
            .replace("WEB", &web.port.to_string())
            .replace("FILES", &path("."))
            .replace("RECORD", &path("alert.d/record.alert"))
            .replace("MAIL", &ours.join("mail.alert").display().to_string())
            .replace("FROM", &format!("{hour:02}"))
    };
    let _mon = Mon::start(&sides[0].folder, &filled(MON_FILE, &sides[0]));
    scene.configure(&filled(WATCH_FILE, &sides[1]));
    let mut command = scene.ocowatch(&[]);
    command.env("SENDMAIL", sides[1].folder.join("sendmail"));
    let watcher = Watcher::start_by(&scene, command);
    let beside = Beside { scene: &scene, sides: &sides };
    let names = ["gateway/port", "behind/port", "blip/short", "blip/uncompared", "blip/strict"];
    beside.wait_until(&names, 0);
    beside.wait_until(&WEB, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| beside.some_hosts_fail(web));
        scope.spawn(|| beside.it_fails_for_a_moment(blip));
        scope.spawn(|| beside.it_fails_behind_another(gateway, behind));
    });

    // These two programs may be the last ones to write.
    for side in &sides {
        let all = || (filed(side).len() >= 9 && subjects(side).lines().count() >= 3).then_some(());
        wait_for(&format!("{} to file and to mail all", side.name), all);
    }
    let told = sides.each_ref().map(Side::told);
    let table = table(&told[0], &told[1]);
    println!("{table}");
    assert_eq!(table, TOLD, "{}", watcher.log());
    // Each program is called with the same arguments.
    let arguments = sides.each_ref().map(|side| {
        side.calls().into_iter().map(|(arguments, _)| arguments).collect::<std::collections::BTreeSet<_>>()
    });
    let of_mon_alone: Vec<&String> = arguments[0].difference(&arguments[1]).collect();
    assert_eq!(of_mon_alone, ["-s uncompared -g blip -h 127.0.0.1 -t TIME -u ops"]);
    assert!(arguments[1].is_subset(&arguments[0]), "{arguments:?}");
    // mon's own file.alert wrote the same, and our mail.alert runs under mon.
    let filed = sides.each_ref().map(filed);
    assert!(filed[0].len() == 9 && filed[0] == filed[1], "{filed:?}");
    assert_eq!(sides.each_ref().map(subjects), SUBJECTS);
}
