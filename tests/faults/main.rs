//! Faults: system calls that fail, clocks that jump, writers that die, and proofs that the confinement holds. All of
//! it from outside, on the real programs. What a machine can't do (no strace, not root) is skipped with its reason.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[path = "../end_to_end/address.rs"]
mod address;
mod calls;
mod clocks;
mod confinement;
mod daemon;
mod process;
#[path = "../end_to_end/scene.rs"]
#[allow(dead_code, reason = "shared; no test binary needs all of it")]
mod scene;
#[path = "../end_to_end/server.rs"]
#[allow(dead_code, reason = "shared; no test binary needs all of it")]
mod server;
mod strace;
mod writer;

/// One test at a time: each has the machine's processes and load for itself.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new process has every file of this one open until it becomes another program, and a status file that somebody
/// has open for writing is not written yet. So nobody writes one while somebody starts a process.
static STARTING: RwLock<()> = RwLock::new(());

fn starting() -> RwLockWriteGuard<'static, ()> {
    STARTING.write().unwrap_or_else(PoisonError::into_inner)
}

fn writing() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}
