//! What a form needs to know of a driver, beside the schema of its settings.

/// What a driver says of itself to whoever configures a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// Its name for people: `Modbus`.
    pub title: &'static str,
    /// How its endpoints are written, the usual one first.
    pub endpoints: &'static [EndpointCard],
    /// The types its points can have, as a tag table writes them.
    pub types: &'static [&'static str],
    /// How its addresses are written.
    pub address: Addressing,
    /// Whether it can say what a device offers.
    pub browse: Option<BrowseKind>,
}

/// One way to reach a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointCard {
    /// What stands before `://`.
    pub scheme: &'static str,
    /// A whole one.
    pub example: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// How addresses are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressing {
    /// Some, the usual one first.
    pub examples: &'static [&'static str],
    /// What they mean.
    pub about: &'static str,
}

/// How a driver finds out what a device offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BrowseKind {
    /// It tries addresses.
    Scan,
    /// The device lists them.
    Tree,
}

impl BrowseKind {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            BrowseKind::Scan => "scan",
            BrowseKind::Tree => "tree",
        }
    }
}

impl Card {
    /// Of a driver that says nothing.
    pub const EMPTY: Card = Card {
        title: "",
        endpoints: &[],
        types: &[],
        address: Addressing { examples: &[], about: "" },
        browse: None,
    };
}
