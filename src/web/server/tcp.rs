//! A connection by TCP, whose last answer and its end go out in one segment: a client that waits for both is woken once.

use nix::sys::socket::sendmsg;
use oco::system::socket::send_flags;
use std::cell::Cell;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Whether what is sent from now on is the last, shared between who answers and the connection.
#[derive(Debug, Clone, Default)]
pub struct Last(Rc<Cell<bool>>);

impl Last {
    /// All that is sent from now on is followed by the end.
    pub fn set(&self) {
        self.0.set(true);
    }
}

/// A connection that holds back its last octets for its end.
#[derive(Debug)]
pub struct Tcp {
    stream: TcpStream,
    last: Last,
}

impl Tcp {
    /// The connection `stream`, which `last` concerns.
    pub fn new(stream: TcpStream, last: Last) -> Tcp {
        Tcp { stream, last }
    }

    /// Hands octets to the kernel, which waits for the end before it sends a segment that is not full.
    fn poll_last(&self, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            let sent = self.stream.try_io(Interest::WRITABLE, || {
                Ok(sendmsg::<()>(self.stream.as_raw_fd(), pieces, &[], send_flags(true), None)?)
            });
            match sent {
                // It is not ready any more, and tells when it is.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.last.0.get() {
            true => this.poll_last(context, pieces),
            false => Pin::new(&mut this.stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;
    use tokio::io::AsyncWriteExt;
    use tokio::runtime::Builder;

    #[test]
    fn all_of_the_last_answer_arrives_also_where_it_does_not_fit_at_once() {
        let sent: Vec<u8> = (0..2 * 1024 * 1024_u32).flat_map(u32::to_le_bytes).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            (&theirs).read_to_end(&mut read).map(|_| read)
        });
        Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
            let last = Last::default();
            let mut ours = Tcp::new(TcpStream::from_std(ours).unwrap(), last.clone());
            ours.write_all(&sent[..10]).await.unwrap();
            last.set();
            ours.write_all(&sent[10..]).await.unwrap();
            ours.shutdown().await.unwrap();
        });
        let read = reading.join().unwrap().unwrap();
        assert!(read == sent, "{} of {} octets, or others", read.len(), sent.len());
    }
}
