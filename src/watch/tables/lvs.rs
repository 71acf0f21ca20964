//! The kernel's IP virtual server follows services: read by `ipvsadm -Sn`, at each change and every minute, and put right.
//!
//! ```text
//!   Resting --due--> Listing: ipvsadm -Sn --plans--> Awaiting the journal --> Applying: ipvsadm -R, or single commands --+
//!      ^                  | as it should be                                                                              |
//!      +------------------+  ^------------------------------------ seen anew --------------------------------------------+
//! ```
//!
//! One listing serves all tables. Steps that one `ipvsadm -R` did not do are tried as single commands, so that one that
//! the kernel refuses holds up no other; what is left then waits for the next minute.

pub mod plan;
pub mod saved;

use super::memory::Memory;
use super::wanted::Server;
use super::{News, TableNews};
use crate::config::VirtualService;
use crate::journal_writer::Sequence;
use crate::limits::{LVS_EVERY, LVS_OCTETS, LVS_SPACING, LVS_TIME};
use crate::programs::commands::CommandId;
use oco::children::Job;
use oco::children::starter::Program;
use oco::logic::plugin_result::Kept;
use oco::logic::time::Nanos;
use oco_fleet::object::ObjectName;
use plan::{Plan, Rules, Step, plan};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;

const PROGRAM: &str = "ipvsadm";
/// What is added to why it fails: its own words are about root.
const WITHOUT_RIGHT: &str = " (ocowatch has no CAP_NET_ADMIN for it: it keeps that only if it was started with it and with a table of kind lvs)";

/// The virtual services.
#[derive(Debug, Default)]
pub struct VirtualServices {
    tables: Vec<Table>,
    phase: Phase,
    /// When they are read next.
    list_at: Option<Nanos>,
    listed: Option<Nanos>,
    /// What was tried since then: once by `-R`, or alone too.
    tried: HashSet<Task>,
    tried_alone: HashSet<Task>,
    /// What the last single commands had against their steps.
    refusals: HashMap<Task, String>,
    /// ipvsadm fails, which was told.
    is_failing: bool,
    /// It gets CAP_NET_ADMIN.
    has_net_admin: bool,
}

#[derive(Debug)]
struct Table {
    /// What the journal and the log call it.
    name: String,
    service: ObjectName,
    rules: Rules,
    is_failing: bool,
    /// Real servers of others, which was told.
    foreign: BTreeSet<SocketAddr>,
}

/// A step at a table, by its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Task {
    table: usize,
    arguments: Vec<String>,
    step: Step,
    /// `ipvsadm -R` ends at it.
    ends_all: bool,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Resting,
    /// A command is to be started.
    Ready(Job, Vec<Task>, VecDeque<Task>),
    /// It runs: none of these is a listing; the others follow.
    Running(CommandId, Vec<Task>, VecDeque<Task>),
    /// What is going to be done is being written down: until the journal is there, or this time.
    Awaiting(Vec<Task>, Option<Sequence>, Nanos),
}

/// What the services need of others to go on.
pub struct Surroundings<'a> {
    /// The targets of a service as they stand.
    pub servers: &'a dyn Fn(&ObjectName) -> Vec<Server>,
    /// What was set.
    pub memory: &'a mut Memory,
    /// Now.
    pub now: Nanos,
    /// What there is to tell.
    pub news: &'a mut Vec<TableNews>,
}

impl VirtualServices {
    /// None yet. Whether ipvsadm has CAP_NET_ADMIN says how its failures are told.
    pub fn new(has_net_admin: bool) -> VirtualServices {
        VirtualServices { has_net_admin, ..VirtualServices::default() }
    }

    /// Takes on other tables. What was told of one that is still there is not told again.
    pub fn reload(&mut self, tables: impl Iterator<Item = (ObjectName, Rules)>) {
        let old = std::mem::take(&mut self.tables);
        self.tables = tables.map(|(service, rules)| table(service, rules, &old)).collect();
        // Places of tables are others now. What runs goes on; its end is heard, and all is listed anew.
        (self.tried, self.tried_alone, self.refusals) = Default::default();
        self.phase = match std::mem::take(&mut self.phase) {
            Phase::Running(id, _, _) => Phase::Running(id, Vec::new(), VecDeque::new()),
            Phase::Resting | Phase::Ready(..) | Phase::Awaiting(..) => Phase::Resting,
        };
        self.list_at = (!self.tables.is_empty()).then_some(Nanos::PAST);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Something changed in this service: they are read soon.
    pub fn touch(&mut self, service: &ObjectName) {
        if self.tables.iter().any(|table| *service == table.service) {
            self.touch_all();
        }
    }

    /// Something changed that concerns all.
    pub fn touch_all(&mut self) {
        if !self.tables.is_empty() {
            let spaced = self.listed.map_or(Nanos::PAST, |listed| listed.after(LVS_SPACING));
            self.list_at = Some(self.list_at.map_or(spaced, |at| at.min(spaced)));
        }
    }

    /// What was remembered is in the journal's queue up to here.
    pub fn remembered(&mut self, pushed: Sequence) {
        if let Phase::Awaiting(_, behind @ None, _) = &mut self.phase {
            *behind = Some(pushed);
        }
    }

    /// Whether a command waits to be started.
    pub fn has_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready(..))
    }

    /// When the next turn is due without an event.
    pub fn deadline(&self, written: Sequence) -> Option<Nanos> {
        match &self.phase {
            Phase::Resting => self.list_at,
            Phase::Ready(..) => Some(Nanos::PAST),
            Phase::Running(..) => None,
            Phase::Awaiting(_, Some(behind), _) if *behind <= written => Some(Nanos::PAST),
            Phase::Awaiting(_, _, until) => Some(*until),
        }
    }

    /// Does what is due.
    pub fn turn(&mut self, now: Nanos, written: Sequence) {
        if self.deadline(written).is_none_or(|due| due > now) {
            return;
        }
        match std::mem::take(&mut self.phase) {
            Phase::Resting => {
                self.list_at = Some(now.after(LVS_EVERY));
                self.listed = Some(now);
                (self.tried, self.tried_alone, self.refusals) = Default::default();
                self.list();
            }
            Phase::Awaiting(tasks, _, _) => self.apply(tasks),
            phase @ (Phase::Ready(..) | Phase::Running(..)) => self.phase = phase,
        }
    }

    /// Takes out the command that is to be started, under this number.
    pub fn take_ready(&mut self, id: CommandId) -> Option<Job> {
        match std::mem::take(&mut self.phase) {
            Phase::Ready(job, tasks, rest) => {
                self.phase = Phase::Running(id, tasks, rest);
                Some(job)
            }
            phase @ (Phase::Resting | Phase::Running(..) | Phase::Awaiting(..)) => {
                self.phase = phase;
                None
            }
        }
    }

    /// A command ended. Whether it was one of these.
    pub fn ended(
        &mut self,
        id: CommandId,
        result: &Result<Kept, String>,
        around: &mut Surroundings<'_>,
    ) -> bool {
        match std::mem::take(&mut self.phase) {
            Phase::Running(running, tasks, rest) if running == id => {
                self.heard(tasks, rest, result, around);
                true
            }
            phase => {
                self.phase = phase;
                false
            }
        }
    }

    fn heard(
        &mut self,
        tasks: Vec<Task>,
        mut rest: VecDeque<Task>,
        result: &Result<Kept, String>,
        around: &mut Surroundings<'_>,
    ) {
        if tasks.is_empty() {
            return match result {
                Ok(stdout) if stdout.is_cut => self.fail("it tells more than is kept", around),
                Ok(stdout) => self.listed(&stdout.octets, around),
                Err(why) => self.fail(why, around),
            };
        }
        if let ([task], Err(why)) = (tasks.as_slice(), result) {
            self.refusals.insert(task.clone(), why.clone());
        }
        match rest.pop_front() {
            None => self.list(),
            Some(next) => self.phase = Phase::Ready(job(next.arguments.clone(), ""), vec![next], rest),
        }
    }

    fn list(&mut self) {
        self.phase = Phase::Ready(job(vec!["-Sn".to_owned()], ""), Vec::new(), VecDeque::new());
    }

    fn listed(&mut self, octets: &[u8], around: &mut Surroundings<'_>) {
        let saved = match saved::parse(octets) {
            Ok(saved) => saved,
            Err(why) => return self.fail(&why, around),
        };
        if std::mem::take(&mut self.is_failing) {
            around.news.push(TableNews { table: "lvs".to_owned(), news: News::Recovered });
        }
        let mut tasks = Vec::new();
        let mut stuck: BTreeMap<usize, Task> = BTreeMap::new();
        for (place, table) in self.tables.iter_mut().enumerate() {
            let mine = mine(around.memory, &table.name);
            let plan = plan(&(around.servers)(&table.service), &saved, &mine, &table.rules);
            remember(around.memory, &table.name, &mine, &plan);
            for address in plan.foreign.difference(&table.foreign) {
                let news = News::Foreign { server: address.to_string() };
                around.news.push(TableNews { table: table.name.clone(), news });
            }
            table.foreign = plan.foreign;
            for step in plan.steps {
                let (arguments, ends_all) = (step.arguments(plan.name), step.ends_all(plan.name));
                let task = Task { table: place, arguments, step, ends_all };
                if self.tried_alone.contains(&task) {
                    stuck.entry(place).or_insert(task);
                } else {
                    tasks.push(task);
                }
            }
        }
        self.tell(&tasks, &stuck, around);
        if !tasks.is_empty() {
            self.phase = Phase::Awaiting(tasks, None, around.now.after(around.memory.wait()));
        }
    }

    /// Tells what was done, and which table does not come to be as it should.
    fn tell(&mut self, tasks: &[Task], stuck: &BTreeMap<usize, Task>, around: &mut Surroundings<'_>) {
        let left: HashSet<&Task> = tasks.iter().chain(stuck.values()).collect();
        let mut done: Vec<&Task> = self.tried.iter().filter(|task| !left.contains(task)).collect();
        done.sort_by(|one, other| (one.table, &one.arguments).cmp(&(other.table, &other.arguments)));
        for task in &done {
            let Some(table) = self.tables.get(task.table) else { continue };
            let news = News::Done { what: task.step.to_string() };
            around.news.push(TableNews { table: table.name.clone(), news });
        }
        // What is done is told once, and may have to be done again.
        let done: HashSet<Task> = done.into_iter().cloned().collect();
        self.tried.retain(|task| !done.contains(task));
        for (place, table) in self.tables.iter_mut().enumerate() {
            let task = stuck.get(&place);
            let news = match task {
                Some(task) if !table.is_failing => {
                    let why = self.refusals.get(task).map_or("it is not done", String::as_str);
                    News::Failing { why: format!("{}: {why}", task.arguments.join(" ")) }
                }
                None if table.is_failing && tasks.iter().all(|task| task.table != place) => News::Recovered,
                Some(_) | None => continue,
            };
            table.is_failing = task.is_some();
            around.news.push(TableNews { table: table.name.clone(), news });
        }
    }

    /// Does the tasks: all at once, or one after the other where that was in vain.
    fn apply(&mut self, tasks: Vec<Task>) {
        let (again, new): (VecDeque<Task>, VecDeque<Task>) =
            tasks.into_iter().partition(|task| self.tried.contains(task));
        let (mut alone, together) =
            if new.len() > 1 { (VecDeque::new(), new) } else { (new, VecDeque::new()) };
        if together.is_empty() {
            alone.extend(again);
            self.tried.extend(alone.iter().cloned());
            self.tried_alone.extend(alone.iter().cloned());
            if let Some(first) = alone.pop_front() {
                self.phase = Phase::Ready(job(first.arguments.clone(), ""), vec![first], alone);
            }
            return;
        }
        self.tried.extend(together.iter().cloned());
        let (last, first): (Vec<Task>, Vec<Task>) = together.into_iter().partition(|task| task.ends_all);
        let together = [first, last].concat();
        let lines: Vec<String> = together.iter().map(|task| task.arguments.join(" ") + "\n").collect();
        let job = job(vec!["-R".to_owned()], &lines.concat());
        // Those that were tried before are left over, and found by the next listing.
        self.phase = Phase::Ready(job, together, VecDeque::new());
    }

    fn fail(&mut self, why: &str, around: &mut Surroundings<'_>) {
        if !std::mem::replace(&mut self.is_failing, true) {
            let right = if self.has_net_admin { "" } else { WITHOUT_RIGHT };
            let news = News::Failing { why: format!("ipvsadm -Sn: {why}{right}") };
            around.news.push(TableNews { table: "lvs".to_owned(), news });
        }
    }
}

fn table(service: ObjectName, rules: Rules, old: &[Table]) -> Table {
    let name = match rules.virtual_service {
        VirtualService::Tcp(address) => format!("lvs tcp {address}"),
        VirtualService::Udp(address) => format!("lvs udp {address}"),
        VirtualService::Mark(mark) => format!("lvs fwmark {mark}"),
    };
    let old = old.iter().find(|table| table.name == name);
    let (is_failing, foreign) =
        old.map_or_else(Default::default, |old| (old.is_failing, old.foreign.clone()));
    Table { name, service, rules, is_failing, foreign }
}

fn job(arguments: Vec<String>, input: &str) -> Job {
    let program = Program {
        name: PROGRAM.into(),
        arguments: arguments.into_iter().map(Into::into).collect(),
        input: input.as_bytes().to_vec(),
        needs_net_admin: true,
        ..Program::default()
    };
    Job { program, timeout: LVS_TIME, output_octets: LVS_OCTETS }
}

/// What we added or set: address and host.
fn mine(memory: &Memory, table: &str) -> BTreeMap<SocketAddr, String> {
    let servers = memory.all_of(table);
    servers.filter_map(|(server, host)| Some((server.parse().ok()?, host.to_owned()))).collect()
}

fn remember(memory: &mut Memory, table: &str, before: &BTreeMap<SocketAddr, String>, plan: &Plan) {
    for gone in before.keys().filter(|address| !plan.mine.contains_key(*address)) {
        memory.set(table, &gone.to_string(), None);
    }
    for (address, host) in &plan.mine {
        memory.set(table, &address.to_string(), Some(host.clone()));
    }
}
