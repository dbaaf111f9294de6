//! What people and programs see of a node, and what looks after it for them.

use std::sync::Arc;

use lineshaft_api::{Api, Limits};
use lineshaft_contract::Doctor;
use lineshaft_historian::Historian;

use super::configuration::Configuration;
use super::door::Door;
use super::scales::Scales;
use super::start::{Fixed, Parts};
use super::status::NodeView;
use super::workshop::Workshop;
use super::{DataFolder, Options};
use crate::doctor::{Ward, WardParts};
use crate::plant::Plant;

/// The parts of a node that is about to be shown.
pub(super) struct Inside<'a, L> {
    pub(super) parts: &'a Arc<Parts>,
    pub(super) plant: &'a Plant,
    pub(super) data: &'a DataFolder,
    pub(super) options: &'a Options,
    pub(super) door: &'a Door<L>,
    pub(super) view: &'a Arc<NodeView>,
    pub(super) historian: Arc<Historian>,
    pub(super) configuration: &'a Configuration,
}

/// What is shown, and by what.
pub(super) struct Face {
    pub(super) api: Api,
    pub(super) doctor: Arc<dyn Doctor>,
    pub(super) scales: Arc<Scales>,
}

impl<L> Inside<'_, L> {
    pub(super) fn face(self) -> Face {
        let Inside { parts, plant, options, door, view, .. } = self;
        let scales = Arc::new(Scales::new(
            view.clone(),
            options.clock.clone(),
            self.data.path.clone(),
            plant.shaft.clone(),
            plant.historian.clone(),
        ));
        let doctor: Arc<dyn Doctor> = Arc::new(self.ward(&scales));
        let workshop = Workshop::new(
            Some(parts.runner.clone()),
            Some(Arc::new(self.configuration.clone())),
            options.clock.clone(),
        );
        let api = Api {
            namespace: parts.namespace.clone(),
            history: self.historian,
            devices: Arc::new(parts.runner.clone()),
            workshop: Arc::new(workshop),
            doctor: doctor.clone(),
            logs: Arc::new(options.logs.clone()),
            storage: scales.clone(),
            commands: Arc::new(parts.runner.clone()),
            node: view.clone(),
            clock: options.clock.clone(),
            metrics: options.metrics.0.clone(),
            limits: Limits::default(),
            identity: door.gate.identity.clone(),
            trail: door.gate.trail.clone(),
            desk: door.gate.desk.clone(),
            certificates: Some(door.gate.certificates.clone()),
            tls: door.tls(),
            configuration: Some(Arc::new(self.configuration.clone())),
            banner: plant.security.banner.clone(),
            names: door.names(plant),
            exposure: door.exposure.clone(),
        };
        Face { api, doctor, scales }
    }

    fn ward(&self, scales: &Arc<Scales>) -> Ward {
        let fixed = self.parts.clone();
        Ward::new(WardParts {
            plant: self.plant.dir.clone(),
            data: self.data.path.clone(),
            clock: self.options.clock.clone(),
            view: self.view.clone(),
            runner: self.parts.runner.clone(),
            namespace: self.parts.namespace.clone(),
            gate: self.door.gate.clone(),
            configuration: Arc::new(self.configuration.clone()),
            waits_for_start: Box::new(move |plant| Fixed::of(plant) != fixed.fixed),
            scales: scales.clone(),
            logs: self.options.logs.clone(),
            address: self.door.address,
            exposure: self.door.exposure.clone(),
        })
    }
}
