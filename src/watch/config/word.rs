//! Commands of the file: their words, and the names in braces that are put in before they run. There is no shell.

use super::Word;
use super::section::{Culprit, wrong};
use super::value::List;
use crate::limits::COMMAND_OCTETS;
use oco_fleet::object::ObjectName;
use toml::Spanned;

/// What a name in braces stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `{host}`: the name of the host.
    Host,
    /// `{address}`: its address.
    Address,
    /// `{port}`: the port of host or probe.
    Port,
    /// `{group}`: the hostgroup; of a node `node`.
    Group,
    /// `{service}`: the service; of a node its name.
    Service,
}

impl Placeholder {
    /// Every one.
    pub const ALL: [Placeholder; 5] = [
        Placeholder::Host,
        Placeholder::Address,
        Placeholder::Port,
        Placeholder::Group,
        Placeholder::Service,
    ];
    /// Those of a command that is about more than one host.
    pub const OF_ALL_HOSTS: [Placeholder; 2] = [Placeholder::Group, Placeholder::Service];

    /// As it is written, without braces.
    pub fn word(self) -> &'static str {
        match self {
            Placeholder::Host => "host",
            Placeholder::Address => "address",
            Placeholder::Port => "port",
            Placeholder::Group => "group",
            Placeholder::Service => "service",
        }
    }

    fn from_word(word: &str) -> Option<Placeholder> {
        Placeholder::ALL.into_iter().find(|placeholder| placeholder.word() == word)
    }
}

/// A piece of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// A name in braces, without them.
    Named(&'a str),
}

impl Word {
    /// The word with all names in braces put in.
    pub fn fill<'a>(&self, value: impl Fn(Placeholder) -> &'a str) -> String {
        let mut filled = String::with_capacity(self.0.len());
        for piece in pieces(&self.0) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Named(name) => {
                    filled.push_str(Placeholder::from_word(name).map_or("", &value));
                }
            }
        }
        filled
    }

    /// The same of a command that is about somebody with all hosts.
    pub fn fill_of_all_hosts(&self, name: &ObjectName) -> String {
        self.fill(|placeholder| match placeholder {
            Placeholder::Group => name.group(),
            Placeholder::Service => name.service_part(),
            // The file has none of these in such a command.
            Placeholder::Host | Placeholder::Address | Placeholder::Port => "",
        })
    }
}

/// The pieces of a word. `{name}` is a name of letters, digits, `_` and `-`; doubled braces around such a word are those
/// braces, `{{name}}`; all other braces stand for themselves.
pub fn pieces(word: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = word;
    let mut from = 0;
    while let Some(open) = rest.get(from..).and_then(|text| text.find('{')).map(|at| at + from) {
        let (before, behind) = rest.split_at(open);
        let doubled = name_between("{{", behind, "}}");
        let Some((name, after)) = doubled.or_else(|| name_between("{", behind, "}")) else {
            from = open + 1;
            continue;
        };
        pieces.push(Piece::Text(before));
        match doubled {
            Some(_) => pieces.extend(["{", name, "}"].map(Piece::Text)),
            None => pieces.push(Piece::Named(name)),
        }
        (rest, from) = (after, 0);
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The name between `open` and `close` at the beginning of `text`, and what follows.
fn name_between<'a>(open: &str, text: &'a str, close: &str) -> Option<(&'a str, &'a str)> {
    let text = text.strip_prefix(open)?;
    let end =
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').filter(|end| *end > 0)?;
    let (name, rest) = text.split_at_checked(end)?;
    Some((name, rest.strip_prefix(close)?))
}

/// The words of a command that may hold the names `known` in braces.
pub(super) fn command(words: List<Spanned<String>>, known: &[Placeholder]) -> Result<Vec<Word>, Culprit> {
    let octets: usize = words.0.iter().map(|word| word.get_ref().len()).sum();
    for (index, word) in words.0.iter().enumerate() {
        let text = word.get_ref();
        if index == 0 && text.trim().is_empty() {
            return Err(wrong(word, format!("{text:?}: expected a command, as [\"PROGRAM\", \"ARGUMENT\"]")));
        }
        if text.contains('\0') {
            return Err(wrong(word, format!("{text:?}: no program can be given a zero octet")));
        }
        if octets > COMMAND_OCTETS {
            return Err(wrong(
                word,
                format!("the command is too long; expected at most {COMMAND_OCTETS} octets"),
            ));
        }
        for piece in pieces(text) {
            let Piece::Named(name) = piece else { continue };
            if !Placeholder::from_word(name).is_some_and(|placeholder| known.contains(&placeholder)) {
                return Err(wrong(word, unknown(name, known)));
            }
        }
    }
    Ok(words.0.into_iter().map(|word| Word(word.into_inner())).collect())
}

fn unknown(name: &str, known: &[Placeholder]) -> String {
    let known: Vec<String> = known.iter().map(|placeholder| format!("{{{}}}", placeholder.word())).collect();
    let known = known.join(", ");
    let why = match Placeholder::from_word(name) {
        Some(_) => "this command is about all hosts at once",
        None => "nothing is put in for that",
    };
    format!("{{{name}}}: {why}; expected {known}, or {{{{{name}}}}} for the braces themselves")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(word: &str) -> String {
        Word(word.to_owned()).fill(|placeholder| match placeholder {
            Placeholder::Host => "web1",
            Placeholder::Address => "192.0.2.1",
            Placeholder::Port => "79",
            Placeholder::Group => "web",
            Placeholder::Service => "oco",
        })
    }

    #[test]
    fn names_in_braces_are_put_in() {
        for (word, filled) in [
            ("{address}", "192.0.2.1"),
            ("http://{host}:{port}/{group}/{service}", "http://web1:79/web/oco"),
            ("{{host}}", "{host}"),
            ("{{host}}{host}", "{host}web1"),
            ("{ print }", "{ print }"),
            ("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"),
            ("{{{host}}}", "{{host}}"),
            ("{", "{"),
            ("{}", "{}"),
            ("{host", "{host"),
            ("x{{", "x{{"),
            ("", ""),
        ] {
            assert_eq!(fill(word), filled, "{word}");
        }
    }

    proptest! {
        #[test]
        fn words_without_names_stay(word in "[a-z {}\u{e4}]{0,20}") {
            let is_plain = pieces(&word).iter().all(|piece| matches!(piece, Piece::Text(_)));
            if is_plain && !word.contains("{{") {
                prop_assert_eq!(fill(&word), word);
            }
        }
    }
}
