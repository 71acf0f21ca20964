//! Processes and their groups: seeing that one ended, signalling a group, and who of it is left.

use crate::logic::plugin_result::End;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::collections::HashSet;
use std::ffi::CString;
use std::io;

/// Lets ps(1) and top(1) show this process, whose first thread has to call it, by `name`. One that was executed as
/// `/proc/self/exe` is called `exe` there.
pub fn show_as(name: &str) {
    if let Ok(name) = CString::new(name) {
        // A name can't be refused.
        let _ = rustix::thread::set_name(&name);
    }
}

/// How the child `process` ended, if it did. It is not reaped: its number, which is that of its group too, can't
/// pass to a stranger before [`reap`].
pub fn end_of(process: u32) -> Option<End> {
    look_at(process, WaitPidFlag::WNOHANG)
}

/// Waits until the child `process` ends, and says how. It is not reaped.
pub fn wait_for_end(process: u32) -> End {
    loop {
        if let Some(end) = look_at(process, WaitPidFlag::empty()) {
            return end;
        }
    }
}

fn look_at(process: u32, flags: WaitPidFlag) -> Option<End> {
    let Some(pid) = pid(process) else { return Some(End::Lost) };
    match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | flags) {
        Ok(WaitStatus::Exited(_, status)) => Some(End::Status(status)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(End::Signal(Some(signal_number(signal)))),
        Ok(_) | Err(Errno::EINTR) => None,
        // What nix says of a signal that it has no name for.
        Err(Errno::EINVAL) => Some(End::Signal(None)),
        Err(_) => Some(End::Lost),
    }
}

/// Reaps the child `process` if it has ended. Never waits.
pub fn reap(process: u32) {
    if let Some(pid) = pid(process) {
        // Fails when there is nothing to reap, which is as well.
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
}

/// Asks every process of the group to end.
///
/// # Errors
/// ESRCH where there is no such group, EPERM where it is not ours.
pub fn terminate_group(group: u32) -> nix::Result<()> {
    signal_group(group, Signal::SIGTERM)
}

/// Ends every process of the group.
///
/// # Errors
/// ESRCH where there is no such group, EPERM where it is not ours.
pub fn kill_group(group: u32) -> nix::Result<()> {
    signal_group(group, Signal::SIGKILL)
}

fn signal_group(group: u32, signal: Signal) -> nix::Result<()> {
    match pid(group).map(|group| killpg(group, signal)) {
        // A group without a process is what was wanted.
        None | Some(Ok(()) | Err(Errno::ESRCH)) => Ok(()),
        Some(Err(errno)) => Err(errno),
    }
}

/// Lets signals through that whoever started us has blocked.
///
/// # Errors
/// As sigprocmask(2).
pub fn unblock(signals: &[Signal]) -> nix::Result<()> {
    signals.iter().copied().collect::<SigSet>().thread_unblock()
}

/// The signals that this process ignores, by their numbers; none where `/proc` does not tell.
pub fn ignored_signals() -> Vec<i32> {
    std::fs::read("/proc/self/status").map(|status| ignored_in(&status)).unwrap_or_default()
}

/// The numbers in the line `SigIgn:` of a `/proc/PID/status`, where the lowest bit of a hexadecimal number is signal 1.
fn ignored_in(status: &[u8]) -> Vec<i32> {
    let mask = status.split(|octet| *octet == b'\n').find_map(|line| line.strip_prefix(b"SigIgn:"));
    let mask = mask.and_then(|mask| std::str::from_utf8(mask).ok());
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// The groups that have a living process. One that ended and was not reaped does not count.
///
/// # Errors
/// There is no `/proc` to be read.
pub fn living_groups() -> io::Result<HashSet<u32>> {
    let mut groups = HashSet::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let is_process = entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if !is_process {
            continue;
        }
        // A process may end between the two looks.
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else { continue };
        groups.extend(living_group(&stat));
    }
    Ok(groups)
}

/// The group of a living process, from its `/proc/PID/stat`: `PID (NAME) STATE PARENT GROUP ...`. The name can
/// hold anything.
fn living_group(stat: &[u8]) -> Option<u32> {
    let name_end = stat.iter().rposition(|octet| *octet == b')')?;
    let mut fields =
        stat.get(name_end + 1..)?.split(|octet| *octet == b' ').filter(|field| !field.is_empty());
    let state = fields.next()?;
    let group = std::str::from_utf8(fields.nth(1)?).ok()?.parse().ok()?;
    (!matches!(state, b"Z" | b"X")).then_some(group)
}

/// Neither 0 nor a negative number, which the calls here would take for something else than one process or group.
fn pid(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().filter(|process| *process > 1).map(Pid::from_raw)
}

/// The number of a signal.
#[expect(clippy::as_conversions, reason = "an enum of numbers that fit by its definition")]
pub fn signal_number(signal: Signal) -> i32 {
    signal as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_found_behind_any_name() {
        assert_eq!(living_group(b"12 (sh) S 1 12 12 0 -1"), Some(12));
        assert_eq!(living_group(b"13 (a) Z 1 2) R 1 77 12 0"), Some(77));
        assert_eq!(living_group(b"14 (sh) Z 1 12 12 0"), None);
        assert_eq!(living_group(b"14 (sh"), None);
        assert_eq!(living_group(b"14 (sh) S 1"), None);
        assert_eq!(living_group(b""), None);
    }

    #[test]
    fn our_own_group_lives() {
        let own = u32::try_from(nix::unistd::getpgrp().as_raw()).unwrap();
        assert!(living_groups().unwrap().contains(&own));
    }

    #[test]
    fn ignored_signals_are_the_bits_of_the_mask() {
        assert_eq!(ignored_in(b"Name:\tx\nSigIgn:\t8000000000004001\nSigCgt:\t0\n"), [1, 15, 64]);
        assert_eq!(ignored_in(b"SigIgn:\tx\n"), [0; 0]);
        assert_eq!(ignored_in(b""), [0; 0]);
    }

    #[test]
    fn no_number_means_everybody() {
        assert_eq!([0, 1, u32::MAX].map(pid), [None; 3]);
    }
}
