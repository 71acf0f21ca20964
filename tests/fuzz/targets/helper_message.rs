//! Any octets as a message between a program and its helper process.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::children::message::{Order, decode_report, encode_report};

fuzz_target!(|input: &[u8]| {
    if let Some(order) = Order::decode(input) {
        assert_eq!(order.encode().as_deref(), Some(input), "{order:?}");
    }
    if let Some(report) = decode_report(input) {
        assert_eq!(encode_report(&report).as_deref(), Some(input), "{report:?}");
    }
});
