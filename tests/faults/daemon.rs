//! An ocod that may fail: started, asked and ended without demanding anything of it.

use crate::process::status;
use crate::scene::Scene;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A process that is, or becomes, ocod. Its log goes to a file.
pub struct Daemon {
    child: Child,
    log: PathBuf,
    pub address: SocketAddr,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// What was read to the end, without its CRLF.
    Line(String),
    /// Closed or reset without a whole line.
    Closed,
    /// No connection.
    Refused,
    /// Nothing in the time given.
    Silent,
}

/// An address of the loopback network that no other daemon of this test run has.
pub fn own_address() -> SocketAddr {
    (crate::address::own_address(), 7979).into()
}

/// What makes ocod run as a user without privileges: as nobody if we are root, with the scene open to it.
pub fn unprivileged(scene: &Scene) -> Vec<&'static str> {
    if !geteuid().is_root() {
        return Vec::new();
    }
    fs::set_permissions(scene.path("."), Permissions::from_mode(0o755)).unwrap();
    vec!["-u", "nobody"]
}

impl Daemon {
    pub fn spawn(command: Command, address: SocketAddr, log: PathBuf) -> Daemon {
        let file = File::create(&log).expect("make the log");
        Daemon::spawn_with(command, file.into(), address, log)
    }

    /// The same with another standard error, whose lines somebody brings into that file.
    pub fn spawn_with(mut command: Command, stderr: Stdio, address: SocketAddr, log: PathBuf) -> Daemon {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let _alone = crate::starting();
        Daemon { child: command.spawn().expect("start ocod"), log, address }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait for ocod")
    }

    /// How it ended, if it does in time.
    pub fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let ended = within(time, || self.ended());
        if ended.is_some() || !status(self.pid(), "State").starts_with('D') {
            return ended;
        }
        // The kernel has it: closing inotify waits for the handlers of all file events on the machine.
        within(time * 8, || self.ended())
    }

    /// Whether its log holds `text` `count` times in time.
    pub fn logs_within(&self, time: Duration, text: &str, count: usize) -> bool {
        within(time, || (self.log().matches(text).count() >= count).then_some(())).is_some()
    }

    pub fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.pid().cast_signed()), signal);
    }

    /// Asks with a word before reading, as some pollers do.
    pub fn ask(&self, time: Duration) -> Reply {
        ask(self.address, time)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `condition` gives in time.
pub fn within<T>(time: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Connects, or says why not.
pub fn knock(address: SocketAddr, time: Duration) -> Result<TcpStream, Reply> {
    match TcpStream::connect_timeout(&address, time) {
        Ok(stream) => {
            stream.set_read_timeout(Some(time)).expect("set a time-out");
            Ok(stream)
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => Err(Reply::Silent),
        Err(_) => Err(Reply::Refused),
    }
}

/// Reads what is answered.
pub fn listen(stream: &mut TcpStream) -> Reply {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            return Reply::Silent;
        }
        // A reset behind a whole line is no loss.
        Err(_) | Ok(_) => {}
    }
    match String::from_utf8_lossy(&answer).strip_suffix("\r\n") {
        Some(line) => Reply::Line(line.to_owned()),
        None => Reply::Closed,
    }
}

pub fn ask(address: SocketAddr, time: Duration) -> Reply {
    match knock(address, time) {
        Ok(mut stream) => {
            let _ = stream.write_all(b"HELO x\r\n");
            listen(&mut stream)
        }
        Err(reply) => reply,
    }
}

/// Asks for the line over HTTP. A status that does not fit the line is no reply to be had.
pub fn ask_page(address: SocketAddr, time: Duration) -> Reply {
    let mut stream = match knock(address, time) {
        Ok(stream) => stream,
        Err(reply) => return reply,
    };
    let _ = stream.write_all(b"GET /health HTTP/1.0\r\n\r\n");
    let reply = listen(&mut stream);
    let Reply::Line(page) = reply else { return reply };
    let Some((head, line)) = page.split_once("\r\n\r\n") else { return Reply::Closed };
    let status = if line.starts_with('2') { "HTTP/1.1 200 " } else { "HTTP/1.1 503 " };
    assert!(head.starts_with(status), "{page}");
    Reply::Line(line.to_owned())
}
