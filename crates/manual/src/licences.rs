//! What this program is built from, written by `cargo xtask licences`.

/// Every package that is part of the program or of its page, with its licence: a JSON array.
pub const LICENCES: &str = include_str!("../licences.json");

/// The same as a bill of materials, CycloneDX 1.6, with versions, checksums and who needs whom.
pub const SBOM: &str = include_str!("../sbom.json");
