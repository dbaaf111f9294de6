//! Paths that try to be taken for others.

use crate::plant::plant;

/// Proves: A14, A08.
#[tokio::test]
async fn no_spelling_of_a_path_reaches_another_route() {
    let plant = plant().await;
    for path in [
        "/api/v1/accounts/../audit",
        "/api/v1/accounts/%2e%2e/audit",
        "/api/v1/audit/",
        "/api/v1//audit",
        "//api/v1/audit",
        "/api/v1/./audit",
        "/api/v1/audit%2fstatus",
        "/api/v1/audit%00",
        "/api/v1/audit;x=1",
        "/API/v1/audit",
        "/api/v1/audit/status/more",
        "/api/v1/unknown",
        "/api/v2/audit",
        "/audit",
        "/api/v1/revisions/..",
        "/api/v1/revisions/%2e%2e",
        "/api/v1/revisions/1%2fdifference",
        "/api/v1/revisions/../audit",
        "/api/v1/revisions/%2e%2e/difference",
        "/api/v1/certificates/../security",
        "/metrics/",
        "/assets/../api/v1/audit",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let reply = plant.get(path).await;
        let (status, code) = reply.problem();
        assert_eq!(status, 404, "{path}: {code}");
    }
    for path in ["/api/v1/certificates/../revoke", "/api/v1/certificates/%2e%2e/revoke"] {
        let reply = plant.post(path, &serde_json::json!({})).await;
        assert_eq!(reply.problem().0, 404, "{path}");
    }
    let json = [("content-type", "application/json")];
    for account in ["..%2faudit", "%2e%2e", "."] {
        let line = format!("PATCH /api/v1/accounts/{account} HTTP/1.1");
        let reply = plant.ask(&line, &json, b"{}").await;
        assert_eq!(reply.problem(), (404, "LS-API-032".into()), "{account}");
    }
    let wrong = plant.ask("PUT /api/v1/audit HTTP/1.1", &[], b"").await;
    assert_eq!(wrong.problem(), (405, "LS-API-004".into()));
    let delete = plant.ask("DELETE /api/v1/audit HTTP/1.1", &[], b"").await;
    assert_eq!(delete.problem(), (405, "LS-API-004".into()), "no route removes an entry");
}
