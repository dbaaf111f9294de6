//! Who may do what: the one place every request passes.
//!
//! The route table gives each route a [`Rule`] as a type; a handler takes a [`Caller`] of the same rule as
//! its first parameter (anything else does not compile, see `routes::Guarded`) and gets at the node only
//! through [`Caller::may`] and [`Caller::view`]. So no handler can forget to ask, or ask for less than its route says.
//! A route that has to leave an entry in the trail and answers 2xx without one answers 500 instead, see
//! [`require_entry`].
//!
//! Not here: what somebody may (`identity` knows), and by which credentials he is known (`credentials`).

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lineshaft_audit::{Actor, Recorded};
use lineshaft_identity::{Denied, LoggedIn};
pub(crate) use lineshaft_identity::{Pass, Permission, Scope};

use crate::credentials::{identify, is_revoked};
use crate::peer::Peer;
use crate::problem::{ApiError, Code};
use crate::routes::Door;
use crate::server::Shared;
use crate::view::View;

/// Whether a route leaves an entry in the audit trail. Everything that changes anything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audit {
    /// Reading changes nothing.
    Never,
    /// Reading that is itself of interest: at most one entry a minute for each reader.
    Minutely,
    /// Who, when, what, old, new, why.
    Always,
}

impl Audit {
    /// The word in the OpenAPI document.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Audit::Never => "never",
            Audit::Minutely => "minutely",
            Audit::Always => "always",
        }
    }
}

/// A permission and an audit rule, as a type.
pub(crate) trait Rule: Send + Sync + 'static {
    const PERMISSION: Permission;
    const AUDIT: Audit;
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $permission:ident, $audit:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;
        impl Rule for $name {
            const PERMISSION: Permission = Permission::$permission;
            const AUDIT: Audit = Audit::$audit;
        }
    )*};
}

rules! {
    /// Open to everyone who reaches the listener.
    Public: Public, Never;
    /// Makes somebody known: logging in, setting up.
    Enter: Public, Always;
    /// Begins a change of oneself that counts once it is confirmed.
    PrepareOwn: OwnAccount, Never;
    /// Reads something about oneself.
    ReadOwn: OwnAccount, Never;
    /// Changes something about oneself.
    ChangeOwn: OwnAccount, Always;
    /// Reads tags, values and history.
    ReadPlant: ReadPlant, Never;
    /// Writes to devices.
    WritePlant: WritePlant, Always;
    /// Writes an annotation, keeps a trend for others.
    Annotate: Annotate, Always;
    /// Reads the state of the node and its devices.
    ReadNode: ReadNode, Never;
    /// Looks closer for a while: levels of the log, traces.
    OperateNode: OperateNode, Always;
    /// Reads the plant folder and its revisions.
    ReadConfig: ReadConfig, Never;
    /// Changes the plant folder.
    ChangeConfig: ChangeConfig, Always;
    /// Reads accounts, roles, tokens, sessions, certificates, posture.
    ReadAccounts: ReadAccounts, Never;
    /// Changes accounts, roles, tokens; ends sessions.
    ChangeAccounts: ChangeAccounts, Always;
    /// Issues and revokes certificates.
    ChangeCertificates: ChangeCertificates, Always;
    /// Reads the state and the proofs of the audit trail.
    ProveAudit: ReadAudit, Never;
    /// Reads the entries of the audit trail.
    ReadAudit: ReadAudit, Minutely;
    /// Has the audit trail verified, or says that he has reviewed it.
    CheckAudit: ReadAudit, Always;
    /// Takes a copy of the audit trail.
    ExportAudit: ExportAudit, Always;
    /// Asks for what he is about to sign.
    PrepareSign: Sign, Never;
    /// Signs.
    Sign: Sign, Always;
}

/// What a request has done about its entry in the trail.
#[derive(Debug, Clone, Default)]
struct Ledger(Arc<AtomicBool>);

/// The layer over every route of [`Audit::Always`]: no 2xx leaves without an entry in the trail.
pub(crate) async fn require_entry(mut request: Request, next: Next) -> Response {
    let ledger = Ledger::default();
    request.extensions_mut().insert(ledger.clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    if !response.status().is_success() || ledger.0.load(Ordering::SeqCst) {
        return response;
    }
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    tracing::error!(route, "a change was answered without an entry in the audit trail");
    ApiError::new(Code::Internal, "the change left no entry in the audit trail").into_response()
}

/// Whoever made this request, with what the route lets them do.
#[derive(Debug)]
pub(crate) struct Caller<R> {
    pass: Pass,
    peer: Peer,
    shared: Arc<Shared>,
    ledger: Ledger,
    method: Method,
    path: Option<MatchedPath>,
    rule: PhantomData<R>,
}

impl<R: Rule> Caller<R> {
    /// The node, if the caller may do what the route is for, on all of `scope`.
    pub(crate) fn may(&self, scope: Scope<'_>) -> Result<&Arc<Shared>, ApiError> {
        match self.pass.may(R::PERMISSION, &scope) {
            Ok(()) => Ok(&self.shared),
            Err(denied) => Err(self.refuse(&denied)),
        }
    }

    /// The node, and the parts of `under` on which the caller may do what the route is for.
    pub(crate) fn view(&self, under: &str) -> Result<(&Arc<Shared>, View), ApiError> {
        let parts = self.pass.parts(R::PERMISSION, under);
        if parts.is_empty() {
            self.may(Scope::Under(under))?;
        }
        Ok((&self.shared, View::new(under, parts)))
    }

    /// Who it is.
    pub(crate) fn pass(&self) -> &Pass {
        &self.pass
    }

    /// Who it is, for the trail.
    pub(crate) fn actor(&self) -> &Actor {
        self.pass.actor()
    }

    /// The connection the request came by.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Whether the client certificate of the connection was taken back since its handshake.
    pub(crate) fn is_revoked(&self) -> bool {
        is_revoked(&self.shared.api, &self.peer)
    }

    /// The change has its entry. Whoever can show one may answer 2xx.
    pub(crate) fn recorded(&self, entry: &Recorded) -> u64 {
        self.ledger.0.store(true, Ordering::SeqCst);
        entry.seq()
    }

    /// The route changes things, this request did not, and says so itself: a check without effect.
    pub(crate) fn changed_nothing(&self) {
        self.ledger.0.store(true, Ordering::SeqCst);
    }

    /// He is logged in: that has its entry, or he would not be.
    pub(crate) fn entered(&self, _entry: &LoggedIn) {
        self.ledger.0.store(true, Ordering::SeqCst);
    }

    fn refuse(&self, denied: &Denied) -> ApiError {
        let path = self.path.as_ref().map_or("", MatchedPath::as_str);
        let action = format!("{} {path}", self.method);
        self.shared.api.identity.denied(&self.pass, &action, denied);
        refused(denied)
    }
}

impl<R: Rule> FromRequestParts<Door> for Caller<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        let shared = door.open();
        let nowhere = || ApiError::new(Code::Internal, "the request came by no connection");
        let peer = parts.extensions.get::<Peer>().cloned().ok_or_else(nowhere)?;
        let pass = identify(&shared.api, &peer, &parts.headers, R::PERMISSION)?;
        let ledger = parts.extensions.get::<Ledger>().cloned().unwrap_or_default();
        let path = parts.extensions.get::<MatchedPath>().cloned();
        let method = parts.method.clone();
        let caller = Caller { pass, peer, shared, ledger, method, path, rule: PhantomData };
        // Before the body is read: who may do this nowhere costs no memory and learns nothing from a mistake in it.
        caller.may(Scope::Somewhere)?;
        Ok(caller)
    }
}

/// What a caller is told who may not. It says nothing about what is there.
pub(crate) fn refused(denied: &Denied) -> ApiError {
    let (code, remedy) = match denied {
        Denied::NotKnown => (Code::NotKnown, "log in, or send `Authorization: Bearer ls_…`"),
        Denied::Locked => (Code::Locked, "unlock it with the password"),
        Denied::PasswordDue => {
            (Code::PasswordDue, "change it with `POST /api/v1/account/password`")
        }
        Denied::FactorDue => (Code::FactorDue, "set one up with `POST /api/v1/account/factor`"),
        Denied::Forbidden { .. } => (Code::Forbidden, "ask an administrator for it"),
    };
    ApiError::new(code, denied.to_string()).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    async fn status(router: Router) -> StatusCode {
        let request = Request::post("/").body(Body::empty()).unwrap();
        TowerToHyperService::new(router).call(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_change_without_an_entry_is_not_answered_as_done() {
        let forgetful = post(async || "done").layer(from_fn(require_entry));
        let route = Router::new().route("/", forgetful);
        assert_eq!(status(route).await, StatusCode::INTERNAL_SERVER_ERROR);

        let refusing = post(async || StatusCode::CONFLICT).layer(from_fn(require_entry));
        assert_eq!(status(Router::new().route("/", refusing)).await, StatusCode::CONFLICT);

        let careful = async |request: Request| {
            request.extensions().get::<Ledger>().unwrap().0.store(true, Ordering::SeqCst);
            "done"
        };
        let route = Router::new().route("/", post(careful).layer(from_fn(require_entry)));
        assert_eq!(status(route).await, StatusCode::OK);
    }
}
