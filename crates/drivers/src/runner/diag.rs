//! A device's own health as tags under `<device path>/_diag/`.

use std::sync::Arc;

use lineshaft_model::{
    Access, Batch, DataType, Sample, TagId, TagMeta, TagPath, Tags, Timestamp, Unit, Value,
};

use super::health::Face;

/// Name, type, unit, whether it holds until the next sample, and what it is.
type Row = (&'static str, DataType, Option<&'static str>, bool, &'static str);

/// The tags, in the order of [`values`].
const TAGS: [Row; 11] = [
    ("state", DataType::Text(16), None, true, "online, connecting, degraded, offline or disabled"),
    ("requests", DataType::U64, None, true, "Requests sent since the device was configured"),
    ("errors", DataType::U64, None, true, "Requests that failed or were refused"),
    ("samples", DataType::U64, None, true, "Samples delivered, good or bad"),
    ("skipped_cycles", DataType::U64, None, true, "Cycles that could not start in time"),
    ("reconnects", DataType::U64, None, true, "Connections opened after the first"),
    ("round_trip_ms_p50", DataType::F64, Some("ms"), false, "Median time from request to answer"),
    ("round_trip_ms_p99", DataType::F64, Some("ms"), false, "99th percentile of the same"),
    (
        "last_error",
        DataType::Text(1024),
        None,
        true,
        "The last thing that went wrong, with its code",
    ),
    ("isolated_points", DataType::U32, None, true, "Addresses the device refuses, probed slowly"),
    (
        "demoted",
        DataType::Bool,
        None,
        true,
        "Whether the device is probed only, as it does not answer",
    ),
];

/// The tags that the runner fills for the device `device` at `path`, for whoever registers tags.
///
/// Empty when `path` is so long or deep that nothing fits below it; such a device has no diagnostics as tags.
#[must_use]
pub fn diag_tags(path: &TagPath, device: &str) -> Vec<TagMeta> {
    let device: Arc<str> = device.into();
    let meta = |(name, data_type, unit, step, description): Row| {
        Some(TagMeta {
            path: path.join(&format!("_diag/{name}")).ok()?,
            data_type,
            unit: unit.and_then(|code| Unit::new(code).ok()),
            access: Access::Read,
            step,
            description: description.into(),
            device: device.clone(),
        })
    };
    TAGS.into_iter().map(meta).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// The ids of one device's diagnostics.
#[derive(Debug)]
pub(super) struct DiagTags([TagId; TAGS.len()]);

impl DiagTags {
    pub(super) fn intern(tags: &Tags, path: &TagPath) -> Option<DiagTags> {
        let mut ids = [TagId::from_index(0); TAGS.len()];
        for (id, row) in ids.iter_mut().zip(TAGS) {
            *id = tags.intern(&path.join(&format!("_diag/{}", row.0)).ok()?);
        }
        Some(DiagTags(ids))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = TagId> + '_ {
        self.0.iter().copied()
    }

    /// Adds one sample of each.
    pub(super) fn fill(&self, batch: &mut Batch, face: &Face, now: Timestamp) {
        batch.rows.reserve_exact(TAGS.len());
        for (tag, value) in self.all().zip(values(face)) {
            batch.push(tag, Sample::good(now, value));
        }
    }
}

fn values(face: &Face) -> [Value; TAGS.len()] {
    let counters = face.counters();
    let error = match &face.last_error {
        Some(error) => format!("{}: {}", error.code, error.text),
        None => String::new(),
    };
    [
        Value::from(face.state.word()),
        Value::Uint(counters.requests),
        Value::Uint(counters.errors),
        Value::Uint(counters.samples),
        Value::Uint(counters.skipped_cycles),
        Value::Uint(counters.reconnects),
        Value::Float(counters.round_trip_ms_p50),
        Value::Float(counters.round_trip_ms_p99),
        Value::from(error.as_str()),
        Value::Uint(face.isolated.into()),
        Value::Bool(face.demoted),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_below_the_device() {
        let path = TagPath::new("acme/line-1/press").unwrap();
        let metas = diag_tags(&path, "press-1");
        assert_eq!(metas[0].path.as_str(), "acme/line-1/press/_diag/state");
        assert_eq!(metas.len(), TAGS.len());
        let tags = Tags::new();
        let ids: Vec<TagId> = DiagTags::intern(&tags, &path).unwrap().all().collect();
        let same: Vec<TagId> = metas.iter().map(|meta| tags.id(&meta.path).unwrap()).collect();
        assert_eq!(ids, same);
    }

    #[test]
    fn a_path_with_no_room_below_has_no_diagnostics() {
        let deep = TagPath::new(&vec!["s"; 15].join("/")).unwrap();
        assert_eq!(diag_tags(&deep, "d"), []);
        assert!(DiagTags::intern(&Tags::new(), &deep).is_none());
    }
}
