//! The watcher: what is due is probed, what a probe finds out is judged, and what follows from that is handed out.
//!
//! ```text
//!   Fleet --due--> probes: Pool (sockets), Programs (plugins, monitors) --outcomes--> Fleet --> Changes
//! ```
//!
//! It has no poll and no clock of its own, writes nothing and logs nothing: [`event_loop`](crate::event_loop) and
//! [`once`](crate::once) do that with what it hands out, and so does the simulation.

mod canary;

use crate::addresses::{Addresses, of_ip, shown, with_port};
use crate::config::{Address, Group, Host, Probe, Service, Settings};
use crate::decide::canary::CanaryResult;
use crate::decide::changes::{Changes, Kept, earliest};
use crate::decide::fleet::Fleet;
use crate::decide::fleet::ids::{MemberId, ServiceId, TargetId};
use crate::figures::Figures;
use crate::probe::network::{Hint, Network};
use crate::probe::pool::{Pool, Start};
use crate::probe::port_of;
use crate::programs::{Errands, Facts, Programs};
use crate::resolver::Answer;
use canary::{CANARY_IDS, CanaryRound};
use mio::Token;
use oco::children::starter::Starter;
use oco::logic::text::printable;
use oco::logic::time::{Nanos, Now};
use oco_fleet::figure::Measure;
use oco_fleet::object::ObjectName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The probes of a fleet and its states.
pub struct Watcher<N: Network, S: Starter> {
    settings: Settings,
    fleet: Fleet,
    pool: Pool<N>,
    programs: Programs<S>,
    addresses: Addresses,
    canary: Option<CanaryRound>,
    /// What is measured; none: nothing is.
    figures: Option<Figures>,
    /// Who is due in this turn. Kept for its memory alone.
    due: Vec<TargetId>,
}

/// A host under a service, as the file has them.
struct Place<'a> {
    group: &'a str,
    host: &'a Host,
    service: &'a Service,
}

impl<N: Network, S: Starter> Watcher<N, S> {
    /// A watcher of the fleet that `settings` describe, which goes on from what was kept.
    pub fn new(
        settings: Settings,
        kept: &Kept,
        (pool, programs): (Pool<N>, Programs<S>),
        now: Now,
        changes: &mut Changes,
    ) -> Watcher<N, S> {
        let fleet = Fleet::new(&settings, kept, now, changes);
        let mut addresses = Addresses::new(settings.resolve_every);
        addresses.set(names(&settings), settings.resolve_every);
        let mut watcher = Watcher {
            settings,
            fleet,
            pool,
            programs,
            addresses,
            canary: None,
            figures: None,
            due: Vec::new(),
        };
        watcher.measure(&kept.measured, now);
        watcher
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How things stand.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The same, for who acts on it.
    pub fn fleet_mut(&mut self) -> &mut Fleet {
        &mut self.fleet
    }

    /// Where hosts are.
    pub fn addresses(&mut self) -> &mut Addresses {
        &mut self.addresses
    }

    /// The sockets of the probes.
    pub fn pool(&mut self) -> &mut Pool<N> {
        &mut self.pool
    }

    /// The programs of the probes.
    pub fn programs(&mut self) -> &mut Programs<S> {
        &mut self.programs
    }

    /// Takes on other settings. What is still there keeps its state.
    pub fn reload(&mut self, settings: Settings, now: Now, changes: &mut Changes) {
        // Who is gone behind it has no name any more.
        self.hand_out_figures(now, changes);
        self.addresses.set(names(&settings), settings.resolve_every);
        let before: Vec<TargetId> = self.fleet.targets().map(|target| target.id).collect();
        self.fleet.reload(&settings, now, changes);
        // Their numbers will be given again, and must not get these results.
        for id in before.into_iter().filter(|id| self.fleet.target(*id).is_none()) {
            self.pool.abandon(id.0);
            self.programs.abandon(id.0);
        }
        self.settings = settings;
        self.canary = None;
        self.measure(&[], now);
    }

    /// Begins to measure, or ends to, as the settings say; what was measured before has its place again.
    fn measure(&mut self, kept: &[(ObjectName, Measure)], now: Now) {
        if self.settings.figures_keep.is_none() {
            self.figures = None;
            return;
        }
        let fleet = &mut self.fleet;
        let at = fleet.journal_time(now);
        let figures = self.figures.get_or_insert_with(|| {
            let kept = kept.iter().filter_map(|(name, measure)| match fleet.find(name)? {
                MemberId::Target(id) => Some((id, measure.clone())),
                MemberId::Service(_) | MemberId::Node(_) => None,
            });
            Figures::new(kept, at, now.boot)
        });
        figures.retain(|id| fleet.target(id).is_some());
    }

    /// Hands out what was measured, though its five minutes are not over: at the end, and before a reload.
    pub fn hand_out_figures(&mut self, now: Now, changes: &mut Changes) {
        let at = self.fleet.journal_time(now);
        if let Some(figures) = &mut self.figures {
            let fleet = &self.fleet;
            figures.hand_out(at, now.boot, |id| fleet.name(MemberId::Target(id)), &mut changes.keep);
        }
    }

    /// Somebody reported this performance data of a target.
    pub fn reported(&mut self, name: &ObjectName, perfdata: &str) {
        let Some(figures) = self.figures.as_mut().filter(|_| !perfdata.is_empty()) else { return };
        if let Some(MemberId::Target(id)) = self.fleet.find(name) {
            figures.told(id, perfdata);
        }
    }

    fn turn_figures(&mut self, now: Now, changes: &mut Changes) {
        let at = self.fleet.journal_time(now);
        if let Some(figures) = &mut self.figures {
            let fleet = &self.fleet;
            let name = |id| fleet.name(MemberId::Target(id));
            figures.turn(at, now.boot, name, (&mut changes.keep, &mut changes.notes));
        }
    }

    /// An event of the poll for a socket of a probe.
    pub fn socket_ready(&mut self, token: Token, hint: Hint, now: Now) {
        self.pool.ready(token, hint, now.boot);
    }

    /// An event of the poll for a child.
    pub fn child_ready(&mut self, token: Token) {
        self.programs.ready(token);
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self) -> Option<Nanos> {
        earliest([
            self.fleet.deadline(),
            self.pool.deadline(),
            self.programs.deadline(),
            self.addresses.deadline(),
        ])
    }

    /// Takes a turn, when all events of the poll have been handed in: results are judged, and what is due begins.
    pub fn turn(&mut self, now: Now, changes: &mut Changes) {
        self.turn_figures(now, changes);
        self.pool.expire(now.boot);
        self.take_results(now, changes);
        self.fleet.expire(now, changes);
        self.start_due(now);
        self.start_canary(now);
        // Some have their result at once, and so has a canary that is none.
        self.take_results(now, changes);
    }

    /// Has every target probed now, whatever its turn is, as far as there are probes.
    pub fn start_all(&mut self, now: Now) {
        let services: Vec<ServiceId> = self.fleet.services().map(|service| service.id).collect();
        for id in services {
            let Some(service) = self.fleet.service(id) else { continue };
            let targets: Vec<TargetId> = service.targets.to_vec();
            let first = targets.first().copied();
            let is_together = first
                .and_then(|id| self.place(id))
                .is_some_and(|place| matches!(*place.service.probe, Probe::Mon(_)));
            for target in targets.into_iter().take(if is_together { 1 } else { usize::MAX }) {
                self.start(target, now);
            }
        }
    }

    /// Takes in where a name leads, or why nowhere.
    pub fn resolved(&mut self, answer: Answer, now: Now) -> crate::addresses::News {
        self.addresses.take_in(answer, now.boot)
    }

    /// Takes a turn of which no probe begins by itself: for who had all of them begin.
    pub fn turn_once(&mut self, now: Now, changes: &mut Changes) {
        self.pool.expire(now.boot);
        self.take_results(now, changes);
        self.start_canary(now);
        self.take_results(now, changes);
    }

    /// When the next such turn is due without an event.
    pub fn deadline_once(&self) -> Option<Nanos> {
        earliest([self.pool.deadline(), self.programs.deadline(), self.fleet.canary_awaited()])
    }

    /// Whether no probe goes on, and no failure waits for a round of the canary that is still to come.
    pub fn is_done(&self) -> bool {
        self.pool.in_flight() == 0 && self.programs.is_idle() && self.fleet.canary_awaited().is_none()
    }

    /// Where a name leads, as far as is known: with its zone, and without a port.
    pub fn address_of(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.of(name).ok()
    }

    fn take_results(&mut self, now: Now, changes: &mut Changes) {
        let (fleet, canary, figures) = (&mut self.fleet, &mut self.canary, &mut self.figures);
        self.pool.results(|id, outcome, began, took| match id.checked_sub(CANARY_IDS) {
            None => {
                if let (Some(figures), Some(true)) = (&mut *figures, outcome.is_success()) {
                    figures.answered(TargetId(id), took);
                }
                fleet.outcome(TargetId(id), outcome, began, now, changes);
            }
            Some(_) => {
                if let Some(round) = canary {
                    round.take_in(outcome, began);
                }
            }
        });
        self.programs.turn(now.boot, |id, outcome, ran| {
            if let Some(figures) = &mut *figures {
                if let (Some(took), Some(true)) = (ran.took, outcome.is_success()) {
                    figures.answered(TargetId(id), took);
                }
                figures.said(TargetId(id), ran.performance_data);
            }
            fleet.outcome(TargetId(id), outcome, ran.began, now, changes);
        });
        if let Some((result, began)) = self.canary.as_ref().and_then(CanaryRound::result) {
            let round = self.canary.take();
            if let (CanaryResult::Own, Some(why)) = (result, round.as_ref().and_then(CanaryRound::hampered)) {
                self.fleet.canary_failed(why, now, changes);
            }
            self.fleet.canary(result, began, now, changes);
        }
    }

    fn start_due(&mut self, now: Now) {
        let mut due = std::mem::take(&mut self.due);
        let programs = &self.programs;
        self.fleet.due(now, &mut |target| {
            // A program whose time is over is told of at once, and its group ends a moment later.
            let is_free = !programs.is_busy(target.0);
            if is_free {
                due.push(target);
            }
            is_free
        });
        for target in due.drain(..) {
            self.start(target, now);
        }
        self.due = due;
    }

    /// The place of a target in the file.
    fn place(&self, id: TargetId) -> Option<Place<'_>> {
        let target = self.fleet.target(id)?;
        let service = self.fleet.service(target.service)?;
        let group = self.settings.groups.get(service.group)?;
        let service = group.services.get(service.place?)?;
        Some(Place { group: &group.name, host: group.hosts.get(target.host?)?, service })
    }

    fn start(&mut self, id: TargetId, now: Now) {
        let Some(place) = self.place(id) else { return };
        let probe = Arc::clone(&place.service.probe);
        let timeout = place.service.timing.timeout;
        match probe.as_ref() {
            Probe::Mon(command) => {
                let (group, service) = (place.group.to_owned(), place.service.name.clone());
                let Some(target) = self.fleet.target(id) else { return };
                let Some(view) = self.fleet.service(target.service) else { return };
                let hosts: Vec<(u32, Box<str>)> = view
                    .targets
                    .iter()
                    .filter_map(|id| Some((id.0, self.place(*id)?.host.written().into())))
                    .collect();
                let hosts: Vec<(u32, &str)> = hosts.iter().map(|(id, host)| (*id, host.as_ref())).collect();
                let facts = Facts { host: "", address: "", port: "", group: &group, service: &service };
                self.programs.monitor(&hosts, &Errands { command, facts, timeout }, now.boot);
            }
            Probe::Report(_) => {}
            Probe::Exec(command) => {
                let address = match &place.host.address {
                    Address::Ip(address) => address.to_string(),
                    Address::Name(name) => match self.addresses.of(name) {
                        Ok(address) => shown(address),
                        // The plugin may look it up better than we can.
                        Err(_) => name.to_string(),
                    },
                };
                let port = port_of(&probe, place.host.port).map_or_else(String::new, |port| port.to_string());
                let name = place.host.name.clone();
                let (group, service) = (place.group.to_owned(), place.service.name.clone());
                let facts =
                    Facts { host: &name, address: &address, port: &port, group: &group, service: &service };
                self.programs.exec(id.0, &Errands { command, facts, timeout }, now.boot);
            }
            Probe::Oco { .. }
            | Probe::Tcp { .. }
            | Probe::Banner(_)
            | Probe::Http(_)
            | Probe::Udp(_)
            | Probe::Ping => self.start_socket(id, &probe, timeout, now),
        }
    }

    fn start_socket(&mut self, id: TargetId, probe: &Arc<Probe>, timeout: Duration, now: Now) {
        let (fleet, settings) = (&self.fleet, &self.settings);
        let Some(host) = host_of(fleet, settings, id) else { return };
        let port = port_of(probe, host.port).unwrap_or(0);
        let address = match &host.address {
            Address::Ip(address) => Ok(of_ip(*address)),
            Address::Name(name) => self.addresses.of(name),
        };
        match address {
            Ok(address) => {
                let address = with_port(address, port);
                self.pool.start(Start { id: id.0, probe, address, name: &host.name, timeout }, now.boot);
            }
            Err(why) => {
                let reason = printable(format!("no address: {why}").as_bytes());
                self.pool.refuse(id.0, &reason, now.boot);
            }
        }
    }
}

fn host_of<'a>(fleet: &Fleet, settings: &'a Settings, id: TargetId) -> Option<&'a Host> {
    let target = fleet.target(id)?;
    let service = fleet.service(target.service)?;
    settings.groups.get(service.group)?.hosts.get(target.host?)
}

/// The names of hosts that have to be looked up: of those that only report, or that a monitor looks up, nobody asks.
fn names(settings: &Settings) -> impl Iterator<Item = &str> {
    let is_asked = |group: &&Group| group.services.iter().any(|service| service.probe.asks_each_host());
    settings.groups.iter().filter(is_asked).flat_map(|group| &group.hosts).filter_map(|host| {
        match &host.address {
            Address::Name(name) => Some(&**name),
            Address::Ip(_) => None,
        }
    })
}
