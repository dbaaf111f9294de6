//! Prints the historian's figures: `cargo run --release -p lineshaft-historian --example historian_bench -- [year|mix|many]`.

use std::error::Error;

use lineshaft_historian::bench;

fn main() -> Result<(), Box<dyn Error>> {
    let which = std::env::args().nth(1);
    for (name, run) in [
        ("year", bench::year_plot as fn(&std::path::Path) -> _),
        ("mix", bench::plant_mix),
        ("many", bench::many_tags),
    ] {
        if which.as_deref().is_none_or(|which| which == name) {
            let dir = tempfile::tempdir()?;
            println!("{name}\n{}", run(dir.path())?);
        }
    }
    Ok(())
}
