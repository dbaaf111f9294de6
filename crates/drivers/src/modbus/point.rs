//! A point of the tag table, checked: which cells of which table it takes.

use lineshaft_contract::{ConfigErrors, Place, PointSpec};
use lineshaft_model::{DataType, WordOrder};

use super::address::{self, Address};
use super::config::{Config, WriteFunction};
use super::wire::Table;

/// The cells of one point and what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) table: Table,
    /// First cell on the wire.
    pub(super) start: u16,
    /// Registers, or bits in a table of bits; at least 1.
    pub(super) count: u16,
    /// One bit of a register.
    pub(super) bit: Option<u8>,
    pub(super) data_type: DataType,
    pub(super) order: WordOrder,
}

impl Point {
    /// Checks one row of the tag table; every mistake in it goes to `mistakes`.
    pub(super) fn check(
        config: &Config,
        index: u32,
        spec: &PointSpec,
        mistakes: &mut ConfigErrors,
    ) -> Option<Point> {
        let mut wrong = |column, code, what: String, remedy: String| {
            mistakes.add(Place::Cell { point: index, column }, code, what, remedy);
        };
        let address = match address::parse(&spec.address, config.addresses) {
            Ok(address) => address,
            Err(error) => {
                wrong("address", error.code(), error.to_string(), error.remedy());
                return None;
            }
        };
        let (text, data_type) = (&spec.address, spec.data_type);
        let count = match width(config, address, data_type) {
            Ok(count) => count,
            Err(misfit) => {
                let column = if misfit.code == "LS-CFG-102" { "address" } else { "type" };
                wrong(column, misfit.code, format!("{text}: {}", misfit.what), misfit.remedy);
                return None;
            }
        };
        if spec.access.can_write() && !address.table.is_writable() {
            let (name, instead) = match address.table {
                Table::Discrete => ("discrete inputs", "co:"),
                _ => ("input registers", "hr:"),
            };
            let remedy =
                format!("use access `read`, or `{instead}` if the device has it there too");
            wrong("access", "LS-CFG-104", format!("{text}: {name} cannot be written"), remedy);
            return None;
        }
        let in_one = config.write_function != WriteFunction::Single;
        if spec.access.can_write() && in_one && count > config.write_registers_max {
            let max = config.write_registers_max;
            let what = format!("{text}: {data_type} takes {count} registers, a write takes {max}");
            wrong("type", "LS-CFG-103", what, "make it shorter or use access `read`".into());
            return None;
        }
        let (table, start, bit) = (address.table, address.start, address.bit);
        Some(Point { table, start, count, bit, data_type, order: spec.order })
    }
}

struct Misfit {
    code: &'static str,
    what: String,
    remedy: String,
}

/// Cells that `data_type` takes at `address`.
fn width(config: &Config, address: Address, data_type: DataType) -> Result<u16, Misfit> {
    let misfit = |what: String, remedy: &str| {
        Err(Misfit { code: "LS-CFG-103", what, remedy: remedy.into() })
    };
    let is_bool = data_type == DataType::Bool;
    if address.table.is_bits() {
        return match is_bool {
            true => Ok(1),
            false => misfit(
                format!("one bit cannot hold {data_type}"),
                "use type bool, or a register (`hr:`, `ir:`)",
            ),
        };
    }
    match (address.bit, is_bool) {
        (Some(_), true) => return Ok(1),
        (Some(_), false) => {
            return misfit(
                format!("one bit cannot hold {data_type}"),
                "use type bool, or leave out the bit",
            );
        }
        (None, true) => {
            return misfit(
                "a register has 16 bits, a bool is one of them".into(),
                "write the bit after a point, `.0` (least significant) to `.15`, as in `hr:5.0`",
            );
        }
        (None, false) => {}
    }
    let count = data_type.bytes().div_ceil(2).max(1);
    let end = u32::from(address.start) + u32::from(count);
    if end > 65_536 {
        let what =
            format!("{data_type} takes {count} registers and ends past the table's last one");
        let remedy = "the last register is number 65535 counted from 0".into();
        return Err(Misfit { code: "LS-CFG-102", what, remedy });
    }
    if count > config.registers_max {
        let max = config.registers_max;
        return misfit(
            format!("{data_type} takes {count} registers, a read fetches at most {max}"),
            "make it shorter, or raise settings.registers_max if the device takes more",
        );
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lineshaft_model::Access;

    use super::*;

    fn spec(address: &str, data_type: &str, access: Access) -> PointSpec {
        let (data_type, order) = DataType::parse_with_order(data_type).unwrap();
        let (name, period) = ("p".into(), Duration::from_secs(1));
        PointSpec { name, address: address.into(), data_type, order, access, period }
    }

    #[test]
    fn types_take_the_registers_they_need() {
        for (address, data_type, count) in [
            ("co:3", "bool", 1),
            ("di:65535", "bool", 1),
            ("hr:10.3", "bool", 1),
            ("hr:0", "i8", 1),
            ("hr:65535", "u16", 1),
            ("ir:0", "f32", 2),
            ("hr:65532", "f64", 4),
            ("hr:0", "text(5)", 3),
            ("hr:0", "bytes(246)", 123),
            ("ir:0", "text(250)", 125),
        ] {
            let mut mistakes = ConfigErrors::default();
            let spec = spec(address, data_type, Access::Read);
            let point = Point::check(&Config::default(), 0, &spec, &mut mistakes);
            assert_eq!(point.unwrap().count, count, "{address} {data_type}");
        }
    }

    #[test]
    fn a_row_that_cannot_work_says_which_cell_and_why() {
        use Access::{Read, ReadWrite, Write};
        for (address, data_type, access, column, code, what) in [
            ("hr:5", "bool", Read, "type", "LS-CFG-103", "hr:5: a register has 16 bits"),
            ("co:5", "i16", Read, "type", "LS-CFG-103", "co:5: one bit cannot hold i16"),
            ("hr:5.1", "i16", Read, "type", "LS-CFG-103", "one bit cannot hold i16"),
            (
                "hr:65535",
                "f32",
                Read,
                "address",
                "LS-CFG-102",
                "f32 takes 2 registers and ends past",
            ),
            (
                "ir:0",
                "text(251)",
                Read,
                "type",
                "LS-CFG-103",
                "takes 126 registers, a read fetches",
            ),
            ("hr:0", "text(250)", ReadWrite, "type", "LS-CFG-103", "a write takes 123"),
            ("ir:0", "i16", ReadWrite, "access", "LS-CFG-104", "input registers cannot be written"),
            ("di:0", "bool", Write, "access", "LS-CFG-104", "discrete inputs cannot be written"),
            ("hx:0", "bool", Write, "address", "LS-CFG-101", "`hx` is not one of the tables"),
        ] {
            let mut mistakes = ConfigErrors::default();
            let spec = spec(address, data_type, access);
            assert_eq!(Point::check(&Config::default(), 7, &spec, &mut mistakes), None);
            let mistake = &mistakes.0[0];
            assert_eq!(mistake.place, Place::Cell { point: 7, column }, "{address} {data_type}");
            assert_eq!(mistake.code, code, "{address} {data_type}");
            assert!(mistake.what.contains(what), "{address} {data_type}: {}", mistake.what);
            assert!(!mistake.remedy.is_empty(), "{address} {data_type}");
        }
    }
}
