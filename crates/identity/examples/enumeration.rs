//! Does the time of a refused login tell whether the account exists?
//!
//! `cargo run --release -p lineshaft-identity --example enumeration [ATTEMPTS [KIB]]`: that many attempts (10,000) with a
//! wrong password, on a known and on an unknown account in random order, one after the other, each through the
//! [`Hasher`] at the standard cost (or with KIB of memory). Prints both distributions and the p value of the
//! Mann-Whitney U test (two-sided, normal approximation, corrected for ties): the goal is p > 0.01. A p of less than that
//! comes by chance once in a hundred runs; a difference that is there shows in every run.
//!
//! It ends with a check of itself: would it have seen 1 % more time for the known account? If not, there were too few
//! attempts or the machine was too busy, and the run says nothing.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use lineshaft_identity::password::{Cost, HashError, Hasher, Verdict};
use lineshaft_identity::secret::{NoRandomness, Secret, random_bytes};
use lineshaft_runtime::Clock;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        |default: u32| arguments.next().map_or(Some(default), |text| text.parse().ok());
    let (Some(attempts), Some(memory_kib)) = (number(10_000), number(Cost::STANDARD.memory_kib))
    else {
        eprintln!("usage: enumeration [ATTEMPTS [KIB]]");
        return ExitCode::FAILURE;
    };
    match measure(attempts, Cost { memory_kib, ..Cost::STANDARD }).await {
        Ok((known, unknown)) => report(&known, &unknown),
        Err(error) => {
            eprintln!("error {}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}

/// The times of refused logins in seconds: of a known account, of an unknown one.
async fn measure(attempts: u32, cost: Cost) -> Result<(Vec<f64>, Vec<f64>), HashError> {
    let clock = Clock::real();
    let hasher = Hasher::new(cost)?;
    let kept = hasher.hash(Secret::new("correct horse battery staple")).await?;
    let accounts = HashMap::from([("ada", kept)]);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    // The first ones pay for threads and pages that all others find ready.
    for attempt in 0..attempts.saturating_add(20) {
        let name = if coin()? { "ada" } else { "eve" };
        let began = clock.steady();
        let kept = accounts.get(name).cloned();
        let verdict = hasher.verify(kept, Secret::new("wrong horse battery staple")).await?;
        let took = clock.steady().saturating_sub(began);
        assert_eq!(verdict, Verdict::Wrong);
        if attempt >= 20 {
            let times = if name == "ada" { &mut known } else { &mut unknown };
            times.push(took.as_secs_f64());
        }
    }
    Ok((known, unknown))
}

fn coin() -> Result<bool, NoRandomness> {
    Ok(random_bytes::<1>()?[0] & 1 == 1)
}

fn report(known: &[f64], unknown: &[f64]) -> ExitCode {
    for (what, times) in [("known", known), ("unknown", unknown)] {
        let mut sorted = times.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| {
            let place = (part * sorted.len().saturating_sub(1) as f64) as usize;
            sorted.get(place).map_or(Duration::ZERO, |time| Duration::from_secs_f64(*time))
        };
        let mean = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
        println!(
            "{what:>8}: {} attempts, mean {:.3} ms, p5 {:.3?}, median {:.3?}, p95 {:.3?}",
            sorted.len(),
            mean * 1e3,
            at(0.05),
            at(0.5),
            at(0.95)
        );
    }
    let p = mann_whitney_p(known, unknown);
    println!("Mann-Whitney U, two-sided: p = {p:.4}");
    let slower: Vec<f64> = known.iter().map(|time| time * 1.01).collect();
    let seen = mann_whitney_p(&slower, unknown);
    println!("check: with 1 % added to the known account's times p = {seen:.2e}");
    if p > 0.01 && seen > 0.01 {
        println!(
            "this run says nothing: it would not have seen 1 %; more attempts, or a quieter machine"
        );
        ExitCode::FAILURE
    } else if p > 0.01 {
        println!("the times do not tell them apart");
        ExitCode::SUCCESS
    } else {
        println!("the times tell them apart");
        ExitCode::FAILURE
    }
}

/// The probability of a difference in rank as large as this one when both come from one distribution: two-sided, normal
/// approximation with correction for ties and for continuity. Good from some 20 values each.
///
/// Source: Mann and Whitney 1947; the correction for ties as in Hollander, Wolfe and Chicken, 3rd ed., §4.1.
fn mann_whitney_p(one: &[f64], other: &[f64]) -> f64 {
    let (n1, n2) = (one.len() as f64, other.len() as f64);
    if one.is_empty() || other.is_empty() {
        return 1.0;
    }
    let mut all: Vec<(f64, bool)> = one.iter().map(|value| (*value, true)).collect();
    all.extend(other.iter().map(|value| (*value, false)));
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|a, b| a.0 == b.0) {
        let count = equal.len() as f64;
        let rank = before + (count + 1.0) / 2.0;
        rank_sum += rank * equal.iter().filter(|(_, is_one)| *is_one).count() as f64;
        ties += count.powi(3) - count;
        before += count;
    }
    let u = rank_sum - n1 * (n1 + 1.0) / 2.0;
    let n = n1 + n2;
    let variance = n1 * n2 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    if variance <= 0.0 {
        return 1.0; // all values are the same
    }
    let away = ((u - n1 * n2 / 2.0).abs() - 0.5).max(0.0);
    complementary_error(away / variance.sqrt() / std::f64::consts::SQRT_2)
}

/// erfc for x >= 0, to 1.2e-7 of its value.
///
/// Source: Press et al., Numerical Recipes in C, 2nd ed., §6.2 (Chebyshev fit).
fn complementary_error(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.5 * x);
    let fit = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let sum = fit.iter().rev().fold(0.0, |sum, factor| sum * t + factor);
    t * (sum - x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_is_that_of_the_tables() {
        // Abramowitz and Stegun, table 7.1.
        for (x, want) in [(0.0, 1.0), (0.5, 0.479_500_1), (1.0, 0.157_299_2), (2.0, 0.004_677_73)] {
            assert!((complementary_error(x) - want).abs() < 2e-7, "{x}");
        }
    }

    #[test]
    fn the_p_value_is_that_of_counting_pairs() {
        // U counted pair by pair (264.0), then the same formula with the erfc of Python's math module.
        let one: Vec<f64> = (0..30).map(|n| f64::from(n * 7 % 31)).collect();
        let other: Vec<f64> = (0..25).map(|n| f64::from(n * 5 % 29) + 6.0).collect();
        let p = mann_whitney_p(&one, &other);
        assert!((p - 0.061_697_274).abs() < 1e-6, "{p}");
        assert!((mann_whitney_p(&[1.0; 30], &[1.0; 30]) - 1.0).abs() < 1e-9);
    }
}
