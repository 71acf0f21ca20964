//! The helper process: starts, signals and reaps the children of another process, which tells it by messages.
//!
//! It starts itself once more for each child, and this one becomes the program. To execute what runs already waits for no
//! file server, so the helper goes on at once, knows the child's number and can end it while the program is still looked
//! for; and as only that one process gets its output, no other one that hangs there holds it open.
//!
//! A thread for each child waits until the program is executed, and then until it ends. Whoever is in the table is not
//! reaped, so that the number of its group is its own.
//!
//! The helper ends when the other end of its socket is closed, and takes its children along: nobody would watch over
//! them.

use super::message::{Order, decode_report, encode_report};
use super::starter::{GroupSignal, NotStarted, Program, Report, command};
use super::unreaped::{Unreaped, still_living};
use super::{ChildId, sheet};
use crate::limits::{
    GROUP_LOOK, HELPER_CHILDREN, HELPER_STACK_OCTETS, KILL_AFTER, MESSAGE_OCTETS, REASON_OCTETS,
};
use crate::system::capabilities::give_up_net_admin;
use crate::system::packets::{self, Packet};
use crate::system::process::{kill_group, living_groups, reap, terminate_group, wait_for_end};
use crate::system::signals::Signals;
use log::error;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// Octets of a report that a program does not run, with its tag, its number and the length of its reason.
const MOST_OF_REFUSAL: usize = 1 + 8 + 4 + REASON_OCTETS;

/// What the threads share.
struct Shared {
    socket: OwnedFd,
    children: Mutex<BTreeMap<ChildId, Unreaped>>,
}

/// Obeys the orders that come by standard input, a socket of [`HelperStarter`](super::helper::HelperStarter), until its
/// other end is closed. Signals that ask a program to end are not for it: who gave it the socket will close it. Started
/// by itself it becomes a child, and returns only if that fails.
///
/// # Errors
/// If there is no such socket.
pub fn serve() -> io::Result<()> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let mut buffer = vec![0; MESSAGE_OCTETS];
    match receive(&socket, &mut buffer)? {
        Some((Order::Serve, _)) => {}
        Some((Order::Execute(id), descriptors)) => return execute(&socket, id, descriptors),
        Some(_) => return Err(Errno::EBADMSG.into()),
        None => return Ok(()),
    }
    // SIGCHLD as well: were it ignored, as our parent may have it, children would be lost.
    let caught = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGCHLD];
    let _signals = Signals::catch(&caught.map(|signal| (signal, ())), &[])?;
    let shared = Arc::new(Shared { socket, children: Mutex::default() });
    let result = loop {
        match receive(&shared.socket, &mut buffer) {
            Ok(Some((order, descriptors))) => obey(&shared, order, &descriptors),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    shared.end_all();
    result
}

/// The next order. None: there will be no other one.
fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<Option<(Order, Vec<OwnedFd>)>> {
    match packets::receive(socket.as_fd(), buffer) {
        Ok(Some(Packet { octets, descriptors })) => {
            let order = buffer.get(..octets).and_then(Order::decode).ok_or(Errno::EBADMSG)?;
            Ok(Some((order, descriptors)))
        }
        Ok(None) => Ok(None),
        // Whoever is gone may have left reports unread.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error),
    }
}

/// Becomes the program. That the socket is closed by that tells of it; else it brings the reason.
fn execute(socket: &OwnedFd, id: ChildId, descriptors: Vec<OwnedFd>) -> io::Result<()> {
    let why = match <[OwnedFd; packets::DESCRIPTORS]>::try_from(descriptors) {
        Ok([stdout, stderr, sheet]) => match sheet::read(sheet) {
            Ok((program, input)) => become_program(&program, input, [stdout, stderr]),
            Err(error) => NotStarted::ours(&error),
        },
        Err(_) => NotStarted::Short(libc::EMFILE),
    };
    let report = encode_report(&Report::NotStarted(id, why)).ok_or(Errno::EMSGSIZE)?;
    packets::send(socket.as_fd(), &report, &[])
}

/// Returns only where that fails.
fn become_program(program: &Program, input: OwnedFd, outputs: [OwnedFd; 2]) -> NotStarted {
    if !program.needs_net_admin
        && let Err(error) = give_up_net_admin()
    {
        return NotStarted::ours(&error.into());
    }
    NotStarted::of(program, &command(program, input.into(), outputs).exec())
}

fn obey(shared: &Arc<Shared>, order: Order, descriptors: &[OwnedFd]) {
    match order {
        Order::Start(id) => {
            if let Err(error) = start(shared, id, descriptors) {
                shared.report(&Report::NotStarted(id, NotStarted::ours(&error)));
            }
        }
        Order::Signal(id, signal) => {
            if let Some(child) = shared.children().get(&id) {
                shared.signal(id, child, signal);
            }
        }
        Order::Look => {
            let living = living_groups();
            let ids = still_living(&shared.children(), &living);
            shared.report(&Report::Looked(ids));
        }
        Order::Reap(id) => {
            // Of one that has not ended its thread will see that nobody waits for it.
            if let Some(Unreaped { process, has_ended: true }) = shared.children().remove(&id) {
                reap(process);
            }
        }
        // These come first or never.
        Order::Serve | Order::Execute(..) => {}
    }
}

/// Starts what will become the child, and lets a thread wait for it.
fn start(shared: &Arc<Shared>, id: ChildId, descriptors: &[OwnedFd]) -> io::Result<()> {
    if descriptors.len() < packets::DESCRIPTORS {
        // The kernel throws away those for which there is no room.
        return Err(Errno::EMFILE.into());
    }
    if shared.children().len() >= HELPER_CHILDREN {
        return Err(Errno::EAGAIN.into());
    }
    let order = Order::Execute(id).encode();
    let (socket, its_socket) = packets::pair()?;
    let mut command = Command::new("/proc/self/exe");
    let mut words = std::env::args_os();
    if let Some(name) = words.next() {
        command.arg0(name);
    }
    command.args(words).process_group(0);
    let process = command.stdin(its_socket).stdout(Stdio::null()).spawn()?.id();
    // With it goes our copy of its end, or we would never see that it is closed.
    drop(command);
    shared.children().insert(id, Unreaped::new(process));
    let passed: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let own = Arc::clone(shared);
    let watched = packets::send(socket.as_fd(), &order, &passed).and_then(|()| {
        let watch = move || own.watch(id, process, &socket);
        thread::Builder::new().stack_size(HELPER_STACK_OCTETS).spawn(watch)
    });
    if let Err(error) = watched {
        // It is our own program still, and ends.
        let _ = kill_group(process);
        wait_for_end(process);
        shared.children().remove(&id);
        reap(process);
        return Err(error);
    }
    Ok(())
}

impl Shared {
    fn children(&self) -> MutexGuard<'_, BTreeMap<ChildId, Unreaped>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the other side does not read, which never waits for us. That it is gone is seen by who reads orders.
    fn report(&self, report: &Report) {
        if let Some(octets) = encode_report(report) {
            let _ = packets::send(self.socket.as_fd(), &octets, &[]);
        }
    }

    fn signal(&self, id: ChildId, child: &Unreaped, signal: GroupSignal) {
        if let Err(errno) = child.signal(signal) {
            self.report(&Report::NotSignalled(
                id,
                signal,
                io::Error::from(errno).raw_os_error().unwrap_or(0),
            ));
        }
    }

    /// Waits until a child is executed, and until it ends.
    fn watch(&self, id: ChildId, process: u32, socket: &OwnedFd) {
        let mut buffer = [0; MOST_OF_REFUSAL];
        if let Ok(Some(Packet { octets, .. })) = packets::receive(socket.as_fd(), &mut buffer)
            && let Some(refusal) = buffer.get(..octets).and_then(decode_report)
        {
            wait_for_end(process);
            let mut children = self.children();
            reap(process);
            if children.remove(&id).is_some() {
                self.report(&refusal);
            }
            return;
        }
        match self.children().get(&id) {
            Some(_) => self.report(&Report::Started(id, process)),
            // Nobody waits for it any longer.
            None => {
                let _ = kill_group(process);
            }
        }
        let end = wait_for_end(process);
        match self.children().get_mut(&id) {
            Some(child) => {
                child.has_ended = true;
                self.report(&Report::Ended(id, end));
            }
            None => reap(process),
        }
    }

    /// Ends all children: they have as much time as one that took too long.
    fn end_all(&self) {
        let groups: HashSet<u32> = self.children().values().map(|child| child.process).collect();
        let end_each = |end: fn(u32) -> nix::Result<()>| {
            for group in &groups {
                if let Err(errno) = end(*group) {
                    error!("group {group}: {errno}");
                }
            }
        };
        end_each(terminate_group);
        let end = Instant::now() + KILL_AFTER;
        let is_there = || living_groups().map_or(true, |living| !living.is_disjoint(&groups));
        while Instant::now() < end && is_there() {
            thread::sleep(GROUP_LOOK);
        }
        end_each(kill_group);
    }
}
