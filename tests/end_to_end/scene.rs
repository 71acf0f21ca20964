//! What every test needs: a directory of its own, the programs, and waiting for a condition.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest a test waits for something that has to happen. Machines are slow; a passing test never waits so
/// long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Held by the one test that runs. A program that another thread starts holds, from fork to exec, copies of all files
/// that are open here: a status file would not be closed when it is, and an answer that shows the old result right.
static ALONE: Mutex<()> = Mutex::new(());

/// A temporary directory with a status directory in it.
pub struct Scene {
    root: tempfile::TempDir,
    _alone: Option<MutexGuard<'static, ()>>,
}

impl Scene {
    /// The scene of a test, which no other test disturbs meanwhile.
    pub fn new() -> Scene {
        // Poisoned by a test that failed, which spoils nothing.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Scene { _alone: Some(alone), ..Scene::beside() }
    }

    /// The same for more files than a disk takes in a moment: in memory, where there is room.
    pub fn of_many_files() -> Scene {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Scene { _alone: Some(alone), ..Scene::at(root.expect("make a temporary directory")) }
    }

    /// A further scene of the same test.
    pub fn beside() -> Scene {
        Scene::at(tempfile::tempdir().expect("make a temporary directory"))
    }

    fn at(root: tempfile::TempDir) -> Scene {
        std::fs::create_dir(root.path().join("status")).expect("make the status directory");
        Scene { root, _alone: None }
    }

    /// A path in the scene, beside the status directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The status directory.
    pub fn status(&self) -> PathBuf {
        self.path("status")
    }

    /// Writes a file beside the status directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("write a file of the scene");
        path
    }

    /// Writes a status file as `echo` in a shell does: truncate, write, close.
    pub fn check(&self, name: &str, content: &str) {
        std::fs::write(self.status().join(name), content).expect("write a status file");
    }

    /// `oco` with this scene's directory.
    pub fn oco(&self, arguments: &[&str]) -> Command {
        let mut command = program(env!("CARGO_BIN_EXE_oco"));
        command.env("OCO_DIR", self.status()).args(arguments);
        command
    }

    /// `ocod` with this scene's directory.
    pub fn ocod(&self, arguments: &[&str]) -> Command {
        let mut command = program(env!("CARGO_BIN_EXE_ocod"));
        command.env("OCO_DIR", self.status()).args(arguments);
        command
    }
}

fn program(path: &str) -> Command {
    let mut command = Command::new(Path::new(path));
    command.env_remove("RUST_LOG").env_remove("OCO_DIR").env_remove("NO_COLOR");
    command
}

/// `outer` with the program, arguments and environment of `inner` behind its own.
pub fn wrap(outer: &Command, inner: &Command) -> Command {
    let mut command = Command::new(outer.get_program());
    command.args(outer.get_args()).arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs().chain(outer.get_envs()) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = inner.get_current_dir() {
        command.current_dir(directory);
    }
    command
}

/// Waits until `condition` gives something.
pub fn wait_for<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    wait_at_most(PATIENCE, what, condition)
}

/// The same for what takes longer.
pub fn wait_at_most<T>(time: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + time;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "waited {time:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether `program` is installed.
pub fn have(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
