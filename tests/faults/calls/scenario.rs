//! What happens to an ocod while its calls fail: files change in every way, and it is asked after each.

use crate::daemon::{Daemon, Reply, ask_page, knock, listen, own_address, unprivileged, within};
use crate::process::{descriptors, ticks};
use crate::scene::Scene;
use crate::server::answer;
use nix::sys::signal::Signal;
use oco::limits::{ACCEPT_BATCH, ACCEPT_PAUSE};
use std::fs::{self, File, Permissions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// How long an answer may take that has to come. Passing tests never wait so long.
pub const LONG: Duration = Duration::from_secs(15);
/// How long to wait for an answer that need not come.
pub const SHORT: Duration = Duration::from_millis(150);
/// What strace writes of a call that fails, at most.
const CALL_OCTETS: u64 = 200;
/// Of a stage, after its reload.
const LISTENERS: u64 = 3;
/// The log's word for a reload that was done.
const RELOADED: &str = "info: reloaded";

/// A scene with an ocod's configuration.
pub struct Stage {
    pub scene: Scene,
    pub address: SocketAddr,
    second: SocketAddr,
    /// Speaks HTTP.
    http: SocketAddr,
    /// In the place of systemd, which is told of it all. Nobody reads it: it may be full as well.
    _systemd: UnixDatagram,
}

/// One change and the answer that is right after it.
type Step = (&'static str, fn(&Scene), &'static str);

/// At each step but the first change some check is 300, so that an OK is wrong there.
const STEPS: &[Step] = &[
    ("nothing", |_| {}, "350 KO oco 300-bad"),
    ("rewrite", |scene| scene.check("bad", "200\n"), "200 OK oco"),
    ("rewrite", |scene| scene.check("a", "300\n"), "350 KO oco 300-a"),
    ("rename", renamed, "350 KO oco 300-b"),
    ("new", created, "350 KO oco 300-c"),
    ("unlink", removed, "550 KO oco 500-a"),
    ("chmod", forbidden, "350 KO oco 300-b"),
    ("empty", emptied, "350 KO oco 300-a"),
    ("replace the directory", replaced, "350 KO oco 300-n"),
    ("stale", aged, "350 KO oco 300-n"),
    ("links", linked, "350 KO oco 300-m,300-n,210-l"),
];
/// The answer after the last step.
const LAST: &str = "350 KO oco 300-m,300-n,210-l";

fn renamed(scene: &Scene) {
    scene.check(".b.new", "300\n");
    fs::rename(scene.status().join(".b.new"), scene.status().join("b")).unwrap();
    scene.check("a", "200\n");
}

fn created(scene: &Scene) {
    scene.check("c", "300\n");
    scene.check("b", "200\n");
}

fn removed(scene: &Scene) {
    scene.check("a", "500\n");
    fs::remove_file(scene.status().join("c")).unwrap();
}

fn forbidden(scene: &Scene) {
    fs::set_permissions(scene.status().join("b"), Permissions::from_mode(0o000)).unwrap();
    scene.check("a", "200\n");
}

fn emptied(scene: &Scene) {
    // An empty file this old is believed at once even where no event tells that its writer has closed it.
    let time = SystemTime::now() - Duration::from_secs(10);
    File::create(scene.status().join("a")).unwrap().set_modified(time).unwrap();
    fs::set_permissions(scene.status().join("b"), Permissions::from_mode(0o644)).unwrap();
}

fn replaced(scene: &Scene) {
    fs::create_dir(scene.path("next")).unwrap();
    fs::write(scene.path("next/n"), "300\n").unwrap();
    fs::rename(scene.status(), scene.path("old")).unwrap();
    fs::rename(scene.path("next"), scene.status()).unwrap();
}

fn aged(scene: &Scene) {
    scene.check("n", "200\n");
    let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
    File::options().append(true).open(scene.status().join("n")).unwrap().set_modified(an_hour_ago).unwrap();
}

fn linked(scene: &Scene) {
    scene.check(".l", "210\n");
    fs::hard_link(scene.status().join(".l"), scene.status().join("l")).unwrap();
    symlink("/etc/passwd", scene.status().join("m")).unwrap();
}

/// Two names, as the kernel joins an event to the same one before it.
fn stormy(scene: &Scene) {
    for _ in 0..400 {
        scene.check("o", "200\n");
        scene.check("p", "200\n");
    }
}

/// How the answers were, over a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub right: u32,
    pub fail_safe: u32,
    pub none: u32,
}

/// How long to wait for an answer, and whether it may stay out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub time: Duration,
    pub may_be_silent: bool,
    /// Whether the log can be believed to hold what was written.
    pub has_log: bool,
}

impl Stage {
    pub fn new() -> Stage {
        let scene = Scene::beside();
        let systemd = UnixDatagram::bind(scene.path("notify")).unwrap();
        fs::set_permissions(scene.path("notify"), Permissions::from_mode(0o666)).unwrap();
        let [address, second, http] = [(); 3].map(|()| own_address());
        let stage = Stage { scene, address, second, http, _systemd: systemd };
        stage.change(|scene| {
            scene.check("a", "200\n");
            scene.check("b", "200\n");
            scene.check("bad", "300\n");
        });
        stage.configure("");
        stage
    }

    /// An ocod of this stage.
    pub fn ocod(&self) -> Command {
        let mut arguments = vec!["-c", "ocod.toml"];
        arguments.extend(unprivileged(&self.scene));
        let mut command = self.scene.ocod(&arguments);
        command.current_dir(self.scene.path(".")).env("NOTIFY_SOCKET", self.scene.path("notify"));
        command
    }

    /// Changes files, none of which a new process may have open.
    fn change(&self, change: impl FnOnce(&Scene)) {
        let _alone = crate::writing();
        change(&self.scene);
    }

    fn configure(&self, more: &str) {
        let http = format!("[[listen]]\naddress = \"{}\"\nspeak = \"http\"\n", self.http);
        let listen = format!("[[listen]]\naddress = \"{}\"\n{http}{more}", self.address);
        self.scene.file("ocod.toml", &listen);
    }

    /// Goes through all changes. An error is something that must not be.
    pub fn run(&self, daemon: &mut Daemon, patience: Patience, tally: &mut Tally) -> Result<(), String> {
        let mut lingerer = None;
        for (what, change, expected) in STEPS {
            self.change(change);
            self.demand(daemon, patience, tally, what, expected)?;
            if lingerer.is_none() && daemon.ended().is_none() {
                // Has to be kept in the table, as it does not close.
                lingerer = knock(self.address, patience.time).ok();
                lingerer.as_mut().map(listen);
            }
        }
        // More events than are read at once.
        daemon.signal(Signal::SIGSTOP);
        self.change(stormy);
        daemon.signal(Signal::SIGCONT);
        self.demand(daemon, patience, tally, "storm", LAST)?;
        daemon.signal(Signal::SIGUSR1);
        if patience.has_log
            && daemon.ended().is_none()
            && !daemon.logs_within(LONG, " checks in ", 1)
            && daemon.ended().is_none()
        {
            return Err("SIGUSR1 was lost".to_owned());
        }
        self.configure(&format!(
            "[[listen]]\naddress = \"{}\"\n[checks.required]\nrequired = true\n",
            self.second
        ));
        daemon.signal(Signal::SIGHUP);
        self.wait_for_log(daemon, patience, "SIGHUP", &[RELOADED, "reload refused"])?;
        self.demand(daemon, patience, tally, "reload", "350 KO oco 300-m,300-n,300-required,210-l")
    }

    /// Waits until the log shows that a signal was obeyed.
    fn wait_for_log(
        &self,
        daemon: &mut Daemon,
        patience: Patience,
        signal: &str,
        texts: &[&str],
    ) -> Result<(), String> {
        let shown = |daemon: &mut Daemon| {
            let log = daemon.log();
            (texts.iter().any(|text| log.contains(text)) || daemon.ended().is_some()).then_some(())
        };
        match patience.has_log && within(LONG, || shown(daemon)).is_none() {
            true => Err(format!("{signal} was lost")),
            false => Ok(()),
        }
    }

    /// Asks, and judges the answer.
    fn demand(
        &self,
        daemon: &mut Daemon,
        patience: Patience,
        tally: &mut Tally,
        what: &str,
        expected: &str,
    ) -> Result<(), String> {
        if daemon.ended().is_some() {
            return Ok(());
        }
        self.judge(daemon, daemon.ask(patience.time), patience, tally, what, expected)?;
        if daemon.ended().is_some() {
            return Ok(());
        }
        let page = ask_page(self.http, patience.time);
        self.judge(daemon, page, patience, tally, &format!("{what}, HTTP"), expected)
    }

    fn judge(
        &self,
        daemon: &mut Daemon,
        reply: Reply,
        patience: Patience,
        tally: &mut Tally,
        what: &str,
        expected: &str,
    ) -> Result<(), String> {
        let right = answer(expected);
        match &reply {
            Reply::Line(line) if *line == right => tally.right += 1,
            Reply::Line(line) if line.starts_with("350 ") || line.starts_with("550 ") => tally.fail_safe += 1,
            Reply::Line(line) => return Err(format!("{what}: WRONG: {line:?} in place of {right:?}")),
            Reply::Silent if !patience.may_be_silent && daemon.ended().is_none() => {
                return Err(format!("{what}: HANG: no answer in {:?}", patience.time));
            }
            Reply::Silent | Reply::Closed | Reply::Refused => tally.none += 1,
        }
        Ok(())
    }

    /// Once nothing fails any more every answer has to be right, the first one too.
    pub fn recover(&self, daemon: &mut Daemon) -> Result<(), String> {
        let demand = |daemon: &mut Daemon, expected: &str| match daemon.ask(LONG) {
            Reply::Line(line) if line == answer(expected) => Ok(()),
            reply => Err(format!("LATE: {reply:?} in place of {expected:?} once the fault was over")),
        };
        // Whether the last reload was taken is not known; this one has to be.
        self.configure("");
        let before = daemon.log().matches(RELOADED).count();
        daemon.signal(Signal::SIGHUP);
        let reloaded = |log: String| (log.matches(RELOADED).count() > before).then_some(());
        if within(LONG, || reloaded(daemon.log()).or(daemon.ended().map(|_| ()))).is_none() {
            return Err("LATE: no reload once the fault was over".to_owned());
        }
        if daemon.ended().is_some() {
            return Ok(());
        }
        demand(daemon, LAST)?;
        let page = ask_page(self.http, LONG);
        if page != Reply::Line(answer(LAST)) {
            return Err(format!("LATE: {page:?} over HTTP once the fault was over"));
        }
        self.change(|scene| {
            fs::remove_file(scene.status().join("m")).unwrap();
            scene.check("n", "200\n");
        });
        demand(daemon, "250 OK, but oco 210-l")?;
        self.change(|scene| scene.check("n", "300\n"));
        demand(daemon, "350 KO oco 300-n,210-l")
    }

    /// Connects some who are not accepted yet, then lets it stop.
    pub fn stop(&self, daemon: &mut Daemon, tally: &mut Tally, patience: Patience) -> Result<(), String> {
        self.change(|scene| scene.check("bad", "300 again\n"));
        let mut waiting: Vec<TcpStream> =
            (0..3).filter_map(|_| knock(self.address, patience.time).ok()).collect();
        daemon.signal(Signal::SIGTERM);
        for stream in &mut waiting {
            match listen(stream) {
                Reply::Line(line) if line == answer("350 KO oco 300-bad") => tally.right += 1,
                Reply::Line(line) if line.starts_with('3') => tally.fail_safe += 1,
                Reply::Line(line) => return Err(format!("stop: WRONG: {line:?}")),
                Reply::Silent | Reply::Closed | Reply::Refused => tally.none += 1,
            }
        }
        drop(waiting);
        match daemon.ends_within(LONG) {
            Some(_) => Ok(()),
            None => Err("HANG: SIGTERM does not end it".to_owned()),
        }
    }
}

/// Watches a daemon that nobody asks: it must not run, nor make calls. What it had to do still, on a machine that is slow,
/// ends; who spins does so in every window.
pub fn is_idle(daemon: &Daemon, octets: impl Fn() -> u64, time: Duration) -> Result<(), String> {
    let mut found = Ok(());
    within(LONG, || {
        found = is_idle_for(daemon, &octets, time);
        found.is_ok().then_some(())
    });
    found
}

fn is_idle_for(daemon: &Daemon, octets: impl Fn() -> u64, time: Duration) -> Result<(), String> {
    let before = (ticks(daemon.pid()), octets());
    // This measures a rate; there is no condition to wait for.
    std::thread::sleep(time);
    let (ran, written) = (ticks(daemon.pid()) - before.0, octets() - before.1);
    // A tick is 10 ms. Retries are bounded: a batch of accepts in each pause is the most, at each listener.
    let most_ticks = time.as_millis() / 50 + 1;
    let pauses = u64::try_from(time.as_millis() / ACCEPT_PAUSE.as_millis()).unwrap_or(u64::MAX) + 2;
    let most_octets = LISTENERS * pauses * u64::try_from(ACCEPT_BATCH).unwrap_or(u64::MAX) * CALL_OCTETS;
    if u128::from(ran) > most_ticks || written > most_octets {
        let calls = written / CALL_OCTETS;
        return Err(format!("SPIN: {ran} ticks and some {calls} calls in {time:?} with nobody asking"));
    }
    Ok(())
}

/// Waits until it holds no more descriptors than before.
pub fn leaks_nothing(daemon: &Daemon, before: usize) -> Result<(), String> {
    let now = || descriptors(daemon.pid());
    match within(LONG, || (now() == before).then_some(())) {
        Some(()) => Ok(()),
        None => Err(format!("LEAK: {} descriptors, {before} before", now())),
    }
}
