//! Trying devices out before they run, and looking closer at those that do.
//!
//! - What is tried is checked as the plant folder is ([`trial`]), asked step by step ([`test`]) or listed ([`browse`]),
//!   over a connection of its own or between two polls of a link that runs ([`line`]).
//! - At most [`TURNS_MAX`] at a time, each with an end: nobody keeps a line busy by going away.
//! - Only questions are sent, never a write.

mod browse;
mod devices;
mod line;
mod remedy;
mod test;
mod trial;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lineshaft_contract::{
    BrowsePage, BrowseTrouble, Configuration, ConfigurationError, ConfiguredDevice, DriverPage,
    TestReport, TracePage, Trial, Working,
};
use lineshaft_drivers::runner::Runner;
use lineshaft_runtime::{Clock, Net};
use tokio::sync::Semaphore;
pub(crate) use trial::quoted;

/// Tests and browses at a time.
const TURNS_MAX: usize = 4;

/// The workshop of a node, or of none: a stopped node and the command line have no running devices.
#[derive(Clone)]
pub(crate) struct Workshop {
    runner: Option<Runner>,
    configuration: Option<Arc<dyn Configuration>>,
    clock: Clock,
    net: Net,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for Workshop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Workshop")
    }
}

impl Workshop {
    pub(crate) fn new(
        runner: Option<Runner>,
        configuration: Option<Arc<dyn Configuration>>,
        clock: Clock,
    ) -> Workshop {
        let turns = Arc::new(Semaphore::new(TURNS_MAX));
        Workshop { runner, configuration, clock, net: Net::default(), turns }
    }
}

impl lineshaft_contract::Workshop for Workshop {
    fn drivers(&self) -> Vec<DriverPage> {
        devices::drivers()
    }

    fn devices(&self) -> Working<'_, Result<Vec<ConfiguredDevice>, ConfigurationError>> {
        Box::pin(devices::configured(self.configuration.as_deref()))
    }

    fn test(&self, trial: Trial) -> Working<'_, Option<TestReport>> {
        Box::pin(async move {
            let Ok(_turn) = self.turns.try_acquire() else { return None };
            Some(test::run(self, &trial).await)
        })
    }

    fn browse(
        &self,
        trial: Trial,
        options: serde_json::Value,
        after: Option<String>,
        count_max: u32,
    ) -> Working<'_, Result<BrowsePage, BrowseTrouble>> {
        Box::pin(async move {
            let Ok(_turn) = self.turns.try_acquire() else { return Err(BrowseTrouble::Busy) };
            browse::run(self, &trial, options, after, count_max).await
        })
    }

    fn trace(&self, device: &str, after: u64) -> Option<TracePage> {
        self.runner.as_ref()?.trace(device, after)
    }

    fn keep_trace(&self, device: &str, lasting: Duration) -> Option<TracePage> {
        self.runner.as_ref()?.keep_trace(device, lasting)
    }
}
