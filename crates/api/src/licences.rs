//! What this program is made of: its packages with their licences, and its bill of materials.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use lineshaft_manual::{LICENCES, SBOM};
use utoipa::ToSchema;

use crate::access::{Caller, ReadNode};
use crate::problem::{ApiError, Problem};
use crate::query::Params;

const DOWNLOAD: &str =
    concat!("attachment; filename=\"lineshaft-", env!("CARGO_PKG_VERSION"), ".cdx.json\"");

/// A package that is part of the program or of its page.
#[derive(ToSchema)]
#[schema(as = Licence)]
#[expect(dead_code, reason = "the shape of `licences.json`, for the OpenAPI document")]
struct LicenceShape {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// An SPDX expression.
    licence: String,
    /// `crate`, `npm`, or `library` for what a crate brings along in another language.
    kind: String,
    /// Where its sources are.
    repository: String,
}

/// Lists the packages this program is made of, with their licences.
#[utoipa::path(
    get,
    path = "/api/v1/licences",
    responses((status = 200, description = "The packages", body = Vec<LicenceShape>), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_licences(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Response, ApiError> {
    caller.view("")?;
    params.only(&[])?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], LICENCES).into_response())
}

/// Gives the bill of materials: CycloneDX 1.6.
#[utoipa::path(
    get,
    path = "/api/v1/sbom",
    responses((status = 200, description = "The bill of materials", body = Object, content_type = "application/vnd.cyclonedx+json"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_sbom(
    caller: Caller<ReadNode>,
    params: Params,
) -> Result<Response, ApiError> {
    caller.view("")?;
    params.only(&[])?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.cyclonedx+json; version=1.6"),
        ),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(DOWNLOAD)),
    ];
    Ok((headers, SBOM).into_response())
}
