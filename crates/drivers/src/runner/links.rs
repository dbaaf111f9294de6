//! Which devices are on which physical link, and what each link is told when that changes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use lineshaft_model::TagId;
use lineshaft_runtime::TaskKind;

use super::road::{Road, Wanted};
use super::{DevicePlan, Fitted, Plant, Runner, link};

/// The identity of a physical link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkKey {
    pub(super) driver: &'static str,
    pub(super) endpoint: String,
}

impl LinkKey {
    pub(super) fn of(plan: &DevicePlan) -> LinkKey {
        LinkKey { driver: plan.driver, endpoint: plan.device.spec().endpoint.to_string() }
    }
}

impl Runner {
    /// Tells every link that gained or lost a device what it shall be now.
    pub(super) fn settle_links(&self, plant: &mut Plant, old: &BTreeMap<String, Arc<Fitted>>) {
        let wanted: HashSet<TagId> = plant.devices.values().flat_map(|f| f.tags()).collect();
        let mut links: BTreeMap<LinkKey, Wanted> = BTreeMap::new();
        let mut moved: BTreeSet<LinkKey> = BTreeSet::new();
        for (name, fitted) in old {
            if plant.devices.get(name).is_some_and(|now| Arc::ptr_eq(now, fitted)) {
                continue;
            }
            let key = LinkKey::of(&fitted.plan);
            let gone = fitted.tags().filter(|tag| !wanted.contains(tag)).collect();
            links.entry(key.clone()).or_default().retired.push((fitted.board.origin, gone));
            moved.insert(key);
        }
        for (name, fitted) in &plant.devices {
            let key = LinkKey::of(&fitted.plan);
            if !old.get(name).is_some_and(|before| Arc::ptr_eq(before, fitted)) {
                moved.insert(key.clone());
            }
            links.entry(key).or_default().devices.push(fitted.clone());
        }
        for (key, wanted) in links {
            if !moved.contains(&key) {
                continue;
            }
            let ends = wanted.devices.is_empty();
            match plant.links.get(&key) {
                Some(road) => road.want(wanted),
                None if ends => continue,
                None => {
                    let road = self.open_road(&key, wanted);
                    plant.links.insert(key.clone(), road);
                }
            }
            if ends {
                plant.links.remove(&key);
            }
        }
    }

    fn open_road(&self, key: &LinkKey, wanted: Wanted) -> Arc<Road> {
        let (road, queues) = Road::new(wanted);
        let road = Arc::new(road);
        let name = format!("link {} {}", key.driver, key.endpoint);
        let context = self.0.context.clone();
        let link = link::run(context, key.clone(), road.clone(), queues);
        self.0.context.tree.spawn(TaskKind::DriverRun, name, link);
        road
    }
}
