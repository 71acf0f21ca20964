//! A program that runs, and is ended with the test.

use crate::scene::{Scene, wait_for};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// A program that runs.
pub struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Running {
    /// Starts this.
    pub fn spawn(mut command: Command) -> Running {
        Running::of(command.stdout(Stdio::null()))
    }

    /// The same with what it says on standard output.
    pub fn heard(mut command: Command) -> (Running, ChildStdout) {
        let mut running = Running::of(command.stdout(Stdio::piped()));
        let stdout = running.child.stdout.take().unwrap();
        (running, stdout)
    }

    fn of(command: &mut Command) -> Running {
        let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("start a program");
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Running { child, log }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for this in its log.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        wait_for(&format!("{text:?} in the log:\n{}", self.log()), || {
            self.log().contains(text).then_some(())
        });
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the end of a program", || self.child.try_wait().unwrap())
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the watcher of `scene`, and waits until it takes orders.
pub fn watch(scene: &Scene) -> Running {
    let mut watcher = Running::spawn(scene.ocowatch());
    wait_for("the control socket", || {
        let ended = watcher.has_ended();
        assert!(ended.is_none(), "ocowatch ended: {ended:?}\n{}", watcher.log());
        std::os::unix::net::UnixStream::connect(scene.control()).ok()
    });
    watcher
}
