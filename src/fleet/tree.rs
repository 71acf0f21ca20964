//! What stands above: a service made of its targets by its need, a node of its members by its rule.

/// How many of the members have to be up. Both `need` of a service and `rule` of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each of them.
    All,
    /// One of them.
    Any,
    /// So many.
    Count(u32),
    /// So many in a hundred, 1 to 100, rounded up.
    Percent(u32),
}

impl Rule {
    /// How many of `members` have to be up. Of a count that is larger than what is left, what is left.
    pub fn needed(self, members: u32) -> u32 {
        match self {
            Rule::All => members,
            Rule::Any => members.min(1),
            Rule::Count(count) => count.min(members),
            Rule::Percent(percent) => {
                let needed = (u64::from(members) * u64::from(percent)).div_ceil(100);
                u32::try_from(needed).unwrap_or(members).min(members)
            }
        }
    }
}
