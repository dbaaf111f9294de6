//! For each route the request by which the table of cells asks it. A route without one fails the test.

use serde_json::{Value, json};

use crate::plant::{LINE, OTHER_LINE, PASSWORD};
use crate::probes_desk::desk_probes;

/// An account that logs in.
pub(crate) const SPARE: &str = "spare";
/// An account that is changed.
pub(crate) const CHANGED: &str = "changed";

/// What a route is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Not on the tag tree.
    Node,
    /// On any part of the tag tree: the answer has what the caller may see.
    Somewhere,
    /// On all of the tag tree.
    Everything,
    /// On a tag or a folder: the probe has one inside of what a limited caller may, and one outside.
    Object,
}

/// Where the object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Inside,
    Outside,
}

impl Place {
    pub(crate) fn line(self) -> &'static str {
        match self {
            Place::Inside => LINE,
            Place::Outside => OTHER_LINE,
        }
    }
}

/// What one request is about. What can be deleted is there for it alone.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) place: Place,
    /// Another one each time.
    pub(crate) n: u64,
    /// A role that nobody has.
    pub(crate) role: String,
    /// A token.
    pub(crate) token: u64,
    /// The public name of a session.
    pub(crate) session: String,
    /// A change that waits for a second person.
    pub(crate) proposal: u64,
}

/// A request, with its path and its body.
pub(crate) type Ask = (String, Option<Value>);

/// How a route is asked.
pub(crate) struct Probe {
    pub(crate) method: &'static str,
    /// The route's path as the table has it.
    pub(crate) path: &'static str,
    pub(crate) on: On,
    /// The request.
    pub(crate) ask: fn(&Target) -> Ask,
    /// Whether somebody who may gets a 2xx; otherwise the state of the plant here does not allow it, which has tests
    /// of its own.
    pub(crate) succeeds: bool,
}

/// Everything that is asked.
pub(crate) fn probes() -> Vec<Probe> {
    let mut all = plant_probes();
    all.extend(own_probes());
    all.extend(people_probes());
    all.extend(proof_probes());
    all.extend(certificate_probes());
    all.extend(folder_probes());
    all.extend(desk_probes());
    all.extend(crate::probes_reading::probes());
    all.extend(crate::probes_devices::device_probes());
    all.extend(crate::probes_operate::operate_probes());
    all
}

pub(crate) fn get(path: &'static str, on: On, ask: fn(&Target) -> Ask) -> Probe {
    Probe { method: "GET", path, on, ask, succeeds: true }
}

pub(crate) fn change(method: &'static str, path: &'static str, ask: fn(&Target) -> Ask) -> Probe {
    Probe { method, path, on: On::Node, ask, succeeds: true }
}

/// A route whose change needs a state that the stage has not.
pub(crate) fn refused(method: &'static str, path: &'static str, ask: fn(&Target) -> Ask) -> Probe {
    Probe { method, path, on: On::Node, ask, succeeds: false }
}

fn plant_probes() -> Vec<Probe> {
    let write = |to: &Target| {
        let tag = format!("{}/press/force", to.place.line());
        ("/api/v1/write".into(), Some(json!({"tag": tag, "value": 1, "why": "cells"})))
    };
    vec![
        get("/api/v1/tags", On::Object, |to| {
            (format!("/api/v1/tags?under={}", to.place.line()), None)
        }),
        get("/api/v1/tree", On::Object, |to| {
            (format!("/api/v1/tree?under={}", to.place.line()), None)
        }),
        get("/api/v1/assets", On::Object, |to| {
            (format!("/api/v1/assets?under={}", to.place.line()), None)
        }),
        get("/api/v1/values", On::Object, |to| {
            (format!("/api/v1/values?tag={}/press/force", to.place.line()), None)
        }),
        get("/api/v1/history", On::Object, |to| {
            (format!("/api/v1/history?tag={}/press/force&start=0&end=9", to.place.line()), None)
        }),
        Probe {
            succeeds: false, // 101 needs a WebSocket
            ..get("/api/v1/live", On::Somewhere, |_| ("/api/v1/live".into(), None))
        },
        Probe { on: On::Object, ..change("POST", "/api/v1/write", write) },
        get("/api/v1/devices", On::Somewhere, |_| ("/api/v1/devices".into(), None)),
        get("/api/v1/status", On::Somewhere, |_| ("/api/v1/status".into(), None)),
        get("/metrics", On::Everything, |_| ("/metrics".into(), None)),
        get("/health", On::Node, |_| ("/health".into(), None)),
        get("/ready", On::Node, |_| ("/ready".into(), None)),
        get("/api/openapi.json", On::Node, |_| ("/api/openapi.json".into(), None)),
        get("/", On::Node, |_| ("/".into(), None)),
        Probe {
            succeeds: false, // the names of the page's files change with their content
            ..get("/assets/{*file}", On::Node, |_| ("/assets/nothing.js".into(), None))
        },
    ]
}

fn own_probes() -> Vec<Probe> {
    vec![
        get("/api/v1/session", On::Node, |_| ("/api/v1/session".into(), None)),
        change("POST", "/api/v1/session", |_| {
            let body = json!({"account": SPARE, "password": PASSWORD});
            ("/api/v1/session".into(), Some(body))
        }),
        change("DELETE", "/api/v1/session", |_| ("/api/v1/session".into(), None)),
        change("POST", "/api/v1/session/lock", |_| ("/api/v1/session/lock".into(), None)),
        change("POST", "/api/v1/session/unlock", |_| {
            ("/api/v1/session/unlock".into(), Some(json!({"password": PASSWORD})))
        }),
        refused("POST", "/api/v1/setup", |_| {
            let person = json!({"secret": "x", "account": "first", "full_name": "First Person",
                "password": PASSWORD});
            ("/api/v1/setup".into(), Some(person))
        }),
        // With the right one the caller would have another password from then on.
        refused("POST", "/api/v1/account/password", |_| {
            let body = json!({"old": "not the password", "new": "ten green bolts hold the frame"});
            ("/api/v1/account/password".into(), Some(body))
        }),
        change("POST", "/api/v1/account/factor", |_| {
            ("/api/v1/account/factor".into(), Some(json!({"password": PASSWORD})))
        }),
        refused("PUT", "/api/v1/account/factor", |_| {
            ("/api/v1/account/factor".into(), Some(json!({"code": "000000"})))
        }),
        refused("DELETE", "/api/v1/account/factor", |_| {
            let body = json!({"password": PASSWORD, "why": "cells"});
            ("/api/v1/account/factor".into(), Some(body))
        }),
    ]
}

fn people_probes() -> Vec<Probe> {
    let list = |path: &'static str, ask: fn(&Target) -> Ask| get(path, On::Node, ask);
    vec![
        list("/api/v1/accounts", |_| ("/api/v1/accounts".into(), None)),
        change("POST", "/api/v1/accounts", |to| {
            let body = json!({"account": format!("machine-{}", to.n), "full_name": "A machine",
                "kind": "machine", "grants": [], "why": "cells"});
            ("/api/v1/accounts".into(), Some(body))
        }),
        change("PATCH", "/api/v1/accounts/{account}", |to| {
            let body = json!({"full_name": format!("Spare {}", to.n), "why": "cells"});
            (format!("/api/v1/accounts/{}", CHANGED), Some(body))
        }),
        change("POST", "/api/v1/accounts/{account}/password", |to| {
            let password = format!("{} blue wheels carry the belt", to.n);
            let body = json!({"password": password, "why": "cells"});
            (format!("/api/v1/accounts/{}/password", CHANGED), Some(body))
        }),
        Probe {
            succeeds: false, // nobody is locked out here
            ..change("POST", "/api/v1/accounts/{account}/unlock", |_| {
                let path = format!("/api/v1/accounts/{}/unlock", CHANGED);
                (path, Some(json!({"why": "cells"})))
            })
        },
        refused("DELETE", "/api/v1/accounts/{account}/factor", |_| {
            let path = format!("/api/v1/accounts/{}/factor", CHANGED);
            (path, Some(json!({"why": "cells"})))
        }),
        list("/api/v1/roles", |_| ("/api/v1/roles".into(), None)),
        change("PUT", "/api/v1/roles/{role}", |to| {
            let body = json!({"description": "Of the cells", "rules": [], "why": "cells"});
            (format!("/api/v1/roles/cells-{}", to.n), Some(body))
        }),
        change("DELETE", "/api/v1/roles/{role}", |to| {
            (format!("/api/v1/roles/{}", to.role), Some(json!({"why": "cells"})))
        }),
        list("/api/v1/tokens", |_| ("/api/v1/tokens".into(), None)),
        change("POST", "/api/v1/tokens", |to| {
            let body = json!({"name": format!("cells-{}", to.n), "grants": [], "why": "cells"});
            ("/api/v1/tokens".into(), Some(body))
        }),
        change("DELETE", "/api/v1/tokens/{id}", |to| {
            (format!("/api/v1/tokens/{}", to.token), Some(json!({"why": "cells"})))
        }),
        list("/api/v1/sessions", |_| ("/api/v1/sessions".into(), None)),
        change("DELETE", "/api/v1/sessions/{id}", |to| {
            (format!("/api/v1/sessions/{}", to.session), Some(json!({"why": "cells"})))
        }),
        list("/api/v1/access-review", |_| ("/api/v1/access-review".into(), None)),
    ]
}

fn proof_probes() -> Vec<Probe> {
    vec![
        get("/api/v1/audit", On::Node, |_| ("/api/v1/audit?limit=1".into(), None)),
        get("/api/v1/audit/status", On::Node, |_| ("/api/v1/audit/status".into(), None)),
        change("POST", "/api/v1/audit/verify", |_| {
            ("/api/v1/audit/verify".into(), Some(json!({})))
        }),
        change("POST", "/api/v1/audit/review", |_| {
            ("/api/v1/audit/review".into(), Some(json!({"seq": 0, "why": "cells"})))
        }),
        get("/api/v1/audit/checkpoint", On::Somewhere, |_| {
            ("/api/v1/audit/checkpoint".into(), None)
        }),
        get("/api/v1/audit/proof", On::Node, |_| ("/api/v1/audit/proof?seq=0".into(), None)),
        get("/api/v1/audit/consistency", On::Node, |_| {
            ("/api/v1/audit/consistency?from=1".into(), None)
        }),
        get("/api/v1/audit/export", On::Node, |_| {
            ("/api/v1/audit/export?from=0&to=2".into(), None)
        }),
        get("/api/v1/signatures", On::Node, |_| {
            ("/api/v1/signatures?kind=revision&id=1".into(), None)
        }),
        change("POST", "/api/v1/signatures/challenge", |_| {
            let body = json!({"kind": "revision", "record": "1", "meaning": "reviewed"});
            ("/api/v1/signatures/challenge".into(), Some(body))
        }),
        refused("POST", "/api/v1/signatures", |_| {
            let body = json!({"challenge": "x", "password": PASSWORD, "why": "cells"});
            ("/api/v1/signatures".into(), Some(body))
        }),
        get("/api/v1/security", On::Node, |_| ("/api/v1/security".into(), None)),
    ]
}

fn certificate_probes() -> Vec<Probe> {
    vec![
        get("/api/v1/certificates", On::Node, |_| ("/api/v1/certificates".into(), None)),
        get("/api/v1/certificates/authority", On::Node, |_| {
            ("/api/v1/certificates/authority".into(), None)
        }),
        change("POST", "/api/v1/certificates", |_| {
            let body = json!({"account": CHANGED, "days": 30, "why": "cells"});
            ("/api/v1/certificates".into(), Some(body))
        }),
        change("POST", "/api/v1/certificates/{fingerprint}/revoke", |to| {
            let path = format!("/api/v1/certificates/{:064x}/revoke", to.n);
            (path, Some(json!({"why": "cells"})))
        }),
        change("POST", "/api/v1/certificates/renew", |_| {
            ("/api/v1/certificates/renew".into(), Some(json!({"why": "cells"})))
        }),
    ]
}

fn folder_probes() -> Vec<Probe> {
    vec![
        get("/api/v1/revisions", On::Node, |_| ("/api/v1/revisions".into(), None)),
        get("/api/v1/revisions/{id}", On::Node, |_| ("/api/v1/revisions/1".into(), None)),
        get("/api/v1/revisions/{id}/difference", On::Node, |_| {
            ("/api/v1/revisions/1/difference".into(), None)
        }),
        change("POST", "/api/v1/revisions/{id}/roll-back", |_| {
            ("/api/v1/revisions/1/roll-back".into(), Some(json!({"why": "cells"})))
        }),
        get("/api/v1/plant/files", On::Node, |_| ("/api/v1/plant/files".into(), None)),
        get("/api/v1/plant/file", On::Node, |_| {
            ("/api/v1/plant/file?path=lineshaft.toml".into(), None)
        }),
        change("POST", "/api/v1/plant/change", |to| {
            let set = json!([{"key": ["node", "n"], "value": to.n}]);
            let body = json!({"edits": [{"path": "lineshaft.toml", "set": set}], "why": "cells"});
            ("/api/v1/plant/change".into(), Some(body))
        }),
        get("/api/v1/proposals", On::Node, |_| ("/api/v1/proposals".into(), None)),
        change("POST", "/api/v1/proposals/{id}/approve", |to| {
            (format!("/api/v1/proposals/{}/approve", to.proposal), Some(json!({"why": "cells"})))
        }),
        change("POST", "/api/v1/proposals/{id}/reject", |to| {
            (format!("/api/v1/proposals/{}/reject", to.proposal), Some(json!({"why": "cells"})))
        }),
    ]
}
