//! Signals as events of a loop: which are caught, and what each asks its program for, is the program's to say.

use super::process::{ignored_signals, signal_number, unblock};
use mio::net::UnixStream;
use nix::sys::signal::Signal;
use signal_hook::{flag, low_level::pipe};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The signals that came and were not taken yet, each as what it asks for.
#[derive(Debug)]
pub struct Signals<A> {
    waker: Option<UnixStream>,
    pending: Vec<(A, Arc<AtomicBool>)>,
}

impl<A: Copy + PartialEq> Signals<A> {
    /// Catches signals from now on, and lets them through where our parent has left them blocked.
    ///
    /// Those of `always` are obeyed whatever our parent did. Those of `unless_ignored` stay ignored where it has ignored
    /// them: who starts a program so, as nohup does with SIGHUP and a shell with the SIGINT of its background jobs,
    /// wants that.
    ///
    /// # Errors
    /// If the system has no descriptors or no memory for that.
    pub fn catch(always: &[(Signal, A)], unless_ignored: &[(Signal, A)]) -> io::Result<Signals<A>> {
        let (waker, sender) = UnixStream::pair()?;
        let sender = std::os::unix::net::UnixStream::from(OwnedFd::from(sender));
        // Asked only where it counts: to find out costs as much as the start of a small directory.
        let ignored = if unless_ignored.is_empty() { Vec::new() } else { ignored_signals() };
        let is_heard = |(signal, _): &&(Signal, A)| !ignored.contains(&signal_number(*signal));
        let mut pending = Vec::new();
        for (signal, asks) in always.iter().chain(unless_ignored.iter().filter(is_heard)) {
            let came = Arc::new(AtomicBool::new(false));
            // The flag first: who is woken has to find it.
            flag::register(signal_number(*signal), Arc::clone(&came))?;
            pipe::register(signal_number(*signal), sender.try_clone()?)?;
            pending.push((*asks, came));
        }
        let all: Vec<Signal> = always.iter().chain(unless_ignored).map(|(signal, _)| *signal).collect();
        unblock(&all)?;
        Ok(Signals { waker: Some(waker), pending })
    }

    /// Signals that do not come from the kernel, but by [`Signals::raise`] alone: for tests.
    pub fn by_hand(all: &[A]) -> Signals<A> {
        Signals { waker: None, pending: all.iter().map(|asks| (*asks, Arc::default())).collect() }
    }

    /// Lets a signal come that asks for this.
    pub fn raise(&self, asked: A) {
        for (_, came) in self.pending.iter().filter(|(asks, _)| *asks == asked) {
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

    /// What was asked for since the last call, each thing once.
    pub fn take_asked(&mut self) -> Vec<A> {
        // Every octet stands for a signal whose flag is set already. Any error means: nothing more to read.
        let mut octets = [0; 64];
        while let Some(waker) = &mut self.waker
            && waker.read(&mut octets).is_ok_and(|count| count > 0)
        {}
        let mut asked = Vec::new();
        for (asks, came) in &self.pending {
            if came.swap(false, Ordering::SeqCst) && !asked.contains(asks) {
                asked.push(*asks);
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{SigSet, raise};

    #[test]
    fn a_signal_that_our_parent_has_blocked_comes_through() {
        SigSet::from(Signal::SIGUSR2).thread_block().unwrap();
        let mut signals = Signals::catch(&[(Signal::SIGUSR2, 'a')], &[]).unwrap();
        assert!(!signals.any());
        raise(Signal::SIGUSR2).unwrap();
        raise(Signal::SIGUSR2).unwrap();
        assert!(signals.any());
        assert_eq!((signals.take_asked(), signals.take_asked()), (vec!['a'], vec![]));
    }

    #[test]
    fn what_was_asked_for_twice_is_told_once() {
        let mut signals = Signals::by_hand(&['a', 'b', 'a']);
        assert_eq!(signals.raw_fd(), None);
        signals.raise('a');
        signals.raise('a');
        signals.raise('b');
        assert_eq!((signals.take_asked(), signals.take_asked()), (vec!['a', 'b'], vec![]));
    }
}
