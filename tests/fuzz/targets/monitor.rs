//! Any octets as the output of a monitor of mon, and of a Nagios plugin of the fleet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::plugin_result::{End, Kept, Run};
use ocowatch::programs::exec::Told;
use ocowatch::programs::{exec, mon};

fuzz_target!(|input: &[u8]| {
    let Some((first, octets)) = input.split_first() else { return };
    let stdout = Kept { octets: octets.to_vec(), is_cut: first & 1 == 1 };
    let run = Run::Ended(End::Status(i32::from(first >> 1)));
    let hosts = ["web1", "192.0.2.1", "a"];
    let told = mon::told(&run, &stdout, &hosts);
    assert_eq!(told.len(), hosts.len());
    for told in told.into_iter().chain([exec::told(&run, &stdout, &Kept::default())]) {
        let (Told::Code(_, reason) | Told::Own(reason)) = told;
        assert!(!reason.chars().any(char::is_control), "{reason:?}");
    }
});
