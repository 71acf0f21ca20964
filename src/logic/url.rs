//! Where something speaks HTTP: `https://board.example.org`.

use super::endpoint;
use std::net::IpAddr;

/// Reads a URL of http or https, and takes the slashes from its end. It has no user, query or fragment.
///
/// # Errors
/// The words say why it is none, and what was expected.
pub fn parse(text: &str) -> Result<String, String> {
    let wrong =
        |why: &str| Err(format!("{text:?}: {why}; expected a URL as https://host.example.org:8443/path"));
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else {
        return wrong("it begins with neither http:// nor https://");
    };
    if !text.bytes().all(|octet| octet.is_ascii_graphic()) {
        return wrong("it holds a blank, or a character that a URL has to encode");
    }
    if rest.contains(['?', '#', '@']) {
        return wrong("it has a ?, a # or an @");
    }
    match rest.split('/').next().unwrap_or_default() {
        "" => wrong("the host is missing"),
        host if is_host(host) => Ok(text.trim_end_matches('/').to_owned()),
        // What stands before the port is good.
        host if host.rsplit_once(':').is_some_and(|(before, _)| is_host(before)) => {
            wrong("the port is none from 1 to 65535")
        }
        _ => wrong("no host"),
    }
}

/// Whether it is a host, perhaps with a port.
fn is_host(text: &str) -> bool {
    let Ok(endpoint) = endpoint::parse(text) else { return false };
    let name = endpoint.name;
    // What has a colon and is no address has a zone, `fe80::1%eth0`.
    name.parse::<IpAddr>().is_ok()
        || name.contains(':')
        || endpoint::is_dns_name(name.strip_suffix('.').unwrap_or(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_what_is_none() {
        for (text, read) in [
            ("https://board.example.org", "https://board.example.org"),
            ("http://127.0.0.1:7980/", "http://127.0.0.1:7980"),
            ("https://[2001:db8::1]:8443/a/b//", "https://[2001:db8::1]:8443/a/b"),
            ("http://localhost.", "http://localhost."),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(read));
        }
        for (text, why) in [
            ("board.example.org", "neither http:// nor https://"),
            ("ftp://board", "neither http:// nor https://"),
            ("https://", "the host is missing"),
            ("https:///x", "the host is missing"),
            ("https://h:x/", "the port is none"),
            ("https://h:99999", "the port is none"),
            ("http://x:0", "the port is none"),
            ("http://[::1]:0", "the port is none"),
            ("https://192.0.2.1.5", "no host"),
            ("https://a b", "a blank"),
            ("https://h/\u{e4}", "has to encode"),
            ("https://u:p@h", "an @"),
            ("https://h/?x=1", "it has a ?"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
