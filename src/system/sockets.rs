//! What the daemon's loop asks of the kernel: its sockets, its sleep and its clocks; and the kernel itself behind it.
//!
//! The simulation stands behind the same trait, so what it drives is what ships.

use super::{clock, socket};
use crate::limits::EVENTS;
use crate::logic::time::{Nanos, Now};
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

/// How long to sleep: until something happens, or one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sleep {
    /// At most so long. Time that the host is suspended does not count.
    pub timeout: Option<Duration>,
    /// At most until then, on the boot clock: the end of a suspend is soon enough.
    pub until: Option<Nanos>,
}

/// Sockets, sleep and clocks.
pub trait Sockets {
    /// A socket that listens.
    type Listener: Debug;
    /// A connection. Dropped, it is closed, and nothing is told of it any more.
    type Stream: Debug;

    /// Both clocks.
    fn now(&mut self) -> Now;

    /// A number that nobody outside of this process knows.
    fn secret(&mut self) -> u64;

    /// Sleeps, and adds the token of everything that is ready to `ready`: once, until it was used up and is ready
    /// again.
    ///
    /// # Errors
    /// Nothing can be waited for any more.
    fn wait(&mut self, sleep: Sleep, ready: &mut Vec<Token>) -> io::Result<()>;

    /// A socket that listens on `address`. `ipv6_only` counts for IPv6 addresses.
    ///
    /// # Errors
    /// The port can't be had.
    fn bind(&mut self, address: SocketAddr, ipv6_only: bool) -> nix::Result<Self::Listener>;

    /// Where it is bound.
    ///
    /// # Errors
    /// The kernel does not tell.
    fn address(&self, listener: &Self::Listener) -> io::Result<SocketAddr>;

    /// Makes `listener` refuse connections. It stays bound, but is no longer in the way of another socket on its port.
    fn stop_listening(&mut self, listener: &Self::Listener);

    /// Makes `listener` refuse connections, and keeps its port from everybody else meanwhile.
    fn hold_port(&mut self, listener: &Self::Listener);

    /// Ends what [`Sockets::stop_listening`] or [`Sockets::hold_port`] began.
    ///
    /// # Errors
    /// Another socket listens there now.
    fn listen_again(&mut self, listener: &Self::Listener) -> nix::Result<()>;

    /// The next connection, and its client's address.
    ///
    /// # Errors
    /// As accept(2).
    fn accept(&mut self, listener: &Self::Listener) -> io::Result<(Self::Stream, SocketAddr)>;

    /// Hands octets to the kernel, and returns how many it took. `is_last`: the end of what is sent follows at once,
    /// and both can go out together.
    ///
    /// # Errors
    /// EAGAIN where nothing fits; others where the client has gone.
    fn send(&mut self, stream: &Self::Stream, octets: &[u8], is_last: bool) -> nix::Result<usize>;

    /// Shuts down the sending side.
    ///
    /// # Errors
    /// The client has gone.
    fn finish(&mut self, stream: &Self::Stream) -> io::Result<()>;

    /// Reads what the client sent; 0 is its end.
    ///
    /// # Errors
    /// There is nothing to read yet, or the client has gone.
    fn receive(&mut self, stream: &mut Self::Stream, buffer: &mut [u8]) -> io::Result<usize>;

    /// Has everything sent at once.
    fn send_early(&mut self, stream: &Self::Stream);

    /// Tells by `token` when connections wait. What is registered already is registered anew, and told of again.
    ///
    /// # Errors
    /// The kernel has no memory for that.
    fn register_listener(&mut self, listener: &mut Self::Listener, token: Token) -> io::Result<()>;

    /// Tells by `token` when the connection is ready.
    ///
    /// # Errors
    /// The kernel has no memory for that.
    fn register_stream(
        &mut self,
        stream: &mut Self::Stream,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;

    /// Tells nothing any more.
    ///
    /// # Errors
    /// It was not registered.
    fn deregister_stream(&mut self, stream: &mut Self::Stream) -> io::Result<()>;

    /// Tells by `token` when the descriptor becomes ready. Where it is registered already it is told of again.
    ///
    /// # Errors
    /// The kernel has no memory for that, or can't wait for such a descriptor.
    fn register_descriptor(&mut self, descriptor: RawFd, token: Token, interest: Interest) -> io::Result<()>;

    /// Tells nothing of the descriptor any more.
    ///
    /// # Errors
    /// It was not registered.
    fn deregister_descriptor(&mut self, descriptor: RawFd) -> io::Result<()>;
}

/// The timer's token: of the last generation that a connection can have, in a slot that none has.
const TIMER: Token = Token(usize::MAX);

/// The kernel's.
#[derive(Debug)]
pub struct KernelSockets {
    poll: Poll,
    events: Events,
    timer: Option<Timer>,
}

/// epoll counts its time-out on a clock that stands still while the host is suspended; this one goes on.
#[derive(Debug)]
struct Timer {
    descriptor: TimerFd,
    set_to: Option<Nanos>,
}

impl KernelSockets {
    /// Nothing is waited for.
    ///
    /// # Errors
    /// There is no epoll to be had.
    pub fn new() -> io::Result<KernelSockets> {
        let poll = Poll::new()?;
        let timer = Timer::new(&poll);
        Ok(KernelSockets { poll, events: Events::with_capacity(EVENTS), timer })
    }

    /// The descriptor that becomes readable when something is ready: for who waits for more than this.
    pub fn raw_fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }
}

impl Timer {
    /// None where there can't be one: then epoll's own clock has to do.
    fn new(poll: &Poll) -> Option<Timer> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let descriptor = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags).ok()?;
        let number = descriptor.as_fd().as_raw_fd();
        poll.registry().register(&mut SourceFd(&number), TIMER, Interest::READABLE).ok()?;
        Some(Timer { descriptor, set_to: None })
    }

    /// Fires at `at`, and not before. Says whether it will.
    fn set(&mut self, at: Option<Nanos>) -> bool {
        if self.set_to == at {
            return true;
        }
        let set = match at.and_then(|at| u64::try_from(at.0).ok()) {
            Some(at) if at > 0 => {
                let at = TimeSpec::from_duration(Duration::from_nanos(at));
                self.descriptor.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)
            }
            _ => self.descriptor.unset(),
        };
        self.set_to = if set.is_ok() { at } else { None };
        set.is_ok()
    }
}

impl Sockets for KernelSockets {
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn now(&mut self) -> Now {
        clock::now()
    }

    fn secret(&mut self) -> u64 {
        RandomState::new().hash_one(0)
    }

    fn wait(&mut self, sleep: Sleep, ready: &mut Vec<Token>) -> io::Result<()> {
        let mut timeout = sleep.timeout;
        if timeout != Some(Duration::ZERO)
            && !self.timer.as_mut().is_some_and(|timer| timer.set(sleep.until))
            && let Some(until) = sleep.until
        {
            let left = until.since(clock::now().boot);
            timeout = Some(timeout.map_or(left, |timeout| timeout.min(left)));
        }
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal: its own event comes with the next poll.
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            match (event.token(), &mut self.timer) {
                // It has to be set anew, even to the same time.
                (TIMER, Some(timer)) => timer.set_to = None,
                (token, _) => ready.push(token),
            }
        }
        Ok(())
    }

    fn bind(&mut self, address: SocketAddr, ipv6_only: bool) -> nix::Result<TcpListener> {
        socket::listener(address, ipv6_only)
    }

    fn address(&self, listener: &TcpListener) -> io::Result<SocketAddr> {
        listener.local_addr()
    }

    fn stop_listening(&mut self, listener: &TcpListener) {
        socket::stop_listening(listener);
    }

    fn hold_port(&mut self, listener: &TcpListener) {
        socket::hold_port(listener);
    }

    fn listen_again(&mut self, listener: &TcpListener) -> nix::Result<()> {
        socket::listen_again(listener)
    }

    fn accept(&mut self, listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        listener.accept()
    }

    fn send(&mut self, stream: &TcpStream, octets: &[u8], is_last: bool) -> nix::Result<usize> {
        socket::send(stream, octets, is_last)
    }

    fn finish(&mut self, stream: &TcpStream) -> io::Result<()> {
        stream.shutdown(Shutdown::Write)
    }

    fn receive(&mut self, stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn send_early(&mut self, stream: &TcpStream) {
        // Where it fails, the end of a long response comes a moment later.
        let _ = stream.set_nodelay(true);
    }

    fn register_listener(&mut self, listener: &mut TcpListener, token: Token) -> io::Result<()> {
        let registry = self.poll.registry();
        match registry.register(listener, token, Interest::READABLE) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                registry.reregister(listener, token, Interest::READABLE)
            }
            result => result,
        }
    }

    fn register_stream(
        &mut self,
        stream: &mut TcpStream,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.poll.registry().register(stream, token, interest)
    }

    fn deregister_stream(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        self.poll.registry().deregister(stream)
    }

    fn register_descriptor(&mut self, descriptor: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let (mut source, registry) = (SourceFd(&descriptor), self.poll.registry());
        match registry.register(&mut source, token, interest) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                registry.reregister(&mut source, token, interest)
            }
            result => result,
        }
    }

    fn deregister_descriptor(&mut self, descriptor: RawFd) -> io::Result<()> {
        self.poll.registry().deregister(&mut SourceFd(&descriptor))
    }
}

/// The errno of an error of the system; 0 of any other.
pub fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}
