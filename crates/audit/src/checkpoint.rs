//! Checkpoints: what the whole trail was at one moment, in four lines that anybody can keep.
//!
//! - Source: C2SP `tlog-checkpoint` (the text) and `signed-note` (the signature, the keys), Ed25519 only.
//! - Not here: cosignatures of witnesses: their lines are kept as they are and not judged.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::{CheckpointError, Hash};

/// The signature type of Ed25519 in a key and in the hash of one.
pub(crate) const ED25519_TYPE: u8 = 1;

/// What the whole trail was at one moment: its size and its root, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    text: Arc<str>,
    origin_bytes: usize,
    body_bytes: usize,
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// Reads one; the signatures are not checked (see [`VerifierKey::check`]).
    ///
    /// # Errors
    /// [`CheckpointError`] when the text is not exactly one checkpoint with at least one signature.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let wrong = |what| CheckpointError { what };
        if text.len() > CHECKPOINT_BYTES_MAX {
            return Err(wrong("it is too long"));
        }
        if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(wrong("it has control characters"));
        }
        let split = text.rfind("\n\n").ok_or(wrong("it has no signature"))?;
        let (body, signatures) = (&text[..=split], &text[split + 2..]);
        let mut lines = body.split_terminator('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(wrong("no origin"))?;
        let size = lines.next().and_then(decimal).ok_or(wrong("its size is no number"))?;
        let root = lines.next().and_then(Hash::from_base64).ok_or(wrong("its root is no hash"))?;
        if lines.any(str::is_empty) {
            return Err(wrong("it has an empty line"));
        }
        let checkpoint = Checkpoint {
            text: text.into(),
            origin_bytes: origin.len(),
            body_bytes: body.len(),
            size,
            root,
        };
        let mut count = 0;
        for line in signatures.split_inclusive('\n') {
            if !line.ends_with('\n') {
                return Err(wrong("its last line does not end"));
            }
            signature(line.trim_end_matches('\n')).ok_or(wrong("a signature is malformed"))?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong("it has no signature"));
        }
        Ok(checkpoint)
    }

    /// A text that was just put together.
    pub(crate) fn new(text: String, origin: &str, body: &str, size: u64, root: Hash) -> Checkpoint {
        let (origin_bytes, body_bytes) = (origin.len(), body.len());
        Checkpoint { text: text.into(), origin_bytes, body_bytes, size, root }
    }

    /// Whose it is: `<node name>/audit`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.text[..self.origin_bytes]
    }

    /// How many entries there were.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The whole text, signatures included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is signed.
    fn body(&self) -> &str {
        &self.text[..self.body_bytes]
    }

    /// The signatures: name, and key hash with signature.
    fn signatures(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        self.text[self.body_bytes + 1..].lines().filter_map(signature)
    }

    /// Who signed it, as `name+hash`, for a message.
    #[must_use]
    pub fn signers(&self) -> Vec<String> {
        let name = |(name, bytes): (&str, Vec<u8>)| format!("{name}+{}", hex(&bytes[..4]));
        self.signatures().map(name).collect()
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A number in its one decimal form.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let lead = text.len() > 1 && text.starts_with('0');
    if plain && !lead { text.parse().ok() } else { None }
}

fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok()?;
    (is_key_name(name) && bytes.len() > 4).then_some((name, bytes))
}

pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A public key, as C2SP writes it: `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: Arc<str>,
    public: [u8; 32],
}

impl VerifierKey {
    pub(crate) fn new(name: &str, public: [u8; 32]) -> VerifierKey {
        VerifierKey { name: name.into(), public }
    }

    /// Reads `name+hash+base64`; `None` when it is not exactly the one form of an Ed25519 key.
    #[must_use]
    pub fn parse(text: &str) -> Option<VerifierKey> {
        let mut parts = text.splitn(3, '+');
        let (name, _hash, bytes) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = STANDARD.decode(bytes).ok()?;
        let (kind, public) = bytes.split_first()?;
        if !is_key_name(name) || *kind != ED25519_TYPE {
            return None;
        }
        let key = VerifierKey { name: name.into(), public: public.try_into().ok()? };
        (key.to_string() == text).then_some(key)
    }

    /// Its name, which is the trail's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 of name, new line, type and key.
    pub(crate) fn hash(&self) -> [u8; 4] {
        let head = [self.name.as_bytes(), b"\n", &[ED25519_TYPE], &self.public].concat();
        let Hash([a, b, c, d, ..]) = Hash::of(&head);
        [a, b, c, d]
    }

    /// As a checkpoint's signers are named: `name+hash`.
    pub(crate) fn signer(&self) -> String {
        format!("{}+{}", self.name, hex(&self.hash()))
    }

    /// Checks that this key signed the checkpoint, and that it is of the trail of this name.
    ///
    /// # Errors
    /// [`CheckpointError`]: of another trail, not signed by this key, or a signature that does not hold.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        if checkpoint.origin() != &*self.name {
            return Err(CheckpointError { what: "it is of another trail" });
        }
        let hash = self.hash();
        let ours = checkpoint
            .signatures()
            .find(|(name, bytes)| *name == &*self.name && bytes.starts_with(&hash));
        let Some((_, bytes)) = ours else {
            return Err(CheckpointError { what: "it was signed by another key" });
        };
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        let holds = key.verify(checkpoint.body().as_bytes(), &bytes[4..]);
        holds.map_err(|_unspecified| CheckpointError { what: "its signature does not hold" })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, hex(&self.hash()), STANDARD.encode(bytes))
    }
}
