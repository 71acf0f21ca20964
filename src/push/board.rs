//! A board, and what it takes to tell it something: HTTP by ureq, TLS by rustls and the system's authorities.
//!
//! No redirect is followed and no proxy of the environment is used: the key is for the board alone.

use oco::limits::PUSH_ANSWER_OCTETS;
use oco::logic::answer;
use oco::logic::push::{self, judge};
use oco::system::words::{lowered, words, words_of_certificate};
use rustls::CertificateError;
use rustls::crypto::ring;
use rustls_native_certs::load_native_certs;
use std::io;
use std::sync::Arc;
use std::time::Instant;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A board.
#[derive(Debug)]
pub struct Board {
    agent: Agent,
    url: String,
    /// All of it has to be done by then.
    end: Instant,
}

impl Board {
    /// The one at a URL, which was checked.
    ///
    /// # Errors
    /// It is one of https, and this host has no authorities; why, in words.
    pub fn new(url: &str, end: Instant) -> Result<Board, String> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .user_agent(answer::PROGRAM);
        if url.starts_with("https://") {
            let provider = Arc::new(ring::default_provider());
            let tls =
                TlsConfig::builder().root_certs(authorities()?).unversioned_rustls_crypto_provider(provider);
            config = config.tls_config(tls.build());
        }
        Ok(Board { agent: config.build().into(), url: format!("{url}{}", push::PATH), end })
    }

    /// Tells it this.
    ///
    /// # Errors
    /// It did not take it; why, in words.
    pub fn send(&self, body: &[u8]) -> Result<(), String> {
        let left = self.end.saturating_duration_since(Instant::now());
        let request = self.agent.post(&self.url).config().timeout_global(Some(left)).build();
        let request = request.header("Content-Type", push::CONTENT_TYPE).header("Connection", "close");
        let mut response = request.send(body).map_err(|error| words_of(&error))?;
        let answer = response.body_mut().with_config().limit(PUSH_ANSWER_OCTETS).read_to_vec();
        match (response.status().as_u16(), answer) {
            (status, Ok(answer)) => judge(status, &answer),
            (200, Err(error)) => Err(words_of(&error)),
            // Its status says enough.
            (status, Err(_)) => judge(status, b""),
        }
    }
}

/// The system's authorities.
fn authorities() -> Result<RootCerts, String> {
    let found = load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(|| "none found".to_owned(), ToString::to_string);
        return Err(format!("no authorities to verify it by: {why}"));
    }
    let certificates = found.certs.iter().map(|one| Certificate::from_der(one.as_ref()).to_owned());
    Ok(RootCerts::from(certificates))
}

/// Why there was no answer.
fn words_of(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "timeout".to_owned(),
        ureq::Error::BodyExceedsLimit(_) => "an answer too large for that of a board".to_owned(),
        ureq::Error::Rustls(error) => words_of_tls(error),
        ureq::Error::Io(error) => words_of_io(error),
        other => lowered(&other.to_string()),
    }
}

fn words_of_io(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => words_of_tls(error),
        // "failed to lookup address information: Name or service not known"
        None if error.raw_os_error().is_none() => {
            let text = words(error);
            lowered(text.rsplit(": ").next().unwrap_or(&text))
        }
        None => words(error),
    }
}

fn words_of_tls(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(why) = error else { return lowered(&error.to_string()) };
    match why {
        CertificateError::UnknownIssuer => "certificate by an unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate not valid yet".to_owned()
        }
        CertificateError::Other(other) => words_of_certificate(&other.to_string()),
        // Of a name it says which one was wanted, and which ones it has.
        other => lowered(&other.to_string()),
    }
}
