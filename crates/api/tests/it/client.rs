//! A client that writes and reads HTTP/1.1 itself, so that a test can also break the rules.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::plant::{Plant, SOON};

/// An answer, read to the end of the connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&self.body));
        })
    }

    /// The code of a problem, checked to be one.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status);
        let code = json["code"].as_str().unwrap().to_owned();
        assert_eq!(json["type"], format!("urn:lineshaft:error:{code}"));
        let known = lineshaft_api::CODES.iter().find(|(one, ..)| *one == code).unwrap();
        assert_eq!((known.1, known.2), (self.status, json["title"].as_str().unwrap()));
        (self.status, code)
    }
}

impl Plant {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(&format!("GET {path} HTTP/1.1"), &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let json = [("content-type", "application/json; charset=utf-8")];
        self.ask(&format!("POST {path} HTTP/1.1"), &json, body.to_string().as_bytes()).await
    }

    /// One request on a connection of its own, with the right `Host` unless `headers` has one, as the admin unless
    /// `headers` says who else (an empty `authorization` is nobody).
    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let has = |wanted: &str| headers.iter().any(|(name, _)| *name == wanted);
        let mut head = String::new();
        if !has("host") {
            head += &format!("host: {}\r\n", self.address);
        }
        if !has("authorization") && !has("cookie") {
            head += &format!("authorization: Bearer {}\r\n", self.admin);
        }
        let request = request(line, &head, headers, body);
        let mut stream = connect(self.address).await;
        // The server may answer and hang up before it has read a body that is too long.
        let _ = stream.write_all(&request).await;
        read_reply(&mut stream).await
    }
}

/// The bytes of a request; `head` has further lines of its head.
pub(crate) fn request(line: &str, head: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{line}\r\nconnection: close\r\n{head}");
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        text += &format!("content-length: {}\r\n", body.len());
    }
    let mut bytes = (text + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Reads until the server hangs up.
pub(crate) async fn read_reply(stream: &mut (impl AsyncRead + Unpin)) -> Reply {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut bytes)).await;
    let _reset_after_the_answer = read.expect("no answer, and not hung up");
    parse(&bytes)
}

pub(crate) fn parse(bytes: &[u8]) -> Reply {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("no answer");
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Reply { status, headers, body: bytes[end + 4..].to_vec() }
}
