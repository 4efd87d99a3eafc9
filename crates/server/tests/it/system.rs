//! Health, version, metrics.

use stockroom::config::Config;
use stockroom::router;

use crate::support::{Engine, TestApp, on_both_engines};

on_both_engines!(
    a_server_is_ready_until_it_drains_or_loses_its_database,
    metrics_need_the_right_to_operate,
);

async fn a_server_is_ready_until_it_drains_or_loses_its_database(app: TestApp) {
    assert_eq!(app.get("/health/ready").await.expect(200).json()["ready"], true);
    app.app.drain();
    let reply = app.get("/health/ready").await.expect(503);
    reply.error("unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    app.get("/health/live").await.expect(200);
    app.app.db.close().await;
    app.get("/health/live").await.expect(200);
}

async fn metrics_need_the_right_to_operate(app: TestApp) {
    let reply = app.get("/metrics").await.expect(401);
    reply.error("unauthenticated");
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_lost_database_is_told_as_such_and_no_more() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.app.db.close().await;
    let error = app.get("/health/ready").await.expect(503).error("unavailable");
    assert_eq!(error["message"], "The database does not answer.");
}

#[tokio::test]
async fn the_admin_side_tells_details_and_metrics_without_a_token() {
    let app = TestApp::start_with(Engine::Sqlite, Config::default(), router::admin_router).await;
    let ready = app.get("/health/ready").await.expect(200).json();
    assert_eq!(ready["database"], "sqlite");
    assert_eq!(ready["now"], "2026-03-02T09:00:00.000000Z");
    app.get("/api/version").undocumented().await.expect(404);
    let text = app.get("/metrics").await.expect(200).text();
    for line in [
        "http_requests_total{route=\"/health/ready\",method=\"GET\",status=\"200\"} 1",
        "http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
        "http_request_duration_seconds_count{route=\"/health/ready\",method=\"GET\"} 1",
        "process_start_time_seconds 1772442000",
        "# UNIT process_resident_memory_bytes bytes",
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
}
