//! A network and a tree of mounts of a test's own.

use crate::server::is_root;
use nix::sched::{CloneFlags, unshare};
use std::process::Command;

/// Runs `body` in a thread that has a network and mounts of its own, and so has what it starts. Skips, with the reason
/// said, where that can't be had.
pub fn in_a_world_of_its_own(test: &str, body: impl FnOnce() + Send + 'static) {
    if !is_root(test) {
        return;
    }
    let test = test.to_owned();
    let thread = std::thread::spawn(move || {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS) {
            return println!("skipped: {test}: no network of its own: {errno}");
        }
        if run("mount", "--make-rprivate /") && run("ip", "link set lo up") {
            body();
        } else {
            println!("skipped: {test}: no mount or no ip");
        }
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs a program. Whether it did well.
pub fn run(program: &str, arguments: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new(program).args(arguments.split(' ')).env("PATH", path).output();
    match output {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            println!("{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim());
            false
        }
        Err(error) => {
            println!("{program}: {error}");
            false
        }
    }
}
