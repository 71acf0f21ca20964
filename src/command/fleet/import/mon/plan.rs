//! What the watch.toml will hold: names, hosts, probes, dependencies without circles.

use super::super::document::{Note, written};
use super::super::names::{Names, is_host};
use super::super::{COMMAND_OCTETS, TARGETS};
use super::alerts::{Alert, Alerts};
use super::depend::{Place, Wanted, depend};
use super::period::{Times, times};
use super::record::{self, Bad, File};
use super::words::{for_shell, words};
use crate::logic::text::printable;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Where monitors are unless the file says otherwise; ocowatch looks there by itself.
const MONITORS: &str = "/usr/lib/mon/mon.d";
/// How often a monitor runs to which mon gives no interval.
const INTERVAL: Duration = Duration::from_secs(5 * 60);
/// After how long a silent service is ko of which mon expects nothing.
const SILENCE: Duration = Duration::from_secs(3650 * 86_400);
/// Octets of a text for people.
const TEXT_OCTETS: usize = 1024;

/// A whole watch.toml.
pub(super) struct Plan {
    pub notes: Vec<Note>,
    pub groups: Vec<Group>,
    /// Hours in which nothing counts.
    pub maintenance: Option<String>,
}

/// A hostgroup.
pub(super) struct Group {
    pub notes: Vec<Note>,
    pub name: String,
    pub hosts: Vec<String>,
    pub accept_reports: bool,
    pub services: Vec<Service>,
}

/// A service.
pub(super) struct Service {
    pub notes: Vec<Note>,
    /// `GROUP/SERVICE`.
    pub full_name: String,
    pub name: String,
    pub probe: Probe,
    pub interval: Option<Duration>,
    pub depends: Vec<String>,
    pub text: Option<String>,
    pub maintenance: Option<String>,
    pub alerts: Vec<Alert>,
}

/// What a service's probe does.
pub(super) enum Probe {
    Monitor(Vec<String>),
    Report(Duration),
}

struct Planner {
    plan: Plan,
    names: Names,
    alerts: Alerts,
    monitors: Option<String>,
    targets: usize,
    /// Where the services are, by the group and name that mon knows them by.
    places: HashMap<(String, String), Place>,
    wanted: Vec<Wanted>,
}

/// What comes of a file.
pub(super) fn plan(file: File) -> Result<Plan, Bad> {
    let mut planner = Planner {
        plan: Plan { notes: file.notes, groups: Vec::new(), maintenance: None },
        names: Names::of_groups(),
        alerts: Alerts::new(file.alerts),
        monitors: file.monitors,
        targets: 0,
        places: HashMap::new(),
        wanted: Vec::new(),
    };
    for group in file.groups {
        planner.group(group)?;
    }
    let mut plan = planner.plan;
    depend(&mut plan, &planner.places, &planner.wanted);
    if let Some((line, period)) = file.exclude {
        let (hours, note) = excluded(line, &format!("exclude_period = {period}"), &period);
        plan.maintenance = hours.filter(|_| plan.groups.iter().any(|group| !group.services.is_empty()));
        plan.notes.push(note);
    }
    Ok(plan)
}

impl Planner {
    fn group(&mut self, mut group: record::Group) -> Result<(), Bad> {
        let (hosts, mut notes) = hosts(&group);
        let services = std::mem::take(&mut group.services);
        let is_default = group.name == "default" && services.iter().any(|service| service.name == "default");
        let is_reported = hosts.is_empty() && services.iter().any(|service| service.monitor.is_none());
        if hosts.is_empty() && !is_default && !is_reported {
            let why = "there is no host in it; it is left out, and what its watch says";
            notes.push(Note::new(group.line, &format!("group {}", group.name), why));
            if let Some(line) = group.watched.filter(|line| *line != group.line) {
                notes.push(Note::new(line, &format!("watch {}", group.name), "left out with its group"));
            }
            for service in services {
                notes.push(Note::new(
                    service.line,
                    &format!("service {}", service.name),
                    "left out with its group",
                ));
                notes.extend(service.notes.iter().cloned());
                service.left_out(&mut notes);
            }
            self.plan.notes.append(&mut notes);
            return Ok(());
        }
        let at = self.plan.groups.len();
        let name = self.names.unique(&group.name);
        if name != group.name {
            let why = format!("no group can have that name; it is called {name}");
            notes.push(Note::new(group.line, &format!("group {}", group.name), why));
        }
        if is_default {
            notes.push(Note::new(
                group.line,
                "default",
                "it takes reports of what it does not know, of its own name alone",
            ));
        }
        let accept_reports = is_default || is_reported;
        self.plan.groups.push(Group { notes, name, hosts, accept_reports, services: Vec::new() });
        let mut names = Names::default();
        for service in services {
            self.service(at, &group.name, &mut names, service)?;
        }
        Ok(())
    }

    /// Puts a service into the group at `at`, or into one of its own where it has not all hosts.
    fn service(
        &mut self,
        at: usize,
        group: &str,
        names: &mut Names,
        service: record::Service,
    ) -> Result<(), Bad> {
        let Some(around) = self.plan.groups.get(at) else { return Ok(()) };
        let mut notes = service.notes.clone();
        let (hosts, is_part) = match &service.exclude_hosts {
            Some((line, excluded)) if service.monitor.is_some() => {
                let hosts: Vec<String> =
                    around.hosts.iter().filter(|host| !excluded.contains(host)).cloned().collect();
                let is_part = hosts.len() < around.hosts.len();
                let why = match (is_part, hosts.is_empty()) {
                    (true, false) => "a group of its own, without them",
                    (true, true) => "they are all hosts that there are",
                    (false, _) => "the group has none of them",
                };
                notes.push(Note::new(*line, &format!("exclude_hosts {}", excluded.join(" ")), why));
                (hosts, is_part)
            }
            Some((line, excluded)) => {
                let text = format!("exclude_hosts {}", excluded.join(" "));
                notes.push(Note::new(*line, &text, "nothing is probed of what others report"));
                (around.hosts.clone(), false)
            }
            None => (around.hosts.clone(), false),
        };
        if hosts.is_empty() && service.monitor.is_some() {
            let why = "there is no host to probe; it is left out, and what stands below it";
            notes.push(Note::new(service.line, &format!("service {}", service.name), why));
            service.left_out(&mut notes);
            self.plan.notes.append(&mut notes);
            return Ok(());
        }
        self.targets = self.targets.saturating_add(hosts.len());
        if self.targets > TARGETS {
            let what = format!("more than {TARGETS} hosts under services; expected at most that");
            return Err(Bad { line: service.line, what });
        }
        let around = around.name.clone();
        let at = if is_part {
            let name = self.names.unique(&format!("{around}.{}", service.name));
            self.plan.groups.push(Group {
                notes: Vec::new(),
                name,
                hosts,
                accept_reports: false,
                services: Vec::new(),
            });
            self.plan.groups.len().saturating_sub(1)
        } else {
            at
        };
        let name = names.unique(&service.name);
        let place = (at, self.plan.groups.get(at).map_or(0, |group| group.services.len()));
        self.places.insert((group.to_owned(), service.name.clone()), place);
        self.want(place, group, &service);
        let service = self.planned(at, name, notes, service)?;
        if let Some(group) = self.plan.groups.get_mut(at) {
            group.services.push(service);
        }
        Ok(())
    }

    fn want(&mut self, place: Place, group: &str, service: &record::Service) {
        let expressions = [
            ("depend", &service.depend, service.behavior.as_str()),
            ("alertdepend", &service.alert_depend, "a"),
            ("monitordepend", &service.monitor_depend, "m"),
        ];
        for (keyword, expression, behavior) in expressions {
            let Some((line, expression)) = expression else { continue };
            self.wanted.push(Wanted {
                place,
                group: group.to_owned(),
                line: *line,
                keyword,
                expression: expression.clone(),
                behavior: behavior.to_owned(),
            });
        }
    }

    fn planned(
        &mut self,
        at: usize,
        name: String,
        mut notes: Vec<Note>,
        service: record::Service,
    ) -> Result<Service, Bad> {
        let group = self.plan.groups.get(at).map(|group| group.name.clone()).unwrap_or_default();
        let full_name = format!("{group}/{name}");
        if name != service.name {
            let why = format!("no service can have that name; it is called {name}");
            notes.push(Note::new(service.line, &format!("service {}", service.name), why));
        }
        for (line, variable, value) in &service.variables {
            let why = match service.monitor {
                Some(_) => "the monitor has it in its environment, alerts do not",
                None => "alerts do not have it in their environment",
            };
            notes.push(Note::new(*line, &format!("{variable}={value}"), why));
        }
        let mut interval = service.interval.map(|(_, interval)| interval);
        let probe = match &service.monitor {
            Some((line, monitor)) => {
                if interval.is_none() {
                    let why = "without an interval mon never runs it; here it runs each 5m";
                    notes.push(Note::new(*line, &format!("monitor {monitor}"), why));
                }
                if let Some((line, timeout)) = service.trap_timeout {
                    let text = format!("traptimeout {}", written(timeout));
                    notes.push(Note::new(line, &text, "what is probed takes no reports"));
                }
                interval = interval.or(Some(INTERVAL));
                Probe::Monitor(self.monitor(*line, monitor, &service.variables)?)
            }
            None => {
                if service.trap_timeout.is_none() {
                    let why = "others report; mon has no traptimeout, so that ten years may pass";
                    notes.push(Note::new(service.line, &format!("service {}", service.name), why));
                }
                if let Some((line, interval)) = service.interval {
                    let text = format!("interval {}", written(interval));
                    notes.push(Note::new(line, &text, "nothing is probed of what others report"));
                }
                interval = None;
                Probe::Report(service.trap_timeout.map_or(SILENCE, |(_, timeout)| timeout))
            }
        };
        let text =
            service.description.as_ref().map(|(_, text)| printable(text.replace('\t', " ").as_bytes()));
        let text = text.filter(|text| !text.trim().is_empty() && text.len() <= TEXT_OCTETS);
        if let (None, Some((line, description))) = (&text, &service.description) {
            notes.push(Note::new(
                *line,
                "description",
                format!("{} octets; expected 1 to {TEXT_OCTETS}", description.len()),
            ));
        }
        let mut maintenance = None;
        if let Some((line, period)) = &service.exclude_period {
            let (hours, note) = excluded(*line, &format!("exclude_period {period}"), period);
            maintenance = hours;
            notes.push(note);
        }
        let mut alerts = Vec::new();
        for period in service.periods {
            self.alerts.of_period(period, &full_name, interval, &mut alerts, &mut notes)?;
        }
        Ok(Service {
            notes,
            full_name,
            name,
            probe,
            interval,
            depends: Vec::new(),
            text,
            maintenance,
            alerts,
        })
    }

    /// The command of a monitor. One that wants no hosts, or variables, is run by a shell.
    fn monitor(
        &self,
        line: usize,
        text: &str,
        variables: &[(usize, String, String)],
    ) -> Result<Vec<String>, Bad> {
        let bad = |what: &str| Bad { line, what: format!("monitor: {what}") };
        let (text, is_alone) = match text.trim_end().strip_suffix(";;") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let words = words(text).ok_or_else(|| bad("a quote is not closed"))?;
        let Some((program, arguments)) =
            words.split_first().filter(|(program, _)| !program.trim().is_empty())
        else {
            return Err(bad("expected a program"));
        };
        let located = located(program, self.monitors.as_deref(), MONITORS);
        if !is_alone && variables.is_empty() {
            return fitting(line, std::iter::once(located).chain(arguments.iter().cloned()).collect());
        }
        let mut script = String::new();
        for (_, name, value) in variables {
            script.push_str(&format!("export {name}={}; ", for_shell(value)));
        }
        if !located.contains('/') {
            let folders = self.monitors.as_deref().unwrap_or(MONITORS);
            script.push_str(&format!("PATH={}:$PATH; ", for_shell(folders)));
        }
        script.push_str(&format!("exec {}", for_shell(&located)));
        for argument in arguments {
            script.push_str(&format!(" {}", for_shell(argument)));
        }
        if !is_alone {
            script.push_str(" \"$@\"");
        }
        fitting(line, vec!["sh".to_owned(), "-c".to_owned(), script, program.clone()])
    }
}

/// The hosts that a group can have, each once, and why the others are not among them.
fn hosts(group: &record::Group) -> (Vec<String>, Vec<Note>) {
    let mut notes = Vec::new();
    let mut hosts = Vec::new();
    let mut seen = BTreeSet::new();
    for (line, host) in &group.hosts {
        let why = match host.strip_prefix('*') {
            Some(_) => "it is disabled",
            None if !is_host(host) => "neither an address nor a name of a host",
            None if !seen.insert(host) => "given twice",
            None => {
                hosts.push(host.clone());
                continue;
            }
        };
        notes.push(Note::new(*line, &format!("hostgroup {}: {host}", group.name), why));
    }
    (hosts, notes)
}

/// The hours of planned work that a period in which nothing runs becomes.
fn excluded(line: usize, text: &str, period: &str) -> (Option<String>, Note) {
    let planned = "planned work: it is probed then too, and nobody is told";
    let (hours, why) = match times(period) {
        Ok(Times::Hours(hours)) => (Some(hours), planned),
        Ok(Times::Always) => (Some("mon-sun 00:00-24:00".to_owned()), planned),
        Ok(Times::Never) => (None, "it never holds"),
        Ok(Times::Other) | Err(_) => (None, "weekly hours can't say that"),
    };
    (hours, Note::new(line, text, why))
}

/// A program as ocowatch finds it: with its folder, where mon's is one alone and not the usual one.
pub(super) fn located(program: &str, folders: Option<&str>, usual: &str) -> String {
    match folders {
        Some(folder) if !program.contains('/') && !folder.contains(':') && folder != usual => {
            format!("{}/{program}", folder.trim_end_matches('/'))
        }
        Some(_) | None => program.to_owned(),
    }
}

/// The words, if a command can have them.
pub(super) fn fitting(line: usize, words: Vec<String>) -> Result<Vec<String>, Bad> {
    match words.iter().map(String::len).sum::<usize>() <= COMMAND_OCTETS {
        true => Ok(words),
        false => Err(Bad {
            line,
            what: format!("the command is too long; expected at most {COMMAND_OCTETS} octets"),
        }),
    }
}
