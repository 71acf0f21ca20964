//! The balancers' tables that follow a service.

use super::Word;
use oco_fleet::object::ObjectName;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A balancer's table that follows a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The service.
    pub service: ObjectName,
    /// How.
    pub kind: TableKind,
}

/// The kinds of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKind {
    /// HAProxy's runtime socket.
    Haproxy {
        /// Where it is.
        socket: HaproxySocket,
        /// The backend.
        backend: String,
        /// Whether ko is `maint`, else `drain`.
        ko_is_maint: bool,
        /// The weight of `but`, in per cent.
        but_weight: u8,
        /// Never fewer than so many in.
        min_up: u32,
    },
    /// The kernel's IP virtual server.
    Lvs {
        /// `tcp ADDRESS:PORT`, `udp ADDRESS:PORT` or `fwmark N`.
        virtual_service: VirtualService,
        /// Seconds that clients stay with their server.
        persistent: Option<Duration>,
        /// The scheduler.
        scheduler: String,
        /// How packets get there.
        forward: Forwarding,
        /// Of the real servers.
        port: Option<u16>,
        /// Of ok.
        weight: u32,
        /// Of but.
        but_weight: u32,
        /// Whether ko gets weight 0 instead of being taken out.
        quiesce: bool,
        /// While every server is out.
        fallback: Option<SocketAddr>,
        /// Never fewer than so many in.
        min_up: u32,
    },
    /// A command at each change.
    Exec {
        /// It.
        command: Vec<Word>,
    },
}

/// Where HAProxy listens for commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaproxySocket {
    /// A Unix socket.
    Unix(PathBuf),
    /// `tcp ADDRESS:PORT`.
    Tcp(SocketAddr),
}

/// What an LVS service is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualService {
    /// TCP.
    Tcp(SocketAddr),
    /// UDP.
    Udp(SocketAddr),
    /// A mark of the firewall.
    Mark(u32),
}

/// How LVS forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forwarding {
    /// Direct routing.
    Gate,
    /// Masquerading.
    Masq,
    /// Tunnelling.
    Ipip,
}
