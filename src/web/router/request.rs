//! Bodies of requests: read whole, bounded in octets and time.

use crate::limits::{BODY_OCTETS, BODY_TIME, SPILL_OCTETS};
use crate::reply::{self, Reply};
use crate::server::places::Place;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_ENCODING, EXPECT};
use tokio::time::timeout;

/// Why a body is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It has too many octets.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It is compressed, and would have to be made larger.
    Encoded,
    /// It is not as HTTP has it, or ended early.
    Broken,
}

impl Refused {
    /// The answer to it. What is left of the body is not read, so the connection ends.
    pub fn reply(self, path: &str) -> Reply {
        let reply = match self {
            Refused::TooLarge => reply::error(
                path,
                413,
                &format!("The body is too large; expected at most {BODY_OCTETS} octets"),
            ),
            Refused::TooSlow => reply::error(path, 408, "The body did not come in time"),
            Refused::Encoded => reply::error(path, 415, "The body is compressed; expected it as it is"),
            Refused::Broken => reply::error(path, 400, "The body is broken"),
        };
        reply::with(reply, CONNECTION, "close")
    }
}

/// The body of a request. While it is waited for, its connection counts as idle, and as busy from then on.
///
/// # Errors
/// It is not taken.
pub async fn body(request: Request<Incoming>, place: &Place) -> Result<Vec<u8>, Refused> {
    if request.body().is_end_stream() {
        return Ok(Vec::new());
    }
    place.set_busy(false);
    let body = bounded(request).await;
    place.set_busy(true);
    body
}

async fn bounded(request: Request<Incoming>) -> Result<Vec<u8>, Refused> {
    let headers = request.headers();
    let is_plain = |value: &[u8]| value.eq_ignore_ascii_case(b"identity");
    if headers.get(CONTENT_ENCODING).is_some_and(|value| !is_plain(value.as_bytes())) {
        return Err(Refused::Encoded);
    }
    let most = u64::try_from(BODY_OCTETS).unwrap_or(u64::MAX);
    let is_too_large = request.body().size_hint().lower() > most;
    // Who waits for our word sends nothing.
    if is_too_large && headers.contains_key(EXPECT) {
        return Err(Refused::TooLarge);
    }
    timeout(BODY_TIME, read(request.into_body())).await.unwrap_or(Err(Refused::TooSlow))
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, Refused> {
    let mut octets: Vec<u8> = Vec::new();
    let mut count = 0usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refused::Broken)?.into_data() else { continue };
        count = count.saturating_add(data.len());
        match count <= BODY_OCTETS {
            true => octets.extend_from_slice(&data),
            // Closing with octets unread would reset the connection before the answer was read.
            false if count <= SPILL_OCTETS => octets = Vec::new(),
            false => return Err(Refused::TooLarge),
        }
    }
    if count <= BODY_OCTETS { Ok(octets) } else { Err(Refused::TooLarge) }
}

/// What a form holds, as browsers send it.
pub fn form(octets: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(octets).into_owned().collect()
}
