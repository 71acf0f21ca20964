//! ocowatch from its command line to its exit.
//!
//! The order of the start: read the settings, become the unprivileged user, take the state directory, start the helper
//! that runs programs (before all that it must not inherit), confine this process, start the threads, and only then
//! probe.

use crate::adjustments::Adjustments;
use crate::alertmanagers::Alertmanagers;
use crate::arguments::Arguments;
use crate::config::{self, Settings};
use crate::control::Control;
use crate::decide::acts::Acts;
use crate::decide::changes::{Changes, Kept};
use crate::decide::clock::Clock;
use crate::decide::planning::{Planning, Times, first_names};
use crate::decide::telling::Telling;
use crate::error::{BAD_USAGE, Error};
use crate::event_loop::{EventLoop, Parts, Signal, TurnEnd};
use crate::forwarder::Forwarder;
use crate::journal_reader::JournalReader;
use crate::journal_writer::{JournalWriter, WriterBounds};
use crate::levels::Levels;
use crate::limits::{CHILDREN, KEPT_FOR, RESOLVER_THREADS, SETTINGS_OCTETS};
use crate::metrics::server::MetricsServer;
use crate::probe::network::KernelNetwork;
use crate::probe::pool::Pool;
use crate::probe::tls::store::TlsStore;
use crate::programs::Programs;
use crate::publisher::Publisher;
use crate::resolver::Resolver;
use crate::tables::Tables;
use crate::token::{FIRST_CHILD, PROBE_TOKENS, Source};
use crate::user_names::Users;
use crate::watcher::Watcher;
use crate::{kept, memory, once, sandbox};
use log::{error, info, warn};
use mio::{Poll, Registry, Waker};
use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use nix::unistd::{Group, User};
use oco::children::helper::HelperStarter;
use oco::children::{ChildLimits, Children, serve};
use oco::config::outside;
use oco::logic::answer::PROGRAM;
use oco::logic::time::Now;
use oco::system::signals::Signals;
use oco::system::systemd::Notify;
use oco::system::words::words;
use oco::system::{capabilities, clock, command_line, log_lines, open_files, process, user};
use oco_fleet::calendar::Zone;
use oco_fleet::journal::{Entry, Writer};
use oco_fleet::time::Millis;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

/// What makes this program the helper that runs programs for another ocowatch.
const HELPER: &str = "--run-programs-for-ocowatch";
/// Where programs without a slash are looked for, before PATH.
const PROGRAM_FOLDERS: &str =
    "/usr/lib/mon/mon.d:/usr/lib/mon/alert.d:/usr/lib/oco/alerts:/usr/lib/nagios/plugins";
/// What each signal asks for. None of them stays ignored, whoever has started ocowatch.
const SIGNALS: [(nix::sys::signal::Signal, Signal); 4] =
    [(SIGTERM, Signal::Stop), (SIGINT, Signal::Stop), (SIGHUP, Signal::Reload), (SIGUSR1, Signal::Dump)];

/// Runs ocowatch with the command line of the process.
pub fn main() -> ExitCode {
    memory::keep_little();
    log_lines::start("info");
    if std::env::args_os().nth(1).is_some_and(|first| first == HELPER) {
        return help();
    }
    let arguments = command_line::parse("ocowatch", std::env::args_os(), BAD_USAGE).map_err(Error::Said);
    let exit = match arguments.and_then(|arguments| run(&arguments)) {
        Ok(exit) => exit,
        Err(error) => {
            error.say();
            error.exit()
        }
    };
    log_lines::finish(oco::limits::LOG_FLUSH);
    exit
}

/// Is the helper.
fn help() -> ExitCode {
    process::show_as("ocowatch");
    match serve::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("helper: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let settings = config::load(&arguments.config).map_err(Error::Config)?;
    let user = settings.user.as_deref().filter(|_| user::is_root()).map(user::find).transpose();
    let user = user.map_err(|error| Error::Config(outside::wrong_user(file_of(arguments), &error)))?;
    let group = settings.control_group.as_deref().map(|name| find_group(name, arguments)).transpose()?;
    if arguments.test {
        load_tls(&settings, arguments)?;
        if let Some(warning) = settings.warning_of_silence(open_files::raise_limit(u64::MAX)) {
            log_lines::say("ocowatch", &warning);
        }
        if let Some(warning) = settings.warning_of_figures() {
            log_lines::say("ocowatch", &warning);
        }
        let said = writeln!(io::stdout(), "ocowatch: the configuration is good");
        return said.map(|()| ExitCode::SUCCESS).map_err(|error| Error::System("stdout", error));
    }
    let signals = Signals::catch(&SIGNALS, &[]).map_err(|error| Error::System("signals", error))?;
    let poll = Poll::new().map_err(|error| Error::System("event loop", error))?;
    let room = make_room(&settings);
    if arguments.once {
        // Plugins are not to run as another user than when it watches.
        if let Some(user) = &user {
            user::become_user(user).map_err(Error::User)?;
        }
        let tls = Arc::new(load_tls(&settings, arguments)?);
        let (pool, programs, _) = probes(&poll, room, (false, user.as_ref()))?;
        let mut changes = Changes::default();
        let now = clock::now();
        let planning = planned_once(&settings, now)?;
        let kept = Kept { planned: planning.planned().clone(), ..kept::nothing() };
        let mut watcher = Watcher::new(settings, &kept, (pool, programs), now, &mut changes);
        watcher.pool().set_tls(tls);
        return once::run(poll, watcher, &planning, changes, signals, arguments.json);
    }
    // A start that fails so says one line: why.
    let metrics = bind_metrics(&settings, &poll)?;
    let control = bind_control(&settings, user.as_ref(), group, &poll)?;
    info!("{PROGRAM} starting, state in {}", settings.state_dir.display());
    if let Some(user) = &user {
        let become_it = if settings.has_lvs() { user::become_user_with_net_admin } else { user::become_user };
        become_it(user).map_err(Error::User)?;
    }
    if user::is_root() {
        warn!("running as root, which nothing here needs; name a user in the file");
    }
    let path = settings.control.clone();
    let end = serve_fleet(arguments, settings, signals, poll, (control, metrics), (room, user.as_ref()));
    if end.is_err() {
        // Who connects from now on is to find nobody.
        let _ = std::fs::remove_file(config::token_socket(&path));
        let _ = std::fs::remove_file(path);
    }
    end
}

/// Runs until it is told to stop.
fn serve_fleet(
    arguments: &Arguments,
    settings: Settings,
    signals: Signals<Signal>,
    poll: Poll,
    (control, metrics): (Control, MetricsServer),
    (room, user): (usize, Option<&User>),
) -> Result<ExitCode, Error> {
    let now = clock::now();
    let at = Millis::of(now.wall);
    let (writer, opened) =
        Writer::open(&settings.state_dir, at, kept::longest_flap(&settings)).map_err(Error::Journal)?;
    if let Some(aside) = &opened.set_aside {
        error!("journal: {aside}");
    }
    let (pool, programs, has_net_admin) = probes(&poll, room, (settings.has_lvs(), user))?;
    for what in sandbox::confine(&settings, arguments) {
        info!("this kernel confines less than it could; missing: {what}");
    }
    // Read by the confined process, as a reload will.
    let tls = Arc::new(load_tls(&settings, arguments)?);
    let waker = Waker::new(poll.registry(), Source::Threads.encode());
    let waker = Arc::new(waker.map_err(|error| Error::System("event loop", error))?);
    let wake = || {
        let waker = Arc::clone(&waker);
        // A loop that can't be woken looks by itself soon.
        move || drop(waker.wake())
    };
    let path = writer.path().to_owned();
    let journal = JournalWriter::start(writer, WriterBounds::default(), Box::new(wake()));
    let mut journal = journal.map_err(|error| Error::System("journal", error))?;
    if let Some((since, until)) = opened.gap {
        journal.push(Entry::Gap { since, until });
    }
    let reader = JournalReader::start(path, Box::new(wake()));
    let reader = reader.map_err(|error| Error::System("journal", error))?;
    let resolver = Resolver::start(RESOLVER_THREADS, wake());
    let resolver = resolver.map_err(|error| Error::System("resolver", error))?;
    let publisher = Publisher::start(wake()).map_err(|error| Error::System("publish", error))?;
    let users = Users::start(wake()).map_err(|error| Error::System("names of users", error))?;
    let control_path = settings.control.clone();
    let mut changes = Changes::default();
    let mut kept = opened.kept;
    let adjustments = Adjustments::new(std::mem::take(&mut kept.adjustments), kept.last_adjustment);
    let levels = Levels::new(&settings, &kept.objects, at, &mut changes);
    let kept_telling = kept::telling(&mut kept);
    let registry = poll.registry().try_clone().map_err(|error| Error::System("event loop", error))?;
    let tables = Tables::new(&settings, std::mem::take(&mut kept.balanced), registry, has_net_admin);
    let moment = Clock::new(kept.last, now).moment(now);
    let telling = Telling::new(&settings, kept_telling, kept.objects.keys(), zone(&settings)?, moment);
    let kept = Kept { planned: telling.planned().clone(), ..kept::of(kept) };
    let mut watcher = Watcher::new(settings, &kept, (pool, programs), now, &mut changes);
    // What the journal told of a whole fleet is as large as the fleet.
    drop(kept);
    watcher.pool().set_tls(tls);
    let parts = Parts {
        poll,
        watcher,
        levels,
        adjustments,
        changes,
        telling,
        tables,
        control,
        journal,
        reader,
        publisher,
        alertmanagers: Alertmanagers::new(wake()),
        forwarder: Forwarder::new(wake()),
        metrics,
        resolver,
        users,
        signals,
    };
    let event_loop = EventLoop::new(parts, Notify::from_environment());
    let mut event_loop = event_loop.map_err(|error| Error::System("event loop", error))?;
    loop {
        match event_loop.run()? {
            TurnEnd::GoOn => {}
            TurnEnd::Stop => {
                event_loop.stop(&control_path);
                return Ok(ExitCode::SUCCESS);
            }
            TurnEnd::Reload => {
                event_loop.begin_reload();
                reload(&mut event_loop, arguments);
            }
        }
    }
}

/// Takes on the settings as they are now, whole or not at all.
fn reload(event_loop: &mut EventLoop, arguments: &Arguments) {
    let read = config::load(&arguments.config).map_err(Error::Config).and_then(|settings| {
        let tls = load_tls(&settings, arguments).map_err(|error| match error {
            Error::Config(error) if error.is_denied() => Error::NeedsRestart(error.to_string()),
            error => error,
        })?;
        let zone = zone(&settings)?;
        Ok((settings, tls, zone))
    });
    match read {
        Ok((mut settings, tls, zone)) => {
            for key in settings.stay_with(event_loop.settings()) {
                warn!("{key}: can't be changed while running; that needs a restart");
            }
            event_loop.reload(settings, Arc::new(tls), zone);
        }
        Err(error) => error.refuse_reload(),
    }
}

/// The sockets and programs of probes, and whether programs can have CAP_NET_ADMIN. The helper is started here: it alone
/// keeps that, and only where it is needed.
fn probes(
    poll: &Poll,
    room: usize,
    (needs_net_admin, user): (bool, Option<&User>),
) -> Result<(Pool<KernelNetwork>, Programs<HelperStarter>, bool), Error> {
    let registry = || -> Result<Registry, Error> {
        poll.registry().try_clone().map_err(|error| Error::System("event loop", error))
    };
    let (starter, has_net_admin) = launch_helper(registry()?, needs_net_admin, user)?;
    let limits = ChildLimits { at_once: CHILDREN, kept_places: KEPT_FOR.to_vec() };
    let programs = Programs::new(Children::new(starter, FIRST_CHILD, limits));
    Ok((Pool::new(KernelNetwork::new(registry()?), PROBE_TOKENS, room), programs, has_net_admin))
}

/// Starts the helper. It alone keeps CAP_NET_ADMIN, where that is needed and there: whether it does. `user` is whom we
/// have become.
fn launch_helper(
    registry: Registry,
    needs_net_admin: bool,
    user: Option<&User>,
) -> Result<(HelperStarter, bool), Error> {
    let give_up = || {
        let given_up = capabilities::give_up_net_admin();
        given_up.map_err(|error| Error::System("give up CAP_NET_ADMIN", error.into()))
    };
    // A kernel that can't hand it on is as good as one that never gave it to us.
    let has_net_admin = needs_net_admin && capabilities::hand_on_net_admin().unwrap_or(false);
    if !has_net_admin {
        give_up()?;
    }
    let mut command = Command::new("/proc/self/exe");
    command.arg0("ocowatch").arg(HELPER).env("PATH", program_path());
    if let Some(user) = user {
        // Those that we were started with are root's, whose files its programs can't read.
        command.env("HOME", &user.dir).env("USER", &user.name).env("LOGNAME", &user.name);
    }
    let starter = HelperStarter::launch(command, registry, FIRST_CHILD);
    give_up()?;
    let starter = starter.map_err(|error| Error::System("start the helper that runs programs", error))?;
    Ok((starter, has_net_admin))
}

/// Where the helper looks for programs.
fn program_path() -> OsString {
    let mut path = OsString::from(PROGRAM_FOLDERS);
    if let Some(inherited) = std::env::var_os("PATH").filter(|path| !path.is_empty()) {
        path.push(":");
        path.push(inherited);
    }
    path
}

/// Makes room for as many probes at once as there can be. Returns for how many.
fn make_room(settings: &Settings) -> usize {
    let wanted = settings.sockets_of_a_silent_fleet();
    let reserved = settings.reserved_descriptors();
    let limit = open_files::raise_limit(reserved.saturating_add(wanted));
    if let Some(warning) = settings.warning_of_silence(limit) {
        warn!("{warning}");
    }
    usize::try_from(limit.saturating_sub(settings.kept_of(limit))).unwrap_or(usize::MAX)
}

fn bind_metrics(settings: &Settings, poll: &Poll) -> Result<MetricsServer, Error> {
    let server = MetricsServer::new(poll.registry());
    let mut server = server.map_err(|error| Error::System("event loop", error))?;
    server.listen(settings.metrics).map_err(Error::Metrics)?;
    Ok(server)
}

fn bind_control(
    settings: &Settings,
    user: Option<&User>,
    group: Option<u32>,
    poll: &Poll,
) -> Result<Control, Error> {
    let registry = poll.registry().try_clone().map_err(|error| Error::System("event loop", error))?;
    let owner = user.map(|user| user.uid.as_raw());
    let mut control = Control::bind(&settings.control, (owner, group), registry).map_err(Error::Control)?;
    match control.let_everybody_in(&config::token_socket(&settings.control), owner) {
        Ok(()) => Ok(control),
        Err(error) => {
            let _ = std::fs::remove_file(&settings.control);
            Err(Error::Control(error))
        }
    }
}

/// Who is planned by the windows of the file alone.
fn planned_once(settings: &Settings, now: Now) -> Result<Planning, Error> {
    let mut planning = Planning::new(settings, zone(settings)?, Vec::new());
    let at = Millis::of(now.wall);
    let names = first_names(settings, std::iter::empty());
    planning.due(&names, &Acts::default(), Times { wall: at, at }, &mut Vec::new());
    Ok(planning)
}

/// The zone of hours and levels. The settings have looked it up once.
fn zone(settings: &Settings) -> Result<Zone, Error> {
    let zone = Zone::parse(settings.time_zone.as_deref());
    zone.map_err(|why| Error::System("time-zone", io::Error::other(why)))
}

fn find_group(name: &str, arguments: &Arguments) -> Result<u32, Error> {
    let why = match Group::from_name(name) {
        Ok(Some(group)) => return Ok(group.gid.as_raw()),
        Ok(None) => "no such group".to_owned(),
        Err(errno) => words(&errno.into()),
    };
    let what = format!("{name}: {why}");
    Err(Error::Config(outside::wrong_key(file_of(arguments), "control-group", what)))
}

/// The file of the settings, and how large it may be.
fn file_of(arguments: &Arguments) -> (&Path, u64) {
    (&arguments.config, SETTINGS_OCTETS)
}

fn load_tls(settings: &Settings, arguments: &Arguments) -> Result<TlsStore, Error> {
    TlsStore::load(settings).map_err(|error| {
        let ca = error.file.to_string_lossy();
        let wrong = outside::wrong_text(file_of(arguments), "ca", &ca, error.to_string());
        Error::Config(if error.is_denied { wrong.denied() } else { wrong })
    })
}
