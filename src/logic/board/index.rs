//! Which check has which name.
//!
//! A table of ids alone, in open addressing with linear probing: four octets a place where a map of names would take
//! thirty. The names stay with the checks and are handed in as a function. The hash is keyed, so that nobody who
//! chooses names can aim at one place.

use super::Id;
use std::hash::{BuildHasher, RandomState};

/// A place where nobody is.
const FREE: Id = Id(u32::MAX);
/// Places of the smallest table. Always a power of two.
const FEWEST: usize = 16;

/// The ids of checks, to be found by their names.
#[derive(Debug)]
pub struct Index {
    key: RandomState,
    places: Vec<Id>,
    taken: usize,
}

impl Default for Index {
    fn default() -> Index {
        Index { key: RandomState::new(), places: vec![FREE; FEWEST], taken: 0 }
    }
}

impl Index {
    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.taken
    }

    /// The id whose name is `name`. `name_of` tells the name of each id that is in here.
    pub fn find<'a>(&self, name: &str, name_of: impl Fn(Id) -> &'a str) -> Option<Id> {
        self.probe(self.home(name))
            .take_while(|(_, id)| *id != FREE)
            .find_map(|(_, id)| (name_of(id) == name).then_some(id))
    }

    /// Takes in `id`, whose name is not in here yet.
    pub fn insert<'a>(&mut self, id: Id, name_of: impl Fn(Id) -> &'a str) {
        // At most three quarters are taken: so a search ends soon, and always at a free place.
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            let places = vec![FREE; self.places.len() * 2];
            for old in std::mem::replace(&mut self.places, places).into_iter().filter(|id| *id != FREE) {
                self.put(old, name_of(old));
            }
        }
        self.put(id, name_of(id));
        self.taken += 1;
    }

    /// Takes out `id`, which still has its name.
    pub fn remove<'a>(&mut self, id: Id, name_of: impl Fn(Id) -> &'a str) {
        let Some((mut hole, _)) = self
            .probe(self.home(name_of(id)))
            .take_while(|(_, other)| *other != FREE)
            .find(|(_, other)| *other == id)
        else {
            return;
        };
        self.taken -= 1;
        // Who stands behind the hole moves up, unless his own place lies behind it too.
        let mut place = hole;
        loop {
            place = self.next(place);
            let other = self.at(place);
            if other == FREE {
                break;
            }
            let way = self.distance(self.home(name_of(other)), place);
            if way >= self.distance(hole, place) {
                self.set(hole, other);
                hole = place;
            }
        }
        self.set(hole, FREE);
    }

    fn put(&mut self, id: Id, name: &str) {
        let free = self.probe(self.home(name)).find(|(_, other)| *other == FREE);
        if let Some((place, _)) = free {
            self.set(place, id);
        }
    }

    fn home(&self, name: &str) -> usize {
        let hash = self.key.hash_one(name) & u64::try_from(self.places.len() - 1).unwrap_or(0);
        usize::try_from(hash).unwrap_or(0)
    }

    /// Every place once, from `home` on.
    fn probe(&self, home: usize) -> impl Iterator<Item = (usize, Id)> {
        let places = self.places.len();
        (home..home + places).map(move |place| place & (places - 1)).map(|place| (place, self.at(place)))
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }

    fn at(&self, place: usize) -> Id {
        self.places.get(place).copied().unwrap_or(FREE)
    }

    fn set(&mut self, place: usize, id: Id) {
        if let Some(slot) = self.places.get_mut(place) {
            *slot = id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(acts in prop::collection::vec((any::<bool>(), 0u32..60), 0..400)) {
            let names: Vec<String> = (0..60).map(|number| format!("check{number}")).collect();
            let name_of = |id: Id| names[id.index()].as_str();
            let mut index = Index::default();
            let mut map = HashMap::new();
            for (is_insert, number) in acts {
                match (is_insert, map.contains_key(name_of(Id(number)))) {
                    (true, false) => {
                        index.insert(Id(number), name_of);
                        map.insert(name_of(Id(number)), Id(number));
                    }
                    (false, true) => {
                        index.remove(Id(number), name_of);
                        map.remove(name_of(Id(number)));
                    }
                    (true, true) | (false, false) => {}
                }
                prop_assert_eq!(index.len(), map.len());
                for name in &names {
                    prop_assert_eq!(index.find(name, name_of), map.get(name.as_str()).copied());
                }
            }
        }
    }
}
