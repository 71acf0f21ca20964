//! What changed is logged and kept in the journal; and how the journal fares.

use super::EventLoop;
use crate::config::FIGURES_KEEP;
use crate::decide::changes::Note;
use crate::journal_writer::{Event, Sequence, WriterStatus};
use crate::kept;
use crate::limits::{FIGURE_LABELS, FIGURE_SERIES, WATCHED_IN_AN_ENTRY};
use log::{error, info, warn};
use oco::system::log_lines::{CHANGE, TRANSITION};
use oco_fleet::journal::{Definitions, Entry, LevelDefinition, NodeDefinition};
use oco_fleet::object::{Kind, ObjectName};
use oco_fleet::state::State;
use oco_fleet::time::Millis;
use oco_fleet::transition::Transition;
use std::time::{Duration, Instant};

impl EventLoop {
    /// Logs and keeps what changed since the last call.
    pub(super) fn keep(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        let mut consequences =
            self.telling.turn(self.watcher.fleet_mut(), &self.levels, &mut changes, self.now);
        self.publish(&changes);
        // A start after a kill is to find all of this, or nothing: who was told, and what of.
        self.journal.gather();
        let mut acted = None;
        for entry in consequences.before.drain(..) {
            let is_of_the_past = matches!(&entry, Entry::Act(_) | Entry::ActEnded { .. } | Entry::Window(_));
            let sequence = self.journal.push(entry);
            acted = if is_of_the_past { Some(sequence) } else { acted };
        }
        if let Some(sequence) = acted {
            // Planned work counts in levels from when it is entered on, and also before.
            self.levels.touch_all(sequence);
        }
        let count = u64::try_from(changes.transitions.len()).unwrap_or(u64::MAX);
        self.metrics.counts.transitions = self.metrics.counts.transitions.saturating_add(count);
        // One line tells of all that become unknown by it.
        let is_lost = changes.notes.contains(&Note::CanaryLost);
        for transition in changes.transitions.drain(..) {
            if !is_lost || transition.new.state != State::Unknown {
                log_transition(&transition);
            }
            self.tables.changed(&transition, || super::balancing::host_of(&self.watcher, &transition.name));
            let of = self.levels.are_of(&transition.name).then(|| transition.name.clone());
            let sequence = self.journal.push(Entry::Transition(transition));
            if let Some(of) = of {
                self.levels.touch(&of, sequence);
            }
        }
        for keep in changes.keep.drain(..) {
            for entry in kept::entries(keep) {
                match entry {
                    Entry::Figures { .. } => self.keep_figures(entry),
                    other => {
                        self.journal.push(other);
                    }
                }
            }
        }
        let at = self.watcher.fleet_mut().journal_time(self.now);
        if !changes.ended.is_empty() {
            self.tables.touch_all();
        }
        for name in changes.ended.drain(..) {
            self.journal.push(Entry::Forget { name, at });
        }
        for note in changes.notes.drain(..) {
            log_note(&note);
        }
        changes.judged.clear();
        self.changes = changes;
        self.tell(consequences);
        self.journal.release();
        self.hear_journal();
        self.hear_publisher();
        self.hear_alertmanagers();
        self.hear_forwarder();
        self.moment = self.watcher.fleet_mut().moment(self.now);
        let wait = self.telling.wait(self.moment).and_then(|wait| u64::try_from(wait).ok());
        self.tells_at = wait.map(|wait| self.now.boot.after(Duration::from_millis(wait)));
    }

    /// Enters figures. They are many in one entry: while the disk takes none, no more than one of these waits.
    fn keep_figures(&mut self, entry: Entry) {
        let takes_none = self.journal.status(Instant::now()) != WriterStatus::Fine;
        if takes_none && self.journal.written() < self.figures {
            return warn!(
                "figures: those of five minutes are lost, as those of before still wait for the disk"
            );
        }
        self.figures = self.journal.push(entry);
    }

    /// Logs how each service, node and level stands.
    pub(super) fn log_all(&mut self) {
        let fleet = self.watcher.fleet();
        for service in fleet.services() {
            let (standing, up) = (service.standing, service.up);
            info!("{}: {} ({}), {up} of {} up", service.name, standing.state, standing.reason, service.of);
        }
        for node in fleet.nodes() {
            info!("{}: {} ({})", node.name, node.standing.state, node.standing.reason);
        }
        for level in self.levels.all() {
            info!("{}: {} ({})", level.name, level.standing.state, level.standing.reason);
        }
    }

    /// Enters who is watched, from now on where it was not: what never changes is known to be unknown, too.
    pub(super) fn keep_names(&mut self) {
        let at = self.watcher.fleet_mut().journal_time(self.now);
        let fleet = self.watcher.fleet();
        let services = fleet.services().map(|service| service.name);
        let nodes = fleet.nodes().map(|node| node.name);
        let levels = self.levels.all().map(|level| level.name);
        let targets = fleet.targets().map(|target| target.name);
        let mut all = targets.chain(services).chain(nodes).chain(levels).cloned();
        let entries = std::iter::from_fn(move || {
            let names: Vec<ObjectName> = all.by_ref().take(WATCHED_IN_AN_ENTRY).collect();
            (!names.is_empty()).then_some(Entry::Watched { names, at })
        });
        let mut last = Sequence::default();
        for entry in entries {
            last = self.journal.push(entry);
        }
        self.keep_definitions();
        // What levels are judged by is in the journal then, also that nobody watched until now.
        self.levels.touch_all(last);
    }

    /// Enters what the file says of nodes and levels, for who has the journal alone.
    fn keep_definitions(&mut self) {
        let settings = self.watcher.settings();
        let nodes = settings.nodes.iter().map(|node| NodeDefinition {
            name: ObjectName::node(&node.name),
            title: node.title.clone(),
            rule: node.rule.to_string(),
            members: node.members.clone(),
        });
        let levels = settings.levels.iter().map(|level| LevelDefinition {
            name: ObjectName::level(&level.name),
            of: level.of.clone(),
            promise: level.promise.clone(),
        });
        let definitions = Definitions { nodes: nodes.collect(), levels: levels.collect() };
        self.journal.push(Entry::Defined(Box::new(definitions)));
    }

    /// Enters how everything stands, in place of what was lost.
    fn keep_all(&mut self) {
        let at = self.watcher.fleet_mut().journal_time(self.now);
        let fleet = self.watcher.fleet();
        let targets = fleet.targets().map(|one| (one.name, one.standing, one.since));
        let services = fleet.services().map(|one| (one.name, one.standing, one.since));
        let nodes = fleet.nodes().map(|one| (one.name, one.standing, one.since));
        let levels = self.levels.all().map(|one| (one.name, one.standing, one.since));
        let all = targets.chain(services).chain(nodes).chain(levels);
        let mut last = Sequence::default();
        for (name, standing, since) in all {
            let (name, standing) = (name.clone(), standing.clone());
            last = self.journal.push(Entry::Stands { name, standing, since, at });
        }
        for entry in self.telling.entries().into_iter().chain(self.tables.entries()) {
            self.journal.push(entry);
        }
        self.keep_definitions();
        self.levels.touch_all(last);
    }

    pub(super) fn keep_heartbeat(&mut self) {
        let at = self.watcher.fleet_mut().journal_time(self.now);
        self.journal.push(Entry::Heartbeat(at));
        let keep = i64::try_from(self.watcher.settings().keep.as_millis()).unwrap_or(i64::MAX);
        self.journal.push(Entry::Prune(Millis(at.0.saturating_sub(keep))));
        // Where nothing is measured any more, what was is kept for as long as it would be by default.
        let keep = self.watcher.settings().figures_keep.unwrap_or(FIGURES_KEEP).as_millis();
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        self.journal.push(Entry::PruneFigures(Millis(at.0.saturating_sub(keep))));
    }

    fn hear_journal(&mut self) {
        for event in self.journal.take_events(Instant::now()) {
            match event {
                Event::Failing(why) => error!("journal: can't be written: {why}; it is tried again"),
                Event::Hanging => error!("journal: the disk does not answer; going on without it"),
                Event::Recovered => info!("journal: is written again"),
                Event::Lost(count) => {
                    error!("journal: {count} entries are lost, there was no more room for them");
                    self.keep_all();
                }
                Event::Replaced(aside) => {
                    error!("journal: it was damaged, and a new one is begun; the damaged one is {aside}");
                    self.keep_all();
                }
                Event::Refused(why) => error!("journal: an entry is left out: {why}"),
            }
        }
    }
}

fn log_transition(transition: &Transition) {
    match transition.name.kind() {
        // There may be many of them at once; they leave room for the others.
        Kind::Target => info!(target: CHANGE, "{transition}"),
        Kind::Service | Kind::Node | Kind::Level => info!(target: TRANSITION, "{transition}"),
    }
}

fn log_note(note: &Note) {
    match note {
        Note::CanaryLost => {
            error!(target: TRANSITION, "no canary answers: it is our own network; every target is unknown");
        }
        Note::CanaryBack => info!(target: TRANSITION, "a canary answers again"),
        Note::CanaryHampered(reason) => {
            error!("canary: can't be asked, by our own fault, and until it can no ko is judged: {reason}");
        }
        Note::OwnFailure { target, reason } => warn!("{target}: not known, by our own fault: {reason}"),
        Note::OwnFailureOver { reason, failures } => {
            info!("for a minute nothing failed by our own fault any more: {reason} ({failures} probes)");
        }
        Note::FiguresFull(name) => warn!(
            "figures: there are {FIGURE_SERIES} series, which is the limit: those of {name} and of others behind it are \
             left out"
        ),
        Note::FiguresLeftOut(name) => {
            warn!(
                "{name}: some of its performance data is left out: more than {FIGURE_LABELS} labels, or one that is too \
                 long or not printable"
            );
        }
        Note::Flapping(name, true) => info!(target: TRANSITION, "{name}: goes up and down"),
        Note::Flapping(name, false) => info!(target: TRANSITION, "{name}: has been calm"),
    }
}
