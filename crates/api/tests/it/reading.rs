//! The manual, the licences, and the files beside the page.

use serde_json::{Value as Json, json};

use crate::plant::plant;

#[tokio::test]
async fn the_manual_is_listed_read_and_searched_in_both_languages() {
    let plant = plant().await;
    let nobody = [("authorization", "")];
    let get =
        async |path: &str| plant.ask(&format!("GET /api/v1/{path} HTTP/1.1"), &nobody, b"").await;
    let contents = get("manual?language=de").await.json();
    assert_eq!(contents["language"], "de");
    let pages = contents["pages"].as_array().unwrap();
    let find = |name: &str| pages.iter().find(|one| one["page"] == name).unwrap();
    let modbus = json!({"page": "modbus", "title": "Modbus", "group": "drivers", "language": "de"});
    assert_eq!(*find("modbus"), modbus);
    assert_eq!(find("http")["language"], "en");
    assert_eq!(find("errors/LS-CFG-004")["group"], "errors");
    for one in pages {
        let name = one["page"].as_str().unwrap();
        let page = get(&format!("manual/page/{name}?language=de")).await.json();
        for member in ["page", "title", "group", "language"] {
            assert_eq!(page[member], one[member], "{name}");
        }
    }
    let page = get("manual/page/modbus").await.json();
    let settings = json!({"id": "settings", "title": "Settings", "level": 2});
    assert!(page["headings"].as_array().unwrap().contains(&settings));
    assert!(page["html"].as_str().unwrap().contains("<h2 id=\"settings\">"));
    assert!(page["previous"]["page"].is_string() && page["next"]["title"].is_string());

    let hits = get("manual/search?q=totband&language=de&limit=3").await.json();
    let hits = hits.as_array().unwrap();
    assert!((1..=3).contains(&hits.len()));
    assert_eq!((&hits[0]["page"], &hits[0]["language"]), (&json!("operators"), &json!("de")));
    let nothing = get("manual/search?q=xyzzyplugh").await;
    assert_eq!((nothing.status, nothing.json()), (200, json!([])));
}

#[tokio::test]
async fn a_page_that_is_not_there_and_a_question_without_words_are_refused() {
    let plant = plant().await;
    let long = format!("manual/search?q={}", "a".repeat(201));
    for (path, status, code) in [
        ("manual/page/nothing", 404, "LS-API-003"),
        ("manual/page/SUMMARY", 404, "LS-API-003"),
        ("manual/page/../errors", 404, "LS-API-003"),
        ("manual?language=fr", 400, "LS-API-001"),
        ("manual/search", 400, "LS-API-001"),
        ("manual/search?q=a&limit=51", 400, "LS-API-001"),
        (long.as_str(), 400, "LS-API-001"),
    ] {
        let reply = plant.get(&format!("/api/v1/{path}")).await;
        assert_eq!(reply.problem(), (status, code.into()), "{path}");
    }
}

/// Proves: CR 7.8.
#[tokio::test]
async fn who_may_see_the_node_knows_what_it_is_made_of_and_nobody_else() {
    let plant = plant().await;
    let licences = plant.get("/api/v1/licences").await;
    assert_eq!(licences.headers["content-type"], "application/json");
    let licences: Vec<Json> = serde_json::from_slice(&licences.body).unwrap();
    assert!(licences.iter().any(|one| one["name"] == "tokio" && one["kind"] == "crate"));
    // Versions of packages tell an attacker what to try.
    for path in ["licences", "sbom"] {
        let request = format!("GET /api/v1/{path} HTTP/1.1");
        let refused = plant.ask(&request, &[("authorization", "")], b"").await;
        assert_eq!(refused.problem(), (401, "LS-API-023".into()), "{path}");
    }
    let sbom = plant.get("/api/v1/sbom").await;
    assert_eq!(sbom.headers["content-type"], "application/vnd.cyclonedx+json; version=1.6");
    assert!(sbom.headers["content-disposition"].contains(".cdx.json"));
    assert_eq!(sbom.json()["specVersion"], "1.6");
}

#[tokio::test]
async fn the_files_of_the_app_have_their_types_and_are_asked_for_each_time() {
    let plant = plant().await;
    for (path, kind) in [
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/icons/icon-192.png", "image/png"),
        ("/icons/maskable-512.png", "image/png"),
    ] {
        let reply = plant.get(path).await;
        assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, kind), "{path}");
        assert_eq!(reply.headers["cache-control"], "no-cache", "{path}");
    }
    let manifest = plant.get("/manifest.webmanifest").await.json();
    for icon in manifest["icons"].as_array().unwrap() {
        let path = format!("/{}", icon["src"].as_str().unwrap());
        assert_eq!(plant.get(&path).await.status, 200, "{path}");
    }
    // What the worker keeps is what there is.
    let worker = String::from_utf8(plant.get("/sw.js").await.body).unwrap();
    let files = worker.split('"').filter(|text| text.starts_with("assets/") && text.contains('.'));
    let mut count = 0;
    for file in files {
        assert_eq!(plant.get(&format!("/{file}")).await.status, 200, "{file}");
        count += 1;
    }
    assert!(count > 10);
    for wrong in ["/icons/", "/icons/nothing.png", "/icons/../index.html", "/packages.json"] {
        assert_eq!(plant.get(wrong).await.problem().0, 404, "{wrong}");
    }
}
