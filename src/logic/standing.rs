//! How each view of the checks stands: what its answer lists, kept up to date change by change.
//!
//! A view is the checks that a listener answers for. A change costs what it touches: the views that cover its check,
//! and the entries that fit into their lines; neither all checks nor all views are walked.

use super::board::Change;
use super::code::Code;
use crate::limits::LISTENERS;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A set of views, by their number: one for each of the [listeners](crate::limits::LISTENERS), and one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewSet(u128);

const _: () = assert!(LISTENERS < 128);

impl ViewSet {
    /// No view.
    pub const NONE: ViewSet = ViewSet(0);
    /// Every view.
    pub const ALL: ViewSet = ViewSet(u128::MAX);

    /// This set, and the view of this number.
    #[must_use]
    pub fn with(self, number: usize) -> ViewSet {
        ViewSet(self.0 | bit(number))
    }

    /// Whether the view of this number is in it.
    pub fn has(self, number: usize) -> bool {
        self.0 & bit(number) != 0
    }

    /// What is in either.
    #[must_use]
    pub fn and(self, other: ViewSet) -> ViewSet {
        ViewSet(self.0 | other.0)
    }
}

fn bit(number: usize) -> u128 {
    u32::try_from(number).ok().and_then(|number| 1_u128.checked_shl(number)).unwrap_or(0)
}

/// Which views a check is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Membership {
    /// Those whose answer lists it.
    pub listed: ViewSet,
    /// Those that know something once they know of it.
    pub counted: ViewSet,
}

/// What each view lists, and of how many checks it knows.
#[derive(Debug, Default)]
pub struct Standings {
    /// All checks that are not 200, in the order of the line: highest code first, then by name.
    troubled: BTreeMap<(Reverse<Code>, Rc<str>), ViewSet>,
    views: Vec<Standing>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    /// Checks that count.
    checks: usize,
    /// Checks that the answer lists.
    troubled: usize,
}

impl Standings {
    /// Nothing is known in any of so many views.
    pub fn reset(&mut self, views: usize) {
        self.troubled.clear();
        self.views.clear();
        self.views.resize(views, Standing::default());
    }

    /// Takes in a change of the check that is in the views of `member`. Returns those whose answer is another one now.
    pub fn apply(&mut self, change: &Change, member: Membership) -> ViewSet {
        let is_listed = |code: Option<Code>| code.is_some_and(|code| code != Code::OK);
        for (number, view) in self.views.iter_mut().enumerate() {
            if member.counted.has(number) {
                let (more, less) = (change.to.is_some(), change.from.is_some());
                view.checks = (view.checks + usize::from(more)).saturating_sub(usize::from(less));
            }
            if member.listed.has(number) {
                let (more, less) = (is_listed(change.to), is_listed(change.from));
                view.troubled = (view.troubled + usize::from(more)).saturating_sub(usize::from(less));
            }
        }
        if let Some(from) = change.from.filter(|code| *code != Code::OK) {
            self.troubled.remove(&(Reverse(from), Rc::clone(&change.name)));
        }
        if let Some(to) = change.to.filter(|code| *code != Code::OK) {
            self.troubled.insert((Reverse(to), Rc::clone(&change.name)), member.listed);
        }
        member.listed.and(member.counted)
    }

    /// Whether the view of this number knows of no check.
    pub fn is_empty(&self, number: usize) -> bool {
        self.views.get(number).is_none_or(|view| view.checks == 0)
    }

    /// How many checks the answer of a view lists.
    pub fn troubled(&self, number: usize) -> usize {
        self.views.get(number).map_or(0, |view| view.troubled)
    }

    /// These checks, in the order of the line.
    pub fn listed(&self, number: usize) -> impl Iterator<Item = (Code, &str)> {
        let of_view = self.troubled.iter().filter(move |(_, views)| views.has(number));
        // So that a view with few of many does not walk to their end.
        of_view.take(self.troubled(number)).map(|((code, name), _)| (code.0, &**name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::answer::Composer;
    use proptest::prelude::*;

    /// Names of checks, and the views that each is in.
    const NAMES: [(&str, &[usize]); 5] =
        [("a", &[0]), ("b", &[0, 1]), ("c", &[0, 1, 2]), ("d", &[0, 2]), ("e", &[0, 64])];

    proptest! {
        #[test]
        fn it_stands_as_a_count_of_all_would(
            acts in prop::collection::vec((0usize..5, prop::option::of(prop::sample::select(vec![200u16, 210, 300, 500]))), 0..60)
        ) {
            let mut standings = Standings::default();
            standings.reset(65);
            let mut ratings: BTreeMap<&str, Code> = BTreeMap::new();
            for (name, to) in acts {
                let (name, views) = NAMES[name];
                let set = views.iter().fold(ViewSet::NONE, |set, view| set.with(*view));
                let to = to.and_then(Code::new);
                let change = Change { name: name.into(), from: ratings.get(name).copied(), to, why: String::new() };
                prop_assert_eq!(standings.apply(&change, Membership { listed: set, counted: set }), set);
                match to {
                    Some(code) => ratings.insert(name, code),
                    None => ratings.remove(name),
                };
                for view in [0, 1, 2, 3, 64] {
                    let mut naive: Vec<(Code, &str)> = NAMES
                        .iter()
                        .filter(|(_, views)| views.contains(&view))
                        .filter_map(|(name, _)| Some((*ratings.get(name)?, *name)))
                        .collect();
                    prop_assert_eq!(standings.is_empty(view), naive.is_empty());
                    let listed = standings.listed(view);
                    let mut composer = Composer::default();
                    let line = composer.compose_listed(listed, standings.troubled(view)).line.to_owned();
                    prop_assert_eq!(&*line, composer.compose(&mut naive).line);
                }
            }
        }
    }
}
