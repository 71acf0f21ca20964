//! Certificates for people: when one ends, and why one is not believed.

use super::super::words::{length, shown};
use oco::system::words::{lowered, words_of_certificate};
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};
use std::time::Duration;

/// When a certificate ends, in seconds since 1970. None where it can't be read.
pub fn not_after(der: &[u8]) -> Option<i64> {
    validity(der).map(|(_, end)| end)
}

/// From when to when a certificate is good, both ends in.
pub fn validity(der: &[u8]) -> Option<(i64, i64)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// `certificate expires in 9d`, or `certificate expired 3d ago`. `left` in seconds.
pub fn say_end(left: i64, words: &mut String) {
    let duration = Duration::from_secs(left.unsigned_abs());
    if left < 0 {
        words.push_str("certificate expired ");
        length(words, duration);
        words.push_str(" ago");
    } else {
        words.push_str("certificate expires in ");
        length(words, duration);
    }
}

/// Why there is no session.
pub fn say_error(error: &Error, words: &mut String) {
    match error {
        Error::InvalidCertificate(error) => say_certificate(error, words),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            words.push_str("expected TLS, got something else")
        }
        Error::AlertReceived(alert) => {
            words.push_str("tls refused: ");
            // HandshakeFailure
            for character in format!("{alert:?}").chars() {
                if character.is_ascii_uppercase() && !words.ends_with(' ') {
                    words.push(' ');
                }
                words.push(character.to_ascii_lowercase());
            }
        }
        Error::PeerIncompatible(_) => words.push_str("tls: no version or cipher in common"),
        error => {
            words.push_str("tls: ");
            shown(words, lowered(&error.to_string()).as_bytes());
        }
    }
}

fn say_certificate(error: &CertificateError, words: &mut String) {
    match error {
        CertificateError::ExpiredContext { time, not_after } => {
            say_end(seconds(*not_after).saturating_sub(seconds(*time)).min(-1), words);
        }
        CertificateError::Expired => words.push_str("certificate expired"),
        CertificateError::NotValidYetContext { time, not_before } => {
            words.push_str("certificate is valid only in ");
            length(words, Duration::from_secs(not_before.as_secs().saturating_sub(time.as_secs())));
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            match presented.first() {
                Some(name) => {
                    words.push_str("certificate is for ");
                    shown(words, bare(name).as_bytes());
                }
                None => words.push_str("certificate names no host"),
            }
            words.push_str(", not ");
            shown(words, expected.to_str().as_bytes());
        }
        CertificateError::UnknownIssuer => words.push_str("certificate by an unknown authority"),
        CertificateError::Revoked => words.push_str("certificate was revoked"),
        CertificateError::BadSignature => {
            // Such as by one that was made anew under its old name.
            words.push_str("certificate not signed by the authority that it names");
        }
        CertificateError::BadEncoding => words.push_str("certificate can't be read"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            words.push_str("certificate is not for servers");
        }
        CertificateError::Other(other) => {
            shown(words, words_of_certificate(&other.to_string()).as_bytes());
        }
        error => {
            words.push_str("certificate not accepted: ");
            shown(words, lowered(&error.to_string()).as_bytes());
        }
    }
}

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// `DnsName("www.example.org")` as people write it.
fn bare(presented: &str) -> &str {
    let inside = presented.split_once('(').and_then(|(_, name)| name.strip_suffix(')')).unwrap_or(presented);
    inside.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustls::pki_types::ServerName;
    use rustls::{AlertDescription, OtherError};
    use std::sync::Arc;

    fn said(error: impl Into<Error>) -> String {
        let mut words = String::new();
        say_error(&error.into(), &mut words);
        words
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn errors_tell_people_what_is_wrong() {
        let day = 86_400;
        let expired = CertificateError::ExpiredContext { time: at(10 * day), not_after: at(7 * day - 5) };
        assert_eq!(said(expired), "certificate expired 3d ago");
        let early = CertificateError::NotValidYetContext { time: at(day), not_before: at(3 * day) };
        assert_eq!(said(early), "certificate is valid only in 2d");
        let names = |presented: &[&str]| CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("www.example.org").unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        };
        let other = names(&[r#"DnsName("other.example.org")"#, "IpAddress(127.0.0.1)"]);
        assert_eq!(said(other), "certificate is for other.example.org, not www.example.org");
        let address = names(&["IpAddress(127.0.0.1)"]);
        assert_eq!(said(address), "certificate is for 127.0.0.1, not www.example.org");
        assert_eq!(said(names(&[])), "certificate names no host, not www.example.org");
        assert_eq!(said(CertificateError::UnknownIssuer), "certificate by an unknown authority");
        let authority = CertificateError::Other(OtherError(Arc::new(std::fmt::Error)));
        assert!(said(authority).starts_with("certificate not accepted: "));
        let refused = Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert_eq!(said(refused), "tls refused: handshake failure");
    }

    #[test]
    fn the_end_is_told_in_its_largest_unit() {
        let said = |left| {
            let mut words = String::new();
            say_end(left, &mut words);
            words
        };
        assert_eq!(said(9 * 86_400 + 3), "certificate expires in 9d");
        assert_eq!(said(-3 * 86_400), "certificate expired 3d ago");
        assert_eq!(said(i64::MIN), "certificate expired 106751991167300d ago");
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = validity(&octets);
        }
    }
}
