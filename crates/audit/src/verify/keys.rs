//! The two key files beside the trail.

use std::path::Path;

use lineshaft_runtime::Disk;

use super::Broken;
use crate::VerifyError;
use crate::checkpoint::VerifierKey;
use crate::key::{KEY_FILE, PUBLIC_KEY_FILE, SigningKey, read_text};

/// Reads both; the public one that the trail is checked with.
pub(super) fn check(
    disk: &dyn Disk,
    dir: &Path,
    segments: usize,
    broken: &mut Vec<Broken>,
) -> Result<Option<VerifierKey>, VerifyError> {
    let read = |name: &str| {
        let path = dir.join(name);
        read_text(disk, &path).map_err(VerifyError::io("read", &path))
    };
    let (private, public) = (read(KEY_FILE)?, read(PUBLIC_KEY_FILE)?);
    let mut wrong = |file: &str, what: &str| {
        broken.push(Broken { seq: None, file: file.into(), at: None, what: what.into() });
    };
    let signing = private.as_deref().map(SigningKey::parse);
    let verifier = public.as_deref().map(|text| VerifierKey::parse(text.strip_suffix('\n')?));
    match &signing {
        Some(None) => wrong(KEY_FILE, "it is not the text of a key"),
        None if segments > 0 => wrong(KEY_FILE, "it is missing"),
        _ => {}
    }
    match &verifier {
        Some(None) => wrong(PUBLIC_KEY_FILE, "it is not the text of a public key"),
        None if segments > 0 => wrong(PUBLIC_KEY_FILE, "it is missing"),
        _ => {}
    }
    let (signing, verifier) = (signing.flatten(), verifier.flatten());
    if let (Some(signing), Some(verifier)) = (&signing, &verifier)
        && signing.verifier() != verifier
    {
        wrong(KEY_FILE, "it does not belong to the public key beside it");
    }
    Ok(verifier.or_else(|| signing.map(|signing| signing.verifier().clone())))
}
