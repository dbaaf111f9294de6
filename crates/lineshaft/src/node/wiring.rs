//! From what the plant folder says to what the parts take.

use lineshaft_drivers::runner::{Changes, DevicePlan, PointPlan, diag_tags};
use lineshaft_model::{TagMeta, Tags};
use lineshaft_pipeline::{Built, Pipeline, PipelineMistake, Plan, TagSteps};

use super::start::Parts;
use crate::plant::{HistorianSettings, Plant, PlantDevice, ShaftSettings};

pub(super) fn shaft_options(settings: &ShaftSettings) -> lineshaft_shaft::Options {
    lineshaft_shaft::Options {
        segment_bytes: settings.segment_bytes,
        commit_interval: settings.commit_interval,
        commit_bytes: settings.commit_bytes,
        quota_bytes: settings.quota_bytes,
        free_bytes_min: settings.free_min_bytes,
        ..lineshaft_shaft::Options::default()
    }
}

pub(super) fn historian_options(settings: &HistorianSettings) -> lineshaft_historian::Options {
    lineshaft_historian::Options {
        hot_bytes_max: usize::try_from(settings.hot_memory_bytes).unwrap_or(usize::MAX),
        seal_age: settings.seal_after,
        retention: settings.retention,
        ..lineshaft_historian::Options::default()
    }
}

/// The graph of a plant, and its tags as they are behind it.
pub(super) fn pipeline(plant: &Plant, tags: &Tags) -> Result<Built, Vec<PipelineMistake>> {
    let count = plant.devices.iter().map(|device| device.metas.len()).sum();
    let mut metas = Vec::with_capacity(count);
    let mut steps = Vec::with_capacity(count);
    for device in &plant.devices {
        for (meta, said) in device.metas.iter().zip(&device.steps) {
            steps.push(TagSteps {
                tag: tags.intern(&meta.path),
                scale: said.scale,
                offset: said.offset,
                deadband: said.deadband,
            });
            metas.push(meta.clone());
        }
    }
    Pipeline::build(Plan {
        node: &plant.node.path,
        tags,
        metas,
        steps: &steps,
        rules: &plant.rules,
    })
}

/// Puts the tags into the namespace and the devices into the runner; running devices that did not change stay untouched.
pub(super) fn configure(parts: &Parts, plant: &Plant, mut metas: Vec<TagMeta>) -> Changes {
    for device in plant.devices.iter().filter(|device| device.enabled) {
        metas.extend(diag_tags(&device.path, &device.name));
    }
    parts.namespace.set_assets(plant.assets.clone());
    parts.namespace.configure(metas);
    parts.runner.apply(plant.devices.iter().map(|device| plan(device, &parts.tags)).collect())
}

fn plan(device: &PlantDevice, tags: &Tags) -> DevicePlan {
    let points = device.metas.iter().zip(&device.steps).map(|(meta, said)| PointPlan {
        tag: tags.intern(&meta.path),
        path: meta.path.clone(),
        scale: said.scale.unwrap_or(1.0),
        offset: said.offset.unwrap_or(0.0),
    });
    DevicePlan {
        device: device.device.clone(),
        driver: device.driver.name,
        path: device.path.clone(),
        points: points.collect(),
        enabled: device.enabled,
        fingerprint: device.fingerprint,
        stale_after: device.stale_after,
    }
}
