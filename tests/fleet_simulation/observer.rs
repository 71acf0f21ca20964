//! What an observer of the transitions knows, and what must hold for each of them.

use oco_fleet::object::ObjectName;
use oco_fleet::state::Standing;
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use std::collections::HashMap;

/// Where everybody stands by what was told.
#[derive(Debug, Default, Clone)]
pub struct Observer {
    pub standings: HashMap<ObjectName, (Standing, Millis)>,
}

impl Observer {
    /// A transition: it has a reason, and goes on from where its object stood.
    pub fn see(&mut self, transition: &Transition) {
        let Transition { name, old, new, at, .. } = transition;
        let facts = |standing: &Standing| (standing.state, standing.code, standing.planned);
        assert!(facts(old) != facts(new) || old.reason != new.reason, "no reason: {transition}");
        let (before, last) = self.standings.get(name).cloned().unwrap_or_default();
        assert_eq!(facts(&before), facts(old), "{transition}: not where it stood");
        assert!(last <= *at, "{transition}: before the one before");
        assert_eq!(new.code.is_none(), new.state == oco_fleet::state::State::Unknown, "{transition}");
        self.standings.insert(name.clone(), (new.clone(), *at));
    }

    /// It is watched no more.
    pub fn ended(&mut self, name: &ObjectName) {
        self.standings.remove(name);
    }
}
