//! Rows of a tag table: what each cell means.
//!
//! - Source: DESIGN 5.2 (columns, types), the Unified Code for Units of Measure for `unit`.
//! - Numbers may have a decimal comma where the comma does not separate cells.
//! - Not here: addresses (the driver's), and whether a name is taken (the plant's).

use std::ops::Range;
use std::time::Duration;

use lineshaft_model::{
    Access, DataType, TagPath, TypeError, Unit, UnitError, WordOrder, parse_duration,
};
use lineshaft_pipeline::Band;

use super::csv::{Cell, Row};
use super::mistake::Mistakes;
use super::schema::duration_help;
use super::source::Source;

/// The columns in their usual order; `tag`, `address` and `type` must be there.
pub(crate) const COLUMNS: [&str; 10] = [
    "tag",
    "address",
    "type",
    "unit",
    "period",
    "deadband",
    "scale",
    "offset",
    "access",
    "description",
];

/// The fastest a tag can be read.
pub(crate) const PERIOD_MIN: Duration = Duration::from_millis(10);
/// The slowest.
pub(crate) const PERIOD_MAX: Duration = Duration::from_secs(30 * 86_400);

/// What the tag table says about a tag's value: `value = raw * scale + offset`, then the deadband.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TagSteps {
    /// Finite, not 0; `None` for an empty cell.
    pub scale: Option<f64>,
    /// Finite, in the tag's own unit; `None` for an empty cell.
    pub offset: Option<f64>,
    /// Without it every sample is news.
    pub deadband: Option<Band>,
}

impl TagSteps {
    /// Whether the value is computed, not taken as the device has it.
    #[must_use]
    pub fn is_scaled(&self) -> bool {
        self.scale.is_some() || self.offset.is_some()
    }
}

/// One tag as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TagRow {
    pub(crate) tag: String,
    pub(crate) address: String,
    pub(crate) data_type: DataType,
    pub(crate) order: WordOrder,
    pub(crate) unit: Option<Unit>,
    pub(crate) period: Option<Duration>,
    pub(crate) access: Access,
    pub(crate) steps: TagSteps,
    pub(crate) description: String,
    /// The bytes of each cell by [`COLUMNS`]; of a column that is not there, of the whole row.
    pub(crate) spans: [Range<usize>; COLUMNS.len()],
}

/// Reads rows below one header.
pub(crate) struct RowReader<'a> {
    pub(crate) source: &'a Source,
    pub(crate) found: Mistakes,
    /// By [`COLUMNS`]: which cell of a row it is.
    pub(crate) columns: [Option<usize>; COLUMNS.len()],
    /// How many cells the header has.
    pub(crate) width: usize,
    /// Whether `0,5` is a number: the comma does not separate cells.
    pub(crate) decimal_comma: bool,
}

impl RowReader<'_> {
    /// Reads one row; `None` when its tag, address or type is wrong.
    pub(crate) fn read(&mut self, row: &Row) -> Option<TagRow> {
        if !self.check_width(row) {
            return None;
        }
        let spans: [Range<usize>; COLUMNS.len()] = std::array::from_fn(|column| {
            self.cell(row, column).map_or_else(|| row.span.clone(), |cell| cell.span.clone())
        });
        let text = |column: &str| self.text(row, column).to_owned();
        let (tag, address, description) = (text("tag"), text("address"), text("description"));
        let tag_fits = self.needed("tag", &tag, &spans) && self.tag_name(&tag, &spans[0]);
        let address_fits = self.needed("address", &address, &spans);
        let data_type = self.data_type(row, &spans);
        let unit = self.unit(row, &spans);
        let period = self.period(row, &spans);
        let access = self.access(row, &spans);
        let steps = self.steps(row, data_type.map(|(data_type, _)| data_type), &spans);
        let (data_type, order) = data_type?;
        (tag_fits && address_fits).then_some(TagRow {
            tag,
            address,
            data_type,
            order,
            unit,
            period,
            access,
            steps,
            description,
            spans,
        })
    }

    fn cell<'r>(&self, row: &'r Row, column: usize) -> Option<&'r Cell> {
        row.cells.get(self.columns[column]?)
    }

    fn text<'r>(&self, row: &'r Row, column: &str) -> &'r str {
        let cell = COLUMNS.iter().position(|c| *c == column).and_then(|c| self.cell(row, c));
        cell.map_or("", |cell| cell.text.as_str())
    }

    fn wrong(&mut self, code: &'static str, span: &Range<usize>, what: String, help: &str) {
        self.found.push(self.source.error(code, span, what).help(help));
    }

    fn check_width(&mut self, row: &Row) -> bool {
        let (cells, width) = (row.cells.len(), self.width);
        if cells < width {
            let what = format!("this row has {cells} cells, the header has {width}");
            let end = row.span.end..row.span.end;
            self.wrong("LS-CFG-016", &end, what, "an empty cell still needs its separator");
            return false;
        }
        let Some(extra) = row.cells[width..].iter().find(|cell| !cell.text.is_empty()) else {
            return true;
        };
        let what = format!("this row has {cells} cells, the header has {width}");
        let help = if self.decimal_comma {
            "a cell with the separator in it needs quotes: \"one; two\""
        } else {
            "a cell with a comma in it needs quotes, and a decimal comma needs `;` between the cells"
        };
        let span = extra.span.clone();
        self.wrong("LS-CFG-016", &span, what, help);
        false
    }

    fn needed(&mut self, column: &str, text: &str, spans: &[Range<usize>]) -> bool {
        if text.is_empty() {
            self.wrong("LS-CFG-007", &spans[index_of(column)], format!("`{column}` is empty"), "");
        }
        !text.is_empty()
    }

    fn tag_name(&mut self, tag: &str, span: &Range<usize>) -> bool {
        let wrong = match TagPath::new(tag) {
            Err(error) => error.to_string(),
            Ok(path) => match path.segments().find(|segment| segment.starts_with('_')) {
                Some(name) => format!("`{name}`: names that start with `_` belong to Lineshaft"),
                None => return true,
            },
        };
        self.wrong("LS-CFG-012", span, wrong, "");
        false
    }

    fn data_type(&mut self, row: &Row, spans: &[Range<usize>]) -> Option<(DataType, WordOrder)> {
        let text = self.text(row, "type").to_owned();
        if !self.needed("type", &text, spans) {
            return None;
        }
        match DataType::parse_with_order(&text) {
            Ok(both) => Some(both),
            Err(error) => {
                let base = text.split(':').next().unwrap_or(&text);
                let meant = match &error {
                    TypeError::Type(_) => meant_type(base),
                    TypeError::NoOrder(_) => Some(base),
                    _ => None,
                };
                let help = meant.map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
                self.wrong("LS-CFG-017", &spans[index_of("type")], error.to_string(), &help);
                None
            }
        }
    }

    fn unit(&mut self, row: &Row, spans: &[Range<usize>]) -> Option<Unit> {
        let text = self.text(row, "unit");
        if text.is_empty() {
            return None;
        }
        match Unit::new(text) {
            Ok(unit) => Some(unit),
            Err(error) => {
                let help = match &error {
                    UnitError::Unknown { meant: Some(meant), .. } => {
                        format!("did you mean `{meant}`?")
                    }
                    _ => String::new(),
                };
                self.wrong("LS-CFG-020", &spans[index_of("unit")], error.to_string(), &help);
                None
            }
        }
    }

    fn period(&mut self, row: &Row, spans: &[Range<usize>]) -> Option<Duration> {
        let text = self.with_point(self.text(row, "period"));
        if text.is_empty() {
            return None;
        }
        let span = &spans[index_of("period")];
        match parse_duration(&text) {
            Some(period) if (PERIOD_MIN..=PERIOD_MAX).contains(&period) => Some(period),
            Some(_) => {
                let what = format!("`period` is {text}, it must be a duration from 10ms to 30d");
                self.wrong("LS-CFG-006", span, what, "");
                None
            }
            None => {
                self.wrong(
                    "LS-CFG-011",
                    span,
                    format!("`{text}` is not a duration"),
                    &duration_help(&text),
                );
                None
            }
        }
    }

    fn access(&mut self, row: &Row, spans: &[Range<usize>]) -> Access {
        let text = self.text(row, "access");
        match text.parse() {
            Ok(access) => access,
            Err(_) => {
                let known = match text.to_lowercase().as_str() {
                    "r" | "ro" | "readonly" | "read-only" => Some("read"),
                    "w" | "wo" | "writeonly" | "write-only" => Some("write"),
                    "rw" | "r/w" | "readwrite" | "read/write" | "read_write" => Some("read-write"),
                    other => super::nearest(other, ["read", "write", "read-write"]),
                };
                let help = known.map(|word| format!("did you mean `{word}`?")).unwrap_or_default();
                let what =
                    format!("`{text}` is not an access: it is `read`, `write` or `read-write`");
                self.wrong("LS-CFG-019", &spans[index_of("access")], what, &help);
                Access::Read
            }
        }
    }

    fn steps(
        &mut self,
        row: &Row,
        data_type: Option<DataType>,
        spans: &[Range<usize>],
    ) -> TagSteps {
        let scale = self.number(row, "scale", spans);
        let offset = self.number(row, "offset", spans);
        let deadband = self.band(row, spans);
        if scale == Some(0.0) {
            let what = "`scale` cannot be 0: every value would be the same";
            self.wrong("LS-CFG-018", &spans[index_of("scale")], what.into(), "");
        }
        let given = [
            ("scale", scale.is_some()),
            ("offset", offset.is_some()),
            ("deadband", deadband.is_some()),
        ];
        let no_number = data_type.filter(|data_type| !data_type.is_numeric());
        if let Some(data_type) = no_number {
            for (column, _) in given.iter().filter(|(_, given)| *given) {
                let what = format!("a {data_type} is not a number and has no `{column}`");
                self.wrong("LS-CFG-018", &spans[index_of(column)], what, "leave the cell empty");
            }
        }
        TagSteps { scale, offset, deadband }
    }

    /// The number in a cell; `None` when it is empty or wrong.
    fn number(&mut self, row: &Row, column: &str, spans: &[Range<usize>]) -> Option<f64> {
        let raw = self.text(row, column);
        if raw.is_empty() {
            return None;
        }
        let number = self.parse_number(raw);
        if number.is_none() {
            let what = format!("`{raw}` is not a number");
            let help = self.number_help(raw);
            self.wrong("LS-CFG-018", &spans[index_of(column)], what, &help);
        }
        number
    }

    fn band(&mut self, row: &Row, spans: &[Range<usize>]) -> Option<Band> {
        let raw = self.text(row, "deadband");
        if raw.is_empty() {
            return None;
        }
        let (number, percent) = match raw.strip_suffix('%') {
            Some(number) => (self.parse_number(number.trim()), true),
            None => (self.parse_number(raw), false),
        };
        let span = &spans[index_of("deadband")];
        match number {
            Some(number) if percent && (0.0..=100.0).contains(&number) => {
                Some(Band::PercentOfLast(number))
            }
            Some(number) if !percent && number >= 0.0 => Some(Band::Absolute(number)),
            Some(_) => {
                let what = format!("`deadband` is {raw}, it must be 0 or more, or 0% to 100%");
                self.wrong("LS-CFG-018", span, what, "");
                None
            }
            None => {
                let what =
                    format!("`{raw}` is not a deadband: write a number such as `0.5`, or `2%`");
                let help = self.number_help(raw.trim_end_matches('%'));
                self.wrong("LS-CFG-018", span, what, &help);
                None
            }
        }
    }

    fn parse_number(&self, raw: &str) -> Option<f64> {
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let text = self.with_point(raw);
        if !text.chars().all(plain) {
            return None; // `inf`, `NaN`, `0x10`, and units beside the number
        }
        text.parse::<f64>().ok().filter(|number| number.is_finite())
    }

    /// The text with a decimal point, where a comma can only be a decimal comma.
    fn with_point(&self, raw: &str) -> String {
        if self.decimal_comma && raw.matches(',').count() == 1 && !raw.contains('.') {
            raw.replace(',', ".")
        } else {
            raw.to_owned()
        }
    }

    fn number_help(&self, raw: &str) -> String {
        let with_point = raw.replace(',', ".");
        match (raw.contains(','), with_point.parse::<f64>()) {
            (true, Ok(_)) if !self.decimal_comma => format!("did you mean `{with_point}`?"),
            _ => String::new(),
        }
    }
}

/// Where `column` is in [`COLUMNS`].
pub(crate) fn index_of(column: &str) -> usize {
    COLUMNS.iter().position(|known| *known == column).unwrap_or(0)
}

/// The type meant by a word of another tool.
fn meant_type(text: &str) -> Option<&'static str> {
    let lower = text.trim().to_lowercase();
    let lower = lower.split('(').next().unwrap_or(&lower).trim();
    Some(match lower {
        "boolean" | "bit" | "coil" | "digital" => "bool",
        "sint" | "int8" | "char" => "i8",
        "usint" | "byte" | "uint8" => "u8",
        "int" | "int16" | "short" => "i16",
        "uint" | "uint16" | "word" | "ushort" => "u16",
        "dint" | "int32" | "long" => "i32",
        "udint" | "uint32" | "dword" | "ulong" => "u32",
        "lint" | "int64" => "i64",
        "ulint" | "uint64" | "lword" => "u64",
        "real" | "float" | "float32" | "single" => "f32",
        "lreal" | "double" | "float64" => "f64",
        "string" | "str" | "text" | "ascii" => "text(20)",
        "bytes" | "blob" | "raw" => "bytes(8)",
        other => {
            let words =
                ["bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64"];
            return words.into_iter().find(|word| *word == other);
        }
    })
}
