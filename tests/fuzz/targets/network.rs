//! Any text as a network of an `allow` list, and a blank and an address behind it as a client.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oco::logic::network::Network;
use std::net::IpAddr;

fuzz_target!(|text: &str| {
    let (network, client) = text.split_once(' ').unwrap_or((text, ""));
    let Ok(read) = Network::parse(network) else { return };
    assert_eq!(Network::parse(&read.to_string()), Ok(read), "{read}");
    let (base, prefix) =
        network.split_once('/').map_or((network, None), |(base, prefix)| (base, Some(prefix)));
    let base: IpAddr = base.parse().expect("only an address is a network's base");
    assert!(read.contains(base), "{read} holds its base");
    let Ok(client) = client.parse::<IpAddr>() else { return };
    let width = if base.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(width, |digits| digits.parse().expect("a prefix is a number"));
    // Bit by bit, as one would on paper.
    let counted = 128 - width + prefix;
    let is_inside = (0..counted).all(|bit| bit_of(base, bit) == bit_of(client, bit));
    assert_eq!(read.contains(client), is_inside, "{client} in {read}");
});

fn bit_of(address: IpAddr, bit: usize) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    octets.get(bit / 8).is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0)
}
