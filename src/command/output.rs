//! One of a plugin's output pipes: its beginning is kept, and the rest is read and thrown away, so that a plugin
//! that says too much does not hang.

use crate::limits::{PIPE_OCTETS, PIPE_READS_PER_TURN, STATUS_FILE_OCTETS};
use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read};

/// See the [module](self).
#[derive(Debug)]
pub struct Output {
    /// None when everybody has closed it.
    pipe: Option<Receiver>,
    kept: Vec<u8>,
    /// There was more than is kept.
    is_cut: bool,
    /// There may be more to read, of which the poll will not tell again.
    has_more: bool,
}

/// The beginning of an output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept<'a> {
    /// What was written.
    pub octets: &'a [u8],
    /// Whether there was more.
    pub is_cut: bool,
}

impl Output {
    /// Reads `pipe`, which wakes `registry`'s poll with `token`. None: there is no output.
    pub fn new(pipe: Option<Receiver>, registry: &Registry, token: Token) -> io::Result<Output> {
        let mut pipe = pipe;
        if let Some(pipe) = &mut pipe {
            pipe.set_nonblocking(true)?;
            registry.register(pipe, token, Interest::READABLE)?;
        }
        Ok(Output { pipe, kept: Vec::new(), is_cut: false, has_more: false })
    }

    /// The beginning of what was written, at most [`STATUS_FILE_OCTETS`].
    pub fn kept(&self) -> Kept<'_> {
        Kept { octets: &self.kept, is_cut: self.is_cut }
    }

    /// Whether nobody holds it open any more, and all was read.
    pub fn has_ended(&self) -> bool {
        self.pipe.is_none()
    }

    /// Whether to [read](Output::read) again without being woken.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Reads what is there, within bounds.
    pub fn read(&mut self) {
        self.has_more = false;
        let Some(pipe) = &mut self.pipe else { return };
        let mut octets = [0; PIPE_OCTETS];
        for _ in 0..PIPE_READS_PER_TURN {
            match pipe.read(&mut octets) {
                Ok(0) => {
                    self.pipe = None;
                    return;
                }
                Ok(count) => {
                    let room = STATUS_FILE_OCTETS - self.kept.len();
                    self.is_cut |= count > room;
                    self.kept.extend_from_slice(octets.get(..count.min(room)).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.pipe = None;
                    return;
                }
            }
        }
        self.has_more = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_beginning_is_kept_and_a_flood_is_read_in_turns() {
        let poll = mio::Poll::new().unwrap();
        let (mut sender, receiver) = mio::unix::pipe::new().unwrap();
        let mut output = Output::new(Some(receiver), poll.registry(), Token(0)).unwrap();
        sender.write_all(b"first\n").unwrap();
        output.read();
        assert_eq!(
            (output.kept().octets, output.has_more(), output.has_ended()),
            (&b"first\n"[..], false, false)
        );
        sender.write_all(&[b'x'; STATUS_FILE_OCTETS - 6]).unwrap();
        output.read();
        assert!(output.kept().octets.len() == STATUS_FILE_OCTETS && !output.kept().is_cut);
        sender.write_all(&[b'x'; 10_000]).unwrap();
        output.read();
        assert!(output.kept().octets.len() == STATUS_FILE_OCTETS && output.kept().is_cut);
        drop(sender);
        output.read();
        assert!(output.has_ended() && output.kept().octets.starts_with(b"first\nxxx"));
    }
}
