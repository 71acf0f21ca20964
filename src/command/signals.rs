//! The signals that the runner hears: a child ended, or oco itself has to.

use crate::system::process::{ignored_signals, unblock};
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use nix::sys::signal::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// See the [module](self).
#[derive(Debug)]
pub struct Signals {
    waker: UnixStream,
    stop: Arc<AtomicBool>,
}

impl Signals {
    /// Catches the signals from now on. Each wakes `registry`'s poll with `token`. Who starts oco with a signal ignored, as
    /// nohup does with SIGHUP and a shell with the SIGINT of its background jobs, wants it to be ignored.
    pub fn catch(registry: &Registry, token: Token) -> io::Result<Signals> {
        let (mut waker, sender) = UnixStream::pair()?;
        registry.register(&mut waker, token, Interest::READABLE)?;
        let sender = std::os::unix::net::UnixStream::from(OwnedFd::from(sender));
        let stop = Arc::new(AtomicBool::new(false));
        let ignored = ignored_signals();
        for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !ignored.contains(signal)) {
            // The flag first: who is woken has to find it.
            flag::register(signal, Arc::clone(&stop))?;
            pipe::register(signal, sender.try_clone()?)?;
        }
        pipe::register(SIGCHLD, sender)?;
        // They would never come if our parent has left them blocked.
        unblock(&[Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP])?;
        Ok(Signals { waker, stop })
    }

    /// Takes what came, so that the next signal wakes again, and says whether oco has to end.
    pub fn take(&mut self) -> bool {
        let mut octets = [0; 64];
        // Any error means: nothing more to read.
        while self.waker.read(&mut octets).is_ok_and(|count| count > 0) {}
        self.stop.load(Ordering::SeqCst)
    }
}
