//! The embedded page: what was committed is what was built, and it is served well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::plant::plant;

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui")
}

/// The files the page is built from, as `ui/scripts/manifest.mjs` lists them, with their hashes.
fn sources() -> BTreeMap<String, String> {
    let single = [
        "index.html",
        "package.json",
        "package-lock.json",
        "vite.config.ts",
        "svelte.config.js",
        "tsconfig.json",
        "scripts/built.mjs",
        "scripts/manifest.mjs",
        "scripts/worker.js",
    ];
    let mut paths: Vec<String> = single.iter().map(ToString::to_string).collect();
    for folder in ["public", "src"] {
        below(&ui().join(folder), folder, &mut paths);
    }
    let mut files = BTreeMap::new();
    for path in paths {
        let Ok(bytes) = fs::read(ui().join(&path)) else { continue };
        let mut hash = String::new();
        for byte in Sha256::digest(&bytes) {
            let _ = write!(hash, "{byte:02x}");
        }
        files.insert(path, hash);
    }
    files
}

fn below(folder: &Path, name: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            below(&entry.path(), &path, paths);
        } else {
            paths.push(path);
        }
    }
}

/// `cargo xtask ui` builds it again.
/// Proves: SAR 2.4 RE1.
#[test]
fn the_committed_page_was_built_from_these_sources() {
    let manifest = fs::read_to_string(ui().join("dist/manifest-sources.json"))
        .expect("ui/dist/manifest-sources.json: run `cargo xtask ui`");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let built: BTreeMap<String, String> =
        serde_json::from_value(manifest["files"].clone()).unwrap();
    let sources = sources();
    let stale: Vec<&String> = sources
        .iter()
        .filter(|(path, hash)| built.get(*path) != Some(*hash))
        .map(|(path, _)| path)
        .chain(built.keys().filter(|path| !sources.contains_key(*path)))
        .collect();
    assert!(stale.is_empty(), "ui/dist is stale, run `cargo xtask ui`: {stale:?}");
}

#[tokio::test]
async fn the_page_is_asked_for_each_time_and_its_files_are_kept() {
    let plant = plant().await;
    let page = plant.get("/").await;
    assert_eq!(
        (page.status, page.headers["content-type"].as_str()),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(page.headers["cache-control"], "no-cache");
    let html = String::from_utf8(page.body.clone()).unwrap();
    let known = [("if-none-match", page.headers["etag"].as_str())];
    let again = plant.ask("GET / HTTP/1.1", &known, b"").await;
    assert_eq!((again.status, again.body.len()), (304, 0));

    let files: Vec<&str> = html
        .split('"')
        .filter_map(|text| text.trim_start_matches("./").strip_prefix("assets/"))
        .collect();
    assert!(files.iter().any(|file| file.ends_with(".js")), "{html}");
    for file in files {
        let reply = plant.get(&format!("/assets/{file}")).await;
        assert_eq!(reply.status, 200, "{file}");
        assert_eq!(reply.headers["cache-control"], "public, max-age=31536000, immutable");
        assert!(!reply.headers.contains_key("content-encoding"));
        // What is as short as a header is sent as it is.
        if file.ends_with(".js") && reply.body.len() > 500 {
            assert_eq!(reply.headers["content-type"], "text/javascript; charset=utf-8");
            let gzip = [("accept-encoding", "gzip, deflate, br")];
            let packed = plant.ask(&format!("GET /assets/{file} HTTP/1.1"), &gzip, b"").await;
            assert_eq!(packed.headers["content-encoding"], "gzip");
            let mut plain = Vec::new();
            std::io::Read::read_to_end(
                &mut flate2::read::GzDecoder::new(packed.body.as_slice()),
                &mut plain,
            )
            .unwrap();
            assert_eq!(plain, reply.body);
        }
    }
}
