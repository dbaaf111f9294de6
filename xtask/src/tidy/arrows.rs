//! Which crate may use which: down only, as the table of DESIGN §2 has it.

use super::Finding;
use crate::metadata::Metadata;

/// The layers. A crate uses crates of lower layers.
const LAYERS: [(&str, u8); 24] = [
    ("lineshaft-model", 0),
    ("lineshaft-runtime", 1),
    ("lineshaft-contract", 1),
    ("lineshaft-shaft", 2),
    ("lineshaft-record", 2),
    ("lineshaft-namespace", 2),
    ("lineshaft-audit", 2),
    ("lineshaft-identity", 2),
    ("lineshaft-revision", 2),
    ("lineshaft-tls", 2),
    ("lineshaft-manual", 2),
    ("lineshaft-desk", 2),
    ("lineshaft-drivers", 3),
    ("lineshaft-sinks", 3),
    ("lineshaft-pipeline", 3),
    ("lineshaft-broker", 3),
    ("lineshaft-historian", 3),
    ("lineshaft-alarms", 3),
    ("lineshaft-analytics", 3),
    ("lineshaft-forward", 3),
    ("lineshaft-api", 3),
    ("lineshaft", 4),
    ("lineshaft-sql", 4),
    ("xtask", 5),
];

/// Arrows inside a layer that are meant: the codec of the shaft's records stands beside the shaft, and every
/// change of an account leaves its entry in the trail where it is made.
const SIDEWAYS: [(&str, &str); 3] = [
    ("lineshaft-contract", "lineshaft-runtime"),
    ("lineshaft-record", "lineshaft-shaft"),
    ("lineshaft-identity", "lineshaft-audit"),
];

pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.ours() {
        // Tests may look sideways: a test of the api may use a real historian.
        let uses = package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev"));
        let ours = uses.map(|d| d.name.as_str()).filter(|name| name.starts_with("lineshaft"));
        for wrong in ours.filter_map(|used| wrong(&package.name, used)) {
            let folder = package.name.trim_start_matches("lineshaft-");
            let file = format!("crates/{folder}/Cargo.toml");
            findings.push(Finding { file, line: 0, what: wrong });
        }
        if layer(&package.name).is_none() {
            let what = format!("`{}` has no layer in xtask/src/tidy/arrows.rs", package.name);
            findings.push(Finding { file: "Cargo.toml".into(), line: 0, what });
        }
    }
    findings
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

fn wrong(from: &str, to: &str) -> Option<String> {
    let (Some(above), Some(below)) = (layer(from), layer(to)) else { return None };
    if above > below || SIDEWAYS.contains(&(from, to)) {
        return None;
    }
    let way = if above == below { "sideways" } else { "upwards" };
    Some(format!(
        "{from} uses {to}, which is {way}; meet through a trait in `contract`, or let `lineshaft` wire them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_down() {
        assert_eq!(wrong("lineshaft-api", "lineshaft-namespace"), None);
        assert_eq!(wrong("lineshaft-record", "lineshaft-shaft"), None);
        assert!(wrong("lineshaft-shaft", "lineshaft-record").is_some());
        assert!(wrong("lineshaft-api", "lineshaft-historian").is_some());
        assert!(wrong("lineshaft-model", "lineshaft-runtime").is_some());
    }
}
