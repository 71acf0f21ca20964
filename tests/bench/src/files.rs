//! A scratch directory of this run, and one full of status files. Both are gone when dropped.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own below `TMPDIR`, readable by a daemon that has dropped its privileges.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub fn new() -> io::Result<Scratch> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("oco-bench-{}-{number}", process::id()));
        fs::create_dir(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        Ok(Scratch { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Write a file and give its path.
    pub fn file(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The directory of status files of the servers under test.
pub struct StatusFiles {
    scratch: Scratch,
}

impl StatusFiles {
    /// `count` checks, all of them ok: `check-0` and so on.
    pub fn new(count: usize) -> io::Result<StatusFiles> {
        let files = StatusFiles { scratch: Scratch::new()? };
        files.add(0..count)?;
        Ok(files)
    }

    /// Add the checks of these numbers, all of them ok.
    pub fn add(&self, mut numbers: Range<usize>) -> io::Result<()> {
        numbers.try_for_each(|number| self.rewrite(&format!("check-{number}"), 200))
    }

    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// As `echo CODE > NAME` does it: truncate, write, close.
    pub fn rewrite(&self, name: &str, code: u16) -> io::Result<()> {
        self.rewrite_slowly(name, code, || ())
    }

    /// The same, with something between the truncation and the write.
    pub fn rewrite_slowly(&self, name: &str, code: u16, between: impl FnOnce()) -> io::Result<()> {
        let mut file = File::create(self.path().join(name))?;
        between();
        file.write_all(&line_of(code))
    }

    /// As `echo CODE TEXT > NAME` does it.
    pub fn say(&self, name: &str, code: u16, text: &str) -> io::Result<()> {
        fs::write(self.path().join(name), format!("{code} {text}\n"))
    }

    pub fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path().join(name))
    }

    /// As `oco set NAME CODE` does it: write aside, rename.
    pub fn replace(&self, name: &str, code: u16) -> io::Result<()> {
        let aside = self.path().join(".aside");
        File::create(&aside)?.write_all(&line_of(code))?;
        fs::rename(aside, self.path().join(name))
    }
}

fn line_of(code: u16) -> Vec<u8> {
    format!("{code}\n").into_bytes()
}
