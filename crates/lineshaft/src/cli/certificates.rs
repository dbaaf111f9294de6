//! `lineshaft cert`: the node's authority, its certificate, and those of clients.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use super::control::{At, Control, ControlError, Missing, Table, escaped, millis, text, with};

/// The longest a client certificate is valid, in days: what the node allows.
const DAYS_MAX: i64 = 1825;

const AUTHORITY: &str = "/api/v1/certificates/authority";

/// `lineshaft cert …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists all certificates of the node.
    List,
    /// Prints the certificate of the node's authority: what browsers and clients have to trust.
    Authority,
    /// Issues a certificate to an account, with its key.
    Issue {
        /// The account: what shows the certificate acts in its name.
        account: String,
        /// For how many days.
        #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
        days: u32,
        /// The folder for `<account>.pem`, `<account>.key` and `authority.pem`.
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Signs a request whose key never left its machine; prints the certificate.
    Request {
        /// The account: what shows the certificate acts in its name.
        account: String,
        /// The request, PEM.
        csr: PathBuf,
        /// For how many days.
        #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
        days: u32,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Revokes a certificate at once.
    Revoke {
        /// Its fingerprint (SHA-256), as `list` shows it.
        fingerprint: String,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
    /// Makes a new certificate for the node itself.
    Renew {
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
    },
}

/// Runs `lineshaft cert`.
#[must_use]
pub fn run(at: &At, command: Command) -> ExitCode {
    with(at, Missing::IsAnError, async |control| act(control, command).await)
}

async fn act(control: &Control, command: Command) -> Result<(), ControlError> {
    match command {
        Command::List => list(&control.get("/api/v1/certificates").await?),
        Command::Authority => {
            let answer = control.ask(Method::GET, AUTHORITY, None).await?;
            say_text!("{}", String::from_utf8_lossy(&answer.bytes));
        }
        Command::Issue { account, days, out, why } => {
            // A certificate that is issued and cannot be written down would be of use to nobody.
            let authority = control.ask(Method::GET, AUTHORITY, None).await?.bytes;
            let targets = Targets::make(&out, &account, &authority)
                .map_err(|(path, error)| local(&path, &error))?;
            let body = json!({ "account": account, "days": days, "why": why });
            let issued = match control.post("/api/v1/certificates", body).await {
                Ok(issued) => issued,
                Err(error) => {
                    targets.take_back();
                    return Err(error);
                }
            };
            targets.save(&issued, &authority).map_err(|error| local(&out, &error))?;
        }
        Command::Request { account, csr, days, why } => {
            let request = std::fs::read_to_string(&csr).map_err(|error| local(&csr, &error))?;
            let body = json!({ "account": account, "request": request, "days": days, "why": why });
            let issued = control.post("/api/v1/certificates", body).await?;
            say_text!("{}", text(&issued["certificate"]));
        }
        Command::Revoke { fingerprint, why } => {
            let path = format!("/api/v1/certificates/{}/revoke", escaped(&fingerprint));
            control.post(&path, json!({ "why": why })).await?;
            say!("revoked {fingerprint}");
        }
        Command::Renew { why } => {
            let renewed = control.post("/api/v1/certificates/renew", json!({ "why": why })).await?;
            say!("renewed, valid until {}", millis(&renewed["not_after_ms"]));
        }
    }
    Ok(())
}

fn local(path: &Path, error: &io::Error) -> ControlError {
    let detail = format!("{}: {error}", path.display());
    ControlError::Refused(Box::new(json!({ "detail": detail })))
}

/// The files of a certificate, made before it is asked for: what cannot be made, or is there already, is said first.
struct Targets {
    certificate: (PathBuf, File),
    key: (PathBuf, File),
    /// `None` where it lies already, from an earlier certificate.
    authority: Option<(PathBuf, File)>,
}

impl Targets {
    /// Makes them, or none of them.
    fn make(out: &Path, account: &str, authority: &[u8]) -> Result<Targets, (PathBuf, io::Error)> {
        std::fs::create_dir_all(out).map_err(|error| (out.to_owned(), error))?;
        if account.contains('/') {
            let no_name = io::Error::other("no account has a name with a slash");
            return Err((PathBuf::from(account), no_name));
        }
        let named = |name: String| out.join(name);
        let authority_path = named("authority.pem".into());
        let has_authority = std::fs::read(&authority_path).is_ok_and(|known| known == authority);
        let mut made = Vec::new();
        for (path, mode) in [
            (named(format!("{account}.pem")), 0o644),
            (named(format!("{account}.key")), 0o600),
            (authority_path, 0o644),
        ] {
            if has_authority && made.len() == 2 {
                break;
            }
            let mut options = std::fs::OpenOptions::new();
            match options.write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => made.push((path, file)),
                Err(error) => {
                    take_back(made);
                    let is_there = error.kind() == io::ErrorKind::AlreadyExists;
                    let there =
                        "it is there already, and nothing is overwritten; take another --out";
                    return Err((path, if is_there { io::Error::other(there) } else { error }));
                }
            }
        }
        let mut made = made.into_iter();
        match (made.next(), made.next(), made.next()) {
            (Some(certificate), Some(key), authority) => {
                Ok(Targets { certificate, key, authority })
            }
            _ => Err((out.to_owned(), io::Error::other("not all files were made"))),
        }
    }

    /// Removes what was made: nothing was issued.
    fn take_back(self) {
        take_back([self.certificate, self.key].into_iter().chain(self.authority));
    }

    fn save(self, issued: &Value, authority: &[u8]) -> io::Result<()> {
        let certificate = text(&issued["certificate"]);
        let key = text(&issued["key"]);
        let both = [(self.certificate, certificate.as_bytes()), (self.key, key.as_bytes())];
        let authority = self.authority.map(|target| (target, authority));
        for ((path, mut file), bytes) in both.into_iter().chain(authority) {
            file.write_all(bytes)?;
            file.sync_all()?;
            say!("wrote {}", path.display());
        }
        Ok(())
    }
}

fn take_back(made: impl IntoIterator<Item = (PathBuf, File)>) {
    for (path, _file) in made {
        if let Err(error) = std::fs::remove_file(&path) {
            complain!("an empty {} is left: {error}", path.display());
        }
    }
}

fn list(answer: &Value) {
    let mut table = Table::new(&["PURPOSE", "SUBJECT", "ACCOUNT", "UNTIL", "STATE", "FINGERPRINT"]);
    for line in answer["certificates"].as_array().into_iter().flatten() {
        let state = if line["revoked"] == true { "revoked" } else { "valid" };
        table.row([
            text(&line["purpose"]),
            text(&line["subject"]),
            text(&line["account"]),
            millis(&line["not_after_ms"]),
            state.into(),
            text(&line["fingerprint"]),
        ]);
    }
    table.print();
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn files_that_are_there_are_not_overwritten_and_nothing_is_left_beside_them() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("new");
        let said = |made: Result<Targets, (PathBuf, io::Error)>| {
            let Err((path, error)) = made else { panic!("made") };
            format!("{}: {error}", path.strip_prefix(&out).unwrap_or(&path).display())
        };
        let names = || {
            let mut names: Vec<_> =
                std::fs::read_dir(&out).unwrap().map(|one| one.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let issued = json!({ "certificate": "C", "key": "K" });
        Targets::make(&out, "press", b"A").ok().unwrap().save(&issued, b"A").unwrap();
        assert_eq!(names(), ["authority.pem", "press.key", "press.pem"]);
        assert_eq!(std::fs::read(out.join("press.key")).unwrap(), b"K");

        assert!(said(Targets::make(&out, "press", b"A")).starts_with("press.pem: it is there"));
        // A second account has the same authority, and another node's is not taken for it.
        Targets::make(&out, "mill", b"A").ok().unwrap().take_back();
        let other = said(Targets::make(&out, "mill", b"B"));
        assert!(other.starts_with("authority.pem: it is there"), "{other}");
        assert_eq!(names(), ["authority.pem", "press.key", "press.pem"]);
        assert_eq!(std::fs::read(out.join("press.pem")).unwrap(), b"C");
        assert!(said(Targets::make(&out, "../press", b"A")).contains("slash"));
        let in_a_file = out.join("press.pem/below");
        assert!(Targets::make(&in_a_file, "mill", b"A").is_err());
    }

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    #[test]
    fn a_certificate_is_asked_for_as_many_days_as_the_node_allows_and_no_more() {
        for words in [["issue", "press"].as_slice(), &["request", "press", "press.csr"]] {
            for (days, is_taken) in
                [("0", false), ("1", true), ("1825", true), ("1826", false), ("3650", false)]
            {
                let line = [&["cert"], words, &["--days", days]].concat();
                assert_eq!(Line::try_parse_from(line).is_ok(), is_taken, "{words:?} {days}");
            }
        }
    }
}
