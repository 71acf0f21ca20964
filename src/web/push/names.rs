//! Names as OverC's clients send them, and as parts of an object's name.

use crate::limits::NAME_OCTETS;
use oco_fleet::object::encode;

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

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::object::{ObjectName, decode};
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

    proptest! {
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
