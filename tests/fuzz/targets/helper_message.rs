//! Any octets as a message between a program and its helper process, and as what a program is started with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::children::message::{Order, decode_report, encode_report};
use oco::children::sheet;

fuzz_target!(|input: &[u8]| {
    if let Some(order) = Order::decode(input) {
        assert_eq!(order.encode(), input, "{order:?}");
    }
    if let Some((program, rest)) = sheet::decode(input) {
        assert_eq!(sheet::encode(&program), &input[..input.len() - rest], "{program:?}");
    }
    if let Some(report) = decode_report(input) {
        assert_eq!(encode_report(&report).as_deref(), Some(input), "{report:?}");
    }
});
