//! CAP_NET_ADMIN, which ipvsadm needs: kept without being root, handed to the programs that need it, and given up.
//!
//! The kernel keeps capabilities by thread: all of this is for a process that has only one yet. What is executed gets
//! the ambient ones, which are always permitted and inheritable too.

use rustix::io;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set, set_capabilities,
};

/// Has the programs that are executed from now on get CAP_NET_ADMIN. Whether they do: nobody can hand on what it does
/// not have.
///
/// # Errors
/// The kernel has no ambient capabilities (before Linux 4.3), or its policy forbids them.
pub fn hand_on_net_admin() -> io::Result<bool> {
    let sets = capabilities(None)?;
    if !sets.permitted.contains(CapabilitySet::NET_ADMIN) {
        return Ok(false);
    }
    let inheritable = sets.inheritable | CapabilitySet::NET_ADMIN;
    set_capabilities(None, CapabilitySets { inheritable, ..sets })?;
    configure_capability_in_ambient_set(CapabilitySet::NET_ADMIN, true)?;
    Ok(true)
}

/// Gives up CAP_NET_ADMIN, also for what is executed from now on. Only a program that is executed as root gets it back.
///
/// # Errors
/// None is known: nobody needs a right to give one up.
pub fn give_up_net_admin() -> io::Result<()> {
    let sets = capabilities(None)?;
    let [effective, permitted, inheritable] = [sets.effective, sets.permitted, sets.inheritable]
        .map(|set| set.difference(CapabilitySet::NET_ADMIN));
    let left = CapabilitySets { effective, permitted, inheritable };
    // It is ambient no longer once it is not inheritable.
    if left == sets { Ok(()) } else { set_capabilities(None, left) }
}

/// Gives up all capabilities but CAP_NET_ADMIN, which can be [handed on](hand_on_net_admin), but not used.
///
/// # Errors
/// As [`give_up_net_admin`].
pub fn keep_only_net_admin() -> io::Result<()> {
    let permitted = capabilities(None)?.permitted.intersection(CapabilitySet::NET_ADMIN);
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted, inheritable: none })
}
