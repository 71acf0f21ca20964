//! A mail with reports in it, as sendmail takes it: RFC 5322 and MIME.

use crate::limits::MAIL_ADDRESS_OCTETS;
use jiff::Timestamp;
use oco_fleet::calendar::Zone;
use oco_fleet::time::Millis;
use std::fmt::Write as _;

/// Characters of a line of base64.
const BASE64_LINE: usize = 76;
/// Octets of a text that make one encoded word: it has at most 75 characters.
const ENCODED_WORD: usize = 45;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom. Checked by [`check_address`].
    pub to: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// What is read first.
    pub text: String,
    /// The reports.
    pub attachments: Vec<Attachment>,
    /// The same for the same report, so that who gets it twice sees it once. Without angle brackets.
    pub message_id: String,
    /// When.
    pub at: Millis,
}

/// A file in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub file: String,
    /// What it is.
    pub content_type: &'static str,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// Checks that a text is one address and nothing else, also where it is the name of a user of this host.
///
/// # Errors
/// The words say what was expected.
pub fn check_address(text: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.@-".contains(c);
    let is_one = text.matches('@').count() <= 1
        && !text.starts_with(['@', '-', '.', '|', '/'])
        && !text.ends_with('@');
    if !text.is_empty() && text.len() <= MAIL_ADDRESS_OCTETS && is_one && text.chars().all(is_allowed) {
        return Ok(());
    }
    Err(format!("{text:?}: expected an address as boss@example.org"))
}

impl Mail {
    /// The mail as sendmail takes it, with line feeds. The boundary between its parts is in none of them: each line of a
    /// file is base64, and those of the text are indented where they look like one.
    pub fn octets(&self, zone: &Zone) -> Vec<u8> {
        let boundary = format!("=_{}", blake3::hash(self.message_id.as_bytes()).to_hex());
        let date = Timestamp::from_millisecond(self.at.0).unwrap_or_default();
        let date =
            date.to_zoned_datetime(zone.time_zone().clone()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
        let mut mail = String::new();
        let _ = write!(
            mail,
            "To: {}\nSubject: {}\nDate: {date}\nMessage-ID: <{}>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n\
             --{boundary}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{}",
            self.to.join(",\n "),
            header_text(&self.subject),
            self.message_id,
            base64(self.text.as_bytes()),
        );
        for attachment in &self.attachments {
            let _ = write!(
                mail,
                "\n--{boundary}\nContent-Type: {}\nContent-Transfer-Encoding: base64\n\
                 Content-Disposition: attachment; filename=\"{}\"\n\n{}",
                attachment.content_type,
                attachment.file,
                base64(&attachment.octets),
            );
        }
        let _ = write!(mail, "\n--{boundary}--\n");
        mail.into_bytes()
    }
}

/// A text of a header: as it is, or in encoded words where it is not plain or too long for a line.
fn header_text(text: &str) -> String {
    let is_plain = text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ');
    if is_plain && text.len() <= 200 && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if word.len() + c.len_utf8() > ENCODED_WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words = words.iter().map(|word| format!("=?utf-8?B?{}?=", base64(word.as_bytes()).trim_end()));
    words.collect::<Vec<_>>().join("\n ")
}

/// As base64, in lines, each with its end.
fn base64(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() / 3 * 4 + octets.len() / 50 + 8);
    let mut length = 0;
    for three in octets.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|index| u32::from(three.get(index).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        for index in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * index) & 63).ok().and_then(|six| ALPHABET.get(six));
            let is_there = index <= three.len();
            text.push(digit.filter(|_| is_there).map_or('=', |digit| char::from(*digit)));
        }
        length += 4;
        if length >= BASE64_LINE {
            text.push('\n');
            length = 0;
        }
    }
    if length > 0 {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders};
    use proptest::prelude::*;

    fn mail(subject: &str, text: &str, octets: &[u8]) -> Mail {
        Mail {
            to: vec!["boss@example.org".to_owned(), "ops@example.org".to_owned()],
            subject: subject.to_owned(),
            text: text.to_owned(),
            attachments: vec![Attachment {
                file: "shop-2026-10.pdf".to_owned(),
                content_type: "application/pdf",
                octets: octets.to_vec(),
            }],
            message_id: "shop.1@host".to_owned(),
            at: Millis(1_793_000_000_000),
        }
    }

    #[test]
    fn addresses_are_nothing_else() {
        for good in ["a@b.org", "root", "a.b+c@b.example", "o'neill@x.org"] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a b@c",
            "-f@x",
            "a@b,c@d",
            "a@b\nBcc: c@d",
            "A <a@b>",
            "a@b@c",
            "@x",
            "|sh",
            "/etc/x",
            "a@",
            "\u{e9}@x",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_mail_is_read_back(
            subject in "[^\\p{C}\\p{Z}]{1,20}( [^\\p{C}\\p{Z}]{1,80}){0,3}",
            text in "[^\\p{Cc}]{0,200}\n.\nFrom x\n--x",
            octets in prop::collection::vec(any::<u8>(), 0..500),
        ) {
            let made = mail(&subject, &text, &octets).octets(&Zone::UTC);
            prop_assert!(made.split(|octet| *octet == b'\n').all(|line| line.len() <= 998 && line != b"."));
            let read = MessageParser::default().parse(&made).unwrap();
            prop_assert_eq!(read.subject(), Some(subject.as_str()));
            prop_assert_eq!(read.body_text(0).unwrap(), text);
            let attachment = read.attachment(0).unwrap();
            prop_assert_eq!(attachment.contents(), &octets[..]);
            prop_assert_eq!(attachment.attachment_name(), Some("shop-2026-10.pdf"));
            prop_assert_eq!(read.message_id(), Some("shop.1@host"));
            prop_assert_eq!(read.to().unwrap().iter().count(), 2);
        }
    }
}
