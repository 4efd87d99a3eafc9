//! How the interface in the browser is answered, whatever its pages are.

use stockroom::http::ui::Ui;
use stockroom::router;

use crate::support::{Engine, TestApp, unlimited};

const INDEX: &str = "<!doctype html><meta property=csp-nonce nonce=__NONCE__><title>S</title>";

async fn start() -> TestApp {
    let router = |app| router::router_with(app, Some(Ui::of(INDEX)));
    TestApp::start_with(Engine::Sqlite, unlimited(), router).await
}

#[tokio::test]
async fn whatever_a_browser_asks_for_is_a_page_of_the_interface() {
    let app = start().await;
    for path in ["/", "/products", "/products/7?tab=stock", "/setup", "/apiary"] {
        let page = app.get(path).header("accept", "text/html,*/*;q=0.8").await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_never_answered_with_one() {
    let app = start().await;
    for path in ["/api/nowhere", "/api", "/assets/none.js", "/assets/", "/health", "/metrics/x"] {
        let reply = app.get(path).header("accept", "text/html").await.expect(404);
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
    }
    app.get("/products").header("accept", "application/json").await.expect(404);
    app.post("/products").header("accept", "text/html").await.expect(404);
}

#[tokio::test]
async fn the_policy_knows_the_page_by_a_number_that_is_used_once() {
    let app = start().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let page = app.get("/").header("accept", "text/html").await.expect(200);
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
        let nonce = nonce.expect("a number").to_owned();
        assert!(page.text().contains(&format!("nonce={nonce}>")), "{nonce}");
        assert!(nonce.len() >= 22 && !seen.contains(&nonce), "{nonce}");
        seen.push(nonce);
    }
    let api = app.get("/api/version").await.expect(200);
    assert!(!api.header("content-security-policy").contains("nonce"));
}
