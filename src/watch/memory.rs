//! What is free goes back to the kernel.
//!
//! The C library keeps what was freed for the next time: after the first round of a large fleet, or a storm, as much as
//! all that is still needed. SQLite takes its pages from there too. Nothing asks for it again for months.

/// Gives free memory of all threads back to the kernel, where the C library can.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "no crate of ours gives memory back: the only place of the workspace")]
pub fn give_back() {
    // SAFETY: malloc_trim takes no pointer and is safe in threads (malloc_trim(3), "MT-Safe"); what is in use stays.
    unsafe { libc::malloc_trim(0) };
}

/// Gives free memory of all threads back to the kernel, where the C library can. This one keeps little.
#[cfg(not(target_env = "gnu"))]
pub fn give_back() {}
