//! Names of objects on pages: as links, and in the words of who gave them. What was pushed under a name with blanks or
//! Chinese characters is shown as that, however the object's name writes it.

use oco_fleet::object::{Kind, ObjectName, decode};
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

    proptest! {
        #[test]
        fn segments_are_read_back(segment in "\\PC{0,20}|[ -~]{0,20}") {
            prop_assert_eq!(decoded(&encoded(&segment)), segment);
        }
    }
}
