//! Samples in memory: what came from the shaft and is in no segment yet.
//!
//! Ten thousand quiet tags must cost little and one busy tag must cost little per sample, so a column starts
//! with nothing, keeps the narrowest form that holds what came so far, and widens when something does not fit.

mod column;

use lineshaft_model::{Row, TagId};

pub(crate) use column::Column;

/// One generation of samples in memory: filled, then frozen, then sealed, then dropped.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    /// The column of each tag plus one, by the tag's number; 0 for none.
    slots: Vec<u32>,
    columns: Vec<(TagId, Column)>,
    bytes: usize,
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
            let column = self.column(row.tag);
            let before = column.bytes();
            column.push(&row.sample);
            let after = column.bytes();
            self.bytes += after.saturating_sub(before);
        }
        self.samples += rows.len() as u64;
        self.upto = next;
    }

    fn column(&mut self, tag: TagId) -> &mut Column {
        let index = tag.index();
        if self.slots.len() <= index {
            let more = index + 1 - self.slots.len();
            self.bytes += more * size_of::<u32>();
            self.slots.resize(index + 1, 0);
        }
        if self.slots[index] == 0 {
            self.bytes += size_of::<(TagId, Column)>();
            self.columns.push((tag, Column::default()));
            self.slots[index] = self.columns.len() as u32;
        }
        let slot = self.slots[index] as usize - 1;
        &mut self.columns[slot].1
    }

    /// The samples of one tag.
    pub(crate) fn get(&self, tag: TagId) -> Option<&Column> {
        let slot = self.slots.get(tag.index())?.checked_sub(1)?;
        self.columns.get(slot as usize).map(|(_, column)| column)
    }

    pub(crate) fn columns(&self) -> &[(TagId, Column)] {
        &self.columns
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn samples(&self) -> u64 {
        self.samples
    }

    pub(crate) const fn upto(&self) -> u64 {
        self.upto
    }

    /// The instant of the oldest sample.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.columns.iter().map(|(_, column)| column.oldest()).min()
    }

    /// The instant of the newest sample.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.columns.iter().map(|(_, column)| column.newest()).max()
    }
}
