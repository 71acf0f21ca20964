//! What every test needs: a directory of its own, the programs, and waiting for a condition.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The longest a test waits for something that has to happen. Machines are slow; a passing test never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A watcher that takes in who reports.
pub const PUSH: &str = "[hostgroup.push]\naccept-reports = true\n";

/// A temporary directory with the configurations of a watcher and a board in it.
pub struct Scene {
    root: tempfile::TempDir,
}

impl Scene {
    /// A scene of a watcher that takes in who reports, and of a board with this behind its paths.
    pub fn new(board: &str) -> Scene {
        Scene::with(PUSH, board)
    }

    /// The same with another text behind the watcher's paths.
    pub fn with(watch: &str, board: &str) -> Scene {
        let scene = Scene { root: tempfile::tempdir().expect("make a temporary directory") };
        for folder in ["watch", "board"] {
            std::fs::create_dir(scene.path(folder)).unwrap();
        }
        let mut whole = String::new();
        writeln!(whole, "state-dir = {:?}\ncontrol = {:?}", scene.path("watch"), scene.control()).unwrap();
        std::fs::write(scene.path("watch.toml"), whole + watch).unwrap();
        scene.configure(board);
        scene
    }

    /// Writes the board's configuration anew.
    pub fn configure(&self, text: &str) {
        let mut whole = String::new();
        if !text.contains("listen =") {
            whole.push_str("listen = [\"127.0.0.1:0\"]\n");
        }
        writeln!(whole, "state-dir = {:?}", self.path("board")).unwrap();
        writeln!(whole, "control = {:?}", self.control()).unwrap();
        writeln!(whole, "journal = {:?}", self.path("watch/fleet.db")).unwrap();
        std::fs::write(self.path("board.toml"), whole + text).unwrap();
    }

    /// A path in the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The watcher's control socket.
    pub fn control(&self) -> PathBuf {
        self.path("control")
    }

    /// `ocoboard` with this scene's configuration.
    pub fn ocoboard(&self, arguments: &[&str]) -> Command {
        let mut command = program(Path::new(env!("CARGO_BIN_EXE_ocoboard")));
        command.arg("-c").arg(self.path("board.toml")).args(arguments);
        command
    }

    /// What a command of `ocoboard` prints, which has to end well.
    #[track_caller]
    pub fn told_by_board(&self, arguments: &[&str]) -> String {
        let (status, said, complaint) = parts(&self.ocoboard(arguments).output().unwrap());
        assert_eq!((status, complaint.as_str()), (Some(0), ""), "{arguments:?}");
        said
    }

    /// `ocowatch` with this scene's configuration.
    pub fn ocowatch(&self) -> Command {
        let mut command = program(&beside("ocowatch"));
        command.arg("-c").arg(self.path("watch.toml"));
        command
    }

    /// What `oco fleet` says.
    pub fn told(&self, arguments: &[&str]) -> String {
        let mut command = program(&beside("oco"));
        command.arg("fleet").arg("--control").arg(self.control()).args(arguments);
        let output = command.output().unwrap();
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The target of this name as the watcher shows it.
    pub fn target(&self, name: &str) -> Option<serde_json::Value> {
        let said = self.told(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&said).unwrap();
        let services = status["services"].as_array().unwrap().clone();
        let targets = services.iter().flat_map(|service| service["targets"].as_array().unwrap().clone());
        targets.into_iter().find(|target| target["name"] == name)
    }

    /// Its code and reason.
    #[track_caller]
    pub fn shown(&self, name: &str) -> (u64, String) {
        let target = self.target(name).unwrap_or_else(|| panic!("{name} is not known"));
        (target["code"].as_u64().unwrap_or(0), target["reason"].as_str().unwrap().to_owned())
    }
}

fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("RUST_LOG").env_remove("OCO_DIR").env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// A program of another package of the workspace: it is built where ours is.
pub fn beside(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_ocoboard")).with_file_name(name);
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
#[track_caller]
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
