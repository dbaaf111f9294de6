//! How a person wants the page.

use serde::{Deserialize, Serialize};

use crate::ChangeError;
use crate::annotation::invalid;
use crate::limits::HOME_BYTES_MAX;

/// How the page is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// High contrast.
    Contrast,
    /// As the machine has it.
    #[default]
    System,
}

/// For which hands and eyes the page is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Density {
    /// Mouse and keyboard at a desk.
    #[default]
    Desk,
    /// Fingers, also in gloves.
    Touch,
    /// A screen on the wall, read from afar.
    Wall,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// A decimal point and narrow spaces, the same for everybody.
    #[default]
    Plain,
    /// As the language has it.
    Language,
}

/// How a person wants the page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The language by its tag (`de`); `None` as the browser has it.
    #[serde(default)]
    pub language: Option<String>,
    /// The time zone by its IANA name (`Europe/Berlin`); `None` as the browser has it.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// The colours.
    #[serde(default)]
    pub theme: Theme,
    /// The layout.
    #[serde(default)]
    pub density: Density,
    /// The numbers.
    #[serde(default)]
    pub numbers: Numbers,
    /// The page that is shown first, as `#/…`; `None` for the usual one.
    #[serde(default)]
    pub home: Option<String>,
}

impl Settings {
    /// Whether it can be kept. Names are checked by their letters alone: a browser knows more zones than any list.
    ///
    /// # Errors
    /// [`ChangeError::Invalid`].
    pub fn check(&self) -> Result<(), ChangeError> {
        let letters = |text: &str, max: usize, more: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            !text.is_empty() && text.len() <= max && text.chars().all(known)
        };
        if self.language.as_deref().is_some_and(|tag| !letters(tag, 35, "-")) {
            return Err(invalid("language", "`language` is no language tag as `de` or `en-GB`"));
        }
        if self.time_zone.as_deref().is_some_and(|zone| !letters(zone, 64, "/_+-")) {
            return Err(invalid("time_zone", "`time_zone` is no zone as `Europe/Berlin`"));
        }
        let own = |home: &str| home.starts_with("#/") && home.len() <= HOME_BYTES_MAX;
        if self.home.as_deref().is_some_and(|home| !own(home)) {
            let why = format!("`home` begins with `#/` and has at most {HOME_BYTES_MAX} bytes");
            return Err(invalid("home", why));
        }
        Ok(())
    }
}
