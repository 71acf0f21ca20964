//! One of a plugin's output pipes: its beginning is kept, and the rest is read and thrown away, so that a plugin
//! that says too much does not hang.

use crate::limits::{PIPE_OCTETS, PIPE_READS_PER_TURN};
use crate::logic::plugin_result::Kept;
use std::io::{ErrorKind, Read};

/// A pipe from a child, and what is kept of what came through it.
#[derive(Debug)]
pub struct Output<P> {
    /// None when everybody has closed it.
    pipe: Option<P>,
    kept: Kept,
    /// At most so many octets are kept.
    bound: usize,
    /// There may be more to read, of which the poll will not tell again.
    has_more: bool,
}

impl<P: Read> Output<P> {
    /// Reads `pipe`, which never waits, and keeps at most `bound` octets of it.
    pub fn new(pipe: P, bound: usize) -> Output<P> {
        Output { pipe: Some(pipe), kept: Kept::default(), bound, has_more: false }
    }

    /// The beginning of what was written until now. Nothing more is kept from now on.
    pub fn take_kept(&mut self) -> Kept {
        self.bound = 0;
        std::mem::take(&mut self.kept)
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
                    let room = self.bound.saturating_sub(self.kept.octets.len());
                    self.kept.is_cut |= count > room;
                    self.kept.octets.extend_from_slice(octets.get(..count.min(room)).unwrap_or_default());
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
        let (mut sender, receiver) = mio::unix::pipe::new().unwrap();
        let mut output = Output::new(receiver, BOUND);
        sender.write_all(b"first\n").unwrap();
        output.read();
        assert_eq!(
            (output.kept.octets.as_slice(), output.has_more(), output.has_ended()),
            (&b"first\n"[..], false, false)
        );
        sender.write_all(&[b'x'; BOUND - 6]).unwrap();
        output.read();
        assert!(output.kept.octets.len() == BOUND && !output.kept.is_cut);
        sender.write_all(&[b'x'; 10_000]).unwrap();
        output.read();
        let kept = output.take_kept();
        assert!(kept.octets.len() == BOUND && kept.is_cut && kept.octets.starts_with(b"first\nxxx"));
        sender.write_all(b"late").unwrap();
        drop(sender);
        output.read();
        assert!(output.has_ended() && output.take_kept().octets.is_empty());
    }

    #[test]
    fn what_never_ends_is_left_for_the_next_turn() {
        let mut output = Output::new(std::io::repeat(b'y'), BOUND);
        output.read();
        assert!(output.has_more() && !output.has_ended());
        assert_eq!(output.take_kept().octets, [b'y'; BOUND]);
    }
}
