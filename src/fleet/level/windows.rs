//! Windows of time that are sorted and apart from each other, and how much of them lies before a moment.

use crate::time::Millis;

/// Windows, each with what lies in those before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Windows(Vec<(Millis, Millis, i64)>);

impl Windows {
    /// Adds what comes later; what touches the last one becomes one with it.
    pub(super) fn push(&mut self, from: Millis, to: Millis) {
        if from >= to {
            return;
        }
        match self.0.last_mut() {
            Some((_, end, _)) if *end >= from => *end = to,
            Some((start, end, before)) => {
                let before = before.saturating_add(end.since(*start));
                self.0.push((from, to, before));
            }
            None => self.0.push((from, to, 0)),
        }
    }

    /// What lies in both.
    pub(super) fn within(&self, other: &Windows) -> Windows {
        let (mut both, mut theirs) = (Windows::default(), other.0.iter().peekable());
        for (from, to, _) in &self.0 {
            while let Some((start, end, _)) = theirs.peek() {
                both.push(*from.max(start), *to.min(end));
                if end > to {
                    break;
                }
                theirs.next();
            }
        }
        both
    }

    /// How many milliseconds of them lie before `at`.
    pub(super) fn before(&self, at: Millis) -> i64 {
        let count = self.0.partition_point(|(from, _, _)| *from < at);
        let last = count.checked_sub(1).and_then(|last| self.0.get(last));
        last.map_or(0, |(from, to, before)| before.saturating_add(at.min(*to).since(*from)))
    }

    /// The first moment before which so many milliseconds of them lie; of none the first of all.
    pub(super) fn reach(&self, millis: i64) -> Option<Millis> {
        let count =
            self.0.partition_point(|(from, to, before)| before.saturating_add(to.since(*from)) < millis);
        let (from, _, before) = self.0.get(count)?;
        Some(Millis(from.0.saturating_add(millis.saturating_sub(*before))))
    }

    /// Whether `at` lies in one.
    pub(super) fn holds(&self, at: Millis) -> bool {
        let count = self.0.partition_point(|(from, _, _)| *from <= at);
        count.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|(_, to, _)| at < *to)
    }

    /// Their beginnings and ends.
    pub(super) fn edges(&self) -> impl Iterator<Item = Millis> {
        self.0.iter().flat_map(|(from, to, _)| [*from, *to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn windows(list: &[(i64, i64)]) -> Windows {
        let mut windows = Windows::default();
        for (from, to) in list {
            windows.push(Millis(*from), Millis(*to));
        }
        windows
    }

    fn some() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((0..5_i64, 0..5_i64), 0..6).prop_map(|steps| {
            let mut at = 0;
            let step = |(skip, length)| {
                at += skip;
                let from = at;
                at += length;
                (from, at)
            };
            steps.into_iter().map(step).collect()
        })
    }

    proptest! {
        #[test]
        fn they_are_as_a_list_of_milliseconds(first in some(), second in some()) {
            let lies_in = |list: &[(i64, i64)], at: i64| list.iter().any(|(from, to)| (*from..*to).contains(&at));
            let (a, b) = (windows(&first), windows(&second));
            let both = a.within(&b);
            let mut before = 0;
            for at in 0..60 {
                let expected = lies_in(&first, at) && lies_in(&second, at);
                prop_assert_eq!(a.holds(Millis(at)), lies_in(&first, at));
                prop_assert_eq!(both.holds(Millis(at)), expected);
                prop_assert_eq!(both.before(Millis(at)), before);
                before += i64::from(expected);
            }
            for millis in 1..=before {
                let at = both.reach(millis).unwrap();
                prop_assert_eq!((both.before(at), both.before(Millis(at.0 - 1))), (millis, millis - 1));
            }
            prop_assert_eq!(both.reach(before + 1), None);
            prop_assert_eq!(both.reach(0), both.edges().next());
            prop_assert!(both.edges().collect::<Vec<_>>().windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
