//! The tables of `lineshaft.toml` about who may come in: `[http]`, `[security]`, `[audit]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::table::{Bytes, Lasting, lasting};

/// `[http]`: where the page and the API listen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpTable {
    /// Address and port; port 0 takes a free one. An address that other machines reach needs TLS and an account.
    #[schemars(extend("format" = "listen"))]
    pub listen: String,
    /// Whether it speaks TLS: `auto` is on where other machines reach the address.
    pub tls: TlsSwitch,
    /// Names people use for this node (`plant.example`, `10.0.0.5`): they are in its certificate, and requests that
    /// name another host are refused.
    pub names: Vec<String>,
    /// A certificate of your own instead of the node's, with its chain, PEM: `file:/etc/ssl/plant.pem`. With `key`.
    pub certificate: Option<String>,
    /// The key of your own certificate, PEM: `file:/etc/ssl/plant.key`. With `certificate`.
    pub key: Option<String>,
    /// Whether a client shows a certificate: `off`, `optional`, or `required` of everybody.
    pub client_certificates: Clients,
}

/// When the page and the API speak TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsSwitch {
    /// Where other machines reach the address.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// Whether clients show certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Clients {
    /// They are not asked.
    #[default]
    Off,
    /// They may.
    Optional,
    /// They must.
    Required,
}

/// `[security]`: who may come in, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecurityTable {
    /// The role of whoever does not say who he is; without it, nobody gets in without an account.
    #[schemars(length(min = 1, max = 64))]
    pub anonymous: Option<String>,
    /// What everybody reads before logging in.
    #[schemars(length(max = 2000))]
    pub banner: Option<String>,
    /// Whether every change and every write needs a reason.
    pub require_reason: bool,
    /// Whether a change of the plant waits until a second person approves it.
    pub four_eyes: bool,
    /// What is insecure by choice: `http-without-tls`, `setup-over-network`, `anonymous-over-network`.
    pub insecure: Vec<Insecure>,
    /// How long a session may be idle, 1 min to 24 h.
    #[schemars(extend("x-minimum" = "1m", "x-maximum" = "24h"))]
    pub session_idle: Lasting,
    /// What happens to an idle session: `lock` keeps showing the plant and asks for the password before anything is
    /// done; `end` signs out.
    pub session_idle_means: IdleMeans,
    /// How long a session lasts at most, 5 min to 30 d.
    #[schemars(extend("x-minimum" = "5m", "x-maximum" = "30d"))]
    pub session_max: Lasting,
    /// How many sessions one account may have, 1 to 1,000; one more ends the oldest.
    #[schemars(range(min = 1, max = 1000))]
    pub sessions_per_account: u32,
    /// The least characters of a password, 8 to 64.
    #[schemars(range(min = 8, max = 64))]
    pub password_length_min: u32,
    /// How hard a password must be to guess, 0 to 4: 3 withstands an attacker who has the database for months.
    #[schemars(range(min = 0, max = 4))]
    pub password_score_min: u8,
    /// How many earlier passwords cannot come back, 0 to 24.
    #[schemars(range(min = 0, max = 24))]
    pub password_history: u32,
    /// After how long a password must be changed, 1 d or more; without it, never (what NIST SP 800-63B advises).
    #[schemars(extend("x-minimum" = "1d"))]
    pub password_lifetime: Option<Lasting>,
    /// After how many failures within the window an account has to wait, 3 to 100.
    #[schemars(range(min = 3, max = 100))]
    pub lockout_attempts: u32,
    /// Within what time failures count together, 1 min to 24 h.
    #[schemars(extend("x-minimum" = "1m", "x-maximum" = "24h"))]
    pub lockout_window: Lasting,
    /// How long it has to wait the first time, 1 s to 24 h; each further time twice as long, up to 4 h.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "24h"))]
    pub lockout_pause: Lasting,
    /// After how many failures, of whatever accounts, an address has to wait, 5 to 1,000.
    #[schemars(range(min = 5, max = 1000))]
    pub lockout_source_attempts: u32,
    /// The roles whose holders must have a second factor.
    pub second_factor: Vec<String>,
}

/// What happens to an idle session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdleMeans {
    /// It shows the plant and does nothing until it is unlocked.
    #[default]
    Lock,
    /// It ends.
    End,
}

/// Something insecure that the plant's owner wants nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Insecure {
    /// Passwords and values cross the network readable.
    HttpWithoutTls,
    /// Whoever has the setup link can make the first account from another machine.
    SetupOverNetwork,
    /// Whoever reaches the listener from another machine has the role of `anonymous`.
    AnonymousOverNetwork,
}

impl Insecure {
    /// The word in the plant file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Insecure::HttpWithoutTls => "http-without-tls",
            Insecure::SetupOverNetwork => "setup-over-network",
            Insecure::AnonymousOverNetwork => "anonymous-over-network",
        }
    }
}

/// `[audit]`: the trail of who did what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditTable {
    /// How large one file of it grows, 1 MiB to 1 GiB.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "1GiB"))]
    pub segment: Bytes,
    /// How much disk it holds back for itself, so that it goes on for a while when the disk is full. 1 MiB to 1 GiB.
    #[schemars(extend("x-minimum" = "1MiB", "x-maximum" = "1GiB"))]
    pub reserve: Bytes,
}

impl Default for HttpTable {
    fn default() -> HttpTable {
        HttpTable {
            listen: "127.0.0.1:8080".into(),
            tls: TlsSwitch::Auto,
            names: Vec::new(),
            certificate: None,
            key: None,
            client_certificates: Clients::Off,
        }
    }
}

impl Default for SecurityTable {
    fn default() -> SecurityTable {
        SecurityTable {
            anonymous: None,
            banner: None,
            require_reason: false,
            four_eyes: false,
            insecure: Vec::new(),
            session_idle: lasting("30m"),
            session_idle_means: IdleMeans::Lock,
            session_max: lasting("12h"),
            sessions_per_account: 10,
            password_length_min: 12,
            password_score_min: 3,
            password_history: 5,
            password_lifetime: None,
            lockout_attempts: 5,
            lockout_window: lasting("15m"),
            lockout_pause: lasting("15m"),
            lockout_source_attempts: 20,
            second_factor: Vec::new(),
        }
    }
}

impl Default for AuditTable {
    fn default() -> AuditTable {
        AuditTable { segment: Bytes(64 << 20), reserve: Bytes(16 << 20) }
    }
}
