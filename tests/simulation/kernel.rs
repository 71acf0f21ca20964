//! The kernel that the daemon's own code runs on here: its files and its sockets on the models of a disk and a network,
//! on a virtual clock. While the daemon looks at files, chance may do something to them; whatever it sends is judged.
//!
//! What it does not do: a status file never gets a further name or something mounted over it while the daemon runs and
//! is not told of it at once (`end_to_end` says what then holds), and no call fails but for want of descriptors and
//! permissions (`faults` has the others).

use crate::clock::Clock;
use crate::disk::{Disk, Moment, Notice as Told, Seen};
use crate::judge::{Judge, Reached};
use crate::network::{ClientId, Failure, Network, PortId};
use crate::oracle::Oracle;
use crate::random::Random;
use crate::world::touch_file;
use mio::{Interest, Token};
use nix::errno::Errno;
use oco::logic::board::Look;
use oco::logic::time::Now;
use oco::system::directory::Identity;
use oco::system::files::Files;
use oco::system::inotify::FileNotice;
use oco::system::sockets::{Sleep, Sockets};
use std::cell::{RefCell, RefMut};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

/// The descriptor of the directory's events.
const EVENTS: RawFd = 1000;

/// Moves of the path in one refresh, so many that the daemon has to give up following it.
const MOST_MOVES: usize = 40;

pub struct Kernel {
    pub random: Random,
    pub clock: Clock,
    pub disk: Disk,
    pub network: Network,
    pub oracle: Oracle,
    pub judge: Judge,
    pub reached: Reached,
    pub has_inotify: bool,
    /// Nothing happens while the daemon looks.
    pub is_calm: bool,
    /// Things that may still happen in this turn while it looks, and when the last one did.
    disturbances: usize,
    /// They go on through several passes of a refresh.
    is_lasting: bool,
    later: Now,
    /// How often the path still comes to lead elsewhere while the daemon follows it in this refresh, and did so.
    moves: (usize, usize),
    /// A refresh is under way, and began then.
    refreshes_since: Option<Now>,
    /// When the last refresh began, for who judges it.
    pub refreshed_at: Option<Now>,
    has_looked: bool,
    /// The oracle knows of this refresh.
    has_begun: bool,
    /// By which the poll tells of the directory's events.
    events: Option<Token>,
}

/// Hands on the kernel to the daemon and to the world.
#[derive(Clone)]
pub struct Shared(Rc<RefCell<Kernel>>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub fn new(kernel: Kernel) -> Shared {
        Shared(Rc::new(RefCell::new(kernel)))
    }

    pub fn borrow(&self) -> RefMut<'_, Kernel> {
        self.0.borrow_mut()
    }
}

impl Kernel {
    pub fn new(
        mut random: Random,
        (disk, network): (Disk, Network),
        judge: Judge,
        has_inotify: bool,
    ) -> Kernel {
        let clock = Clock::new(if random.once_in(2) { 40 } else { 100_000 });
        Kernel {
            random,
            later: clock.now,
            clock,
            disk,
            network,
            oracle: Oracle::default(),
            judge,
            reached: Reached::default(),
            has_inotify,
            is_calm: false,
            disturbances: 0,
            is_lasting: false,
            moves: (0, 0),
            refreshes_since: None,
            refreshed_at: None,
            has_looked: false,
            has_begun: false,
            events: None,
        }
    }

    /// A turn of the daemon begins.
    pub fn begin_turn(&mut self) {
        let is_wild = !self.is_calm && self.random.once_in(4);
        self.disturbances = if is_wild { self.random.below(4) } else { 0 };
        self.is_lasting = is_wild && self.random.once_in(6);
        if self.is_lasting {
            self.disturbances = 30;
        }
        self.later = self.clock.now;
    }

    /// The daemon's process is gone.
    pub fn forget_daemon(&mut self) {
        self.end_refresh();
        self.network.forget_all();
        self.disk.forget_watcher();
        self.oracle.forget();
        (self.events, self.refreshed_at) = (None, None);
    }

    fn begin_refresh(&mut self) {
        if self.refreshes_since.is_some() {
            return;
        }
        if self.disk.has_lost_events() {
            self.reached.count("queue overflows");
        }
        self.refreshes_since = Some(self.clock.now);
        (self.has_looked, self.has_begun) = (false, false);
        let is_restless = self.random.once_in(3);
        let moves = if is_restless { MOST_MOVES } else { self.random.below(4) };
        let has_moves = !self.is_calm && self.random.once_in(8);
        self.moves = (if has_moves { moves } else { 0 }, 0);
    }

    /// The daemon has done with looking: what it sends now is judged by what it could see.
    pub fn end_refresh(&mut self) {
        self.disk.release();
        let Some(since) = self.refreshes_since.take() else { return };
        self.end_moves();
        self.refreshed_at = Some(since);
        self.oracle.end();
        self.reached.count("refreshes");
        if self.disk.readable().is_none() {
            self.reached.count("refreshes of a directory that is away");
        } else if self.oracle.is_exact() {
            self.reached.count("refreshes with nothing in doubt");
        }
    }

    /// Something may happen between two calls of the daemon.
    fn disturb(&mut self, moment: Moment) {
        // A look that doubts is followed by another one, which is to find the event: only the first may be early.
        let is_first = !std::mem::replace(&mut self.has_looked, true);
        let is_unheard = moment == Moment::Before;
        if self.disturbances == 0 || self.disk.is_behind() || (is_unheard && !is_first) {
            return;
        }
        let Some(folder) = self.disk.path else { return };
        if is_unheard && (self.disk.writers() == 0 || !self.random.once_in(4)) {
            return;
        }
        if self.is_lasting && !self.random.once_in(3) {
            return;
        }
        self.disturbances -= 1;
        self.later.wall = self.later.wall.after(Duration::from_micros(1));
        if is_unheard {
            let writer = self.random.below(self.disk.writers());
            let octets = 1 + self.random.below(3);
            self.disk.write_unheard(writer, octets, self.later);
        } else if self.random.once_in(if self.is_lasting { 2 } else { 10 }) {
            // The same permissions again.
            let is_unreadable = self.disk.folders[folder].is_unreadable;
            self.disk.chmod_folder(folder, is_unreadable);
            self.reached.count("changes of the directory during a look");
        } else {
            touch_file(&mut self.disk, folder, &mut self.random, self.later);
        }
        self.oracle.disturb(&mut self.disk, &self.clock, !self.has_inotify, moment);
        self.reached.count("acts during a look");
    }

    /// The path comes to lead elsewhere between two calls of the daemon that ask where it leads.
    fn move_path(&mut self) {
        let (left, done) = self.moves;
        if left == 0 || self.disk.path.is_none() {
            return;
        }
        assert!(done <= MOST_MOVES / 2, "the daemon follows the path for ever");
        self.moves = (left - 1, done + 1);
        let to = self.random.below(self.disk.folders.len());
        let is_there = self.disk.folders[to].identity != 0 && self.disk.path != Some(to);
        let to = if is_there { to } else { self.disk.add_folder() };
        self.disk.repoint_path(Some(to));
        self.reached.count("moves of the path while it is followed");
    }

    /// Tells the oracle where the path leads. Not before the daemon has made up its mind, for which both remember what
    /// was there.
    fn begin_oracle(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.oracle.begin(&mut self.disk, &self.clock, !self.has_inotify);
        }
    }

    /// The daemon has found where the path leads, or has given up.
    fn end_moves(&mut self) {
        match std::mem::take(&mut self.moves) {
            (_, 0) => self.begin_oracle(),
            (_, ..=3) => {
                // Though it be the same directory again, it is entered anew.
                self.oracle.leave();
                self.has_begun = false;
                self.begin_oracle();
            }
            _ => {
                self.has_begun = true;
                self.oracle.leave();
                self.reached.count("paths that nobody can follow");
            }
        }
    }

    fn readable(&self) -> nix::Result<usize> {
        let folder = self.disk.path.ok_or(Errno::ENOENT)?;
        if self.disk.folders[folder].is_unreadable { Err(Errno::EACCES) } else { Ok(folder) }
    }
}

/// The directory, as the daemon calls for it.
#[derive(Debug)]
pub struct ModelFiles {
    kernel: Shared,
    /// The number of the watch, as the daemon's side knows it.
    watch: Option<u64>,
    seen: Option<Seen>,
}

impl ModelFiles {
    pub fn new(kernel: Shared) -> ModelFiles {
        ModelFiles { kernel, watch: None, seen: None }
    }
}

impl Files for ModelFiles {
    fn identity(&mut self) -> nix::Result<Identity> {
        let mut kernel = self.kernel.borrow();
        if kernel.refreshes_since.is_some() {
            kernel.move_path();
        }
        kernel.begin_refresh();
        let folder = kernel.disk.path.ok_or(Errno::ENOENT)?;
        Ok(Identity::new(1, kernel.disk.folders[folder].identity))
    }

    fn unwatchable(&mut self) -> nix::Result<Option<&'static str>> {
        Ok(None)
    }

    fn has_events(&self) -> bool {
        self.kernel.borrow().has_inotify
    }

    fn watch(&mut self) -> nix::Result<()> {
        let mut kernel = self.kernel.borrow();
        let folder = kernel.readable()?;
        self.watch = Some(kernel.disk.watch(folder));
        Ok(())
    }

    fn unwatch(&mut self) {
        self.kernel.borrow().disk.unwatch();
        self.watch = None;
    }

    fn is_watched(&mut self) -> nix::Result<bool> {
        let mut kernel = self.kernel.borrow();
        let folder = kernel.readable()?;
        if Some(kernel.disk.watch_again(folder)) == self.watch {
            return Ok(true);
        }
        kernel.reached.count("watches lost with their end");
        kernel.disk.unwatch();
        self.watch = None;
        Ok(false)
    }

    fn read(&mut self, mut handle: impl FnMut(FileNotice<'_>) -> bool) -> nix::Result<()> {
        self.kernel.borrow().begin_oracle();
        let waiting = self.kernel.borrow().disk.waiting();
        for _ in 0..waiting {
            let Some((watch, told)) = self.kernel.borrow().disk.next_notice() else { break };
            if told != Told::Overflow && Some(watch) != self.watch {
                continue;
            }
            let notice = match told {
                Told::File(name, event) => FileNotice::File(name.as_bytes(), event),
                Told::Stranger => FileNotice::File(b".aside", oco::logic::board::FileEvent::Created),
                Told::FolderAttributes => FileNotice::DirectoryAttributes,
                Told::FolderGone => FileNotice::DirectoryGone,
                Told::Overflow => FileNotice::Overflow,
            };
            if !handle(notice) {
                break;
            }
        }
        Ok(())
    }

    fn names(&mut self, mut handle: impl FnMut(&[u8], bool) -> bool) -> io::Result<()> {
        let mut kernel = self.kernel.borrow();
        kernel.end_moves();
        let folder = kernel.readable().map_err(io::Error::from)?;
        let _ = kernel.disk.folders[folder]
            .names
            .keys()
            .try_for_each(|name| if handle(name.as_bytes(), false) { Ok(()) } else { Err(()) });
        Ok(())
    }

    fn look(&mut self, name: &str) {
        let mut kernel = self.kernel.borrow();
        kernel.disk.release();
        kernel.disturb(Moment::Before);
        self.seen = kernel.disk.look(name);
        kernel.disturb(Moment::After);
    }

    fn seen(&self) -> Look<'_> {
        self.seen.as_ref().map_or(Look::Absent, Seen::as_look)
    }

    fn raw_fd(&self) -> Option<RawFd> {
        self.kernel.borrow().has_inotify.then_some(EVENTS)
    }
}

/// A port of the daemon.
#[derive(Debug)]
pub struct ModelListener {
    id: PortId,
    kernel: Shared,
}

impl Drop for ModelListener {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.kernel.borrow().network.close_port(self.id);
        }
    }
}

/// A connection of the daemon.
#[derive(Debug)]
pub struct ModelStream {
    id: ClientId,
    kernel: Shared,
}

impl Drop for ModelStream {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let mut kernel = self.kernel.borrow();
            let now = kernel.clock.now.boot;
            kernel.network.close(self.id, now);
        }
    }
}

/// The sockets, as the daemon calls for them.
#[derive(Debug)]
pub struct ModelSockets(pub Shared);

impl Sockets for ModelSockets {
    type Listener = ModelListener;
    type Stream = ModelStream;

    fn now(&mut self) -> Now {
        let mut kernel = self.0.borrow();
        kernel.end_refresh();
        // Time passes also while it is awake.
        let moment = kernel.random.duration(Duration::from_nanos(3));
        kernel.clock.pass(moment);
        kernel.clock.now
    }

    fn secret(&mut self) -> u64 {
        7
    }

    fn wait(&mut self, _: Sleep, ready: &mut Vec<Token>) -> io::Result<()> {
        let mut kernel = self.0.borrow();
        kernel.end_refresh();
        let all = !kernel.random.once_in(4);
        let spurious = if kernel.random.once_in(8) { Some(kernel.random.below(1000)) } else { None };
        kernel.network.take_edges(all, spurious, ready);
        if let Some(token) = kernel.events
            && kernel.disk.take_edge()
        {
            ready.push(token);
        }
        Ok(())
    }

    fn bind(&mut self, address: SocketAddr, _: bool) -> nix::Result<ModelListener> {
        let id = self.0.borrow().network.bind(address);
        Ok(ModelListener { id, kernel: self.0.clone() })
    }

    fn address(&self, listener: &ModelListener) -> io::Result<SocketAddr> {
        Ok(self.0.borrow().network.ports[&listener.id].address)
    }

    fn stop_listening(&mut self, listener: &ModelListener) {
        self.0.borrow().network.stop_listening(listener.id);
    }

    fn hold_port(&mut self, listener: &ModelListener) {
        let mut kernel = self.0.borrow();
        kernel.reached.count("ports shut");
        kernel.network.stop_listening(listener.id);
    }

    fn listen_again(&mut self, listener: &ModelListener) -> nix::Result<()> {
        let mut kernel = self.0.borrow();
        kernel.reached.count("ports opened");
        kernel.network.listen_again(listener.id);
        Ok(())
    }

    fn accept(&mut self, listener: &ModelListener) -> io::Result<(ModelStream, SocketAddr)> {
        let mut kernel = self.0.borrow();
        if kernel.random.once_in(40) {
            let errno = kernel.random.pick(&[Errno::ECONNABORTED, Errno::EINTR, Errno::EPROTO]);
            kernel.reached.count("failures to accept");
            return Err(errno.into());
        }
        let now = kernel.clock.now.boot;
        let (id, address) = kernel.network.accept(listener.id, now).map_err(io_error)?;
        let client = SocketAddr::from((Ipv4Addr::new(192, 0, 2, address), 1024));
        Ok((ModelStream { id, kernel: self.0.clone() }, client))
    }

    fn send(&mut self, stream: &ModelStream, octets: &[u8], _: bool) -> nix::Result<usize> {
        let mut kernel = self.0.borrow();
        kernel.end_refresh();
        let Kernel { network, oracle, judge, clock, .. } = &mut *kernel;
        let client = &network.clients[&stream.id];
        if client.promised.is_none() {
            let port = network.ports.get(&client.port).map(|port| port.address);
            judge.octets(octets, client, port, oracle, clock.now);
        }
        network.send(stream.id, octets, clock.now.boot).map_err(errno)
    }

    fn finish(&mut self, stream: &ModelStream) -> io::Result<()> {
        let mut kernel = self.0.borrow();
        let now = kernel.clock.now.boot;
        kernel.network.finish(stream.id, now).map_err(io_error)
    }

    fn receive(&mut self, stream: &mut ModelStream, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow().network.receive(stream.id, buffer).map_err(io_error)
    }

    fn send_early(&mut self, _: &ModelStream) {}

    fn register_listener(&mut self, listener: &mut ModelListener, token: Token) -> io::Result<()> {
        self.0.borrow().network.register_port(listener.id, token);
        Ok(())
    }

    fn register_stream(
        &mut self,
        stream: &mut ModelStream,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.0.borrow().network.register(stream.id, token, interest);
        Ok(())
    }

    fn deregister_stream(&mut self, stream: &mut ModelStream) -> io::Result<()> {
        self.0.borrow().network.deregister(stream.id);
        Ok(())
    }

    fn register_descriptor(&mut self, descriptor: RawFd, token: Token, _: Interest) -> io::Result<()> {
        // Nothing is logged here that could wait.
        assert_eq!(descriptor, EVENTS);
        self.0.borrow().events = Some(token);
        Ok(())
    }

    fn deregister_descriptor(&mut self, _: RawFd) -> io::Result<()> {
        Ok(())
    }
}

fn errno(failure: Failure) -> Errno {
    match failure {
        Failure::WouldBlock => Errno::EAGAIN,
        Failure::Reset => Errno::ECONNRESET,
        Failure::NoDescriptors => Errno::EMFILE,
    }
}

fn io_error(failure: Failure) -> io::Error {
    errno(failure).into()
}
