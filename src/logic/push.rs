//! What a pusher tells a board, and what the board's answer means: OverC's `POST /api/set/service/status`, with our own
//! keys `code` and `oco` beside its ones.
//!
//! A board takes a request whole or not at all, and none above a megabyte: what is more goes into further ones.

use super::code::{Code, Verdict};
use super::text::printable;
use crate::limits::{LONGEST_PROMISE, PUSH_INFO_OCTETS, PUSH_OCTETS, PUSH_WORDS};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Behind the board's URL.
pub const PATH: &str = "/api/set/service/status";
/// What kind of body it is.
pub const CONTENT_TYPE: &str = "application/json";

/// Who tells.
#[derive(Debug, Clone, Copy)]
pub struct Pusher<'a> {
    /// What it is called at the board.
    pub name: &'a str,
    /// The proof that it is the one of the first time.
    pub key: &'a str,
    /// It tells again within this time.
    pub period: Duration,
    /// How it stands as a whole.
    pub verdict: Verdict,
}

/// One service of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name, as people are to see it.
    pub name: String,
    /// Its code.
    pub code: Code,
    /// Why, and performance data.
    pub info: String,
    /// It is told again within this time; none: within that of the pusher.
    pub period: Option<Duration>,
}

#[derive(Serialize)]
struct Body<'a> {
    server: Server<'a>,
    period: u64,
    oco: Host,
    services: &'a [Entry<'a>],
}

#[derive(Serialize)]
struct Server<'a> {
    name: &'a str,
    key: &'a str,
}

#[derive(Serialize)]
struct Host {
    version: &'static str,
    code: u16,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    state: &'static str,
    code: u16,
    info: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
}

impl<'a> Entry<'a> {
    fn of(service: &'a Service) -> Entry<'a> {
        Entry {
            name: &service.name,
            state: state(service.code),
            code: service.code.number(),
            info: beginning(&service.info),
            period: service.period.map(seconds),
        }
    }
}

/// The word for boards that know no codes.
fn state(code: Code) -> &'static str {
    match code.verdict() {
        Verdict::Ok => "OK",
        Verdict::But => "WARN",
        Verdict::Ko if code == Code::UNKNOWN => "UNK",
        Verdict::Ko | Verdict::Incident => "FAIL",
    }
}

/// As much of a text as a board keeps.
fn beginning(info: &str) -> &str {
    let mut end = info.len().min(PUSH_INFO_OCTETS);
    while !info.is_char_boundary(end) {
        end -= 1;
    }
    info.get(..end).unwrap_or(info)
}

/// Whole seconds of a promise: none is broken for what was cut from it.
fn seconds(period: Duration) -> u64 {
    let period = period.min(LONGEST_PROMISE);
    (period.as_secs() + u64::from(period.subsec_nanos() > 0)).max(1)
}

/// The bodies that tell of these services, one at least: without any a pusher still tells that it is alive.
pub fn bodies(pusher: &Pusher<'_>, services: &[Service]) -> Vec<Vec<u8>> {
    let entries: Vec<Entry<'_>> = services.iter().map(Entry::of).collect();
    let room = PUSH_OCTETS.saturating_sub(json(&body(pusher, &[])).len());
    let (mut bodies, mut begin, mut octets) = (Vec::new(), 0, 0);
    for (place, entry) in entries.iter().enumerate() {
        // With the comma.
        let more = json(entry).len() + 1;
        if octets + more > room && place > begin {
            bodies.push(json(&body(pusher, entries.get(begin..place).unwrap_or_default())));
            (begin, octets) = (place, 0);
        }
        octets += more;
    }
    bodies.push(json(&body(pusher, entries.get(begin..).unwrap_or_default())));
    bodies
}

fn body<'a>(pusher: &Pusher<'a>, services: &'a [Entry<'a>]) -> Body<'a> {
    Body {
        server: Server { name: pusher.name, key: pusher.key },
        period: seconds(pusher.period),
        oco: Host { version: env!("CARGO_PKG_VERSION"), code: pusher.verdict.number() },
        services,
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("names, numbers and text have a form in JSON")
}

/// What a board answers. It says one of these.
#[derive(Deserialize)]
struct Answer {
    ok: Option<u64>,
    error: Option<String>,
}

/// Judges what came back. What is no board's answer is no success: somebody else may have answered in its place.
///
/// # Errors
/// It was not taken; why, in one printable line.
pub fn judge(status: u16, answer: &[u8]) -> Result<(), String> {
    let answer: Option<Answer> = serde_json::from_slice(answer).ok();
    match (status, answer) {
        (200, Some(Answer { ok: Some(1), .. })) => Ok(()),
        (200, _) => Err("http 200, but not the answer of a board".to_owned()),
        (300..400, _) => Err(format!("http {status}, a redirect, which is not followed")),
        (_, Some(Answer { error: Some(error), .. })) => {
            let words: String = printable(error.as_bytes()).chars().take(PUSH_WORDS).collect();
            Err(format!("http {status}: {words}"))
        }
        (_, _) => Err(format!("http {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pusher(period: Duration) -> Pusher<'static> {
        Pusher { name: "web1", key: "1234", period, verdict: Verdict::But }
    }

    fn service(name: &str, code: u16, info: &str) -> Service {
        Service { name: name.to_owned(), code: Code::new(code).unwrap(), info: info.to_owned(), period: None }
    }

    fn read(body: &[u8]) -> serde_json::Value {
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn a_body_is_overcs_with_our_keys_beside_its_own() {
        let period = Some(Duration::from_secs(90_000));
        let backup = Service { period, ..service("backup", 500, "no \"tape\"|a=1") };
        let made = bodies(&pusher(Duration::from_secs(60)), &[service("http", 200, ""), backup]);
        assert_eq!(
            made.iter().map(|body| read(body)).collect::<Vec<_>>(),
            [serde_json::json!({
                "server": { "name": "web1", "key": "1234" },
                "period": 60,
                "oco": { "version": env!("CARGO_PKG_VERSION"), "code": 250 },
                "services": [
                    { "name": "http", "state": "OK", "code": 200, "info": "" },
                    { "name": "backup", "state": "FAIL", "code": 500, "info": "no \"tape\"|a=1", "period": 90000 },
                ],
            })]
        );
        assert_eq!(
            read(&bodies(&pusher(Duration::from_secs(60)), &[])[0])["services"],
            serde_json::json!([])
        );
    }

    #[test]
    fn states_are_those_that_overc_makes_the_same_codes_of() {
        for (code, word) in
            [(200, "OK"), (201, "WARN"), (299, "WARN"), (300, "FAIL"), (599, "FAIL"), (310, "UNK")]
        {
            assert_eq!(state(Code::new(code).unwrap()), word, "{code}");
        }
    }

    #[test]
    fn a_promise_is_whole_seconds_and_at_most_a_year() {
        for (period, said) in [
            (Duration::from_millis(1), 1),
            (Duration::from_millis(1500), 2),
            (Duration::from_secs(60), 60),
            (Duration::MAX, LONGEST_PROMISE.as_secs()),
        ] {
            assert_eq!(read(&bodies(&pusher(period), &[])[0])["period"], said);
        }
    }

    #[test]
    fn answers_are_judged() {
        let wrong = |why: &str| Err(why.to_owned());
        for (status, answer, judged) in [
            (200, "{\"ok\": 1}", Ok(())),
            (200, "{\"ok\": 1, \"more\": []}", Ok(())),
            (200, "{\"pong\": 1}", wrong("http 200, but not the answer of a board")),
            (200, "{\"ok\": 0}", wrong("http 200, but not the answer of a board")),
            (200, "<html>Log in</html>", wrong("http 200, but not the answer of a board")),
            (200, "", wrong("http 200, but not the answer of a board")),
            (204, "", wrong("http 204")),
            (302, "", wrong("http 302, a redirect, which is not followed")),
            (403, "{\"error\": \"Invalid server key\"}", wrong("http 403: Invalid server key")),
            (400, "{\"error\": \"a\\n\\u001b[1m\"}", wrong("http 400: a??[1m")),
            (413, "too large", wrong("http 413")),
            (503, "{\"error\": 7}", wrong("http 503")),
        ] {
            assert_eq!(judge(status, answer.as_bytes()), judged, "{status} {answer}");
        }
        let long = format!("{{\"error\": \"{}\"}}", "x".repeat(10_000));
        assert!(judge(400, long.as_bytes()).unwrap_err().len() < 300);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        /// Whatever the texts are: each service once, in order, and no body that a board would not take.
        #[test]
        fn bodies_tell_of_all_and_none_is_too_large(
            infos in proptest::collection::vec(("[\u{1}-\u{7f}\u{4e00}]{0,40}", 1usize..100), 0..800),
        ) {
            let services: Vec<Service> = infos
                .iter()
                .enumerate()
                .map(|(place, (info, times))| service(&place.to_string(), 300, &info.repeat(*times)))
                .collect();
            let made = bodies(&pusher(Duration::from_secs(60)), &services);
            let mut names = Vec::new();
            for body in &made {
                prop_assert!(body.len() <= PUSH_OCTETS);
                let told = read(body)["services"].as_array().unwrap().clone();
                prop_assert!(made.len() == 1 || !told.is_empty());
                for one in told {
                    prop_assert!(one["info"].as_str().unwrap().len() <= PUSH_INFO_OCTETS);
                    names.push(one["name"].as_str().unwrap().to_owned());
                }
            }
            prop_assert_eq!(names, services.into_iter().map(|service| service.name).collect::<Vec<_>>());
        }
    }
}
