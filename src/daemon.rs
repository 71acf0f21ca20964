//! ocod: from its command line to its exit.
//!
//! The order of the start: read the settings, bind the ports, raise the limit on descriptors, become the
//! unprivileged user, and only then look at anything that others can write.

pub mod answers;
mod arguments;
mod confinement;
mod error;
pub mod event_loop;
pub mod listeners;
mod log;
mod plan;
mod reload;

use crate::config::{Listen, Settings, outside};
use crate::limits::{Bounds, CONFIG_OCTETS, LOG_FLUSH, RESERVED_DESCRIPTORS};
use crate::logic::answer::{PORT, PROGRAM};
use crate::net::listener::BindError;
use crate::system::sandbox::{self, Allowed};
use crate::system::signals::Signals;
use crate::system::sockets::KernelSockets;
use crate::system::systemd::Notify;
use crate::system::{command_line, log_lines, open_files, socket_activation, user};
use ::log::{error, info, warn};
use answers::Answers;
use arguments::Arguments;
use clap::CommandFactory;
use confinement::Confinement;
use error::Error;
use event_loop::{EventLoop, Signal, TurnEnd};
use listeners::{Listeners, say_bound};
use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use plan::Plan;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

/// What each signal asks for. None of them stays ignored, whoever has started ocod.
const SIGNALS: [(nix::sys::signal::Signal, Signal); 4] =
    [(SIGTERM, Signal::Stop), (SIGINT, Signal::Stop), (SIGHUP, Signal::Reload), (SIGUSR1, Signal::Dump)];
/// Exit status of a start that failed.
const CANNOT_START: u8 = 1;
/// Exit status of a command line that is not understood.
const BAD_USAGE: u8 = 2;

/// The command line of ocod: for what is made from it, as the shells' completions.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Runs ocod with the command line of the process.
pub fn main() -> ExitCode {
    log_lines::start("info");
    let arguments = command_line::parse("ocod", std::env::args_os(), BAD_USAGE).map_err(Error::Said);
    // At its end the loop has waited for the last lines, in the time that a stop may take.
    let Err(error) = arguments.and_then(|arguments| run(&arguments)) else { return ExitCode::SUCCESS };
    error.say();
    log_lines::finish(LOG_FLUSH);
    error.exit()
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let passed =
        socket_activation::take().map_err(|error| Error::System("sockets passed by systemd", error))?;
    let names: Vec<(String, SocketAddr)> = passed.iter().map(|one| (one.name.clone(), one.address)).collect();
    let mut plan = Plan::make(arguments, &names).map_err(Error::Config)?;
    let user = plan.settings.user.as_deref().map(user::find).transpose();
    let user = user.map_err(|error| match &arguments.user {
        Some(_) => Error::User(error),
        None => Error::Config(outside::wrong_user((arguments.config_file(), CONFIG_OCTETS), &error)),
    })?;
    user.as_ref().map_or(Ok(()), user::check).map_err(Error::User)?;
    if arguments.test {
        let said = writeln!(io::stdout(), "ocod: the configuration is good");
        return said.map_err(|error| Error::System("stdout", error));
    }
    // Before anything that takes time: a signal that comes early must not be lost.
    let signals = Signals::catch(&SIGNALS, &[]).map_err(|error| Error::System("signals", error))?;
    let mut answers = Answers::new(&plan.directory, plan.settings.rules.clone(), plan.settings.empty_is_ok);
    let mut sockets = KernelSockets::new().map_err(|error| Error::System("event loop", error))?;
    // A start that fails says one line: why.
    let bound = match passed.is_empty() {
        true => Some(bind(&mut plan, &mut answers, &mut sockets).map_err(Error::Bind)?),
        false => None,
    };
    info!("{PROGRAM} starting, status files in {}", plan.directory.display());
    let listeners = match bound {
        Some((listeners, addresses)) => {
            say_bound(&addresses);
            listeners
        }
        None => Listeners::adopt(passed, &plan.settings.listeners, &mut answers, &mut sockets),
    };
    let max_connections = make_room(&plan.settings);
    let notify = Notify::from_environment();
    if let Some(user) = &user {
        user::become_user(user).map_err(Error::User)?;
    }
    if user::is_root() {
        warn!("running as root, which nothing here needs; name a user with -u or in the file");
    }
    confine(arguments, &plan, &listeners, &mut answers);
    let limits = (max_connections, Bounds::default());
    let event_loop = EventLoop::new(sockets, signals, (answers, listeners), limits, notify);
    serve(event_loop.map_err(|error| Error::System("event loop", error))?, arguments, &names, plan)
}

/// Gives up all that the settings do not need.
fn confine(arguments: &Arguments, plan: &Plan, listeners: &Listeners<KernelSockets>, answers: &mut Answers) {
    let folders = plan.folders(arguments);
    for (parent, folder) in plan.missing_parents() {
        let (parent, folder) = (parent.display(), folder.display());
        warn!("{parent}: missing; until a restart, all that lies below {folder} can be read");
    }
    answers.set_confinement(Confinement::of(&folders));
    let missing = sandbox::confine(&Allowed { folders, ports: listeners.ports().collect() });
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
            TurnEnd::GoOn => {}
            TurnEnd::Stop => return Ok(()),
            TurnEnd::Reload => {
                event_loop.begin_reload();
                match reload::plan_anew(arguments, passed)
                    .and_then(|new| reload::apply(&mut event_loop, new, &plan))
                {
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

/// Binds the ports. Where nobody chose one and the host has no IPv6, IPv4 alone will do.
fn bind(
    plan: &mut Plan,
    answers: &mut Answers,
    sockets: &mut KernelSockets,
) -> Result<(Listeners<KernelSockets>, Vec<SocketAddr>), BindError> {
    match Listeners::bind(&plan.settings.listeners, answers, sockets) {
        Err(error) if plan.listens_by_default && error.is_without_family() => {
            info!("no IPv6 here: {error}");
            plan.settings.listeners = vec![Listen::new((Ipv4Addr::UNSPECIFIED, PORT).into())];
            Listeners::bind(&plan.settings.listeners, answers, sockets)
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
    let limit = open_files::raise_limit(reserved.saturating_add(wanted.into()));
    let room = limit.saturating_sub(reserved).clamp(1, wanted.into());
    if room < u64::from(wanted) {
        warn!("max-connections {wanted}: the limit of {limit} open files leaves room for {room}");
    }
    usize::try_from(room).unwrap_or(usize::MAX)
}
