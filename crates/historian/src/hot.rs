//! Samples in memory: what came from the shaft and is in no segment yet.
//!
//! A hundred thousand quiet tags must cost little and one busy tag must cost little per sample. So a tag has a small
//! header in a table that grows by pieces and never moves, and its samples are a run of bytes in blocks that all
//! tags share: two or three bytes for what a plant sends, see [`form`].

mod blocks;
mod column;
mod copied;
mod form;
#[cfg(test)]
mod tests;

use lineshaft_model::{Row, TagId};

use blocks::Blocks;
pub(crate) use column::Column;
pub(crate) use copied::Copied;

/// Columns that are allocated together: 16 KiB.
const PIECE: usize = 256;

/// One generation of samples in memory: filled, then frozen, then sealed, then dropped.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    /// The column of each tag plus one, by the tag's number; 0 for none.
    slots: Vec<u32>,
    /// In pieces, so that growing copies nothing.
    columns: Vec<Vec<Column>>,
    blocks: Blocks,
    samples: u64,
    /// Records below this offset are in this generation or an earlier one.
    upto: u64,
}

impl Hot {
    /// An empty generation that goes on from an offset.
    pub(crate) fn from_offset(upto: u64) -> Hot {
        Hot { upto, ..Hot::default() }
    }

    /// Takes the rows of one record in.
    pub(crate) fn take_in(&mut self, rows: &[Row], next: u64) {
        for row in rows {
            let slot = self.slot(row.tag);
            self.columns[slot / PIECE][slot % PIECE].push(&row.sample, &mut self.blocks);
        }
        self.samples += rows.len() as u64;
        self.upto = next;
    }

    fn slot(&mut self, tag: TagId) -> usize {
        let index = tag.index();
        match self.slots.get(index) {
            Some(0) | None => self.add(tag),
            Some(slot) => *slot as usize - 1,
        }
    }

    #[cold]
    fn add(&mut self, tag: TagId) -> usize {
        let index = tag.index();
        if self.slots.len() <= index {
            self.slots.resize(index + 1, 0);
        }
        if self.columns.last().is_none_or(|piece| piece.len() == PIECE) {
            self.columns.push(Vec::with_capacity(PIECE));
        }
        let before = (self.columns.len() - 1) * PIECE;
        let Some(piece) = self.columns.last_mut() else { return 0 };
        piece.push(Column::new(tag));
        self.slots[index] = (before + piece.len()) as u32;
        before + piece.len() - 1
    }

    /// The samples of one tag.
    pub(crate) fn get(&self, tag: TagId) -> Option<&Column> {
        let slot = self.slots.get(tag.index())?.checked_sub(1)? as usize;
        self.columns.get(slot / PIECE)?.get(slot % PIECE)
    }

    /// The samples of one tag, to be read when nobody waits.
    pub(crate) fn copy(&self, tag: TagId) -> Option<Copied> {
        let mut copied = Copied::default();
        self.copy_to(self.get(tag)?, &mut copied);
        Some(copied)
    }

    /// As [`Hot::copy`], into what held another column before.
    pub(crate) fn copy_to(&self, column: &Column, copied: &mut Copied) {
        copied.bytes.clear();
        self.blocks.gather(&column.chain, &mut copied.bytes);
        (copied.len, copied.is_sorted) = (column.len as usize, column.is_sorted);
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().flatten()
    }

    /// Bytes in use.
    pub(crate) const fn bytes(&self) -> usize {
        let table = self.columns.len() * PIECE * size_of::<Column>();
        self.slots.capacity() * size_of::<u32>() + table + self.blocks.bytes()
    }

    pub(crate) const fn samples(&self) -> u64 {
        self.samples
    }

    pub(crate) const fn upto(&self) -> u64 {
        self.upto
    }

    /// The instant of the oldest sample.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.columns().map(Column::oldest).min()
    }

    /// The instant of the newest sample.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.columns().map(Column::newest).max()
    }
}
