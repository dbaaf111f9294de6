//! Durable append, recovery and reading, measured in the folder given as the first argument.
//!
//! `cargo run --release -p lineshaft-record --example append -- DIR SECONDS`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_record::bench;
use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::RealDisk;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("which folder?")?;
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let figures = bench::append(&disk, dir.as_ref(), Duration::from_secs(seconds))?;
    println!("samples             {:>14}", figures.samples);
    println!("samples read back   {:>14}", figures.samples_read);
    println!("bytes               {:>14}", figures.bytes);
    println!("durable samples/s   {:>14.0}", figures.samples_per_second());
    println!("bytes per sample    {:>14.2}", figures.bytes_per_sample());
    println!("recovery, ms        {:>14.1}", figures.recovery.as_secs_f64() * 1e3);
    println!("samples read/s      {:>14.0}", figures.samples_read_per_second());
    Ok(())
}
