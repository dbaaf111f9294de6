//! How much of everything. A limit that a client can meet has an error code that names it.

use std::time::Duration;

/// The most tags one history request or one `values` request may name.
pub const TAGS_PER_REQUEST_MAX: usize = 50;
/// The most tags one `values` request may name: a screen full of numbers.
pub const VALUES_PER_REQUEST_MAX: usize = 1_000;
/// The most tags of one page of `tags`.
pub const TAGS_PAGE_MAX: u32 = 10_000;
/// How many when nobody says.
pub const TAGS_PAGE: u32 = 500;
/// The most annotations of one page.
pub const ANNOTATIONS_PAGE_MAX: usize = 1_000;
/// How many when nobody says.
pub const ANNOTATIONS_PAGE: usize = 500;
/// The most tags of one question for statistics.
pub const STATISTICS_TAGS_MAX: usize = 32;
/// The most exports of history taken at a time; one more is told 503.
pub const HISTORY_EXPORTS_MAX: usize = 2;
/// The most lines of an export of computed values, over all tags: three years of seconds. What is stored has no limit.
pub const EXPORT_COMPUTED_MAX: u64 = 100_000_000;
/// The longest `options` of a browse, in bytes of JSON: they stand in the audit trail.
pub const BROWSE_OPTIONS_BYTES_MAX: usize = 4 * 1024;
/// The most levels of one answer of `tree`.
pub const TREE_DEPTH_MAX: u32 = 8;
/// The most nodes of one answer of `tree` with more than one level, or one level if that has more: about 2 MB of JSON.
pub const TREE_NODES_MAX: usize = 10_000;
/// Children of an asset in one answer at most.
pub const ASSETS_PAGE_MAX: u32 = 1_000;
/// Children of an asset in one answer when nothing is said.
pub const ASSETS_PAGE: u32 = 500;
/// Assets in one answer. Each comes with its key values, so it is less than the tree has.
pub const ASSETS_MAX: usize = 2_000;
/// Tags of a plant up to which a question about assets is answered at once, in well under a millisecond; beyond it has a
/// thread.
pub const ASSETS_AT_ONCE_TAGS_MAX: usize = 2_000;
/// Own tags of an asset in one answer.
pub const ASSET_MEMBERS_MAX: usize = 2_000;
/// The most samples of one raw page, over all tags of the request: about 6 MB of JSON.
pub const RAW_PAGE_MAX: u32 = 100_000;
/// How many when nobody says.
pub const RAW_PAGE: u32 = 10_000;
/// The most samples one tag may be drawn with: four for each pixel of the widest screen there is.
pub const PLOT_POINTS_MAX: u32 = 40_000;
/// How many when nobody says.
pub const PLOT_POINTS: u32 = 1_000;
/// The most samples of one answer that is not raw, over all tags.
pub const ANSWER_SAMPLES_MAX: u64 = 500_000;
/// The longest request head a client may send, in bytes.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The most header lines of a request.
pub const HEADERS_MAX: usize = 64;
/// The longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The longest body of somebody who has not said who he is, in bytes: a name, a password and a code.
pub const OPEN_BODY_BYTES_MAX: usize = 4 * 1024;
/// The longest message on a live connection, in bytes: 1,000 paths of the greatest length.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The most paths one live connection follows: each is looked up whenever the plant or the rights change. A page
/// follows a handful.
pub const LIVE_FOLDERS_MAX: usize = 256;
/// The most bytes of a path's one parameter: the longest is a fingerprint of 64 digits, with colons 95.
pub const SEGMENT_BYTES_MAX: usize = 256;
/// The most values of one live message, so that none grows past a few hundred kB.
pub const VALUES_PER_MESSAGE_MAX: usize = 5_000;
/// The longest `why` of a write or a change, in bytes.
pub const WHY_BYTES_MAX: usize = 1_000;
/// The most writes to devices at a time; more wait.
pub const WRITES_MAX: usize = 256;
/// The most questions about the audit trail answered at a time; more wait.
pub const TRAIL_READS_MAX: usize = 4;
/// The most copies of the audit trail taken at a time; one more is told 503.
pub const EXPORTS_MAX: usize = 2;
/// Bytes of one piece of a copy on its way to the client.
pub const EXPORT_PIECE_BYTES: usize = 64 * 1024;
/// The most checkpoints that one verification compares.
pub const CHECKPOINTS_MAX: usize = 16;
/// The most reads and changes of the plant folder at a time; more wait.
pub const PLANT_TURNS_MAX: usize = 4;
/// The longest body of a change of the plant, in bytes: a tag table of some 80,000 tags.
pub const PLANT_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most files of one change of the plant.
pub const CHANGE_FILES_MAX: usize = 1_000;

/// Tags that one test of a device reads: a look, not a poll. The whole test ends within 15 s.
pub const TEST_TAGS_MAX: usize = 32;
/// What one part of a browse has when nothing is said, and the most it can have.
pub const BROWSE_FOUND_USUAL: u32 = 200;
/// See [`BROWSE_FOUND_USUAL`].
pub const BROWSE_FOUND_MAX: u32 = 1_000;
/// The longest an examination of the node may take; most take a second or two.
pub const EXAMINATION_MAX: Duration = Duration::from_secs(60);
/// The longest a trace of a device goes on by itself.
pub const TRACE_SECONDS_MAX: u32 = 3_600;
/// Characters of an endpoint in an entry of the trail.
pub const OBJECT_CHARS_MAX: usize = 200;
/// The most revisions of one page.
pub const REVISIONS_PAGE_MAX: usize = 1_000;
/// How many when nobody says.
pub const REVISIONS_PAGE: usize = 100;
/// The most proposals of one answer; each has its whole difference.
pub const PROPOSALS_MAX: usize = 200;
/// How many when nobody says.
pub const PROPOSALS: usize = 50;
/// The most connections of the control socket: a command line and an open `watch` or two.
pub const CONTROL_CONNECTIONS_MAX: usize = 32;
/// The longest `User-Agent` that is kept with a session, in bytes.
pub const AGENT_BYTES_MAX: usize = 200;

const _: () = assert!(RAW_PAGE <= RAW_PAGE_MAX && TAGS_PAGE <= TAGS_PAGE_MAX);
const _: () = assert!(PLOT_POINTS <= PLOT_POINTS_MAX);

/// The limits that differ between a gateway, a server and a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; one more is told 503. Default 1,000.
    pub connections_max: usize,
    /// Live connections at a time. Default 500.
    pub live_max: usize,
    /// Tags of one live connection. Default 20,000.
    pub live_tags_max: usize,
    /// Connections of one source on which nobody has said who he is; one more is told 503. An IPv6 source is its /64.
    /// Default 64.
    pub strangers_max: usize,
    /// The same of all sources together; one more sends the one away that has waited longest. Default 400: the
    /// other places are for those who are known.
    pub strangers_total_max: usize,
    /// Connections of one source of guests: who has not said who he is and may look nevertheless, because the plant lets
    /// everybody look. More of them stay among the strangers. Default 500: half of all places are for others.
    pub guests_max: usize,
    /// TLS handshakes at a time; more wait. Default 256.
    pub handshakes_max: usize,
    /// How long a TLS handshake may take, and how long it may wait for its turn. Default 10 s.
    pub handshake_timeout: Duration,
    /// How long a client may take to send the head of a request, and how long an idle connection is kept.
    /// Default 10 s.
    pub head_timeout: Duration,
    /// How long a client may take to send a body. Default 10 s.
    pub body_timeout: Duration,
    /// How long a client may take nothing of what is sent to it before it is hung up on. Default 10 s.
    pub write_timeout: Duration,
    /// History questions answered at a time. Default 4.
    pub queries_max: usize,
    /// How long a history question may wait for its turn. Default 10 s.
    pub query_wait: Duration,
    /// How long a history question may take. Default 30 s.
    pub query_timeout: Duration,
    /// How long a write may take until its outcome counts as unknown. Default 5 s.
    pub write_deadline: Duration,
    /// The shortest time between two messages of values on one live connection. Default 100 ms.
    pub live_interval: Duration,
    /// The time between heartbeats of a live connection. Default 1 s.
    pub heartbeat: Duration,
    /// How long a live client may say nothing, not even answer a ping. Default 60 s.
    pub silence_max: Duration,
    /// How long shutdown waits for requests that are being answered. Default 5 s.
    pub goodbye: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 1_000,
            live_max: 500,
            live_tags_max: 20_000,
            strangers_max: 64,
            strangers_total_max: 400,
            guests_max: 500,
            handshakes_max: 256,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            queries_max: 4,
            query_wait: Duration::from_secs(10),
            query_timeout: Duration::from_secs(30),
            write_deadline: Duration::from_secs(5),
            live_interval: Duration::from_millis(100),
            heartbeat: Duration::from_secs(1),
            silence_max: Duration::from_secs(60),
            goodbye: Duration::from_secs(5),
        }
    }
}
