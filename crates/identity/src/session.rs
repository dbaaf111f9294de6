//! Sessions as others see them, and how they begin.

use std::net::SocketAddr;

use lineshaft_model::Timestamp;

use crate::{Pass, Secret, Standing};

/// Whether a person caused a request; only that keeps a session awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Somebody pressed a key.
    Person,
    /// The page asked by itself.
    Background,
}

/// Somebody wants in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Account name.
    pub account: String,
    /// Password.
    pub password: Secret,
    /// A code of the second factor, or a recovery code.
    pub code: Option<String>,
}

/// Somebody is in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session's secret, for the cookie. Not kept anywhere.
    pub secret: Secret,
    /// Who it is.
    pub pass: Pass,
    /// When the session ends at the latest.
    pub ends: Timestamp,
}

/// A session, as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionLine {
    /// Its public name; opens nothing.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// From where it began.
    pub from: Option<SocketAddr>,
    /// The program that began it, as it calls itself, at most 200 bytes.
    pub agent: String,
    /// When it began.
    pub began: Timestamp,
    /// When a person last used it.
    pub active: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
    /// Live, locked, or what it waits for.
    pub state: Standing,
}
