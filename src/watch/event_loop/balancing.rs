//! Balancers' tables follow the fleet: their turns, what they remember, what is logged of them.

use super::EventLoop;
use crate::addresses::shown;
use crate::config::{Address, Host};
use crate::decide::fleet::ids::MemberId;
use crate::probe::network::KernelNetwork;
use crate::probe::port_of;
use crate::tables::exec::HostFacts;
use crate::tables::wanted::Server;
use crate::tables::{News, TableNews};
use crate::watcher::Watcher;
use log::{info, warn};
use oco::children::helper::HelperStarter;
use oco::system::log_lines::CHANGE;
use oco_fleet::object::ObjectName;
use std::net::IpAddr;

type Fleet = Watcher<KernelNetwork, HelperStarter>;

impl EventLoop {
    /// Lets each table take its turn.
    pub(super) fn balance(&mut self) {
        self.hear_table_commands();
        let (watcher, written) = (&self.watcher, self.journal.written());
        self.tables.turn(|service| servers(watcher, service), written, self.now.boot);
        for entry in self.tables.take_entries() {
            self.journal.push(entry);
        }
        self.tables.remembered(self.journal.pushed());
        for news in self.tables.take_news() {
            log_news(&news);
        }
    }

    /// Hears of the tables' commands that ended, and starts those whose turn has come.
    pub(super) fn hear_table_commands(&mut self) {
        for (id, result) in self.watcher.programs().table_commands().take_finished() {
            let watcher = &self.watcher;
            self.tables.ended(id, result, &|service| servers(watcher, service), self.now.boot);
        }
        for (id, job) in self.tables.take_commands() {
            self.watcher.programs().table_command(id, job);
        }
    }
}

/// The targets of a service as they stand.
fn servers(watcher: &Fleet, service: &ObjectName) -> Vec<Server> {
    let fleet = watcher.fleet();
    let Some(MemberId::Service(id)) = fleet.find(service) else { return Vec::new() };
    let Some(service) = fleet.service(id) else { return Vec::new() };
    let group = watcher.settings().groups.get(service.group);
    let targets = service.targets.iter().filter_map(|id| fleet.target(*id));
    targets
        .map(|target| {
            let host = group.zip(target.host).and_then(|(group, place)| group.hosts.get(place));
            Server {
                host: target.name.host().unwrap_or_default().into(),
                address: host.and_then(|host| address_of(watcher, host)),
                port: host.and_then(|host| host.port),
                state: target.standing.state,
                since: target.since,
                is_planned: target.standing.planned,
            }
        })
        .collect()
}

/// One of IPv4 is one of IPv4, even where it is written as one of IPv6: balancers have it so.
fn address_of(watcher: &Fleet, host: &Host) -> Option<IpAddr> {
    let address = match &host.address {
        Address::Ip(address) => Some(*address),
        Address::Name(name) => watcher.address_of(name).map(|address| address.ip()),
    };
    address.map(|address| address.to_canonical())
}

/// What is known of a target's host.
pub(super) fn host_of(watcher: &Fleet, name: &ObjectName) -> HostFacts {
    find_host(watcher, name).unwrap_or_default()
}

fn find_host(watcher: &Fleet, name: &ObjectName) -> Option<HostFacts> {
    let fleet = watcher.fleet();
    let Some(MemberId::Target(id)) = fleet.find(name) else { return None };
    let target = fleet.target(id)?;
    let service = fleet.service(target.service)?;
    let group = watcher.settings().groups.get(service.group)?;
    let host = group.hosts.get(target.host?)?;
    let port = port_of(&group.services.get(service.place?)?.probe, host.port);
    let address = match &host.address {
        Address::Ip(address) => address.to_string(),
        Address::Name(name) => watcher.address_of(name).map_or_else(|| name.to_string(), shown),
    };
    Some(HostFacts { address, port: port.map_or_else(String::new, |port| port.to_string()) })
}

fn log_news(TableNews { table, news }: &TableNews) {
    match news {
        News::Set { server, what } => info!(target: CHANGE, "table {table}: {server}: {what}"),
        News::Done { what } => info!(target: CHANGE, "table {table}: {what}"),
        News::Foreign { server } => {
            info!("table {table}: {server} stands there, which the file does not have; it stays");
        }
        News::Failing { why } => warn!("table {table}: {why}; it is tried again"),
        News::Recovered => info!("table {table}: is as it should be again"),
        News::Lonely { host } => warn!("table {table}: has no server for {host}"),
        News::CommandFailed { target, why } => warn!("table {table}: {target}: {why}"),
    }
}
