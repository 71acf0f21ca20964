//! What a machine wants next, and what it may know of whom it talks to.

use crate::config::Probe;
use oco::logic::code::Code;

/// What a machine wants next. With the two last ones it has written its reason, and wants nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To be told when the connection stands.
    Connect,
    /// Its octets to be sent.
    Send,
    /// What comes.
    Receive,
    /// The target told, or showed, this code.
    Told(Code),
    /// We ourselves could not find out.
    Own,
}

/// Who is probed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// What is done.
    pub probe: &'a Probe,
    /// The host's name, or its address as the file has it.
    pub name: &'a str,
    /// The port that is connected to.
    pub port: u16,
}

impl<'a> Target<'a> {
    /// Its name without a port and brackets.
    pub fn host(&self) -> &'a str {
        if let Some(bracketed) = self.name.strip_prefix('[') {
            return bracketed.split(']').next().unwrap_or(bracketed);
        }
        match self.name.split_once(':') {
            // More than one colon: an IPv6 address.
            Some((host, port)) if !port.contains(':') => host,
            _ => self.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_port() {
        for (name, host) in [
            ("web1", "web1"),
            ("192.0.2.12:7979", "192.0.2.12"),
            ("[2001:db8::3]", "2001:db8::3"),
            ("[2001:db8::3]:80", "2001:db8::3"),
            ("2001:db8::3", "2001:db8::3"),
            ("", ""),
        ] {
            assert_eq!(Target { probe: &Probe::Ping, name, port: 1 }.host(), host);
        }
    }
}
