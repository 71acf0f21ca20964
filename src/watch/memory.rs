//! What is free goes back to the kernel.
//!
//! The C library keeps what was freed for the next time: after the first round of a large fleet, or a storm, as much as
//! all that is still needed. SQLite takes its pages from there too. Nothing asks for it again for months.
#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "no crate of ours does it: the only file of the workspace")
)]

/// From so many free octets at the end of a thread's memory on, they go back at once: glibc's own number at a start, which
/// it raises with each large piece that is freed.
#[cfg(target_env = "gnu")]
const KEPT_OCTETS: libc::c_int = 128 * 1024;

/// Makes the C library keep little for each thread. To be called before there is a second one.
pub fn keep_little() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes no pointer and changes a number of the allocator, by which nothing in use is moved.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_OCTETS)
    };
}

/// Gives free memory between what is in use back to the kernel, that of all threads.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes no pointer and is safe in threads (malloc_trim(3), "MT-Safe"); what is in use stays.
    unsafe {
        libc::malloc_trim(0)
    };
}
