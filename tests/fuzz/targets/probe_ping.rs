//! Any bytes as a packet of ICMP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocowatch::probe::ping::{PACKET_OCTETS, answer, request, returned};

fuzz_target!(|input: &[u8]| {
    for is_ipv6 in [false, true] {
        let kinds = if is_ipv6 { [128, 129] } else { [8, 0] };
        if let Some((sequence, cookie)) = answer(is_ipv6, input) {
            let mut packet = request(is_ipv6, sequence, cookie);
            packet[0] = kinds[1];
            // Checksum and identifier are the kernel's.
            packet[2..6].copy_from_slice(&input[2..6]);
            assert_eq!(packet, input);
        }
        if let Some((sequence, cookie)) = returned(is_ipv6, input) {
            assert_eq!(input[0], kinds[0]);
            assert_eq!(sequence.to_be_bytes(), input[6..8]);
            assert_eq!(cookie.is_some(), input.len() >= PACKET_OCTETS);
        }
    }
});
