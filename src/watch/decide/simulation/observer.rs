//! Who knows only what was handed out: the journal, as far as the fleet goes.

use crate::decide::changes::{Changes, Keep, Kept, KeptObject, Note};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::{Standing, State};
use oco_fleet::time::Millis;
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Debug, Default)]
pub(super) struct Observer {
    pub objects: HashMap<ObjectName, KeptObject>,
    last_of: HashMap<ObjectName, Millis>,
    pub last: Millis,
    pub is_canary_lost: bool,
    pub flapping: HashSet<ObjectName>,
}

impl Observer {
    /// Takes in what was handed out, and judges each transition by itself.
    pub fn take(&mut self, changes: &mut Changes, reached: &mut BTreeMap<&'static str, u64>) {
        let mut reach = |what, is_so: bool| *reached.entry(what).or_default() += u64::from(is_so);
        for transition in changes.transitions.drain(..) {
            let (old, new) = (&transition.old, &transition.new);
            let is_line = transition.name.as_str().starts_with("web/oco/");
            let code_alone = old.state == new.state && old.code != new.code;
            let is_planned = old.planned != new.planned;
            // Another reason alone is none.
            let entries = |standing: &Standing| {
                standing.reason.split_once(" KO ").map(|(_, entries)| entries.to_owned()).unwrap_or_default()
            };
            let is_worded = is_line && entries(old) != entries(new);
            assert!(
                old.state != new.state || code_alone || is_planned || is_worded,
                "no reason: {transition:?}"
            );
            let is_new = !self.objects.contains_key(&transition.name);
            let known = self.objects.entry(transition.name.clone()).or_default();
            assert_eq!((old.state, old.code), (known.standing.state, known.standing.code), "{transition:?}");
            assert!(is_new || old.planned == known.standing.planned, "{transition:?}");
            assert!(
                is_new || Some(transition.old_since) == known.since || known.since.is_none(),
                "{transition:?}, {known:?}"
            );
            let last = self.last_of.entry(transition.name.clone()).or_insert(transition.at);
            assert!(transition.at >= *last, "the journal's time runs backwards: {transition:?}");
            (*last, self.last) = (transition.at, self.last.max(transition.at));
            assert_eq!(new.state == State::Unknown, new.code.is_none());
            assert!(!new.reason.contains('\u{1b}') && new.reason.len() < 1000);
            assert!(transition.depends_on.is_none() || !new.state.is_up());
            let kind = transition.name.kind();
            reach("transition of a target", kind == Kind::Target);
            reach("transition of a service", kind == Kind::Service);
            reach("transition of a node", kind == Kind::Node);
            reach("a code alone", code_alone);
            reach("entries alone", old.code == new.code && is_worded && !is_planned);
            reach("planned", is_planned && new.planned);
            reach("silent", new.reason.starts_with("silent for"));
            reach("unknown by our own failure", &*new.reason == "no descriptors");
            reach("while a dependency is ko", transition.depends_on.is_some());
            known.since = Some(if old.state == new.state { transition.old_since } else { transition.at });
            known.standing = transition.new;
        }
        for keep in changes.keep.drain(..) {
            match keep {
                Keep::Target(name, kept, periods) => {
                    let known = self.objects.entry(name).or_default();
                    assert!(known.target != kept || known.periods != periods || known.since.is_none());
                    (known.target, known.periods) = (kept, periods);
                }
                Keep::Above(name, kept) => self.objects.entry(name).or_default().above = kept,
                Keep::Met(name, _) => self.objects.entry(name).or_default().is_met = true,
                Keep::CanaryLost(is_lost) => self.is_canary_lost = is_lost,
                Keep::Figures { .. } => {}
            }
        }
        for note in changes.notes.drain(..) {
            reach("canary lost", note == Note::CanaryLost);
            reach("canary back", note == Note::CanaryBack);
            if let Note::Flapping(name, flaps) = note {
                reach(if flaps { "flapping" } else { "calm" }, true);
                let is_change = if flaps { self.flapping.insert(name) } else { self.flapping.remove(&name) };
                assert!(is_change, "flapping is told once");
            }
        }
        changes.judged.clear();
        for name in changes.ended.drain(..) {
            self.objects.remove(&name);
            self.last_of.remove(&name);
            self.flapping.remove(&name);
        }
    }

    /// What a start goes on from.
    pub fn kept(&self, planned: &HashSet<ObjectName>) -> Kept {
        Kept {
            last: self.last,
            objects: self.objects.clone(),
            planned: planned.clone(),
            is_canary_lost: self.is_canary_lost,
            ..Kept::default()
        }
    }
}
