//! What every test needs: a directory of its own, the programs, and waiting for a condition.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The longest a test waits for something that has to happen. Machines are slow; a passing test never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary directory with a configuration in it.
pub struct Scene {
    root: tempfile::TempDir,
}

impl Scene {
    /// A scene whose `watch.toml` has state and control in it, and then this text.
    pub fn new(text: &str) -> Scene {
        let scene = Scene { root: tempfile::tempdir().expect("make a temporary directory") };
        std::fs::create_dir(scene.path("state")).unwrap();
        scene.configure(text);
        scene
    }

    /// Writes the configuration anew.
    pub fn configure(&self, text: &str) {
        let mut whole = String::new();
        writeln!(whole, "state-dir = {:?}", self.path("state")).unwrap();
        writeln!(whole, "control = {:?}", self.control()).unwrap();
        whole.push_str(text);
        std::fs::write(self.path("watch.toml"), whole).unwrap();
    }

    /// A path in the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file of the scene.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("write a file of the scene");
        path
    }

    /// Writes a program of the scene.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.file(name, script);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The control socket.
    pub fn control(&self) -> PathBuf {
        self.path("control")
    }

    /// `ocowatch` with this scene's configuration.
    pub fn ocowatch(&self, arguments: &[&str]) -> Command {
        let mut command = program(Path::new(env!("CARGO_BIN_EXE_ocowatch")));
        command.arg("-c").arg(self.path("watch.toml")).args(arguments);
        command
    }

    /// Runs `ocowatch` to its end, which has to come. The exit status and the last line of its log.
    #[track_caller]
    pub fn refusal(&self) -> (Option<i32>, String) {
        let mut command = self.ocowatch(&[]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().expect("start ocowatch");
        let end = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > end {
                child.kill().unwrap();
                panic!("it goes on: {}", text(&child.wait_with_output().unwrap().stderr));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
        let log = text(&output.stderr);
        (output.status.code(), log.lines().last().unwrap_or_default().to_owned())
    }

    /// `oco fleet` at this scene's control socket.
    pub fn fleet(&self, arguments: &[&str]) -> Command {
        let mut command = program(&beside("oco"));
        command.arg("fleet").arg("--control").arg(self.control()).args(arguments);
        command
    }

    /// What `oco fleet` says, which has to end well or with a state's exit status.
    pub fn told(&self, arguments: &[&str]) -> String {
        let output = self.fleet(arguments).output().unwrap();
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The status as JSON.
    pub fn status(&self) -> serde_json::Value {
        let said = self.told(&["status", "--json"]);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}

fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("RUST_LOG").env_remove("OCO_DIR").env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// A program of another package of the workspace: it is built where ours is.
pub fn beside(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_ocowatch")).with_file_name(name);
    assert!(path.exists(), "{} is not built: run cargo test --workspace", path.display());
    path
}

/// Octets as text.
pub fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

/// The exit status, stdout and stderr.
pub fn parts(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Waits until `condition` gives something.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
