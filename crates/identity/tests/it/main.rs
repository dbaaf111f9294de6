//! Through the public interface only.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a failure is a failed test")]

mod accounts;
mod check;
mod database;
mod failures;
mod node;
mod own;
mod policy;
mod road;
mod sessions;
mod signing;
mod tokens;
mod trail;
