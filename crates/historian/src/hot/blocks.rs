//! The bytes of many tags, in small blocks of one size.
//!
//! A growing vector for each of a hundred thousand tags would leave an allocation, spare room and holes behind for
//! each; a block is handed out by counting, and a whole generation is given back at once.

/// Bytes of a block with the number of the next one behind them: 44 hold some 15 samples, and the last block of a
/// tag is half empty on average.
const BLOCK_BYTES: usize = ROOM + 4;
const ROOM: usize = 44;
/// Blocks that are allocated together: 48 KiB.
const SLAB_BLOCKS: usize = 1_024;
const NONE: u32 = u32::MAX;

type Block = [u8; BLOCK_BYTES];

/// All blocks of one generation.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    slabs: Vec<Box<[Block]>>,
    used: u32,
}

/// The bytes of one tag: which blocks, and how far the last one is filled. Packed, because there are as many as tags.
#[derive(Debug, Clone, Copy)]
#[repr(Rust, packed)]
pub(crate) struct Chain {
    first: u32,
    last: u32,
    filled: u8,
}

impl Default for Chain {
    fn default() -> Self {
        Chain { first: NONE, last: NONE, filled: ROOM as u8 }
    }
}

/// A place within a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) block: u32,
    pub(crate) at: u8,
}

impl Chain {
    /// Where the next byte goes; a full block is its own end.
    pub(crate) const fn end(&self) -> Spot {
        Spot { block: self.last, at: self.filled }
    }
}

impl Blocks {
    /// Bytes of the blocks in use.
    pub(crate) const fn bytes(&self) -> usize {
        self.used as usize * BLOCK_BYTES
    }

    fn block(&self, number: u32) -> &Block {
        &self.slabs[number as usize / SLAB_BLOCKS][number as usize % SLAB_BLOCKS]
    }

    fn block_mut(&mut self, number: u32) -> &mut Block {
        &mut self.slabs[number as usize / SLAB_BLOCKS][number as usize % SLAB_BLOCKS]
    }

    fn next(&self, number: u32) -> u32 {
        let [.., a, b, c, d] = *self.block(number);
        u32::from_le_bytes([a, b, c, d])
    }

    /// Adds bytes at the end of a chain.
    pub(crate) fn append(&mut self, chain: &mut Chain, mut bytes: &[u8]) {
        loop {
            let at = usize::from(chain.filled);
            let now = bytes.len().min(ROOM - at);
            if now > 0 {
                self.block_mut(chain.last)[at..at + now].copy_from_slice(&bytes[..now]);
                chain.filled += now as u8;
                bytes = &bytes[now..];
            }
            if bytes.is_empty() {
                return;
            }
            self.extend(chain);
        }
    }

    fn extend(&mut self, chain: &mut Chain) {
        let number = self.used;
        if number as usize == self.slabs.len() * SLAB_BLOCKS {
            self.slabs.push(vec![[0; BLOCK_BYTES]; SLAB_BLOCKS].into_boxed_slice());
        }
        self.used += 1;
        if chain.last == NONE {
            chain.first = number;
        } else {
            self.block_mut(chain.last)[ROOM..].copy_from_slice(&number.to_le_bytes());
        }
        chain.last = number;
        chain.filled = 0;
    }

    /// The bytes of a chain from the start, piece by piece.
    fn pieces(&self, chain: &Chain) -> impl Iterator<Item = &[u8]> {
        let mut number = chain.first;
        let (last, filled) = (chain.last, usize::from(chain.filled));
        std::iter::from_fn(move || {
            if number == NONE {
                return None;
            }
            let here = number;
            let is_last = here == last;
            number = if is_last { NONE } else { self.next(here) };
            Some(&self.block(here)[..if is_last { filled } else { ROOM }])
        })
    }

    /// Adds the bytes of a chain to `out`.
    pub(crate) fn gather(&self, chain: &Chain, out: &mut Vec<u8>) {
        self.pieces(chain).for_each(|piece| out.extend_from_slice(piece));
    }

    /// Whether these bytes stand at a place of a chain; they must all lie before its end.
    pub(crate) fn stands_at(&self, mut spot: Spot, mut bytes: &[u8]) -> bool {
        loop {
            let at = usize::from(spot.at);
            let now = bytes.len().min(ROOM - at);
            if self.block(spot.block)[at..at + now] != bytes[..now] {
                return false;
            }
            bytes = &bytes[now..];
            if bytes.is_empty() {
                return true;
            }
            spot = Spot { block: self.next(spot.block), at: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_chain_gives_back_its_own_bytes(
            adds in proptest::collection::vec(
                (0..5_usize, proptest::collection::vec(any::<u8>(), 0..150)), 0..200),
        ) {
            let mut blocks = Blocks::default();
            let mut chains = [Chain::default(); 5];
            let mut model = vec![Vec::new(); 5];
            for (which, bytes) in adds {
                blocks.append(&mut chains[which], b"x"); // so that there is a place
                let spot = chains[which].end();
                blocks.append(&mut chains[which], &bytes);
                prop_assert!(blocks.stands_at(spot, &bytes));
                model[which].push(b'x');
                model[which].extend(bytes);
            }
            for (chain, model) in chains.iter().zip(&model) {
                let mut found = Vec::new();
                blocks.gather(chain, &mut found);
                prop_assert_eq!(&found, model);
            }
        }
    }
}
