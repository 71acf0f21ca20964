//! The floor: what a bare epoll prober takes for a probe. It keeps no names, no states and no time-outs, and believes
//! whatever it reads; its calls are those that a probe can't do without.

use std::mem;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socket};

use super::hosts;
use super::tap::boot;
use crate::Result;

/// As ocowatch has it.
const TICK: i64 = 5_000_000;

struct Probe {
    socket: OwnedFd,
    is_busy: bool,
}

/// Probes `count` hosts at `port` each `interval_ms`, until it is killed. `kind` is tcp, oco, http or banner.
pub fn run(kind: &str, port: u16, count: usize, interval_ms: i64) -> Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let (mut probes, mut idle): (Vec<Probe>, Vec<usize>) = (Vec::new(), Vec::new());
    let hosts: Vec<Ipv4Addr> = hosts(count).collect();
    let mut events = [EpollEvent::empty(); 1024];
    let (interval, begin) = (interval_ms * 1_000_000, boot());
    // How many starts there were.
    let mut started = 0_i64;
    let mut buffer = [0; 4096];
    loop {
        let now = boot();
        let due = (now - begin) * count as i64 / interval;
        while started < due {
            let host = hosts[started as usize % count];
            started += 1;
            let place = match idle.pop() {
                Some(place) => place,
                None => {
                    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
                    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
                    let wanted = EpollFlags::EPOLLIN
                        | EpollFlags::EPOLLOUT
                        | EpollFlags::EPOLLRDHUP
                        | EpollFlags::EPOLLET;
                    epoll.add(&socket, EpollEvent::new(wanted, probes.len() as u64))?;
                    probes.push(Probe { socket, is_busy: false });
                    probes.len() - 1
                }
            };
            let probe = &mut probes[place];
            if matches!(kind, "tcp" | "http") {
                set_quickack(&probe.socket, false);
            }
            connect(&probe.socket, Some((host, port)));
            probe.is_busy = true;
        }
        let now = boot();
        let next = ((started + 1) * interval / count as i64 + begin).max(now);
        let wait = (next - now + TICK - (next - begin).rem_euclid(TICK)) / 1_000_000;
        let count = epoll.wait(&mut events, EpollTimeout::from(wait.clamp(0, 100) as u16))?;
        for event in &events[..count] {
            let place = event.data() as usize;
            let probe = &mut probes[place];
            if !probe.is_busy {
                continue;
            }
            let (is_in, is_out) =
                (event.events().contains(EpollFlags::EPOLLIN), event.events().contains(EpollFlags::EPOLLOUT));
            let is_over = match kind {
                "tcp" => is_out,
                "http" if !is_in => {
                    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
                    let _ = send(probe.socket.as_raw_fd(), request, MsgFlags::MSG_NOSIGNAL);
                    false
                }
                _ => is_in && recv(probe.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok(),
            };
            if is_over {
                connect(&probe.socket, None);
                probe.is_busy = false;
                idle.push(place);
            }
        }
    }
}

/// Begins a connection; to nowhere: resets the one there is.
fn connect(socket: &OwnedFd, to: Option<(Ipv4Addr, u16)>) {
    // SAFETY: the address is a whole sockaddr_in, of the length that is told.
    unsafe {
        let mut address: libc::sockaddr_in = mem::zeroed();
        if let Some((host, port)) = to {
            address.sin_family = libc::AF_INET as u16;
            address.sin_port = port.to_be();
            address.sin_addr.s_addr = u32::from(host).to_be();
        }
        let length = mem::size_of_val(&address) as libc::socklen_t;
        libc::connect(socket.as_raw_fd(), ptr::from_ref(&address).cast(), length);
    }
}

fn set_quickack(socket: &OwnedFd, is_quick: bool) {
    let value = i32::from(is_quick);
    // SAFETY: the value is as long as is told.
    unsafe {
        let length = mem::size_of_val(&value) as libc::socklen_t;
        let value = ptr::from_ref(&value).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_QUICKACK, value, length);
    }
}
