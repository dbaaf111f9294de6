//! What hit comparable products, tried on this one: `docs/security/attacks.md` is made from these tests.
//!
//! A node with a viewer of one line and an administrator; the attacker has nothing, or the viewer's token, or a
//! browser of somebody who is logged in.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::field::{Counters, Device, Field};
use crate::harness::{Client, NODE, Node, Plant, Process, SOON, eventually};
use crate::identity::{cli, done};

/// A running node, its plant, and what opens it.
struct Target {
    node: Node,
    plant: Plant,
    admin: String,
    /// May see and write below `acme/test/press` only.
    operator: String,
    _field: Field,
    _device: Device,
}

fn target() -> Target {
    target_with("")
}

fn target_with(sections: &str) -> Target {
    let (field, counters) = (Field::new(), Counters::new(1, 4));
    let device = field.device(counters);
    let plant = Plant::of(&format!("{NODE}{sections}"));
    let table =
        "tag,address,type,period,access\nspeed,ir:0,u32,,read\nsetpoint,hr:0,u32,,read-write\n";
    plant.device("press", device.address, 1, "period = \"100ms\"", table);
    plant.device("oven", device.address, 1, "period = \"100ms\"", table);
    let token = |name: &str, rest: &[&str]| {
        let what = [&["token", "create", "--name", name, "--role", name], rest].concat();
        done(&plant, &what).trim().to_owned()
    };
    let admin = token("admin", &[]);
    let operator = token("operator", &["--under", "acme/test/press"]);
    let node = plant.run();
    let target = Target { node, admin, operator, plant, _field: field, _device: device };
    let mut client = target.admin();
    eventually(SOON, "values", || {
        let values = client.get("/api/v1/values?tag=acme/test/press/speed").ok()?.json();
        (values[0]["quality"] == "good").then_some(())
    });
    target
}

impl Target {
    fn admin(&self) -> Client {
        Client::with_token(self.node.address, &self.admin)
    }

    fn operator(&self) -> Client {
        Client::with_token(self.node.address, &self.operator)
    }

    fn nobody(&self) -> Client {
        Client::new(self.node.address)
    }

    /// Sends bytes as they are and reads what comes until the node closes or falls silent.
    fn raw(&self, bytes: &[u8]) -> String {
        raw(self.node.address, bytes)
    }

    /// The node lives and answers whoever may ask.
    #[track_caller]
    fn lives(&self) {
        assert_eq!(self.admin().get("/api/v1/status").unwrap().status, 200);
    }
}

fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let _it_may_hang_up_early = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer)
        && read > 0
    {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the first answer in a raw text; 0 when there is none.
fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
}

/// Every path of the OpenAPI document with the methods it takes.
fn every_path(client: &mut Client) -> Vec<(String, String, bool)> {
    let document = client.get("/api/openapi.json").unwrap().json();
    let mut paths = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let public = operation["x-access"]["permission"] == "public"
                || operation["x-permission"] == "public";
            let filled = path.replace("{", "").replace("}", "");
            paths.push((method.to_uppercase(), filled, public));
        }
    }
    paths
}

/// Proves: A01, A06, A07, A09, CR 1.1.
#[test]
fn whoever_says_nothing_of_himself_gets_nothing_from_any_path_of_the_description() {
    let target = target();
    let mut nobody = target.nobody();
    let paths = every_path(&mut nobody);
    assert!(paths.len() > 30, "{}", paths.len());
    let public = paths.iter().filter(|(_, _, public)| *public);
    let mut public: Vec<String> = public.map(|(how, path, _)| format!("{how} {path}")).collect();
    public.sort();
    let for_everybody = [
        "GET /api/openapi.json",
        "GET /api/v1/certificates/authority",
        // The manual tells nothing of the plant, and is needed by whoever cannot get in.
        "GET /api/v1/manual",
        "GET /api/v1/manual/page/page",
        "GET /api/v1/manual/search",
        "GET /api/v1/session",
        "GET /health",
        "GET /ready",
        "POST /api/v1/session",
        "POST /api/v1/setup",
    ];
    assert_eq!(public, for_everybody);
    for (method, path, _) in paths.into_iter().filter(|(_, _, public)| !public) {
        let reply = match method.as_str() {
            "GET" => nobody.get(&path).unwrap(),
            _ => nobody.send_json(&method, &path, &json!({})).unwrap(),
        };
        assert_eq!(reply.status, 401, "{method} {path}: {}", reply.text());
    }
}

/// Proves: A02.
#[test]
fn headers_a_client_may_write_give_no_right_and_no_other_address_in_the_trail() {
    let target = target();
    let host = target.node.address;
    for header in [
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-user: admin",
        "x-remote-user: admin",
        "referer: http://localhost/",
        "x-original-url: /health",
        "x-http-method-override: GET",
        "authorization: Basic YWRtaW46YWRtaW4=",
        "authorization: Bearer",
        "authorization: Bearer ls_AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "cookie: lineshaft_session=",
        "cookie: lineshaft_session=AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let asked = format!(
            "GET /api/v1/tags HTTP/1.1\r\nhost: {host}\r\n{header}\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(status(&target.raw(asked.as_bytes())), 401, "{header}");
    }
    let body = json!({ "account": "mallory", "password": "wrong wrong wrong" }).to_string();
    let login = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: {host}\r\nx-forwarded-for: 203.0.113.9\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(status(&target.raw(login.as_bytes())), 401);
    let trail = done(&target.plant, &["audit", "list", "--action", "session.login", "--json"]);
    assert!(trail.contains("127.0.0.1") && !trail.contains("203.0.113.9"), "{trail}");
}

/// Proves: A05, A11.
#[test]
fn a_change_of_the_plant_cannot_write_outside_of_it() {
    let target = target();
    let mut admin = target.admin();
    let outside = target.plant.data().with_file_name("planted.toml");
    let link = target.plant.folder().join("devices/away.toml");
    symlink(&outside, &link).unwrap();
    for path in [
        "../planted.toml",
        "devices/../../planted.toml",
        "devices/..%2f..%2fplanted.toml",
        "/etc/cron.d/planted",
        "devices\\..\\planted.toml",
        ".git/hooks/post-commit",
        "devices/x.sh",
        "devices/\u{0}x.toml",
        "other/x.toml",
        "",
    ] {
        let change = json!({ "files": [{ "path": path, "text": "# planted", "base": null }], "why": "attack" });
        let reply = admin.post("/api/v1/plant/change", &change).unwrap();
        assert!((400..500).contains(&reply.status), "{path:?}: {} {}", reply.status, reply.text());
    }
    // A26: what stands there is a link that leads out of the folder.
    let change = json!({ "files": [{ "path": "devices/away.toml", "text": "# planted", "base": null }], "why": "attack" });
    let _refused_or_replaced = admin.post("/api/v1/plant/change", &change).unwrap();
    assert!(!outside.exists(), "the link was followed");
    target.lives();
}

/// Proves: A26.
#[test]
fn a_link_in_the_plant_folder_is_not_a_way_to_read_the_machine() {
    let target = target();
    let secret = target.plant.data().with_file_name("secret.csv");
    fs::write(&secret, "the password is canary-4711\n").unwrap();
    symlink(&secret, target.plant.folder().join("tags/linked.csv")).unwrap();
    let mut admin = target.admin();
    for path in ["tags/linked.csv", "../secret.csv", "/etc/passwd", "..%2fsecret.csv"] {
        let reply = admin.get(&format!("/api/v1/plant/file?path={path}")).unwrap();
        assert!(!reply.text().contains("canary-4711") && !reply.text().contains("root:"), "{path}");
    }
}

/// Proves: A14, A08.
#[test]
fn a_path_is_what_it_says_and_everything_else_is_nothing() {
    let target = target();
    let mut operator = target.operator();
    for path in [
        "/api/v1/accounts/../audit",
        "/api/v1/accounts/%2e%2e/audit",
        "/api/v1/tags/../accounts",
        "/api/v1//accounts",
        "/api/v1/accounts/",
        "/API/V1/accounts",
        "/api/v1/accounts;x=1",
        "/api/v1/accounts%00",
        "/.git/config",
        "/assets/../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/setup/../accounts",
        "/admin",
        "/actuator/env",
    ] {
        let reply = operator.get(path).unwrap();
        assert!(
            matches!(reply.status, 400 | 403 | 404),
            "{path}: {} {}",
            reply.status,
            reply.text()
        );
    }
}

/// Proves: A15, CR 2.1.
#[test]
fn who_may_see_one_machine_sees_no_other() {
    let target = target();
    let mut operator = target.operator();
    let oven = "acme/test/oven/setpoint";
    for path in [
        format!("/api/v1/values?tag={oven}"),
        format!("/api/v1/values?tag=acme/test/press/speed&tag={oven}"),
        format!("/api/v1/history?tag={oven}&start=0&end=1"),
        "/api/v1/values?tag=acme/test/oven/there-is-no-such-tag".to_owned(),
    ] {
        assert_eq!(operator.get(&path).unwrap().status, 403, "{path}");
    }
    for path in [
        "/api/v1/tags?under=acme/test",
        "/api/v1/tags",
        "/api/v1/tree?depth=8",
        "/api/v1/tags?search=oven",
        "/api/v1/devices",
    ] {
        let reply = operator.get(path).unwrap();
        assert!(!reply.text().contains("oven"), "{path}: {}", reply.text());
    }
    let write = |tag: &str| json!({ "tag": tag, "value": 7, "why": "attack" });
    assert_eq!(operator.post("/api/v1/write", &write(oven)).unwrap().status, 403);
    assert_eq!(
        operator.post("/api/v1/write", &write("acme/test/press/setpoint")).unwrap().status,
        200
    );
    let denied = done(&target.plant, &["audit", "list", "--action", "access.denied", "--json"]);
    assert!(denied.contains("token:operator"), "{denied}");
}

/// Proves: A16, CR 3.5.
#[test]
fn nobody_gives_himself_more_than_he_has() {
    let target = target();
    let mut admin = target.admin();
    let body = json!({ "description": "makes accounts", "why": "test",
        "rules": [{ "permission": "change-accounts", "under": [""] }, { "permission": "read-accounts", "under": [""] }] });
    assert_eq!(admin.send_json("PUT", "/api/v1/roles/clerk", &body).unwrap().status, 200);
    let clerk = done(&target.plant, &["token", "create", "--name", "clerk", "--role", "clerk"]);
    let mut clerk = Client::with_token(target.node.address, clerk.trim());
    let grants = json!([{ "role": "admin", "under": [""] }]);
    let token = json!({ "name": "more", "grants": grants, "why": "attack" });
    let account = json!({ "account": "more", "full_name": "More", "password": "a kettle of 7 herrings",
        "grants": grants, "why": "attack" });
    let role = json!({ "description": "", "why": "attack", "rules": [{ "permission": "write-plant", "under": [""] }] });
    for (method, path, body) in [
        ("POST", "/api/v1/tokens", &token),
        ("POST", "/api/v1/accounts", &account),
        ("PUT", "/api/v1/roles/clerk", &role),
        ("PUT", "/api/v1/roles/viewer", &role),
    ] {
        let reply = clerk.send_json(method, path, body).unwrap();
        assert!(matches!(reply.status, 403 | 409), "{path}: {} {}", reply.status, reply.text());
    }
    for extra in ["id", "enabled_by", "__proto__", "constructor", "password_hash", "built_in"] {
        let mut body = account.clone();
        body["grants"] = json!([]);
        body[extra] = json!({ "admin": true });
        let reply = admin.post("/api/v1/accounts", &body).unwrap();
        assert_eq!(reply.status, 400, "{extra}: {}", reply.text());
    }
}

/// Proves: A10, A27.
#[test]
fn a_script_or_a_formula_in_a_name_is_a_text_wherever_it_is_shown() {
    let target = target();
    let mut admin = target.admin();
    let evil = "=cmd|' /C calc'!A0<img src=x onerror=alert(1)>";
    let account = json!({ "account": "eve", "full_name": evil, "password": "a kettle of 7 herrings",
        "grants": [], "why": evil });
    assert!(admin.post("/api/v1/accounts", &account).unwrap().status < 300);
    let csv = admin.get("/api/v1/access-review?format=csv").unwrap().text();
    let row = csv.lines().find(|line| line.contains("cmd|")).unwrap();
    assert!(!row.split(',').any(|cell| cell.trim_matches('"').starts_with('=')), "{row}");
    let page = target.raw(
        format!("GET / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", target.node.address)
            .as_bytes(),
    );
    let policy = page.lines().find(|line| line.starts_with("content-security-policy")).unwrap();
    assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline"), "{policy}");
    let entry = admin.get("/api/v1/audit?action=account.create").unwrap();
    assert!(entry.text().contains("onerror"), "kept as it was said");
    let listed = done(&target.plant, &["audit", "list", "--action", "account.create"]);
    assert_eq!(listed.lines().count(), 2, "a name cannot draw rows of its own");
}

/// Proves: A17, A22, CR 3.5, CR 3.7.
#[test]
fn no_bytes_take_the_node_down_or_make_it_say_what_is_inside() {
    let target = target();
    let host = target.node.address;
    let long = "a".repeat(200_000);
    let mut many = String::new();
    for n in 0..500 {
        let _ = write!(many, "x-{n}: y\r\n");
    }
    for bytes in [
        format!("GET /{long} HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: {long}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: {host}\r\n{many}\r\n").into_bytes(),
        format!("POST /api/v1/session HTTP/1.1\r\nhost: {host}\r\ncontent-length: 99999999999\r\n\r\n").into_bytes(),
        format!("POST /api/v1/session HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\nZZZZ\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: {host}\r\nhost: evil.example\r\n\r\n").into_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        vec![0; 10_000],
        vec![0xff; 10_000],
    ] {
        let answer = target.raw(&bytes);
        let status = status(&answer);
        assert!(status == 0 || (400..500).contains(&status), "{answer}");
        for inside in [".rs:", "panicked", "RUST_BACKTRACE", "/src/"] {
            assert!(!answer.contains(inside), "{answer}");
        }
    }
    target.lives();
}

/// A node that speaks TLS, and its port.
fn behind_tls(plant: &Plant) -> (Process, u16) {
    let process = Process::start(plant.arguments());
    let port = eventually(SOON, "it listens with TLS", || {
        let out = process.out();
        let line = out.lines().find_map(|line| line.strip_prefix("listening https://"))?.to_owned();
        line.rsplit(':').next()?.parse::<u16>().ok()
    });
    (process, port)
}

/// Proves: A22.
#[test]
fn garbage_before_in_and_after_a_tls_handshake_leaves_the_node_running() {
    let plant = Plant::of(&format!("{NODE}tls = \"on\"\n"));
    let (process, port) = behind_tls(&plant);
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[0x5a; 600]].concat();
    for bytes in [vec![0; 10_000], vec![0xff; 10_000], b"\x16\x03\x01\xff\xff".repeat(4_000), hello]
    {
        raw(([127, 0, 0, 1], port).into(), &bytes);
    }
    let at = format!("127.0.0.1:{port}");
    for bytes in [&[0; 10_000][..], &[0xff; 10_000], b"GET / HTTP/9.9\r\n\xff: \x00\r\n\r\n"] {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &at, "-quiet", "-ign_eof"]);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = client.spawn().unwrap();
        let _it_may_hang_up_early = client.stdin.take().unwrap().write_all(bytes);
        let answer = client.wait_with_output().unwrap().stdout;
        assert!(answer.starts_with(b"HTTP/1.1 4"), "behind a handshake that was finished");
    }
    let health = format!("https://{at}/health");
    let asked = Command::new("curl").args(["--silent", "--insecure", &health]).output().unwrap();
    assert!(String::from_utf8_lossy(&asked.stdout).contains("up"), "{}", process.log());
    assert!(!process.log().contains("panicked"), "{}", process.log());
}

/// Proves: A23, CR 3.8.
#[test]
fn a_page_of_another_site_can_neither_ask_nor_listen() {
    let target = target();
    let host = target.node.address;
    let cases = [
        ("evil.example", "", "GET /api/v1/tags HTTP/1.1", 403),
        ("localhost.evil.example", "", "GET / HTTP/1.1", 403),
        (
            &host.to_string(),
            "origin: http://evil.example\r\n",
            "POST /api/v1/session HTTP/1.1",
            403,
        ),
        (&host.to_string(), "origin: null\r\n", "DELETE /api/v1/session HTTP/1.1", 403),
        (
            &host.to_string(),
            "origin: http://evil.example\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            "GET /api/v1/live HTTP/1.1",
            403,
        ),
    ];
    for (host, headers, line, expect) in cases {
        let asked = format!("{line}\r\nhost: {host}\r\n{headers}\r\n");
        let answer = target.raw(asked.as_bytes());
        assert_eq!(status(&answer), expect, "{asked}\n{answer}");
        assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
    }
}

/// Proves: A24, CR 7.1.
#[test]
fn who_sends_slowly_is_hung_up_on_and_holds_up_nobody() {
    let target = target();
    let host = target.node.address;
    let mut slow: Vec<TcpStream> = Vec::new();
    for n in 0..60 {
        let mut stream = TcpStream::connect(host).unwrap();
        let begin = if n % 2 == 0 {
            format!("GET / HTTP/1.1\r\nhost: {host}\r\nx-slow: ")
        } else {
            format!(
                "POST /api/v1/session HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{"
            )
        };
        stream.write_all(begin.as_bytes()).unwrap();
        slow.push(stream);
    }
    target.lives();
    for mut stream in slow {
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut answer = Vec::new();
        // The node hangs up by itself, or this waits until the test fails.
        stream.read_to_end(&mut answer).unwrap();
    }
    target.lives();
}

/// Proves: A28.
#[test]
fn a_question_that_would_eat_the_machine_is_refused() {
    let target = target();
    let mut admin = target.admin();
    let tag = "acme/test/press/speed";
    let many = format!("&tag={tag}").repeat(2_000);
    for path in [
        format!("/api/v1/values?x=1{many}"),
        format!("/api/v1/history?tag={tag}&start=0&end=9000000000000&mode=average&interval=1ms"),
        format!("/api/v1/history?tag={tag}&start=0&end=9000000000000&mode=plot&points=99999999"),
        "/api/v1/tags?limit=99999999".to_owned(),
        "/api/v1/audit?limit=99999999".to_owned(),
        "/api/v1/audit/proof?seq=99999999999999".to_owned(),
    ] {
        let reply = admin.get(&path).unwrap();
        assert!(
            (400..500).contains(&reply.status),
            "{}: {}",
            &path[..60.min(path.len())],
            reply.text()
        );
    }
    target.lives();
}

const SECRETS: usize = 50;

/// Proves: A03, CR 1.10, CR 1.14, CR 4.1.
#[test]
fn fifty_planted_secrets_are_never_seen_again() {
    let target = target();
    let mut admin = target.admin();
    let mut secrets: Vec<String> = Vec::new();
    let mut seen = String::new();
    for n in 0..SECRETS / 5 {
        let name = format!("person-{n}");
        let passwords: Vec<String> = ["first", "second", "wrong", "weak"]
            .map(|word| format!("canary {word} {n} kettle herring"))
            .into();
        let make = json!({ "account": name, "full_name": "Canary", "password": passwords[0],
            "grants": [{ "role": "viewer", "under": [""] }], "why": "canary" });
        seen += &admin.post("/api/v1/accounts", &make).unwrap().text();
        let mut stranger = target.nobody();
        let login = |password: &str| json!({ "account": name, "password": password });
        seen += &stranger.post("/api/v1/session", &login(&passwords[2])).unwrap().text();
        let logged = stranger.post("/api/v1/session", &login(&passwords[0])).unwrap();
        seen += &logged.text();
        let cookie = logged.cookie.unwrap();
        let mut person = Client::with_cookie(target.node.address, &cookie);
        let change = json!({ "old": passwords[3], "new": passwords[1] });
        seen += &person.post("/api/v1/account/password", &change).unwrap().text();
        let change = json!({ "old": passwords[0], "new": passwords[1] });
        seen += &person.post("/api/v1/account/password", &change).unwrap().text();
        // A secret in the wrong place is a mistake, and its message must not spread it.
        let misplaced = format!("canary-in-the-file-{n}");
        target.plant.put("lineshaft.toml", &format!("{NODE}key = \"{misplaced}\"\n"));
        secrets.extend(passwords);
        secrets.push(cookie.split_once('=').unwrap().1.to_owned());
        secrets.push(misplaced);
    }
    let token = admin
        .post("/api/v1/tokens", &json!({ "name": "canary", "grants": [{ "role": "viewer", "under": [""] }], "why": "canary" }))
        .unwrap()
        .json();
    secrets.push(token["secret"].as_str().unwrap().to_owned());
    secrets.push(target.admin.clone());
    assert!(secrets.len() >= SECRETS);

    for path in [
        "/api/v1/accounts",
        "/api/v1/tokens",
        "/api/v1/sessions",
        "/api/v1/audit?limit=1000",
        "/api/v1/audit/export",
        "/api/v1/audit/export?format=csv",
        "/api/v1/access-review",
        "/api/v1/security",
        "/api/v1/status",
        "/metrics",
        "/api/v1/revisions",
        "/api/v1/certificates",
        "/",
    ] {
        let reply = admin.get(path).unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        seen += &reply.text();
    }
    eventually(SOON, "the wrong folder is refused", || {
        target.node.process.log().contains("LS-CFG").then_some(())
    });
    seen += &target.node.process.log();
    seen += &done(&target.plant, &["audit", "list", "--json"]);
    let trail = fs::read_dir(target.plant.data().join("audit")).unwrap();
    let database = target.plant.data().join("identity.db");
    for file in trail
        .map(|entry| entry.unwrap().path())
        .chain([database.clone(), database.with_extension("db-wal")])
    {
        if file.is_file() {
            seen += &String::from_utf8_lossy(&fs::read(&file).unwrap());
        }
    }
    for secret in &secrets {
        assert!(!seen.contains(secret.as_str()), "`{secret}` was seen again");
    }
    let checked = cli(&target.plant, &["user", "list"]);
    assert!(checked.status.success());
    let _: Value = admin.get("/api/v1/status").unwrap().json();
}
