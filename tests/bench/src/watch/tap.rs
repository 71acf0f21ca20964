//! A tap on loopback: the kernel's time of each connection that begins, whoever begins it. It needs CAP_NET_RAW, and
//! costs both sides of a comparison the same.

use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;
use std::{io, mem, ptr};

use nix::libc;
use nix::time::{ClockId, clock_gettime};

use crate::Result;

/// A SYN.
#[derive(Clone, Copy)]
pub struct Start {
    /// Nanoseconds of the boot clock.
    pub at: i64,
    /// Where it went.
    pub address: u32,
    pub port: u16,
}

/// Frames of the ring: at 40,000 starts a second it is read in time even if we get no CPU for a second.
const FRAMES: usize = 1 << 16;
const FRAME: usize = 128;
const BLOCK: usize = 1 << 16;
const LOOK: Duration = Duration::from_millis(20);

pub struct Tap {
    seen: Arc<Mutex<Vec<Start>>>,
    stop: Arc<AtomicBool>,
    socket: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Tap {
    /// Sees what goes to one of these ports from now on.
    ///
    /// # Errors
    /// For want of CAP_NET_RAW, among others.
    pub fn new(ports: &[u16]) -> Result<Tap> {
        let socket = Arc::new(open().map_err(|error| format!("a tap on loopback: {error}"))?);
        let ring = Ring::map(&socket)?;
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (ports, into, ends) = (ports.to_vec(), Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut ring = ring;
            while !ends.load(Ordering::Relaxed) {
                sleep(LOOK);
                let offset = boot_less_wall();
                let mut seen = into.lock().expect("nobody panics with it");
                ring.drain(|at, address, port| {
                    if ports.contains(&port) {
                        seen.push(Start { at: at + offset, address, port });
                    }
                });
            }
        });
        Ok(Tap { seen, stop, socket, thread: Some(thread) })
    }

    /// What was seen since the last call.
    pub fn take(&self) -> Result<Vec<Start>> {
        sleep(2 * LOOK);
        let mut statistics = [0_u32; 2];
        let mut length = mem::size_of_val(&statistics) as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` octets.
        let result = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                statistics.as_mut_ptr().cast(),
                &mut length,
            )
        };
        nix::Error::result(result)?;
        if statistics[1] > 0 {
            return Err(format!("the tap has missed {} packets", statistics[1]).into());
        }
        Ok(mem::take(&mut *self.seen.lock().expect("nobody panics with it")))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The boot clock, in nanoseconds.
pub fn boot() -> i64 {
    nanoseconds(ClockId::CLOCK_BOOTTIME)
}

/// The wall clock, in nanoseconds.
pub fn wall() -> i64 {
    nanoseconds(ClockId::CLOCK_REALTIME)
}

fn nanoseconds(clock: ClockId) -> i64 {
    let time = clock_gettime(clock).expect("there is this clock");
    time.tv_sec() * 1_000_000_000 + time.tv_nsec()
}

/// The kernel stamps with the wall clock; whoever starts probes goes by the boot clock.
fn boot_less_wall() -> i64 {
    let differences = (0..3).map(|_| {
        let (before, between, after) = (boot(), wall(), boot());
        (after - before, before + (after - before) / 2 - between)
    });
    differences.min().map_or(0, |(_, difference)| difference)
}

fn open() -> io::Result<OwnedFd> {
    // Nothing comes in before it is bound.
    // SAFETY: socket takes no addresses, and nobody else knows what it returns.
    let socket = unsafe {
        let raw = libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        OwnedFd::from_raw_fd(nix::Error::result(raw)?)
    };
    // SYN without ACK: offset 9 is the protocol, the header's length is variable, 13 octets behind it are the flags.
    let filter = [
        (0x30, 0, 0, 9),    // ldb [9]
        (0x15, 0, 5, 6),    // jeq #6 (TCP)
        (0xb1, 0, 0, 0),    // ldxb 4*([0]&0xf)
        (0x50, 0, 0, 13),   // ldb [x + 13]
        (0x54, 0, 0, 0x12), // and #SYN|ACK
        (0x15, 0, 1, 0x02), // jeq #SYN
        (0x06, 0, 0, 44),   // ret #44
        (0x06, 0, 0, 0),    // ret #0
    ];
    let mut filter = filter.map(|(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k });
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    set(&socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)?;
    const PACKET_IGNORE_OUTGOING: i32 = 23;
    set(&socket, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, &1_i32)?;
    set(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V2 as i32))?;
    let request = libc::tpacket_req {
        tp_block_size: BLOCK as u32,
        tp_block_nr: (FRAMES * FRAME / BLOCK) as u32,
        tp_frame_size: FRAME as u32,
        tp_frame_nr: FRAMES as u32,
    };
    set(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
    // SAFETY: the address is a whole sockaddr_ll, of the length that is told.
    unsafe {
        let mut address: libc::sockaddr_ll = mem::zeroed();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_IP as u16).to_be();
        address.sll_ifindex = libc::if_nametoindex(c"lo".as_ptr()) as i32;
        let length = mem::size_of_val(&address) as libc::socklen_t;
        nix::Error::result(libc::bind(socket.as_raw_fd(), ptr::from_ref(&address).cast(), length))?;
    }
    Ok(socket)
}

fn set<T>(socket: &OwnedFd, level: i32, option: i32, value: &T) -> io::Result<()> {
    let length = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: `value` is as long as is told.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(value).cast(), length) };
    nix::Error::result(result).map(drop).map_err(io::Error::from)
}

/// The ring that we and the kernel share.
struct Ring {
    frames: *mut u8,
    next: usize,
}

// SAFETY: the mapping belongs to whoever has this.
unsafe impl Send for Ring {}

impl Ring {
    fn map(socket: &OwnedFd) -> io::Result<Ring> {
        // SAFETY: a mapping of its own, as long as the ring that was asked for.
        let frames = unsafe {
            libc::mmap(
                ptr::null_mut(),
                FRAMES * FRAME,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if frames == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Ring { frames: frames.cast(), next: 0 })
    }

    fn drain(&mut self, mut each: impl FnMut(i64, u32, u16)) {
        loop {
            // SAFETY: `next` is below FRAMES, and a frame that is ours is written by nobody else.
            unsafe {
                let frame = self.frames.add(self.next * FRAME);
                let header: *mut libc::tpacket2_hdr = frame.cast();
                let status = ptr::addr_of_mut!((*header).tp_status);
                if status.read_volatile() & libc::TP_STATUS_USER == 0 {
                    return;
                }
                std::sync::atomic::fence(Ordering::Acquire);
                let header_now = header.read();
                let at = i64::from(header_now.tp_sec) * 1_000_000_000 + i64::from(header_now.tp_nsec);
                let octets = |range: Range<usize>| {
                    let first = frame.add(usize::from(header_now.tp_net) + range.start);
                    std::slice::from_raw_parts(first, range.len())
                };
                let length = usize::from(octets(0..1)[0] & 0xf) * 4;
                let address = u32::from_be_bytes(octets(16..20).try_into().expect("four octets"));
                let port = u16::from_be_bytes(octets(length + 2..length + 4).try_into().expect("two octets"));
                each(at, address, port);
                std::sync::atomic::fence(Ordering::Release);
                status.write_volatile(libc::TP_STATUS_KERNEL);
            }
            self.next = (self.next + 1) % FRAMES;
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it was mapped so, and nobody has an address of it.
        unsafe { libc::munmap(self.frames.cast(), FRAMES * FRAME) };
    }
}
