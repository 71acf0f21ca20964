//! Names of objects on pages: as links, and in the words of who gave them. What was pushed under a name with blanks or
//! Chinese characters is shown as that, however the object's name writes it.

use oco_fleet::object::{Kind, ObjectName, decode, encode};
use std::fmt::Write as _;

/// A name as a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Where it leads to.
    pub href: String,
    /// Its parts for people, between which there is a slash. Each may have its own direction of writing.
    pub parts: Vec<String>,
}

impl Name {
    /// An object, which leads to its page: a target to its host's.
    pub fn of(name: &ObjectName) -> Name {
        let service = || path(&["g", name.group(), name.service_part()]);
        match name.kind() {
            Kind::Node => {
                Name { href: path(&["n", name.service_part()]), parts: vec![shown(name.service_part())] }
            }
            Kind::Level => Name {
                href: format!("/levels#{}", encoded(name.service_part())),
                parts: vec![shown(name.service_part())],
            },
            Kind::Service => {
                Name { href: service(), parts: vec![shown(name.group()), shown(name.service_part())] }
            }
            Kind::Target => {
                let host = name.host().unwrap_or_default();
                let parts = [name.group(), name.service_part(), host];
                Name { href: path(&["h", host]), parts: parts.map(shown).to_vec() }
            }
        }
    }

    /// A host.
    pub fn of_host(host: &str) -> Name {
        Name { href: path(&["h", host]), parts: vec![shown(host)] }
    }

    /// A group.
    pub fn of_group(group: &str) -> Name {
        Name { href: path(&["g", group]), parts: vec![shown(group)] }
    }

    /// What an act or a row of the log is of: an object, or a group.
    pub fn of_any(name: &str) -> Name {
        match ObjectName::parse(name) {
            Ok(object) => Name::of(&object),
            Err(_) => Name::of_group(name),
        }
    }

    /// Without what stands before the last part.
    pub fn last(mut self) -> Name {
        self.parts = self.parts.pop().into_iter().collect();
        self
    }

    /// For titles of pages and for people who hear it.
    pub fn text(&self) -> String {
        self.parts.join("/")
    }
}

/// A part for people: what `%XX` stands for, where that is text. Control characters are shown as what they are not.
pub fn shown(part: &str) -> String {
    let text = if part.contains('%') {
        decode(part).and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_else(|| part.to_owned())
    } else {
        part.to_owned()
    };
    plain(&text)
}

/// A text from outside: control characters are shown as what they are not.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Why somebody is as he is, for people. That of a target are somebody's own words; in all others, as `2 of 4 down:
/// %D0%B0 (refused)`, those who fail are named by us: they are shown as they were sent.
pub fn reason_of(name: &ObjectName, reason: &str) -> String {
    match name.kind() {
        Kind::Target => plain(reason),
        Kind::Service | Kind::Node | Kind::Level => {
            plain(&as_sent(reason, |name| format!("\u{2068}{name}\u{2069}")))
        }
    }
}

/// A text with the names in it that stand as `%XX` as they were sent, each as `show` has it. One that would change how the
/// text around it is written stays as it is.
pub fn as_sent(text: &str, show: impl Fn(&str) -> String) -> String {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "._-%".contains(c);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_of_name) {
        let (before, after) = rest.split_at(begin);
        let (word, behind) = after.split_at(after.find(|c| !is_of_name(c)).unwrap_or(after.len()));
        shown.push_str(before);
        match sent(word) {
            Some(name) => shown.push_str(&show(&name)),
            None => shown.push_str(word),
        }
        rest = behind;
    }
    shown + rest
}

/// The name that stands as `%XX` here; none: it is no such name, or one with marks of direction or what is not seen.
fn sent(word: &str) -> Option<String> {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    };
    let name = String::from_utf8(decode(word)?).ok()?;
    let is_name = word.contains('%') && encode(name.as_bytes()) == word && !name.contains(is_hidden);
    is_name.then_some(name)
}

/// A path of these segments.
pub fn path(segments: &[&str]) -> String {
    segments.iter().fold(String::new(), |path, segment| path + "/" + &encoded(segment))
}

/// A segment of a path, or a value of a query: all but what never needs it is `%XX`.
pub fn encoded(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for octet in segment.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            text.push(char::from(octet));
        } else {
            let _ = write!(text, "%{octet:02X}");
        }
    }
    text
}

/// What a segment of a path stands for, as browsers and others write it; what is no UTF-8 becomes `U+FFFD`.
pub fn decoded(segment: &str) -> String {
    // What is special in a form is not in a path.
    let form = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(form.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(name: &str) -> Name {
        Name::of(&ObjectName::parse(name).unwrap())
    }

    #[test]
    fn names_lead_to_their_pages() {
        assert_eq!(of("web/oco").href, "/g/web/oco");
        assert_eq!(of("node:shop").href, "/n/shop");
        assert_eq!(of("slo:shop").href, "/levels#shop");
        assert_eq!(of("web/oco/[2001:db8::3]:79").href, "/h/%5B2001%3Adb8%3A%3A3%5D%3A79");
        assert_eq!(of("push/a%20b/%E6%9D%B1").href, "/h/%25E6%259D%25B1");
        assert_eq!(of("push/a%20b/%E6%9D%B1").parts, ["push", "a b", "\u{6771}"]);
        assert_eq!(Name::of_any("web").href, "/g/web");
        assert_eq!(of("web/oco/a").last().parts, ["a"]);
    }

    #[test]
    fn what_is_no_text_is_shown_as_it_is_written() {
        assert_eq!(shown("%FF"), "%FF");
        assert_eq!(shown("a%1Bb"), "a\u{fffd}b");
    }

    #[test]
    fn names_in_reasons_are_shown_as_they_were_sent() {
        let of = |name: &str, reason: &str| reason_of(&ObjectName::parse(name).unwrap(), reason);
        let reason = "2 of 3 down: %D0%B0-1 (50% of 9%2), push/a%20b/%E6%9D%B1 (%d0%b0)";
        assert_eq!(
            of("push/disk", reason),
            "2 of 3 down: \u{2068}\u{430}-1\u{2069} (50% of 9%2), push/\u{2068}a b\u{2069}/\u{2068}\u{6771}\u{2069} (%d0%b0)"
        );
        assert_eq!(of("node:all", "1 of 1 down: %E2%80%AEx (%FF)"), "1 of 1 down: %E2%80%AEx (%FF)");
        assert_eq!(of("push/disk/a", "no %D0%B0"), "no %D0%B0", "a target's reason is somebody's own");
    }

    proptest! {
        #[test]
        fn a_text_without_such_names_stays(text in "\\PC{0,20}|[ -$&-~]{0,20}") {
            prop_assume!(!text.contains('%'));
            prop_assert_eq!(as_sent(&text, |name| format!("<{name}>")), text);
        }

        #[test]
        fn segments_are_read_back(segment in "\\PC{0,20}|[ -~]{0,20}") {
            prop_assert_eq!(decoded(&encoded(&segment)), segment);
        }
    }
}
