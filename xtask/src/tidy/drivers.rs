//! What every driver's folder has.

use super::{Finding, Source};

const FOLDER: &str = "crates/drivers/src/";
/// The files of a driver beside its `mod.rs`.
const FILES: [&str; 4] = ["config.rs", "README.md", "example.toml", "quality.toml"];
/// The sections of its manual page.
const SECTIONS: [&str; 6] =
    ["Addresses", "Settings", "Writing", "Limits", "Tested with", "Not here"];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let find = |path: &str| sources.iter().find(|source| source.path == path);
    for source in sources {
        let Some(name) = driver(source) else { continue };
        let folder = format!("{FOLDER}{name}");
        for file in FILES {
            let path = format!("{folder}/{file}");
            if find(&path).is_none() {
                findings.push(source.finding(0, format!("the driver has no `{file}`")));
            }
        }
        let Some(page) = find(&format!("{folder}/README.md")) else { continue };
        for section in SECTIONS {
            let heading = format!("## {section}");
            if !page.text.lines().any(|line| line.trim_end() == heading) {
                findings.push(page.finding(0, format!("the page has no section `{heading}`")));
            }
        }
    }
    findings
}

/// The driver whose `mod.rs` this is.
fn driver(source: &Source) -> Option<&str> {
    let name = source.path.strip_prefix(FOLDER)?.strip_suffix("/mod.rs")?;
    (source.text.contains("const KIND: DriverKind") && !name.contains('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_driver_is_complete() {
        let kind = "pub const KIND: DriverKind = x;\n";
        let mut sources = vec![source("crates/drivers/src/opcua/mod.rs", kind)];
        assert_eq!(check(&sources).len(), FILES.len());
        for file in FILES {
            let page: String = SECTIONS.map(|section| format!("## {section}\n\n")).concat();
            sources.push(source(&format!("crates/drivers/src/opcua/{file}"), &page));
        }
        assert_eq!(check(&sources), []);
        sources[2].text = "## Addresses\n".into();
        assert_eq!(check(&sources).len(), SECTIONS.len() - 1);
    }
}
