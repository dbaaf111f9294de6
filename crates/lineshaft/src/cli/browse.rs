//! `lineshaft browse`: what a device offers, as a tag table on standard output and the progress on standard error.
//!
//! It asks the device itself, without a node: a device that the running node polls over the same serial port is asked
//! through the node instead (`POST /api/v1/devices/browse`).

use std::process::ExitCode;

use clap::Args;
use lineshaft_contract::{BrowsePage, BrowseTrouble, Found, Trial, Workshop as _};
use lineshaft_drivers::DRIVERS;
use lineshaft_runtime::Clock;
use serde_json::{Map, Value as Json, json};

use crate::node::workshop::{Workshop, quoted};
use crate::plant::COLUMNS;

/// What one part has at most.
const PART_COUNT_MAX: u32 = 1_000;

/// What to browse.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where the device is: tcp://192.168.0.17:502, serial:///dev/ttyUSB0?baud=9600, ….
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// What it speaks.
    #[arg(long, value_name = "DRIVER", default_value = "modbus")]
    driver: String,
    /// The unit that is scanned.
    #[arg(long, value_name = "N", default_value_t = 1)]
    unit: u8,
    /// Only says which of these units answer, such as 1-247.
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["tables", "from", "to"])]
    units: Option<String>,
    /// Which tables: holding, input, coil, discrete; all four unless said.
    #[arg(long, value_name = "TABLE,…", value_delimiter = ',')]
    tables: Vec<String>,
    /// The first address.
    #[arg(long, value_name = "N")]
    from: Option<u32>,
    /// The last address.
    #[arg(long, value_name = "N")]
    to: Option<u32>,
    /// How long one request may take.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    timeout: String,
}

impl Arguments {
    fn device(&self) -> Map<String, Json> {
        let device = json!({
            "driver": self.driver,
            "endpoint": self.endpoint,
            "timeout": self.timeout,
            "settings": { "unit": self.unit },
        });
        match device {
            Json::Object(device) => device,
            _ => Map::new(),
        }
    }

    fn options(&self) -> Json {
        let mut options = Map::new();
        let mut put = |key: &str, value: Json| options.insert(key.to_owned(), value);
        if !self.tables.is_empty() {
            put("tables", json!(self.tables));
        }
        if let Some(from) = self.from {
            put("from", from.into());
        }
        if let Some(to) = self.to {
            put("to", to.into());
        }
        if let Some(units) = &self.units {
            put("units", units.as_str().into());
        }
        options.into()
    }
}

/// Prints a tag table of what the device offers. Exit code 1 when it does not answer or offers nothing.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    if !DRIVERS.iter().any(|driver| driver.name == arguments.driver) {
        let names: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
        complain!("there is no driver `{}`; there is {}", arguments.driver, names.join(", "));
        return ExitCode::FAILURE;
    }
    let executor = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(executor) => executor,
        Err(error) => {
            complain!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match executor.block_on(browse(arguments)) {
        Ok(0) => {
            complain!("nothing was found");
            ExitCode::FAILURE
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(report) => {
            complain!("{report}");
            ExitCode::FAILURE
        }
    }
}

/// Prints part after part; says how much was found.
async fn browse(arguments: &Arguments) -> Result<usize, String> {
    let workshop = Workshop::new(None, None, Clock::real());
    let is_search = arguments.units.is_some();
    let (mut after, mut count, mut notes) = (None, 0, String::new());
    let mut begun = false;
    loop {
        let trial = Trial { device: arguments.device(), tags: Vec::new() };
        let part = workshop.browse(trial, arguments.options(), after, PART_COUNT_MAX);
        let BrowsePage { found, next, done, note } = part.await.map_err(report)?;
        if !std::mem::replace(&mut begun, true) {
            say!("{}", if is_search { "unit,what".into() } else { COLUMNS.join(",") });
        }
        count += found.len();
        for one in &found {
            say!("{}", if is_search { unit_row(one) } else { row(one) });
        }
        if !note.is_empty() && !notes.contains(&note) {
            complain!("{note}");
            notes.push_str(&note);
        }
        complain!("{:.0} %, {count} found", done * 100.0);
        match next {
            Some(next) if crate::say::is_heard() => after = Some(next),
            _ => return Ok(count),
        }
    }
}

/// A row of a tag table.
fn row(found: &Found) -> String {
    let kind = found.data_type.map(|data_type| data_type.to_string()).unwrap_or_default();
    let cell = |column: &&str| match *column {
        "tag" => quoted(&found.name),
        "address" => quoted(&found.address),
        "type" => quoted(&kind),
        "access" => "read".into(),
        "description" => quoted(&found.description),
        _ => String::new(),
    };
    COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",")
}

fn unit_row(found: &Found) -> String {
    format!("{},{}", found.settings["unit"], quoted(&found.description))
}

fn report(trouble: BrowseTrouble) -> String {
    match trouble {
        BrowseTrouble::Wrong(mistakes) => {
            let line = |one: &lineshaft_contract::TrialMistake| {
                let help = if one.remedy.is_empty() {
                    String::new()
                } else {
                    format!("\n  {}", one.remedy)
                };
                format!("error {}: {}: {}{help}", one.code, one.key, one.what)
            };
            mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        BrowseTrouble::Unsupported { driver } => {
            format!("error LS-API-045: `{driver}` cannot list what a device offers")
        }
        BrowseTrouble::Failed(step) => {
            let code = step.code.filter(|code| !code.is_empty()).unwrap_or("LS-API-044".into());
            let help = step.remedy.filter(|remedy| !remedy.is_empty());
            let help = help.map(|remedy| format!("\n  {remedy}")).unwrap_or_default();
            format!("error {code}: {}{help}", step.what)
        }
        BrowseTrouble::Busy => "too many browses at a time".into(),
    }
}
