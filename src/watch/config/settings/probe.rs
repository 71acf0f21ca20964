//! What a probe does, and what it expects.

use std::path::PathBuf;
use std::time::Duration;

/// What a probe does.
#[derive(Debug, Clone)]
pub enum Probe {
    /// Reads an OCO line.
    Oco {
        /// In place of the hosts' ports.
        port: Option<u16>,
    },
    /// Connects.
    Tcp {
        /// In place of the hosts' ports. There is a port for each host.
        port: Option<u16>,
    },
    /// Reads a greeting, and may say something and read what then comes.
    Banner(Banner),
    /// Asks for a page, perhaps by TLS.
    Http(Box<Http>),
    /// Sends a datagram and waits for one.
    Udp(Udp),
    /// ICMP echo.
    Ping,
    /// Runs a Nagios plugin for each host.
    Exec(Vec<Word>),
    /// Runs a mon monitor for all hosts at once.
    Mon(Vec<Word>),
    /// Waits for reports, which have to come within this.
    Report(Duration),
}

impl Probe {
    /// Whether each host is asked on its own, at its address, so that its response time is known. A monitor is given all
    /// of them at once, and who reports is not asked.
    pub fn asks_each_host(&self) -> bool {
        match self {
            Probe::Oco { .. }
            | Probe::Tcp { .. }
            | Probe::Banner(_)
            | Probe::Http(_)
            | Probe::Udp(_)
            | Probe::Ping
            | Probe::Exec(_) => true,
            Probe::Mon(_) | Probe::Report(_) => false,
        }
    }
}

/// A word of a command: `{address}` and the like are put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(pub String);

/// A greeting that is expected.
#[derive(Debug, Clone)]
pub struct Banner {
    /// What the first line has to match.
    pub expect: regex::bytes::Regex,
    /// In place of the hosts' ports. There is a port for each host.
    pub port: Option<u16>,
    /// What is said then.
    pub send: Option<Vec<u8>>,
    /// What the line after that has to match.
    pub then: Option<regex::bytes::Regex>,
}

/// A page that is asked for.
#[derive(Debug, Clone)]
pub struct Http {
    /// Path and query, from `/` on.
    pub path: String,
    /// In place of the hosts' ports and the usual one.
    pub port: Option<u16>,
    /// The `Host` field and the name of the certificate, in place of the host's name.
    pub host: Option<String>,
    /// The method.
    pub method: String,
    /// Which status is well: ranges, both ends in.
    pub status: Vec<(u16, u16)>,
    /// What the body has to match.
    pub expect: Option<regex::bytes::Regex>,
    /// Further fields of the head.
    pub headers: Vec<(String, String)>,
    /// By TLS.
    pub tls: Option<Tls>,
}

/// How a server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Whether it has to.
    pub verify: bool,
    /// The authorities in this file, in place of the system's.
    pub ca: Option<PathBuf>,
    /// A certificate that ends sooner than this is 210.
    pub expires_but: Duration,
    /// One that ends sooner than this is 300.
    pub expires_ko: Duration,
}

impl Tls {
    /// By its certificate, however soon that ends: by the authorities in `ca`, else by the system's.
    pub fn by_authorities(ca: Option<PathBuf>) -> Tls {
        Tls { verify: true, ca, expires_but: Duration::ZERO, expires_ko: Duration::ZERO }
    }
}

/// A datagram and its answer.
#[derive(Debug, Clone)]
pub struct Udp {
    /// What is sent.
    pub send: Vec<u8>,
    /// What the answer has to match; none: any answer will do.
    pub expect: Option<regex::bytes::Regex>,
    /// In place of the hosts' ports. There is a port for each host.
    pub port: Option<u16>,
}
