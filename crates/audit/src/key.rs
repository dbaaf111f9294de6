//! The key that signs checkpoints: made once, read by its owner alone.
//!
//! - Source: C2SP `signed-note`; the file has the form of Go's `golang.org/x/mod/sumdb/note`:
//!   `PRIVATE+KEY+<name>+<hash>+<base64 of type and seed>`, so other tools can sign and check with it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lineshaft_runtime::disk::read_all;
use lineshaft_runtime::{Disk, DiskFile};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::checkpoint::{Checkpoint, ED25519_TYPE, VerifierKey, hex};
use crate::{Hash, OpenError};

/// The private key, in the folder of the trail.
pub(crate) const KEY_FILE: &str = "key";

/// The public key beside it.
pub(crate) const PUBLIC_KEY_FILE: &str = "key.pub";

const FILE_BYTES_MAX: u64 = 4096;
const PREFIX: &str = "PRIVATE+KEY+";

/// The key that signs. Its `Debug` shows the public half.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    seed: [u8; 32],
    verifier: VerifierKey,
}

impl SigningKey {
    pub(crate) fn from_seed(name: &str, seed: [u8; 32]) -> Option<SigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(SigningKey { pair, seed, verifier: VerifierKey::new(name, public) })
    }

    fn make(name: &str) -> Option<SigningKey> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).ok()?;
        SigningKey::from_seed(name, seed)
    }

    /// Reads the text of a key file; `None` when it is not exactly one.
    pub(crate) fn parse(text: &str) -> Option<SigningKey> {
        let rest = text.strip_prefix(PREFIX)?.strip_suffix('\n')?;
        let mut parts = rest.splitn(3, '+');
        let (name, _hash, bytes) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = STANDARD.decode(bytes).ok()?;
        let (kind, seed) = bytes.split_first()?;
        if *kind != ED25519_TYPE || !crate::checkpoint::is_key_name(name) {
            return None;
        }
        let key = SigningKey::from_seed(name, seed.try_into().ok()?)?;
        (key.text() == text).then_some(key)
    }

    fn text(&self) -> String {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend_from_slice(&self.seed);
        let (name, hash) = (self.verifier.name(), hex(&self.verifier.hash()));
        format!("{PREFIX}{name}+{hash}+{}\n", STANDARD.encode(bytes))
    }

    pub(crate) const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs what the tree is now.
    pub(crate) fn checkpoint(&self, size: u64, root: Hash) -> Checkpoint {
        let name = self.verifier.name();
        let body = format!("{name}\n{size}\n{}\n", root.to_base64());
        let mut bytes = self.verifier.hash().to_vec();
        bytes.extend_from_slice(self.pair.sign(body.as_bytes()).as_ref());
        let text = format!("{body}\n— {name} {}\n", STANDARD.encode(bytes));
        Checkpoint::new(text, name, &body, size, root)
    }

    /// Opens the key of a trail, or makes one where there is no trail yet.
    pub(crate) fn open(
        disk: &dyn Disk,
        dir: &Path,
        name: &str,
        segments: usize,
    ) -> Result<SigningKey, OpenError> {
        let (path, public_path) = (dir.join(KEY_FILE), dir.join(PUBLIC_KEY_FILE));
        let wrong = |what| OpenError::Key { path: path.clone(), what };
        let public = read_text(disk, &public_path).map_err(OpenError::io("read", &public_path))?;
        let key = match read_text(disk, &path).map_err(OpenError::io("read", &path))? {
            Some(text) => {
                let key = SigningKey::parse(&text).ok_or(wrong("is not the text of a key"))?;
                restrict(&path).map_err(OpenError::io("restrict", &path))?;
                if key.verifier.name() != name {
                    let (kept, node) = (key.verifier.name(), name);
                    tracing::debug!(kept, node, "the audit trail keeps the name it was made with");
                }
                key
            }
            None if segments > 0 || public.is_some() => {
                return Err(wrong("is gone, and the entries that it signed are there"));
            }
            None => {
                let key = SigningKey::make(name).ok_or(wrong("cannot be made"))?;
                write_private(disk, dir, &path, key.text().as_bytes())
                    .map_err(OpenError::io("write", &path))?;
                key
            }
        };
        let expected = format!("{}\n", key.verifier);
        match public {
            Some(found) if found == expected => {}
            Some(_) => return Err(wrong("does not belong to `key.pub` beside it")),
            None if segments > 0 => return Err(wrong("has lost `key.pub` beside it")),
            None => lineshaft_runtime::disk::replace(disk, &public_path, expected.as_bytes())
                .map_err(OpenError::io("write", &public_path))?,
        }
        Ok(key)
    }
}

/// Reads a small text file; `None` when there is none.
pub(crate) fn read_text(disk: &dyn Disk, path: &Path) -> std::io::Result<Option<String>> {
    match disk.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(file) => {
            let bytes = read_all(&*file, FILE_BYTES_MAX)?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
    }
}

/// Writes a file that only its owner may read; it takes its name when it is whole.
fn write_private(disk: &dyn Disk, dir: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let fresh = dir.join("key.new");
    match disk.remove(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = create_private(disk, &fresh)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    disk.rename(&fresh, path)?;
    disk.sync_dir(dir)
}

/// Makes an empty file that nobody but its owner could ever open.
fn create_private(disk: &dyn Disk, path: &Path) -> std::io::Result<Arc<dyn DiskFile>> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        Ok(_made) => disk.open(path),
        // The folder is on a simulated disk.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => disk.create(path),
        Err(error) => Err(error),
    }
}

/// Takes the file from everybody but its owner. The seam has no permissions: a simulated disk's files are not on
/// the operating system's, and then there is nothing to restrict.
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.permissions().mode() & 0o077 == 0 => Ok(()),
        Ok(_) => std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)),
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}
