//! What ocod of the same settings answers on this host: the listener to ask, and asking it.

use super::ask::{NoAnswer, Reply, ask_http, ask_line, knock};
use crate::config::{self, Listen, Settings};
use crate::limits::PORT_TIMEOUT;
use crate::logic::answer;
use crate::logic::face::Face;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A listener that this host can ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Where to find it: the first that answers counts.
    addresses: Vec<SocketAddr>,
    way: Way,
    refuses_when_ko: bool,
}

/// How to ask, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// For its line.
    Line,
    /// By HTTP.
    Http,
    /// Only whether it is there: it does not answer this host for all checks.
    Knock,
}

impl Port {
    /// The listener of `settings` to ask: the first that answers this host for all checks, in a line if there is such,
    /// else by HTTP, else any; one that is never closed before others. None: nobody can know where they are.
    pub fn of(settings: &Settings) -> Option<Port> {
        let default = [config::default_listener()];
        let listeners = if settings.listeners.is_empty() { &default[..] } else { &settings.listeners[..] };
        let ports = listeners.iter().filter_map(|listen| {
            let there = addresses(listen, listeners);
            let allowed: Vec<SocketAddr> =
                there.iter().copied().filter(|address| listen.allows(address.ip())).collect();
            let is_for_all = listen.checks.is_empty() && !allowed.is_empty();
            let (way, addresses) = match listen.speak() {
                Face::Oco if is_for_all => (Way::Line, allowed),
                Face::Http if is_for_all => (Way::Http, allowed),
                Face::Oco | Face::Http | Face::Agent => (Way::Knock, there),
            };
            let port = Port { addresses, way, refuses_when_ko: listen.refuse_when_ko };
            (!port.addresses.is_empty()).then_some(port)
        });
        ports.min_by_key(|port| (port.way, port.refuses_when_ko))
    }

    /// Asks it. None: it is there.
    pub fn ask(&self) -> Result<Option<Reply>, NoAnswer> {
        match self.way {
            Way::Line => ask_line(&self.addresses, PORT_TIMEOUT).map(Some),
            Way::Http => ask_http(&self.addresses, PORT_TIMEOUT).map(Some),
            Way::Knock => knock(&self.addresses, PORT_TIMEOUT).map(|()| None),
        }
    }

    /// Whether no answer for this reason is what the listener says while the host is KO.
    pub fn is_closed_by(&self, why: &NoAnswer) -> bool {
        let is_refused =
            matches!(why, NoAnswer::Failed(error) if error.kind() == ErrorKind::ConnectionRefused);
        self.refuses_when_ko && is_refused
    }

    /// Its address, for people.
    pub fn shown(&self) -> String {
        self.addresses.first().map(SocketAddr::to_string).unwrap_or_default()
    }
}

/// Where this host reaches the listener.
fn addresses(listen: &Listen, listeners: &[Listen]) -> Vec<SocketAddr> {
    let address = listen.address;
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let ips = match address.ip() {
        // Any free port is none that anybody can know.
        _ if address.port() == 0 => vec![],
        IpAddr::V4(ip) if ip.is_unspecified() => vec![v4],
        IpAddr::V6(ip) if ip.is_unspecified() && config::is_ipv6_only(address, listeners) => vec![v6],
        IpAddr::V6(ip) if ip.is_unspecified() => vec![v4, v6],
        _ => return vec![address],
    };
    ips.into_iter().map(|ip| SocketAddr::new(ip, address.port())).collect()
}

/// Whether two lines say the same: of another version of the program, too.
pub fn is_same(line: &str, other: &str) -> bool {
    match (answer::parse(line.as_bytes()), answer::parse(other.as_bytes())) {
        (Some(line), Some(other)) => {
            (line.verdict, line.entries, line.omitted) == (other.verdict, other.entries, other.omitted)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<(String, Way)> {
        let port = Port::of(&config::parse(text).unwrap())?;
        let shown: Vec<String> = port.addresses.iter().map(SocketAddr::to_string).collect();
        Some((shown.join(" "), port.way))
    }

    fn listen(address: &str, more: &str) -> String {
        format!("[[listen]]\naddress = \"{address}\"\n{more}\n")
    }

    #[test]
    fn the_first_listener_for_all_checks_is_asked() {
        let line = |shown: &str| Some((shown.to_owned(), Way::Line));
        let knocked_at = |shown: &str| Some((shown.to_owned(), Way::Knock));
        assert_eq!(asked(""), line("127.0.0.1:79 [::1]:79"));
        assert_eq!(asked(&listen("0.0.0.0:7979", "")), line("127.0.0.1:7979"));
        assert_eq!(asked(&listen("192.0.2.1:7979", "")), line("192.0.2.1:7979"));
        let both = listen("[::]:79", "") + &listen("192.0.2.1:79", "");
        assert_eq!(asked(&both), line("[::1]:79"));
        let limited = listen("192.0.2.1:1", "checks = [\"php*\"]");
        assert_eq!(asked(&(limited.clone() + &listen("192.0.2.1:2", ""))), line("192.0.2.1:2"));
        let refusing = listen("192.0.2.1:1", "refuse-when-ko = true");
        assert_eq!(asked(&refusing), line("192.0.2.1:1"));
        assert_eq!(asked(&(refusing + &listen("192.0.2.1:2", ""))), line("192.0.2.1:2"));
        let others = listen("[::]:1", "allow = [\"192.0.2.0/24\"]");
        assert_eq!(asked(&others), knocked_at("127.0.0.1:1 [::1]:1"));
        let some = listen("[::]:1", "allow = [\"192.0.2.0/24\", \"::1\"]");
        assert_eq!(asked(&some), line("[::1]:1"));
        let http = listen("0.0.0.0:80", "speak = \"http\"");
        assert_eq!(asked(&http), Some(("127.0.0.1:80".to_owned(), Way::Http)));
        assert_eq!(asked(&(http + &listen("0.0.0.0:79", ""))), line("127.0.0.1:79"));
        assert_eq!(asked(&listen("0.0.0.0:80", "speak = \"agent\"")), knocked_at("127.0.0.1:80"));
        assert_eq!(asked(&limited), knocked_at("192.0.2.1:1"));
        assert_eq!(asked(&listen("0.0.0.0:0", "")), None);
    }

    #[test]
    fn lines_of_two_versions_can_say_the_same() {
        assert!(is_same("350 KO oco-1.0.0 300-a\r\n", "350 KO oco-2.0.0 300-a"));
        assert!(!is_same("350 KO oco-1.0.0 300-a", "350 KO oco-1.0.0 301-a"));
        assert!(!is_same("200 OK oco-1.0.0", "250 OK, but oco-1.0.0 210-a"));
        assert!(!is_same("", ""));
    }
}
