//! The machine-readable contract: OpenAPI 3.1, golden in `schemas/openapi.json`.

use std::sync::OnceLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;

use crate::access::{Caller, Public, Scope};
use crate::problem::ApiError;
use crate::routes::table;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lineshaft",
        description = "Tags, live values, history and writes of one node. Times are Unix milliseconds, or RFC 3339 where they go in.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        crate::tags::list_tags,
        crate::tags::list_tree,
        crate::tags::read_values,
        crate::live::watch_live,
        crate::history::read_history,
        crate::write::write_value,
        crate::node::list_devices,
        crate::node::read_status,
        crate::node::read_metrics,
        crate::node::read_health,
        crate::node::read_ready,
        crate::openapi::read_openapi,
    ),
    components(schemas(crate::shape::AnyValue))
)]
struct Contract;

/// The OpenAPI document, as it is served and committed.
#[must_use]
pub fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut contract = Contract::openapi();
        for route in table() {
            let Some(item) = contract.paths.paths.get_mut(route.path) else { continue };
            let operation: Option<&mut Operation> = match route.method.as_str() {
                "GET" => item.get.as_mut(),
                "POST" => item.post.as_mut(),
                _ => None,
            };
            if let Some(operation) = operation {
                // One member, because extensions have no order: the document must be the same each time.
                let (permission, audit) = (route.permission.word(), route.audit.word());
                let rule = serde_json::json!({"audit": audit, "permission": permission});
                let rule = ExtensionsBuilder::new().add("x-access", rule).build();
                operation.extensions.get_or_insert_default().merge(rule);
            }
        }
        let mut text = contract.to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    })
}

/// Describes this interface.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    responses((status = 200, description = "This document", body = Object))
)]
pub(crate) async fn read_openapi(caller: Caller<Public>) -> Result<Response, ApiError> {
    caller.may(Scope::Node)?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], document()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_route_table_and_the_document_say_the_same() {
        let described: BTreeSet<(String, String)> = {
            let json: serde_json::Value = serde_json::from_str(document()).unwrap();
            let paths = json["paths"].as_object().unwrap().clone();
            paths
                .into_iter()
                .flat_map(|(path, item)| {
                    let methods: Vec<String> =
                        item.as_object().unwrap().keys().map(|word| word.to_uppercase()).collect();
                    methods.into_iter().map(move |method| (method, path.clone()))
                })
                .collect()
        };
        // The page's own files are no part of the contract.
        let is_page = |path: &str| path == "/" || path.starts_with("/assets/");
        let routed: BTreeSet<(String, String)> = table()
            .iter()
            .filter(|route| !is_page(route.path))
            .map(|route| (route.method.to_string(), route.path.to_string()))
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn whatever_changes_something_is_audited_and_not_public() {
        use crate::access::{Audit, Permission};
        for route in table() {
            let changes = route.method != axum::http::Method::GET;
            assert_eq!(changes, route.audit == Audit::Always, "{}", route.path);
            assert!(!changes || route.permission != Permission::Public, "{}", route.path);
        }
    }
}
