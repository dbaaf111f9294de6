//! The demo's plant folder: the same files an engineer would write, with the ports of this run.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use super::plant::{Air, Energy, Line, Machine};
use super::serve::Addresses;
use super::signal::tag_table;

const NODE: &str = r#"# The plant of `lineshaft demo`. Written anew at each start, because the ports change.

[node]
name = "demo"
path = "acme/rotterdam"
"#;

const PIPELINES: &str = r#"# Derived tags: SQL expressions over other tags, relative to the node's path.

[line-quality]
tag = "packaging/line-1/quality"
expr = '"packaging/line-1/packer/good_count" / ("packaging/line-1/packer/good_count" + "packaging/line-1/packer/reject_count" + "packaging/line-1/labeller/reject_count" + "packaging/line-1/capper/reject_count" + "packaging/line-1/filler/reject_count") * 100'
unit = "%"
description = "Good bottles of all bottles since the counters were reset"

[line-power]
tag = "packaging/line-1/power"
expr = '"packaging/line-1/filler/motor_power" + "packaging/line-1/capper/motor_power" + "packaging/line-1/labeller/motor_power" + "packaging/line-1/packer/motor_power"'
unit = "kW"
description = "Main drives of the line"

[line-rate]
tag = "packaging/line-1/rate"
expr = '"packaging/line-1/packer/speed"'
unit = "1/min"
description = "Bottles per minute leaving the line"

[calm-vibration]
tags = "packaging/line-1/*/vibration"
ops = [{ moving_average = { window = "5s" } }]
"#;

/// Writes the folder.
///
/// # Errors
/// As the operating system says.
pub(crate) fn write(dir: &Path, listen: &str, addresses: &Addresses) -> io::Result<()> {
    for sub in ["devices", "tags", "pipelines", "assets"] {
        fs::create_dir_all(dir.join(sub))?;
    }
    fs::write(dir.join("lineshaft.toml"), format!("{NODE}\n[http]\nlisten = \"{listen}\"\n"))?;
    fs::write(dir.join("pipelines/line-1.toml"), PIPELINES)?;
    fs::write(dir.join("assets/machines.toml"), include_str!("assets.toml"))?;

    let line = Line::new();
    let mut devices = String::from("# One PLC for each machine of the line.\n");
    let names = Line::stations().chain(["conveyors"]);
    for ((unit, name), address) in names.enumerate().zip(&addresses.line) {
        device(
            &mut devices,
            name,
            &address.to_string(),
            &format!("packaging/line-1/{name}"),
            1,
            name,
        );
        fs::write(dir.join(format!("tags/{name}.csv")), tag_table(line.signals(unit)))?;
    }
    fs::write(dir.join("devices/line-1.toml"), devices)?;

    let air = Air::new();
    let mut devices = String::from("# Four units behind one gateway share one connection.\n");
    for unit in 0..air.units() {
        let name = if unit == 0 { "station".to_owned() } else { format!("compressor-{unit}") };
        let table = if unit == 0 { "air-station" } else { "compressor" };
        let path = format!("utilities/compressed-air/{name}");
        device(
            &mut devices,
            &format!("air-{name}"),
            &addresses.air.to_string(),
            &path,
            unit + 1,
            table,
        );
        fs::write(dir.join(format!("tags/{table}.csv")), tag_table(air.signals(unit)))?;
    }
    fs::write(dir.join("devices/compressed-air.toml"), devices)?;

    let energy = Energy::new();
    let mut devices = String::from(
        "# Eight meters behind one gateway. Meter 7 has a loose plug, meter 5 is older and has no harmonics.\n",
    );
    for (unit, name) in Energy::names().enumerate() {
        let path = format!("utilities/energy/{name}");
        device(
            &mut devices,
            &format!("meter-{name}"),
            &addresses.energy.to_string(),
            &path,
            unit + 1,
            "meter",
        );
    }
    fs::write(dir.join("tags/meter.csv"), tag_table(energy.signals(0)))?;
    fs::write(dir.join("devices/energy.toml"), devices)
}

fn device(toml: &mut String, name: &str, address: &str, path: &str, unit: usize, table: &str) {
    let _ = write!(
        toml,
        "\n[{name}]\ndriver   = \"modbus\"\nendpoint = \"tcp://{address}\"\npath     = \"{path}\"\n\
         period   = \"1s\"\ntimeout  = \"500ms\"\ntags     = \"../tags/{table}.csv\"\n[{name}.settings]\nunit = {unit}\n",
    );
}
