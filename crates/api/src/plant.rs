//! The plant's files as they run now, and changing them.

use axum::response::{IntoResponse, Response};
use lineshaft_audit::{Act, Action};
use lineshaft_contract::{Approval, Change, ChangeMode, FileEdit, NewFile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, ChangeConfig, ReadConfig, Scope};
use crate::audit::seq;
use crate::configuring::{ChangedPage, FileLine, Work, by, carry_out, configuration, named, turn};
use crate::limits;
use crate::problem::{ApiError, Code, Problem};
use crate::query::{Json, Params};
use crate::refusals::check_reason;
use crate::revisions::changed;
use crate::shape::Written;

/// The files that run now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlantFiles)]
struct FilesPage {
    /// In the order of their paths.
    files: Vec<FileLine>,
    /// The revision they are.
    revision: u64,
}

/// A file with its content.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlantFile)]
struct FilePage {
    /// Which.
    path: String,
    /// Its content; null when it is not UTF-8.
    #[schema(required)]
    text: Option<String>,
    /// SHA-256 of its content, in hexadecimal: the `base` of a change.
    sha256: String,
    /// Its length.
    bytes: usize,
    /// Whether a change may write it: tag tables outside the plant folder are only read.
    writable: bool,
}

/// A change of the plant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlantRequest {
    /// Whole files that are written or removed.
    #[serde(default)]
    #[schema(required = false)]
    files: Vec<NewFileRequest>,
    /// Keys in TOML files that are set or removed; comments, order and spaces around them stay. Applied behind `files`.
    #[serde(default)]
    #[schema(required = false)]
    edits: Vec<EditRequest>,
    /// Only says what would happen.
    #[serde(default)]
    #[schema(required = false)]
    check_only: bool,
    /// Why.
    #[serde(default)]
    why: String,
}

/// A file that is written or removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFileRequest {
    /// Relative to the plant folder, with `/`.
    path: String,
    /// Its new content; null removes it. Never left out: nobody removes a file by forgetting something.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    text: Option<String>,
    /// SHA-256 of the content it replaces; null when it is new.
    #[serde(default)]
    base: Option<String>,
}

/// Keys of a file that are set or removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditRequest {
    /// Relative to the plant folder, with `/`.
    path: String,
    /// SHA-256 of the content it was made for; null takes the file as it is.
    #[serde(default)]
    base: Option<String>,
    /// Keys with their new values; tables on the way are made.
    #[serde(default)]
    #[schema(required = false)]
    set: Vec<SetRequest>,
    /// Keys and tables that go.
    #[serde(default)]
    #[schema(required = false)]
    remove: Vec<Vec<String>>,
}

/// A key with its new value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetRequest {
    /// The way to it: `["press-1", "period"]`.
    key: Vec<String>,
    /// A text, a number, true or false, a list, or a table.
    #[schema(value_type = Object)]
    value: serde_json::Value,
}

impl PlantRequest {
    fn change(self) -> Change {
        let file = |file: NewFileRequest| NewFile {
            path: file.path,
            content: file.text.map(String::into_bytes),
            base: file.base,
        };
        let edit = |edit: EditRequest| FileEdit {
            path: edit.path,
            base: edit.base,
            set: edit.set.into_iter().map(|set| (set.key, set.value)).collect(),
            remove: edit.remove,
        };
        Change {
            files: self.files.into_iter().map(file).collect(),
            edits: self.edits.into_iter().map(edit).collect(),
            mode: if self.check_only { ChangeMode::CheckOnly } else { ChangeMode::Apply },
            why: self.why,
        }
    }
}

/// Lists the files that run now.
#[utoipa::path(
    get,
    path = "/api/v1/plant/files",
    responses((status = 200, description = "The files", body = FilesPage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn list_files(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&[])?;
    let (plant, _turn) = turn(caller.may(Scope::Node)?).await?;
    let current = plant.files().await?;
    let files: Vec<FileLine> = current.files.into_iter().map(FileLine::from).collect();
    let bytes = files.len() * 150;
    Ok(Written::new(&FilesPage { files, revision: current.revision }, bytes))
}

/// Reads a file as it runs now, or as a revision had it.
#[utoipa::path(
    get,
    path = "/api/v1/plant/file",
    params(
        ("path" = String, Query, description = "As `plant/files` has it"),
        ("revision" = Option<u64>, Query, minimum = 0, description = "As this revision had it"),
    ),
    responses((status = 200, description = "The file", body = FilePage), (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn read_file(
    caller: Caller<ReadConfig>,
    params: Params,
) -> Result<Written, ApiError> {
    params.only(&["path", "revision"])?;
    let path = params.one("path")?.ok_or_else(|| {
        ApiError::query("path", "`path` is missing").remedy("`GET /api/v1/plant/files` lists them")
    })?;
    let at = seq(&params, "revision")?;
    let (plant, _turn) = turn(caller.may(Scope::Node)?).await?;
    let file = plant.file(path.to_owned(), at).await?;
    let bytes = file.bytes.len();
    let page = FilePage {
        path: file.path,
        text: String::from_utf8(file.bytes).ok(),
        sha256: file.sha256,
        bytes,
        writable: file.writable,
    };
    Ok(Written::new(&page, bytes + 256))
}

/// Changes the plant; where four eyes are wanted, that waits for a second person. Refused whole when the plant would not
/// run with it.
#[utoipa::path(
    post,
    path = "/api/v1/plant/change",
    request_body = PlantRequest,
    responses(
        (status = 200, description = "It runs, or was checked", body = ChangedPage),
        (status = 202, description = "It waits for a second person", body = ChangedPage),
        (status = "default", description = "Problem", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change_plant(
    caller: Caller<ChangeConfig>,
    Json(request): Json<PlantRequest>,
) -> Result<Response, ApiError> {
    let shared = caller.may(Scope::Node)?;
    let parts = request.files.len() + request.edits.len();
    if parts > limits::CHANGE_FILES_MAX {
        let detail = format!("a change has at most {} files", limits::CHANGE_FILES_MAX);
        return Err(ApiError::new(Code::Body, detail).field("files"));
    }
    if request.check_only {
        let (plant, _turn) = turn(shared).await?;
        let by = by(&shared.api, caller.pass());
        let checked = plant.change(request.change(), by).await?;
        caller.changed_nothing();
        return Ok(Written::new(&ChangedPage::from(checked), 4_096).into_response());
    }
    check_reason(&shared.api, &request.why)?;
    let change = request.change();
    let four_eyes = configuration(&shared.api)?.policy().approval == Approval::FourEyes;
    let action = if four_eyes { Action::PlantPropose } else { Action::PlantChange };
    let files = change.files.iter().map(|file| file.path.as_str());
    let files = named(files.chain(change.edits.iter().map(|edit| edit.path.as_str())));
    let act = Act::done(caller.actor(), action, "plant folder").new(files).why(&change.why);
    let by = by(&shared.api, caller.pass());
    let (ended, entry) = carry_out(shared, Work::Change(change), act, by).await?;
    caller.recorded(&entry);
    changed(ended)
}
