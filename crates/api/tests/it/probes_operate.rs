//! How the routes about running the node are asked by the table of cells.

use serde_json::json;

use crate::probes::{On, Probe, change, get};

pub(crate) fn operate_probes() -> Vec<Probe> {
    vec![
        get("/api/v1/doctor", On::Everything, |_| ("/api/v1/doctor".into(), None)),
        get("/api/v1/logs", On::Everything, |_| ("/api/v1/logs".into(), None)),
        get("/api/v1/logs/levels", On::Everything, |_| ("/api/v1/logs/levels".into(), None)),
        get("/api/v1/storage", On::Everything, |_| ("/api/v1/storage".into(), None)),
        change("PUT", "/api/v1/logs/levels", |_| {
            let level = json!({"target": "lineshaft_drivers", "level": "debug", "minutes": 1});
            ("/api/v1/logs/levels".into(), Some(json!({"levels": [level], "why": "cells"})))
        }),
    ]
}
