//! Which system calls fail, and how: every call that ocod makes, from its first instruction to its exit.

/// A system call and the errors that it can give.
pub struct Row {
    pub call: &'static str,
    pub errors: &'static [&'static str],
    /// When ocod makes it.
    pub made: Made,
    /// What it is for, and with that what its failing may lead to.
    pub purpose: Purpose,
}

/// When ocod makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Only before it first answers.
    AtStart,
    /// Also while it answers.
    Always,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To know the checks: an answer without it must be fail-safe.
    Knowing,
    /// To answer: while it fails for good, clients may go without a line.
    Answering,
    /// To run at all: it may end the process, with a message.
    Running,
    /// To load the program: the dynamic loader and the language's runtime end as they like, before ocod begins.
    Loading,
    /// To write the log, which is the only thing that may suffer.
    Logging,
    /// To confine the process: the log has to say what is missing.
    Confining,
    /// To become another user: without it there must be no start.
    DroppingPrivileges,
}

use Made::{Always, AtStart};
use Purpose::{Answering, Confining, DroppingPrivileges, Knowing, Loading, Logging, Running};

const fn row(call: &'static str, made: Made, purpose: Purpose, errors: &'static [&'static str]) -> Row {
    Row { call, errors, made, purpose }
}

/// What a kernel would not say is left out. EAGAIN stands only where it does not mean that there is nothing to be had,
/// and ENOENT for a file only where it was seen a moment before: elsewhere they would be no faults but lies, and
/// nobody can tell a file that is said not to be there from one that was removed. EINTR does not last, as each needs
/// a signal.
pub const FAULTS: &[Row] = &[
    row(
        "accept4",
        Always,
        Answering,
        &["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EINTR", "EACCES", "EPERM"],
    ),
    row("sendto", Always, Answering, &["ENOBUFS", "ENOMEM", "EINTR", "EAGAIN", "EPIPE", "ECONNRESET"]),
    row("recvfrom", Always, Answering, &["ECONNRESET", "ENOMEM", "EINTR", "EAGAIN", "EIO"]),
    row("shutdown", Always, Answering, &["ENOTCONN", "ECONNRESET", "ENOBUFS"]),
    row("epoll_wait", Always, Running, &["EINTR", "ENOMEM"]),
    row("epoll_ctl", Always, Running, &["ENOMEM", "ENOSPC"]),
    // Of the directory.
    row("newfstatat", Always, Knowing, &["EACCES", "EIO", "ENOMEM", "ESTALE", "EINTR"]),
    // Of the files. Linux before 4.11 does not have it, and some sandboxes deny what they do not know.
    row("statx", Always, Knowing, &["EACCES", "EIO", "ENOMEM", "ESTALE", "EINTR", "ENOSYS", "EPERM"]),
    row(
        "openat",
        Always,
        Knowing,
        &["ENOENT", "EMFILE", "ENFILE", "ENOMEM", "EACCES", "EIO", "ESTALE", "EINTR"],
    ),
    row("read", Always, Knowing, &["EIO", "EINTR", "ESTALE", "ENOMEM"]),
    row("lseek", Always, Knowing, &["EIO", "ENXIO", "EINVAL", "ESTALE"]),
    row("getdents64", Always, Knowing, &["EIO", "ENOENT", "ESTALE", "ENOMEM", "EINTR", "EACCES"]),
    row("statfs", Always, Knowing, &["EIO", "EACCES", "ESTALE", "ENOMEM", "EINTR", "ENOENT"]),
    row("inotify_init1", AtStart, Knowing, &["EMFILE", "ENFILE", "ENOMEM"]),
    row("inotify_add_watch", Always, Knowing, &["ENOSPC", "ENOMEM", "EACCES", "ENOENT"]),
    row("inotify_rm_watch", Always, Knowing, &["EINVAL"]),
    // How many events wait.
    row("ioctl", Always, Knowing, &["EIO", "ENOMEM"]),
    // The next expiry: without it, epoll's own time-out has to do.
    row("timerfd_create", AtStart, Answering, &["EMFILE", "ENFILE", "ENOMEM", "EINVAL", "ENODEV"]),
    row("timerfd_settime", Always, Answering, &["EINVAL", "ECANCELED"]),
    row("close", Always, Running, &["EIO", "EINTR", "ENOSPC"]),
    row("fcntl", Always, Running, &["EMFILE", "EINTR"]),
    row("write", Always, Logging, &["EIO", "ENOSPC", "EPIPE", "EAGAIN", "EINTR"]),
    row("fstat", AtStart, Logging, &["EIO", "ENOMEM"]),
    row("socket", Always, Running, &["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EACCES"]),
    row("setsockopt", Always, Running, &["ENOMEM", "ENOBUFS", "EACCES"]),
    row("bind", Always, Running, &["EADDRINUSE", "EACCES", "ENOMEM", "EADDRNOTAVAIL"]),
    row("listen", Always, Running, &["EADDRINUSE", "EACCES", "ENOMEM"]),
    row("getsockname", Always, Running, &["ENOBUFS"]),
    // The call itself gives the old end of the heap back, which is none of the library's errors.
    row("brk", Always, Loading, &["retval=0"]),
    row("mmap", Always, Loading, &["ENOMEM", "EACCES", "ENFILE"]),
    // A large table grows in place. What is copied instead takes another mmap.
    row("mremap", Always, Loading, &["ENOMEM"]),
    row("munmap", Always, Running, &["ENOMEM"]),
    row("prlimit64", Always, Running, &["EPERM"]),
    row("getrandom", Always, Running, &["EINTR", "ENOSYS"]),
    row("mprotect", AtStart, Loading, &["ENOMEM", "EACCES"]),
    row("poll", AtStart, Running, &["EINTR", "EAGAIN", "ENOMEM"]),
    row("pread64", AtStart, Running, &["EIO", "EINTR"]),
    row("access", AtStart, Running, &["EACCES", "EIO"]),
    row("sigaltstack", AtStart, Running, &["ENOMEM"]),
    row("sched_getaffinity", AtStart, Running, &["EPERM"]),
    row("connect", AtStart, Running, &["EACCES", "EAGAIN", "EINTR"]),
    row("socketpair", AtStart, Running, &["EMFILE", "ENFILE", "ENOMEM"]),
    row("epoll_create1", AtStart, Running, &["EMFILE", "ENFILE", "ENOMEM"]),
    row("readlink", AtStart, Running, &["EACCES", "EIO", "ENOMEM", "ENOENT"]),
    row("getcwd", AtStart, Running, &["ENOENT", "ENOMEM", "EACCES"]),
    row("setgroups", AtStart, DroppingPrivileges, &["EPERM", "ENOMEM"]),
    row("setgid", AtStart, DroppingPrivileges, &["EPERM"]),
    row("setuid", AtStart, DroppingPrivileges, &["EPERM", "EAGAIN"]),
    row("landlock_create_ruleset", AtStart, Confining, &["ENOSYS", "EOPNOTSUPP", "ENOMEM", "EMFILE"]),
    row("landlock_add_rule", AtStart, Confining, &["ENOMEM", "EOPNOTSUPP"]),
    row("landlock_restrict_self", AtStart, Confining, &["EPERM", "E2BIG", "ENOMEM", "EOPNOTSUPP"]),
    row("seccomp", AtStart, Confining, &["ENOSYS", "ENOMEM", "EINVAL", "EACCES"]),
];

/// Calls that are not made to fail, and why.
pub const SPARED: &[(&str, &str)] = &[
    ("execve", "the caller's, not ocod's"),
    ("arch_prctl", "fails only for a bad address"),
    ("set_tid_address", "can't fail"),
    ("set_robust_list", "fails only for a bad size"),
    ("rseq", "glibc goes on without it"),
    ("prctl", "asks for capabilities; for no-new-privileges the two layers demand it themselves"),
    ("rt_sigaction", "fails only for a signal that does not exist"),
    ("rt_sigprocmask", "fails only for a bad address"),
    ("rt_sigreturn", "can't fail"),
    ("restart_syscall", "goes on with another call"),
    ("futex", "wakes nobody in a process of one thread"),
    ("geteuid", "can't fail"),
    ("gettid", "can't fail"),
    ("getpid", "can't fail"),
    ("exit_group", "can't fail"),
    ("clock_gettime", "the clocks exist; a call only where there is no vDSO"),
];

/// Whether an error passes by itself, so that it can't be the answer to every call.
pub fn passes(error: &str) -> bool {
    error == "EINTR"
}
