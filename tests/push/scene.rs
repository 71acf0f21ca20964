//! What every test needs: a host with status files and settings of its own, and running `oco-push` to its end.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// The longest that a test waits for something that has to happen. Machines are slow; a passing test never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A host.
pub struct Scene {
    root: tempfile::TempDir,
}

/// What came of a push.
#[derive(Debug)]
pub struct Pushed {
    pub status: Option<i32>,
    /// What was said on standard error; nothing is ever said on standard output.
    pub said: String,
    pub took: Duration,
}

impl Pushed {
    /// It went well, and nothing was said.
    #[track_caller]
    pub fn is_well(&self) {
        assert_eq!((self.status, self.said.as_str()), (Some(0), ""));
    }

    /// It did not: one line says so, which is this behind the program and the URL.
    #[track_caller]
    pub fn failed(&self, url: &str, why: &str) {
        assert_eq!(
            (self.status, self.said.as_str()),
            (Some(3), format!("oco-push: {url}: {why}\n").as_str())
        );
    }
}

impl Scene {
    /// A host whose only check is this; its settings are none.
    pub fn new(check: &str) -> Scene {
        let scene = Scene::empty("");
        scene.check("http", check);
        scene
    }

    /// A host without checks and with these settings.
    pub fn empty(settings: &str) -> Scene {
        let scene = Scene { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(scene.path("status")).unwrap();
        std::fs::write(scene.path("ocod.toml"), settings).unwrap();
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a status file.
    pub fn check(&self, name: &str, content: &str) {
        std::fs::write(self.path("status").join(name), content).unwrap();
    }

    /// Dates a status file back.
    pub fn age(&self, name: &str, age: Duration) {
        let file = std::fs::File::options().write(true).open(self.path("status").join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    /// `oco-push` of this host, called `web1`.
    pub fn command(&self, url: &str) -> Command {
        let mut command = self.bare(url);
        command.args(["--name", "web1"]).arg("--key-file").arg(self.path("key"));
        command
    }

    /// The same without a name and a key file.
    pub fn bare(&self, url: &str) -> Command {
        self.bare_of(Path::new(env!("CARGO_BIN_EXE_oco-push")), &[], url)
    }

    /// The same by another program, with these arguments first.
    pub fn bare_of(&self, program: &Path, first: &[&str], url: &str) -> Command {
        let mut command = Command::new(program);
        for name in ["RUST_LOG", "OCO_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy"] {
            command.env_remove(name);
        }
        command.args(first).arg(url);
        command.arg("-c").arg(self.path("ocod.toml")).arg("-d").arg(self.path("status"));
        command
    }

    pub fn push(&self, url: &str) -> Pushed {
        run(&mut self.command(url))
    }

    /// Pushes with a time of a second, which has to suffice for giving up.
    #[track_caller]
    pub fn push_in_a_second(&self, url: &str) -> Pushed {
        let pushed = run(self.command(url).args(["--timeout", "1s"]));
        assert!(pushed.took < Duration::from_secs(10), "{pushed:?}");
        pushed
    }
}

/// Runs it to its end, which has to come.
#[track_caller]
pub fn run(command: &mut Command) -> Pushed {
    let begin = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = begin.elapsed();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    Pushed { status: status.code(), said: String::from_utf8(stderr).unwrap(), took }
}

/// Whether this is root; says so where it is not.
pub fn is_root(test: &str) -> bool {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        println!("skipped: {test}: only root can do that");
    }
    is_root
}
