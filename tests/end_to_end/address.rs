//! Addresses for daemons that need the port of their choice: every one of 127/8 is this host's.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};

/// An address of the loopback network that nothing else of this test run has.
pub fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // Another run at the same time has another process id.
    let run = u8::try_from(std::process::id() % 200).unwrap_or(0);
    Ipv4Addr::new(127, 20 + run, high, low)
}
