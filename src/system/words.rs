//! Why a call failed, in the words of our own lines.

use std::io;

/// The system's words for `error`, in lower case and without its number: `no space left on device`.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    lowered(text.split(" (os error ").next().unwrap_or(&text))
}

/// `words` with a small letter at their beginning, to stand in the middle of a line.
pub fn lowered(words: &str) -> String {
    let mut characters = words.chars();
    match (characters.next(), characters.clone().next()) {
        // Not the I of "I/O error" and the like.
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => words.to_owned(),
    }
}

/// Why a certificate is not believed, where the library that verifies has only a word as `CaUsedAsEndEntity` for it.
pub fn words_of_certificate(word: &str) -> String {
    if word == "CaUsedAsEndEntity" {
        // What `openssl req -x509` makes of a host, unless told otherwise.
        return "certificate is an authority's own, as self-signed ones are; expected a server's".to_owned();
    }
    let mut words = "certificate not accepted: ".to_owned();
    for character in word.chars() {
        if character.is_ascii_uppercase() && !words.ends_with(' ') {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn certificates_are_told_of_in_words() {
        let said = words_of_certificate("UnsupportedCriticalExtension");
        assert_eq!(said, "certificate not accepted: unsupported critical extension");
        assert!(words_of_certificate("CaUsedAsEndEntity").starts_with("certificate is an authority's own"));
    }

    #[test]
    fn errors_are_said_in_lower_case_and_without_numbers() {
        let said = |errno: Errno| words(&io::Error::from(errno));
        assert_eq!(said(Errno::ENOSPC), "no space left on device");
        assert_eq!(said(Errno::EISDIR), "is a directory");
        assert_eq!(said(Errno::EIO), "Input/output error".to_lowercase());
        assert_eq!(words(&io::Error::other("I/O trouble")), "I/O trouble");
        assert_eq!(words(&io::Error::other("")), "");
    }
}
