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

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

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
