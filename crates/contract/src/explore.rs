//! What can be asked of an open link beyond polling: whether somebody answers, what there is, which bytes go by.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_model::{DataType, Quality, Value};

use crate::{DriverError, PointSpec};

/// A pending answer.
pub type Exploring<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an author adds to [`crate::Poll`] so that people can try a device out before they configure it.
pub trait Explore<Config>: Send {
    /// Asks the protocol's cheapest question, and says in words what the device answered. A device that refuses has
    /// answered; `Err` when nobody did.
    fn probe<'a>(
        &'a mut self,
        config: &'a Config,
        limit: Duration,
    ) -> Exploring<'a, Result<String, DriverError>>;

    /// Lists a part of what the device offers, from where an earlier part ended, for at most [`BrowseAsk::budget`].
    fn browse<'a>(
        &'a mut self,
        config: &'a Config,
        ask: &'a BrowseAsk,
    ) -> Exploring<'a, Result<Browsed, BrowseError>>;

    /// Where every frame goes from now on, also those that are malformed or late; `None`: nowhere, at no cost.
    fn trace(&mut self, to: Option<Arc<dyn Tracer>>);

    /// What the last answer says, and what a person can do about it.
    fn advice(&self, config: &Config, trouble: &Trouble<'_>) -> Option<Advice>;
}

/// What went wrong when a device was tried out.
#[derive(Debug)]
pub enum Trouble<'a> {
    /// A call failed.
    Failed(&'a DriverError),
    /// The device answered, and has no value for this point.
    Refused(&'a PointSpec),
}

/// What a trouble means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What happened, in the protocol's words; lowercase, without a full stop.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Which part of what a device offers is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct BrowseAsk {
    /// The driver's own options, JSON.
    pub options: serde_json::Value,
    /// Where the part before ended.
    pub after: Option<String>,
    /// How many at most.
    pub count_max: u32,
    /// How long one request may take.
    pub limit: Duration,
    /// After how long the part ends, whatever was found.
    pub budget: Duration,
}

/// A part of what a device offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Browsed {
    /// What was found.
    pub found: Vec<Found>,
    /// Where to go on; `None` on the last part.
    pub next: Option<String>,
    /// How much of the whole has been looked at, 0 to 1.
    pub done: f64,
    /// What is worth saying about it; may be empty.
    pub note: String,
    /// Whether the link can not be used any more.
    pub is_link_spent: bool,
}

/// Something a device offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// A name fit for the tag table.
    pub name: String,
    /// Its address in the protocol's own form.
    pub address: String,
    /// Its type; `None` when it is no point but a unit behind the link.
    pub data_type: Option<DataType>,
    /// What the device says about it, or what it looks like.
    pub description: String,
    /// What it is now.
    pub value: Value,
    /// How far that may be trusted.
    pub quality: Quality,
    /// What else it could be: types as the tag table writes them, with the value they give.
    pub guesses: Vec<(String, Value)>,
    /// Settings it needs that are not those of the device it was found with; null when there are none.
    pub settings: serde_json::Value,
}

/// Why a device cannot be browsed.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// The driver cannot list what a device offers.
    #[error("this driver cannot list what a device offers")]
    Unsupported,
    /// An option is wrong.
    #[error("option `{key}`: {what}")]
    Option {
        /// Which.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// The place to go on from is none that this browse gave.
    #[error("`after` is no place to go on from")]
    Cursor,
    /// The device does not answer.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the device.
    Sent,
    /// From the device.
    Received,
}

impl Direction {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Direction::Sent => "sent",
            Direction::Received => "received",
        }
    }
}

/// Bytes that went by, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which way.
    pub direction: Direction,
    /// The bytes; none when it is about their absence.
    pub bytes: Box<[u8]>,
    /// What they mean.
    pub text: String,
    /// Time since the request was sent, of what came back.
    pub took: Option<Duration>,
}

/// Whoever wants to see the frames of a link.
pub trait Tracer: fmt::Debug + Send + Sync {
    /// A frame went by. Called on the road of the samples: it must not wait.
    fn frame(&self, frame: Frame);
}
