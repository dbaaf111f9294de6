//! Cuts points into the fewest reads the protocol and the settings allow. Pure.

use lineshaft_contract::{ConfigErrors, Plan, PointSpec, Readings};
use lineshaft_model::{Quality, Reason, Value};

use super::config::{Config, TextEncoding};
use super::decode;
use super::point::Point;
use super::wire::{Exception, Table};

/// One read: neighbouring cells of one table, and the points in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub(super) table: Table,
    pub(super) start: u16,
    pub(super) count: u16,
    points: Vec<(u32, Point)>,
}

/// Checks `points` and coalesces them; the numbers beside the spans are indices into `all`.
///
/// Sorted by address, a point joins the span before it when it overlaps or touches it, or begins at most a
/// gap after it, and the span stays within the limit. A point is never split. Without gaps no plan has fewer
/// spans: the first point of a span has to be fetched by some read, and one that begins earlier reaches less far.
pub(super) fn plan(
    config: &Config,
    all: &[PointSpec],
    points: &[u32],
) -> Result<Plan<Span>, ConfigErrors> {
    let mut mistakes = ConfigErrors::default();
    config.check(&mut mistakes);
    let checked = points.iter().filter_map(|index| {
        let spec = all.get(*index as usize)?;
        Some((*index, Point::check(config, *index, spec, &mut mistakes)?))
    });
    let checked: Vec<(u32, Point)> = checked.collect();
    mistakes.none_or(())?;
    let of_span = |span: Span| {
        let indices = span.points.iter().map(|(index, _)| *index).collect();
        (span, indices)
    };
    Ok(coalesce(config, checked).into_iter().map(of_span).collect())
}

fn coalesce(config: &Config, mut points: Vec<(u32, Point)>) -> Vec<Span> {
    points.sort_by_key(|(index, point)| (point.table, point.start, *index));
    let mut spans: Vec<Span> = Vec::new();
    for (index, point) in points {
        let (gap, max) = match point.table.is_bits() {
            true => (config.gap_bits_max, config.bits_max),
            false => (config.gap_registers_max, config.registers_max),
        };
        if let Some(span) = spans.last_mut().filter(|span| span.table == point.table)
            && let Some(count) = span.count_with(&point, gap, max)
        {
            span.count = count;
            span.points.push((index, point));
            continue;
        }
        let (table, start, count) = (point.table, point.start, point.count);
        spans.push(Span { table, start, count, points: vec![(index, point)] });
    }
    spans
}

impl Span {
    /// The cells of this span when `point`, which begins no earlier, joins it.
    fn count_with(&self, point: &Point, gap: u16, max: u16) -> Option<u16> {
        let offset = point.start.checked_sub(self.start)?;
        let joins = offset <= self.count.saturating_add(gap);
        let count = offset.checked_add(point.count)?.max(self.count);
        (joins && count <= max).then_some(count)
    }

    /// Adds the values of all its points; `cells` is the answer to the whole span.
    pub(super) fn decode(&self, cells: &[u8], text: TextEncoding, out: &mut Readings) {
        for (index, point) in &self.points {
            let (value, quality) = decode::value(point, point.start - self.start, cells, text);
            out.push(*index, value, quality);
        }
    }

    /// Adds all its points as refused.
    pub(super) fn refuse(&self, why: Exception, out: &mut Readings) {
        let quality = Quality::bad(reason_of(why));
        for (index, _) in &self.points {
            out.push(*index, Value::Null, quality);
        }
    }
}

/// What a refused read says about its points.
fn reason_of(why: Exception) -> Reason {
    match why {
        Exception::ILLEGAL_FUNCTION | Exception::ILLEGAL_ADDRESS | Exception::ILLEGAL_VALUE => {
            Reason::NotConfigured
        }
        Exception::GATEWAY_PATH | Exception::GATEWAY_TARGET => Reason::Comm,
        _ => Reason::Device,
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
