//! What `ipvsadm -Sn` tells: each virtual service with its real servers, as commands that would make them.
//!
//! ```text
//!   -A -t 192.0.2.1:80 -s wlc -p 300
//!   -a -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w 100
//! ```
#![deny(clippy::disallowed_methods)]

use crate::config::{Forwarding, VirtualService};
use crate::limits::SHOWN_CHARACTERS;
use oco::logic::text::printable;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What clients reach, as the kernel tells one from another: a mark is one of IPv4 or of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Virtual {
    /// By what.
    pub service: VirtualService,
    /// Of a mark: that of IPv6.
    pub is_v6_mark: bool,
}

/// A virtual service as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedService {
    /// Which.
    pub name: Virtual,
    /// Its real servers.
    pub servers: BTreeMap<SocketAddr, SavedServer>,
}

/// A real server as the kernel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedServer {
    /// How packets get there; none: a way that no setting asks for.
    pub forward: Option<Forwarding>,
    /// Its weight.
    pub weight: u32,
}

/// Reads it.
///
/// # Errors
/// A line is none of `ipvsadm -Sn`. It is told for people.
pub fn parse(octets: &[u8]) -> Result<Vec<SavedService>, String> {
    let text = String::from_utf8_lossy(octets);
    let mut services: Vec<SavedService> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if take_in(line, &mut services).is_none() {
            let line: String = printable(line.as_bytes()).chars().take(SHOWN_CHARACTERS).collect();
            return Err(format!("a strange line: {line}"));
        }
    }
    Ok(services)
}

fn take_in(line: &str, services: &mut Vec<SavedService>) -> Option<()> {
    let mut words = line.split_ascii_whitespace().peekable();
    let command = words.next()?;
    let (mut service, mut is_v6_mark) = (None, false);
    let (mut address, mut forward, mut weight) = (None, None, None);
    while let Some(word) = words.next() {
        match word {
            "-t" => service = Some(VirtualService::Tcp(words.next()?.parse().ok()?)),
            "-u" => service = Some(VirtualService::Udp(words.next()?.parse().ok()?)),
            "-f" => service = Some(VirtualService::Mark(words.next()?.parse().ok()?)),
            "-6" => is_v6_mark = true,
            "-r" => address = Some(words.next()?.parse().ok()?),
            "-g" => forward = Some(Forwarding::Gate),
            "-m" => forward = Some(Forwarding::Masq),
            "-i" => forward = Some(Forwarding::Ipip),
            "-w" => weight = Some(words.next()?.parse().ok()?),
            // Further settings, which we neither make nor change, and their values.
            _ => {}
        }
    }
    // Others than ours may be of kinds that we have none of.
    let Some(service) = service else { return matches!(command, "-A" | "-a").then_some(()) };
    let name = Virtual { service, is_v6_mark };
    match command {
        "-A" => services.push(SavedService { name, servers: BTreeMap::new() }),
        "-a" => {
            let service = services.iter_mut().rev().find(|service| service.name == name)?;
            service.servers.insert(address?, SavedServer { forward, weight: weight? });
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn services_and_servers_are_read() {
        let text = "-A -t 192.0.2.1:80 -s wlc -p 300\n\
                    -a -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w 100\n\
                    -a -t 192.0.2.1:80 -r 192.0.2.12:80 -i -w 0 --tun-type gue --tun-port 6080\n\
                    -A -u [2001:db8::1]:53 -s rr -p 360 -M 64\n\
                    -a -u [2001:db8::1]:53 -r [2001:db8::2]:53 -m -w 7\n\
                    -A -f 3 -s wlc\n-A -f 3 -6 -s wlc\n-a -f 3 -6 -r [2001:db8::2]:0 -g -w 1\n";
        let services = parse(text.as_bytes()).unwrap();
        let shown: Vec<String> = services
            .iter()
            .map(|service| format!("{:?} {:?}", service.name.service, service.servers.len()))
            .collect();
        let expected =
            ["Tcp(192.0.2.1:80) 2", "Udp([2001:db8::1]:53) 1", "Mark(3) 0", "Mark(3) 1"].map(str::to_owned);
        assert_eq!(shown, expected);
        let server = services[0].servers[&"192.0.2.12:80".parse().unwrap()];
        assert_eq!(server, SavedServer { forward: Some(Forwarding::Ipip), weight: 0 });
        assert_eq!(parse(b"").unwrap(), []);
    }

    #[test]
    fn a_line_that_is_cut_or_strange_is_an_error() {
        for text in [
            "-A -t 192.0.2.1",
            "-a -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w 100",
            "-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 192.0.2.11:80 -g -w",
            "-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 192.0.2",
            "IP Virtual Server version 1.2.1 (size=4096)",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(text in "(-[AatufrgmiwsS6]|[0-9.:]{1,14}|[ \\n]){0,40}") {
            let _ = parse(text.as_bytes());
        }
    }
}
