//! Another board is told of what the settings name, each period.

use super::EventLoop;
use crate::config::Forward;
use crate::forwarder::{Event, Forwarder};
use crate::publisher::Published;
use log::{error, info, warn};
use oco::logic::push::Service;
use oco::logic::time::Nanos;
use oco::system::words::words;
use oco_fleet::object::{ObjectName, REPORTED_OCTETS, encode};
use oco_fleet::state::{Standing, State};

/// The board, and when it is told.
#[derive(Debug)]
pub(super) struct Forwarding {
    forwarder: Forwarder,
    due: Option<Nanos>,
    /// The board was told of nobody yet.
    is_first: bool,
    /// That a name is too long was told.
    is_long_told: bool,
}

impl Forwarding {
    pub fn new(forwarder: Forwarder) -> Forwarding {
        Forwarding { forwarder, due: None, is_first: true, is_long_told: false }
    }

    /// When the board is told next.
    pub fn deadline(&self) -> Option<Nanos> {
        self.due
    }

    pub fn forwarder(&self) -> &Forwarder {
        &self.forwarder
    }

    /// What the board is told of somebody; none: it has no room for the name.
    fn service(&mut self, name: &ObjectName, standing: &Standing) -> Option<Service> {
        if encode(name.as_str().as_bytes()).len() > REPORTED_OCTETS {
            if !std::mem::replace(&mut self.is_long_told, true) {
                warn!(
                    "forward: {name} is left out, and others as it: a board would have more than {REPORTED_OCTETS} octets"
                );
            }
            return None;
        }
        let Published { code, text } = Published::of(standing);
        Some(Service { name: name.to_string(), code, info: text, period: None })
    }
}

impl EventLoop {
    /// Takes on the board of the settings.
    pub(super) fn open_forward(&mut self) {
        let settings = self.watcher.settings().forward.clone();
        let forwarding = &mut self.forwarding;
        if forwarding.forwarder.is_of(settings.as_ref()) {
            return;
        }
        let tls = settings.as_ref().and_then(|one| one.tls.as_ref());
        let tls = self.watcher.pool().tls().for_sessions(tls);
        forwarding.due = settings.is_some().then_some(Nanos::PAST);
        if let Err(error) = forwarding.forwarder.set(settings.as_ref(), &tls) {
            error!("forward: {}", words(&error));
        }
    }

    /// Has the board told when it is time.
    pub(super) fn forward(&mut self) {
        let now = self.now.boot;
        if self.forwarding.due.is_none_or(|due| due > now) {
            return;
        }
        let Some(settings) = self.watcher.settings().forward.clone() else { return };
        self.forwarding.due = Some(now.after(settings.every));
        let services = self.forwarded(&settings);
        self.forwarding.forwarder.tell(services);
    }

    /// Whoever the settings name, as they stand. At a start what is not known yet is left out: it is known a moment later,
    /// and to a board unknown is a failure.
    fn forwarded(&mut self, settings: &Forward) -> Vec<Service> {
        let is_first = std::mem::replace(&mut self.forwarding.is_first, false);
        let fleet = self.watcher.fleet();
        let services = fleet.services().map(|one| (one.name, one.standing));
        let nodes = fleet.nodes().map(|one| (one.name, one.standing));
        // There may be many, of which nobody asks for any.
        let has_targets = settings.of.iter().any(|pattern| pattern.as_str().matches('/').count() == 2);
        let targets = fleet.targets().take(if has_targets { usize::MAX } else { 0 });
        let targets = targets.map(|one| (one.name, one.standing));
        let levels = self.levels.all().map(|one| (one.name, one.standing));
        let forwarding = &mut self.forwarding;
        services
            .chain(nodes)
            .chain(targets)
            .chain(levels)
            .filter(|(name, _)| settings.of.iter().any(|pattern| pattern.matches(name)))
            .filter(|(_, standing)| !is_first || standing.state != State::Unknown)
            .filter_map(|(name, standing)| forwarding.service(name, standing))
            .collect()
    }

    /// Logs how the board fares.
    pub(super) fn hear_forwarder(&mut self) {
        match self.forwarding.forwarder.take_event() {
            None => {}
            Some((url, Event::Failing(why))) => error!("forward {url}: {why}; it is tried again"),
            Some((url, Event::Recovered)) => info!("forward {url}: is told again"),
        }
    }
}
