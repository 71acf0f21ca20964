//! A farm: one thread that plays every host of 127.0.0.0/8 on one port. As light as can be, so that a probe's cost is
//! the prober's.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{MsgFlags, SockFlag, accept4, recv, send, setsockopt, sockopt};

use crate::Result;

/// What a host says to who connects.
#[derive(Clone, Copy, PartialEq)]
pub enum Speak {
    /// Nothing; it closes.
    Nothing,
    /// A line of ocod's.
    Line,
    /// A page, once it was asked for.
    Page,
    /// A greeting.
    Greeting,
}

impl Speak {
    fn text(self) -> &'static [u8] {
        match self {
            Speak::Nothing => b"",
            Speak::Line => b"200 OK oco-0.2.0\r\n",
            Speak::Page => b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n",
            Speak::Greeting => b"SSH-2.0-OpenSSH_9.2\r\n",
        }
    }
}

/// Connections in the accept queue: as many as the kernel allows.
const BACKLOG: i32 = 65_535;
/// How soon the thread notes that it is to end.
const LOOK_MS: u16 = 100;

/// Gone, its port is closed: whoever connects is refused.
pub struct Farm {
    pub port: u16,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Farm {
    pub fn new(speak: Speak) -> Result<Farm> {
        let listener = listen(BACKLOG)?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (of_thread, count) = (Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            if let Err(error) = serve(&listener, speak, &of_thread, &count) {
                eprintln!("farm: {error}");
            }
        });
        Ok(Farm { port, stop, answered, thread: Some(thread) })
    }

    /// Connections that were answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Hosts that answer nothing: their queue is full, and whatever else comes is dropped.
pub struct SilentFarm {
    pub port: u16,
    _listener: TcpListener,
    _clients: Vec<TcpStream>,
}

impl SilentFarm {
    pub fn new() -> Result<SilentFarm> {
        let listener = listen(0)?;
        let port = listener.local_addr()?.port();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // One more than the backlog finds a place.
        let clients = vec![TcpStream::connect(to)?];
        let silent = TcpStream::connect_timeout(&to, std::time::Duration::from_millis(500));
        if !silent.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return Err("a full queue answers".into());
        }
        Ok(SilentFarm { port, _listener: listener, _clients: clients })
    }
}

/// A listener at a free port of every loopback address, and of no other one.
fn listen(backlog: i32) -> Result<TcpListener> {
    // Whoever asks from outside in the moment before the next call finds nobody who accepts.
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    setsockopt(&listener, sockopt::BindToDevice, &"lo".into())?;
    // SAFETY: listen takes no addresses; a second call changes the backlog.
    nix::Error::result(unsafe { libc::listen(listener.as_raw_fd(), backlog) })?;
    Ok(listener)
}

fn serve(listener: &TcpListener, speak: Speak, stop: &AtomicBool, answered: &AtomicU64) -> nix::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let listener_number = listener.as_raw_fd();
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, listener_number as u64))?;
    let mut events = [EpollEvent::empty(); 512];
    let mut waiting: HashMap<u64, OwnedFd> = HashMap::new();
    while !stop.load(Ordering::Relaxed) {
        let count = match epoll.wait(&mut events, EpollTimeout::from(LOOK_MS)) {
            Err(nix::Error::EINTR) => 0,
            result => result?,
        };
        for event in &events[..count] {
            if event.data() != listener_number as u64 {
                if let Some(client) = waiting.remove(&event.data()) {
                    answer(&client, speak, answered);
                }
                continue;
            }
            while let Ok(client) = accept4(listener_number, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK)
            {
                // SAFETY: accept4 has just made it, and nobody else knows its number.
                let client = unsafe { OwnedFd::from_raw_fd(client) };
                if answer(&client, speak, answered) {
                    continue;
                }
                let number = client.as_raw_fd() as u64;
                epoll.add(client.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, number))?;
                waiting.insert(number, client);
            }
        }
    }
    Ok(())
}

/// False: it has not asked yet.
fn answer(client: &OwnedFd, speak: Speak, answered: &AtomicU64) -> bool {
    if speak == Speak::Page {
        let mut request = [0; 2048];
        if recv(client.as_raw_fd(), &mut request, MsgFlags::MSG_DONTWAIT) == Err(nix::Error::EAGAIN) {
            return false;
        }
    }
    answered.fetch_add(1, Ordering::Relaxed);
    // Who has gone already has what it wanted.
    if speak != Speak::Nothing {
        let _ = send(client.as_raw_fd(), speak.text(), MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT);
    }
    true
}
