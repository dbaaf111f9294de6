//! Waiting longer after each failure, and never in step with others.

use std::time::Duration;

/// A small deterministic source of randomness: the same seed gives the same run.
///
/// Source: Vigna, `SplitMix64`. For jitter and simulation, never for secrets.
#[derive(Debug, Clone)]
pub struct Seed(u64);

impl Seed {
    /// From a number; print it with a failure so that it can be replayed.
    #[must_use]
    pub const fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A fraction from 0 to just under 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }
}

/// Delays that double from `first` to `longest`, each shortened by up to half at random, so that a
/// hundred devices behind one failed switch do not all come back in the same millisecond.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    seed: Seed,
}

impl Backoff {
    /// Nothing has failed yet.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration, seed: Seed) -> Backoff {
        Backoff { first, longest, failures: 0, seed }
    }

    /// Counts a failure and says how long to wait.
    pub fn next_delay(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let full = self.first.saturating_mul(factor).min(self.longest);
        full.mul_f64(0.5 + self.seed.fraction() / 2.0)
    }

    /// Forgets the failures.
    pub fn succeed(&mut self) {
        self.failures = 0;
    }

    /// How often it failed since it last succeeded.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: CR 7.1 RE1.
    #[test]
    fn delays_grow_to_the_longest_and_start_over_after_success() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 30 * second, Seed::new(7));
        for full in [1, 2, 4, 8, 16, 30, 30] {
            let delay = backoff.next_delay();
            assert!(delay >= full * second / 2 && delay <= full * second, "{delay:?} of {full}s");
        }
        backoff.succeed();
        assert!(backoff.next_delay() <= second);
    }
}
