//! What the daemon sends, beside the oracle; and what a run reached.

use crate::network::{Client, Ends};
use crate::oracle::{Oracle, Told};
use oco::config::Listen;
use oco::limits::HTTP_HEAD_OCTETS;
use oco::logic::answer::PROGRAM;
use oco::logic::board::Rules;
use oco::logic::face::Face;
use oco::logic::http;
use oco::logic::pages::Page;
use oco::logic::time::Now;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What a run reached, for a look at whether the seeds try what they should.
#[derive(Debug, Default, Clone)]
pub struct Reached {
    pub ends: Ends,
    /// What else happened, by name.
    pub other: BTreeMap<&'static str, u64>,
}

impl Reached {
    pub fn count(&mut self, what: &'static str) {
        *self.other.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Reached) {
        for (what, times) in &other.other {
            *self.other.entry(what).or_default() += times;
        }
        let (sum, more) = (&mut self.ends, &other.ends);
        for (sum, more) in [
            (&mut sum.answers, more.answers),
            (&mut sum.cut, more.cut),
            (&mut sum.shed, more.shed),
            (&mut sum.lingered, more.lingered),
            (&mut sum.drained, more.drained),
            (&mut sum.responses, more.responses),
            (&mut sum.refusals, more.refusals),
            (&mut sum.expired, more.expired),
            (&mut sum.shed_unanswered, more.shed_unanswered),
            (&mut sum.left, more.left),
            (&mut sum.without_descriptor, more.without_descriptor),
            (&mut sum.refused, more.refused),
        ] {
            *sum += more;
        }
    }
}

/// The settings by which an answer is right.
pub struct Judge {
    pub rules: Rules,
    pub empty_is_ok: bool,
    pub listeners: Vec<Listen>,
}

impl Judge {
    /// Judges the line of the listener at `address`; of one that was given up meanwhile nothing is said.
    pub fn line(&self, line: &str, address: Option<SocketAddr>, oracle: &Oracle, now: Now) {
        let Some(listen) = self.listeners.iter().find(|listen| Some(listen.address) == address) else {
            return;
        };
        let settings = (&self.rules, self.empty_is_ok);
        if let Err(wrong) = oracle.judge(line, settings, |name| listen.covers(name), now) {
            panic!("{wrong} at {now:?}");
        }
    }

    /// Judges what `/checks` tells of each check.
    fn checks(&self, told: &serde_json::Value, address: Option<SocketAddr>, oracle: &Oracle, now: Now) {
        let Some(listen) = self.listeners.iter().find(|listen| Some(listen.address) == address) else {
            return;
        };
        let told = told.as_array().expect("it has checks");
        let names: Vec<&str> = told.iter().filter_map(|check| check["name"].as_str()).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        let told_of = |check: &'_ serde_json::Value| Told {
            code: check["code"].as_u64().and_then(|code| code.try_into().ok()).expect("it has a code"),
            text: check["text"].as_str().expect("it has a text").to_owned(),
            age: check["age_seconds"].as_f64(),
            max_age: check["max_age_seconds"].as_f64().expect("it has a max-age"),
            is_stale: check["stale"].as_bool().expect("it is stale or not"),
        };
        let told = names.into_iter().zip(told.iter().map(told_of)).collect();
        if let Err(wrong) = oracle.judge_all(&told, &self.rules, |name| listen.covers(name), now) {
            panic!("{wrong} at {now:?}");
        }
    }

    /// Judges all that a client is to get.
    pub fn octets(
        &self,
        octets: &[u8],
        client: &Client,
        address: Option<SocketAddr>,
        oracle: &Oracle,
        now: Now,
    ) {
        let text = std::str::from_utf8(octets).expect("all that is said is text");
        match client.speak {
            Face::Oco => self.line(text, address, oracle, now),
            // `ready up 50%` tells of no check.
            Face::Agent if text == "ready up 50%\n" => {}
            Face::Agent => self.line(&line_of_words(text), address, oracle, now),
            Face::Http => {
                let asked = http::read::<Page>(&client.read);
                let (head, body) = text.split_once("\r\n\r\n").expect("a response has a head");
                let status = head.get(9..12).expect("a response has a status");
                let is_too_large = client.read.len() > HTTP_HEAD_OCTETS;
                match asked {
                    None if client.has_closed && !is_too_large => {
                        assert!(status == "400" && !client.read.is_empty(), "{head} for half of a request");
                    }
                    // What is too long has no end, and is refused all the same.
                    None => assert!(is_too_large && status == "431", "{head} for {asked:?}"),
                    Some(Err(_)) => assert!(status.starts_with('4'), "{head} for {asked:?}"),
                    Some(Ok(_)) if is_too_large && status == "431" => {}
                    Some(Ok(request)) if address.is_none() => {
                        assert!(status.starts_with(['2', '4', '5']), "{head} for {request:?}");
                    }
                    Some(Ok(request)) if request.page == Page::Health && !body.is_empty() => {
                        let is_up = body.starts_with('2');
                        assert_eq!(status, if is_up { "200" } else { "503" }, "{body}");
                        self.line(body, address, oracle, now);
                    }
                    Some(Ok(request)) if request.page == Page::Checks && !body.is_empty() => {
                        assert_eq!(status, "200", "{head}");
                        let report: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
                        let line = report["line"].as_str().expect("it has a line");
                        self.line(&format!("{line}\r\n"), address, oracle, now);
                        self.checks(&report["checks"], address, oracle, now);
                    }
                    Some(Ok(request)) if request.page == Page::Health => {
                        assert!(status == "200" || status == "503", "{head}");
                    }
                    Some(Ok(_)) => assert_eq!(status, "200", "{head}"),
                }
            }
        }
    }
}

/// The line that stands behind words of the agent-check.
fn line_of_words(words: &str) -> String {
    let list = words.strip_suffix('\n').and_then(|words| words.strip_prefix("down #"));
    match list {
        Some(list) if list.starts_with('5') => format!("550 KO {PROGRAM} {list}\r\n"),
        Some(list) => format!("350 KO {PROGRAM} {list}\r\n"),
        None => {
            assert_eq!(words, "ready up 100%\n");
            format!("200 OK {PROGRAM}\r\n")
        }
    }
}
