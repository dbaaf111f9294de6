//! What can be set.

use std::time::Duration;

/// How the trail is named and kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of the trail in its checkpoints, `<node name>/audit`; white space and `+` become `-`. Only asked
    /// when the trail is made: a trail keeps the name it was born with, or nobody could follow it.
    pub origin: String,
    /// Bytes of a segment file before the next is begun. Default 64 MiB.
    pub segment_bytes: u64,
    /// Bytes kept on the disk for the trail alone, so that it outlives a full disk for a while. Default 16 MiB,
    /// some 50,000 entries.
    pub reserve_bytes: u64,
    /// How long the first entry of a group waits for others. Default 0: the group is written at once, and whoever
    /// comes meanwhile joins the next.
    pub commit_interval: Duration,
}

impl Options {
    /// The defaults, for the trail of a node.
    #[must_use]
    pub fn of_node(node: &str) -> Options {
        Options { origin: format!("{node}/audit"), ..Options::default() }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            origin: "node/audit".into(),
            segment_bytes: 64 << 20,
            reserve_bytes: 16 << 20,
            commit_interval: Duration::ZERO,
        }
    }
}
