//! ocod: from its command line to its exit.
//!
//! The order of the start: read the settings, bind the ports, raise the limit on descriptors, become the
//! unprivileged user, and only then look at anything that others can write.

mod arguments;
pub mod event_loop;
mod exchanges;
pub mod host;
pub mod listeners;
mod sessions;
mod table;

use crate::config::{ConfigError, Listen, PORT, Settings};
use crate::limits::{Bounds, LOG_FLUSH, RESERVED_DESCRIPTORS};
use crate::logic::answer::PROGRAM;
use crate::reason::reason;
use crate::system::confinement::{self, Allowed};
use crate::system::notify::Notify;
use crate::system::signals::Signals;
use crate::system::sockets::KernelSockets;
use crate::system::{descriptors, log_lines, passed, user};
use crate::usage;
use arguments::{Arguments, Plan};
use clap::CommandFactory;
use event_loop::{EventLoop, Outcome, Signal};
use host::Host;
use listeners::{BindError, Listeners};
use log::{error, info, warn};
use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use user::UserError;

/// What each signal asks for. None of them stays ignored, whoever has started ocod.
const SIGNALS: [(nix::sys::signal::Signal, Signal); 4] =
    [(SIGTERM, Signal::Stop), (SIGINT, Signal::Stop), (SIGHUP, Signal::Reload), (SIGUSR1, Signal::Dump)];
/// Exit status of a start that failed.
const CANNOT_START: u8 = 1;
/// Exit status of a command line that is not understood.
const BAD_USAGE: u8 = 2;

/// Why ocod could not start, had to end, or goes on as before: all that its user can come to see, each in one line.
#[derive(Debug)]
enum Error {
    /// It was said already, by who reads command lines: bad usage, or a help that was asked for.
    Said(ExitCode),
    /// What is wrong with the settings.
    Config(ConfigError),
    /// A port that can't be had.
    Bind(BindError),
    /// A user whom it can't become.
    User(UserError),
    /// A call that failed, and what it was for.
    System(&'static str, io::Error),
    /// What only a new start can do.
    NeedsRestart(String),
}

impl Error {
    /// The exit status of a start that ends so.
    fn exit(&self) -> ExitCode {
        match self {
            Error::Said(exit) => *exit,
            Error::Config(_)
            | Error::Bind(_)
            | Error::User(_)
            | Error::System(..)
            | Error::NeedsRestart(_) => ExitCode::from(CANNOT_START),
        }
    }

    /// Says it on standard error, unless it was said. People at a terminal see what line is meant.
    fn say(&self) {
        let excerpt = match self {
            Error::Said(_) => return,
            Error::Config(error) => error.excerpt().filter(|_| io::stderr().is_terminal()),
            Error::Bind(_) | Error::User(_) | Error::System(..) | Error::NeedsRestart(_) => None,
        };
        log_lines::say("ocod", &self.to_string());
        for line in excerpt.iter().flat_map(|excerpt| excerpt.lines()) {
            log_lines::show(line);
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Said(_) => Ok(()),
            Error::Config(error) => error.fmt(f),
            Error::Bind(error) => error.fmt(f),
            Error::User(error) => error.fmt(f),
            Error::System(what, error) => write!(f, "{what}: {}", reason(error)),
            Error::NeedsRestart(what) => write!(f, "{what}; that needs a restart"),
        }
    }
}

/// The command line of ocod: for what is made from it, as the shells' completions.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Runs ocod with the command line of the process.
pub fn main() -> ExitCode {
    log_lines::start("info");
    let arguments = usage::parse("ocod", std::env::args_os(), BAD_USAGE).map_err(Error::Said);
    // At its end the loop has waited for the last lines, in the time that a stop may take.
    let Err(error) = arguments.and_then(|arguments| run(&arguments)) else { return ExitCode::SUCCESS };
    error.say();
    log_lines::finish(LOG_FLUSH);
    error.exit()
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let passed = passed::take().map_err(|error| Error::System("sockets passed by systemd", error))?;
    let names: Vec<(String, SocketAddr)> = passed.iter().map(|one| (one.name.clone(), one.address)).collect();
    let mut plan = Plan::make(arguments, &names).map_err(Error::Config)?;
    let user = plan.settings.user.as_deref().map(user::find).transpose().map_err(Error::User)?;
    if arguments.test {
        let said = writeln!(io::stdout(), "ocod: the configuration is good");
        return said.map_err(|error| Error::System("stdout", error));
    }
    // Before anything that takes time: a signal that comes early must not be lost.
    let signals = Signals::catch(&SIGNALS, &[]).map_err(|error| Error::System("signals", error))?;
    info!("{PROGRAM} starting, status files in {}", plan.directory.display());
    let mut host = Host::new(&plan.directory, plan.settings.rules.clone(), plan.settings.empty_is_ok);
    let mut sockets = KernelSockets::new().map_err(|error| Error::System("event loop", error))?;
    let listeners = match passed.is_empty() {
        true => bind(&mut plan, &mut host, &mut sockets).map_err(Error::Bind)?,
        false => Listeners::adopt(passed, &plan.settings.listeners, &mut host, &mut sockets),
    };
    let max_connections = make_room(&plan.settings);
    let notify = Notify::from_environment();
    if let Some(user) = &user {
        user::become_user(user).map_err(Error::User)?;
    }
    if user::is_root() {
        warn!("running as root, which nothing here needs; name a user with -u or in the file");
    }
    confine(arguments, &plan, &listeners, &mut host);
    let limits = (max_connections, Bounds::default());
    let event_loop = EventLoop::new(sockets, signals, (host, listeners), limits, notify);
    serve(event_loop.map_err(|error| Error::System("event loop", error))?, arguments, &names, plan)
}

/// Gives up all that the settings do not need.
fn confine(arguments: &Arguments, plan: &Plan, listeners: &Listeners<KernelSockets>, host: &mut Host) {
    let folders = plan.folders(arguments);
    let shown: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    for (parent, folder) in plan.missing_parents() {
        let (parent, folder) = (parent.display(), folder.display());
        warn!("{parent}: missing; until a restart, all that lies below {folder} can be read");
    }
    // Folders as they are now: of the same name, another one is another.
    host.set_denial_hint(format!(
        "since the start only what lies below {} can be read, as it was then; this needs a restart",
        shown.join(" and ")
    ));
    let missing = confinement::confine(&Allowed { folders, ports: listeners.ports().collect() });
    if !missing.is_empty() {
        info!("this kernel confines less than it could; missing: {}", missing.join(", "));
    }
}

/// Runs the loop, and changes its settings when asked.
fn serve(
    mut event_loop: EventLoop,
    arguments: &Arguments,
    passed: &[(String, SocketAddr)],
    mut plan: Plan,
) -> Result<(), Error> {
    let failed = |error| Error::System("event loop", error);
    loop {
        match event_loop.run().map_err(failed)? {
            Outcome::GoOn => {}
            Outcome::Stop => return Ok(()),
            Outcome::Reload => {
                event_loop.begin_reload();
                match plan_anew(arguments, passed).and_then(|new| reload(&mut event_loop, new, &plan)) {
                    Ok(new) => {
                        info!("reloaded");
                        plan = new;
                    }
                    Err(error) => error!("reload refused, going on as before: {error}"),
                }
                event_loop.resume(make_room(&plan.settings));
            }
        }
    }
}

/// The plan of a reload. Since the start no other folders may be read.
fn plan_anew(arguments: &Arguments, passed: &[(String, SocketAddr)]) -> Result<Plan, Error> {
    Plan::make(arguments, passed).map_err(|error| match error.is_denied() {
        true => Error::NeedsRestart(error.to_string()),
        false => Error::Config(error),
    })
}

fn reload(event_loop: &mut EventLoop, mut new: Plan, old: &Plan) -> Result<Plan, Error> {
    if new.listens_by_default && old.listens_by_default {
        new.settings.listeners.clone_from(&old.settings.listeners);
    }
    let (host, listeners, sockets) = event_loop.parts();
    let (rules, empty_is_ok) = (new.settings.rules.clone(), new.settings.empty_is_ok);
    // Since the start only its ports may be bound, and those below 1024 not at all.
    let refused = |error: BindError| match error.is_denied() {
        true => Error::NeedsRestart(error.to_string()),
        false => Error::Bind(error),
    };
    if new.directory == old.directory {
        listeners.change(&new.settings.listeners, host, sockets).map_err(refused)?;
        host.configure(rules, empty_is_ok);
    } else {
        if let Err(error) = std::fs::read_dir(&new.directory)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            let directory = new.directory.display();
            return Err(Error::NeedsRestart(format!(
                "dir {directory}: it can't be read since the start: {}",
                reason(&error)
            )));
        }
        let mut moved = Host::new(&new.directory, rules, empty_is_ok);
        moved.copy_denial_hint(host);
        listeners.change(&new.settings.listeners, &mut moved, sockets).map_err(refused)?;
        info!("status files in {}", new.directory.display());
        *host = moved;
    }
    if new.settings.user != old.settings.user {
        warn!("user: it can't be changed while running; restart for that");
    }
    Ok(new)
}

/// Binds the ports. Where nobody chose one and the host has no IPv6, IPv4 alone will do.
fn bind(
    plan: &mut Plan,
    host: &mut Host,
    sockets: &mut KernelSockets,
) -> Result<Listeners<KernelSockets>, BindError> {
    match Listeners::bind(&plan.settings.listeners, host, sockets) {
        Err(error) if plan.listens_by_default && error.is_without_family() => {
            info!("no IPv6 here: {error}");
            plan.settings.listeners = vec![Listen::new((Ipv4Addr::UNSPECIFIED, PORT).into())];
            Listeners::bind(&plan.settings.listeners, host, sockets)
        }
        result => result,
    }
}

/// Makes room for the connections that are wanted, beside the descriptors that ocod needs itself. Returns how many
/// it got.
fn make_room(settings: &Settings) -> usize {
    let wanted = settings.max_connections;
    let listeners = u64::try_from(settings.listeners.len()).unwrap_or(u64::MAX);
    let reserved = listeners.saturating_add(RESERVED_DESCRIPTORS);
    let limit = descriptors::raise_limit(reserved.saturating_add(wanted.into()));
    let room = limit.saturating_sub(reserved).clamp(1, wanted.into());
    if room < u64::from(wanted) {
        warn!("max-connections {wanted}: the limit of {limit} open files leaves room for {room}");
    }
    usize::try_from(room).unwrap_or(usize::MAX)
}
