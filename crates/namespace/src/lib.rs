//! The unified namespace: every tag of the node as one tree, with what it is and what it said last.
//!
//! One [`Namespace`] is shared by everybody: the pipeline publishes into it, the API, the broker and the
//! page read it and subscribe to it. It holds the present only: the past is the historian's.
//!
//! # How it is laid out
//!
//! - The **tree** is a snapshot: metadata in tree order in one sorted table, so that a folder is a range
//!   and a page is a slice. It is rebuilt by [`Namespace::configure`], which is rare, and swapped whole;
//!   a reader works on the snapshot it took and holds no lock.
//! - The **last values** are in chunks of 1,024 tags by the number of the tag, one lock per chunk. A
//!   device's tags are neighbours, so a batch takes few locks. Beside each value are its change number
//!   and its quality level, which are read without the lock.
//! - A **subscription** remembers the change number it last handed out for each of its tags and, when
//!   woken, compares. There is no queue between publisher and subscriber: nothing to overflow, nothing
//!   per subscriber in [`Namespace::publish`], and a slow reader gets the latest value of each tag. The
//!   rejected alternative, a dirty list per subscriber, costs every publisher a lock per subscriber.

mod assets;
mod live;
mod metrics;
mod namespace;
mod search;
mod subscription;
mod tree;

pub use assets::{
    Asset, AssetModel, AssetType, Assets, KEY_VALUES_MAX, KeyValue, Level, LevelError, Limits,
    Matches, NamedAsset, Role, States,
};
pub use namespace::{CLOCK_SET_BACK_AFTER, Namespace};
pub use subscription::{Subscription, WAKE_INTERVAL};
pub use tree::{Child, Counts, Diagnostics, Page};
