//! What the configuration says of checks.

use crate::limits::MAX_AGE;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the configuration says of checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How old a result may be.
    pub max_age: Duration,
    /// What differs for single checks.
    pub checks: BTreeMap<String, CheckRules>,
}

/// What the configuration says of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckRules {
    /// How old its result may be, if not as all others.
    pub max_age: Option<Duration>,
    /// Whether it counts as 300 when it has no file.
    pub required: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { max_age: MAX_AGE, checks: BTreeMap::new() }
    }
}
