//! Corrections that count. The journal keeps them; here they are known at once.

use oco_fleet::availability;
use oco_fleet::journal::Adjustment;
use oco_fleet::object::ObjectName;

/// Corrections, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Adjustments {
    list: Vec<Adjustment>,
    /// The highest number until now.
    last: i64,
}

/// What was taken back.
#[derive(Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// This one.
    Now(Adjustment),
    /// None: it does not count any more.
    Before,
    /// None: there was never one of that number.
    Never,
}

impl Adjustments {
    /// Those that the journal kept, and the highest number that it ever gave.
    pub fn new(list: Vec<Adjustment>, last: i64) -> Adjustments {
        Adjustments { list, last }
    }

    /// All of them.
    pub fn all(&self) -> &[Adjustment] {
        &self.list
    }

    /// Those of one, as availability takes them.
    pub fn of(&self, name: &ObjectName) -> Vec<availability::Adjustment> {
        self.list.iter().filter(|one| one.name == *name).map(Adjustment::laid_over).collect()
    }

    /// Adds one, which gets the next number, and returns it so.
    pub fn add(&mut self, adjustment: Adjustment) -> Adjustment {
        self.last = self.last.saturating_add(1);
        let adjustment = Adjustment { id: self.last, ..adjustment };
        self.list.push(adjustment.clone());
        adjustment
    }

    /// Takes one back.
    pub fn take_back(&mut self, id: i64) -> TakenBack {
        match self.list.iter().position(|one| one.id == id) {
            Some(index) => TakenBack::Now(self.list.remove(index)),
            None if (1..=self.last).contains(&id) => TakenBack::Before,
            None => TakenBack::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oco_fleet::state::State;
    use oco_fleet::time::Millis;

    fn adjustment(name: &str) -> Adjustment {
        Adjustment {
            id: 0,
            name: ObjectName::parse(name).unwrap(),
            since: Millis(1),
            until: Millis(2),
            state: State::Ok,
            who: "root".to_owned(),
            at: Millis(3),
            text: "probe was wrong".to_owned(),
            undone: None,
            undone_by: None,
        }
    }

    #[test]
    fn numbers_are_counted_on_and_never_given_twice() {
        let mut all = Adjustments::new(vec![Adjustment { id: 3, ..adjustment("web/oco") }], 7);
        assert_eq!(all.add(adjustment("node:shop")).id, 8);
        assert_eq!(all.add(adjustment("web/oco")).id, 9);
        assert_eq!(all.all().iter().map(|one| one.id).collect::<Vec<_>>(), [3, 8, 9]);
        let shop = ObjectName::parse("node:shop").unwrap();
        assert_eq!((all.of(&shop).len(), all.of(&ObjectName::parse("web/oco").unwrap()).len()), (1, 2));
        assert!(matches!(all.take_back(9), TakenBack::Now(Adjustment { id: 9, .. })));
        assert_eq!((all.take_back(9), all.take_back(5)), (TakenBack::Before, TakenBack::Before));
        for id in [i64::MIN, -1, 0, 10, i64::MAX] {
            assert_eq!(all.take_back(id), TakenBack::Never, "{id}");
        }
        assert_eq!(all.add(adjustment("web/oco")).id, 10);
    }
}
