//! `lineshaft init`: a small plant folder whose files explain themselves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The files of a new plant folder.
pub const FILES: [(&str, &str); 4] = [
    ("lineshaft.toml", include_str!("init/lineshaft.toml")),
    ("devices/line-1.toml", include_str!("init/devices/line-1.toml")),
    ("tags/press-1.csv", include_str!("init/tags/press-1.csv")),
    ("pipelines/line-1.toml", include_str!("init/pipelines/line-1.toml")),
];

/// Why no plant folder was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// Something is there already.
    #[error("{} is not empty, and init overwrites nothing", .0.display())]
    NotEmpty(PathBuf),
    /// The disk said no.
    #[error("cannot write {}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl InitError {
    /// The code with a page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            InitError::NotEmpty(_) => "LS-CFG-023",
            InitError::Write { .. } => "LS-CFG-001",
        }
    }
}

/// Writes a plant folder and says what to do next. Exit code 0 when it is written, 1 when it is not.
#[must_use]
pub fn run(dir: &Path) -> ExitCode {
    match write(dir) {
        Ok(()) => {
            say!("wrote {}", dir.display());
            for (name, _) in FILES {
                say!("  {name}");
            }
            let (shown, fix) = (dir.display(), dir != Path::new("plant"));
            let plant = if fix { format!(" --plant {shown}") } else { String::new() };
            say!("next: edit {shown}/devices/line-1.toml, then");
            say!("  lineshaft check{plant}");
            say!("  lineshaft run{plant}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain!("error {}: {}", error.code(), lineshaft_contract::Chain(&error));
            complain!("  = more: lineshaft explain {}", error.code());
            ExitCode::FAILURE
        }
    }
}

/// Writes a plant folder into `dir`, which is made when it is not there.
///
/// # Errors
/// [`InitError::NotEmpty`] when anything is in it; nothing was written then.
pub fn write(dir: &Path) -> Result<(), InitError> {
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |source| InitError::Write { path, source }
    };
    if dir.exists() {
        let mut entries = fs::read_dir(dir).map_err(wrong(dir))?;
        if entries.next().is_some() {
            return Err(InitError::NotEmpty(dir.to_owned()));
        }
    }
    for (name, text) in FILES {
        let path = dir.join(name);
        let folder = path.parent().unwrap_or(dir);
        fs::create_dir_all(folder).map_err(wrong(folder))?;
        fs::write(&path, text).map_err(wrong(&path))?;
    }
    Ok(())
}
