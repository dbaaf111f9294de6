//! How the routes that try devices out are asked by the table of cells.

use serde_json::json;

use crate::probes::{On, Place, Probe, Target};

/// A device of the line.
fn device(to: &Target) -> &'static str {
    match to.place {
        Place::Inside => "filler",
        Place::Outside => "press-10",
    }
}

pub(crate) fn device_probes() -> Vec<Probe> {
    vec![
        Probe {
            method: "GET",
            path: "/api/v1/drivers",
            on: On::Node,
            ask: |_| ("/api/v1/drivers".into(), None),
            succeeds: true,
        },
        Probe {
            method: "GET",
            path: "/api/v1/plant/devices",
            on: On::Node,
            ask: |_| ("/api/v1/plant/devices".into(), None),
            succeeds: true,
        },
        Probe {
            method: "POST",
            path: "/api/v1/devices/test",
            on: On::Node,
            ask: |_| {
                let device = json!({"driver": "modbus", "endpoint": "tcp://127.0.0.1:502"});
                ("/api/v1/devices/test".into(), Some(json!({ "device": device })))
            },
            succeeds: true,
        },
        Probe {
            method: "POST",
            path: "/api/v1/devices/browse",
            on: On::Node,
            ask: |_| {
                let device = json!({"driver": "modbus", "endpoint": "tcp://127.0.0.1:502"});
                ("/api/v1/devices/browse".into(), Some(json!({ "device": device })))
            },
            succeeds: true,
        },
        Probe {
            method: "GET",
            path: "/api/v1/devices/{device}/trace",
            on: On::Object,
            ask: |to| (format!("/api/v1/devices/{}/trace", device(to)), None),
            succeeds: true,
        },
        Probe {
            method: "POST",
            path: "/api/v1/devices/{device}/trace",
            on: On::Node,
            ask: |to| {
                let path = format!("/api/v1/devices/{}/trace", device(to));
                (path, Some(json!({"seconds": 5})))
            },
            succeeds: true,
        },
    ]
}
