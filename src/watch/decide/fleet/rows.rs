//! The tables of targets and services.

use super::above::Above;
use super::ids::{NodeId, ServiceId, TargetId, place};
use crate::config::Timing;
use crate::decide::passive::{Periods, Promise};
use crate::decide::target::{KeptTarget, Rules, Target};
use oco::logic::time::Nanos;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use oco_fleet::tree::Tally;
use std::collections::HashMap;
use std::time::Duration;

/// The place of a host that the file does not name.
pub(super) const TAKEN_IN: u32 = u32::MAX;

/// A target.
#[derive(Debug)]
pub(super) struct Row {
    pub name: ObjectName,
    pub service: ServiceId,
    /// Its host's place in the group, or [`TAKEN_IN`].
    pub host: u32,
    pub is_planned_itself: bool,
    pub target: Target,
    /// When a result last came, and how many microseconds its probe took.
    pub last: Option<(Millis, u32)>,
    /// Of those who report.
    pub promise: Option<Box<Promise>>,
}

impl Row {
    pub fn keep(&self) -> (KeptTarget, Vec<u32>) {
        let periods = self.promise.as_ref().map(|promise| promise.periods.keep());
        (self.target.keep(), periods.unwrap_or_default())
    }
}

/// How the targets of a service are probed, as far as judging them goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Each by itself.
    Each,
    /// Each by itself, and its words are a list of entries.
    Line,
    /// All at once.
    Together,
    /// Others report, within this unless they promise something else.
    Reported(Duration),
}

/// A service.
#[derive(Debug)]
pub(super) struct Service {
    pub name: ObjectName,
    pub above: Above,
    pub tally: Tally<TargetId>,
    pub targets: Vec<TargetId>,
    pub way: Way,
    pub timing: Timing,
    pub depends: Vec<ObjectName>,
    pub parents: Vec<NodeId>,
    /// Its places in the file: of its group, and in that; no place: it was taken in.
    pub group: u32,
    pub place: Option<u32>,
    pub is_planned_itself: bool,
    pub is_touched: bool,
    /// Since it was judged last a target changed that was known before, or failed.
    pub is_moved: bool,
    /// It was taken in, and what reported was dropped. The next reload drops the row.
    pub is_gone: bool,
    /// Since when all of its targets are, or will be, probed because something that depends on them failed.
    pub hurried: Nanos,
    pub is_hurry_due: bool,
}

impl Service {
    pub fn rules(&self) -> Rules<'_> {
        Rules { timing: &self.timing, has_entries: self.way == Way::Line }
    }

    /// The target by which a target stands in the schedule.
    pub fn starter(&self, target: TargetId) -> TargetId {
        match self.way {
            Way::Together => self.targets.first().copied().unwrap_or(target),
            Way::Each | Way::Line | Way::Reported(_) => target,
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub targets: Vec<Option<Row>>,
    pub services: Vec<Service>,
    pub by_service: HashMap<ObjectName, ServiceId>,
    /// The targets in the order of their names.
    by_name: Vec<TargetId>,
    /// Numbers that are to be given again.
    free: Vec<TargetId>,
    /// Numbers that are free, but may still be in flight.
    resting: Vec<TargetId>,
    /// How many the file does not name.
    pub taken_in: usize,
}

impl Rows {
    pub fn target(&self, id: TargetId) -> Option<&Row> {
        self.targets.get(place(id.0))?.as_ref()
    }

    pub fn target_mut(&mut self, id: TargetId) -> Option<&mut Row> {
        self.targets.get_mut(place(id.0))?.as_mut()
    }

    pub fn service(&self, id: ServiceId) -> Option<&Service> {
        self.services.get(place(id.0))
    }

    pub fn service_mut(&mut self, id: ServiceId) -> Option<&mut Service> {
        self.services.get_mut(place(id.0))
    }

    /// A target with its service.
    pub fn both(&mut self, id: TargetId) -> Option<(&mut Row, &mut Service)> {
        let row = self.targets.get_mut(place(id.0))?.as_mut()?;
        let service = self.services.get_mut(place(row.service.0))?;
        Some((row, service))
    }

    /// All targets, by their numbers.
    pub fn all(&self) -> impl Iterator<Item = (TargetId, &Row)> {
        (0..).map(TargetId).zip(&self.targets).filter_map(|(id, row)| Some((id, row.as_ref()?)))
    }

    /// The targets in the order of their names.
    pub fn named(&self) -> &[TargetId] {
        &self.by_name
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.by_name.binary_search_by(|id| self.target(*id).map_or("", |row| row.name.as_str()).cmp(name))
    }

    pub fn find(&self, name: &ObjectName) -> Option<TargetId> {
        self.by_name.get(self.position(name.as_str()).ok()?).copied()
    }

    /// Puts a row in, under its old number or a free one. The names have to be sorted behind that.
    pub fn put(&mut self, id: Option<TargetId>, row: Row) -> TargetId {
        let id = id.or_else(|| self.free.pop()).unwrap_or_else(|| {
            self.targets.push(None);
            TargetId(super::ids::number(self.targets.len() - 1))
        });
        self.taken_in += usize::from(row.host == TAKEN_IN);
        if let Some(place) = self.targets.get_mut(place(id.0)) {
            *place = Some(row);
        }
        id
    }

    /// Puts one more row in, in its place by name.
    pub fn insert(&mut self, row: Row) -> TargetId {
        let position = self.position(row.name.as_str()).unwrap_or_else(|position| position);
        let id = self.put(None, row);
        self.by_name.insert(position, id);
        id
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: TargetId) -> Option<Row> {
        let position = self.position(self.target(id)?.name.as_str());
        let row = self.targets.get_mut(place(id.0))?.take()?;
        if let Ok(position) = position {
            self.by_name.remove(position);
        }
        self.taken_in = self.taken_in.saturating_sub(usize::from(row.host == TAKEN_IN));
        self.resting.push(id);
        Some(row)
    }

    /// Takes all rows out. Their numbers stay theirs; those that rested are free.
    pub fn take_all(&mut self) -> Vec<(TargetId, Row)> {
        self.free.append(&mut self.resting);
        self.by_name.clear();
        self.taken_in = 0;
        let rows = (0..).map(TargetId).zip(&mut self.targets);
        rows.filter_map(|(id, row)| Some((id, row.take()?))).collect()
    }

    /// A number is nobody's any more.
    pub fn rest(&mut self, id: TargetId) {
        self.resting.push(id);
    }

    /// Sorts the names anew.
    pub fn sort(&mut self) {
        let mut ids: Vec<TargetId> = self.all().map(|(id, _)| id).collect();
        ids.sort_unstable_by(|a, b| {
            self.target(*a).map(|row| &row.name).cmp(&self.target(*b).map(|row| &row.name))
        });
        self.by_name = ids;
    }
}

/// The promise of a target that reports, before it begins to run.
pub(super) fn promise_of(periods: &[u32]) -> Box<Promise> {
    Box::new(Promise { periods: Periods::kept(periods), from: Nanos::PAST, deadline: None, withheld: None })
}
