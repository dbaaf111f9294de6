//! Accounts, trail and certificates.

use std::net::SocketAddr;
use std::path::Path;

use lineshaft_api::Exposure;
use lineshaft_contract::Chain;
use lineshaft_runtime::Clock;

use super::super::facts::{Gate as GateView, GateFacts};
use super::blocking;
use crate::node::configuration;
use crate::node::gate::{self, Gate, GateSettings, Tls, Visitor};
use crate::node::refuse_root_at_anothers;
use crate::plant::{Gatekeeping, NODE_FILE, gatekeeping_in};

/// Opens accounts, trail and certificates as every command on a stopped node does, looks, and closes them.
pub(super) async fn open(plant: &Path, data: &Path, clock: &Clock) -> GateFacts {
    if let Err(error) = refuse_root_at_anothers(data) {
        return GateFacts::Shut(error.to_string());
    }
    let (plant, data, clock) = (plant.to_owned(), data.to_owned(), clock.clone());
    let opened = blocking(move || open_at(&plant, &data, &clock)).await;
    match opened {
        Ok((gate, exposure, address)) => {
            let seen = view(&gate, exposure, address);
            gate.close().await;
            GateFacts::Open(Box::new(seen))
        }
        Err(why) => GateFacts::Shut(why),
    }
}

fn open_at(
    plant: &Path,
    data: &Path,
    clock: &Clock,
) -> Result<(Gate, Exposure, SocketAddr), String> {
    let text = std::fs::read_to_string(plant.join(NODE_FILE)).ok();
    let text = text.or_else(|| configuration::newest_file(data, NODE_FILE));
    let Gatekeeping { node, http, security, audit } = gatekeeping_in(plant, text.as_deref());
    let settings = GateSettings {
        node: &node,
        http: &http,
        security: &security,
        audit: &audit,
        visitor: Visitor::IsNot,
    };
    let gate = Gate::open(data, clock, &settings).map_err(|error| Chain(&error).to_string())?;
    let tls = if http.speaks_tls(http.listen) { Tls::Spoken } else { Tls::NotSpoken };
    let exposure = gate::exposure(&gate, &settings, tls);
    Ok((gate, exposure, http.listen))
}

pub(super) fn view(gate: &Gate, exposure: Exposure, address: SocketAddr) -> GateView {
    let identity = &gate.identity;
    GateView {
        review: identity.access_review(),
        tokens: identity.tokens(),
        policy: identity.policy(),
        unknown_roles: identity.unknown_roles(),
        has_admin: identity.has_admin(),
        certificates: gate.certificates.posture(),
        trail: gate.trail.status(),
        exposure,
        address,
    }
}
