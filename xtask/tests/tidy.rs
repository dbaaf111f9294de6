//! The house rules, as a test: `cargo test` finds what `cargo xtask tidy` finds.

/// Proves: P11-40.
#[test]
fn every_rule_is_kept() {
    let findings = xtask::tidy::findings().unwrap();
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// Proves: CR 7.8.
#[test]
fn every_licence_is_allowed() {
    xtask::licences::run().unwrap();
}
