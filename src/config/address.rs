//! Addresses to listen on, as people write them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Reads `ADDRESS:PORT`. The error says what is missing, for what is written wrong most often.
///
/// # Errors
/// The text is no address with a port; the words say what was expected.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?}: {}", mistake(text)))
}

fn mistake(text: &str) -> String {
    const EXPECTED: &str = "expected ADDRESS:PORT";
    // Before the whole: "::1:79" is an address too, of another host.
    if let Some((address, port)) = text.rsplit_once(':')
        && address.parse::<Ipv6Addr>().is_ok()
        && is_port(port)
    {
        return format!("an IPv6 address needs brackets; {EXPECTED}, as [{address}]:{port}");
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => return format!("the port is missing; {EXPECTED}, as {address}:79"),
        Ok(IpAddr::V6(address)) => return format!("the port is missing; {EXPECTED}, as [{address}]:79"),
        Err(_) => {}
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return format!("{EXPECTED}, as 127.0.0.1:79 or [::]:79");
    };
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inside.map(str::parse) {
        Some(Ok(IpAddr::V4(address))) => {
            return format!("an IPv4 address stands without brackets; {EXPECTED}, as {address}:{port}");
        }
        Some(_) if host.contains('%') => {
            return format!("a zone is the number of an interface; {EXPECTED}, as [fe80::1%2]:79");
        }
        Some(_) | None => {}
    }
    let is_address = inside.unwrap_or(host).parse::<IpAddr>().is_ok();
    if is_address && !is_port(port) {
        return format!("a port is a number up to 65535; {EXPECTED}, as 127.0.0.1:79 or [::]:79");
    }
    if matches!(host, "" | "*") {
        return format!("all addresses are [::], those of IPv4 alone 0.0.0.0; {EXPECTED}, as [::]:79");
    }
    if is_host_name(host) {
        return format!("{host} is no numeric address; {EXPECTED}, as 127.0.0.1:79 or [::]:79");
    }
    format!("{EXPECTED}, as 127.0.0.1:79 or [::]:79")
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_host_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mistakes_are_told_with_what_would_be_right() {
        for (text, what) in [
            ("::1:79", "an IPv6 address needs brackets; expected ADDRESS:PORT, as [::1]:79"),
            ("2001:db8::1:7979", "needs brackets; expected ADDRESS:PORT, as [2001:db8::1]:7979"),
            (":::79", "needs brackets; expected ADDRESS:PORT, as [::]:79"),
            ("[::1]", "the port is missing; expected ADDRESS:PORT, as [::1]:79"),
            ("::", "the port is missing; expected ADDRESS:PORT, as [::]:79"),
            ("2001:db8::beef", "the port is missing; expected ADDRESS:PORT, as [2001:db8::beef]:79"),
            ("127.0.0.1", "the port is missing; expected ADDRESS:PORT, as 127.0.0.1:79"),
            ("[127.0.0.1]:79", "without brackets; expected ADDRESS:PORT, as 127.0.0.1:79"),
            ("[fe80::1%eth0]:79", "a zone is the number"),
            ("127.0.0.1:99999", "a number up to 65535"),
            ("[::]:http", "a number up to 65535"),
            ("127.0.0.1:", "a number up to 65535"),
            (":79", "all addresses are [::]"),
            ("*:79", "all addresses are [::]"),
            ("localhost:79", "localhost is no numeric address"),
            ("web1.example.org:79", "web1.example.org is no numeric address"),
            ("79", "\"79\": expected ADDRESS:PORT, as"),
            ("", "\"\": expected ADDRESS:PORT, as"),
            ("a b:79", "\"a b:79\": expected ADDRESS:PORT, as"),
        ] {
            let said = parse_address(text).unwrap_err();
            assert!(said.contains(what) && said.contains("expected ADDRESS:PORT"), "{text}: {said}");
        }
    }

    proptest! {
        #[test]
        fn what_is_advised_is_right(address in any::<[u8; 16]>(), port in any::<u16>()) {
            let address = Ipv6Addr::from(address);
            for written in [format!("{address}:{port}"), format!("[{address}]"), format!("{address}")] {
                let Err(said) = parse_address(&written) else { continue };
                let advice = said.rsplit_once(" as ").unwrap().1;
                prop_assert!(advice.parse::<SocketAddr>().is_ok(), "{said}");
            }
        }

        #[test]
        fn any_text_is_an_address_or_one_that_is_expected(text in "[0-9a-f:.%\\[\\]*]{0,24}|\\PC{0,12}") {
            if let Err(said) = parse_address(&text) {
                prop_assert!(said.contains("expected ADDRESS:PORT"), "{said}");
            }
        }
    }
}
