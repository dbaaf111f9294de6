//! The machine-readable contract: OpenAPI 3.1, golden in `schemas/openapi.json`.

use std::sync::OnceLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Ref, Response as Answer};

use crate::access::{Caller, Permission, Public, Scope};
use crate::credentials::COOKIE;
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
        crate::assets::list_assets,
        crate::tags::read_values,
        crate::live::watch_live,
        crate::history::read_history,
        crate::statistics::read_statistics,
        crate::history_export::export_history,
        crate::annotations::list_annotations,
        crate::annotations::make_annotation,
        crate::annotations::reword_annotation,
        crate::annotations::withdraw_annotation,
        crate::trends::list_trends,
        crate::trends::keep_trend,
        crate::trends::read_trend,
        crate::trends::change_trend,
        crate::trends::delete_trend,
        crate::settings::read_settings,
        crate::settings::keep_settings,
        crate::write::write_value,
        crate::node::list_devices,
        crate::node::read_status,
        crate::node::read_metrics,
        crate::node::read_health,
        crate::doctor::examine,
        crate::logs::read_logs,
        crate::logs::read_levels,
        crate::logs::put_levels,
        crate::storage::read_storage,
        crate::node::read_ready,
        crate::devices::list_drivers,
        crate::devices::list_configured,
        crate::devices::test_device,
        crate::devices::browse_device,
        crate::devices::read_trace,
        crate::devices::keep_trace,
        crate::openapi::read_openapi,
        crate::manual::list_manual,
        crate::manual::read_manual_page,
        crate::manual::search_manual,
        crate::licences::list_licences,
        crate::licences::read_sbom,
        crate::session::read_session,
        crate::session::log_in,
        crate::session::log_out,
        crate::session::lock_session,
        crate::session::unlock_session,
        crate::session::set_up,
        crate::account::change_password,
        crate::account::enrol_factor,
        crate::account::confirm_factor,
        crate::account::drop_own_factor,
        crate::accounts::list_accounts,
        crate::accounts::create_account,
        crate::accounts::change_account,
        crate::accounts::reset_password,
        crate::accounts::unlock_account,
        crate::accounts::drop_factor,
        crate::roles::list_roles,
        crate::roles::put_role,
        crate::roles::delete_role,
        crate::tokens::list_tokens,
        crate::tokens::create_token,
        crate::tokens::revoke_token,
        crate::sessions::list_sessions,
        crate::sessions::end_session,
        crate::access_review::review_access,
        crate::audit::read_audit,
        crate::audit::read_audit_status,
        crate::audit::verify_audit,
        crate::audit::review_audit,
        crate::audit::read_checkpoint,
        crate::audit::prove_entry,
        crate::audit::prove_consistency,
        crate::audit_export::export_audit,
        crate::revisions::list_revisions,
        crate::revisions::read_revision,
        crate::revisions::read_difference,
        crate::revisions::roll_back,
        crate::plant::list_files,
        crate::plant::read_file,
        crate::plant::change_plant,
        crate::proposals::list_proposals,
        crate::proposals::approve_proposal,
        crate::proposals::reject_proposal,
        crate::signatures::list_signatures,
        crate::signatures::challenge_signature,
        crate::signatures::sign,
        crate::certificates::list_certificates,
        crate::certificates::read_authority,
        crate::certificates::issue_certificate,
        crate::certificates::revoke_certificate,
        crate::certificates::renew_certificate,
        crate::security::read_security,
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
            let path = described(route.path);
            let Some(item) = contract.paths.paths.get_mut(&path) else { continue };
            let operation: Option<&mut Operation> = match route.method.as_str() {
                "GET" => item.get.as_mut(),
                "POST" => item.post.as_mut(),
                "PUT" => item.put.as_mut(),
                "PATCH" => item.patch.as_mut(),
                "DELETE" => item.delete.as_mut(),
                _ => None,
            };
            if let Some(operation) = operation {
                demand(operation, route.permission);
                operation.tags = operation
                    .tags
                    .take()
                    .map(|tags| tags.iter().map(|tag| chapter(tag).to_owned()).collect());
                // One member, because extensions have no order: the document must be the same each time.
                let (permission, audit) = (route.permission.word(), route.audit.word());
                let rule = serde_json::json!({"audit": audit, "permission": permission});
                let rule = ExtensionsBuilder::new().add("x-access", rule).build();
                operation.extensions.get_or_insert_default().merge(rule);
            }
        }
        let components = contract.components.get_or_insert_default();
        components.add_security_scheme(COOKIE_SCHEME, SecurityScheme::ApiKey(cookie()));
        components.add_security_scheme(BEARER_SCHEME, SecurityScheme::Http(bearer()));
        let mut text = contract.to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    })
}

/// A path as the document writes it: a parameter of several segments has no form of its own there.
fn described(path: &str) -> String {
    path.replace("{*", "{")
}

const COOKIE_SCHEME: &str = "cookie";
const BEARER_SCHEME: &str = "bearer";

fn cookie() -> ApiKey {
    let what = "The session that `POST /api/v1/session` begins";
    ApiKey::Cookie(ApiKeyValue::with_description(COOKIE, what))
}

fn bearer() -> Http {
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("A token that `POST /api/v1/tokens` makes".into());
    bearer
}

/// What somebody must show for a permission, and how he is refused who does not.
fn demand(operation: &mut Operation, permission: Permission) {
    if permission == Permission::Public {
        operation.security = Some(Vec::new());
        return;
    }
    let by = |scheme: &str| SecurityRequirement::new(scheme, [] as [&str; 0]);
    operation.security = Some(vec![by(COOKIE_SCHEME), by(BEARER_SCHEME)]);
    let word = permission.word();
    for (status, description) in [
        ("401", "Problem: who asks is not known".to_owned()),
        ("403", format!("Problem: who asks may not do this, it needs `{word}`")),
    ] {
        let content = Content::builder().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = Answer::builder()
            .description(description)
            .content("application/problem+json", content)
            .build();
        operation.responses.responses.entry(status.to_owned()).or_insert(response.into());
    }
}

/// The chapter of an operation, for people, from the module that answers it.
fn chapter(module: &str) -> &'static str {
    match module.trim_start_matches("crate::") {
        "tags" | "assets" => "tags",
        "live" => "live values",
        "devices" => "devices",
        "history" | "history_export" | "statistics" => "history",
        "annotations" | "trends" => "annotations and trends",
        "write" => "writing",
        "node" | "doctor" | "logs" | "storage" => "node",
        "session" | "sessions" => "sessions",
        "account" | "settings" => "own account",
        "accounts" | "access_review" => "accounts",
        "roles" => "roles",
        "tokens" => "tokens",
        "audit" | "audit_export" => "audit",
        "revisions" | "plant" | "proposals" => "plant folder",
        "signatures" => "signatures",
        "certificates" => "certificates",
        "security" => "security",
        "manual" | "licences" => "reading",
        _ => "interface",
    }
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
        let is_page = |path: &str| {
            let own = ["/", "/sw.js", "/manifest.webmanifest"].contains(&path);
            own || path.starts_with("/assets/") || path.starts_with("/icons/")
        };
        let routed: BTreeSet<(String, String)> = table()
            .iter()
            .filter(|route| !is_page(route.path))
            .map(|route| (route.method.to_string(), super::described(route.path)))
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn whatever_is_not_public_says_how_to_be_known_and_how_one_is_refused() {
        let json: serde_json::Value = serde_json::from_str(document()).unwrap();
        let schemes = json["components"]["securitySchemes"].as_object().unwrap();
        assert_eq!(schemes.keys().collect::<Vec<_>>(), ["bearer", "cookie"]);
        let items = json["paths"].as_object().unwrap().values();
        let operations: Vec<_> =
            items.flat_map(|item| item.as_object().unwrap().values()).collect();
        assert!(operations.len() > 60);
        for operation in operations {
            let (responses, name) = (&operation["responses"], &operation["operationId"]);
            let security = operation["security"].as_array().unwrap();
            let is_public = operation["x-access"]["permission"] == "public";
            assert_eq!(security.is_empty(), is_public, "{name}");
            for status in ["401", "403"] {
                assert!(is_public || responses[status].is_object(), "{name} {status}");
            }
            let tag = operation["tags"][0].as_str().unwrap();
            let is_interface = name == "read_openapi";
            assert_eq!(tag == "interface", is_interface, "{name} has no chapter");
        }
    }

    #[test]
    fn a_number_in_a_query_has_the_least_that_is_taken() {
        let json: serde_json::Value = serde_json::from_str(document()).unwrap();
        let items = json["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| item.as_object().unwrap().values());
        let asked = operations.flat_map(|one| one["parameters"].as_array().into_iter().flatten());
        let mut numbers = 0;
        for asked in asked.filter(|asked| asked["in"] == "query") {
            if asked["schema"]["type"].to_string().contains("integer") {
                numbers += 1;
                let name = asked["name"].as_str().unwrap();
                let least = match name {
                    "limit" | "depth" => 1,
                    "points" => 4,
                    _ => 0,
                };
                assert_eq!(asked["schema"]["minimum"].as_f64(), Some(f64::from(least)), "{name}");
            }
        }
        assert!(numbers > 10);
        let verify = &json["paths"]["/api/v1/audit/verify"]["post"]["requestBody"];
        assert_ne!(verify["required"], true);
    }

    /// Proves: CR 2.8.
    #[test]
    fn whatever_changes_something_is_audited_and_nobody_changes_anything_unless_he_enters() {
        use crate::access::{Audit, Permission};
        // They change nothing that lasts: what is prepared is used within minutes or not at all.
        let prepares =
            [("POST", "/api/v1/account/factor"), ("POST", "/api/v1/signatures/challenge")];
        for route in table() {
            let prepares = prepares.contains(&(route.method.as_str(), route.path));
            let changes = route.method != axum::http::Method::GET && !prepares;
            assert!(!changes || route.audit == Audit::Always, "{}", route.path);
            let enters = matches!(route.path, "/api/v1/session" | "/api/v1/setup");
            let open = route.permission == Permission::Public;
            assert!(!changes || !open || enters, "{}", route.path);
        }
    }
}
