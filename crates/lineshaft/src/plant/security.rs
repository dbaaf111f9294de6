//! What `lineshaft.toml` says about who may come in, and what it may not say without saying so in words.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use lineshaft_api::is_loopback;

use super::files::Files;
use super::mistake::Mistake;
use super::node::{NodeParts, read_text, value_span};
use super::schema::Spans;
use super::settings::{AuditSettings, HttpSettings, NodeSettings, SecuritySettings};
use super::source::Source;
use super::table::{Clients, HttpTable, Insecure, SecurityTable};

/// What `lineshaft.toml` says about who may come in.
#[derive(Debug)]
pub struct Gatekeeping {
    /// Who the node is.
    pub node: NodeSettings,
    /// Where it listens.
    pub http: HttpSettings,
    /// Who may come in.
    pub security: SecuritySettings,
    /// The trail.
    pub audit: AuditSettings,
}

/// What a `lineshaft.toml` says about who may come in: of a plant that does not run, so mistakes in it are nobody's
/// concern now, and defaults stand where it says nothing or is not there.
#[must_use]
pub fn gatekeeping_of(text: Option<&str>) -> Gatekeeping {
    gatekeeping_in(Path::new("."), text)
}

/// As [`gatekeeping_of`]; the files that it refers to are relative to the plant folder `dir`.
#[must_use]
pub fn gatekeeping_in(dir: &Path, text: Option<&str>) -> Gatekeeping {
    let mut files = Files::new(dir);
    let source = Source::new("lineshaft.toml".into(), text.unwrap_or_default().to_owned());
    let NodeParts { node, http, security, audit, .. } = read_text(&source, &mut files);
    Gatekeeping { node, http, security, audit }
}

/// A reference to a file, as `file:/etc/ssl/plant.pem`; a relative one is relative to the plant folder.
fn referred(text: &str) -> Option<PathBuf> {
    text.strip_prefix("file:").filter(|path| !path.is_empty()).map(PathBuf::from)
}

pub(super) fn http(table: HttpTable, listen: SocketAddr) -> HttpSettings {
    let certificate = table.certificate.as_deref().and_then(referred);
    HttpSettings {
        listen,
        tls: table.tls,
        names: table.names,
        pair: certificate.zip(table.key.as_deref().and_then(referred)),
        clients: table.client_certificates,
    }
}

pub(super) fn settings(table: SecurityTable) -> SecuritySettings {
    SecuritySettings {
        anonymous: table.anonymous,
        banner: table.banner,
        require_reason: table.require_reason,
        four_eyes: table.four_eyes,
        insecure: table.insecure,
        session_idle: table.session_idle.0,
        session_idle_means: table.session_idle_means,
        session_max: table.session_max.0,
        sessions_per_account: table.sessions_per_account,
        password_length_min: table.password_length_min,
        password_score_min: table.password_score_min,
        password_history: table.password_history,
        password_lifetime: table.password_lifetime.map(|lifetime| lifetime.0),
        lockout_attempts: table.lockout_attempts,
        lockout_window: table.lockout_window.0,
        lockout_pause: table.lockout_pause.0,
        lockout_source_attempts: table.lockout_source_attempts,
        second_factor: table.second_factor,
    }
}

/// A certificate has its key beside it, and both are references: a key never stands in the plant folder's text.
pub(super) fn check_references(
    http: &HttpTable,
    source: &Source,
    spans: &Spans,
    files: &mut Files,
) {
    let both = [("certificate", &http.certificate), ("key", &http.key)];
    for (key, said) in both {
        if let Some(text) = said
            && referred(text).is_none()
        {
            let what = format!("`{key}` must be a reference to a file");
            let mistake =
                source.error("LS-CFG-024", &value_span(spans, &format!("http.{key}")), what);
            // What stands there may be the key itself: it is not repeated.
            let ends = if key == "key" { "key" } else { "pem" };
            let help = format!("write `{key} = \"file:/etc/ssl/plant.{ends}\"`");
            files.found.push(mistake.note("in http").help(help));
        }
    }
    let missing = match (&http.certificate, &http.key) {
        (Some(_), None) => Some(("certificate", "key")),
        (None, Some(_)) => Some(("key", "certificate")),
        _ => None,
    };
    if let Some((there, missing)) = missing {
        let what = format!("`{there}` without `{missing}`");
        let mistake =
            source.error("LS-CFG-024", &value_span(spans, &format!("http.{there}")), what);
        files.found.push(mistake.note("in http").help(format!("add `{missing} = \"file:…\"`")));
    }
}

/// What other machines reach speaks TLS and knows who asks, unless the file says in words that it does not.
pub(super) fn check_exposure(parts: &NodeParts, source: &Source, spans: &Spans, files: &mut Files) {
    let (http, security) = (&parts.http, &parts.security);
    let listen = http.listen;
    if is_loopback(listen.ip()) {
        return;
    }
    let accepted = |word| security.insecure.contains(&word);
    let refusal = |key: &str, what: String, remedy: &str, word: Insecure| -> Mistake {
        let mistake = source.error("LS-CFG-021", &value_span(spans, key), what).help(remedy);
        mistake.help(format!(
            "or say that it is meant: `insecure = [\"{}\"]` in `[security]`",
            word.word()
        ))
    };
    if !http.speaks_tls(listen) && !accepted(Insecure::HttpWithoutTls) {
        let what = format!(
            "other machines reach `{listen}`, and passwords would cross the network readable"
        );
        let remedy = "leave `tls` out: the node makes its own certificate";
        let mistake = refusal("http.tls", what, remedy, Insecure::HttpWithoutTls);
        files.found.push(mistake.note("in http"));
    }
    if let Some(role) = &security.anonymous
        && !accepted(Insecure::AnonymousOverNetwork)
    {
        let what = format!("other machines reach `{listen}`, and whoever does would be `{role}`");
        let remedy = "leave `anonymous` out: people get accounts, programs get tokens";
        let word = Insecure::AnonymousOverNetwork;
        let mistake = refusal("security.anonymous", what, remedy, word);
        files.found.push(mistake.note("in security"));
    }
}

/// Certificates of clients are part of TLS: where it is not spoken, nobody would be asked for one.
pub(super) fn check_clients(
    http: &HttpSettings,
    source: &Source,
    spans: &Spans,
    files: &mut Files,
) {
    let word = match http.clients {
        Clients::Off => return,
        Clients::Optional => "optional",
        Clients::Required => "required",
    };
    let listen = http.listen;
    if http.speaks_tls(listen) {
        return;
    }
    let what = format!(
        "`client_certificates` is `{word}`, and `{listen}` speaks no TLS: nobody would be asked for a certificate"
    );
    let span = value_span(spans, "http.client_certificates");
    let mistake = source.error("LS-CFG-025", &span, what).note("in http");
    let mistake = mistake.help("set `tls = \"on\"`: the node makes its own certificate");
    files.found.push(mistake.help("or leave `client_certificates` out"));
}

/// What people call this node by goes into its certificate: names and addresses, nothing around them.
pub(super) fn check_names(http: &HttpTable, source: &Source, spans: &Spans, files: &mut Files) {
    for (number, name) in http.names.iter().enumerate() {
        if is_name(name) {
            continue;
        }
        let what = format!("`{name}` is not the name of a machine, nor an address");
        let span = value_span(spans, &format!("http.names[{number}]"));
        let mistake = source.error("LS-CFG-006", &span, what).note("in http");
        files.found.push(mistake.help(meant_by(name)));
    }
}

/// What to write instead of what is not a name.
fn meant_by(text: &str) -> String {
    let words: Vec<&str> = text.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
    if words.len() > 1 && words.iter().all(|word| is_name(word)) {
        return format!("did you mean `\"{}\"`?", words.join("\", \""));
    }
    if text.trim().starts_with("*.") {
        return "write every name in full; only a `certificate` of your own can be for all of them"
            .into();
    }
    let rest = text.trim().split_once("://").map_or(text.trim(), |(_scheme, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => rest,
    };
    if is_name(host) {
        format!("did you mean `{host}`?")
    } else {
        "write the name or the address alone, as in `plant.example` or `10.0.0.5`".into()
    }
}

/// Whether a certificate can be for it: an address, or labels of letters, digits and hyphens, up to 63 each and 253
/// in all, the last of them not a number (RFC 1123, 2.1).
fn is_name(text: &str) -> bool {
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return true;
    }
    let is_label = |label: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len())
            && label.chars().all(good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or(text);
    text.len() <= 253 && text.split('.').all(is_label) && !last.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_a_name_is_taken_off_in_the_advice() {
        for good in ["plant.example", "edge-1", "10.0.0.5", "::1", "[fe80::1]", "a_b.local"] {
            assert!(is_name(good), "{good}");
        }
        for (wrong, meant) in [
            ("https://plant.example", "did you mean `plant.example`?"),
            ("plant.example:8443/x", "did you mean `plant.example`?"),
            ("https://[::1]:8443", "did you mean `[::1]`?"),
            (" plant.example", "did you mean `plant.example`?"),
            ("a b", "did you mean `\"a\", \"b\"`?"),
        ] {
            assert!(!is_name(wrong), "{wrong}");
            assert_eq!(meant_by(wrong), meant);
        }
        for wrong in ["", "-a", "a..b", "10.0.0.256", "für.example", "*.example"] {
            assert!(!is_name(wrong), "{wrong}");
            assert!(meant_by(wrong).starts_with("write "), "{wrong}");
        }
    }
}
