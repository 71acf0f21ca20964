//! Counts a server's system calls by ptrace: we are its parent, so this needs no privilege and no strace.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::Result;
use crate::meter;
use crate::servers::Server;

/// How often each system call, by its number, was entered.
pub type Calls = BTreeMap<u64, u64>;

/// The calls the server makes while `work` runs.
pub fn count(server: &Server, work: impl FnOnce() -> Result<()>) -> Result<Calls> {
    let pid = server.pid;
    if meter::threads(pid)? != 1 {
        return Err("only one thread is traced".into());
    }
    meter::settle(pid)?;
    let done = AtomicBool::new(false);
    let (ready, is_ready) = mpsc::channel();
    thread::scope(|scope| {
        let tracer = scope.spawn(|| trace(pid, ready, &done).map_err(|e| e.to_string()));
        let result = is_ready.recv().map_err(|_| "cannot trace".into()).and_then(|()| work());
        done.store(true, Ordering::SeqCst);
        server.signal(Signal::SIGSTOP)?; // wakes the tracer, who keeps it to himself
        let calls = tracer.join().map_err(|_| "the tracer panicked")?;
        result.and(Ok(calls?))
    })
}

fn trace(pid: Pid, ready: mpsc::Sender<()>, done: &AtomicBool) -> nix::Result<Calls> {
    let mut calls = Calls::new();
    ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD)?;
    ptrace::interrupt(pid)?;
    let mut ready = Some(ready);
    loop {
        let mut deliver = None;
        match waitpid(pid, Some(WaitPidFlag::__WALL))? {
            WaitStatus::PtraceSyscall(_) => {
                let info = ptrace::syscall_info(pid)?;
                if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY {
                    // SAFETY: the kernel filled in the member that `op` names.
                    *calls.entry(unsafe { info.u.entry.nr }).or_default() += 1;
                }
            }
            // SIGSTOP has stopped it: leave it so, and hear of its SIGCONT.
            WaitStatus::PtraceEvent(_, Signal::SIGSTOP, libc::PTRACE_EVENT_STOP) => {
                listen(pid)?;
                continue;
            }
            WaitStatus::Stopped(_, Signal::SIGSTOP) if done.load(Ordering::SeqCst) => {
                ptrace::detach(pid, None)?;
                return Ok(calls);
            }
            WaitStatus::Stopped(_, signal) => deliver = Some(signal),
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return Err(nix::Error::ESRCH),
            _ => (),
        }
        ptrace::syscall(pid, deliver)?;
        if let Some(ready) = ready.take() {
            let _ = ready.send(());
        }
    }
}

/// The calls that the first thread of a process makes in a time, in which it makes some.
pub fn count_main_thread(pid: Pid, time: Duration) -> Result<Calls> {
    let mut calls = Calls::new();
    ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD)?;
    ptrace::interrupt(pid)?;
    let end = Instant::now() + time;
    loop {
        match waitpid(pid, Some(WaitPidFlag::__WALL))? {
            WaitStatus::PtraceSyscall(_) => {
                let info = ptrace::syscall_info(pid)?;
                if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY {
                    if Instant::now() >= end {
                        ptrace::detach(pid, None)?;
                        return Ok(calls);
                    }
                    // SAFETY: the kernel filled in the member that `op` names.
                    *calls.entry(unsafe { info.u.entry.nr }).or_default() += 1;
                }
            }
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return Err("the process has ended".into()),
            _ => (),
        }
        ptrace::syscall(pid, None)?;
    }
}

fn listen(pid: Pid) -> nix::Result<()> {
    // SAFETY: PTRACE_LISTEN takes no addresses.
    let result = unsafe { libc::ptrace(libc::PTRACE_LISTEN, pid.as_raw(), 0, 0) };
    nix::Error::result(result).map(drop)
}

/// `accept4 1.0, sendto 1.0`: the calls an answer, most frequent first.
pub fn profile(calls: &Calls, answers: u32) -> String {
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let share = |count: u64| count as f64 / f64::from(answers);
    let calls = calls.iter().filter(|(_, count)| share(**count) >= 0.005);
    let texts: Vec<_> =
        calls.map(|(number, count)| format!("{} {:.2}", name(**number), share(**count))).collect();
    texts.join(", ")
}

fn name(number: u64) -> String {
    let known = [
        (libc::SYS_accept4, "accept4"),
        (libc::SYS_clock_gettime, "clock_gettime"),
        (libc::SYS_close, "close"),
        (libc::SYS_connect, "connect"),
        (libc::SYS_futex, "futex"),
        (libc::SYS_epoll_ctl, "epoll_ctl"),
        (libc::SYS_epoll_pwait, "epoll_pwait"),
        (libc::SYS_fcntl, "fcntl"),
        (libc::SYS_ioctl, "ioctl"),
        (libc::SYS_newfstatat, "fstatat"),
        (libc::SYS_openat, "openat"),
        (libc::SYS_read, "read"),
        (libc::SYS_recvfrom, "recvfrom"),
        (libc::SYS_restart_syscall, "restart_syscall"),
        (libc::SYS_sendto, "sendto"),
        (libc::SYS_setsockopt, "setsockopt"),
        (libc::SYS_shutdown, "shutdown"),
        (libc::SYS_statx, "statx"),
        (libc::SYS_timerfd_settime, "timerfd_settime"),
        (libc::SYS_write, "write"),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_epoll_wait, "epoll_wait"),
    ];
    let found = known.iter().find(|(n, _)| u64::try_from(*n) == Ok(number));
    found.map_or_else(|| format!("#{number}"), |(_, name)| (*name).to_owned())
}
