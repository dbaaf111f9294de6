//! Why a node does not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use lineshaft_pipeline::PipelineMistake;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data folder cannot be made or locked.
    #[error("LS-NOD-001: cannot use the data folder {}", folder.display())]
    DataFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process works on the data folder.
    #[error("LS-NOD-002: another lineshaft process works on {}; stop it, or give this one a folder of its own with --data", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Root, on a folder of another account of the operating system: what root makes there, the node cannot open.
    #[error(
        "LS-NOD-010: {} belongs to {owner}, and what root makes there the node could not open; ask as that account: sudo -u {owner} lineshaft …",
        folder.display()
    )]
    NotYours {
        /// The data folder, or the folder in which it would be made.
        folder: PathBuf,
        /// Whose it is, as `sudo -u` takes it.
        owner: String,
    },
    /// The shaft does not open.
    #[error("{code}: cannot open the shaft", code = source.code())]
    Shaft {
        /// Why.
        source: lineshaft_record::OpenError,
    },
    /// The historian does not open.
    #[error("{code}: cannot open the historian", code = source.code())]
    Historian {
        /// Why.
        source: lineshaft_historian::HistorianError,
    },
    /// The audit trail does not open.
    #[error("{code}: cannot open the audit trail", code = source.code())]
    Trail {
        /// Why.
        source: lineshaft_audit::OpenError,
    },
    /// The accounts do not open.
    #[error("{code}: cannot open the accounts", code = source.code())]
    Identity {
        /// Why.
        source: lineshaft_identity::OpenError,
    },
    /// What people put beside the values does not open.
    #[error("{code}: cannot open what people put beside the values", code = source.code())]
    Desk {
        /// Why.
        source: lineshaft_desk::StoreError,
    },
    /// The certificates do not open.
    #[error("{code}: cannot open the certificates", code = source.code())]
    Certificates {
        /// Why.
        source: lineshaft_tls::TlsError,
    },
    /// Other machines reach the listener, and it is not safe there.
    #[error("LS-NOD-008: the node does not start like this")]
    Exposed {
        /// Why.
        source: lineshaft_api::ExposureError,
    },
    /// The revisions of the plant folder do not open.
    #[error(transparent)]
    Revisions {
        /// Why, with its code.
        source: lineshaft_revision::StoreError,
    },
    /// No threads can be had.
    #[error("LS-NOD-005: cannot start the threads that serve people and programs")]
    Threads {
        /// Why.
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error(
        "LS-NOD-003: cannot listen on {address}; is something else using that port? Change [http] listen in lineshaft.toml, or use port 0 for a free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The pipelines of the plant do not fit together; reading the folder finds that earlier.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Pipeline(Vec<PipelineMistake>),
}
