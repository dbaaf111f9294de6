//! The node's certificates: which there are, and for whom those of clients stand.
//!
//! A certificate is issued, revoked or renewed only once the wish is in the trail. The key of an issued one is in the
//! answer and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use lineshaft_audit::{Act, Action, Outcome, Recorded};
use lineshaft_contract::Chain;
use lineshaft_identity::{Account, CertificateMapping, Identity, Pass};
use lineshaft_tls::{
    CertificateLine, Certificates, Fingerprint, IssueError, Issued, TlsError, fingerprint_hex,
    parse_fingerprint,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::Api;
use crate::access::{Caller, ChangeCertificates, Public, ReadAccounts, Scope};
use crate::accounts::WhyRequest;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params, Segment};
use crate::refusals::{check_reason, no_such, no_trail};
use crate::server::Shared;
use crate::shape::Written;

const DAY: Duration = Duration::from_secs(86_400);

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Certificate)]
pub(crate) struct CertificateShape {
    /// `authority`, `server` or `client`.
    purpose: &'static str,
    /// Whom it names: `CN=press-07`.
    subject: String,
    /// DNS names, addresses and URIs it is for.
    names: Vec<String>,
    /// Begins to hold.
    not_before_ms: i64,
    /// Ends to hold.
    not_after_ms: i64,
    /// SHA-256 over it, in hexadecimal.
    fingerprint: String,
    /// Who signed it.
    issuer: String,
    /// Its number with the issuer, hexadecimal.
    serial: String,
    /// `ECDSA P-256`, `RSA 2048`, …
    key_kind: String,
    /// Taken back: it is refused.
    revoked: bool,
    /// `own`, or `file` when somebody brought it.
    source: &'static str,
    /// The account a client certificate stands for; null when it stands for nobody.
    #[schema(required)]
    account: Option<String>,
}

impl CertificateShape {
    fn new(line: CertificateLine, account: Option<String>) -> CertificateShape {
        CertificateShape {
            purpose: line.purpose.word(),
            subject: line.subject,
            names: line.names,
            not_before_ms: line.not_before.millis(),
            not_after_ms: line.not_after.millis(),
            fingerprint: fingerprint_hex(&line.fingerprint),
            issuer: line.issuer,
            serial: line.serial,
            key_kind: line.key_kind,
            revoked: line.revoked,
            source: line.source.word(),
            account,
        }
    }
}

/// All certificates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Certificates)]
struct CertificatesPage {
    /// The authority, the one that is served, trusted authorities, those of clients.
    certificates: Vec<CertificateShape>,
}

/// A certificate to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueRequest {
    /// The account it shall stand for.
    account: String,
    /// How long it holds: 1 to 1,825.
    days: u32,
    /// A signing request (PKCS #10, PEM): its key stays where it was made. Without one a key is made.
    request: Option<String>,
    /// Why.
    #[serde(default)]
    why: String,
}

/// A certificate that was just issued.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedCertificate)]
struct IssuedPage {
    /// The certificate, PEM.
    certificate: String,
    /// Its key, PEM; shown once and kept nowhere. Null where a request was signed.
    #[schema(required)]
    key: Option<String>,
    /// The certificate and its authority, PEM.
    chain: String,
    /// SHA-256 over it, in hexadecimal.
    fingerprint: String,
    /// Ends to hold.
    not_after_ms: i64,
}

/// A certificate that was taken back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevokedCertificate)]
struct RevokedPage {
    /// SHA-256 over it, in hexadecimal.
    fingerprint: String,
    /// Its line, when it is one that is listed.
    #[schema(required)]
    certificate: Option<CertificateShape>,
}

fn certificates(api: &Api) -> Result<&Certificates, ApiError> {
    let none = || ApiError::new(Code::NoSuchRecord, "this node has no certificates");
    api.certificates.as_ref().ok_or_else(none)
}

/// Every certificate with the account it stands for.
pub(crate) fn lines(certificates: &Certificates, identity: &Identity) -> Vec<CertificateShape> {
    let accounts = identity.accounts();
    let with_account = |line: CertificateLine| {
        let fingerprint = fingerprint_hex(&line.fingerprint);
        let stands_for = |account: &&Account| account.certificates.contains(&fingerprint);
        let account = accounts.iter().find(stands_for).map(|account| account.account.clone());
        CertificateShape::new(line, account)
    };
    certificates.list().into_iter().map(with_account).collect()
}

/// Lists the certificates, those of clients with the account they stand for.
#[utoipa::path(
    get,
    path = "/api/v1/certificates",
    responses((status = 200, description = "The certificates", body = CertificatesPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_certificates(
    caller: Caller<ReadAccounts>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let api = &caller.may(Scope::Node)?.api;
    let certificates = lines(certificates(api)?, &api.identity);
    let bytes = 64 + certificates.len() * 500;
    Ok(Written::new(&CertificatesPage { certificates }, bytes))
}

/// Gives the certificate of the node's authority: what browsers and clients have to trust.
#[utoipa::path(
    get,
    path = "/api/v1/certificates/authority",
    responses((status = 200, description = "The certificate, PEM", body = String, content_type = "application/x-pem-file"), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_authority(caller: Caller<Public>) -> Result<Response, ApiError> {
    let api = &caller.may(Scope::Node)?.api;
    let pem = certificates(api)?.authority_pem();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-pem-file")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"lineshaft-authority.pem\""),
        ),
    ];
    Ok((headers, pem).into_response())
}

/// Issues a client certificate and has it stand for an account.
#[utoipa::path(
    post,
    path = "/api/v1/certificates",
    request_body = IssueRequest,
    responses((status = 200, description = "The certificate", body = IssuedPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn issue_certificate(
    caller: Caller<ChangeCertificates>,
    Json(request): Json<IssueRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_reason(&shared.api, &request.why)?;
    certificates(&shared.api)?;
    let account = shared.api.identity.account(&request.account);
    let account = account.ok_or_else(|| no_such("account", &request.account).field("account"))?;
    let act = Act::done(caller.actor(), Action::CertificateAdd, account.account.clone())
        .new(json!({ "account": account.account, "days": request.days }))
        .why(&request.why);
    let request = IssueRequest { account: account.account, ..request };
    let by = caller.pass().clone();
    let (issued, entry) =
        to_its_end(shared, async move |api| issue(&api, request, act, &by).await).await?;
    caller.recorded(&entry);
    let page = IssuedPage {
        certificate: issued.certificate_pem,
        key: issued.key_pem,
        chain: issued.chain_pem,
        fingerprint: fingerprint_hex(&issued.line.fingerprint),
        not_after_ms: issued.line.not_after.millis(),
    };
    Ok(Written::new(&page, 4_096))
}

async fn issue(
    api: &Api,
    request: IssueRequest,
    act: Act,
    by: &Pass,
) -> Result<(Issued, Recorded), ApiError> {
    let wish = wish(api, &act).await?;
    let IssueRequest { account, days, request, why } = request;
    let (own, name, life) = (certificates(api)?.clone(), account.clone(), DAY * days);
    let issued = blocking(move || match request {
        Some(request) => own.sign_request(&request, Some(&name), life),
        None => own.issue_client(&name, life),
    });
    let issued = match issued.await {
        Ok(issued) => issued,
        Err(error) => {
            ended(api, &act, wish, &error).await;
            return Err(error);
        }
    };
    let line = &issued.line;
    let mapping = CertificateMapping {
        fingerprint: line.fingerprint,
        subject: line.subject.clone(),
        expires: line.not_after,
    };
    match api.identity.map_certificate(by, &account, mapping, &why).await {
        Ok((_, entry)) => Ok((issued, entry)),
        Err(error) => {
            // It stands for nobody, so it opens nothing; and nobody shall wonder what it is.
            let (own, fingerprint) = (certificates(api)?.clone(), line.fingerprint);
            if let Err(error) = blocking(move || own.revoke(&fingerprint)).await {
                tracing::error!(
                    detail = error.detail,
                    "a certificate that stands for nobody could not be revoked"
                );
            }
            let error = ApiError::from(error);
            ended(api, &act, wish, &error).await;
            Err(error)
        }
    }
}

/// Takes a client certificate back: it opens nothing any more, at once, on open connections too.
#[utoipa::path(
    post,
    path = "/api/v1/certificates/{fingerprint}/revoke",
    params(("fingerprint" = String, Path, description = "SHA-256 over it, in hexadecimal")),
    request_body = WhyRequest,
    responses((status = 200, description = "Done", body = RevokedPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn revoke_certificate(
    caller: Caller<ChangeCertificates>,
    Segment(text): Segment,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_reason(&shared.api, &why)?;
    certificates(&shared.api)?;
    let fingerprint = parse_fingerprint(&text).ok_or_else(|| no_such("certificate", &text))?;
    let name = fingerprint_hex(&fingerprint);
    let act = Act::done(caller.actor(), Action::CertificateRevoke, name.clone()).why(&why);
    let by = caller.pass().clone();
    let (line, entry) =
        to_its_end(shared, async move |api| revoke(&api, fingerprint, act, &by, &why).await)
            .await?;
    caller.recorded(&entry);
    let certificate = line.map(|line| CertificateShape::new(line, None));
    Ok(Written::new(&RevokedPage { fingerprint: name, certificate }, 512))
}

async fn revoke(
    api: &Api,
    fingerprint: Fingerprint,
    act: Act,
    by: &Pass,
    why: &str,
) -> Result<(Option<CertificateLine>, Recorded), ApiError> {
    let wish = wish(api, &act).await?;
    let own = certificates(api)?.clone();
    let line = match blocking(move || own.revoke(&fingerprint)).await {
        Ok(line) => line,
        Err(error) => {
            ended(api, &act, wish, &error).await;
            return Err(error);
        }
    };
    let name = fingerprint_hex(&fingerprint);
    if !api.identity.accounts().iter().any(|account| account.certificates.contains(&name)) {
        let act = act.detail(format!("entry {}; it stood for nobody", wish.seq()));
        let entry = api.trail.record(act).await.map_err(|error| {
            no_trail(&error).detail("it was revoked, and that could not be recorded")
        })?;
        return Ok((line, entry));
    }
    match api.identity.unmap_certificate(by, &fingerprint, why).await {
        Ok(((), entry)) => Ok((line, entry)),
        // It is refused by the transport already; that it still stands for somebody opens nothing.
        Err(error) => {
            let error = ApiError::from(error);
            ended(api, &act, wish, &error).await;
            Err(error)
        }
    }
}

/// Makes a new certificate for the node itself, or reads the brought one again.
#[utoipa::path(
    post,
    path = "/api/v1/certificates/renew",
    request_body = WhyRequest,
    responses((status = 200, description = "What is served from now on", body = CertificateShape), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn renew_certificate(
    caller: Caller<ChangeCertificates>,
    Json(WhyRequest { why }): Json<WhyRequest>,
) -> Result<Written, ApiError> {
    let shared = caller.may(Scope::Node)?;
    check_reason(&shared.api, &why)?;
    certificates(&shared.api)?;
    let act = Act::done(caller.actor(), Action::CertificateRenew, "server").why(&why);
    let (line, entry) = to_its_end(shared, async move |api| renew(&api, act).await).await?;
    caller.recorded(&entry);
    Ok(Written::new(&CertificateShape::new(line, None), 512))
}

async fn renew(api: &Api, act: Act) -> Result<(CertificateLine, Recorded), ApiError> {
    let wish = wish(api, &act).await?;
    let own = certificates(api)?.clone();
    let line = match blocking(move || own.renew()).await {
        Ok(line) => line,
        Err(error) => {
            ended(api, &act, wish, &error).await;
            return Err(error);
        }
    };
    let act = Act { object: line.subject.clone(), ..act }
        .new(fingerprint_hex(&line.fingerprint))
        .detail(format!("entry {}", wish.seq()));
    let entry = api.trail.record(act).await.map_err(|error| {
        no_trail(&error).detail("it was renewed, and that could not be recorded")
    })?;
    Ok((line, entry))
}

async fn wish(api: &Api, act: &Act) -> Result<Recorded, ApiError> {
    let wish = api.trail.record(act.clone().result(Outcome::Requested)).await;
    wish.map_err(|error| no_trail(&error))
}

/// Enters that nothing came of a wish.
async fn ended(api: &Api, act: &Act, wish: Recorded, error: &ApiError) {
    let refused = error.code.line().1 < 500;
    let result = if refused { Outcome::Refused } else { Outcome::Failed };
    let detail = format!("entry {}; {}", wish.seq(), error.detail);
    if let Err(error) = api.trail.record(act.clone().result(result).detail(detail)).await {
        tracing::error!(error = %Chain(&error), "what became of a certificate could not be recorded");
    }
}

/// Runs in a task of its own: a client that hangs up meanwhile must not take the second entry with it.
async fn to_its_end<T: Send + 'static, F>(
    shared: &Arc<Shared>,
    work: impl FnOnce(Api) -> F,
) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let task = shared.changes.spawn(work(shared.api.clone()));
    task.await.map_err(|error| {
        tracing::error!(%error, "a change of the certificates failed");
        ApiError::new(Code::Internal, "the change was cut off")
    })?
}

/// Certificates are written to disk, and their calls wait for each other.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TlsError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(ApiError::from),
        Err(panic) => {
            tracing::error!(error = %panic, "a change of the certificates failed");
            Err(ApiError::new(Code::Internal, "the certificates could not be changed"))
        }
    }
}

impl From<TlsError> for ApiError {
    fn from(error: TlsError) -> ApiError {
        let detail = format!("{}: {}", error.code(), Chain(&error));
        match error {
            TlsError::Issue(IssueError::Request { .. } | IssueError::Key(_)) => {
                ApiError::new(Code::Body, detail).field("request")
            }
            TlsError::Issue(IssueError::Lifetime { .. }) => {
                ApiError::new(Code::Body, detail).field("days")
            }
            TlsError::Issue(IssueError::Sign(_) | IssueError::Random) | TlsError::Io { .. } => {
                tracing::error!(error = detail, "the certificates cannot be written");
                ApiError::new(Code::Internal, "the certificates cannot be written")
            }
            _ => ApiError::new(Code::ChangeRefused, detail),
        }
    }
}
