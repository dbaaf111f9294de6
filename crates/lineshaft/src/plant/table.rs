//! The tables of the plant folder. Every field is a line of the manual: what it is, its range, why the default.
//!
//! A field that must be there is an `Option` here and `required` in its schema: the schema check has named every
//! mistake before these are filled, and what was wrong is left out, so that the rest can still be checked.

use lineshaft_model::parse_duration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use super::quantity::{Bytes, Lasting};
pub use super::table_assets::{AssetFile, AssetTable, LevelWord, LimitsTable, TypeTable};
pub use super::table_security::{
    AuditTable, Clients, HttpTable, IdleMeans, Insecure, SecurityTable, TlsSwitch,
};

/// `lineshaft.toml`: the node itself. Nothing but `[node]` is needed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["node"]))]
pub struct NodeFile {
    /// Who this node is.
    pub node: NodeTable,
    /// Where the page and the API listen.
    pub http: HttpTable,
    /// The durable log of all samples.
    pub shaft: ShaftTable,
    /// The store of history.
    pub historian: HistorianTable,
    /// The MQTT broker; comes with a later version.
    pub mqtt: Later,
    /// The historian for SQL clients; comes with a later version.
    pub postgres: Later,
    /// The namespace as an OPC UA server; comes with a later version.
    pub opcua: Later,
    /// Who may come in, and how.
    pub security: SecurityTable,
    /// The audit trail.
    pub audit: AuditTable,
    /// The link to the site above; comes with a later version.
    pub forward: Later,
}

/// A section that this version does not know yet: it may stand there and does nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Later(pub Map<String, Value>);

/// Sections of `lineshaft.toml` and folders beside it that come with a later version.
pub(crate) const LATER_SECTIONS: [&str; 4] = ["mqtt", "postgres", "opcua", "forward"];

/// `[node]`: who this node is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "path"]))]
pub struct NodeTable {
    /// Its name, in messages and on the page: 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    pub name: Option<String>,
    /// The prefix of every tag of this node, from the enterprise downwards: `acme/rotterdam`.
    #[schemars(extend("format" = "tag-path"))]
    pub path: Option<String>,
}

/// `[shaft]`: the durable log of all samples.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShaftTable {
    /// How much disk it may take, 16 MiB or more. At the limit the oldest samples go first, counted and shown.
    #[schemars(extend("x-minimum" = "16MiB"))]
    pub quota: Bytes,
    /// How much of the disk it leaves free, whatever the quota says.
    pub free_min: Bytes,
    /// How long an append waits for others before all are synced to disk, 0 s to 10 s.
    ///
    /// A few milliseconds cost nothing on a server; flash storage lives longer with 1 s or more. What is not
    /// yet synced is not acknowledged, so nothing that was acknowledged is lost either way.
    #[schemars(extend("x-maximum" = "10s"))]
    pub commit_interval: Lasting,
    /// How much waits at most: a sync comes earlier when this is reached. 4 KiB to 8 MiB.
    #[schemars(extend("x-minimum" = "4KiB", "x-maximum" = "8MiB"))]
    pub commit_bytes: Bytes,
    /// How large one file grows, 1 MiB to 4 GiB; without it 64 MiB, or a quarter of the quota if that is less.
    /// The quota deletes whole files, so it must have room for four.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "4GiB"))]
    pub segment: Option<Bytes>,
}

/// `[historian]`: the store of history.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HistorianTable {
    /// How much memory the samples may take that are not sealed yet, those that are just being sealed included,
    /// 1 MiB or more.
    #[schemars(extend("x-minimum" = "1MiB"))]
    pub hot_memory: Bytes,
    /// How long samples stay in memory before they are sealed into a file, 1 s to 7 d.
    ///
    /// Longer compresses better. Nothing is at risk meanwhile: they are on the shaft.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "7d"))]
    pub seal_after: Lasting,
    /// How long history is kept, 1 h or more; without it, for ever.
    #[schemars(extend("x-minimum" = "1h"))]
    pub retention: Option<Lasting>,
}

/// One device: `[name]` in a file of `devices/`. The keys all drivers share; `settings` belongs to the driver.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["driver", "endpoint", "tags"]))]
pub struct DeviceTable {
    /// What it speaks: `modbus`.
    #[schemars(title = "Driver")]
    pub driver: Option<String>,
    /// Where it is: `tcp://192.168.0.17:502` or `serial:///dev/ttyS0?baud=19200&parity=even`.
    ///
    /// Devices with the same text share one connection: that is how units behind a gateway are written.
    #[schemars(title = "Endpoint", extend("format" = "endpoint"))]
    pub endpoint: Option<String>,
    /// Its tags' prefix below the node's path; without it, the device's name.
    #[schemars(title = "Path", extend("format" = "tag-path"))]
    pub path: Option<String>,
    /// How often its tags are read, 10 ms to 30 d; a tag table can say otherwise for a tag.
    #[schemars(
        title = "Period",
        extend("x-minimum" = "10ms", "x-maximum" = "30d", "default" = "1s")
    )]
    pub period: Lasting,
    /// How long one request may take, 10 ms to 5 m.
    #[schemars(
        title = "Timeout",
        extend("x-minimum" = "10ms", "x-maximum" = "5m", "default" = "1s")
    )]
    pub timeout: Lasting,
    /// Its tag table: a CSV file, relative to the file this is written in.
    #[schemars(title = "Tag table", length(min = 1))]
    pub tags: Option<String>,
    /// Whether it is polled. A device that is not is still checked.
    #[schemars(title = "Enabled", extend("default" = true))]
    pub enabled: bool,
    /// After how long without news a tag is bad with reason `stale`; without it, a few missed periods.
    #[schemars(title = "Stale after", extend("x-minimum" = "10ms", "x-maximum" = "30d"))]
    pub stale_after: Option<Lasting>,
    /// What it is, in your words.
    #[schemars(title = "Description", extend("default" = ""))]
    pub description: String,
    /// The driver's own settings: `lineshaft explain <driver>`.
    #[schemars(title = "Settings")]
    pub settings: Option<Map<String, Value>>,
}

impl Default for ShaftTable {
    fn default() -> ShaftTable {
        ShaftTable {
            quota: Bytes(10 << 30),
            free_min: Bytes(512 << 20),
            commit_interval: lasting("5ms"),
            commit_bytes: Bytes(1 << 20),
            segment: None,
        }
    }
}

impl Default for HistorianTable {
    fn default() -> HistorianTable {
        HistorianTable { hot_memory: Bytes(48 << 20), seal_after: lasting("1h"), retention: None }
    }
}

impl Default for DeviceTable {
    fn default() -> DeviceTable {
        DeviceTable {
            driver: None,
            endpoint: None,
            path: None,
            period: lasting("1s"),
            timeout: lasting("1s"),
            tags: None,
            enabled: true,
            stale_after: None,
            description: String::new(),
            settings: None,
        }
    }
}

pub(super) fn lasting(text: &str) -> Lasting {
    Lasting(parse_duration(text).unwrap_or_default())
}
