//! Durable appends, bytes on disk, and opening again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::Chain;
use lineshaft_runtime::Disk;
use lineshaft_runtime::disk::RealDisk;

use super::Outcome;
use super::machine::processor_time;

pub(super) fn run(dir: &Path, seconds: u64) -> Outcome {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let used = processor_time();
    let figures =
        lineshaft_record::bench::append(&disk, &dir.join("shaft"), Duration::from_secs(seconds))
            .map_err(|error| Chain(&error).to_string())?;
    let processor = (processor_time() - used).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (samples, gigabytes) = (figures.samples as f64, figures.bytes as f64 / 1e9);
    let recovery = figures.recovery.as_secs_f64();
    say!(
        "shaft: batches of 1,000 numeric samples, group commit, every one synced, {:.1} s\n  \
         samples/s            {:>8.2} million (goal 3)\n  \
         bytes on disk/sample {:>8.2} (goal 12)\n  \
         opening {gigabytes:.2} GB   {recovery:>8.3} s ({:.3} s/GB, goal 1)\n  \
         reading, samples/s   {:>8.2} million\n  \
         processor, all of it {processor:>8.2} s for {:.1} million samples",
        figures.append.as_secs_f64(),
        figures.samples_per_second() / 1e6,
        figures.bytes_per_sample(),
        recovery / gigabytes,
        figures.samples_read_per_second() / 1e6,
        samples / 1e6,
    );
    Ok(())
}
