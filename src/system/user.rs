//! Becoming an unprivileged user for good.

use crate::system::capabilities::keep_only_net_admin;
use crate::system::words::words;
use nix::errno::Errno;
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setuid};
use rustix::thread::set_keep_capabilities;
use std::ffi::CString;
use std::fmt;

/// Why the privileges could not be dropped.
#[derive(Debug)]
pub enum UserError {
    /// There is no such user.
    Unknown(String),
    /// The user exists, and a call failed.
    Call(&'static str, String, Errno),
    /// Only root can become another user.
    NotRoot(String),
    /// Root could be had back.
    Regained,
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UserError::Unknown(name) => write!(f, "user {name}: no such user"),
            UserError::Call(call, name, errno) => {
                write!(f, "user {name}: {call}: {}", words(&(*errno).into()))
            }
            UserError::NotRoot(name) => write!(f, "user {name}: only root can become another user"),
            UserError::Regained => write!(f, "the privileges were dropped, but could be had back"),
        }
    }
}

impl std::error::Error for UserError {}

/// The user called `name`.
///
/// # Errors
/// There is none, or it can't be looked up.
pub fn find(name: &str) -> Result<User, UserError> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(UserError::Unknown(name.to_owned())),
        Err(errno) => Err(UserError::Call("look it up", name.to_owned(), errno)),
    }
}

/// Whether this process can become `user`, as far as that can be told before.
///
/// # Errors
/// Only root can become another user.
pub fn check(user: &User) -> Result<(), UserError> {
    match geteuid() == user.uid || geteuid().is_root() {
        true => Ok(()),
        false => Err(UserError::NotRoot(user.name.clone())),
    }
}

/// Becomes `user` with its own groups, and proves that there is no way back.
///
/// # Errors
/// The process stays as it was, or is between the two: it must not go on.
pub fn become_user(user: &User) -> Result<(), UserError> {
    change_to(user, false)
}

/// Becomes `user` likewise, but keeps CAP_NET_ADMIN, where root has it, to be
/// [handed on](crate::system::capabilities::hand_on_net_admin).
///
/// # Errors
/// As [`become_user`].
pub fn become_user_with_net_admin(user: &User) -> Result<(), UserError> {
    change_to(user, true)
}

fn change_to(user: &User, keeps_net_admin: bool) -> Result<(), UserError> {
    let failed = |call| move |errno| UserError::Call(call, user.name.clone(), errno);
    check(user)?;
    if geteuid() == user.uid {
        return Ok(());
    }
    let name = CString::new(user.name.as_str()).map_err(|_| UserError::Unknown(user.name.clone()))?;
    let keeping =
        |error: rustix::io::Errno| failed("keep CAP_NET_ADMIN")(Errno::from_raw(error.raw_os_error()));
    if keeps_net_admin {
        set_keep_capabilities(true).map_err(keeping)?;
    }
    initgroups(&name, user.gid).map_err(failed("initgroups"))?;
    setgid(user.gid).map_err(failed("setgid"))?;
    setuid(user.uid).map_err(failed("setuid"))?;
    if keeps_net_admin {
        keep_only_net_admin().map_err(keeping)?;
        set_keep_capabilities(false).map_err(keeping)?;
    }
    if setuid(Uid::from_raw(0)).is_ok() || (user.gid.as_raw() != 0 && setgid(Gid::from_raw(0)).is_ok()) {
        return Err(UserError::Regained);
    }
    Ok(())
}

/// Whether the process runs as root.
pub fn is_root() -> bool {
    geteuid().is_root()
}
