//! Strangers: `openssl s_client`, `openssl verify` and `curl` against a listener on a free port.
//!
//! They look at the machine's clock, so this node does too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use lineshaft_runtime::Clock;
use lineshaft_tls::{Certificates, Clients, Wanted, fingerprint_hex};
use rustls::{ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::plant::DAY;

/// A listener that answers each request with who asked.
struct Listener {
    certificates: Certificates,
    dir: TempDir,
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    fn new(clients: Clients) -> Listener {
        let dir = tempfile::tempdir().unwrap();
        let wanted = Wanted { clients, ..Wanted::default() };
        let certificates =
            Certificates::open(Clock::real(), &dir.path().join("tls"), wanted).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let (own, stopped) = (certificates.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let _ = answer(&own, stream.unwrap()); // a refused handshake is what is tested
            }
        });
        let listener = Listener { certificates, dir, port, stop, thread: Some(thread) };
        listener.write("ca.pem", &listener.certificates.authority_pem());
        listener
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn s_client(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &format!("127.0.0.1:{}", self.port)]);
        command.args(["-servername", "localhost", "-verify_return_error", "-ign_eof"]);
        command.args(["-CAfile", &self.path("ca.pem")]).args(arguments);
        run(command, b"GET / HTTP/1.0\r\n\r\n")
    }

    fn curl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]);
        command.args(["--cacert", &self.path("ca.pem")]).args(arguments);
        command.arg(format!("https://localhost:{}/", self.port));
        run(command, b"")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(certificates: &Certificates, stream: TcpStream) -> std::io::Result<()> {
    let connection =
        ServerConnection::new(certificates.server_config()).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut bytes = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&bytes[..read]),
        }
    }
    let who = Certificates::client_fingerprint(&stream.conn);
    let who = who.map_or("nobody".to_owned(), |print| fingerprint_hex(&print));
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", who.len());
    stream.write_all((head + &who).as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn run(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input); // it may have gone already
    child.wait_with_output().unwrap()
}

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Proves: CR 3.1 RE1.
#[test]
fn openssl_verifies_the_chain_and_agrees_on_http() {
    let listener = Listener::new(Clients::Off);
    for version in ["-tls1_2", "-tls1_3"] {
        let output =
            listener.s_client(&[version, "-verify_hostname", "localhost", "-alpn", "h2,http/1.1"]);
        let text = text(&output);
        assert!(output.status.success(), "{version}: {text}");
        assert!(text.contains("Verify return code: 0 (ok)"), "{text}");
        assert!(text.contains("ALPN protocol: http/1.1"), "{text}");
        assert!(text.contains("nobody"), "{text}");
    }
    let ip = listener.s_client(&["-verify_ip", "127.0.0.1"]);
    assert!(ip.status.success(), "{}", text(&ip));
    let other = listener.s_client(&["-verify_hostname", "plant.example"]);
    assert!(!other.status.success(), "a name that is not in it");
}

/// Proves: CR 3.1, CR 4.3, P11-39.
#[test]
fn openssl_cannot_speak_old_versions_or_weak_suites() {
    let listener = Listener::new(Clients::Off);
    let refused = |arguments: &[&str]| {
        let output = listener.s_client(arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", text(&output));
    };
    // The lowest security level, so that it is our side that refuses.
    for version in ["-tls1", "-tls1_1"] {
        refused(&[version, "-cipher", "ALL:@SECLEVEL=0"]);
    }
    for suite in [
        "AES128-SHA",
        "AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-SHA256",
        "DHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-SHA",
    ] {
        refused(&["-tls1_2", "-cipher", &format!("{suite}:@SECLEVEL=0")]);
    }
    refused(&["-groups", "P-521"]);
    for suite in ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"] {
        let output = listener.s_client(&["-tls1_2", "-cipher", suite]);
        assert!(output.status.success(), "{suite}: {}", text(&output));
    }
}

#[test]
fn openssl_shows_a_client_certificate_until_it_is_taken_back() {
    let listener = Listener::new(Clients::Required);
    let issued = listener.certificates.issue_client("press-07", DAY).unwrap();
    let certificate = listener.write("client.pem", &issued.certificate_pem);
    let key = listener.write("client.key", &issued.key_pem.unwrap());
    let shown = ["-cert", certificate.as_str(), "-key", key.as_str()];
    for version in ["-tls1_2", "-tls1_3"] {
        let output = listener.s_client(&[&shown[..], &[version]].concat());
        let text = text(&output);
        assert!(
            output.status.success() && text.contains(&fingerprint_hex(&issued.line.fingerprint)),
            "{text}"
        );
    }
    listener.certificates.revoke(&issued.line.fingerprint).unwrap();
    for (version, arguments) in
        [("-tls1_2", &shown[..]), ("-tls1_3", &shown[..]), ("-tls1_2", &[]), ("-tls1_3", &[])]
    {
        let output = listener.s_client(&[arguments, &[version]].concat());
        assert!(!text(&output).contains("200 OK"), "{}", text(&output));
    }
    // The list we give to others says the same.
    listener.write("crl.pem", &listener.certificates.revocation_list_pem());
    let verify = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args([
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-CAfile",
            &listener.path("ca.pem"),
        ]);
        command.args(arguments).arg(Path::new(&certificate));
        run(command, b"")
    };
    assert!(verify(&[]).status.success(), "{}", text(&verify(&[])));
    let with_list = verify(&["-crl_check", "-CRLfile", &listener.path("crl.pem")]);
    assert!(text(&with_list).contains("certificate revoked"), "{}", text(&with_list));
}

#[test]
fn openssl_finds_nothing_wrong_with_the_own_authority_and_server() {
    let listener = Listener::new(Clients::Off);
    let mut command = Command::new("openssl");
    command.args(["verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver"]);
    command.args(["-verify_hostname", "localhost", "-CAfile", &listener.path("ca.pem")]);
    command.arg(listener.path("tls/server.pem"));
    let output = run(command, b"");
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn curl_comes_in_with_a_certificate_and_not_without() {
    if !has("curl") {
        return; // openssl says the same above
    }
    let listener = Listener::new(Clients::Required);
    let issued = listener.certificates.issue_client("press-07", DAY).unwrap();
    let certificate = listener.write("client.pem", &issued.chain_pem);
    let key = listener.write("client.key", &issued.key_pem.unwrap());
    let shown = ["--cert", certificate.as_str(), "--key", key.as_str()];
    let output = listener.curl(&shown);
    assert_eq!(text(&output), fingerprint_hex(&issued.line.fingerprint));
    assert!(!listener.curl(&[]).status.success());
    listener.certificates.renew().unwrap();
    assert!(listener.curl(&shown).status.success(), "after a renewal");
}
