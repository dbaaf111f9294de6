//! The words of the plant: tag, sample, quality, unit, time.
//!
//! Nothing here reads a clock, opens a file, awaits, or knows a wire format. Every boundary (the
//! shaft's record, an MQTT payload, JSON, Parquet) has its own type and version and converts by hand.

mod batch;
mod command;
mod path;
mod quality;
mod sample;
mod tags;
mod time;
mod types;
mod unit;
mod value;

pub use batch::{Batch, OriginId, Outcome, Receipt, Row};
pub use command::{Answer, Command, CommandId, Refusal};
pub use path::{PathError, TagPath};
pub use quality::{Level, Quality, Reason};
pub use sample::{ClockSource, Sample};
pub use tags::{TagId, TagMap, Tags};
pub use time::{Timestamp, parse_duration};
pub use types::{Access, DataType, TagMeta, TypeError, WordOrder};
pub use unit::{Conversion, Unit, UnitError};
pub use value::Value;
