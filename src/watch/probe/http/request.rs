//! The request of an HTTP probe.

use super::super::step::Target;
use super::usual_port;
use crate::config::Http;
use oco::logic::answer::PROGRAM;
use std::io::Write as _;
use std::net::Ipv6Addr;

/// Writes the request behind what is in `out`. A field of the settings stands in place of our own of that name.
pub fn request(settings: &Http, target: Target<'_>, out: &mut Vec<u8>) {
    let own = |name: &str| !settings.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    // Writing into memory does not fail.
    let _ = write!(out, "{} {} HTTP/1.1\r\n", settings.method, settings.path);
    if own("Host") {
        out.extend_from_slice(b"Host: ");
        host(settings, target, out);
        out.extend_from_slice(b"\r\n");
    }
    if own("User-Agent") {
        let _ = write!(out, "User-Agent: {PROGRAM}\r\n");
    }
    if own("Accept") {
        out.extend_from_slice(b"Accept: */*\r\n");
    }
    if own("Connection") {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    if own("Content-Length") && matches!(settings.method.as_str(), "POST" | "PUT" | "PATCH") {
        out.extend_from_slice(b"Content-Length: 0\r\n");
    }
    for (name, value) in &settings.headers {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// As the settings have it, else the host's name, with its port where that is not the usual one.
fn host(settings: &Http, target: Target<'_>, out: &mut Vec<u8>) {
    if let Some(host) = &settings.host {
        let _ = match host.parse::<Ipv6Addr>() {
            Ok(_) => write!(out, "[{host}]"),
            Err(_) => write!(out, "{host}"),
        };
        return;
    }
    let name = target.host();
    // A zone means something on this host alone.
    let _ = match name.split('%').next().unwrap_or(name) {
        address if address.contains(':') => write!(out, "[{address}]"),
        name => write!(out, "{name}"),
    };
    if target.port != usual_port(settings) {
        let _ = write!(out, ":{}", target.port);
    }
}
