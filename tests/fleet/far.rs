//! A file system that can be made to hang, as one of a dead server does: bindfs, stopped.

use crate::scene::wait_for;
use crate::server::{Running, has, is_root};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder seen through bindfs.
pub struct Far {
    bindfs: Running,
    at: PathBuf,
}

impl Far {
    /// Shows `folder` at `at`; none, with the reason said, where that can't be had.
    pub fn mount(test: &str, folder: &Path, at: &Path) -> Option<Far> {
        if !is_root(test) || !has(test, "bindfs") {
            return None;
        }
        std::fs::write(folder.join(".far"), "").unwrap();
        let mut bindfs = Command::new("bindfs");
        bindfs.arg("-f").arg(folder).arg(at);
        let far = Far { bindfs: Running::start(test, &mut bindfs, &[])?, at: at.to_owned() };
        let is_mounted = wait_for("the mount", || {
            let is_there = at.join(".far").exists();
            if far.bindfs.has_ended() { Some(false) } else { is_there.then_some(true) }
        });
        if !is_mounted {
            println!("skipped: {test}: bindfs does not run here");
        }
        is_mounted.then_some(far)
    }

    /// Lets it answer again before those end that were started before this.
    pub fn answers_at_last(&self) -> AtLast<'_> {
        AtLast(self)
    }

    /// Answers nobody from now on.
    pub fn hang(&self) {
        self.bindfs.signal("STOP");
    }

    /// Answers again.
    pub fn answer(&self) {
        self.bindfs.signal("CONT");
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.bindfs.signal("CONT");
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

/// The end of a silence.
pub struct AtLast<'a>(&'a Far);

impl Drop for AtLast<'_> {
    fn drop(&mut self) {
        self.0.answer();
    }
}
