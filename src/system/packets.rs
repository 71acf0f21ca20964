//! Messages between two processes, each whole, with descriptors that go along.

use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Descriptors that one message can bring: a child's stdout, stderr and sheet.
pub const DESCRIPTORS: usize = 3;

/// A message that was received.
#[derive(Debug)]
pub struct Packet {
    /// Its octets in the buffer.
    pub octets: usize,
    /// Those that came along, if we had room for them.
    pub descriptors: Vec<OwnedFd>,
}

/// Makes both ends. No program that is executed inherits them.
///
/// # Errors
/// If there are no descriptors left.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Lets sending and receiving at this end never wait.
///
/// # Errors
/// If it is no socket.
pub fn never_wait(socket: BorrowedFd<'_>) -> io::Result<()> {
    Ok(ioctl_fionbio(socket, true)?)
}

/// Sends a message, whole or not at all.
///
/// # Errors
/// If the other end is closed, the message too long, or there is no room for it now.
pub fn send(socket: BorrowedFd<'_>, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::INVAL.into());
    }
    loop {
        match sendmsg(socket, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Receives a message into `buffer`; one that does not fit is cut. None: the other end is closed. Messages without an
/// octet do not exist.
///
/// # Errors
/// If there is none now, or none will come.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<Packet>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let octets = loop {
        let mut parts = [IoSliceMut::new(buffer)];
        match recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => break received.bytes,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    };
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            descriptors.extend(passed);
        }
    }
    Ok((octets > 0).then_some(Packet { octets, descriptors }))
}
