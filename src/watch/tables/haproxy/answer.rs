//! What HAProxy answers: the messages of the commands before, and the servers of a backend.
//!
//! ```text
//!   1
//!   # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight ...
//!   3 web 1 web1 192.0.2.11 2 0 100 100 ...
//!
//! ```
//!
//! Columns are found by their names, for HAProxy adds some with each version. An answer is whole when an empty line
//! follows the servers: one that was cut tells of nobody.
#![deny(clippy::disallowed_methods)]

use super::plan::{Administration, Real};
use crate::limits::{HAPROXY_NAME_OCTETS, SHOWN_CHARACTERS};
use oco::logic::text::printable;
use std::net::IpAddr;

/// Flags of `srv_admin_state` that somebody has set, at the socket or by `disabled`. Others come from a tracked server, or
/// from an address that could not be looked up; they come and go without us.
const FORCED_MAINT: u32 = 0x01;
const FORCED_DRAIN: u32 = 0x08;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What HAProxy had against the commands before.
    pub messages: Vec<String>,
    /// The servers, in HAProxy's order.
    pub servers: Vec<Real>,
}

/// Why an answer tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerError {
    /// It ended before its end.
    Cut,
    /// HAProxy says why it tells of no servers.
    Refused(String),
    /// It is no list of servers that we know.
    Strange(String),
}

impl std::fmt::Display for AnswerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AnswerError::Cut => f.write_str("the answer is cut"),
            AnswerError::Refused(why) => f.write_str(why),
            AnswerError::Strange(what) => write!(f, "a strange answer: {what}"),
        }
    }
}

/// Where the columns are.
struct Columns {
    backend: usize,
    name: usize,
    address: usize,
    administration: usize,
    weight: usize,
    initial_weight: usize,
    /// An older HAProxy has none.
    port: Option<usize>,
}

/// Reads an answer about `backend`.
///
/// # Errors
/// It is not whole, or not of that kind.
pub fn parse(octets: &[u8], backend: &str) -> Result<Answer, AnswerError> {
    let text = String::from_utf8_lossy(octets);
    let mut lines = text.split_inclusive('\n');
    let mut messages = Vec::new();
    let header = loop {
        let Some(line) = lines.next() else {
            let refusal = messages.pop();
            return Err(refusal.map_or(AnswerError::Cut, AnswerError::Refused));
        };
        // The version of the format stands alone before the names of its columns.
        match line.trim() {
            "" | "1" => {}
            line if line.starts_with("# ") => break line,
            other => messages.push(shown(other)),
        }
    };
    let columns = columns(header).ok_or_else(|| AnswerError::Strange(shown(header)))?;
    let mut servers = Vec::new();
    loop {
        match lines.next() {
            None => return Err(AnswerError::Cut),
            Some("\n" | "\r\n") => return Ok(Answer { messages, servers }),
            Some(line) if line.ends_with('\n') => {
                let row = row(line, &columns, backend);
                servers.extend(row.ok_or_else(|| AnswerError::Strange(shown(line)))?);
            }
            Some(_) => return Err(AnswerError::Cut),
        }
    }
}

fn columns(header: &str) -> Option<Columns> {
    let names: Vec<&str> = header.trim_start_matches('#').split_ascii_whitespace().collect();
    let place = |name: &str| names.iter().position(|other| *other == name);
    Some(Columns {
        backend: place("be_name")?,
        name: place("srv_name")?,
        address: place("srv_addr")?,
        administration: place("srv_admin_state")?,
        weight: place("srv_uweight")?,
        initial_weight: place("srv_iweight")?,
        port: place("srv_port"),
    })
}

/// A server; none: it is another backend's. The outer none: it is no server.
fn row(line: &str, columns: &Columns, backend: &str) -> Option<Option<Real>> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let field = |place: usize| fields.get(place).copied();
    let number = |place: usize| field(place)?.parse::<u32>().ok();
    let name = field(columns.name).filter(|name| is_name(name))?;
    let flags = number(columns.administration)?;
    let administration = match (flags & FORCED_MAINT > 0, flags & FORCED_DRAIN > 0) {
        (true, _) => Administration::Maint,
        (false, true) => Administration::Drain,
        (false, false) => Administration::Ready,
    };
    let real = Real {
        name: name.to_owned(),
        // A server without one has `-`, and one at a Unix socket its path.
        address: field(columns.address)?.parse::<IpAddr>().ok(),
        port: columns.port.and_then(field).and_then(|port| port.parse().ok()),
        administration,
        weight: number(columns.weight)?,
        initial_weight: number(columns.initial_weight)?,
    };
    Some((field(columns.backend)? == backend).then_some(real))
}

/// Whether it can be the name of a server, and be put into a command.
fn is_name(name: &str) -> bool {
    let is_usual = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.:[]".contains(&octet);
    (1..=HAPROXY_NAME_OCTETS).contains(&name.len()) && name.bytes().all(is_usual)
}

fn shown(text: &str) -> String {
    let text = printable(text.trim().as_bytes());
    text.chars().take(SHOWN_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
                          srv_iweight srv_time_since_last_change srv_check_status srv_check_result \
                          srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id \
                          srv_fqdn srv_port srvrecord\n";

    fn real(name: &str, address: &str, administration: Administration, weights: (u32, u32)) -> Real {
        Real {
            name: name.to_owned(),
            address: address.parse().ok(),
            port: Some(80),
            administration,
            weight: weights.0,
            initial_weight: weights.1,
        }
    }

    #[test]
    fn servers_are_read_as_2_6_tells_them() {
        let text = format!(
            "\nNo such server.\n\n\n{HEADER}\
             2 web 1 web1 192.0.2.11 2 0 100 100 1 1 0 2 0 0 0 0 - 80 -\n\
             2 web 2 web2 ::1 0 5 20 40 1 1 0 0 8 0 0 0 - 80 -\n\
             2 web 3 web3 - 2 12 1 1 1 1 0 0 8 0 0 0 - 80 -\n\
             2 web 4 web4 - 2 4 1 1 1 1 0 0 8 0 0 0 - 80 -\n\
             2 web 5 web5 - 2 34 1 1 1 1 0 0 8 0 0 0 - 80 -\n\
             3 other 1 web1 192.0.2.11 2 0 1 1 1 1 0 2 0 0 0 0 - 80 -\n\n"
        );
        let answer = parse(text.as_bytes(), "web").unwrap();
        assert_eq!(answer.messages, ["No such server."]);
        let expected = [
            real("web1", "192.0.2.11", Administration::Ready, (100, 100)),
            real("web2", "::1", Administration::Maint, (20, 40)),
            real("web3", "-", Administration::Drain, (1, 1)),
            real("web4", "-", Administration::Ready, (1, 1)),
            real("web5", "-", Administration::Ready, (1, 1)),
        ];
        assert_eq!(answer.servers, expected);
    }

    #[test]
    fn an_older_haproxy_has_fewer_columns_and_a_newer_one_may_have_them_elsewhere() {
        let older = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n\
                     3 web 1 a 192.0.2.1 2 8 5 10\n\n";
        let newer = "1\n# be_name new srv_name srv_iweight srv_uweight srv_admin_state srv_addr srv_port\n\
                     web x a 10 5 8 192.0.2.1 80\n\n";
        for (text, port) in [(older, None), (newer, Some(80))] {
            let expected = Real { port, ..real("a", "192.0.2.1", Administration::Drain, (5, 10)) };
            assert_eq!(parse(text.as_bytes(), "web").unwrap().servers, [expected]);
        }
    }

    #[test]
    fn what_is_no_such_answer_is_an_error() {
        let row = "2 web 1 a 192.0.2.1 2 0 1 1 0 0 0 0 0 0 0 0 - 80 -\n";
        for (text, error) in [
            (String::new(), AnswerError::Cut),
            ("Can't find backend.\n\n".to_owned(), AnswerError::Refused("Can't find backend.".to_owned())),
            (HEADER.to_owned(), AnswerError::Cut),
            (format!("{HEADER}{row}"), AnswerError::Cut),
            (format!("{HEADER}{}", row.trim_end()), AnswerError::Cut),
            ("1\n# be_id srv_name\n\n".to_owned(), AnswerError::Strange("# be_id srv_name".to_owned())),
            (format!("{HEADER}2 web 1 a\n\n"), AnswerError::Strange("2 web 1 a".to_owned())),
            (
                format!("{HEADER}2 web 1 a;b 192.0.2.1 2 0 1 1\n\n"),
                AnswerError::Strange("2 web 1 a;b 192.0.2.1 2 0 1 1".to_owned()),
            ),
        ] {
            assert_eq!(parse(text.as_bytes(), "web"), Err(error), "{text}");
        }
        let whole = format!("{HEADER}{row}\n");
        assert_eq!(parse(whole.as_bytes(), "web").unwrap().servers.len(), 1);
    }

    proptest! {
        #[test]
        fn no_beginning_of_an_answer_is_taken_for_a_whole_one(
            names in prop::collection::vec("[a-z0-9_.-]{1,12}", 0..6),
            share in 0..1000usize,
        ) {
            let mut text = HEADER.to_owned();
            for name in &names {
                text.push_str(&format!("2 web 1 {name} 192.0.2.1 2 0 7 9 0 0 0 0 0 0 0 0 - 80 -\n"));
            }
            text.push('\n');
            let answer = parse(text.as_bytes(), "web").unwrap();
            prop_assert_eq!(answer.servers.iter().map(|real| &real.name).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
            let cut = text.len() * share / 1000;
            prop_assert!(parse(&text.as_bytes()[..cut], "web").is_err());
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&octets, "web");
        }
    }
}
