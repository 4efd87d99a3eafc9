//! What every answer has, whatever was asked.

use crate::support::{Engine, TestApp, on_both_engines};

on_both_engines!(
    every_answer_has_an_id_and_the_headers_that_browsers_need,
    an_unknown_path_is_told_in_the_envelope,
    a_known_path_tells_which_methods_it_takes,
    head_is_wherever_get_is,
    what_the_caller_has_is_not_sent_again,
);

async fn every_answer_has_an_id_and_the_headers_that_browsers_need(app: TestApp) {
    for path in ["/api/version", "/nowhere", "/api/docs", "/metrics"] {
        let reply = app.get(path).await;
        assert_eq!(reply.header("x-request-id").len(), 36, "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(reply.header("cache-control").contains("no-cache"), "{path}");
    }
    let kept = app.get("/api/version").header("x-request-id", "till-7.2026_03").await;
    assert_eq!(kept.header("x-request-id"), "till-7.2026_03");
    for malformed in ["", "a b", "ä", &"x".repeat(65)] {
        let made = app.get("/api/version").header("x-request-id", malformed).await;
        assert_eq!(made.header("x-request-id").len(), 36, "{malformed:?}");
    }
}

async fn an_unknown_path_is_told_in_the_envelope(app: TestApp) {
    for path in ["/nowhere", "/api", "/api/products/", "/api/docs/../../etc/passwd", "/%00"] {
        app.get(path).await.expect(404).error("not_found");
    }
}

async fn a_known_path_tells_which_methods_it_takes(app: TestApp) {
    let reply = app.post("/api/version").await.expect(405);
    reply.error("method_not_allowed");
    assert_eq!(reply.header("allow"), "GET,HEAD");
    app.request("BREW", "/api/version").await.expect(405).error("method_not_allowed");
}

async fn head_is_wherever_get_is(app: TestApp) {
    for path in ["/api/version", "/api/docs", "/health/live"] {
        let get = app.get(path).await.expect(200);
        let head = app.request("HEAD", path).await.expect(200);
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

async fn what_the_caller_has_is_not_sent_again(app: TestApp) {
    let first = app.get("/api/openapi.json").await.expect(200);
    let tag = first.header("etag");
    let again = app.get("/api/openapi.json").header("if-none-match", tag).await.expect(304);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), tag);
    app.get("/api/openapi.json").header("if-none-match", "\"other\"").await.expect(200);
}

#[tokio::test]
async fn compression_comes_only_when_asked_for_and_worth_it() {
    let app = TestApp::start(Engine::Sqlite).await;
    let plain = app.get("/api/openapi.json").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    let packed = app.get("/api/openapi.json").header("accept-encoding", "br, gzip").await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("vary"), "accept-encoding");
    assert!(packed.body.len() < plain.body.len() / 2);
    let small = app.get("/api/version").header("accept-encoding", "gzip").await;
    assert_eq!(small.header("content-encoding"), "");
}
