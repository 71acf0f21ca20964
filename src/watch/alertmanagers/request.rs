//! One request to a member. It waits, for bounded times, and so belongs into a thread.

use crate::limits::{
    ALERTMANAGER_ANSWER, ALERTMANAGER_RESPONSE_OCTETS, ALERTMANAGER_TIMEOUT, ALERTMANAGER_WORDS,
};
use crate::probe::tls::certificate::say_error;
use oco::limits::HTTP_HEADERS;
use oco::logic::answer::PROGRAM;
use oco::logic::endpoint;
use oco::logic::text::printable;
use oco::system::words::{lowered, words};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Instant;

/// Behind the URL of the settings.
const PATH: &str = "/api/v2/alerts";

/// Where a member is.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// As the request names it.
    authority: String,
    host: String,
    port: u16,
    path: String,
    tls: Option<Arc<ClientConfig>>,
}

/// Why nothing was told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendError {
    /// It did not answer, or is not able to now: the same may go later.
    Unreachable(String),
    /// It does not take this.
    Refused(String),
}

impl Endpoint {
    /// That of a URL, which the settings have checked.
    pub fn new(url: &str, tls: &Result<Arc<ClientConfig>, String>) -> Result<Endpoint, String> {
        let (rest, tls) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (rest, Some(tls.clone()?)),
            (None, Some(rest)) => (rest, None),
            (None, None) => return Err("neither http:// nor https://".to_owned()),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let endpoint = endpoint::parse(authority)?;
        let has_port = authority != endpoint.name && authority != format!("[{}]", endpoint.name);
        let usual = if tls.is_some() { 443 } else { 80 };
        Ok(Endpoint {
            authority: authority.to_owned(),
            host: endpoint.name,
            port: if has_port { endpoint.port } else { usual },
            path: format!("{}{PATH}", path.trim_end_matches('/')),
            tls,
        })
    }

    /// Tells it this.
    pub fn send(&self, body: &[u8]) -> Result<(), SendError> {
        let unreachable = |error: io::Error| SendError::Unreachable(words(&error));
        let stream = self.connect().map_err(unreachable)?;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {PROGRAM}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.path,
            self.authority,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        let response = match &self.tls {
            None => talk(stream, &request),
            Some(config) => {
                let no_name = || SendError::Refused(format!("{} is no name of a certificate", self.host));
                let server = ServerName::try_from(self.host.clone()).map_err(|_| no_name())?;
                let session = ClientConnection::new(Arc::clone(config), server)
                    .map_err(|error| SendError::Unreachable(error.to_string()))?;
                talk(StreamOwned::new(session, stream), &request)
            }
        };
        judge(&response.map_err(unreachable)?)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let found = (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| {
            // "failed to lookup address information: Name or service not known"
            let text = error.to_string();
            io::Error::other(lowered(text.rsplit(": ").next().unwrap_or(&text)))
        })?;
        let mut failure = io::Error::other("no address");
        for address in found {
            match TcpStream::connect_timeout(&address, ALERTMANAGER_TIMEOUT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(ALERTMANAGER_TIMEOUT))?;
                    stream.set_write_timeout(Some(ALERTMANAGER_TIMEOUT))?;
                    return Ok(stream);
                }
                Err(error) => failure = error,
            }
        }
        Err(in_words(failure))
    }
}

/// Sends a request and reads what comes back, to its end or to the end of what is looked at.
fn talk(mut stream: impl Read + Write, request: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(request).and_then(|()| stream.flush()).map_err(in_words)?;
    let end = Instant::now() + ALERTMANAGER_ANSWER;
    let (mut response, mut buffer) = (Vec::new(), [0; 4096]);
    while response.len() < ALERTMANAGER_RESPONSE_OCTETS && Instant::now() < end {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => response.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Some close without the end that TLS asks for, or reset.
            Err(_) if status(&response).is_some() => break,
            Err(error) => return Err(in_words(error)),
        }
        // Of success there is nothing more to say.
        if status(&response).is_some_and(|(status, _)| status / 100 == 2) {
            break;
        }
    }
    Ok(response)
}

/// The time-outs of a socket are EAGAIN, which tells people nothing; and what TLS says is told as probes tell it.
fn in_words(error: io::Error) -> io::Error {
    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
        return io::Error::other("timeout");
    }
    let Some(of_tls) = error.get_ref().and_then(|inner| inner.downcast_ref()) else { return error };
    let mut words = String::new();
    say_error(of_tls, &mut words);
    io::Error::other(words)
}

/// The status, and how long the head is.
fn status(response: &[u8]) -> Option<(u16, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(response) {
        Ok(httparse::Status::Complete(length)) => Some((parsed.code?, length)),
        Ok(httparse::Status::Partial) | Err(_) => None,
    }
}

fn judge(response: &[u8]) -> Result<(), SendError> {
    let Some((status, length)) = status(response) else {
        let why = if response.is_empty() { "closed" } else { "no answer of HTTP" };
        return Err(SendError::Unreachable(why.to_owned()));
    };
    let said = printable(response.get(length..).unwrap_or_default().trim_ascii());
    let said: String = said.chars().take(ALERTMANAGER_WORDS).collect();
    let why = format!("http {status} {said}").trim_end().to_owned();
    match status {
        200..300 => Ok(()),
        500.. => Err(SendError::Unreachable(why)),
        _ => Err(SendError::Refused(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_to_their_places() {
        let of = |url: &str| {
            let endpoint = Endpoint::new(url, &Err("no authorities".to_owned()));
            endpoint.map(|one| format!("{} {} {} {}", one.authority, one.host, one.port, one.path))
        };
        for (url, expected) in [
            ("http://am", "am am 80 /api/v2/alerts"),
            ("http://am:9093", "am:9093 am 9093 /api/v2/alerts"),
            ("http://am:79", "am:79 am 79 /api/v2/alerts"),
            ("http://[2001:db8::1]:9093/am/x", "[2001:db8::1]:9093 2001:db8::1 9093 /am/x/api/v2/alerts"),
            ("http://[2001:db8::1]", "[2001:db8::1] 2001:db8::1 80 /api/v2/alerts"),
        ] {
            assert_eq!(of(url).as_deref(), Ok(expected));
        }
        assert_eq!(of("https://am"), Err("no authorities".to_owned()));
    }

    #[test]
    fn answers_are_judged_by_their_status() {
        let unreachable = |why: &str| Err(SendError::Unreachable(why.to_owned()));
        for (response, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Ok(())),
            ("HTTP/1.1 500 Oh\r\n\r\nno\n disk", unreachable("http 500 no? disk")),
            ("HTTP/1.1 400 Bad\r\n\r\n\"bad\"", Err(SendError::Refused("http 400 \"bad\"".to_owned()))),
            ("HTTP/1.1 302 Found\r\n\r\n", Err(SendError::Refused("http 302".to_owned()))),
            ("", unreachable("closed")),
            ("HTTP/1.1 20", unreachable("no answer of HTTP")),
            ("220 smtp\r\n", unreachable("no answer of HTTP")),
        ] {
            assert_eq!(judge(response.as_bytes()), expected, "{response}");
        }
    }
}
