//! What the watch.toml will hold of each virtual service.

use super::super::document::Note;
use super::super::names::Names;
use super::check::{CheckPort, Checked, Protocol, check};
use super::reader::{Bad, File, Setting, Settings, Virtual};
use super::server::{Servers, Unknown, port, servers, split, unbracketed};
use super::table::{Table, alike};
use crate::logic::text::printable;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// Servers of all lines together: a table of LVS has hundreds.
const SERVERS: usize = 1024;
/// The longest time that a setting has, in seconds: ten years.
const LONGEST: u64 = 315_576_000;
const INTERVAL: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const NEGOTIATE_TIMEOUT: Duration = Duration::from_secs(30);
/// As watch.toml(5) has it; a count of failures must not be cut short by it.
const MAX_SILENCE: Duration = Duration::from_secs(5 * 60);
const TEXT_OCTETS: usize = 1024;

/// A whole watch.toml.
pub(super) struct Plan {
    pub notes: Vec<Note>,
    pub pools: Vec<Pool>,
}

/// A virtual service: a hostgroup, its service, and the table that follows it.
pub(super) struct Pool {
    pub notes: Vec<Note>,
    pub name: String,
    pub hosts: Vec<String>,
    pub service: String,
    pub probe: String,
    pub interval: Duration,
    pub timeout: Duration,
    pub fall: u32,
    pub max_silence: Option<Duration>,
    pub text: Option<String>,
    pub table: Option<Table>,
    pub alert: Option<Alert>,
}

/// Who gets mail, and how often.
pub(super) struct Alert {
    pub addresses: Vec<String>,
    pub every: Option<Duration>,
}

/// The address of a virtual service.
pub(super) enum Address {
    Service(String, u16),
    Mark(u32),
}

/// A real server.
pub(super) struct Server {
    pub line: Setting,
    pub host: String,
    pub servers: Servers,
}

pub(super) struct Planner {
    global: Settings,
    plan: Plan,
    names: Names,
    /// Virtual services that have a table.
    pub virtuals: BTreeSet<String>,
    servers: usize,
}

/// What comes of a file.
pub(super) fn plan(file: File) -> Result<Plan, Bad> {
    let mut planner = Planner {
        global: file.settings,
        plan: Plan { notes: Vec::new(), pools: Vec::new() },
        names: Names::of_groups(),
        virtuals: BTreeSet::new(),
        servers: 0,
    };
    planner.plan.notes.extend(planner.global.replaced());
    for setting in &planner.global.0 {
        planner.plan.notes.extend(at_top(setting).map(|why| setting.note(why)));
    }
    for of_file in file.virtuals {
        planner.virtual_service(&of_file)?;
    }
    Ok(planner.plan)
}

/// Why a setting at the top of the file is not taken.
fn at_top(setting: &Setting) -> Option<&'static str> {
    Some(match setting.key.as_str() {
        "checktimeout" | "negotiatetimeout" | "checkinterval" | "failurecount" | "fallback" | "fallback6"
        | "quiescent" | "emailalert" | "emailalertfreq" | "emailalertstatus" => return None,
        "checkcount" => "failures are counted by failurecount",
        "autoreload" => "SIGHUP reloads the file: systemctl reload ocowatch",
        "callback" | "execute" => "no program is run when the file changes",
        "logfile" => "the log is standard error",
        "supervised" => "it always stays in the foreground",
        "fork" => "services never wait for each other",
        "fallbackcommand" => "a table of kind exec runs a command at each change",
        "emailalertfrom" | "smtp" => "mail.alert gives mail to this host's sendmail",
        "cleanstop" => "tables stay as they are at the end",
        "readdquiescent" => "a server that is up gets its weight",
        "maintenancedir" => "oco fleet maint takes a server out",
        _ => "it is no setting of ldirectord",
    })
}

/// Why a setting of a virtual service is not taken, apart from what the check says.
fn in_virtual(setting: &Setting) -> Option<&'static str> {
    Some(match setting.key.as_str() {
        "real" | "real6" | "checktype" | "service" | "checkcommand" | "checkport" | "request" | "receive"
        | "httpmethod" | "virtualhost" | "login" | "passwd" | "database" | "secret" | "scheduler"
        | "persistent" | "protocol" | "checktimeout" | "negotiatetimeout" | "checkinterval"
        | "failurecount" | "fallback" | "fallback6" | "quiescent" | "emailalert" | "emailalertfreq"
        | "emailalertstatus" | "servicename" | "comment" => return None,
        "netmask" if matches!(setting.value.as_str(), "255.255.255.255" | "128") => return None,
        "netmask" => "clients stay by their whole address",
        "monitorfile" => "the journal keeps what happened",
        "ops" | "schedflags" => "a table has no such flag",
        "load" => "it has no counterpart",
        _ => return at_top(setting),
    })
}

pub(super) fn seconds(setting: &Setting) -> Result<Duration, Bad> {
    let seconds = setting.value.parse::<u64>().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| setting.bad("a number of seconds, 1 or more"))
}

pub(super) fn is_yes(setting: &Setting) -> Result<bool, Bad> {
    match setting.value.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(setting.bad("yes or no")),
    }
}

fn address(setting: &Setting) -> Result<Address, Bad> {
    let bad = || setting.bad("ADDRESS:PORT or the number of a firewall mark");
    let value = setting.value.as_str();
    if let Ok(mark) = value.parse::<u32>() {
        return if mark > 0 { Ok(Address::Mark(mark)) } else { Err(bad()) };
    }
    let (host, text) = split(value).ok_or_else(bad)?;
    let number = text.and_then(port).filter(|port| *port > 0).ok_or_else(bad)?;
    Ok(Address::Service(unbracketed(host).ok_or_else(bad)?.to_owned(), number))
}

impl Planner {
    /// The setting of a virtual service, else that of the file.
    pub(super) fn setting<'a>(&'a self, of_file: &'a Virtual, key: &str) -> Option<&'a Setting> {
        of_file.settings.get(key).or_else(|| self.global.get(key))
    }

    fn virtual_service(&mut self, of_file: &Virtual) -> Result<(), Bad> {
        let address = address(&of_file.address)?;
        let protocol = protocol(of_file, &address)?;
        let mut notes: Vec<Note> =
            of_file.settings.0.iter().filter_map(|line| Some(line.note(in_virtual(line)?))).collect();
        notes.extend(of_file.settings.replaced());
        let found = alike(self.servers(of_file, &mut notes)?, &mut notes);
        let Some(first) = found.first() else {
            self.leave_out(of_file, notes, "it has no real server; it is left out");
            return Ok(());
        };
        let mine = Pool {
            notes: Vec::new(),
            name: String::new(),
            hosts: Vec::new(),
            service: String::new(),
            probe: String::new(),
            interval: self.setting(of_file, "checkinterval").map_or(Ok(INTERVAL), seconds)?,
            timeout: Duration::ZERO,
            fall: 1,
            max_silence: None,
            text: text(of_file, &mut notes),
            table: None,
            alert: self.alert(of_file, &mut notes)?,
        };
        let (request, receive) = pair(of_file, &found, &mut notes);
        let (shown, virtual_port) = match &address {
            Address::Service(host, port) => (host.clone(), *port),
            Address::Mark(mark) => (mark.to_string(), 0),
        };
        let ports = check_port(of_file, &found, virtual_port)?;
        let checked = Checked {
            settings: &of_file.settings,
            line: of_file.address.line,
            protocol,
            port: ports,
            address: shown.clone(),
            virtual_port,
            request,
            receive,
            notes: Vec::new(),
        };
        let Some(check) = check(checked)? else {
            self.leave_out(of_file, notes, "with checktype off no server is activated; it is left out");
            return Ok(());
        };
        notes.extend(check.notes);
        let fall = self.setting(of_file, "failurecount").map_or(Ok(1), count)?;
        let timeout = self.timeout(of_file, check.is_negotiated)?;
        let counted = mine.interval.saturating_add(timeout).saturating_mul(fall.saturating_add(1));
        let table = self.table(of_file, &address, protocol, first, &found, &mut notes)?;
        let name = match &address {
            Address::Mark(mark) => format!("fwmark-{mark}"),
            Address::Service(host, port) if protocol == Protocol::Udp => format!("{host}-{port}-udp"),
            Address::Service(host, port) => format!("{host}-{port}"),
        };
        let hosts = found.iter().map(|server| match ports {
            CheckPort::Each { usual } => endpoint(&server.host, server.servers.port.unwrap_or(usual)),
            CheckPort::One(_) | CheckPort::Unknown => server.host.clone(),
        });
        self.plan.pools.push(Pool {
            notes,
            name: self.names.unique(&name),
            hosts: hosts.collect(),
            service: check.name,
            probe: check.probe,
            timeout,
            fall,
            max_silence: Some(counted).filter(|counted| *counted > MAX_SILENCE),
            table,
            ..mine
        });
        Ok(())
    }

    /// Notes on each line of a virtual service that is not taken as a whole.
    fn leave_out(&mut self, of_file: &Virtual, notes: Vec<Note>, why: &str) {
        self.plan.notes.push(of_file.address.note(why));
        let noted: BTreeSet<usize> = notes.iter().map(|note| note.line).collect();
        self.plan.notes.extend(notes);
        let rest = of_file.settings.0.iter().filter(|setting| !noted.contains(&setting.line));
        self.plan.notes.extend(rest.map(|setting| setting.note("left out with it")));
    }

    /// The real servers, each once.
    fn servers(&mut self, of_file: &Virtual, notes: &mut Vec<Note>) -> Result<Vec<Server>, Bad> {
        let mut found: Vec<Server> = Vec::new();
        let mut seen = BTreeSet::new();
        for line in of_file.settings.0.iter().filter(|line| matches!(line.key.as_str(), "real" | "real6")) {
            let room = SERVERS.saturating_sub(self.servers);
            let servers = match servers(&line.value, room) {
                Ok(servers) => servers,
                Err(Unknown::Malformed) => {
                    return Err(line.bad("ADDRESS:PORT gate, masq or ipip, and perhaps a weight"));
                }
                Err(Unknown::Port) => {
                    notes.push(line.note("nobody here knows the port by that name; left out"));
                    continue;
                }
                Err(Unknown::Range) => {
                    notes.push(line.note(format!(
                        "only a range of IPv4 addresses can be taken, at most {SERVERS}; left out"
                    )));
                    continue;
                }
            };
            self.servers = self.servers.saturating_add(servers.hosts.len());
            if self.servers > SERVERS {
                return Err(line.bad(&format!("at most {SERVERS} servers in a file")));
            }
            if servers.weight == 0 {
                notes.push(line.note("with weight 0 it gets no sessions; left out"));
                continue;
            }
            if !servers.rest.is_empty() {
                notes.push(line.note(format!("a table has no limits of connections: {}", servers.rest)));
            }
            for host in &servers.hosts {
                if !seen.insert(host.clone()) {
                    notes.push(line.note(format!("{host} is in a pool once, whatever its port is")));
                    continue;
                }
                found.push(Server { line: line.clone(), host: host.clone(), servers: servers.clone() });
            }
        }
        Ok(found)
    }

    fn timeout(&self, of_file: &Virtual, is_negotiated: bool) -> Result<Duration, Bad> {
        let (keys, usual) = match is_negotiated {
            true => (["negotiatetimeout", "checktimeout"], NEGOTIATE_TIMEOUT),
            false => (["checktimeout", "negotiatetimeout"], CONNECT_TIMEOUT),
        };
        let setting = keys.into_iter().find_map(|key| self.setting(of_file, key));
        setting.map_or(Ok(usual), seconds)
    }

    fn alert(&self, of_file: &Virtual, notes: &mut Vec<Note>) -> Result<Option<Alert>, Bad> {
        let Some(mail) = self.setting(of_file, "emailalert") else { return Ok(None) };
        let addresses = mail.value.split([',', ' ']).map(|word| word.trim_matches(['"', ' ']).to_owned());
        let addresses: Vec<String> =
            addresses.filter(|word| !word.is_empty() && !word.starts_with('-')).collect();
        let every = match self.setting(of_file, "emailalertfreq") {
            Some(setting) if setting.value != "0" => Some(seconds(setting)?),
            Some(_) | None => None,
        };
        if let Some(status) = self.setting(of_file, "emailalertstatus") {
            let is_on = status.value.split(',').any(|word| matches!(word.trim(), "all" | "running"));
            if !is_on {
                notes.push(status.note("so that nobody is told"));
                return Ok(None);
            }
            if status.value != "all" {
                notes.push(status.note("it is told whenever a server fails or is back"));
            }
        }
        if addresses.is_empty() {
            notes.push(mail.note("no address"));
            return Ok(None);
        }
        Ok(Some(Alert { addresses, every }))
    }
}

fn count(setting: &Setting) -> Result<u32, Bad> {
    let count = setting.value.parse().ok().filter(|count| (1..=1000).contains(count));
    count.ok_or_else(|| setting.bad("a number from 1 to 1000"))
}

fn protocol(of_file: &Virtual, address: &Address) -> Result<Protocol, Bad> {
    let setting = of_file.settings.get("protocol");
    let usual = match address {
        Address::Mark(_) => Protocol::Mark,
        Address::Service(_, 53) => Protocol::Udp,
        Address::Service(..) => Protocol::Tcp,
    };
    match (setting.map(|setting| setting.value.as_str()), usual) {
        (None, usual) => Ok(usual),
        (Some("fwm"), Protocol::Mark) => Ok(Protocol::Mark),
        (Some("tcp"), Protocol::Tcp | Protocol::Udp) => Ok(Protocol::Tcp),
        (Some("udp"), Protocol::Tcp | Protocol::Udp) => Ok(Protocol::Udp),
        (Some(_), _) => Err(setting.map_or_else(
            || of_file.address.bad("a protocol"),
            |setting| setting.bad("tcp or udp with an address, fwm with a mark"),
        )),
    }
}

/// Which port is checked of each server.
///
/// Without checkport and without a port of its own ldirectord takes that of the service's protocol. Where that has none
/// either, it has no port to go to; here it is that of the virtual service, which LVS sends the sessions to.
fn check_port(of_file: &Virtual, found: &[Server], virtual_port: u16) -> Result<CheckPort, Bad> {
    if let Some(setting) = of_file.settings.get("checkport") {
        let number = setting.value.parse::<u16>().ok().filter(|port| *port > 0);
        return number.map(CheckPort::One).ok_or_else(|| setting.bad("a port from 1 to 65535"));
    }
    let ports: BTreeSet<Option<u16>> = found.iter().map(|server| server.servers.port).collect();
    let of_service = of_file.settings.get("service").and_then(|setting| port(&setting.value));
    let usual = of_service.unwrap_or(virtual_port);
    if usual == 0 && ports.contains(&None) {
        return Ok(CheckPort::Unknown);
    }
    let ports: BTreeSet<u16> = ports.into_iter().map(|port| port.unwrap_or(usual)).collect();
    Ok(match ports.into_iter().collect::<Vec<_>>().as_slice() {
        [port] => CheckPort::One(*port),
        _ => CheckPort::Each { usual },
    })
}

/// What is asked for and has to come: of the servers' lines where all have the same, else of the service.
fn pair(of_file: &Virtual, found: &[Server], notes: &mut Vec<Note>) -> (Option<String>, Option<String>) {
    let first = found.first().and_then(|server| server.servers.pair.clone());
    if let Some((request, receive)) = &first
        && found.iter().all(|server| server.servers.pair == first)
    {
        return (Some(request.clone()), Some(receive.clone()));
    }
    let mut noted = 0;
    for server in found.iter().filter(|server| server.servers.pair.is_some()) {
        if noted != server.line.line {
            notes.push(server.line.note("all servers of a service are asked for the same"));
            noted = server.line.line;
        }
    }
    let value = |key: &str| of_file.settings.get(key).map(|setting| setting.value.clone());
    (value("request"), value("receive"))
}

/// What people are told of a service.
fn text(of_file: &Virtual, notes: &mut Vec<Note>) -> Option<String> {
    let words = ["servicename", "comment"].into_iter().filter_map(|key| of_file.settings.get(key));
    let text =
        words.map(|setting| setting.value.as_str()).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let text = printable(text.join(": ").replace('\t', " ").as_bytes());
    if text.len() > TEXT_OCTETS {
        notes.extend(of_file.settings.get("comment").map(|setting| setting.note("too long; left out")));
        return None;
    }
    Some(text).filter(|text| !text.trim().is_empty())
}

pub(super) fn endpoint(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Ok(IpAddr::V4(_)) | Err(_) => format!("{host}:{port}"),
    }
}
