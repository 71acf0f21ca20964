//! Balancers that follow a service. They are compared with what is wanted and only the difference is applied, so that one
//! that was restarted, or that somebody changed, is put right.
//!
//! ```text
//!   targets --wanted--+                          +--> socket of HAProxy
//!   balancer as it is +--plan (pure)--> steps ---+--> ipvsadm, which knows the kernel's virtual services
//!   Memory: what was set before ------+   |
//!        ^--------------------------------+       transitions --> exec: a command each
//! ```
//!
//! Here nothing is logged and no clock is read: [`event_loop`](crate::event_loop) does that.

pub mod exec;
pub mod haproxy;
pub mod lvs;
pub mod memory;
pub mod wanted;

use crate::config::{Settings, TableKind, Word};
use crate::journal_writer::Sequence;
use crate::programs::commands::CommandId;
use crate::token::Source;
use exec::HostFacts;
use haproxy::plan::Rules;
use haproxy::{Backend, Surroundings};
use lvs::VirtualServices;
use memory::Memory;
use mio::Registry;
use oco::children::Job;
use oco::logic::plugin_result::Kept;
use oco::logic::time::Nanos;
use oco_fleet::journal::Entry;
use oco_fleet::object::ObjectName;
use oco_fleet::transition::Transition;
use std::collections::{HashMap, HashSet};
use wanted::Server;

/// What there is to tell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNews {
    /// Which one, as the journal calls it.
    pub table: String,
    /// What.
    pub news: News,
}

/// A line of the log each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// This was set at a server.
    Set {
        /// At which.
        server: String,
        /// What.
        what: String,
    },
    /// It can't be read, or does not take what is set; told once until it does.
    Failing {
        /// Why.
        why: String,
    },
    /// It can and does again.
    Recovered,
    /// This was done.
    Done {
        /// What.
        what: String,
    },
    /// It has a server that the file does not have; it stays.
    Foreign {
        /// Which one.
        server: String,
    },
    /// No server is this host's.
    Lonely {
        /// Its name.
        host: String,
    },
    /// A command failed.
    CommandFailed {
        /// Of whose transition it should tell.
        target: ObjectName,
        /// Why.
        why: String,
    },
}

/// The tables.
#[derive(Debug)]
pub struct Tables {
    registry: Registry,
    memory: Memory,
    backends: Vec<(ObjectName, Backend)>,
    services: VirtualServices,
    /// By service: the commands.
    execs: HashMap<ObjectName, Vec<Vec<Word>>>,
    /// Services of which a target changed since the last turn.
    touched: HashSet<ObjectName>,
    commands: exec::Commands,
    /// Numbers of commands only count up.
    last_command: u64,
    news: Vec<TableNews>,
}

impl Tables {
    /// The tables of the settings, with what the journal kept of what was set in them.
    /// `has_net_admin` tells whether programs can have CAP_NET_ADMIN.
    pub fn new(
        settings: &Settings,
        kept: Vec<(String, String, String)>,
        registry: Registry,
        has_net_admin: bool,
    ) -> Tables {
        let mut tables = Tables {
            registry,
            memory: Memory::new(kept),
            backends: Vec::new(),
            services: VirtualServices::new(has_net_admin),
            execs: HashMap::new(),
            touched: HashSet::new(),
            commands: exec::Commands::default(),
            last_command: 0,
            news: Vec::new(),
        };
        tables.reload(settings);
        tables
    }

    /// Takes on other settings. What was told of a table that is still there is not told again.
    pub fn reload(&mut self, settings: &Settings) {
        let mut old: HashMap<String, Backend> = std::mem::take(&mut self.backends)
            .into_iter()
            .map(|(_, backend)| (backend.name().to_owned(), backend))
            .collect();
        self.execs.clear();
        let mut services = Vec::new();
        for table in &settings.tables {
            match &table.kind {
                TableKind::Haproxy { socket, backend, ko_is_maint, but_weight, min_up } => {
                    let rules = Rules { ko_is_maint: *ko_is_maint, but_weight: *but_weight, min_up: *min_up };
                    let mut backend = Backend::new(socket.clone(), backend.clone(), rules);
                    if let Some(old) = old.remove(backend.name()) {
                        backend.take_over(old);
                    }
                    self.backends.push((table.service.clone(), backend));
                }
                TableKind::Lvs {
                    virtual_service,
                    persistent,
                    scheduler,
                    forward,
                    port,
                    weight,
                    but_weight,
                    quiesce,
                    fallback,
                    min_up,
                } => services.push((
                    table.service.clone(),
                    lvs::plan::Rules {
                        virtual_service: *virtual_service,
                        persistent: *persistent,
                        scheduler: scheduler.clone(),
                        forward: *forward,
                        port: *port,
                        weight: *weight,
                        but_weight: *but_weight,
                        quiesce: *quiesce,
                        fallback: *fallback,
                        min_up: *min_up,
                    },
                )),
                TableKind::Exec { command } => {
                    self.execs.entry(table.service.clone()).or_default().push(command.clone());
                }
            }
        }
        self.services.reload(services.into_iter());
    }

    /// A target changed; `host` tells of its host.
    pub fn changed(&mut self, transition: &Transition, host: impl Fn() -> HostFacts) {
        if self.backends.is_empty() && self.services.is_empty() && self.execs.is_empty() {
            return;
        }
        let Some(service) = transition.name.service_of_target() else { return };
        for (place, command) in self.execs.get(&service).into_iter().flatten().enumerate() {
            self.news.extend(self.commands.post(place, command, transition, &host()));
        }
        self.touched.insert(service);
    }

    /// Something changed that concerns all.
    pub fn touch_all(&mut self) {
        for (_, backend) in &mut self.backends {
            backend.touch();
        }
        self.services.touch_all();
    }

    /// Something happened to the socket of the table in this slot.
    pub fn ready(&mut self, slot: usize) {
        if let Some((_, backend)) = self.backends.get_mut(slot) {
            backend.ready();
        }
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self, written: Sequence) -> Option<Nanos> {
        let has_news = !self.news.is_empty() || self.commands.has_ready() || !self.touched.is_empty();
        let backends = self.backends.iter().map(|(_, backend)| backend.deadline(written));
        backends.chain(self.services.deadline(written)).chain(has_news.then_some(Nanos::PAST)).min()
    }

    /// Goes on with all that can. `servers` tells the targets of a service as they stand.
    pub fn turn(&mut self, servers: impl Fn(&ObjectName) -> Vec<Server>, written: Sequence, now: Nanos) {
        for service in &self.touched {
            self.services.touch(service);
        }
        for (slot, (service, backend)) in self.backends.iter_mut().enumerate() {
            if self.touched.contains(service) {
                backend.touch();
            }
            if backend.deadline(written) > now {
                continue;
            }
            let mut around = Surroundings {
                registry: &self.registry,
                token: Source::Table(slot).encode(),
                memory: &mut self.memory,
                written,
                now,
                news: &mut self.news,
            };
            backend.turn(&|| servers(service), &mut around);
        }
        self.touched.clear();
        self.services.turn(now, written);
    }

    /// What the journal is to be told since the last call.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        self.memory.take_changes()
    }

    /// What was told to the journal is in its queue up to here.
    pub fn remembered(&mut self, pushed: Sequence) {
        for (_, backend) in &mut self.backends {
            backend.remembered(pushed);
        }
        self.services.remembered(pushed);
    }

    /// All that is remembered, for a journal that lost some.
    pub fn entries(&self) -> Vec<Entry> {
        self.memory.entries()
    }

    /// What there is to tell since the last call.
    pub fn take_news(&mut self) -> Vec<TableNews> {
        std::mem::take(&mut self.news)
    }

    /// Commands whose turn has come.
    pub fn take_commands(&mut self) -> Vec<(CommandId, Job)> {
        let last = &mut self.last_command;
        let mut id = || {
            *last += 1;
            CommandId(*last)
        };
        let mut commands = self.commands.take_ready(&mut id);
        if self.services.has_ready() {
            let id = id();
            commands.extend(self.services.take_ready(id).map(|job| (id, job)));
        }
        commands
    }

    /// A command ended. `servers` tells the targets of a service as they stand.
    pub fn ended(
        &mut self,
        id: CommandId,
        result: Result<Kept, String>,
        servers: &dyn Fn(&ObjectName) -> Vec<Server>,
        now: Nanos,
    ) {
        let mut around = lvs::Surroundings { servers, memory: &mut self.memory, now, news: &mut self.news };
        if self.services.ended(id, &result, &mut around) {
            return;
        }
        if let Some(target) = self.commands.ended(id)
            && let Err(why) = result
        {
            let news = News::CommandFailed { target, why };
            self.news.push(TableNews { table: "exec".to_owned(), news });
        }
    }

    /// Whether a command waits or runs.
    pub fn runs_any(&self) -> bool {
        self.commands.runs_any()
    }
}
