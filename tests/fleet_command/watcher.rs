//! The stand-in for a watcher, and runs of `oco fleet` that ask it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The longest a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run of `oco` left.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Nothing on stdout, one line on stderr that has these words, and the exit status 3.
    pub fn expect_error(&self, words: &str) {
        assert_eq!((self.status, self.stdout.as_str()), (Some(3), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("oco: ") && self.stderr.contains(words), "no {words:?} in {self:?}");
    }

    /// This on stdout, nothing on stderr, and the exit status 0.
    pub fn expect(&self, stdout: &str) {
        assert_eq!((self.stdout.as_str(), self.stderr.as_str(), self.status), (stdout, "", Some(0)));
    }
}

/// A socket in a directory of its own.
pub struct Socket {
    directory: tempfile::TempDir,
}

impl Socket {
    /// A path with nobody behind it.
    pub fn new() -> Socket {
        Socket { directory: tempfile::tempdir().expect("make a temporary directory") }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("control")
    }

    /// `oco fleet` with this socket, in Paris.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oco"));
        command.arg("fleet").arg("--control").arg(self.path()).args(arguments.split_ascii_whitespace());
        command.env("TZ", "Europe/Paris").env_remove("RUST_LOG").env_remove("NO_COLOR");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &str) -> Ended {
        let output = self.command(arguments).output().expect("run oco");
        let text = |octets| String::from_utf8(octets).expect("text");
        Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Somebody who does this with each connection, one after the other.
    pub fn serve(&self, behave: impl Fn(UnixStream) + Send + 'static) {
        let path = self.path();
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).expect("bind the socket");
        // Ends with the process of the test.
        thread::spawn(move || listener.incoming().flatten().for_each(behave));
    }

    /// A watcher that answers each order with what stands behind its word, and a refusal to others. Returns what it was
    /// asked.
    pub fn answer(&self, answers: &[(&str, &str)]) -> Asked {
        let asked = Asked::default();
        let heard = asked.clone();
        let answers: Vec<(String, String)> =
            answers.iter().map(|(order, line)| ((*order).to_owned(), (*line).to_owned())).collect();
        self.serve(move |stream| {
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
                let request: Value = serde_json::from_str(&line).expect("a request");
                let answer = answers.iter().find(|(order, _)| request["order"] == order.as_str());
                let refusal = r#"{"version":1,"error":"no answer was given"}"#;
                let text = answer.map_or(refusal, |(_, line)| line);
                heard.0.lock().unwrap().push(line.trim_end().to_owned());
                line.clear();
                // Who has gone reads nothing.
                let _ = (&stream).write_all(format!("{text}\n").as_bytes());
            }
        });
        asked
    }
}

/// The lines that a watcher was sent.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Reads the request of a connection.
pub fn request(stream: &UnixStream) {
    let mut line = String::new();
    let _ = BufReader::new(stream).read_line(&mut line);
}

/// Waits until `condition` gives something.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
