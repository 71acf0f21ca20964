//! The words of a command, with what is known of a target put in. No shell reads them.

use crate::config::Word;
use std::ffi::OsString;

/// What can be put in.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// `{host}`: its name.
    pub host: &'a str,
    /// `{address}`, without brackets.
    pub address: &'a str,
    /// `{port}`; none where the host has none.
    pub port: Option<u16>,
    /// `{group}`.
    pub group: &'a str,
    /// `{service}`.
    pub service: &'a str,
}

/// The names of what can be put in.
pub const PLACEHOLDERS: [&str; 5] = ["host", "address", "port", "group", "service"];

/// The word with everything put in. Braces that hold no name of ours stay as they are.
pub fn filled(word: &Word, facts: &Facts<'_>) -> OsString {
    let mut text = String::with_capacity(word.0.len());
    let mut rest = word.0.as_str();
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let known = behind.split_once('}').and_then(|(name, after)| Some((fact(name, facts)?, after)));
        match known {
            Some((fact, after)) => {
                text.push_str(&fact);
                rest = after;
            }
            None => {
                text.push('{');
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text.into()
}

fn fact(name: &str, facts: &Facts<'_>) -> Option<String> {
    Some(match name {
        "host" => facts.host.to_owned(),
        "address" => facts.address.to_owned(),
        "port" => facts.port.map_or(String::new(), |port| port.to_string()),
        "group" => facts.group.to_owned(),
        "service" => facts.service.to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_put_in_once() {
        let facts = Facts { host: "{group}", address: "::1", port: Some(25), group: "web", service: "mx" };
        let filled = |text: &str| filled(&Word(text.to_owned()), &facts).into_string().unwrap();
        assert_eq!(filled("-H{address}:{port}"), "-H::1:25");
        assert_eq!(filled("{host}/{service}"), "{group}/mx", "what was put in is not read again");
        assert_eq!(filled("{x} {} { {port}} }{"), "{x} {} { 25} }{");
        for name in PLACEHOLDERS {
            assert_ne!(filled(&format!("{{{name}}}")), format!("{{{name}}}"));
        }
    }
}
