//! `lineshaft.toml`: the node itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;

use lineshaft_model::TagPath;
use toml_edit::Document;

use super::files::{Files, NODE_FILE};
use super::mistake::{Mistake, Severity};
use super::quantity::print_bytes;
use super::schema::{At, Checker, Spans};
use super::security;
use super::source::Source;
use super::table::{LATER_SECTIONS, NodeFile};
use super::{
    AuditSettings, HistorianSettings, HttpSettings, NodeSettings, SecuritySettings, ShaftSettings,
};

/// What `lineshaft.toml` says. Where it is wrong a default stands in, so that the rest can be checked.
#[derive(Debug)]
pub(crate) struct NodeParts {
    pub(crate) node: NodeSettings,
    pub(crate) http: HttpSettings,
    pub(crate) security: SecuritySettings,
    pub(crate) audit: AuditSettings,
    pub(crate) shaft: ShaftSettings,
    pub(crate) historian: HistorianSettings,
}

/// Stands in for a node path that cannot be read.
const PATH_UNKNOWN: &str = "node";

/// How large one file of the shaft grows when nothing is said.
const SEGMENT_BYTES: u64 = 64 << 20;

/// How many files the quota must have room for: with fewer, one deletion takes most of what is kept.
const SEGMENTS_MIN: u64 = 4;

pub(crate) fn read(files: &mut Files) -> NodeParts {
    let path = files.dir.join(NODE_FILE);
    if !files.is_there(&path) {
        let what = "this file is missing: it names the node and the prefix of its tags";
        let mistake = Mistake::of_file(Severity::Error, "LS-CFG-001", NODE_FILE, what);
        files.found.push(mistake.help("`lineshaft init DIR` writes a plant folder to start from"));
        return parts_of(NodeFile::default());
    }
    match files.toml(&path) {
        Some(source) => read_text(&source, files),
        None => parts_of(NodeFile::default()),
    }
}

/// Reads the text of `lineshaft.toml`; where it is wrong a default stands in.
pub(super) fn read_text(source: &Source, files: &mut Files) -> NodeParts {
    let Some(document) = parse(source, files) else { return parts_of(NodeFile::default()) };
    let root = schemars::schema_for!(NodeFile).to_value();
    let mut checker = Checker::new(source, &root);
    let at = At { path: "", key: "", head: &(0..0), depth: 0 };
    let good = checker.table(&root, document.as_table(), at);
    let (found, spans) = (checker.found, checker.spans);
    files.found.extend(found);
    for section in LATER_SECTIONS {
        if let Some(span) = spans.get(section) {
            let what = format!("`[{section}]` comes with a later version and does nothing yet");
            files.found.push(source.warning("LS-CFG-008", &span.key, what));
        }
    }
    let file: NodeFile = match serde_json::from_value(good.into()) {
        Ok(file) => file,
        Err(error) => {
            files.found.push(source.error("LS-CFG-005", &(0..0), error.to_string()));
            NodeFile::default()
        }
    };
    let listen = file.http.listen.clone();
    security::check_references(&file.http, source, &spans, files);
    security::check_names(&file.http, source, &spans, files);
    let dir = files.dir.clone();
    let mut parts = parts_of(file);
    parts.http.pair =
        parts.http.pair.map(|(certificate, key)| (dir.join(certificate), dir.join(key)));
    match listen_address(&listen) {
        Ok(address) => {
            parts.http.listen = address;
            security::check_exposure(&parts, source, &spans, files);
            security::check_clients(&parts.http, source, &spans, files);
        }
        Err(wrong) => {
            let span = value_span(&spans, "http.listen");
            let mistake = source.error(wrong.code, &span, wrong.what).note("in http");
            files.found.push(wrong.help.into_iter().fold(mistake, Mistake::help));
        }
    }
    check_shaft(&parts.shaft, source, &spans, files);
    parts
}

/// Parses a TOML file; `None` when it cannot be, which is said.
pub(crate) fn parse(source: &Source, files: &mut Files) -> Option<Document<String>> {
    match Document::parse(source.text.clone()) {
        Ok(document) => Some(document),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let what = format!("this is not TOML: {}", error.message());
            files.found.push(source.error("LS-CFG-002", &span, what));
            None
        }
    }
}

pub(super) fn value_span(spans: &Spans, path: &str) -> Range<usize> {
    spans.get(path).map_or(0..0, |span| span.value.clone())
}

fn parts_of(file: NodeFile) -> NodeParts {
    let stand_in = || TagPath::new(PATH_UNKNOWN).ok();
    let path = file.node.path.and_then(|path| TagPath::new(&path).ok()).or_else(stand_in);
    #[expect(clippy::expect_used, reason = "the stand-in is a path")]
    let path = path.expect("a path");
    let quota_bytes = file.shaft.quota.0;
    let segment_default = SEGMENT_BYTES.min(quota_bytes / SEGMENTS_MIN);
    NodeParts {
        node: NodeSettings { name: file.node.name.unwrap_or_default(), path },
        http: security::http(file.http, SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        security: security::settings(file.security),
        audit: AuditSettings {
            segment_bytes: file.audit.segment.0,
            reserve_bytes: file.audit.reserve.0,
        },
        shaft: ShaftSettings {
            quota_bytes,
            free_min_bytes: file.shaft.free_min.0,
            commit_interval: file.shaft.commit_interval.0,
            commit_bytes: usize::try_from(file.shaft.commit_bytes.0).unwrap_or(usize::MAX),
            segment_bytes: file.shaft.segment.map_or(segment_default, |segment| segment.0),
        },
        historian: HistorianSettings {
            hot_memory_bytes: file.historian.hot_memory.0,
            seal_after: file.historian.seal_after.0,
            retention: file.historian.retention.map(|retention| retention.0),
        },
    }
}

struct WrongListen {
    code: &'static str,
    what: String,
    help: Vec<String>,
}

fn listen_address(text: &str) -> Result<SocketAddr, WrongListen> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    format!("{host}:{port}").parse::<SocketAddr>().map_err(|_not_an_address| {
        let help = match (text.parse::<u16>(), host, port.parse::<u16>()) {
            (Ok(port), ..) | (_, "" | "*", Ok(port)) => format!("did you mean `127.0.0.1:{port}`?"),
            _ => "write an address and a port: `127.0.0.1:8080` or `[::1]:8080`".into(),
        };
        let what = format!("`{text}` is not a listen address");
        WrongListen { code: "LS-CFG-010", what, help: vec![help] }
    })
}

fn check_shaft(shaft: &ShaftSettings, source: &Source, spans: &Spans, files: &mut Files) {
    let needed = shaft.segment_bytes.saturating_mul(SEGMENTS_MIN);
    if shaft.quota_bytes >= needed {
        return;
    }
    let what = format!(
        "the quota of {} has no room for {SEGMENTS_MIN} segments of {}",
        print_bytes(shaft.quota_bytes),
        print_bytes(shaft.segment_bytes)
    );
    let mistake =
        source.error("LS-CFG-006", &value_span(spans, "shaft.segment"), what).note("in shaft");
    let smaller = print_bytes((shaft.quota_bytes / SEGMENTS_MIN) >> 20 << 20);
    files.found.push(mistake.help(format!(
        "a `segment` of at most {smaller}, or a `quota` of {} or more",
        print_bytes(needed)
    )));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_address_is_an_address_and_a_port() {
        for good in ["127.0.0.1:8080", "localhost:0", "[::1]:8080", "0.0.0.0:443", "10.0.0.5:1"] {
            assert!(listen_address(good).is_ok(), "{good}");
        }
        for (wrong, code) in [
            ("8080", "LS-CFG-010"),
            (":8080", "LS-CFG-010"),
            ("plant.example:8080", "LS-CFG-010"),
            ("127.0.0.1", "LS-CFG-010"),
            ("127.0.0.1:99999", "LS-CFG-010"),
        ] {
            assert_eq!(listen_address(wrong).err().map(|wrong| wrong.code), Some(code), "{wrong}");
        }
    }
}
