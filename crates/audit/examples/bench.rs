//! Prints the trail's figures: `cargo run --release -p lineshaft-audit --example bench -- [entries]`.

use std::error::Error;

use lineshaft_audit::bench;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let entries = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let dir = tempfile::tempdir()?;
    println!("{}", bench::append(dir.path(), entries)?);
    println!("{}", bench::verify_all(dir.path())?);
    println!("{}", bench::proof()?);
    Ok(())
}
