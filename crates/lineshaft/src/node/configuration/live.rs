//! The running node, as a change needs it.

use std::sync::Arc;

use lineshaft_pipeline::Built;
use lineshaft_revision::Revision;

use super::Running;
use crate::node::start::{Fixed, Parts};
use crate::node::status::NodeView;
use crate::node::{StartError, wiring};
use crate::plant::Plant;

/// The parts of the node and what is shown of it.
pub(in crate::node) struct Live {
    pub(in crate::node) parts: Arc<Parts>,
    pub(in crate::node) view: Arc<NodeView>,
    /// Told of every plant that is put in force.
    pub(in crate::node) follow: Box<dyn Fn(&Plant) + Send + Sync>,
}

impl Running for Live {
    fn build(&self, plant: &Plant) -> Result<Built, String> {
        wiring::pipeline(plant, &self.parts.tags)
            .map_err(|mistakes| StartError::Pipeline(mistakes).to_string())
    }

    fn run(&self, plant: &Plant, built: Built, revision: &Revision) {
        *self.parts.fresh_pipeline.lock() = Some(built.pipeline);
        let changes = wiring::configure(&self.parts, plant, built.metas);
        (self.follow)(plant);
        self.view.accepted(plant, revision.id);
        tracing::info!(
            revision = revision.id,
            by = revision.by.who,
            started = changes.started.len(),
            changed = changes.changed.len(),
            stopped = changes.stopped.len(),
            kept = changes.kept.len(),
            "the changed plant is applied"
        );
        if self.waits_for_start(plant) {
            tracing::warn!(
                "[http], [shaft], [historian] or the node's name changed: that waits for the next start"
            );
        }
        for warning in plant.warnings.all() {
            tracing::warn!("{warning}");
        }
    }

    fn waits_for_start(&self, plant: &Plant) -> bool {
        Fixed::of(plant) != self.parts.fixed
    }

    fn refused(&self, why: String) {
        self.view.refused(why);
    }

    fn agrees(&self) -> bool {
        self.view.accepted_unchanged()
    }
}
