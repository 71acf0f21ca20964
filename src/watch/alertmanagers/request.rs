//! One request to a member, and what its answer means.

use crate::http_post::{Endpoint, Response};
use crate::limits::ALERTMANAGER_WORDS;
use oco::logic::text::printable;

/// Behind the URL of the settings.
pub(super) const PATH: &str = "/api/v2/alerts";

/// Why nothing was told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendError {
    /// It did not answer, or is not able to now: the same may go later.
    Unreachable(String),
    /// It does not take this.
    Refused(String),
}

/// Tells it this.
pub(super) fn send(endpoint: &Endpoint, body: &[u8]) -> Result<(), SendError> {
    judge(&endpoint.post(body).map_err(SendError::Unreachable)?)
}

fn judge(response: &Response) -> Result<(), SendError> {
    let status = response.status;
    let said = printable(response.body.trim_ascii());
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
    fn answers_are_judged_by_their_status() {
        for (status, body, expected) in [
            (200, "", Ok(())),
            (500, "no\n disk", Err(SendError::Unreachable("http 500 no? disk".to_owned()))),
            (400, "\"bad\"\n", Err(SendError::Refused("http 400 \"bad\"".to_owned()))),
            (302, "", Err(SendError::Refused("http 302".to_owned()))),
        ] {
            assert_eq!(judge(&Response { status, body: body.into() }), expected, "{status}");
        }
    }
}
