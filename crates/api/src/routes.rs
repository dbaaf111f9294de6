//! The route table: every path this node answers, with its permission and its audit rule as a type.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::access::{Audit, Caller, Permission, Public, ReadNode, ReadPlant, Rule, WritePlant};
use crate::problem::{ApiError, Code};
use crate::server::Shared;
use crate::{guard, history, limits, live, node, openapi, page, tags, write};

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
        Route { method, path, permission, audit, handler: on(filter, handler) }
    }
}

macro_rules! routes {
    ($($method:ident $path:literal $handler:path: $rule:ty;)*) => {
        vec![$(Route::new::<$rule, _, _>(MethodFilter::$method, Method::$method, $path, $handler)),*]
    };
}

/// Every route of the node.
pub(crate) fn table() -> Vec<Route> {
    routes! {
        GET  "/api/v1/tags"      tags::list_tags: ReadPlant;
        GET  "/api/v1/tree"      tags::list_tree: ReadPlant;
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
