//! Hosts, origins and headers.

use crate::plant::plant;

/// Proves: A23.
#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let plant = plant().await;
    let line = "GET /api/v1/status HTTP/1.1";
    for host in ["evil.example", "127.0.0.1.evil.example:80", "10.1.2.3"] {
        let reply = plant.ask(line, &[("host", host)], b"").await;
        assert_eq!(reply.problem(), (403, "LS-API-009".into()), "{host}");
    }
    for host in ["localhost", "127.0.0.1:9", "[::1]:8080"] {
        assert_eq!(plant.ask(line, &[("host", host)], b"").await.status, 200, "{host}");
    }
    let absolute = "GET http://evil.example/api/v1/status HTTP/1.1";
    assert_eq!(plant.ask(absolute, &[], b"").await.problem(), (403, "LS-API-009".into()));
}

/// Proves: A23.
#[tokio::test]
async fn a_page_of_another_site_cannot_write() {
    let plant = plant().await;
    let line = "POST /api/v1/write HTTP/1.1";
    let headers = [("content-type", "application/json"), ("origin", "https://evil.example")];
    let reply = plant.ask(line, &headers, b"{}").await;
    assert_eq!(reply.problem(), (403, "LS-API-010".into()));
    let own = format!("http://{}", plant.address);
    let headers = [("content-type", "application/json"), ("origin", own.as_str())];
    let reply = plant.ask(line, &headers, b"{}").await;
    assert_eq!(reply.problem(), (400, "LS-API-006".into()), "past the guard");
}

/// Proves: A10, SAR 2.4.
#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_the_page() {
    let plant = plant().await;
    for path in ["/api/v1/tags", "/nothing", "/metrics", "/health"] {
        let reply = plant.get(path).await;
        let policy = &reply.headers["content-security-policy"];
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer");
        assert!(!reply.headers.contains_key("access-control-allow-origin"));
    }
}
