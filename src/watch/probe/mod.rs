//! Probes: what one found out, and the machines that find out.
//!
//! ```text
//!   start ->  pool  <- token of the poll      machine (one a probe in flight): octets in, steps out
//!              | sockets, deadlines,          oco tcp banner http tls udp; ping has packets
//!              | results -> outcome           it knows no socket, no clock and no other probe
//!              v
//!           network: the kernel's sockets, or the simulation's
//! ```

pub mod banner;
pub mod errors;
pub mod http;
pub mod lines;
pub mod machine;
pub mod network;
pub mod oco;
pub mod outcome;
pub mod ping;
pub mod pool;
pub mod step;
pub mod tcp;
pub mod tls;
pub mod udp;
pub mod words;

use crate::config::Probe;

/// The port that is probed: the probe's own, else the host's, else the usual one. None where the probe has none (ping),
/// or nobody said which one.
pub fn port_of(probe: &Probe, host_port: Option<u16>) -> Option<u16> {
    match probe {
        Probe::Oco { port } => port.or(host_port).or(Some(::oco::logic::answer::PORT)),
        Probe::Tcp { port } => port.or(host_port),
        Probe::Banner(banner) => banner.port.or(host_port),
        Probe::Http(http) => http.port.or(host_port).or(Some(http::usual_port(http))),
        Probe::Udp(udp) => udp.port.or(host_port),
        Probe::Ping => None,
        Probe::Exec(_) | Probe::Mon(_) | Probe::Report(_) => host_port,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_port_wins() {
        let oco = |port| Probe::Oco { port };
        assert_eq!(port_of(&oco(Some(1)), Some(2)), Some(1));
        assert_eq!(port_of(&oco(None), Some(2)), Some(2));
        assert_eq!(port_of(&oco(None), None), Some(79));
        assert_eq!(port_of(&Probe::Tcp { port: None }, None), None);
        assert_eq!(port_of(&Probe::Ping, Some(2)), None);
    }
}
