//! A running `ocowatch`.

use crate::scene::{Scene, wait_for};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// A watcher that is ended with the test.
pub struct Watcher {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Watcher {
    /// Starts it in `scene`, and waits until its control socket takes orders.
    pub fn start(scene: &Scene) -> Watcher {
        Watcher::start_by(scene, scene.ocowatch(&[]))
    }

    /// The same by this command.
    pub fn start_by(scene: &Scene, command: Command) -> Watcher {
        let mut watcher = Watcher::spawn(command);
        wait_for("the control socket", || {
            let exit = watcher.child.try_wait().unwrap();
            assert!(exit.is_none(), "ocowatch ended: {exit:?}\n{}", watcher.log());
            std::os::unix::net::UnixStream::connect(scene.control()).ok()
        });
        watcher
    }

    /// Starts this command, which has to become ocowatch.
    pub fn spawn(mut command: Command) -> Watcher {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("start ocowatch");
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
        Watcher { child, log }
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        wait_for(&format!("{text:?} in the log:\n{}", self.log()), || {
            self.log().contains(text).then_some(())
        });
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn wait(&mut self) -> ExitStatus {
        wait_for("ocowatch to end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
