//! What a probe found out.

use oco::logic::code::Code;

/// What a probe found out of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The target told, or showed, this code: 2XX is a success.
    Told {
        /// The code.
        code: Code,
        /// For people; empty where there is nothing to say.
        reason: &'a str,
    },
    /// We ourselves could not find out: no descriptors, no memory, no network.
    Own {
        /// Why.
        reason: &'a str,
    },
}

impl Outcome<'_> {
    /// Whether the target is up, as far as is known.
    pub fn is_success(&self) -> Option<bool> {
        match self {
            Outcome::Told { code, .. } => Some(code.verdict().is_up()),
            Outcome::Own { .. } => None,
        }
    }
}
