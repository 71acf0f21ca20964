//! Signals as events of the loop.

use mio::net::UnixStream;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::{flag, low_level::pipe};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGINT: stop.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
    /// SIGUSR1: log every check.
    Dump,
}

/// The signals that came and were not taken yet.
#[derive(Debug)]
pub struct Signals {
    waker: Option<UnixStream>,
    pending: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    /// Catches the signals from now on.
    pub fn catch() -> io::Result<Signals> {
        let (waker, sender) = UnixStream::pair()?;
        let sender = std::os::unix::net::UnixStream::from(OwnedFd::from(sender));
        let mut pending = Vec::new();
        for (number, signal) in [
            (SIGTERM, Signal::Stop),
            (SIGINT, Signal::Stop),
            (SIGHUP, Signal::Reload),
            (SIGUSR1, Signal::Dump),
        ] {
            let came = Arc::new(AtomicBool::new(false));
            // The flag first: who is woken has to find it.
            flag::register(number, Arc::clone(&came))?;
            pipe::register(number, sender.try_clone()?)?;
            pending.push((signal, came));
        }
        Ok(Signals { waker: Some(waker), pending })
    }

    /// Signals that do not come from the kernel, but by [`Signals::raise`] alone: for tests.
    pub fn by_hand() -> Signals {
        let flag = |signal| (signal, Arc::default());
        Signals { waker: None, pending: [Signal::Stop, Signal::Reload, Signal::Dump].map(flag).into() }
    }

    /// Lets a signal come.
    pub fn raise(&self, signal: Signal) {
        for (_, came) in self.pending.iter().filter(|(other, _)| *other == signal) {
            came.store(true, Ordering::SeqCst);
        }
    }

    /// The descriptor that becomes readable when a signal comes.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.waker.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Whether a signal came that was not taken yet: also one that failed to wake the loop, for want of memory.
    pub fn any(&self) -> bool {
        self.pending.iter().any(|(_, came)| came.load(Ordering::SeqCst))
    }

    /// The signals that came since the last call, each kind once.
    pub fn take(&mut self) -> Vec<Signal> {
        // Every octet stands for a signal whose flag is set already. Any error means: nothing more to read.
        let mut octets = [0; 64];
        while let Some(waker) = &mut self.waker
            && waker.read(&mut octets).is_ok_and(|count| count > 0)
        {}
        let mut signals: Vec<Signal> = Vec::new();
        for (signal, came) in &self.pending {
            if came.swap(false, Ordering::SeqCst) && !signals.contains(signal) {
                signals.push(*signal);
            }
        }
        signals
    }
}
