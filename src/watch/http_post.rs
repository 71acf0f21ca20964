//! One POST by HTTP or HTTPS. It waits, for bounded times, and so belongs into a thread.

use crate::limits::{POST_ANSWER, POST_RESPONSE_OCTETS, POST_TIMEOUT};
use crate::probe::tls::certificate::say_error;
use oco::limits::HTTP_HEADERS;
use oco::logic::answer::PROGRAM;
use oco::logic::endpoint;
use oco::system::client;
use oco::system::words::{lowered, words};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Instant;

/// Where to.
#[derive(Debug)]
pub struct Endpoint {
    /// As the request names it.
    authority: String,
    host: String,
    port: u16,
    path: String,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its body, or the beginning of one that is too long, or that broke off.
    pub body: Vec<u8>,
}

impl Endpoint {
    /// `path` behind a URL, which the settings have checked. `tls` is what sessions of https need, or why there are none.
    ///
    /// # Errors
    /// Nothing can be sent there; why, in words.
    pub fn new(url: &str, path: &str, tls: &Result<Arc<ClientConfig>, String>) -> Result<Endpoint, String> {
        let (rest, tls) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (rest, Some(tls.clone()?)),
            (None, Some(rest)) => (rest, None),
            (None, None) => return Err("neither http:// nor https://".to_owned()),
        };
        let (authority, before) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let endpoint = endpoint::parse(authority)?;
        let has_port = authority != endpoint.name && authority != format!("[{}]", endpoint.name);
        let usual = if tls.is_some() { 443 } else { 80 };
        let host = endpoint.name;
        let server = |config| match ServerName::try_from(host.clone()) {
            Ok(name) => Ok((config, name)),
            Err(_) => Err(format!("{host} is no name of a certificate")),
        };
        Ok(Endpoint {
            authority: authority.to_owned(),
            tls: tls.map(server).transpose()?,
            host,
            port: if has_port { endpoint.port } else { usual },
            path: format!("{}{path}", before.trim_end_matches('/')),
        })
    }

    /// Sends it this JSON.
    ///
    /// # Errors
    /// There was no answer; why, in words.
    pub fn post(&self, body: &[u8]) -> Result<Response, String> {
        let stream = self.connect().map_err(|error| words(&error))?;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {PROGRAM}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.path,
            self.authority,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        let octets = match &self.tls {
            None => talk(stream, &request),
            Some((config, name)) => {
                let session = ClientConnection::new(Arc::clone(config), name.clone());
                let session = session.map_err(|error| error.to_string())?;
                talk(StreamOwned::new(session, stream), &request)
            }
        };
        let octets = octets.map_err(|error| words(&error))?;
        let why = if octets.is_empty() { "closed" } else { "no answer of HTTP" };
        read(&octets).map(|(response, _)| response).ok_or_else(|| why.to_owned())
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let found = (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| {
            // "failed to lookup address information: Name or service not known"
            let text = error.to_string();
            io::Error::other(lowered(text.rsplit(": ").next().unwrap_or(&text)))
        })?;
        let mut failure = io::Error::other("no address");
        for address in found {
            match client::connect(address, POST_TIMEOUT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(POST_TIMEOUT))?;
                    stream.set_write_timeout(Some(POST_TIMEOUT))?;
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
    let end = Instant::now() + POST_ANSWER;
    let (mut response, mut buffer) = (Vec::new(), [0; 4096]);
    while response.len() < POST_RESPONSE_OCTETS && Instant::now() < end {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => response.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Some close without the end that TLS asks for, or reset.
            Err(_) if read(&response).is_some() => break,
            Err(error) => return Err(in_words(error)),
        }
        if read(&response).is_some_and(|(_, is_whole)| is_whole) {
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

/// Reads a response, and whether that is all of it. None: its head is none, or not here yet.
pub fn read(octets: &[u8]) -> Option<(Response, bool)> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = parsed.parse(octets) else { return None };
    // Nobody has a status of less than three digits.
    let status = parsed.code.filter(|status| *status >= 100)?;
    let rest = octets.get(length..).unwrap_or_default();
    let value = |name: &str| {
        parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    if value("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")) {
        let (body, is_whole) = chunks(rest);
        return Some((Response { status, body }, is_whole));
    }
    let length = value("Content-Length").and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let is_whole = length.is_some_and(|length: usize| rest.len() >= length);
    let body = rest.get(..length.unwrap_or(rest.len())).unwrap_or(rest).to_vec();
    Some((Response { status, body }, is_whole))
}

/// What came in chunks, and whether that is all.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Ok(httparse::Status::Complete((begin, octets))) = httparse::parse_chunk_size(rest) {
        if octets == 0 {
            return (body, true);
        }
        let behind = rest.get(begin..).unwrap_or_default();
        let octets = usize::try_from(octets).unwrap_or(usize::MAX).min(behind.len());
        let (chunk, left) = behind.split_at(octets);
        body.extend_from_slice(chunk);
        rest = left.strip_prefix(b"\r\n").unwrap_or(left);
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_octets_are_read_and_none_is_made_up(
            head in "(HTTP/1.1 200 OK\r\n(Transfer-Encoding: chunked|Content-Length: [0-9]{1,20})\r\n\r\n)?",
            rest in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b'1')], 0..80),
        ) {
            let octets = [head.as_bytes(), &rest].concat();
            if let Some((response, _)) = read(&octets) {
                prop_assert!(response.body.len() <= rest.len());
            }
        }
    }

    #[test]
    fn urls_lead_to_their_places() {
        let of = |url: &str| {
            let endpoint = Endpoint::new(url, "/api/v2/alerts", &Err("no authorities".to_owned()));
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
    fn responses_are_read_to_their_end_whatever_tells_of_it() {
        for (octets, status, body, is_whole) in [
            ("HTTP/1.1 200 OK\r\n\r\n", 200, "", false),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{", 200, "{", false),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}x", 200, "{}", true),
            ("HTTP/1.1 503 Oh\r\nContent-Length: 0\r\n\r\n", 503, "", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", 200, "{}", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
                200,
                "{}",
                true,
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n9\r\n}", 200, "{}", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}", 200, "{}", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", 200, "", false),
        ] {
            let expected = Response { status, body: body.into() };
            assert_eq!(read(octets.as_bytes()), Some((expected, is_whole)), "{octets}");
        }
        for octets in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "220 smtp\r\n\r\n"] {
            assert_eq!(read(octets.as_bytes()), None, "{octets}");
        }
    }
}
