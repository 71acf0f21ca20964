//! The probe that reads a greeting, and may say something and read what comes then.
//!
//! A reply of several lines, as SMTP and FTP have them (`220-` up to `220 `), is judged by its first line and read to its
//! end before anything is said.

use super::errors::CLOSED;
use super::lines::Lines;
use super::step::Step;
use super::words;
use crate::config::Banner;
use crate::limits::GREETING_LINE_OCTETS;
use oco::logic::code::Code;
use regex::bytes::Regex;

/// Talks as the settings say.
#[derive(Debug)]
pub struct BannerTalk {
    lines: Lines,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The greeting's first line has to come.
    Greeting,
    /// It goes on until a line of this code that says that it is the last.
    RestOfGreeting([u8; 3]),
    /// So many octets of what we say were sent.
    Saying(usize),
    /// The reply to that has to come.
    Reply,
}

impl BannerTalk {
    /// Nothing came yet. `buffer` is empty.
    pub fn new(buffer: Vec<u8>) -> BannerTalk {
        BannerTalk { lines: Lines::new(buffer, GREETING_LINE_OCTETS), stage: Stage::Greeting }
    }

    /// Octets came.
    pub fn received(&mut self, settings: &Banner, octets: &[u8], words: &mut String) -> Step {
        let stage = &mut self.stage;
        self.lines.read(octets, |line| read_line(stage, settings, line, words)).unwrap_or(Step::Receive)
    }

    /// What is still to be sent.
    pub fn unsent<'a>(&self, settings: &'a Banner) -> &'a [u8] {
        match (self.stage, &settings.send) {
            (Stage::Saying(sent), Some(send)) => send.get(sent..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// So many octets of it were sent.
    pub fn sent(&mut self, settings: &Banner, count: usize, words: &mut String) -> Step {
        if let Stage::Saying(sent) = &mut self.stage {
            *sent += count;
        }
        if !self.unsent(settings).is_empty() {
            return Step::Send;
        }
        if settings.then.is_none() {
            return Step::Told(Code::OK);
        }
        self.stage = Stage::Reply;
        // It may have come along with the greeting.
        self.received(settings, &[], words)
    }

    /// The target closed: a line without an end counts, and what should have come does not.
    pub fn closed(&mut self, settings: &Banner, words: &mut String) -> Step {
        let step = match self.lines.rest() {
            [] => None,
            line => read_line(&mut self.stage, settings, line, words),
        };
        match step {
            Some(step @ (Step::Told(_) | Step::Own)) => step,
            Some(Step::Connect | Step::Send | Step::Receive) | None => {
                words.push_str(CLOSED);
                Step::Told(Code::KO)
            }
        }
    }

    /// The buffer, for the next one.
    pub fn into_buffer(self) -> Vec<u8> {
        self.lines.into_buffer()
    }
}

/// What follows from a line; none where further ones have to come.
fn read_line(stage: &mut Stage, settings: &Banner, line: &[u8], words: &mut String) -> Option<Step> {
    match stage {
        Stage::Greeting => {
            let is_last = settings.send.is_none() && settings.then.is_none();
            if is_last || !settings.expect.is_match(line) {
                return Some(judge(&settings.expect, line, words));
            }
            match line {
                [a, b, c, b'-', ..] if [a, b, c].into_iter().all(u8::is_ascii_digit) => {
                    *stage = Stage::RestOfGreeting([*a, *b, *c]);
                    None
                }
                _ => greeted(stage, settings),
            }
        }
        Stage::RestOfGreeting(code) => match line.strip_prefix(code.as_slice()) {
            Some([] | [b' ', ..]) => greeted(stage, settings),
            _ => None,
        },
        // Said without being asked.
        Stage::Saying(_) => Some(Step::Send),
        Stage::Reply => settings.then.as_ref().map(|then| judge(then, line, words)),
    }
}

/// The greeting is over.
fn greeted(stage: &mut Stage, settings: &Banner) -> Option<Step> {
    if settings.send.is_some() {
        *stage = Stage::Saying(0);
        Some(Step::Send)
    } else {
        *stage = Stage::Reply;
        None
    }
}

fn judge(expect: &Regex, line: &[u8], words: &mut String) -> Step {
    if expect.is_match(line) {
        return Step::Told(Code::OK);
    }
    words::expected(words, expect.as_str(), line);
    Step::Told(Code::KO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(expect: &str, send: Option<&str>, then: Option<&str>) -> Banner {
        Banner {
            expect: Regex::new(expect).unwrap(),
            port: None,
            send: send.map(|send| send.as_bytes().to_vec()),
            then: then.map(|then| Regex::new(then).unwrap()),
        }
    }

    /// Runs a talk, two octets at a time the other way. Pieces behind an empty one come after ours was said.
    fn probe(settings: &Banner, pieces: &[&[u8]]) -> (Step, String, usize) {
        let (mut talk, mut words, mut said) = (BannerTalk::new(Vec::new()), String::new(), 0);
        for piece in pieces {
            let mut step = talk.received(settings, piece, &mut words);
            while step == Step::Send {
                let count = talk.unsent(settings).len().min(2);
                said += count;
                step = talk.sent(settings, count, &mut words);
            }
            if step != Step::Receive {
                return (step, words, said);
            }
        }
        (talk.closed(settings, &mut words), words, said)
    }

    const OK: Step = Step::Told(Code::OK);
    const KO: Step = Step::Told(Code::KO);

    #[test]
    fn a_greeting_is_matched_by_its_first_line() {
        let ssh = settings("^SSH-2", None, None);
        assert_eq!(probe(&ssh, &[b"SSH-2.0-OpenSSH_9.2\r\n"]), (OK, String::new(), 0));
        assert_eq!(probe(&ssh, &[b"SS", b"H-2.0"]), (OK, String::new(), 0));
        let got = r#"expected ^SSH-2, got "220 mail""#.to_owned();
        assert_eq!(probe(&ssh, &[b"220 mail\r\nSSH-2\r\n"]), (KO, got, 0));
        assert_eq!(probe(&ssh, &[]), (KO, "closed".to_owned(), 0));
    }

    #[test]
    fn what_is_said_waits_for_the_end_of_the_greeting() {
        let mail = settings("^220", Some("QUIT\r\n"), Some("^221"));
        let bye: &[u8] = b"221 bye\r\n";
        assert_eq!(probe(&mail, &[b"220 mail\r\n", bye]), (OK, String::new(), 6));
        assert_eq!(probe(&mail, &[b"220-a\r\n220-221\r\n220 b\r\n", bye]), (OK, String::new(), 6));
        assert_eq!(probe(&mail, &[b"220-a\r\n", b"221 x\r\n", b"220\r\n", bye]), (OK, String::new(), 6));
        assert_eq!(probe(&mail, &[b"220 mail\r\n221 bye\r\n"]), (OK, String::new(), 6));
        assert_eq!(probe(&mail, &[b"220-a\r\n221 b\r\n"]), (KO, "closed".to_owned(), 0));
        let got = r#"expected ^221, got "500 what?""#.to_owned();
        assert_eq!(probe(&mail, &[b"220 mail\r\n", b"500 what?\r\n"]), (KO, got, 6));
        let said = settings("^220", Some("QUIT\r\n"), None);
        assert_eq!(probe(&said, &[b"220 mail\r\n"]), (OK, String::new(), 6));
        let two = settings("^a", None, Some("^b"));
        assert_eq!(probe(&two, &[b"a\nb\n"]), (OK, String::new(), 0));
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(text in "(22[01][- ]?[a-z]{0,3}\r?\n){0,6}[0-9]{0,3}", length in 1usize..9) {
            let mail = settings("^220", Some("QUIT\r\n"), Some("^221"));
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(length).collect();
            let whole = probe(&mail, &[text.as_bytes()]);
            prop_assert_eq!(probe(&mail, &pieces), whole.clone());
            prop_assert_eq!(whole.0 == KO, !whole.1.is_empty());
        }
    }
}
