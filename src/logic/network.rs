//! Networks in `allow` lists: which clients a listener answers.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An address with a prefix length. A bare address is one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// In IPv6 form; IPv4 is mapped, so that it matches clients of a dual-stack listener.
    base: u128,
    /// How many leading bits count, 0 to 128.
    prefix: u8,
}

/// The leading bits of every IPv4-mapped address (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

impl Network {
    /// Reads `ADDRESS` or `ADDRESS/PREFIX`. Bits behind the prefix must be zero, as a typing error shows there.
    ///
    /// # Errors
    /// The text is no network; the words say what was expected.
    pub fn parse(text: &str) -> Result<Network, &'static str> {
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => (address, Some(prefix)),
        };
        let address: IpAddr = address.parse().map_err(|_| "not an IP address")?;
        let (base, offset) = match address {
            IpAddr::V4(v4) => (v4.to_ipv6_mapped(), MAPPED_BITS),
            IpAddr::V6(v6) => (v6, 0),
        };
        let longest = 128 - offset;
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|octet| octet.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= longest).ok_or("prefix too long")?
            }
            Some(_) => return Err("prefix is not a number"),
        };
        let network = Network { base: base.to_bits(), prefix: offset + prefix };
        if network.base & !network.mask() != 0 {
            return Err("bits set behind the prefix");
        }
        Ok(network)
    }

    fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0)
    }

    /// Whether the client at `address` is in this network.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        address.to_bits() & self.mask() == self.base
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = Ipv6Addr::from_bits(self.base);
        match base.to_ipv4_mapped() {
            Some(v4) if self.prefix >= MAPPED_BITS => write!(f, "{v4}/{}", self.prefix - MAPPED_BITS),
            _ => write!(f, "{base}/{}", self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contains(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn networks_hold_their_hosts() {
        assert!(contains("192.0.2.0/24", "192.0.2.200") && !contains("192.0.2.0/24", "192.0.3.1"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.1"));
        assert!(contains("192.0.2.7", "192.0.2.7") && !contains("192.0.2.7", "192.0.2.8"));
        assert!(contains("0.0.0.0/0", "198.51.100.1") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("::/0", "2001:db8::1") && contains("2001:db8::/32", "2001:db8:1::1"));
        assert!(!contains("2001:db8::/32", "2001:db9::1") && contains("::1", "::1"));
    }

    #[test]
    fn bad_networks_are_refused() {
        for bad in
            ["", "x", "192.0.2.0/33", "192.0.2.1/24", "192.0.2.0/", "192.0.2.0/+8", "::/129", "1.2.3/8"]
        {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_network_is_shown_as_it_is_read(bits in any::<u32>(), prefix in 0u8..=32) {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let shown = format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(bits & mask));
            prop_assert_eq!(Network::parse(&shown).unwrap().to_string(), shown);
        }

        #[test]
        fn any_text_is_a_network_or_an_error(text in "[0-9a-f.:/]{0,24}") {
            if let Ok(network) = Network::parse(&text) {
                prop_assert_eq!(Network::parse(&network.to_string()), Ok(network));
            }
        }
    }
}
