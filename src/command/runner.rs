//! Runs plugins side by side in one loop and records their results. What is to be done when is [`Plugin`]'s to say;
//! here it is done.

use super::error::Error;
use super::lock::{Lock, LockError, lock};
use super::record;
use crate::children::output::Output;
use crate::limits::{PLUGINS_AT_ONCE, STATUS_FILE_OCTETS};
use crate::logic::code::Code;
use crate::logic::plugin::{Action, Event, Plugin};
use crate::logic::plugin_result::{Kept, Run};
use crate::logic::text::printable;
use crate::logic::time::Nanos;
use crate::reason::reason;
use crate::system::clock;
use crate::system::process::{end_of, kill_group, living_groups, reap, terminate_group};
use crate::system::signals::Signals;
use log::{debug, warn};
use mio::unix::SourceFd;
use mio::unix::pipe::Receiver;
use mio::{Events, Interest, Poll, Token};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::{AccessFlags, access};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SIGNALS: Token = Token(0);
/// From here on each plugin has two tokens, for stdout and stderr.
const FIRST_PIPE: usize = 1;

/// A plugin to run.
#[derive(Debug)]
pub struct Job {
    /// The check to record it as.
    pub name: String,
    /// The program: looked for in PATH unless it has a slash.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long it may take.
    pub timeout: Duration,
    /// How old its result may be, where that is not the settings' to say.
    pub max_age: Option<Duration>,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// To look for children that have ended.
    Look,
    /// To end.
    Stop,
}

/// What became of a plugin.
#[derive(Debug)]
pub enum Outcome {
    /// Its result was recorded as this.
    Recorded(Code),
    /// Another run of the same check is under way; that one will record.
    Busy,
    /// oco was told to end before there was a result.
    Stopped,
    /// It could not be run or recorded, for this reason.
    Failed(Error),
}

/// A plugin under way.
#[derive(Debug)]
struct Running {
    index: usize,
    job: Job,
    /// Its leader's number, which is its group's too.
    process: u32,
    plugin: Plugin,
    stdout: Output,
    stderr: Output,
    told_output_end: bool,
    outcome: Outcome,
    _lock: Lock,
}

/// What there is of a plugin when it has started.
struct Started {
    process: u32,
    stdout: Output,
    stderr: Output,
    lock: Lock,
}

/// Why a plugin did not start.
enum StartError {
    /// It did not, and that is its result.
    Plugin(Lock, String),
    /// We are to blame.
    Own(Error),
    /// We are short of descriptors or processes.
    Short(io::Error),
    Busy,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Runner<'a> {
    directory: &'a Path,
    poll: Poll,
    signals: Signals<Asked>,
    waiting: VecDeque<(usize, Job)>,
    /// By number; numbers only count up, so that a late event finds nothing.
    running: BTreeMap<usize, Running>,
    next: usize,
    outcomes: Vec<Outcome>,
    stopping: bool,
}

impl<'a> Runner<'a> {
    /// A runner that records in `directory`.
    pub fn new(directory: &'a Path) -> io::Result<Runner<'a>> {
        let poll = Poll::new()?;
        let stop = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].map(|signal| (signal, Asked::Stop));
        let signals = Signals::catch(&[(Signal::SIGCHLD, Asked::Look)], &stop)?;
        if let Some(descriptor) = signals.raw_fd() {
            poll.registry().register(&mut SourceFd(&descriptor), SIGNALS, Interest::READABLE)?;
        }
        Ok(Runner {
            directory,
            poll,
            signals,
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            next: 0,
            outcomes: Vec::new(),
            stopping: false,
        })
    }

    /// Runs all jobs, and says what became of each, in their order.
    pub fn run(mut self, jobs: Vec<Job>) -> io::Result<Vec<Outcome>> {
        self.outcomes = jobs.iter().map(|_| Outcome::Stopped).collect();
        self.waiting = jobs.into_iter().enumerate().collect();
        let mut events = Events::with_capacity(2 * PLUGINS_AT_ONCE + 1);
        while !self.waiting.is_empty() || !self.running.is_empty() {
            self.start_waiting();
            if self.running.is_empty() {
                continue;
            }
            match self.poll.poll(&mut events, Some(self.time_to_sleep())) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    // Nobody would watch over them.
                    self.running.values().for_each(Running::drop_group);
                    return Err(error);
                }
                Ok(()) | Err(_) => {}
            }
            self.turn(&events, clock::now().boot);
        }
        Ok(self.outcomes)
    }

    fn time_to_sleep(&self) -> Duration {
        let now = clock::now().boot;
        let has_more = |running: &Running| running.stdout.has_more() || running.stderr.has_more();
        if self.running.values().any(has_more) {
            return Duration::ZERO;
        }
        let deadline = self.running.values().filter_map(|running| running.plugin.deadline()).min();
        deadline.map_or(Duration::ZERO, |deadline| deadline.since(now))
    }

    fn turn(&mut self, events: &Events, now: Nanos) {
        for event in events {
            match event.token() {
                SIGNALS => self.stopping |= self.signals.take().contains(&Asked::Stop),
                Token(pipe) => {
                    let number = pipe.saturating_sub(FIRST_PIPE) / 2;
                    if let Some(running) = self.running.get_mut(&number) {
                        running.stdout.read();
                        running.stderr.read();
                    }
                }
            }
        }
        if self.stopping {
            self.waiting.clear();
        }
        let mut turn = Turn { directory: self.directory, now, living: None };
        for running in self.running.values_mut() {
            // Not only when a signal told of it: who ended just before its time-out did not time out.
            running.notice_exit(&mut turn);
            running.notice_output_end(&mut turn);
            if self.stopping {
                // What was recorded before stays so: only the group is ended.
                running.tell(Event::Stopped, &mut turn);
            }
            running.tell(Event::Time, &mut turn);
        }
        let outcomes = &mut self.outcomes;
        self.running.retain(|_, running| {
            if running.plugin.is_over()
                && let Some(outcome) = outcomes.get_mut(running.index)
            {
                *outcome = std::mem::replace(&mut running.outcome, Outcome::Stopped);
            }
            !running.plugin.is_over()
        });
    }

    fn start_waiting(&mut self) {
        while self.running.len() < PLUGINS_AT_ONCE
            && let Some((index, job)) = self.waiting.pop_front()
        {
            let outcome = match self.start(&job) {
                Ok(started) => {
                    let running = Running::new(index, job, started);
                    self.running.insert(self.next, running);
                    self.next += 1;
                    continue;
                }
                Err(StartError::Short(error)) if !self.running.is_empty() => {
                    debug!("{}: waits for another to end: {}", job.name, reason(&error));
                    self.waiting.push_front((index, job));
                    return;
                }
                Err(StartError::Short(error)) => Outcome::Failed(Error::System("can't be run", error)),
                Err(StartError::Own(error)) => Outcome::Failed(error),
                Err(StartError::Busy) => {
                    debug!("{}: another run of it is under way", job.name);
                    Outcome::Busy
                }
                Err(StartError::Plugin(_lock, why)) => {
                    let run = Run::NotStarted(why);
                    recorded(self.directory, &job, run.code(), &run.text(Kept::default(), Kept::default()))
                }
            };
            if let Some(place) = self.outcomes.get_mut(index) {
                *place = outcome;
            }
        }
    }

    fn start(&self, job: &Job) -> Result<Started, StartError> {
        let lock = lock(self.directory, &job.name).map_err(|error| match error {
            LockError::Busy => StartError::Busy,
            LockError::Failed(_, error) if is_shortage(&error) => StartError::Short(error),
            LockError::Failed(..) => StartError::Own(error.into()),
        })?;
        let mut command = Command::new(&job.program);
        command.args(&job.arguments).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if is_shortage(&error) => return Err(StartError::Short(error)),
            Err(error) => return Err(StartError::Plugin(lock, not_started(job, &error))),
        };
        let token = FIRST_PIPE + 2 * self.next;
        let registry = self.poll.registry();
        let stdout =
            Output::new(child.stdout.take().map(Receiver::from), STATUS_FILE_OCTETS, registry, Token(token));
        let stderr = Output::new(
            child.stderr.take().map(Receiver::from),
            STATUS_FILE_OCTETS,
            registry,
            Token(token + 1),
        );
        let (stdout, stderr) = match (stdout, stderr) {
            (Ok(stdout), Ok(stderr)) => (stdout, stderr),
            (Err(error), _) | (_, Err(error)) => {
                // It would run unwatched.
                let _ = kill_group(child.id());
                let _ = child.wait();
                return Err(StartError::Short(error));
            }
        };
        debug!("{}: started as process {}", job.name, child.id());
        Ok(Started { process: child.id(), stdout, stderr, lock })
    }
}

impl Running {
    fn new(index: usize, job: Job, started: Started) -> Running {
        Running {
            index,
            plugin: Plugin::started(clock::now().boot.after(job.timeout)),
            job,
            process: started.process,
            stdout: started.stdout,
            stderr: started.stderr,
            told_output_end: false,
            outcome: Outcome::Stopped,
            _lock: started.lock,
        }
    }

    fn notice_exit(&mut self, turn: &mut Turn<'_>) {
        if self.plugin.has_exited() {
            return;
        }
        let Some(end) = end_of(self.process) else { return };
        // All that it wrote is in the pipes by now.
        self.stdout.read();
        self.stderr.read();
        self.tell(Event::Exited(end), turn);
    }

    fn notice_output_end(&mut self, turn: &mut Turn<'_>) {
        for output in [&mut self.stdout, &mut self.stderr] {
            if output.has_more() {
                output.read();
            }
        }
        if !self.told_output_end && self.stdout.has_ended() && self.stderr.has_ended() {
            self.told_output_end = true;
            self.tell(Event::OutputEnded, turn);
        }
    }

    /// Tells the machine what happened, and does what it wants.
    fn tell(&mut self, event: Event, turn: &mut Turn<'_>) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            for action in self.plugin.on(event, turn.now) {
                match action {
                    Action::Record(end) => self.record(&Run::Ended(end), turn),
                    Action::RecordTimeOut => self.record(&Run::TimedOut(self.job.timeout), turn),
                    Action::Terminate => self.signalled("TERM", terminate_group(self.process)),
                    Action::Kill => self.signalled("KILL", kill_group(self.process)),
                    Action::Look => next = Some(Event::Looked { living: turn.has_living(self.process) }),
                    Action::Reap => reap(self.process),
                    Action::Abandon => {
                        reap(self.process);
                        warn!("{}: a process of group {} can't be killed", self.job.name, self.process);
                    }
                }
            }
        }
    }

    fn record(&mut self, run: &Run, turn: &Turn<'_>) {
        let text = run.text(self.stdout.kept(), self.stderr.kept());
        debug!("{}: {run:?}: {}", self.job.name, printable(&text));
        self.outcome = recorded(turn.directory, &self.job, run.code(), &text);
    }

    /// Ends it at once, and unseen.
    fn drop_group(&self) {
        let _ = kill_group(self.process);
    }

    fn signalled(&self, signal: &str, result: nix::Result<()>) {
        match result {
            Ok(()) => debug!("{}: {signal} to its process group {}", self.job.name, self.process),
            Err(errno) => {
                warn!("{}: {signal} to group {}: {}", self.job.name, self.process, reason(&errno.into()))
            }
        }
    }
}

/// What is the same for all plugins in one turn of the loop.
struct Turn<'a> {
    directory: &'a Path,
    now: Nanos,
    /// The groups that have a living process, once they were looked up.
    living: Option<io::Result<HashSet<u32>>>,
}

impl Turn<'_> {
    /// Whether the group has a living process; yes where that can't be known.
    fn has_living(&mut self, group: u32) -> bool {
        match self.living.get_or_insert_with(living_groups) {
            Ok(living) => living.contains(&group),
            Err(_) => true,
        }
    }
}

fn recorded(directory: &Path, job: &Job, code: Code, text: &[u8]) -> Outcome {
    match record::write(directory, &job.name, code, text, job.max_age) {
        Ok(()) => Outcome::Recorded(code),
        Err(error) => Outcome::Failed(error.into()),
    }
}

/// Whether it is our own fault or the host's that nothing can be started now, not the plugin's.
fn is_shortage(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE))
}

/// Why a plugin could not be started, to be recorded as its result.
fn not_started(job: &Job, error: &io::Error) -> String {
    let why = match error.kind() {
        // To the system the script is not there either when the program in its first line is not.
        ErrorKind::NotFound if is_found(&job.program) => "interpreter not found".to_owned(),
        ErrorKind::NotFound => "not found".to_owned(),
        _ => reason(error),
    };
    format!("{why}: {}", job.program.display())
}

/// Whether there is such a program where the system looks for it: a name without a slash in PATH, and nowhere else.
fn is_found(program: &OsStr) -> bool {
    if program.as_bytes().contains(&b'/') {
        return std::fs::metadata(program).is_ok_and(|file| file.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_program = |file: PathBuf| {
        access(&file, AccessFlags::X_OK).is_ok() && std::fs::metadata(file).is_ok_and(|file| file.is_file())
    };
    std::env::split_paths(&path).any(|directory| is_program(Path::new(".").join(directory).join(program)))
}
