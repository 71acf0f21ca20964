//! The probe that asks for a page. TLS, where it is asked for, lies below (`tls`).

mod page;
mod request;

pub use page::{Framing, PageReader, PageStep};
pub use request::request;

use super::errors::CLOSED;
use super::step::{Step, Target};
use super::words;
use crate::config::Http;
use crate::limits::{RESPONSE_FIELDS, RESPONSE_HEAD_OCTETS};
use httparse::{EMPTY_HEADER, ParserConfig, Response, Status};
use oco::logic::code::Code;
use std::fmt::Write as _;

/// The port of HTTP, or of HTTP by TLS.
pub fn usual_port(settings: &Http) -> u16 {
    if settings.tls.is_some() { 443 } else { 80 }
}

/// One request, and the response to it.
#[derive(Debug)]
pub struct HttpTalk {
    stage: Stage,
    /// What came of the head while it is not whole, then the page.
    kept: Vec<u8>,
}

#[derive(Debug)]
enum Stage {
    /// So many octets of the request were sent.
    Request(usize),
    /// The head has to come; so many octets of interim ones came before it.
    Head(usize),
    /// The page has to come.
    Page(PageReader),
}

impl HttpTalk {
    /// Nothing was sent. `buffer` is empty.
    pub fn new(buffer: Vec<u8>) -> HttpTalk {
        HttpTalk { stage: Stage::Request(0), kept: buffer }
    }

    /// What is still to be sent, written into `scratch`.
    pub fn unsent<'a>(&self, settings: &Http, target: Target<'_>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self.stage {
            Stage::Request(sent) => {
                scratch.clear();
                request(settings, target, scratch);
                scratch.get(sent..).unwrap_or_default()
            }
            Stage::Head(_) | Stage::Page(_) => &[],
        }
    }

    /// So many octets of it were sent; `is_all`: nothing is left.
    pub fn sent(&mut self, count: usize, is_all: bool) -> Step {
        match &mut self.stage {
            Stage::Request(sent) if !is_all => {
                *sent += count;
                Step::Send
            }
            Stage::Request(_) => {
                self.stage = Stage::Head(0);
                Step::Receive
            }
            Stage::Head(_) | Stage::Page(_) => Step::Receive,
        }
    }

    /// Octets came.
    pub fn received(&mut self, settings: &Http, octets: &[u8], words: &mut String) -> Step {
        match &mut self.stage {
            // Who answers before all was said may do so, and has nothing more to hear.
            Stage::Request(_) => {
                self.stage = Stage::Head(0);
                self.heads(settings, octets, words)
            }
            Stage::Head(_) if self.kept.is_empty() => self.heads(settings, octets, words),
            Stage::Head(_) => {
                let mut kept = std::mem::take(&mut self.kept);
                kept.extend_from_slice(octets);
                // A head that comes an octet at a time is looked at once a line.
                let is_worth_a_look = octets.contains(&b'\n') || kept.len() > RESPONSE_HEAD_OCTETS;
                let step = if is_worth_a_look {
                    self.heads(settings, &kept, words)
                } else {
                    std::mem::swap(&mut self.kept, &mut kept);
                    Step::Receive
                };
                self.keep_larger(kept);
                step
            }
            Stage::Page(reader) => match reader.read(octets, &mut self.kept) {
                PageStep::More => Step::Receive,
                PageStep::Whole => judge(settings, &self.kept, words),
                PageStep::Broken => broken(words),
            },
        }
    }

    /// The target closed.
    pub fn closed(&mut self, settings: &Http, words: &mut String) -> Step {
        match &self.stage {
            Stage::Page(reader) if reader.ends_with_connection() => judge(settings, &self.kept, words),
            Stage::Request(_) | Stage::Head(_) | Stage::Page(_) => {
                words.push_str(CLOSED);
                Step::Told(Code::KO)
            }
        }
    }

    /// The buffer, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        self.kept
    }

    /// Of two buffers, the one whose memory is the larger is worth keeping; what is in the other one is copied.
    fn keep_larger(&mut self, mut spare: Vec<u8>) {
        if spare.capacity() > self.kept.capacity() {
            spare.clear();
            spare.extend_from_slice(&self.kept);
            self.kept = spare;
        }
    }

    /// Reads heads: interim ones (1XX) until the one that counts. `kept` is empty, and gets what is not whole.
    fn heads(&mut self, settings: &Http, octets: &[u8], words: &mut String) -> Step {
        let mut rest = octets;
        loop {
            let Stage::Head(interim) = self.stage else { return Step::Receive };
            let head = match read_head(rest) {
                Err(error) => return no_head(error, rest, words),
                Ok(None) if interim + rest.len() <= RESPONSE_HEAD_OCTETS => {
                    self.kept.extend_from_slice(rest);
                    return Step::Receive;
                }
                Ok(Some(head)) if interim + head.octets <= RESPONSE_HEAD_OCTETS => head,
                Ok(_) => return too_long(words),
            };
            rest = rest.get(head.octets..).unwrap_or_default();
            if (100..200).contains(&head.status) && head.status != 101 {
                self.stage = Stage::Head(interim + head.octets);
                continue;
            }
            if !settings.status.iter().any(|(from, to)| (*from..=*to).contains(&head.status)) {
                let _ = write!(words, "http {}", head.status);
                return Step::Told(Code::KO);
            }
            if settings.expect.is_none() {
                return Step::Told(Code::OK);
            }
            let framing = match head.framing {
                _ if has_no_page(settings, head.status) => Framing::Sized(0),
                Some(framing) => framing,
                None => {
                    words.push_str("http content-length is invalid");
                    return Step::Told(Code::KO);
                }
            };
            self.stage = Stage::Page(PageReader::new(framing));
            return self.received(settings, rest, words);
        }
    }
}

/// What is needed of a head.
struct Head {
    status: u16,
    /// None: its length is none.
    framing: Option<Framing>,
    octets: usize,
}

/// Reads a head. None: it is not whole yet.
fn read_head(octets: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut fields = [EMPTY_HEADER; RESPONSE_FIELDS];
    let mut response = Response::new(&mut fields);
    let mut parser = ParserConfig::default();
    // What is wrong with a field is no reason to call a target down that browsers take.
    parser
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    match parser.parse_response(&mut response, octets)? {
        Status::Partial => Ok(None),
        Status::Complete(length) => Ok(Some(Head {
            status: response.code.unwrap_or(0),
            framing: Framing::of(response.headers),
            octets: length,
        })),
    }
}

fn has_no_page(settings: &Http, status: u16) -> bool {
    settings.method == "HEAD" || matches!(status, 204 | 304)
}

fn no_head(error: httparse::Error, octets: &[u8], words: &mut String) -> Step {
    if error == httparse::Error::TooManyHeaders {
        let _ = write!(words, "http head has more than {RESPONSE_FIELDS} fields");
    } else {
        let line = octets.split(|octet| *octet == b'\n').next().unwrap_or_default();
        words::expected(words, "HTTP", line);
    }
    Step::Told(Code::KO)
}

fn too_long(words: &mut String) -> Step {
    let _ = write!(words, "http head has more than {} KiB", RESPONSE_HEAD_OCTETS / 1024);
    Step::Told(Code::KO)
}

fn broken(words: &mut String) -> Step {
    words.push_str("http chunks are broken");
    Step::Told(Code::KO)
}

fn judge(settings: &Http, page: &[u8], words: &mut String) -> Step {
    match &settings.expect {
        Some(expect) if !expect.is_match(page) => {
            words::not_found(words, expect.as_str());
            Step::Told(Code::KO)
        }
        _ => Step::Told(Code::OK),
    }
}

#[cfg(test)]
mod tests;
