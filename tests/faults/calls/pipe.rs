//! The calls by which lines of the log go into a pipe of another user, which can't be opened a second time: each fails,
//! and only the log may suffer.

use super::scenario::{LONG, Patience, Stage, Tally, is_idle};
use crate::daemon::{Daemon, within};
use crate::scene::wrap;
use crate::strace::{Tracer, is_missing};
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Calls that fail, as strace says it. What is behind the first is made only because the first fails.
const FAULTS: &[&[&str]] = &[
    &["pwritev2:error=EAGAIN"],
    &["pwritev2:error=EINTR:when=1+2"],
    &["pwritev2:error=EIO"],
    &["pwritev2:error=EIO:when=2"],
    // No pipe takes it before Linux 6.5, and none is known before 4.6.
    &["pwritev2:error=EOPNOTSUPP"],
    &["pwritev2:error=ENOSYS"],
    &["pwritev2:error=EINVAL"],
    &["pwritev2:error=EOPNOTSUPP", "ppoll:error=EINTR:when=1+2"],
    &["pwritev2:error=EOPNOTSUPP", "ppoll:error=ENOMEM"],
    &["pwritev2:error=EOPNOTSUPP", "write:error=EINTR:when=1+2"],
    &["pwritev2:error=EOPNOTSUPP", "write:error=EIO"],
];

/// ocod as nobody, with a pipe of root's for its log, and who brings each line of it into a file until it ends.
fn start(stage: &Stage, faults: &[&str]) -> (Daemon, Child) {
    // Where nobody may start it.
    let program = stage.scene.path("ocod");
    fs::copy(env!("CARGO_BIN_EXE_ocod"), &program).expect("copy ocod");
    let plain = stage.ocod();
    let mut ocod = Command::new(&program);
    ocod.args(plain.get_args()).current_dir(stage.scene.path("."));
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            ocod.env(name, value);
        }
    }
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
    let mut strace = Command::new("strace");
    strace.args(["-D", "-I2", "-f", "-qq", "-e", "signal=none", "-o"]).arg(stage.scene.path("trace"));
    let calls: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').next()).collect();
    strace.args(["-e", &format!("trace={}", calls.join(","))]);
    for fault in faults {
        strace.args(["-e", &format!("inject={fault}")]);
    }
    let log = stage.scene.path("log");
    let (source, writer) = std::io::pipe().expect("make a pipe");
    let file = File::create(&log).expect("make the log");
    let reader = {
        let _alone = crate::starting();
        Command::new("cat").stdin(source).stdout(file).spawn().expect("start cat")
    };
    let command = wrap(&strace, &wrap(&setpriv, &ocod));
    let mut daemon = Daemon::spawn_with(command, Stdio::from(writer), stage.address, log);
    let is_up = within(LONG, || {
        assert!(daemon.ended().is_none(), "{faults:?}: it ends at the start");
        TcpStream::connect(stage.address).ok()
    });
    assert!(is_up.is_some(), "{faults:?}: it does not start");
    (daemon, reader)
}

#[test]
fn every_call_of_a_log_into_a_pipe_of_another_user_may_fail() {
    let _turn = crate::turn();
    if is_missing() {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can make a pipe for another user");
        return;
    }
    for faults in FAULTS {
        let stage = Stage::new();
        let (mut daemon, mut reader) = start(&stage, faults);
        let patience = Patience { time: LONG, may_be_silent: false, has_log: false };
        let mut tally = Tally::default();
        let wrong = |why: String, daemon: &Daemon| -> ! { panic!("{faults:?}: {why}\n{}", daemon.log()) };
        stage.run(&mut daemon, patience, &mut tally).unwrap_or_else(|why| wrong(why, &daemon));
        // Without the log nobody knows when the reload is over: at both ports, those who ask may be too early.
        assert!(tally.fail_safe <= 2 && tally.none == 0, "{faults:?}: {tally:?}");
        is_idle(&daemon, || 0, Duration::from_millis(300)).unwrap_or_else(|why| wrong(why, &daemon));
        let trace = fs::read_to_string(stage.scene.path("trace")).unwrap();
        for fault in *faults {
            let call = fault.split(':').next().unwrap_or_default();
            let is_reached = trace.lines().any(|line| line.contains(call) && line.contains("(INJECTED)"));
            assert!(is_reached, "{faults:?}: {call} did not fail\n{trace}");
        }
        drop(Tracer::of(daemon.pid()));
        // The log goes on, and is whole.
        stage.recover(&mut daemon).unwrap_or_else(|why| wrong(why, &daemon));
        daemon.signal(Signal::SIGTERM);
        match daemon.ends_within(LONG) {
            Some(status) if status.success() => {}
            end => wrong(format!("{end:?}"), &daemon),
        }
        assert!(reader.wait().expect("wait for cat").success());
        for line in daemon.log().lines() {
            let is_entry =
                line.split_once(' ').is_some_and(|(time, _)| time.len() == 20 && time.ends_with('Z'));
            assert!(is_entry, "{faults:?}: no whole line: {line:?}");
        }
    }
}
