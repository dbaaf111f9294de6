//! The licences and the bill of materials, as `cargo xtask licences` has written them.

use std::collections::BTreeSet;

use lineshaft_manual::{LICENCES, SBOM};
use serde_json::Value as Json;

fn text<'a>(json: &'a Json, member: &str) -> &'a str {
    json[member].as_str().unwrap_or_else(|| panic!("{json} has no `{member}`"))
}

/// Proves: CR 7.8.
#[test]
fn everything_that_is_shipped_is_named_with_its_licence() {
    let licences: Vec<Json> = serde_json::from_str(LICENCES).unwrap();
    assert!(licences.len() > 100, "{}", licences.len());
    let mut kinds = BTreeSet::new();
    for one in &licences {
        for member in ["name", "version", "licence", "repository"] {
            assert!(!text(one, member).is_empty(), "{one}");
        }
        kinds.insert(text(one, "kind"));
    }
    assert_eq!(kinds, BTreeSet::from(["crate", "library", "npm"]));
    for name in ["tokio", "ring", "svelte", "bits-ui", "sqlite"] {
        assert!(licences.iter().any(|one| one["name"] == name), "{name}");
    }
    // What only builds or tests it is not in it.
    for name in ["tempfile", "vitest", "playwright-core", "syn", "lineshaft"] {
        assert!(!licences.iter().any(|one| one["name"] == name), "{name}");
    }
}

#[test]
fn the_bill_of_materials_is_cyclonedx_and_every_arrow_has_both_ends() {
    let sbom: Json = serde_json::from_str(SBOM).unwrap();
    assert_eq!((text(&sbom, "bomFormat"), text(&sbom, "specVersion")), ("CycloneDX", "1.6"));
    // The same sources make the same file.
    assert!(sbom["serialNumber"].is_null() && sbom["metadata"]["timestamp"].is_null());
    let components = sbom["components"].as_array().unwrap();
    let mut known: BTreeSet<&str> =
        components.iter().map(|component| text(component, "bom-ref")).collect();
    assert_eq!(known.len(), components.len(), "a component is there twice");
    known.insert(text(&sbom["metadata"]["component"], "bom-ref"));
    let dependencies = sbom["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), known.len());
    for line in dependencies {
        assert!(known.contains(text(line, "ref")), "{line}");
        for on in line["dependsOn"].as_array().unwrap() {
            assert!(known.contains(on.as_str().unwrap()), "{line}");
        }
    }
    let licences: Vec<Json> = serde_json::from_str(LICENCES).unwrap();
    let required = components.iter().filter(|one| one["scope"] == "required").count();
    assert_eq!(required, licences.len());
}
