//! Passwords: how they are hashed, by how many at a time, and which are good enough.
//!
//! - Source: RFC 9106 (Argon2id); the cost is the second choice of the OWASP Password Storage Cheat Sheet (46 MiB,
//!   one pass, one lane); NIST SP 800-63B §5.1.1 (length and guessability, no composition rules).
//! - Not here: counting failures (`lockout`), who the password belongs to, when it must be changed because
//!   somebody else set it.
//!
//! ```
//! use lineshaft_identity::password::{Cost, Hasher, Verdict};
//! use lineshaft_identity::secret::Secret;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let hasher = Hasher::new(Cost::LEAST)?; // Cost::STANDARD in a plant
//! let kept = hasher.hash(Secret::new("correct horse battery staple")).await?;
//! let verdict = hasher.verify(Some(kept), Secret::new("correct horse battery stapler")).await?;
//! assert_eq!(verdict, Verdict::Wrong);
//! // An account that is not there costs the same and gives the same answer.
//! assert_eq!(hasher.verify(None, Secret::new("whatever")).await?, Verdict::Wrong);
//! # Ok::<(), lineshaft_identity::password::HashError>(())
//! # }).unwrap();
//! ```

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use crate::secret::{NoRandomness, Secret, random_bytes};

mod hasher;
mod rules;

pub use hasher::{Hasher, Verdict};
pub use rules::{Reason, Rules};

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// What one hash costs.
///
/// | field | unit | range |
/// |---|---|---|
/// | `memory_kib` | KiB | 8 × lanes to 262,144 |
/// | `passes` | | 1 to 16 |
/// | `lanes` | | 1 to 4, computed one after the other |
///
/// Stored hashes beyond the upper ends are taken for damaged: nobody shall make the node allocate 4 GiB with one line
/// in its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// 46 MiB, one pass, one lane: some 60 ms on a core of 2020.
    pub const STANDARD: Cost = Cost { memory_kib: 46 * 1024, passes: 1, lanes: 1 };
    /// The least that Argon2 allows. For tests only: it protects nothing.
    pub const LEAST: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    /// The most that a stored hash may ask for.
    const MOST: Cost = Cost { memory_kib: 256 * 1024, passes: 16, lanes: 4 };

    fn params(self) -> Result<Params, HashError> {
        let most = Cost::MOST;
        let fits = self.memory_kib <= most.memory_kib
            && self.passes <= most.passes
            && self.lanes <= most.lanes;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(OUTPUT_BYTES));
        match params {
            Ok(params) if fits => Ok(params),
            _ => Err(HashError::Cost { cost: self }),
        }
    }
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Two are being hashed and as many wait as may.
    #[error("too many passwords are being checked; try again in a few seconds")]
    Busy,
    /// What is stored for the account is no hash that could be compared with.
    #[error("the stored password hash is damaged; set a new password")]
    Damaged,
    /// There is no memory for it.
    #[error("no memory to check a password: {memory_kib} KiB are needed")]
    Memory {
        /// How much is needed.
        memory_kib: u32,
    },
    /// Argon2 does not allow this cost, or we do not.
    #[error(
        "a password hash cannot cost {} KiB, {} passes, {} lanes",
        cost.memory_kib, cost.passes, cost.lanes
    )]
    Cost {
        /// What was asked for.
        cost: Cost,
    },
    /// No salt without random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The node is stopping.
    #[error("the node is stopping; the password was not checked")]
    Stopping,
}

impl HashError {
    /// The code with a page in `docs/errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            HashError::Busy => "LS-AUT-060",
            HashError::Damaged => "LS-AUT-061",
            HashError::Memory { .. } => "LS-AUT-062",
            HashError::Cost { .. } => "LS-AUT-063",
            HashError::NoRandomness(cause) => cause.code(),
            HashError::Stopping => "LS-AUT-064",
        }
    }
}

/// Hashes a password with a new salt: a PHC string (`$argon2id$v=19$m=47104,t=1,p=1$…$…`).
///
/// Blocks for as long as [`Cost`] says; a server uses [`Hasher`], a command this.
///
/// # Errors
/// [`HashError::Cost`], [`HashError::Memory`], [`HashError::NoRandomness`].
pub fn hash(password: &Secret, cost: Cost) -> Result<String, HashError> {
    let salt = random_bytes::<SALT_BYTES>()?;
    let params = cost.params()?;
    let mut output = [0_u8; OUTPUT_BYTES];
    compute(password, &salt, &params, &mut output)?;
    phc(&params, &salt, &output).ok_or(HashError::Cost { cost })
}

/// Whether a PHC string was made from this password. Blocks as [`hash`] does.
///
/// # Errors
/// [`HashError::Damaged`] when it is none of Argon2id within the limits of [`Cost`]; [`HashError::Memory`].
pub fn verify(password: &Secret, kept: &str) -> Result<bool, HashError> {
    let kept = Kept::parse(kept)?;
    let mut output = [0_u8; OUTPUT_BYTES];
    compute(password, &kept.salt, &kept.params, &mut output)?;
    let same = output.ct_eq(&kept.output).into();
    output.zeroize();
    Ok(same)
}

/// Whether a stored hash was made at another cost, and should be made anew when its owner logs in next.
#[must_use]
pub fn is_outdated(kept: &str, cost: Cost) -> bool {
    !Kept::parse(kept).is_ok_and(|kept| {
        let found = &kept.params;
        (found.m_cost(), found.t_cost(), found.p_cost())
            == (cost.memory_kib, cost.passes, cost.lanes)
    })
}

/// A stored hash in its parts.
struct Kept {
    params: Params,
    salt: Vec<u8>,
    output: [u8; OUTPUT_BYTES],
}

impl Kept {
    fn parse(phc: &str) -> Result<Kept, HashError> {
        let parts = PasswordHash::new(phc).ok().and_then(|found| {
            let is_ours = found.algorithm == ARGON2ID_IDENT
                && found.version == Some(u32::from(Version::V0x13));
            let params = Params::try_from(&found).ok().filter(|_| is_ours)?;
            let plain = params.keyid().is_empty() && params.data().is_empty();
            let output = found.hash.filter(|_| plain)?.as_bytes().try_into().ok()?;
            let salt: &[u8] = found.salt.as_ref()?.as_ref();
            Some(Kept { params, salt: salt.to_vec(), output })
        });
        let kept = parts.ok_or(HashError::Damaged)?;
        let asked = Cost {
            memory_kib: kept.params.m_cost(),
            passes: kept.params.t_cost(),
            lanes: kept.params.p_cost(),
        };
        match asked.params() {
            Ok(_) => Ok(kept),
            Err(_beyond) => Err(HashError::Damaged),
        }
    }
}

fn phc(params: &Params, salt: &[u8], output: &[u8]) -> Option<String> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(u32::from(Version::V0x13)),
        params: params.try_into().ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(output).ok()?),
    };
    Some(hash.to_string())
}

/// A hash of which nobody knows the password: what an account that is not there is compared with.
fn dummy(cost: Cost) -> Result<String, HashError> {
    let (salt, output) = (random_bytes::<SALT_BYTES>()?, random_bytes::<OUTPUT_BYTES>()?);
    phc(&cost.params()?, &salt, &output).ok_or(HashError::Cost { cost })
}

/// The hash itself, in memory of its own that is wiped afterwards.
fn compute(
    password: &Secret,
    salt: &[u8],
    params: &Params,
    output: &mut [u8],
) -> Result<(), HashError> {
    let mut memory = Memory::of(params)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let text = password.reveal().as_bytes();
    let done = argon2.hash_password_into_with_memory(text, salt, output, &mut memory.0);
    // Salt and output have the right lengths here, and a text of 4 GiB does not fit a request.
    done.map_err(|_lengths| HashError::Damaged)
}

/// The blocks Argon2 works on: what they hold is as good as the password, so they are wiped.
struct Memory(Vec<Block>);

impl Memory {
    fn of(params: &Params) -> Result<Memory, HashError> {
        let (count, memory_kib) = (params.block_count(), params.m_cost());
        let mut blocks = Vec::new();
        // A small device may well have no 46 MiB left; that is an answer and no reason to die.
        blocks.try_reserve_exact(count).map_err(|_none_left| HashError::Memory { memory_kib })?;
        blocks.resize(count, Block::new());
        Ok(Memory(blocks))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests;
