//! Every error as `application/problem+json` (RFC 9457), from one table.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lineshaft_contract::PlantMistake;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// What can go wrong, as far as a client must tell it apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $name,)*
        }

        /// Every code with its HTTP status and title. Each has a page in `docs/errors`.
        pub const CODES: &[(&str, u16, &str)] = &[$(($code, $status, $title),)*];

        impl Code {
            /// Its line in the table.
            pub(crate) const fn line(self) -> (&'static str, u16, &'static str) {
                match self {
                    $(Code::$name => ($code, $status, $title),)*
                }
            }
        }
    };
}

codes! {
    /// A parameter is missing, unknown, or cannot be read.
    Query = "LS-API-001", 400, "The request cannot be understood";
    /// The tag is not configured on this node.
    NoSuchTag = "LS-API-002", 404, "There is no such tag";
    /// No such path in the API.
    NoSuchPath = "LS-API-003", 404, "There is no such page";
    /// The path does not take this method.
    NoSuchMethod = "LS-API-004", 405, "The method is not allowed here";
    /// The body is longer than the limit.
    TooLarge = "LS-API-005", 413, "The body is too large";
    /// The body is not JSON of the right shape.
    Body = "LS-API-006", 400, "The body cannot be understood";
    /// The body is not declared as JSON.
    NotJson = "LS-API-007", 415, "The body must be JSON";
    /// The body did not arrive in time.
    SlowBody = "LS-API-008", 408, "The body did not arrive in time";
    /// The `Host` header names another machine.
    Host = "LS-API-009", 403, "The request names another host";
    /// The request comes from a page of another site.
    Origin = "LS-API-010", 403, "The request comes from another site";
    /// The device or the road to it refused a write.
    Refused = "LS-API-011", 409, "The write was refused";
    /// The value does not fit the tag.
    Value = "LS-API-012", 409, "The value does not fit the tag";
    /// The tag cannot be written.
    ReadOnly = "LS-API-013", 409, "The tag is read-only";
    /// Nobody knows whether the write was done.
    Unknown = "LS-API-014", 504, "The outcome of the write is unknown";
    /// Too many history questions at a time.
    Busy = "LS-API-015", 503, "Too many questions at a time";
    /// The history question took too long.
    TooSlow = "LS-API-016", 504, "The question took too long";
    /// History cannot be read.
    Storage = "LS-API-017", 500, "History cannot be read";
    /// The node does not take work yet, or not any more.
    NotReady = "LS-API-018", 503, "The node is not ready";
    /// Too many connections.
    Connections = "LS-API-019", 503, "Too many connections";
    /// Too many tags on one live connection.
    LiveTags = "LS-API-020", 400, "Too many tags on one connection";
    /// Not a WebSocket handshake.
    NotWebSocket = "LS-API-021", 400, "This path speaks WebSocket";
    /// A mistake of ours.
    Internal = "LS-API-022", 500, "Something went wrong in the node";
    /// The request needs credentials, or those it has are not known (any more).
    NotKnown = "LS-API-023", 401, "Who asks is not known";
    /// Known, and may not.
    Forbidden = "LS-API-024", 403, "This is not allowed";
    /// Name or password are wrong.
    Credentials = "LS-API-025", 401, "Name or password are wrong";
    /// The password was right, the second factor is missing or wrong.
    FactorNeeded = "LS-API-026", 401, "A code of the second factor is needed";
    /// The new password is too weak.
    Password = "LS-API-027", 422, "The password is refused";
    /// The session is locked.
    Locked = "LS-API-028", 423, "The session is locked";
    /// The password must be changed before anything else.
    PasswordDue = "LS-API-029", 403, "The password must be changed first";
    /// The audit trail cannot be written, so nothing was done.
    Trail = "LS-API-030", 503, "The audit trail cannot be written";
    /// A reason is required.
    Reason = "LS-API-031", 422, "A reason is required";
    /// No such account, role, token, session, ….
    NoSuchRecord = "LS-API-032", 404, "There is no such record";
    /// It exists already, or was changed meanwhile.
    Conflict = "LS-API-033", 409, "It was changed meanwhile or exists already";
    /// The plant would not start with it.
    PlantRefused = "LS-API-034", 422, "The change of the plant is refused";
    /// The signature would not hold.
    SignatureRefused = "LS-API-035", 409, "The signature is refused";
    /// A second factor must be set up before anything else.
    FactorDue = "LS-API-036", 403, "A second factor must be set up first";
    /// There is an administrator already, or the link is wrong.
    SetupOver = "LS-API-037", 403, "Setup is over or the link is wrong";
    /// Too many logins at a time.
    LoginBusy = "LS-API-038", 503, "Too many logins at a time";
    /// The last administrator, more than one has, ….
    ChangeRefused = "LS-API-039", 409, "The change is refused";
    /// Plain HTTP on a listener that speaks TLS.
    NotTls = "LS-API-040", 400, "This port speaks TLS";
    /// The files of the audit trail cannot be read.
    TrailUnreadable = "LS-API-041", 500, "The audit trail cannot be read";
    /// The plant folder or its revisions cannot be read or written.
    PlantFailed = "LS-API-042", 500, "The plant folder cannot be read or changed";
    /// What is to be tried out cannot be a device.
    TrialWrong = "LS-API-043", 422, "What is to be tried out is wrong";
    /// The device that is tried out does not answer.
    TrialFailed = "LS-API-044", 502, "The device does not answer";
    /// The driver cannot list what a device offers.
    NoBrowse = "LS-API-045", 409, "This driver cannot browse";
    /// Somebody else wrote it.
    NotOwn = "LS-API-050", 403, "It belongs to somebody else";
    /// As many annotations or trends as are kept.
    DeskFull = "LS-API-051", 409, "No more of it is kept";
    /// Annotations, trends and settings cannot be read or written.
    DeskFailed = "LS-API-052", 500, "What people wrote cannot be read or kept";
    /// The caller has no account of his own.
    NoAccount = "LS-API-053", 403, "This needs an account";
    /// The annotation does not count any more.
    Withdrawn = "LS-API-054", 409, "The annotation was withdrawn";
    /// Too many exports of history.
    ExportsBusy = "LS-API-055", 503, "Too many exports at a time";
    /// No room on the disk for what somebody wrote.
    DeskNoRoom = "LS-API-056", 507, "There is no room to keep it";
    /// A level of the log that cannot be set.
    LogLevel = "LS-API-057", 422, "The level of the log is refused";
    /// The examination took too long.
    Examination = "LS-API-058", 504, "The examination took too long";
    /// The data folder cannot be measured.
    Storing = "LS-API-059", 500, "The data folder cannot be measured";
}

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) detail: String,
    field: Option<String>,
    remedy: Option<String>,
    /// Few errors have lists, and all are handed from function to function.
    lists: Option<Box<Lists>>,
}

/// What is wrong one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lists {
    reasons: Vec<String>,
    mistakes: Vec<MistakeLine>,
}

/// A mistake in the plant's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Mistake)]
pub(crate) struct MistakeLine {
    /// The file, relative to the plant folder.
    file: String,
    /// The line, from 1; 0 when the whole file is meant.
    line: u32,
    /// The column in characters, from 1; 0 when the whole file is meant.
    column: u32,
    /// The code with its page.
    code: String,
    /// What is wrong.
    what: String,
    /// What was meant or what to do; may be empty.
    help: String,
}

impl From<PlantMistake> for MistakeLine {
    fn from(mistake: PlantMistake) -> MistakeLine {
        let PlantMistake { file, line, column, code, what, help } = mistake;
        MistakeLine { file, line, column, code, what, help }
    }
}

/// An error, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:lineshaft:error:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every error of this code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time.
    detail: String,
    /// The stable code; `lineshaft explain CODE` prints its page.
    code: &'static str,
    /// The parameter or the member of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// Why a password is refused, each in a sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<String>,
    /// What is wrong with a plant that is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    mistakes: Vec<MistakeLine>,
}

impl ApiError {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> ApiError {
        ApiError { code, detail: detail.into(), field: None, remedy: None, lists: None }
    }

    /// A parameter that is wrong.
    pub(crate) fn query(field: &str, detail: impl Into<String>) -> ApiError {
        ApiError::new(Code::Query, detail).field(field)
    }

    /// Names the parameter or member that is wrong.
    pub(crate) fn field(mut self, field: &str) -> ApiError {
        self.field = Some(field.into());
        self
    }

    /// Says what to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> ApiError {
        self.remedy = Some(remedy.into());
        self
    }

    /// Says something else of what went wrong.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> ApiError {
        self.detail = detail.into();
        self
    }

    /// Adds why a password is refused.
    pub(crate) fn reasons(mut self, reasons: Vec<String>) -> ApiError {
        self.lists.get_or_insert_default().reasons = reasons;
        self
    }

    /// Adds what is wrong with a plant.
    pub(crate) fn mistakes(mut self, mistakes: Vec<PlantMistake>) -> ApiError {
        let mistakes = mistakes.into_iter().map(MistakeLine::from).collect();
        self.lists.get_or_insert_default().mistakes = mistakes;
        self
    }

    fn problem(self) -> Problem {
        let (code, status, title) = self.code.line();
        let mut kind = String::from("urn:lineshaft:error:");
        let _ = write!(kind, "{code}");
        let ApiError { detail, field, remedy, lists, .. } = self;
        let Lists { reasons, mistakes } = lists.map(|lists| *lists).unwrap_or_default();
        Problem { kind, title, status, detail, code, field, remedy, reasons, mistakes }
    }

    /// The whole HTTP/1.1 answer as bytes, for a connection that is closed before any request is read.
    pub(crate) fn raw(self) -> Vec<u8> {
        let problem = self.problem();
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut raw = format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
            problem.status,
            problem.title,
            body.len()
        )
        .into_bytes();
        raw.extend_from_slice(&body);
        raw
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            // Not `Basic`: a browser would ask for a password in a window of its own.
            let scheme = HeaderValue::from_static("Bearer realm=\"lineshaft\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_count_up() {
        let mut before = 0;
        for (code, status, title) in CODES {
            let number: u32 = code.strip_prefix("LS-API-").unwrap().parse().unwrap();
            assert!(number > before && code.len() == 10, "{code}");
            assert!((400..600).contains(status) && !title.is_empty());
            before = number;
        }
    }
}
