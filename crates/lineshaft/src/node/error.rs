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
