//! The probe that asks for a page by TLS: the talk of HTTP inside of a session of TLS. No octet is sent or received here.

pub mod certificate;
pub mod store;
mod verifiers;

use super::errors::CLOSED;
use super::http::{self, HttpTalk};
use super::step::{Step, Target};
use crate::config::{Http, Tls};
use oco::logic::code::Code;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// Octets of the page taken from the session at once.
const PLAIN_OCTETS: usize = 4096;

/// A session, and what is said in it.
#[derive(Debug)]
pub struct TlsTalk {
    session: ClientConnection,
    config: Arc<ClientConfig>,
    http: HttpTalk,
    /// What is to be sent, and how much of it was.
    outgoing: Vec<u8>,
    sent: usize,
    certificate: Certificate,
}

/// What is known of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certificate {
    /// It was not shown yet.
    Unseen,
    /// There is nothing to say.
    Fine,
    /// It ends in so many seconds, which is soon.
    EndsIn(u64),
}

impl TlsTalk {
    /// Begins a session with `target`. `buffer` is empty.
    ///
    /// # Errors
    /// There can be no session with somebody of this name; why.
    pub fn new(
        config: &Arc<ClientConfig>,
        settings: &Http,
        target: Target<'_>,
        buffer: Vec<u8>,
    ) -> Result<TlsTalk, String> {
        let name =
            settings.host.as_deref().map_or(target.host(), |host| Target { name: host, ..target }.host());
        // A zone means something on this host alone.
        let name = name.split('%').next().unwrap_or(name);
        let server = ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name} is no name that a certificate can have"))?;
        let session = ClientConnection::new(Arc::clone(config), server).map_err(|error| error.to_string())?;
        Ok(TlsTalk {
            session,
            config: Arc::clone(config),
            http: HttpTalk::new(buffer),
            outgoing: Vec::new(),
            sent: 0,
            certificate: Certificate::Unseen,
        })
    }

    /// What is still to be sent.
    pub fn unsent(&mut self) -> &[u8] {
        if self.sent >= self.outgoing.len() {
            self.outgoing.clear();
            self.sent = 0;
            // Writing into memory does not fail.
            while self.session.wants_write() && self.session.write_tls(&mut self.outgoing).is_ok() {}
        }
        self.outgoing.get(self.sent..).unwrap_or_default()
    }

    /// So many octets of it were sent.
    pub fn sent(&mut self, count: usize) -> Step {
        self.sent += count;
        if self.unsent().is_empty() { Step::Receive } else { Step::Send }
    }

    /// Octets came.
    pub fn received(
        &mut self,
        settings: &Http,
        target: Target<'_>,
        octets: &[u8],
        words: &mut String,
    ) -> Step {
        let Some(tls) = &settings.tls else { return Step::Own };
        let begin = words.len();
        let mut rest = octets;
        while !rest.is_empty() {
            if self.session.read_tls(&mut rest).is_err() {
                words.push_str("tls: more than a session can hold");
                return Step::Told(Code::KO);
            }
            if let Err(error) = self.session.process_new_packets() {
                certificate::say_error(&error, words);
                return Step::Told(Code::KO);
            }
            if self.certificate == Certificate::Unseen && !self.session.is_handshaking() {
                if let Some(step) = self.judge_certificate(tls, begin, words) {
                    return step;
                }
                self.ask(settings, target);
            }
            if let Some(step) = self.read_page(settings, tls, begin, words) {
                return step;
            }
        }
        if self.session.wants_write() { Step::Send } else { Step::Receive }
    }

    /// The target closed.
    pub fn closed(&mut self, settings: &Http, words: &mut String) -> Step {
        match (&settings.tls, self.certificate) {
            (None, _) | (_, Certificate::Unseen) => {
                words.push_str(CLOSED);
                Step::Told(Code::KO)
            }
            (Some(tls), Certificate::Fine | Certificate::EndsIn(_)) => {
                let begin = words.len();
                let step = self.http.closed(settings, words);
                self.with_certificate(step, tls, begin, words)
            }
        }
    }

    /// The buffer, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        self.http.into_buffer()
    }

    /// The handshake is over: how long the certificate is still good. Some: that decides.
    fn judge_certificate(&mut self, tls: &Tls, begin: usize, words: &mut String) -> Option<Step> {
        let now = self.session_time();
        let end = self.session.peer_certificates().and_then(<[_]>::first);
        let end = end.and_then(|certificate| certificate::not_after(certificate));
        self.certificate = Certificate::Fine;
        let (Some(now), Some(end)) = (now, end) else { return None };
        let left = end.saturating_sub(now);
        let is_within = |limit: std::time::Duration| {
            !limit.is_zero() && left < i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
        };
        if is_within(tls.expires_ko) {
            certificate::say_end(left, words);
            return Some(self.with_certificate(Step::Told(Code::KO), tls, begin, words));
        }
        if is_within(tls.expires_but) {
            self.certificate = Certificate::EndsIn(u64::try_from(left).unwrap_or(0));
        }
        None
    }

    /// Seconds since 1970 by the clock that judges certificates.
    fn session_time(&self) -> Option<i64> {
        let time = self.config.time_provider.current_time()?;
        i64::try_from(time.as_secs()).ok()
    }

    /// Puts the request into the session.
    fn ask(&mut self, settings: &Http, target: Target<'_>) {
        let mut request = Vec::new();
        http::request(settings, target, &mut request);
        // The session's own buffer takes 64 KiB; where the request were longer, the rest would be missed by the server.
        let _ = self.session.writer().write_all(&request);
        self.http.sent(request.len(), true);
    }

    /// Gives what came through the session to the talk. Some: it is over.
    fn read_page(&mut self, settings: &Http, tls: &Tls, begin: usize, words: &mut String) -> Option<Step> {
        let mut plain = [0; PLAIN_OCTETS];
        loop {
            let step = match self.session.reader().read(&mut plain) {
                // The session was ended as it should be.
                Ok(0) => self.http.closed(settings, words),
                Ok(count) => self.http.received(settings, plain.get(..count).unwrap_or_default(), words),
                Err(_) => return None,
            };
            match step {
                Step::Told(_) | Step::Own => return Some(self.with_certificate(step, tls, begin, words)),
                Step::Connect | Step::Send | Step::Receive => {}
            }
        }
    }

    /// A result with what there is to say of the certificate. Its own words begin at `begin`: before them may stand
    /// those of other probes.
    fn with_certificate(&self, step: Step, tls: &Tls, begin: usize, words: &mut String) -> Step {
        let mut step = step;
        match self.certificate {
            Certificate::EndsIn(left) if step == Step::Told(Code::OK) => {
                certificate::say_end(i64::try_from(left).unwrap_or(i64::MAX), words);
                step = Step::Told(Code::BUT);
            }
            Certificate::EndsIn(_) | Certificate::Fine | Certificate::Unseen => {}
        }
        if !tls.verify {
            words.push_str(if words.len() == begin { "" } else { ", " });
            words.push_str("certificate not verified");
        }
        step
    }
}

#[cfg(test)]
mod tests;
