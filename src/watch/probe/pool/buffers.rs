//! Buffers of machines, handed from a probe that ended to one that begins. Who needs none takes no memory.

use crate::limits::SPARE_OCTETS;

/// Empty buffers that have memory.
#[derive(Debug, Default)]
pub struct Buffers {
    spare: Vec<Vec<u8>>,
    /// Octets of their memory.
    octets: usize,
}

impl Buffers {
    /// An empty buffer.
    pub fn lend(&mut self) -> Vec<u8> {
        let buffer = self.spare.pop().unwrap_or_default();
        self.octets = self.octets.saturating_sub(buffer.capacity());
        buffer
    }

    /// Takes a buffer back, unless there is enough already.
    pub fn give_back(&mut self, mut buffer: Vec<u8>) {
        let octets = self.octets.saturating_add(buffer.capacity());
        if buffer.capacity() > 0 && octets <= SPARE_OCTETS {
            buffer.clear();
            self.octets = octets;
            self.spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_handed_on_and_bounded() {
        let mut buffers = Buffers::default();
        buffers.give_back(Vec::new());
        assert_eq!(buffers.spare.len(), 0);
        buffers.give_back(vec![1; 100]);
        assert_eq!(buffers.lend().capacity(), 100);
        for _ in 0..100 {
            buffers.give_back(Vec::with_capacity(SPARE_OCTETS / 10));
        }
        assert_eq!(buffers.spare.len(), 10);
    }
}
