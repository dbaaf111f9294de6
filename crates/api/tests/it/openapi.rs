//! The committed description of the interface.

use std::fs;
use std::path::Path;

use crate::plant::plant;

/// Rewrite with `UPDATE=1 cargo test -p lineshaft-api`, and look at the difference: clients depend on it.
#[test]
fn the_committed_description_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/openapi.json");
    let document = lineshaft_api::document();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, document).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "schemas/openapi.json is not what is served; UPDATE=1 rewrites it"
    );
}

#[tokio::test]
async fn it_is_served_and_is_openapi_3_1() {
    let reply = plant().await.get("/api/openapi.json").await;
    let json = reply.json();
    assert!(json["openapi"].as_str().unwrap().starts_with("3.1"));
    let write = &json["paths"]["/api/v1/write"]["post"];
    let rule = serde_json::json!({"permission": "write-plant", "audit": "always"});
    assert_eq!(write["x-access"], rule);
}
