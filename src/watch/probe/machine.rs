//! A probe as a machine: octets in, steps out. One type for all kinds, so that the pool knows none of them.

use super::banner::BannerTalk;
use super::errors;
use super::http::HttpTalk;
use super::oco::OcoTalk;
use super::step::{Step, Target};
use super::tls::TlsTalk;
use super::tls::store::TlsStore;
use super::{tcp, udp};
use crate::config::Probe;
use crate::limits::PROBE_OCTETS;
use oco::logic::code::Code;
use std::fmt::Write as _;

/// A probe in flight.
#[derive(Debug)]
pub struct Machine {
    talk: Talk,
    /// Octets that came.
    octets: usize,
}

#[derive(Debug)]
enum Talk {
    /// Tcp needs none, and its buffer is for the next one.
    Tcp(Vec<u8>),
    Oco(OcoTalk),
    Banner(BannerTalk),
    Http(HttpTalk),
    Https(Box<TlsTalk>),
    /// Whether the datagram was sent.
    Udp(bool, Vec<u8>),
}

/// The first words of a machine, or none at all.
pub type Begun = (Machine, Step);

impl Machine {
    /// Begins a probe. `buffer` is empty. On failure the reason is in `words`, and it is ours.
    pub fn begin(target: Target<'_>, tls: &TlsStore, buffer: Vec<u8>, words: &mut String) -> Option<Begun> {
        let (talk, step) = match target.probe {
            Probe::Tcp { .. } => (Talk::Tcp(buffer), Step::Connect),
            Probe::Oco { .. } => (Talk::Oco(OcoTalk::new(buffer)), Step::Receive),
            Probe::Banner(_) => (Talk::Banner(BannerTalk::new(buffer)), Step::Receive),
            Probe::Udp(_) => (Talk::Udp(false, buffer), Step::Send),
            Probe::Http(settings) => match &settings.tls {
                None => (Talk::Http(HttpTalk::new(buffer)), Step::Send),
                Some(trust) => {
                    let begun = tls.find(trust).map_err(str::to_owned);
                    match begun.and_then(|config| TlsTalk::new(config, settings, target, buffer)) {
                        Ok(talk) => (Talk::Https(Box::new(talk)), Step::Send),
                        Err(why) => {
                            words.push_str(&why);
                            return None;
                        }
                    }
                }
            },
            Probe::Ping | Probe::Exec(_) | Probe::Mon(_) | Probe::Report(_) => {
                words.push_str("no probe of a socket");
                return None;
            }
        };
        Some((Machine { talk, octets: 0 }, step))
    }

    /// The connection stands.
    pub fn connected(&mut self) -> Step {
        match &self.talk {
            Talk::Tcp(_) => tcp::connected(),
            Talk::Oco(_) | Talk::Banner(_) => Step::Receive,
            Talk::Http(_) | Talk::Https(_) | Talk::Udp(..) => Step::Send,
        }
    }

    /// What is still to be sent. `scratch` may be used for it.
    pub fn unsent<'a>(&'a mut self, target: Target<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match (&mut self.talk, target.probe) {
            (Talk::Banner(talk), Probe::Banner(settings)) => talk.unsent(settings),
            (Talk::Http(talk), Probe::Http(settings)) => talk.unsent(settings, target, scratch),
            (Talk::Https(talk), _) => talk.unsent(),
            (Talk::Udp(false, _), Probe::Udp(settings)) => &settings.send,
            _ => &[],
        }
    }

    /// So many octets of it were sent; `is_all`: nothing is left of it.
    pub fn sent(&mut self, target: Target<'_>, count: usize, is_all: bool, words: &mut String) -> Step {
        match (&mut self.talk, target.probe) {
            (Talk::Banner(talk), Probe::Banner(settings)) => talk.sent(settings, count, words),
            (Talk::Http(talk), _) => talk.sent(count, is_all),
            (Talk::Https(talk), _) => talk.sent(count),
            (Talk::Udp(is_sent, _), _) => {
                *is_sent = true;
                Step::Receive
            }
            _ => Step::Receive,
        }
    }

    /// Octets came.
    pub fn received(&mut self, target: Target<'_>, octets: &[u8], words: &mut String) -> Step {
        self.octets = self.octets.saturating_add(octets.len());
        let step = match (&mut self.talk, target.probe) {
            (Talk::Oco(talk), _) => talk.received(octets, words),
            (Talk::Banner(talk), Probe::Banner(settings)) => talk.received(settings, octets, words),
            (Talk::Http(talk), Probe::Http(settings)) => talk.received(settings, octets, words),
            (Talk::Https(talk), Probe::Http(settings)) => talk.received(settings, target, octets, words),
            (Talk::Udp(..), Probe::Udp(settings)) => udp::received(settings, octets, words),
            _ => Step::Receive,
        };
        match step {
            Step::Connect | Step::Send | Step::Receive if self.octets > PROBE_OCTETS => {
                let _ = write!(words, "more than {} KiB, and no end", PROBE_OCTETS / 1024);
                Step::Told(Code::KO)
            }
            step => step,
        }
    }

    /// The target closed.
    pub fn closed(&mut self, target: Target<'_>, words: &mut String) -> Step {
        match (&mut self.talk, target.probe) {
            (Talk::Oco(talk), _) => talk.closed(words),
            (Talk::Banner(talk), Probe::Banner(settings)) => talk.closed(settings, words),
            (Talk::Http(talk), Probe::Http(settings)) => talk.closed(settings, words),
            (Talk::Https(talk), Probe::Http(settings)) => talk.closed(settings, words),
            _ => {
                words.push_str(errors::CLOSED);
                Step::Told(Code::KO)
            }
        }
    }

    /// The buffer, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        match self.talk {
            Talk::Tcp(buffer) | Talk::Udp(_, buffer) => buffer,
            Talk::Oco(talk) => talk.into_buffer(),
            Talk::Banner(talk) => talk.into_buffer(),
            Talk::Http(talk) => talk.into_buffer(),
            Talk::Https(talk) => talk.into_buffer(),
        }
    }
}
