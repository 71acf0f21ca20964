//! One of a plugin's output pipes: its beginning is kept, and the rest is read and thrown away, so that a plugin
//! that says too much does not hang.

use crate::limits::{PIPE_OCTETS, PIPE_READS_PER_TURN};
use crate::logic::plugin_result::Kept;
use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read};

/// See the [module](self).
#[derive(Debug)]
pub struct Output {
    /// None when everybody has closed it.
    pipe: Option<Receiver>,
    kept: Vec<u8>,
    /// At most so many octets are kept.
    bound: usize,
    /// There was more than is kept.
    is_cut: bool,
    /// There may be more to read, of which the poll will not tell again.
    has_more: bool,
}

impl Output {
    /// Reads `pipe`, which wakes `registry`'s poll with `token`, and keeps `bound` octets of it. None: there is no output.
    pub fn new(
        pipe: Option<Receiver>,
        bound: usize,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Output> {
        let mut pipe = pipe;
        if let Some(pipe) = &mut pipe {
            pipe.set_nonblocking(true)?;
            registry.register(pipe, token, Interest::READABLE)?;
        }
        Ok(Output { pipe, kept: Vec::new(), bound, is_cut: false, has_more: false })
    }

    /// The beginning of what was written, within its bound.
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
                    let room = self.bound.saturating_sub(self.kept.len());
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

    const BOUND: usize = 4096;

    #[test]
    fn the_beginning_is_kept_and_a_flood_is_read_in_turns() {
        let poll = mio::Poll::new().unwrap();
        let (mut sender, receiver) = mio::unix::pipe::new().unwrap();
        let mut output = Output::new(Some(receiver), BOUND, poll.registry(), Token(0)).unwrap();
        sender.write_all(b"first\n").unwrap();
        output.read();
        assert_eq!(
            (output.kept().octets, output.has_more(), output.has_ended()),
            (&b"first\n"[..], false, false)
        );
        sender.write_all(&[b'x'; BOUND - 6]).unwrap();
        output.read();
        assert!(output.kept().octets.len() == BOUND && !output.kept().is_cut);
        sender.write_all(&[b'x'; 10_000]).unwrap();
        output.read();
        assert!(output.kept().octets.len() == BOUND && output.kept().is_cut);
        drop(sender);
        output.read();
        assert!(output.has_ended() && output.kept().octets.starts_with(b"first\nxxx"));
    }
}
