//! The loop of ocowatch: one poll, and what it wakes. It waits for no disk, no name and no child: threads and the helper
//! process do that.
//!
//! A turn: sleep until something happens or a deadline comes; hand each event to its owner; obey signals; let the watcher
//! take its turn; obey orders; log and keep what changed, and tell whom that concerns; have levels judged; go on with
//! replies.

mod acting;
mod adjusting;
mod alertmanager;
mod balancing;
mod forwarding;
mod keeping;
mod levels;
mod metrics;
mod orders;
mod publishing;
mod replies;
mod telling;
mod tokens;

use crate::ack_tokens::AckTokens;
use crate::addresses::{News, shown};
use crate::adjustments::Adjustments;
use crate::alertmanagers::Alertmanagers;
use crate::config::{Settings, token_socket};
use crate::control::{Control, Order};
use crate::decide::changes::{Changes, earliest};
use crate::decide::moment::Moment;
use crate::decide::telling::Telling;
use crate::error::Error;
use crate::forwarder::Forwarder;
use crate::journal_reader::JournalReader;
use crate::journal_writer::{JournalWriter, Sequence};
use crate::levels::Levels;
use crate::limits::{EVENTS, HEARTBEAT, JOURNAL_FINISH, PUBLISH_FINISH};
use crate::metrics::server::MetricsServer;
use crate::outbox::Outbox;
use crate::probe::network::{Hint, KernelNetwork};
use crate::probe::tls::store::TlsStore;
use crate::publisher::Publisher;
use crate::resolver::Resolver;
use crate::tables::Tables;
use crate::token::Source;
use crate::user_names::Users;
use crate::watcher::Watcher;
use forwarding::Forwarding;
use log::{info, warn};
use metrics::Metrics;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll};
use oco::children::helper::HelperStarter;
use oco::logic::time::{Nanos, Now};
use oco::system::signals::Signals;
use oco::system::systemd::Notify;
use oco::system::{clock, log_lines};
use oco_fleet::calendar::Zone;
use publishing::Publishing;
use replies::Replies;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Stop.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Log how everything stands.
    Dump,
}

/// What a turn leaves to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// Go on with the next turn.
    GoOn,
    /// The configuration is to be read again.
    Reload,
    /// All is done.
    Stop,
}

/// What runs in the thread of the loop.
pub struct EventLoop {
    poll: Poll,
    events: Events,
    watcher: Watcher<KernelNetwork, HelperStarter>,
    levels: Levels,
    /// Levels can't be judged, which was told.
    levels_wait: bool,
    adjustments: Adjustments,
    control: Control,
    replies: Replies,
    telling: Telling,
    outbox: Outbox,
    alertmanagers: Alertmanagers,
    forwarding: Forwarding,
    tables: Tables,
    /// None: alerts have no link.
    tokens: Option<AckTokens>,
    /// When the telling takes a turn without a reason of others.
    tells_at: Option<Nanos>,
    journal: JournalWriter,
    reader: JournalReader,
    publishing: Publishing,
    metrics: Metrics,
    resolver: Resolver,
    users: Users,
    /// Orders that wait for the names of those who gave them.
    orders: Vec<Order>,
    signals: Signals<Signal>,
    notify: Notify,
    /// How often systemd wants a sign of life, and when the next one is due.
    watchdog: Option<(Duration, Nanos)>,
    /// When the journal's heartbeat is due.
    heartbeat: Nanos,
    /// The last figures that were entered.
    figures: Sequence,
    changes: Changes,
    now: Now,
    /// The same by the journal's and other clocks, as of the last time that something was kept.
    moment: Moment,
    watches_log: bool,
}

/// The parts that a start has made.
pub struct Parts {
    /// The poll at which all are registered.
    pub poll: Poll,
    /// The probes and states.
    pub watcher: Watcher<KernelNetwork, HelperStarter>,
    /// What was promised of it.
    pub levels: Levels,
    /// What was corrected.
    pub adjustments: Adjustments,
    /// What came of starting it.
    pub changes: Changes,
    /// Whom that concerns.
    pub telling: Telling,
    /// The balancers that follow it.
    pub tables: Tables,
    /// The control socket.
    pub control: Control,
    /// Where all is kept.
    pub journal: JournalWriter,
    /// Who reads it.
    pub reader: JournalReader,
    /// Who publishes.
    pub publisher: Publisher,
    /// Who tells Alertmanager.
    pub alertmanagers: Alertmanagers,
    /// Who tells another board.
    pub forwarder: Forwarder,
    /// The port of the metrics.
    pub metrics: MetricsServer,
    /// Who looks names up.
    pub resolver: Resolver,
    /// Who knows the names of users.
    pub users: Users,
    /// Signals that were caught.
    pub signals: Signals<Signal>,
}

impl EventLoop {
    /// A loop of these parts.
    ///
    /// # Errors
    /// Signals can't be waited for.
    pub fn new(mut parts: Parts, notify: Notify) -> io::Result<EventLoop> {
        let now = clock::now();
        let moment = parts.watcher.fleet_mut().moment(now);
        if let Some(descriptor) = parts.signals.raw_fd() {
            let token = Source::Signals.encode();
            parts.poll.registry().register(&mut SourceFd(&descriptor), token, Interest::READABLE)?;
        }
        Ok(EventLoop {
            poll: parts.poll,
            events: Events::with_capacity(EVENTS),
            watcher: parts.watcher,
            levels: parts.levels,
            levels_wait: false,
            adjustments: parts.adjustments,
            control: parts.control,
            replies: Replies::default(),
            telling: parts.telling,
            outbox: Outbox::default(),
            alertmanagers: parts.alertmanagers,
            forwarding: Forwarding::new(parts.forwarder),
            tables: parts.tables,
            tokens: None,
            tells_at: None,
            journal: parts.journal,
            reader: parts.reader,
            publishing: Publishing::new(parts.publisher),
            metrics: Metrics::new(parts.metrics),
            resolver: parts.resolver,
            users: parts.users,
            orders: Vec::new(),
            signals: parts.signals,
            notify,
            watchdog: Notify::watchdog().map(|period| (period, now.boot)),
            heartbeat: now.boot.after(HEARTBEAT),
            figures: Sequence::default(),
            changes: parts.changes,
            now,
            moment,
            watches_log: false,
        })
    }

    /// Runs until there is something for the caller. What changes is logged and kept from the first turn on.
    ///
    /// # Errors
    /// Nothing can be waited for any more, or nothing can be run any more.
    pub fn run(&mut self) -> Result<TurnEnd, Error> {
        self.notify.ready();
        self.keep_names();
        self.open_tokens();
        self.open_alertmanagers();
        self.open_forward();
        self.publish_all();
        loop {
            match self.turn()? {
                TurnEnd::GoOn => {}
                end @ (TurnEnd::Reload | TurnEnd::Stop) => return Ok(end),
            }
        }
    }

    fn turn(&mut self) -> Result<TurnEnd, Error> {
        self.watch_log();
        let probes = self.watcher.deadline();
        let timeout = self.deadline(probes).map(|at| at.since(self.now.boot));
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::System("event loop", error)),
        }
        let before = std::mem::replace(&mut self.now, clock::now());
        self.take_events();
        let end = self.obey_signals();
        self.look_up_names();
        self.watcher.turn(self.now, &mut self.changes);
        let late = probes.map_or(Duration::ZERO, |due| self.now.boot.since(due.max(before.boot)));
        self.metrics.counts.round(late, self.now);
        if self.watcher.programs().is_lost() {
            return Err(Error::HelperLost);
        }
        self.hear_commands();
        if !self.changes.is_empty() {
            // Who gives an order now knows of these.
            self.keep();
        }
        self.obey_orders();
        self.keep();
        self.run_commands();
        self.balance();
        self.judge_levels();
        self.forward();
        self.go_on_with_replies();
        self.serve_metrics();
        self.show_life();
        Ok(end)
    }

    /// When the next turn is due without an event; `probes`: when it is for the watcher.
    fn deadline(&self, probes: Option<Nanos>) -> Option<Nanos> {
        let signal = self.signals.any().then_some(Nanos::PAST);
        let replies = self.replies.has_more(&self.control).then_some(Nanos::PAST);
        let threads = [self.journal.deadline(), self.publishing.publisher.deadline()];
        let threads = threads.into_iter().flatten().min();
        let threads = threads.map(|at| self.now.boot.after(at.saturating_duration_since(Instant::now())));
        let orders = self.orders.iter().filter_map(|order| self.users.wait(order.user, self.now.boot)).min();
        let changed = (!self.changes.is_empty()).then_some(Nanos::PAST);
        earliest([
            signal,
            replies,
            threads,
            changed,
            orders,
            self.replies.deadline(),
            probes,
            self.metrics.deadline(),
            self.tells_at,
            self.outbox.deadline(),
            self.tables.deadline(self.journal.written()),
            self.levels.deadline(self.journal.written()),
            self.control.deadline(),
            self.forwarding.deadline(),
            self.watchdog.map(|(_, next)| next),
            Some(self.heartbeat),
        ])
    }

    /// Hands each event to its owner. No probe begins before that is done: an event of a socket's last connection could
    /// be taken for one of its next.
    fn take_events(&mut self) {
        for event in &self.events {
            match Source::decode(event.token()) {
                // Its flag tells more.
                Some(Source::Signals) | None => {}
                Some(Source::Log) => log_lines::flush(),
                // They are asked in each turn.
                Some(Source::Threads | Source::Metrics) => {}
                Some(Source::Control) => self.control.ready(),
                Some(Source::Connection(slot)) => self.control.connection_ready(slot),
                Some(Source::Table(slot)) => self.tables.ready(slot),
                Some(Source::Probe(token)) => self.watcher.socket_ready(token, Hint::of(event), self.now),
                Some(Source::Child(token)) => self.watcher.child_ready(token),
            }
        }
    }

    fn obey_signals(&mut self) -> TurnEnd {
        let mut end = TurnEnd::GoOn;
        if self.signals.any() {
            for signal in self.signals.take_asked() {
                match signal {
                    Signal::Stop => return TurnEnd::Stop,
                    Signal::Reload => end = TurnEnd::Reload,
                    Signal::Dump => self.log_all(),
                }
            }
        }
        end
    }

    fn look_up_names(&mut self) {
        for name in self.watcher.addresses().due(self.now.boot) {
            self.resolver.look_up(&name);
        }
        for answer in self.resolver.answers() {
            let name = answer.name.clone();
            match self.watcher.resolved(answer, self.now) {
                News::Nothing => {}
                News::Moved(from, to) => {
                    match from {
                        None => info!("{name}: is at {}", shown(to)),
                        Some(from) => info!("{name}: is at {} now, and was at {}", shown(to), shown(from)),
                    }
                    self.tables.touch_all();
                }
                News::Failing(why) => warn!("{name}: can't be looked up: {why}"),
            }
        }
    }

    /// Lets standard error wake the loop when it takes lines again, and only while some wait.
    fn watch_log(&mut self) {
        let descriptor = log_lines::raw_fd();
        let (mut source, token) = (SourceFd(&descriptor), Source::Log.encode());
        let registry = self.poll.registry();
        let has_to_be_told = !self.watches_log || log_lines::has_more();
        self.watches_log = match (log_lines::pending(), self.watches_log) {
            (true, _) if has_to_be_told => match registry.register(&mut source, token, Interest::WRITABLE) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    registry.reregister(&mut source, token, Interest::WRITABLE).is_ok()
                }
                result => result.is_ok(),
            },
            (false, true) => registry.deregister(&mut source).is_err(),
            (_, watches) => watches,
        };
    }

    /// Tells the journal and systemd that we live.
    fn show_life(&mut self) {
        if self.heartbeat <= self.now.boot {
            self.heartbeat = self.now.boot.after(HEARTBEAT);
            self.keep_heartbeat();
            self.publishing.publisher.refresh();
        }
        if let Some((period, next)) = &mut self.watchdog
            && *next <= self.now.boot
        {
            *next = self.now.boot.after(*period);
            self.notify.alive();
        }
    }

    /// The watcher, to be changed by a reload.
    pub fn settings(&self) -> &Settings {
        self.watcher.settings()
    }

    /// Takes on other settings.
    pub fn reload(&mut self, settings: Settings, tls: Arc<TlsStore>, zone: Zone) {
        self.now = clock::now();
        // They know services by numbers that a reload gives anew.
        self.finish_replies();
        self.watcher.pool().set_tls(tls);
        self.watcher.reload(settings, self.now, &mut self.changes);
        self.telling.reload(self.watcher.settings(), zone);
        self.tables.reload(self.watcher.settings());
        self.open_tokens();
        self.open_alertmanagers();
        self.open_forward();
        let at = self.watcher.fleet_mut().journal_time(self.now);
        self.levels.reload(self.watcher.settings(), at, &mut self.changes);
        self.publish_all();
        self.reload_metrics();
        self.keep();
        info!("reloaded");
    }

    /// Tells systemd that the settings are read anew.
    pub fn begin_reload(&self) {
        self.notify.reloading();
    }

    /// Ends: what is known is kept, tables stay as they are.
    pub fn stop(mut self, path: &Path) {
        info!("stopping");
        self.notify.stopping();
        self.now = clock::now();
        self.watcher.hand_out_figures(self.now, &mut self.changes);
        self.keep();
        self.finish_commands();
        self.publishing.publisher.finish(PUBLISH_FINISH);
        self.keep_heartbeat();
        let left = self.journal.finish(JOURNAL_FINISH);
        if left > 0 {
            warn!("journal: {left} entries are not written");
        }
        self.replies.finish_acts(&mut self.control, left == 0, self.now.boot);
        // Who connects from now on is to find nobody.
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_file(token_socket(path));
    }
}
