//! Asking the node that runs on a data folder, or the folder itself.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::office::Office;
use super::{At, ControlError, socket};
use crate::node::StartError;

/// The accounts, the trail and the revisions of one data folder.
#[derive(Debug)]
pub struct Control {
    folder: PathBuf,
    /// Opened here when no node runs.
    office: Option<Office>,
}

impl Control {
    /// Reaches the node on `folder`, or opens the folder.
    ///
    /// # Errors
    /// [`ControlError`] when neither works.
    pub async fn open(at: &At, make: Missing) -> Result<Control, ControlError> {
        let folder = at.data.clone();
        match not_entered(&folder) {
            Some(source) => return Err(ControlError::NotEntered { folder, source }),
            None if !folder.is_dir() && matches!(make, Missing::IsAnError) => {
                return Err(ControlError::NoFolder(folder));
            }
            None => {}
        }
        match socket::connect(&folder).await {
            Ok(_answers) => Ok(Control { folder, office: None }),
            Err(source) if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(ControlError::NotAllowed { folder, source })
            }
            Err(source) => match Office::open(&folder, &at.plant).await {
                Ok(office) => Ok(Control { folder, office: Some(office) }),
                Err(StartError::InUse { folder }) => Err(ControlError::Silent { folder, source }),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Asks; what is not a 2xx is an error.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, ControlError> {
        let silent = |source| ControlError::Silent { folder: self.folder.clone(), source };
        let stream = socket::connect(&self.folder).await.map_err(silent)?;
        let broken = |source| ControlError::Broken { source };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let Ok(request) = request.body(Full::new(bytes)) else {
            let detail = format!("`{path}` cannot be asked for");
            return Err(ControlError::Refused(Box::new(serde_json::json!({ "detail": detail }))));
        };
        let asking = async {
            let reply = sender.send_request(request).await?;
            let status = reply.status();
            Ok((status, reply.into_body().collect().await?.to_bytes()))
        };
        let (status, bytes) = tokio::select! {
            answered = asking => answered.map_err(broken)?,
            ended = connection => {
                let lost = std::io::ErrorKind::ConnectionAborted.into();
                return Err(ended.err().map_or_else(|| silent(lost), broken));
            }
        };
        if status.is_success() {
            return Ok(Answer { status, bytes });
        }
        let problem = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes)));
        Err(ControlError::Refused(Box::new(problem)))
    }

    /// `GET`, as JSON.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn get(&self, path: &str) -> Result<Value, ControlError> {
        Ok(self.ask(Method::GET, path, None).await?.json())
    }

    /// `POST`, as JSON.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, ControlError> {
        Ok(self.ask(Method::POST, path, Some(body)).await?.json())
    }

    pub(super) async fn close(self) {
        if let Some(office) = self.office {
            office.close().await;
        }
    }
}

/// The node that runs on a data folder; `None` when none does, or one that does not answer.
///
/// # Errors
/// [`ControlError`] when this account may not ask.
pub(crate) async fn running(folder: &Path) -> Result<Option<Control>, ControlError> {
    let folder = folder.to_owned();
    if let Some(source) = not_entered(&folder) {
        return Err(ControlError::NotEntered { folder, source });
    }
    match socket::connect(&folder).await {
        Ok(_answers) => Ok(Some(Control { folder, office: None })),
        Err(source) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(ControlError::NotAllowed { folder, source })
        }
        Err(_) => Ok(None),
    }
}

/// Why a folder that is there, or may be, cannot be looked into.
fn not_entered(folder: &Path) -> Option<std::io::Error> {
    let entered = std::fs::metadata(folder.join(".")).and_then(|_| std::fs::File::open(folder));
    entered.err().filter(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// What to do about a data folder that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Make it: the first account may be older than the first start.
    IsMade,
    /// Say so.
    IsAnError,
}

/// An answer that is not an error.
#[derive(Debug)]
pub struct Answer {
    /// 200, 201 or 202.
    pub status: StatusCode,
    /// Its body.
    pub bytes: Bytes,
}

impl Answer {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}
