//! `ocoboard ack-mail`: an answer to an alert acknowledges it. The mail system gives it a mail on standard input, by a pipe
//! in /etc/aliases, and runs it as nobody: the token in the mail is the proof, and the socket `token` takes nothing else.
//!
//! [`read`] is pure: a mail, and what it says. Nothing here tells a token to anybody but the watcher.

mod answer;

use answer::first_line;
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, MimeHeaders};
use oco::command::fleet::connection::Connection;
use oco::command::fleet::error::FleetError;
use oco::logic::control::{ActReply, FAILURE_OVER, FleetOrder};
use oco::logic::text::printable;
use std::borrow::Cow;
use std::io::{self, Read};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// Octets of a mail that are looked at: an answer stands before what is attached to it.
pub const MAIL_OCTETS: u64 = 1024 * 1024;
/// Hexadecimal digits of a token.
const TOKEN_DIGITS: usize = 32;
/// Words of a mail that are tried as tokens: sums of commits and numbers of messages look the same.
const TOKENS: usize = 8;
/// How deep mails within mails are looked into: an answer has the original attached, and that what it answered.
const ATTACHED: usize = 4;
/// Characters of a text, and of a name, that are handed on.
const TEXT_CHARACTERS: usize = 200;
/// How long the watcher may take; mail systems wait for minutes.
const WATCHER: Duration = Duration::from_secs(30);
/// The exit status by which a mail system knows that it is to try again: EX_TEMPFAIL.
pub const TRY_AGAIN: u8 = 75;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Somebody acknowledges.
    Acknowledge {
        /// What may be the proof, in the order in which it stands there.
        tokens: Vec<String>,
        /// Who: the From.
        who: String,
        /// Why: the first line of the answer; may be empty.
        text: String,
    },
    /// It is none that counts: why.
    Nothing(&'static str),
}

/// What came of a mail: a line for the log, and whether the mail system is to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// For the log.
    pub line: String,
    /// Whether the watcher was away, so that the mail has to come once more.
    pub is_to_come_again: bool,
}

/// Reads a mail.
pub fn read(mail: &[u8]) -> Answer {
    let (envelope, mail) = envelope(mail);
    let Some(message) = MessageParser::default().parse(mail) else { return Answer::Nothing("no mail") };
    if let Some(why) = machine(envelope, &message) {
        return Answer::Nothing(why);
    }
    let is_answer = !texts(&message, HeaderName::InReplyTo).is_empty()
        || !texts(&message, HeaderName::References).is_empty();
    if !is_answer {
        return Answer::Nothing("no answer: neither In-Reply-To nor References");
    }
    let body = message.body_text(0).unwrap_or_default();
    let mut tokens = Vec::new();
    find_tokens(&message, ATTACHED, &mut tokens);
    if tokens.is_empty() {
        return Answer::Nothing("no token in it");
    }
    let from = message.from().and_then(|from| from.first());
    let who = match from.map(|from| (from.name(), from.address())) {
        Some((Some(name), Some(address))) => format!("{name} <{address}>"),
        Some((None, Some(one)) | (Some(one), None)) => one.to_owned(),
        Some((None, None)) | None => "somebody by mail".to_owned(),
    };
    Answer::Acknowledge { tokens, who: short(&who), text: short(&first_line(&body)) }
}

/// The line that mail systems put before a mail, and the mail.
fn envelope(mail: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if !mail.starts_with(b"From ") {
        return (None, mail);
    }
    let end = mail.iter().position(|octet| *octet == b'\n').map_or(mail.len(), |end| end + 1);
    let (line, mail) = mail.split_at(end);
    (Some(line), mail)
}

/// Why this mail was written by a program, if it was.
fn machine(envelope: Option<&[u8]>, message: &Message<'_>) -> Option<&'static str> {
    let is_report = message.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"))
    });
    if is_report {
        return Some("a report of a mail system");
    }
    // An empty sender: by the envelope, or as the mail system noted it.
    let returns = message.headers().iter().filter(|header| header.name == HeaderName::ReturnPath);
    let raw = returns.filter_map(|header| {
        let (start, end) =
            (usize::try_from(header.offset_start).ok()?, usize::try_from(header.offset_end).ok()?);
        message.raw_message().get(start..end)
    });
    let is_empty =
        |value: &[u8]| value.iter().all(|octet| octet.is_ascii_whitespace() || b"<>".contains(octet));
    if raw.into_iter().any(is_empty) || envelope.is_some_and(|line| line.starts_with(b"From MAILER-DAEMON "))
    {
        return Some("a bounce: its sender is empty");
    }
    let says = |name: &'static str, is_machine: fn(&str) -> bool| {
        texts(message, HeaderName::Other(name.into())).iter().any(|value| {
            let word = value.split([';', ' ', '(']).next().unwrap_or_default().to_ascii_lowercase();
            is_machine(&word)
        })
    };
    if says("Auto-Submitted", |word| !word.is_empty() && word != "no") {
        return Some("sent by a program: Auto-Submitted");
    }
    if says("Precedence", |word| ["bulk", "junk", "list", "auto_reply", "auto-reply"].contains(&word)) {
        return Some("sent by a program: Precedence");
    }
    None
}

/// The texts of all headers of this name.
fn texts(message: &Message<'_>, name: HeaderName<'static>) -> Vec<String> {
    let text = |value: &HeaderValue<'_>| match value {
        HeaderValue::Text(text) => Some(text.trim().to_owned()),
        HeaderValue::TextList(list) => Some(list.join(" ")),
        _ => None,
    };
    let is_meant = |other: &str| other.eq_ignore_ascii_case(name.as_str());
    let headers = message.headers().iter().filter(|header| is_meant(header.name.as_str()));
    headers.filter_map(|header| text(&header.value)).filter(|text| !text.is_empty()).collect()
}

/// Adds what looks like a token in the subject and in the texts of a mail, then of those attached to it, `depth` deep.
fn find_tokens(message: &Message<'_>, depth: usize, tokens: &mut Vec<String>) {
    let subject = message.subject().map(Cow::Borrowed);
    let bodies = (0..message.text_body_count()).filter_map(|index| message.body_text(index));
    for text in subject.into_iter().chain(bodies) {
        for word in words_like_tokens(&text) {
            if tokens.len() < TOKENS && !tokens.iter().any(|token| token == word) {
                tokens.push(word.to_owned());
            }
        }
    }
    if depth > 0 {
        for attached in message.attachments().filter_map(|part| part.message()) {
            find_tokens(attached, depth - 1, tokens);
        }
    }
}

/// What looks like a token in a text: so many hexadecimal digits, neither more nor fewer.
fn words_like_tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(move |word| word.len() == TOKEN_DIGITS && word.chars().all(is_digit))
}

/// As much of a text as is handed on, with nothing in it that a terminal or a log could obey.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    printable(words.join(" ").as_bytes()).chars().take(TEXT_CHARACTERS).collect()
}

/// Reads a mail from `input`, and acknowledges by the socket at `socket`.
///
/// # Errors
/// The mail can't be read.
pub fn run(mut input: impl Read, socket: &Path) -> io::Result<Outcome> {
    let mut mail = Vec::new();
    input.by_ref().take(MAIL_OCTETS).read_to_end(&mut mail)?;
    // A mail system that can't write it all takes that for a failure.
    io::copy(&mut input, &mut io::sink())?;
    let (tokens, who, text) = match read(&mail) {
        Answer::Acknowledge { tokens, who, text } => (tokens, who, text),
        Answer::Nothing(why) => return Ok(done(format!("nothing done: {why}"))),
    };
    let mut refused = "no token in it".to_owned();
    for token in tokens {
        let order = FleetOrder::AckToken { token, text: text.clone() };
        let asked = Connection::open(socket, WATCHER).and_then(|mut watcher| {
            watcher.by = Some(who.clone());
            watcher.ask::<ActReply>(order, false)
        });
        match asked {
            Ok(reply) => return Ok(done(format!("{}: acknowledged by {}", reply.name, reply.who))),
            // One that was good once says more than a word that never was one.
            Err(FleetError::Refused(why)) if refused != FAILURE_OVER => refused = why,
            Err(FleetError::Refused(_)) => {}
            Err(error) => {
                return Ok(Outcome { line: format!("not now: {error}"), is_to_come_again: true });
            }
        }
    }
    Ok(done(format!("nothing done for {who}: {refused}")))
}

fn done(line: String) -> Outcome {
    Outcome { line, is_to_come_again: false }
}

/// Tells the system's log, where there is one: what a pipe says goes nowhere when all went well.
pub fn log_by_syslog(line: &str) {
    // Facility mail, severity info.
    let line = format!("<22>ocoboard[{}]: ack-mail: {}", std::process::id(), printable(line.as_bytes()));
    let sent = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.send_to(line.as_bytes(), "/dev/log")
    });
    // Standard error has it too.
    drop(sent);
}

#[cfg(test)]
mod tests;
