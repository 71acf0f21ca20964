//! The load. A closed loop on loopback measures the client, so the server is stopped, its accept queue filled
//! (connect() needs nothing of the server), and then it is let go: the time and the CPU it takes are its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::socket::{MsgFlags, recv};

use oco::limits::LINGER;

use crate::Result;
use crate::meter;
use crate::servers::{Server, Talk};

/// A client that has waited as long as this has not been answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an answer cost.
#[derive(Clone, Copy)]
pub struct Cost {
    pub cpu: Duration,
    pub wall: Duration,
}

/// When the clients of a queue close. Closing costs this side more than an answer costs the server.
#[derive(Clone, Copy, PartialEq)]
pub enum Closing {
    /// Each as soon as it has its answer, as pollers do: what the server does then is on its account.
    AtOnce,
    /// After the last answer: the load keeps up with the server, so that the wall time is the server's.
    AtTheEnd,
}

/// Let so many waiting clients be answered, and give the cost of one answer.
pub fn full_queue(server: &Server, clients: u32, closing: Closing) -> Result<Cost> {
    meter::settle(server.pid)?;
    let before = meter::cpu(server.pid)?;
    let wall = stopped_queue(server, clients, closing)?;
    meter::settle(server.pid)?;
    Ok(Cost { cpu: (meter::cpu(server.pid)? - before) / clients, wall: wall / clients })
}

/// Fill the stopped server's accept queue, let it go on, and give the time until the last client has the end of its
/// answer.
pub fn stopped_queue(server: &Server, clients: u32, closing: Closing) -> Result<Duration> {
    server.signal(Signal::SIGSTOP)?;
    meter::wait_stopped(server.pid)?;
    let queue: io::Result<Vec<TcpStream>> = (0..clients).map(|_| connect(server)).collect();
    let mut answered = Vec::with_capacity(queue.as_ref().map_or(0, Vec::len));
    let start = Instant::now();
    server.signal(Signal::SIGCONT)?; // whether or not all could connect
    for stream in queue? {
        expect_ok(&read_answer(&stream)?)?;
        match closing {
            Closing::AtOnce => drop(stream),
            Closing::AtTheEnd => answered.push(stream),
        }
    }
    Ok(start.elapsed())
}

/// One client from connect to the end of its answer.
pub fn ask(server: &Server) -> Result<Vec<u8>> {
    ask_at(server, server.address)
}

/// The same at any of the ports where it listens.
fn ask_at(server: &Server, address: SocketAddr) -> Result<Vec<u8>> {
    let answer = read_answer(&connect_to(server, address)?)?;
    if answer.is_empty() {
        return Err(format!("{}: closed without an answer", server.name).into());
    }
    Ok(answer)
}

/// Ask once a millisecond until `is_over`, at each port in turn, and give how long each answer took, in milliseconds.
/// One that is not right is an error.
///
/// Who asks again only when he has his answer misses all but one of the answers that a stall delays. So each client whose
/// turn came while another waited is taken to have waited since then, until the same moment.
pub fn paced(
    server: &Server,
    is_right: impl Fn(&[u8]) -> bool,
    is_over: impl Fn() -> bool,
) -> Result<Vec<f64>> {
    const PACE: Duration = Duration::from_millis(1);
    let mut times = vec![];
    for address in server.addresses.iter().cycle() {
        if is_over() {
            break;
        }
        let begin = Instant::now();
        let answer = ask_at(server, *address)?;
        let mut waited = Some(begin.elapsed());
        if !is_right(&answer) {
            return Err(format!("a wrong answer: {:?}", String::from_utf8_lossy(&answer)).into());
        }
        while let Some(time) = waited {
            times.push(time.as_secs_f64() * 1e3);
            waited = time.checked_sub(PACE);
        }
        sleep(PACE.saturating_sub(begin.elapsed()));
    }
    Ok(times)
}

/// Do the work while another thread disturbs it. An error of either is one.
pub fn beside<T>(
    disturb: impl FnOnce(&dyn Fn() -> bool) -> Result<()> + Send,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let disturber = scope.spawn(|| disturb(&|| done.load(Ordering::Relaxed)).map_err(|e| e.to_string()));
        let result = work();
        done.store(true, Ordering::Relaxed);
        let disturbed = disturber.join().map_err(|_| "the disturber panicked")?;
        let result = result?;
        disturbed?;
        Ok(result)
    })
}

/// One client after the other.
pub fn closed_loop(server: &Server, answers: u32) -> Result<()> {
    (0..answers).try_for_each(|_| expect_ok(&ask(server)?))
}

/// The same, but each client closes when the server sleeps again, as one far away does.
pub fn late_closers(server: &Server, answers: u32) -> Result<()> {
    for _ in 0..answers {
        let stream = connect(server)?;
        expect_ok(&read_answer(&stream)?)?;
        sleep(Duration::from_millis(2));
        drop(stream);
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Clients that have their line and do not close. The daemon drops them two seconds later, so be quick.
pub struct Held {
    streams: Vec<TcpStream>,
    began: Instant,
}

/// A figure that this machine is too slow for.
#[derive(Debug)]
pub struct TooSlow(String);

impl std::fmt::Display for TooSlow {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TooSlow {}

/// Has so many come and stay.
pub fn hold(server: &Server, clients: usize) -> Result<Held> {
    let (mut held, began) = (Vec::with_capacity(clients), Instant::now());
    while held.len() < clients {
        let answered = held.len();
        for _ in answered..clients.min(answered + 256) {
            held.push(connect(server)?); // no more at once than any accept queue takes
        }
        held[answered..].iter().try_for_each(|stream| expect_ok(&read_answer(stream)?))?;
    }
    Ok(Held { streams: held, began })
}

/// Make sure that the daemon has not dropped them yet.
pub fn still_held(server: &Server, held: &Held) -> Result<()> {
    let (open, all) = (meter::open_files(server.pid)?, held.streams.len());
    if open >= all {
        return Ok(());
    }
    let found = format!("only {open} of {all} connections are still open");
    if held.began.elapsed() < LINGER {
        return Err(format!("too early: {found}").into());
    }
    Err(TooSlow(format!("too slow: {found}")).into())
}

fn connect(server: &Server) -> io::Result<TcpStream> {
    connect_to(server, server.address)
}

fn connect_to(server: &Server, address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    match server.talk {
        Talk::Line => (),
        Talk::Http(path) => write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?,
    }
    Ok(stream)
}

/// The whole answer. One call for a line and its end of file: MSG_WAITALL comes back early only at the end.
fn read_answer(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut buf = [0; 1024];
    let n = recv(stream.as_raw_fd(), &mut buf, MsgFlags::MSG_WAITALL)?;
    let mut answer = buf[..n].to_vec();
    if n == buf.len() {
        stream.read_to_end(&mut answer)?;
    }
    Ok(answer)
}

fn expect_ok(answer: &[u8]) -> Result<()> {
    if answer.starts_with(b"200 OK") || answer.starts_with(b"HTTP/1.") && answer[8..].starts_with(b" 200 ") {
        return Ok(());
    }
    Err(format!("not an OK: {:?}", String::from_utf8_lossy(answer)).into())
}

/// As many descriptors as we and the servers, which inherit it, may have.
pub fn raise_file_limit() -> Result<usize> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(usize::try_from(hard)?)
}
