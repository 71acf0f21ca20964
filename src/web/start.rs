//! ocoboard from its command line to its exit.
//!
//! The order of the start: read the settings, bind the listeners and read the certificate, become the unprivileged user,
//! read the keys, start the helper that connects to ocowatch, give up what is not needed, and only then serve.

use crate::arguments::{Arguments, Command};
use crate::board::Board;
use crate::config::there::{self, Key};
use crate::config::{self, Settings};
use crate::control::{Watcher, connector};
use crate::error::{BAD_USAGE, Error};
use crate::keys::Keys;
use crate::limits::{ALERT_LOOK, CONNECTIONS, SETTINGS_OCTETS};
use crate::race::{First, first};
use crate::server::listener::{self, Bound};
use crate::server::{Server, tls};
use crate::store::Store;
use crate::{command, push, sandbox};
use log::{error, info, warn};
use oco::config::outside;
use oco::logic::answer::PROGRAM;
use oco::system::systemd::Notify;
use oco::system::{clock, command_line, log_lines, open_files, process, user};
use oco_fleet::time::Millis;
use rustls::ServerConfig;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

/// What makes this program the helper that connects for another ocoboard.
const HELPER: &str = "--connect-for-ocoboard";
/// How often it is looked after what no event tells of: lines that wait for standard error, and systemd's watchdog.
const LOOK: Duration = Duration::from_secs(1);

/// Runs ocoboard with the command line of the process.
pub fn main() -> ExitCode {
    log_lines::start("info");
    if std::env::args_os().nth(1).is_some_and(|first| first == HELPER) {
        return help();
    }
    let arguments = command_line::parse("ocoboard", std::env::args_os(), BAD_USAGE).map_err(Error::Said);
    let exit = match arguments.and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
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
    process::show_as("ocoboard");
    match connector::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("helper: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let load = || config::load(&arguments.config).map_err(Error::Config);
    match &arguments.command {
        None if arguments.test => check(&arguments.config, &load()?),
        None => serve(arguments, load()?),
        Some(Command::Token(token)) => command::token::run(&load()?, token),
        Some(Command::Key(key)) => command::key::run(&load()?, key),
        Some(Command::Report(report)) => command::report::run(&load()?, report),
        Some(Command::AckMail) => command::ack_mail::run(&arguments.config),
    }
}

/// `-t`.
fn check(path: &Path, settings: &Settings) -> Result<(), Error> {
    find_user(path, settings)?;
    load_tls(path, settings)?;
    there::check(path, settings).map_err(Error::Config)?;
    writeln!(io::stdout(), "ocoboard: the configuration is good").map_err(Error::system("stdout"))
}

/// The user to become, when started as root.
fn find_user(path: &Path, settings: &Settings) -> Result<Option<nix::unistd::User>, Error> {
    let name = settings.user.as_deref().filter(|_| user::is_root());
    let found = name.map(user::find).transpose();
    found.map_err(|error| Error::Config(outside::wrong_user((path, SETTINGS_OCTETS), &error)))
}

fn load_tls(path: &Path, settings: &Settings) -> Result<Option<Arc<ServerConfig>>, Error> {
    settings.tls.as_ref().map(tls::load).transpose().map_err(|fault| {
        let key = match fault.file {
            tls::Which::Certificate => Key::Certificate,
            tls::Which::Key => Key::TlsKey,
        };
        Error::Config(there::wrong(path, key, fault.what))
    })
}

fn serve(arguments: &Arguments, settings: Settings) -> Result<(), Error> {
    let user = find_user(&arguments.config, &settings)?;
    let tls = load_tls(&arguments.config, &settings)?;
    // A descriptor a connection, and some of our own.
    open_files::raise_limit(u64::try_from(CONNECTIONS).unwrap_or(u64::MAX).saturating_add(256));
    // A start that fails so says one line: why.
    let bound = listener::bind(&settings.listen, user.as_ref()).map_err(Error::Refused)?;
    info!("{PROGRAM} board starting, state in {}", settings.state_dir.display());
    let served = serve_bound(arguments, settings, user.as_ref(), &bound, tls);
    listener::unlink(&bound);
    served
}

fn serve_bound(
    arguments: &Arguments,
    settings: Settings,
    user: Option<&nix::unistd::User>,
    bound: &[Bound],
    tls: Option<Arc<ServerConfig>>,
) -> Result<(), Error> {
    if let Some(user) = user {
        user::become_user(user).map_err(Error::User)?;
    }
    if user::is_root() {
        warn!("running as root, which nothing here needs; name a user in the file");
    }
    let keys_in = format!("keys in {}", settings.state_dir.display());
    let mut keys = Keys::open(&settings.state_dir).map_err(Error::system(keys_in.clone()))?;
    keys.tidy().map_err(Error::system(keys_in))?;
    let notify = Notify::from_environment();
    let mut helper = std::process::Command::new("/proc/self/exe");
    helper.arg0("ocoboard").arg(HELPER);
    let connector = connector::launch(helper, &settings.control);
    let connector = connector.map_err(Error::system("start the helper that connects to ocowatch"))?;
    for what in sandbox::confine(&settings, arguments) {
        info!("this kernel confines less than it could; missing: {what}");
    }
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = runtime.map_err(Error::system("event loop"))?;
    runtime.block_on(async {
        let mut signals = Signals::catch().map_err(Error::system("signals"))?;
        let connector = connector.connector().map_err(Error::system("event loop"))?;
        let watcher = Watcher::new(connector);
        let store = Store::start(&settings.journal).map_err(Error::system("journal"))?;
        let board = Board::new(settings, keys, watcher, store).map_err(Error::Refused)?;
        let board = Rc::new(board);
        let server = Server::start(bound, tls, &board).map_err(Error::system("listeners"))?;
        for one in bound {
            info!("listening on {}", one.place());
        }
        let notify = Rc::new(notify);
        notify.ready();
        tokio::task::spawn_local(look_after(Rc::clone(&board), Rc::clone(&notify)));
        let hearing = Rc::clone(&board);
        tokio::task::spawn_local(async move { hearing.hear().await });
        loop {
            match first(signals.next(), board.watcher.lost()).await {
                First::Other(()) => {
                    let what = "the helper that connects to ocowatch has died; a restart brings it back";
                    return Err(Error::Refused(what.to_owned()));
                }
                First::One(What::Stop) => break,
                First::One(What::Reload) => {
                    notify.reloading();
                    reload(arguments, &board, &server);
                    notify.ready();
                }
            }
        }
        info!("stopping");
        notify.stopping();
        server.finish().await;
        push::sum_up(&board, None).await;
        Ok(())
    })
}

/// Takes on the settings as they are now, whole or not at all.
fn reload(arguments: &Arguments, board: &Board, server: &Server) {
    let read = config::load(&arguments.config)
        .map_err(Error::Config)
        .and_then(|settings| load_tls(&arguments.config, &settings).map(|tls| (settings, tls)));
    match read {
        Ok((mut settings, tls)) => {
            let old = board.settings();
            // A listener stays what it is, encrypted or not.
            if settings.tls.is_some() == old.tls.is_some() {
                server.set_tls(tls);
            }
            for key in settings.stay_with(&old) {
                warn!("{key}: can't be changed while running; that needs a restart");
            }
            match board.take_on(settings) {
                Ok(()) => info!("reloaded"),
                Err(why) => error!("reload refused, going on as before: time-zone: {why}"),
            }
        }
        Err(error) => error!("reload refused, going on as before: {error}"),
    }
}

/// Does what is due by the clock, as long as the board lives.
async fn look_after(board: Rc<Board>, notify: Rc<Notify>) {
    let watchdog = Notify::watchdog();
    let mut alerts_at = Instant::now() + ALERT_LOOK;
    loop {
        let now = Instant::now();
        if log_lines::pending() {
            log_lines::flush();
        }
        let seen = clock::now();
        let away = board.away.borrow().clone();
        let snapshot = board.store.snapshot();
        board.disturbances.borrow_mut().tell(away.as_deref(), &snapshot, Millis::of(seen.wall));
        if watchdog.is_some() {
            notify.alive();
        }
        if alerts_at <= now {
            alerts_at = now + ALERT_LOOK;
            push::sum_up(&board, Some(clock::now().boot)).await;
        }
        sleep_until(now + watchdog.map_or(LOOK, |period| period.min(LOOK))).await;
    }
}

/// What a signal asks for.
enum What {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn catch() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> What {
        let stop = first(self.terminate.recv(), self.interrupt.recv());
        match first(stop, self.hang_up.recv()).await {
            First::One(_) => What::Stop,
            First::Other(_) => What::Reload,
        }
    }
}
