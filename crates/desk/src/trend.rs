//! Saved trends: what somebody had on the screen, to be opened again.

use lineshaft_model::Timestamp;
use serde_json::Value;

use crate::ChangeError;
use crate::annotation::{Author, invalid};
use crate::limits::{NAME_BYTES_MAX, TREND_BYTES_MAX};

/// A saved trend. What is in it is the page's business; here it is JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Its number, from 1; never given twice.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// Whose.
    pub by: Author,
    /// Whether others see it.
    pub shared: bool,
    /// When it was made.
    pub made: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
    /// Pens, times, colours: as the page wrote it.
    pub trend: Value,
}

/// A trend as it shall be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTrend {
    /// What it is called.
    pub name: String,
    /// Whether others see it.
    pub shared: bool,
    /// Pens, times, colours.
    pub trend: Value,
}

impl NewTrend {
    pub(crate) fn check(&self) -> Result<(), ChangeError> {
        if self.name.trim().is_empty() {
            return Err(invalid("name", "a trend has a name"));
        }
        if self.name.len() > NAME_BYTES_MAX {
            let why = format!("the name has {} bytes, at most {NAME_BYTES_MAX}", self.name.len());
            return Err(invalid("name", why));
        }
        if !self.trend.is_object() {
            return Err(invalid("trend", "`trend` is no JSON object"));
        }
        let bytes = serde_json::to_string(&self.trend).map_or(usize::MAX, |text| text.len());
        if bytes > TREND_BYTES_MAX {
            let why = format!("the trend has {bytes} bytes, at most {TREND_BYTES_MAX}");
            return Err(invalid("trend", why));
        }
        Ok(())
    }
}
