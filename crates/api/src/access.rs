//! Who may do what: the one place every request passes.
//!
//! The route table gives each route a [`Rule`] as a type; a handler takes a [`Caller`] of the same rule as
//! its first parameter (anything else does not compile, see `routes::Guarded`) and gets at the node only
//! through [`Caller::may`]. So no handler can forget to ask, or ask for less than its route says.
//!
//! Not here yet: people. Until the identity issue everyone who reaches the listener is `local`, and the
//! listener is on loopback only; [`allow`] is the function that will then say no.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lineshaft_model::TagPath;

use crate::problem::ApiError;
use crate::routes::Door;
use crate::server::Shared;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// The name that goes into a command and, later, into the audit trail.
    pub(crate) name: Arc<str>,
}

/// What a route lets its caller do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Nothing about the plant: liveness, the page's own files, the description of the API.
    Public,
    /// See tags, values and history.
    ReadPlant,
    /// Change a value in a device.
    WritePlant,
    /// See how the node and its devices do.
    ReadNode,
}

impl Permission {
    /// The word in the OpenAPI document.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Permission::Public => "public",
            Permission::ReadPlant => "read-plant",
            Permission::WritePlant => "write-plant",
            Permission::ReadNode => "read-node",
        }
    }
}

/// Whether a route leaves an entry in the audit trail. Everything that changes anything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audit {
    /// Reading changes nothing.
    Never,
    /// Who, when, what, old, new, why.
    Always,
}

impl Audit {
    /// The word in the OpenAPI document.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Audit::Never => "never",
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
    /// Reads tags, values and history.
    ReadPlant: ReadPlant, Never;
    /// Writes to devices.
    WritePlant: WritePlant, Always;
    /// Reads the state of the node and its devices.
    ReadNode: ReadNode, Never;
}

/// On what.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// The node as a whole.
    Node,
    /// Everything below a path; the empty path is everything.
    Under(&'a str),
    /// These tags.
    Tags(&'a [TagPath]),
}

impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Node => f.write_str("the node"),
            Scope::Under(path) => write!(f, "`{path}` and below"),
            Scope::Tags([tag]) => write!(f, "`{tag}`"),
            Scope::Tags(tags) => write!(f, "{} tags", tags.len()),
        }
    }
}

/// Says whether `who` may do `permission` on `scope`.
///
/// Allows everything until the identity issue brings people and roles: the listener is on loopback, so
/// whoever asks has an account on this machine.
///
/// # Errors
/// None yet; later 401 and 403.
pub(crate) fn allow(who: &Who, permission: Permission, scope: &Scope<'_>) -> Result<(), ApiError> {
    tracing::trace!(who = %who.name, permission = permission.word(), %scope, "allowed");
    Ok(())
}

/// Whoever made this request, with what the route lets them do.
#[derive(Debug)]
pub(crate) struct Caller<R> {
    who: Who,
    shared: Arc<Shared>,
    rule: PhantomData<R>,
}

impl<R: Rule> Caller<R> {
    /// The node, if the caller may do what the route is for, on `scope`.
    pub(crate) fn may(&self, scope: Scope<'_>) -> Result<&Arc<Shared>, ApiError> {
        allow(&self.who, R::PERMISSION, &scope)?;
        Ok(&self.shared)
    }

    /// Who it is.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }
}

impl<R: Rule> FromRequestParts<Door> for Caller<R> {
    type Rejection = ApiError;

    async fn from_request_parts(_parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        let who = Who { name: "local".into() };
        Ok(Caller { who, shared: door.open(), rule: PhantomData })
    }
}
