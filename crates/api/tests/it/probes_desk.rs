//! How the routes of the desk are asked by the table of cells.

use serde_json::json;

use crate::probes::{On, Probe, change, get, refused};

pub(crate) fn desk_probes() -> Vec<Probe> {
    vec![
        get("/api/v1/annotations", On::Object, |to| {
            (format!("/api/v1/annotations?under={}", to.place.line()), None)
        }),
        Probe {
            on: On::Object,
            ..change("POST", "/api/v1/annotations", |to| {
                let tag = format!("{}/press/force", to.place.line());
                let body = json!({"tags": [tag], "start_ms": 1, "text": "cells"});
                ("/api/v1/annotations".into(), Some(body))
            })
        },
        // Whose they are, and who sees them, has tests of its own: `desk`.
        Probe {
            on: On::Somewhere,
            ..refused("PATCH", "/api/v1/annotations/{id}", |_| {
                ("/api/v1/annotations/999999".into(), Some(json!({"text": "cells"})))
            })
        },
        Probe {
            on: On::Somewhere,
            ..refused("DELETE", "/api/v1/annotations/{id}", |_| {
                ("/api/v1/annotations/999999?why=cells".into(), None)
            })
        },
        get("/api/v1/trends", On::Somewhere, |_| ("/api/v1/trends".into(), None)),
        get("/api/v1/trends/{id}", On::Somewhere, |_| ("/api/v1/trends/1".into(), None)),
        Probe {
            on: On::Somewhere,
            ..change("POST", "/api/v1/trends", |to| {
                let body = json!({"name": format!("cells {}", to.n), "shared": true, "trend": {}});
                ("/api/v1/trends".into(), Some(body))
            })
        },
        Probe {
            on: On::Somewhere,
            ..change("PUT", "/api/v1/trends/{id}", |to| {
                let body = json!({"name": format!("put {}", to.n), "shared": true, "trend": {}});
                ("/api/v1/trends/1".into(), Some(body))
            })
        },
        Probe {
            on: On::Somewhere,
            ..change("DELETE", "/api/v1/trends/{id}", |_| ("/api/v1/trends/2".into(), None))
        },
        get("/api/v1/account/settings", On::Node, |_| ("/api/v1/account/settings".into(), None)),
        change("PUT", "/api/v1/account/settings", |_| {
            ("/api/v1/account/settings".into(), Some(json!({"language": "de"})))
        }),
        get("/api/v1/history/statistics", On::Object, |to| {
            let tag = format!("{}/press/force", to.place.line());
            (format!("/api/v1/history/statistics?tag={tag}&start=0&end=9"), None)
        }),
        get("/api/v1/history/export", On::Object, |to| {
            let tag = format!("{}/press/force", to.place.line());
            (format!("/api/v1/history/export?tag={tag}&start=0&end=9"), None)
        }),
    ]
}
