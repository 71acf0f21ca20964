//! Names in the directory that are no checks: each is told of once.

use super::notice::Notice;
use crate::limits::WARNED_NAMES;
use crate::logic::name::NameError;
use std::collections::HashSet;

/// The names that were told of already.
#[derive(Debug, Default)]
pub struct Strangers {
    told: HashSet<Vec<u8>>,
}

impl Strangers {
    /// What to tell of `name`, which is no check's for the reason `error`. Nothing of a hidden file, nor twice of one;
    /// and of no more of them than people read.
    pub fn notice_of(&mut self, name: &[u8], error: NameError) -> Option<Notice> {
        if error == NameError::Hidden || self.told.len() >= WARNED_NAMES || self.told.contains(name) {
            return None;
        }
        self.told.insert(name.to_vec());
        Some(Notice::Stranger(name.to_vec(), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_of_once_and_many_are_not() {
        let mut strangers = Strangers::default();
        assert!(strangers.notice_of(b"a b", NameError::Octet).is_some());
        assert_eq!(strangers.notice_of(b"a b", NameError::Octet), None);
        assert_eq!(strangers.notice_of(b".x", NameError::Hidden), None);
        let told = (0..2 * WARNED_NAMES).filter(|number| {
            strangers.notice_of(format!("x{number}~").as_bytes(), NameError::Leftover).is_some()
        });
        assert_eq!(told.count(), WARNED_NAMES - 1);
    }
}
