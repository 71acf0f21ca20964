//! `--once`: every target is probed once, and how things stand is printed.

use crate::control::status::{ActOn, Facts, StatusReply, Wish};
use crate::decide::changes::Changes;
use crate::decide::planning::Planning;
use crate::error::Error;
use crate::event_loop::Signal;
use crate::levels::Levels;
use crate::limits::{EVENTS, RESOLVER_THREADS};
use crate::probe::network::{Hint, KernelNetwork};
use crate::resolver::Resolver;
use crate::token::Source;
use crate::watcher::Watcher;
use mio::{Events, Poll, Waker};
use oco::children::helper::HelperStarter;
use oco::logic::control::FleetStatus;
use oco::system::clock;
use oco::system::signals::Signals;
use oco_fleet::object::ObjectName;
use oco_fleet::time::Millis;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long names may take to be looked up: as long as a resolver tries two servers.
const RESOLVE_LIMIT: Duration = Duration::from_secs(12);

/// Probes all, and prints it.
///
/// # Errors
/// Nothing can be waited for, or standard output takes nothing.
pub fn run(
    mut poll: Poll,
    mut watcher: Watcher<KernelNetwork, HelperStarter>,
    planning: &Planning,
    mut changes: Changes,
    mut signals: Signals<Signal>,
    is_json: bool,
) -> Result<ExitCode, Error> {
    let failed = |error| Error::System("event loop", error);
    let waker = Arc::new(Waker::new(poll.registry(), Source::Threads.encode()).map_err(failed)?);
    let resolver = Resolver::start(RESOLVER_THREADS, move || drop(waker.wake()));
    let resolver = resolver.map_err(|error| Error::System("resolver", error))?;
    let mut events = Events::with_capacity(EVENTS);
    let begun = Instant::now();
    let mut has_started = false;
    loop {
        let now = clock::now();
        if signals.any() && signals.take_asked().contains(&Signal::Stop) {
            return Ok(ExitCode::from(crate::error::CANNOT_START));
        }
        for name in watcher.addresses().due(now.boot) {
            resolver.look_up(&name);
        }
        for answer in resolver.answers() {
            watcher.resolved(answer, now);
        }
        let is_resolved = watcher.addresses().are_known() || begun.elapsed() >= RESOLVE_LIMIT;
        if is_resolved && !has_started {
            has_started = true;
            watcher.start_all(now);
        }
        watcher.turn_once(now, &mut changes);
        changes.clear();
        if has_started && watcher.is_done() {
            break;
        }
        let until = watcher.deadline_once().map(|at| at.since(now.boot));
        let timeout = until.unwrap_or(RESOLVE_LIMIT).min(Duration::from_millis(250));
        match poll.poll(&mut events, Some(timeout)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
        let now = clock::now();
        for event in &events {
            match Source::decode(event.token()) {
                Some(Source::Probe(token)) => watcher.socket_ready(token, Hint::of(event), now),
                Some(Source::Child(token)) => watcher.child_ready(token),
                Some(
                    Source::Signals
                    | Source::Log
                    | Source::Threads
                    | Source::Control
                    | Source::Metrics
                    | Source::Connection(_)
                    | Source::Table(_),
                )
                | None => {}
            }
        }
    }
    show(&watcher, planning, is_json)
}

fn show(
    watcher: &Watcher<KernelNetwork, HelperStarter>,
    planning: &Planning,
    is_json: bool,
) -> Result<ExitCode, Error> {
    let address_of = |name: &str| watcher.address_of(name);
    let now = Millis::of(clock::now().wall);
    let window = |name: &ObjectName| planning.on(name, now).map(ActOn::of_window);
    let facts = Facts {
        fleet: watcher.fleet(),
        settings: watcher.settings(),
        // Without a journal there is nothing to judge them by.
        levels: &Levels::default(),
        address_of: &address_of,
        acts_on: &|name| [None, None, window(name)],
        is_covered: &|_, _| false,
        now,
    };
    let mut status = match StatusReply::new(Wish::default(), &facts) {
        Ok(status) => status,
        Err(why) => return Err(Error::System("status", io::Error::other(why))),
    };
    let exit = ExitCode::from(status.worst(&facts).0.exit_status());
    let mut octets = Vec::new();
    while !status.write(&facts, &mut octets) {}
    if !is_json && let Ok(status) = serde_json::from_slice::<FleetStatus>(&octets) {
        octets = oco::command::fleet::table(&status).into_bytes();
    }
    match io::stdout().write_all(&octets) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::System("stdout", error)),
        Ok(()) | Err(_) => Ok(exit),
    }
}
