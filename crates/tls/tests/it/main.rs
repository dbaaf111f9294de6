//! Certificates over real handshakes, with the clock moved by hand; `openssl` and `curl` as strangers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_clients;
mod bad_pairs;
mod folder;
mod issuing;
mod peers;
mod plant;
mod renewal;
