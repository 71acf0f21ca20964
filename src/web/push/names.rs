//! Names as OverC's clients send them, and as parts of an object's name.

use crate::limits::NAME_OCTETS;
use oco::logic::text::printable;
use oco_fleet::object::{decode, encode};

/// A name that was sent, as a part of an object's name: what WATCH.md's rule does not have, and `%`, is `%XX`. None: it is
/// empty, or too long.
pub fn part(sent: &str) -> Option<String> {
    // Three octets at most become of one.
    if sent.is_empty() || sent.len() > NAME_OCTETS {
        return None;
    }
    let part = encode(sent.as_bytes());
    (part.len() <= NAME_OCTETS).then_some(part)
}

/// The name of a pusher for people who may have to name it again: as it was sent, unless that looks like another one, or
/// can't be typed; then as it is kept, with `%XX`.
pub fn shown(part: &str) -> String {
    let sent = decode(part).and_then(|octets| String::from_utf8(octets).ok());
    let is_plain = |sent: &String| {
        // Blanks at its ends, or several of them, are not seen between columns.
        let has_one_blank_at_most = sent.split(' ').all(|word| !word.is_empty());
        let has_other_blanks = sent.chars().any(|c| c.is_whitespace() && c != ' ');
        printable(sent.as_bytes()) == *sent
            && has_one_blank_at_most
            && !has_other_blanks
            && kept_form(sent).is_none()
    };
    sent.filter(is_plain).unwrap_or_else(|| part.to_owned())
}

/// What a name may mean that was shown so: one that is kept so, first, and one that was sent so.
pub fn meant(text: &str) -> Vec<String> {
    kept_form(text).into_iter().chain(part(text)).collect()
}

/// A text with `%XX` in it that is a name as it is kept.
fn kept_form(text: &str) -> Option<String> {
    let is_kept = text.contains('%') && decode(text).is_some_and(|octets| encode(&octets) == text);
    is_kept.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::object::ObjectName;
    use proptest::prelude::*;

    #[test]
    fn names_are_encoded_as_the_watcher_takes_them() {
        for (sent, expected) in [
            ("web1.example.org", "web1.example.org"),
            ("a b", "a%20b"),
            ("a/b", "a%2Fb"),
            ("50%", "50%25"),
            (".hidden", "%2Ehidden"),
            ("Всё", "%D0%92%D1%81%D1%91"),
            ("\u{202e}x", "%E2%80%AEx"),
            ("\n", "%0A"),
        ] {
            assert_eq!(part(sent).as_deref(), Some(expected));
        }
        assert_eq!(part(""), None);
        assert!(part(&"a".repeat(255)).is_some() && part(&"a".repeat(256)).is_none());
        assert!(part(&" ".repeat(85)).is_some() && part(&" ".repeat(86)).is_none());
    }

    #[test]
    fn names_that_look_alike_are_shown_so_that_they_can_be_told_apart() {
        for (sent, expected) in [
            ("web1", "web1"),
            ("a b", "a b"),
            ("Всё 50%", "Всё 50%"),
            ("a\n", "a%0A"),
            ("a\u{202e}", "a%E2%80%AE"),
            ("a?", "a?"),
            ("a ", "a%20"),
            ("a  b", "a%20%20b"),
            ("a\u{a0}b", "a%C2%A0b"),
            ("a%0A", "a%250A"),
        ] {
            let part = part(sent).unwrap();
            assert_eq!(shown(&part), expected);
            assert_eq!(meant(expected)[0], part, "{expected}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_means_what_it_was_shown_for(sent in "\\PC{1,20}|[ -~\u{0}-\u{1f}]{1,20}") {
            let part = part(&sent).unwrap();
            let meant = meant(&shown(&part));
            prop_assert_eq!(meant.first(), Some(&part));
        }

        #[test]
        fn any_name_is_refused_or_one_that_the_watcher_takes(sent in "\\PC{0,100}|[ -~\u{0}-\u{1f}]{0,300}") {
            if let Some(part) = part(&sent) {
                let name = format!("push/{part}/{part}");
                prop_assert!(ObjectName::parse(&name).is_ok(), "{}", name);
                prop_assert_eq!(decode(&part), Some(sent.into_bytes()));
            } else {
                prop_assert!(sent.is_empty() || sent.len() * 3 > NAME_OCTETS);
            }
        }
    }
}
