//! The route table: every path this node answers, with its permission and its audit rule as a type.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::access::{
    Annotate, Audit, Caller, ChangeAccounts, ChangeCertificates, ChangeConfig, ChangeOwn,
    CheckAudit, Enter, ExportAudit, OperateNode, Permission, PrepareOwn, PrepareSign, ProveAudit,
    Public, ReadAccounts, ReadAudit, ReadConfig, ReadNode, ReadOwn, ReadPlant, Rule, Sign,
    WritePlant, require_entry,
};
use crate::problem::{ApiError, Code};
use crate::server::Shared;
use crate::{
    access_review, account, accounts, annotations, assets, audit, audit_export, certificates,
    devices, doctor, guard, history, history_export, licences, limits, live, logs, manual, node,
    openapi, page, plant, proposals, revisions, roles, security, session, sessions, settings,
    signatures, statistics, storage, tags, tokens, trends, write,
};

/// The router's state. Only a [`Caller`] can open it.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<Shared>);

impl Door {
    pub(crate) fn new(shared: Arc<Shared>) -> Door {
        Door(shared)
    }

    pub(crate) fn open(&self) -> Arc<Shared> {
        self.0.clone()
    }
}

/// One line of the table.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) permission: Permission,
    pub(crate) audit: Audit,
    handler: MethodRouter<Door>,
}

/// The parameters of a handler whose first one is a [`Caller`] of rule `R`.
pub(crate) trait Guarded<R> {}
impl<M, R> Guarded<R> for (M, Caller<R>) {}
impl<M, R, A> Guarded<R> for (M, Caller<R>, A) {}
impl<M, R, A, B> Guarded<R> for (M, Caller<R>, A, B) {}

impl Route {
    fn new<R, H, T>(filter: MethodFilter, method: Method, path: &'static str, handler: H) -> Route
    where
        R: Rule,
        T: Guarded<R> + 'static,
        H: Handler<T, Door>,
    {
        let (permission, audit) = (R::PERMISSION, R::AUDIT);
        let mut handler = on(filter, handler);
        if permission == Permission::Public {
            handler = handler.layer(DefaultBodyLimit::max(limits::OPEN_BODY_BYTES_MAX));
        }
        if permission == Permission::ChangeConfig {
            handler = handler.layer(DefaultBodyLimit::max(limits::PLANT_BODY_BYTES_MAX));
        }
        if audit == Audit::Always {
            handler = handler.layer(middleware::from_fn(require_entry));
        }
        Route { method, path, permission, audit, handler }
    }
}

macro_rules! routes {
    ($($method:ident $path:literal $handler:path: $rule:ty;)*) => {
        vec![$(Route::new::<$rule, _, _>(MethodFilter::$method, Method::$method, $path, $handler)),*]
    };
}

/// Every route of the node.
pub(crate) fn table() -> Vec<Route> {
    let mut table = plant_routes();
    table.extend(people_routes());
    table.extend(proof_routes());
    table.extend(folder_routes());
    table.extend(device_routes());
    table.extend(desk_routes());
    table.extend(operate_routes());
    table.extend(reading_routes());
    table
}

/// Trying devices out: kinds, tests, browsing, traces.
fn device_routes() -> Vec<Route> {
    routes! {
        GET  "/api/v1/drivers"                devices::list_drivers: ReadConfig;
        GET  "/api/v1/plant/devices"          devices::list_configured: ReadConfig;
        POST "/api/v1/devices/test"           devices::test_device: ChangeConfig;
        POST "/api/v1/devices/browse"         devices::browse_device: ChangeConfig;
        GET  "/api/v1/devices/{device}/trace" devices::read_trace: ReadNode;
        POST "/api/v1/devices/{device}/trace" devices::keep_trace: OperateNode;
    }
}

/// What people keep beside the values.
fn desk_routes() -> Vec<Route> {
    routes! {
        GET    "/api/v1/annotations"        annotations::list_annotations: ReadPlant;
        POST   "/api/v1/annotations"        annotations::make_annotation: Annotate;
        PATCH  "/api/v1/annotations/{id}"   annotations::reword_annotation: Annotate;
        DELETE "/api/v1/annotations/{id}"   annotations::withdraw_annotation: Annotate;
        GET    "/api/v1/trends"             trends::list_trends: ReadPlant;
        POST   "/api/v1/trends"             trends::keep_trend: Annotate;
        GET    "/api/v1/trends/{id}"        trends::read_trend: ReadPlant;
        PUT    "/api/v1/trends/{id}"        trends::change_trend: Annotate;
        DELETE "/api/v1/trends/{id}"        trends::delete_trend: Annotate;
        GET    "/api/v1/account/settings"   settings::read_settings: ReadOwn;
        PUT    "/api/v1/account/settings"   settings::keep_settings: ChangeOwn;
        GET    "/api/v1/history/statistics" statistics::read_statistics: ReadPlant;
        GET    "/api/v1/history/export"     history_export::export_history: ReadPlant;
    }
}

/// Logs, checks, storage.
fn operate_routes() -> Vec<Route> {
    routes! {
        GET "/api/v1/doctor"      doctor::examine: ReadNode;
        GET "/api/v1/logs"        logs::read_logs: ReadNode;
        GET "/api/v1/logs/levels" logs::read_levels: ReadNode;
        PUT "/api/v1/logs/levels" logs::put_levels: OperateNode;
        GET "/api/v1/storage"     storage::read_storage: ReadNode;
    }
}

/// What the program carries to read.
fn reading_routes() -> Vec<Route> {
    routes! {
        GET "/api/v1/manual"              manual::list_manual: Public;
        GET "/api/v1/manual/page/{*page}" manual::read_manual_page: Public;
        GET "/api/v1/manual/search"       manual::search_manual: Public;
        GET "/api/v1/licences"            licences::list_licences: ReadNode;
        GET "/api/v1/sbom"                licences::read_sbom: ReadNode;
        GET "/sw.js"                      page::read_worker: Public;
        GET "/manifest.webmanifest"       page::read_manifest: Public;
        GET "/icons/{*file}"              page::read_icon: Public;
    }
}

fn plant_routes() -> Vec<Route> {
    routes! {
        GET  "/api/v1/tags"      tags::list_tags: ReadPlant;
        GET  "/api/v1/tree"      tags::list_tree: ReadPlant;
        GET  "/api/v1/assets"    assets::list_assets: ReadPlant;
        GET  "/api/v1/values"    tags::read_values: ReadPlant;
        GET  "/api/v1/live"      live::watch_live: ReadPlant;
        GET  "/api/v1/history"   history::read_history: ReadPlant;
        POST "/api/v1/write"     write::write_value: WritePlant;
        GET  "/api/v1/devices"   node::list_devices: ReadNode;
        GET  "/api/v1/status"    node::read_status: ReadNode;
        GET  "/metrics"          node::read_metrics: ReadNode;
        GET  "/health"           node::read_health: Public;
        GET  "/ready"            node::read_ready: Public;
        GET  "/api/openapi.json" openapi::read_openapi: Public;
        GET  "/"                 page::read_page: Public;
        GET  "/assets/{*file}"   page::read_asset: Public;
    }
}

fn people_routes() -> Vec<Route> {
    routes! {
        GET    "/api/v1/session"                     session::read_session: Public;
        POST   "/api/v1/session"                     session::log_in: Enter;
        DELETE "/api/v1/session"                     session::log_out: ChangeOwn;
        POST   "/api/v1/session/lock"                session::lock_session: ChangeOwn;
        POST   "/api/v1/session/unlock"              session::unlock_session: ChangeOwn;
        POST   "/api/v1/setup"                       session::set_up: Enter;
        POST   "/api/v1/account/password"            account::change_password: ChangeOwn;
        POST   "/api/v1/account/factor"              account::enrol_factor: PrepareOwn;
        PUT    "/api/v1/account/factor"              account::confirm_factor: ChangeOwn;
        DELETE "/api/v1/account/factor"              account::drop_own_factor: ChangeOwn;
        GET    "/api/v1/accounts"                    accounts::list_accounts: ReadAccounts;
        POST   "/api/v1/accounts"                    accounts::create_account: ChangeAccounts;
        PATCH  "/api/v1/accounts/{account}"          accounts::change_account: ChangeAccounts;
        POST   "/api/v1/accounts/{account}/password" accounts::reset_password: ChangeAccounts;
        POST   "/api/v1/accounts/{account}/unlock"   accounts::unlock_account: ChangeAccounts;
        DELETE "/api/v1/accounts/{account}/factor"   accounts::drop_factor: ChangeAccounts;
        GET    "/api/v1/roles"                       roles::list_roles: ReadAccounts;
        PUT    "/api/v1/roles/{role}"                roles::put_role: ChangeAccounts;
        DELETE "/api/v1/roles/{role}"                roles::delete_role: ChangeAccounts;
        GET    "/api/v1/tokens"                      tokens::list_tokens: ReadAccounts;
        POST   "/api/v1/tokens"                      tokens::create_token: ChangeAccounts;
        DELETE "/api/v1/tokens/{id}"                 tokens::revoke_token: ChangeAccounts;
        GET    "/api/v1/sessions"                    sessions::list_sessions: ReadAccounts;
        DELETE "/api/v1/sessions/{id}"               sessions::end_session: ChangeAccounts;
        GET    "/api/v1/access-review"               access_review::review_access: ReadAccounts;
    }
}

fn proof_routes() -> Vec<Route> {
    routes! {
        GET  "/api/v1/audit"                             audit::read_audit: ReadAudit;
        GET  "/api/v1/audit/status"                      audit::read_audit_status: ProveAudit;
        POST "/api/v1/audit/verify"                      audit::verify_audit: CheckAudit;
        POST "/api/v1/audit/review"                      audit::review_audit: CheckAudit;
        GET  "/api/v1/audit/checkpoint"                  audit::read_checkpoint: ReadNode;
        GET  "/api/v1/audit/proof"                       audit::prove_entry: ProveAudit;
        GET  "/api/v1/audit/consistency"                 audit::prove_consistency: ProveAudit;
        GET  "/api/v1/audit/export"                      audit_export::export_audit: ExportAudit;
        GET  "/api/v1/signatures"                        signatures::list_signatures: ReadConfig;
        POST "/api/v1/signatures/challenge"              signatures::challenge_signature: PrepareSign;
        POST "/api/v1/signatures"                        signatures::sign: Sign;
        GET  "/api/v1/certificates"                      certificates::list_certificates: ReadAccounts;
        GET  "/api/v1/certificates/authority"            certificates::read_authority: Public;
        POST "/api/v1/certificates"                      certificates::issue_certificate: ChangeCertificates;
        POST "/api/v1/certificates/{fingerprint}/revoke" certificates::revoke_certificate: ChangeCertificates;
        POST "/api/v1/certificates/renew"                certificates::renew_certificate: ChangeCertificates;
        GET  "/api/v1/security"                          security::read_security: ReadAccounts;
    }
}

fn folder_routes() -> Vec<Route> {
    routes! {
        GET  "/api/v1/revisions"                 revisions::list_revisions: ReadConfig;
        GET  "/api/v1/revisions/{id}"            revisions::read_revision: ReadConfig;
        GET  "/api/v1/revisions/{id}/difference" revisions::read_difference: ReadConfig;
        POST "/api/v1/revisions/{id}/roll-back"  revisions::roll_back: ChangeConfig;
        GET  "/api/v1/plant/files"               plant::list_files: ReadConfig;
        GET  "/api/v1/plant/file"                plant::read_file: ReadConfig;
        POST "/api/v1/plant/change"              plant::change_plant: ChangeConfig;
        GET  "/api/v1/proposals"                 proposals::list_proposals: ReadConfig;
        POST "/api/v1/proposals/{id}/approve"    proposals::approve_proposal: ChangeConfig;
        POST "/api/v1/proposals/{id}/reject"     proposals::reject_proposal: ChangeConfig;
    }
}

/// One line of the table, for the test that asserts every cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteLine {
    /// The method.
    pub method: String,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What it needs.
    pub permission: Permission,
    /// `never`, `minutely` or `always`.
    pub audit: &'static str,
}

/// Every route of the node.
#[must_use]
pub fn routes() -> Vec<RouteLine> {
    let line = |route: Route| {
        let Route { method, path, permission, audit, .. } = route;
        RouteLine { method: method.to_string(), path, permission, audit: audit.word() }
    };
    table().into_iter().map(line).collect()
}

/// The table as a service, with the guards every request passes before its handler.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let door = Door::new(shared.clone());
    let mut router = Router::new();
    for route in table() {
        router = router.route(route.path, route.handler);
    }
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(shared, guard::guard))
        .with_state(door)
}

async fn no_such_path(uri: Uri) -> ApiError {
    ApiError::new(Code::NoSuchPath, format!("there is nothing at `{}`", uri.path()))
        .remedy("`/api/openapi.json` describes every path of this node")
}

async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(Code::NoSuchMethod, format!("`{}` does not take {method}", uri.path()))
        .remedy("the `Allow` header lists what it takes")
}
