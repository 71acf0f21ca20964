//! The load: clients that keep their connections, send slowly or reset, and somebody who rewrites checks.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};

use crate::Result;

/// How long ocod lets a client linger.
const LINGER: Duration = Duration::from_secs(2);
/// An idle client is opened again a little later than ocod has dropped it.
const IDLE_PERIOD: Duration = Duration::from_millis(2100);
/// A slow client sends at once, a second later, and once more when ocod drops it.
const SLOW_PERIOD: Duration = Duration::from_secs(1);
/// Work is done in so many portions a period, so that it does not come in gusts.
const PORTIONS: u32 = 100;
/// A client that has waited so long has lost its answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Load {
    idle: usize,
    slow: usize,
    resets_a_second: u32,
    pub rewrites_a_second: u64,
    pub checks: u32,
}

/// What the load has seen.
#[derive(Clone, Default)]
pub struct Count(Arc<[AtomicU64; 5]>);

#[derive(Clone, Copy)]
enum What {
    Answer,
    Reset,
    Rewrite,
    Lost,
    Odd,
}

impl Count {
    fn add(&self, what: What) {
        self.number(what).fetch_add(1, Ordering::Relaxed);
    }

    fn number(&self, what: What) -> &AtomicU64 {
        let [answers, resets, rewrites, lost, odd] = &*self.0;
        match what {
            What::Answer => answers,
            What::Reset => resets,
            What::Rewrite => rewrites,
            What::Lost => lost,
            What::Odd => odd,
        }
    }

    /// The time that counts begins. What went wrong before counts too.
    pub fn begin(&self) {
        for what in [What::Answer, What::Reset, What::Rewrite] {
            self.number(what).store(0, Ordering::Relaxed);
        }
    }

    /// Answers, resets, rewrites, clients without a line, clients with an odd one.
    pub fn numbers(&self) -> [u64; 5] {
        [What::Answer, What::Reset, What::Rewrite, What::Lost, What::Odd]
            .map(|what| self.number(what).load(Ordering::Relaxed))
    }
}

/// Makes `checks` checks, all of them ok, in a directory that ocod can read as any user.
pub fn make_checks(directory: &Path, checks: u32) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(0o755))?;
    (0..checks).try_for_each(|number| rewrite(directory, &format!("check-{number}"), "200\n"))
}

/// As `echo CODE > NAME` does it: truncate, write, close.
pub fn rewrite(directory: &Path, name: &str, content: &str) -> io::Result<()> {
    rewrite_slowly(directory, name, content, Duration::ZERO)
}

/// The same, but the file stays empty for a while.
fn rewrite_slowly(directory: &Path, name: &str, content: &str, pause: Duration) -> io::Result<()> {
    let mut file = File::create(directory.join(name))?;
    if !pause.is_zero() {
        sleep(pause);
    }
    file.write_all(content.as_bytes())
}

/// As `oco set NAME CODE` does it: write aside, rename.
pub fn replace(directory: &Path, name: &str, content: &str) -> io::Result<()> {
    let aside = directory.join(format!(".{name}"));
    File::create(&aside)?.write_all(content.as_bytes())?;
    fs::rename(aside, directory.join(name))
}

impl Load {
    /// The load of a full soak, or one in `divisor` of it.
    pub fn new(divisor: u64) -> Load {
        let part = |number: u32| u32::try_from(u64::from(number) / divisor).unwrap_or(0).max(1);
        let clients = |number: u32| usize::try_from(part(number)).unwrap_or(1);
        Load {
            idle: clients(10_000),
            slow: clients(1000),
            resets_a_second: part(100),
            rewrites_a_second: part(200).into(),
            checks: part(1000),
        }
    }

    /// Connections at once.
    pub fn clients(&self) -> u64 {
        u64::try_from(self.idle_kept() + self.slow).unwrap_or(u64::MAX)
    }

    /// Some more than are idle at ocod, since it has dropped a few before they are opened again.
    fn idle_kept(&self) -> usize {
        self.idle * usize::try_from(IDLE_PERIOD.as_millis() / 100).unwrap_or(1)
            / usize::try_from(LINGER.as_millis() / 100).unwrap_or(1)
    }

    /// Clients that say nothing and do not close.
    pub fn keep_idle(&self, address: SocketAddr, count: &Count, is_over: &dyn Fn() -> bool) -> Result<()> {
        let mut idle: Vec<Option<TcpStream>> = (0..self.idle_kept()).map(|_| None).collect();
        each_period(&mut idle, IDLE_PERIOD, is_over, |slot| {
            if let Some(stream) = slot.take() {
                count.check(stream);
            }
            *slot = Some(TcpStream::connect(address)?);
            Ok(())
        })
    }

    /// Clients that send a byte a second, until ocod drops them.
    pub fn send_slowly(&self, address: SocketAddr, count: &Count, is_over: &dyn Fn() -> bool) -> Result<()> {
        let mut slow: Vec<Slow> = (0..self.slow).map(|_| Slow::Closed).collect();
        each_period(&mut slow, SLOW_PERIOD, is_over, |slow| {
            *slow = match std::mem::replace(slow, Slow::Closed) {
                // The line has to be read before ocod drops it: the next byte is answered by a reset.
                Slow::Opened(mut stream) => {
                    count.check_open(&mut stream);
                    let _ = stream.write(b"y");
                    Slow::Answered(stream)
                }
                slow => {
                    if let Slow::Answered(mut stream) = slow {
                        let _ = stream.write(b"z");
                    }
                    let mut stream = TcpStream::connect(address)?;
                    let _ = stream.write(b"x");
                    Slow::Opened(stream)
                }
            };
            Ok(())
        })
    }

    /// Clients that reset: before their line, or when they have it.
    pub fn reset(&self, address: SocketAddr, count: &Count, is_over: &dyn Fn() -> bool) -> Result<()> {
        let mut number = 0_u32;
        pace(self.resets_a_second, is_over, || {
            let mut stream = TcpStream::connect(address)?;
            setsockopt(&stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?;
            if number.is_multiple_of(2) {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.write_all(b"QUIT\r\n")?;
                count.check_open(&mut stream);
            }
            number = number.wrapping_add(1);
            count.add(What::Reset);
            Ok(())
        })
    }

    /// Writes the same result to one check after the other. An answer that shows one of them was torn.
    pub fn rewrite(&self, directory: &Path, count: &Count, is_over: &dyn Fn() -> bool) -> Result<()> {
        let mut number = 0_u32;
        pace(u32::try_from(self.rewrites_a_second)?, is_over, || {
            let name = format!("check-{}", number % self.checks);
            match number % 3 {
                0 => rewrite(directory, &name, "200\n")?,
                1 => rewrite_slowly(directory, &name, "200 at last\n", Duration::from_millis(1))?,
                _ => replace(directory, &name, "200 fine\n")?,
            }
            number = number.wrapping_add(1);
            count.add(What::Rewrite);
            Ok(())
        })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} idle clients, {} that send a byte a second, {} resets and {} rewrites a second over {} checks",
            self.idle, self.slow, self.resets_a_second, self.rewrites_a_second, self.checks
        )
    }
}

enum Slow {
    Closed,
    Opened(TcpStream),
    Answered(TcpStream),
}

impl Count {
    /// A client that had all the time to get its line.
    fn check(&self, mut stream: TcpStream) {
        self.check_open(&mut stream);
    }

    fn check_open(&self, stream: &mut TcpStream) {
        match read_waiting(stream) {
            Ok(line) if is_an_answer(&line) => self.add(What::Answer),
            Ok(line) if line.is_empty() => self.add(What::Lost),
            Ok(_) => self.add(What::Odd),
            Err(_) => self.add(What::Lost),
        }
    }
}

/// The line, for which a client waits as long as it takes.
fn read_waiting(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    match stream.take(1024).read_to_end(&mut line) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
        _ => Ok(line),
    }
}

fn is_an_answer(line: &[u8]) -> bool {
    let starts = [&b"200 OK oco-"[..], b"250 OK, but oco-", b"350 KO oco-", b"550 KO oco-"];
    line.ends_with(b"\r\n") && starts.iter().any(|start| line.starts_with(start))
}

/// Does `work` for each of `slots` once a period, spread evenly over it.
fn each_period<T>(
    slots: &mut [T],
    period: Duration,
    is_over: &dyn Fn() -> bool,
    mut work: impl FnMut(&mut T) -> Result<()>,
) -> Result<()> {
    let portion = slots.len().div_ceil(usize::try_from(PORTIONS)?).max(1);
    let mut next = Instant::now();
    loop {
        for slots in slots.chunks_mut(portion) {
            if is_over() {
                return Ok(());
            }
            slots.iter_mut().try_for_each(&mut work)?;
            next += period / PORTIONS;
            sleep(next.saturating_duration_since(Instant::now()));
        }
    }
}

/// Does `work` so many times a second. What a stall made late is not made up for by a gust.
fn pace(times_a_second: u32, is_over: &dyn Fn() -> bool, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let interval = Duration::from_secs(1) / times_a_second.max(1);
    let mut next = Instant::now();
    while !is_over() {
        work()?;
        next = (next + interval).max(Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or(next));
        sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
