//! Where a request comes from: the peer, or whom a proxy that is believed names. Pure.

use oco::logic::network::Network;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address; none: it came by a socket of this host, which only a proxy may open.
    pub address: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
}

/// Who asks, as far as the network tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address; none: this host, by a socket.
    pub address: Option<IpAddr>,
    /// Whether the way to the client is encrypted.
    pub is_https: bool,
}

/// Who asks by this peer. `forwarded_for` and `forwarded_proto` are the values of the headers of all proxies, each list in
/// its order.
pub fn client<'a>(
    peer: Peer,
    proxies: &[Network],
    forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    forwarded_proto: Option<&str>,
) -> Client {
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    if !peer.address.is_none_or(is_proxy) {
        return Client { address: peer.address, is_https: peer.is_tls };
    }
    let mut address = peer.address;
    for named in forwarded_for.rev().flat_map(|value| value.rsplit(',')) {
        // What can't be read names nobody: the proxy that passed it on is the last one known.
        let Some(named) = parse(named.trim()) else { break };
        address = Some(named);
        if !is_proxy(named) {
            break;
        }
    }
    let is_https = peer.is_tls || forwarded_proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    Client { address: address.map(|address| address.to_canonical()), is_https }
}

/// An address as proxies write it, with a port or without.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(peer: Option<&str>, headers: &[&str]) -> Option<String> {
        let proxies = [Network::parse("127.0.0.1").unwrap(), Network::parse("10.0.0.0/8").unwrap()];
        let peer = Peer { address: peer.map(|text| text.parse().unwrap()), is_tls: false };
        client(peer, &proxies, headers.iter().copied(), None).address.map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        for (peer, headers, expected) in [
            (Some("192.0.2.9"), &["198.51.100.1"][..], Some("192.0.2.9")),
            (Some("127.0.0.1"), &[], Some("127.0.0.1")),
            (Some("127.0.0.1"), &["198.51.100.1"], Some("198.51.100.1")),
            (Some("127.0.0.1"), &["203.0.113.7, 198.51.100.1"], Some("198.51.100.1")),
            (Some("127.0.0.1"), &["203.0.113.7, 198.51.100.1, 10.1.1.1"], Some("198.51.100.1")),
            (Some("127.0.0.1"), &["203.0.113.7", "198.51.100.1"], Some("198.51.100.1")),
            (Some("127.0.0.1"), &["10.0.0.1, 10.0.0.2"], Some("10.0.0.1")),
            (Some("127.0.0.1"), &["198.51.100.1, nonsense, 10.0.0.2"], Some("10.0.0.2")),
            (Some("127.0.0.1"), &["nonsense"], Some("127.0.0.1")),
            (Some("127.0.0.1"), &["[2001:db8::1]:77"], Some("2001:db8::1")),
            (Some("127.0.0.1"), &["[2001:db8::1]"], Some("2001:db8::1")),
            (Some("127.0.0.1"), &["198.51.100.1:5555"], Some("198.51.100.1")),
            (Some("::ffff:127.0.0.1"), &["::ffff:198.51.100.1"], Some("198.51.100.1")),
            (None, &["198.51.100.1"], Some("198.51.100.1")),
            (None, &[], None),
        ] {
            assert_eq!(of(peer, headers).as_deref(), expected, "{peer:?} {headers:?}");
        }
    }

    #[test]
    fn only_a_proxy_says_that_the_way_is_encrypted() {
        let proxies = [Network::parse("127.0.0.1").unwrap()];
        let is_https = |peer: &str, proto: &str| {
            let peer = Peer { address: Some(peer.parse().unwrap()), is_tls: false };
            client(peer, &proxies, [].into_iter(), Some(proto)).is_https
        };
        assert!(is_https("127.0.0.1", "https") && !is_https("127.0.0.1", "http"));
        assert!(!is_https("192.0.2.1", "https"));
    }

    proptest! {
        #[test]
        fn who_is_no_proxy_is_believed_nothing(header in "\\PC{0,40}|[0-9a-f.:, ]{0,60}") {
            let named = of(Some("192.0.2.9"), &[&header]);
            prop_assert_eq!(named.as_deref(), Some("192.0.2.9"));
            let _ = of(Some("127.0.0.1"), &[&header]);
        }
    }
}
