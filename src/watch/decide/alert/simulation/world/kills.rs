//! Kills: in any turn, with what any number of turns handed in written, and the start after.

use super::{World, start};
use crate::decide::changes::Changes;
use crate::decide::simulation::Seed;
use oco::logic::time::Nanos;
use oco_fleet::time::Millis;

/// At which point of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doom {
    /// Nothing that was decided is handed to the journal, or done.
    BeforeItIsDone,
    /// All of the turn is done.
    After,
}

/// What of the entries that wait gets to the disk.
fn part_of(waiting: usize, seed: &mut Seed) -> usize {
    match seed.below(4) {
        0 => 0,
        1 => waiting,
        _ => seed.below(waiting as u64 + 1) as usize,
    }
}

impl World {
    /// It is killed now, or in a turn in which something is decided.
    pub(super) fn foresee_a_kill(&mut self) {
        if self.seed.one_in(4) {
            self.settle();
            self.kill();
        } else {
            self.doom = Some(*self.seed.pick(&[Doom::BeforeItIsDone, Doom::After]));
        }
    }

    /// Whether it is killed in this turn.
    pub(super) fn doom_of_a_turn(&mut self, has_said: bool) -> Option<Doom> {
        if self.doom.is_none() || !has_said || !self.seed.one_in(2) {
            return None;
        }
        let doom = self.doom.take();
        if doom == Some(Doom::BeforeItIsDone) {
            self.reach("killed before what was decided was done");
        }
        doom
    }

    pub(super) fn kill(&mut self) {
        let done = self.post.kill(&mut self.seed);
        let waited = self.journal.waits();
        let part = self.journal.whole(part_of(waited, &mut self.seed));
        if part > 0 && part < waited {
            self.reach("killed when a part was written");
        }
        self.show(|| format!("killed, with {part} of {waited} written, and {} done", done.len()));
        self.journal.write(part);
        let lost = self.receivers.killed(self.journal.written, done);
        *self.reached.entry("killed between a command and its note".to_owned()).or_default() += lost;
        self.journal.kill();
        if part < waited {
            self.flaps.clear();
        }
        if !self.flaps.is_empty() {
            self.reach("killed while it flapped");
        }
        if self.seed.one_in(2) {
            self.now.boot = Nanos(self.seed.below(100_000_000_000) as i64);
            self.looked = Nanos(0);
        }
        self.changes = Changes::default();
        let (fleet, telling, gap) = start(&self.settings, &mut self.journal, self.now, &mut self.changes);
        (self.fleet, self.telling) = (fleet, telling);
        // Who was unknown before has no row that says it was us, too.
        self.heard_since = self.fleet.heard_since();
        gap.into_iter().for_each(|gap| self.push(gap));
        self.keep_names();
        self.flights.clear();
        self.round = None;
        self.demands.start();
        self.held.clear();
        // What was told of who else failed is not dated in the journal.
        for receiver in self.receivers.all.values_mut() {
            receiver.spoke = Millis(i64::MIN);
            receiver.missed = None;
        }
        self.reach("killed");
    }
}
