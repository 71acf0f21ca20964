//! Section 6 of the contract: `oco`, each order as an administrator, cron or a poller gives it.

mod ask;
mod beside;
mod import;
mod parts;
mod record;
mod run;
mod status;

use crate::scene::wait_for;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a run of `oco` left.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// One line on stderr that holds all of `words`, and nothing on stdout.
    pub fn expect_error(&self, status: i32, words: &[&str]) {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:?}");
        }
    }

    /// This exit status, and not a word.
    pub fn expect_silent(&self, status: i32) {
        assert_eq!((self.status, self.stdout.as_str(), self.stderr.as_str()), (Some(status), "", ""));
    }
}

pub fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start oco")
}

pub fn wait(mut child: Child) -> Ended {
    let status = wait_for("oco to end", || child.try_wait().expect("wait for oco")).code();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).expect("read its stdout");
    child.stderr.take().unwrap().read_to_string(&mut stderr).expect("read its stderr");
    Ended { status, stdout, stderr }
}

pub fn end(command: &mut Command) -> Ended {
    wait(start(command))
}

/// Everything in a directory, by name, hidden files too.
pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("read the directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().expect("a plain name")).collect();
    names.sort();
    names
}

/// The process whose number is in `file`, once it is there.
pub fn process_in(file: &Path) -> String {
    wait_for("a process to tell its number", || {
        fs::read_to_string(file).ok().filter(|text| text.ends_with('\n')).map(|text| text.trim().to_owned())
    })
}

/// Whether a process is there and not just waiting to be reaped.
pub fn lives(process: &str) -> bool {
    let stat = fs::read_to_string(PathBuf::from("/proc").join(process).join("stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}
