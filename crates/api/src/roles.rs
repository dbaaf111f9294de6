//! Roles: what they allow.

use lineshaft_identity::{Role, RoleChange, Rule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeAccounts, ReadAccounts, Scope};
use crate::accounts::WhyRequest;
use crate::problem::{ApiError, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::check_reason;
use crate::shape::{Empty, Written};

/// A permission on parts of the plant.
#[derive(ToSchema)]
#[schema(as = Rule)]
#[expect(dead_code, reason = "the shape of identity's `Rule`, for the OpenAPI document")]
pub(crate) struct RuleShape {
    /// `read-plant`, `write-plant`, `read-node`, …
    permission: String,
    /// On which paths, each with everything below it; the empty path is the whole plant, and so is leaving `under` out.
    /// An empty list is refused.
    #[schema(required = false, min_items = 1)]
    under: Vec<String>,
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Role)]
struct RoleLine {
    /// Its name.
    role: String,
    /// Whether it is one of the five that cannot be changed.
    built_in: bool,
    /// For people to read.
    description: String,
    /// What it allows.
    #[schema(value_type = Vec<RuleShape>)]
    rules: Vec<Rule>,
}

impl From<Role> for RoleLine {
    fn from(role: Role) -> RoleLine {
        let Role { role, built_in, description, rules } = role;
        RoleLine { role, built_in, description, rules }
    }
}

/// All roles.
#[derive(Debug, Serialize, ToSchema)]
struct Roles {
    /// Those built in, then one's own.
    roles: Vec<RoleLine>,
}

/// A role as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRequest {
    /// For people to read.
    description: String,
    /// What it allows, all of it.
    #[schema(value_type = Vec<RuleShape>)]
    rules: Vec<Rule>,
    /// Why.
    #[serde(default)]
    why: String,
}

/// Lists all roles.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    responses((status = 200, description = "The roles", body = Roles), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_roles(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let identity = &caller.may(Scope::Node)?.api.identity;
    let roles = identity.roles().into_iter().map(RoleLine::from).collect();
    Ok(Written::new(&Roles { roles }, 2_048))
}

/// Makes a role, or makes it another.
#[utoipa::path(
    put,
    path = "/api/v1/roles/{role}",
    params(("role" = String, Path, description = "Its name: 1 to 64 of `a-z 0-9 -`")),
    request_body = RoleRequest,
    responses((status = 200, description = "The role", body = RoleLine), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn put_role(
    caller: Caller<ChangeAccounts>,
    Segment(role): Segment,
    Json(request): Json<RoleRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let RoleRequest { description, rules, why } = request;
    check_reason(api, &why)?;
    let change = RoleChange { role, description, rules };
    let (role, entry) = api.identity.put_role(caller.pass(), change, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&RoleLine::from(role), 512))
}

/// Deletes a role that nobody has.
#[utoipa::path(
    delete,
    path = "/api/v1/roles/{role}",
    params(("role" = String, Path, description = "Its name")),
    request_body = WhyRequest,
    responses((status = 200, description = "Done", body = Empty), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn delete_role(
    caller: Caller<ChangeAccounts>,
    Segment(role): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    check_reason(api, &why)?;
    let ((), entry) = api.identity.delete_role(caller.pass(), &role, &why).await?;
    caller.recorded(&entry);
    Ok(Written::new(&Empty {}, 2))
}
