//! P6: what stands or falls together does so for every reader, at every instant, and when the
//! server is killed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::process::{Server, assert_verified};
use crate::support::{Dice, Engine, Person, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(with start_in_real_time: what_moves_between_stores_is_always_in_one_of_them);

async fn start_in_real_time(engine: Engine) -> TestApp {
    TestApp::start_in_real_time(engine).await
}

const CLIENTS: usize = 6;
const UNITS: i64 = 60;

struct Two {
    who: Person,
    stores: [i64; 2],
    product: i64,
    server: watch::Sender<SocketAddr>,
    moved: watch::Sender<usize>,
    is_over: AtomicBool,
}

async fn what_moves_between_stores_is_always_in_one_of_them(app: TestApp) {
    let mut dice = Dice::new();
    let shop = app.shop(UNITS).await;
    let far = app.store("FAR").await;
    let mut server = Server::start(app.database_url()).await;
    let two = Arc::new(Two {
        who: shop.admin.clone(),
        stores: [shop.store.0, far.0],
        product: shop.product,
        server: watch::Sender::new(server.address),
        moved: watch::Sender::new(0),
        is_over: AtomicBool::new(false),
    });
    let carriers: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(carry(Arc::clone(&two), number, dice.split())))
        .collect();
    let watcher = tokio::spawn(watch_totals(Arc::clone(&two)));
    for _ in 0..4 {
        let mut moved = two.moved.subscribe();
        let goal = *moved.borrow_and_update() + 15 + dice.below(30);
        moved.wait_for(|count| *count >= goal).await.expect("carriers");
        server.kill();
        server = Server::start(app.database_url()).await;
        two.server.send_replace(server.address);
    }
    two.is_over.store(true, Ordering::SeqCst);
    for carrier in carriers {
        carrier.await.expect("a carrier");
    }
    assert!(watcher.await.expect("the watcher") > 0, "nothing was read");
    server.kill();
    let in_both =
        app.on_hand(shop.store, shop.product).await + app.on_hand(far, shop.product).await;
    assert_eq!(in_both, UNITS);
    assert_verified(app.database_url());
    app.check_books().await;
}

impl Two {
    /// Sends until it is answered.
    async fn ask(&self, request: RequestBuilder) -> (u16, Value) {
        let mut server = self.server.subscribe();
        loop {
            let at = *server.borrow_and_update();
            match request.clone().to(at).token(&self.who.token).attempt().await {
                Ok(reply) if reply.status != 503 => return (reply.status, reply.json()),
                Ok(_) => tokio::task::yield_now().await,
                Err(_) => server.changed().await.expect("a server"),
            }
        }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        RequestBuilder::new(*self.server.borrow(), method, path)
    }
}

/// Carries some units from one store to the other, again and again.
async fn carry(two: Arc<Two>, number: usize, mut dice: Dice) {
    let mut count = 0;
    while !two.is_over.load(Ordering::SeqCst) {
        count += 1;
        let from = dice.below(2);
        let units = dice.between(1, 5);
        let line = |kind: &str, store: usize| {
            json!({
                "type": kind, "store_id": two.stores[store], "product_id": two.product,
                "quantity": units, "reason": "other",
            })
        };
        let mut lines = [line("manual_remove", from), line("found", 1 - from)];
        lines.rotate_left(dice.below(2));
        let request = two
            .request("POST", "/api/stock/movements")
            .key(&format!("{number}-{count}"))
            .json(&json!({"atomic": true, "movements": lines}));
        let (status, body) = two.ask(request).await;
        assert!(matches!(status, 201 | 409), "{body}");
        two.moved.send_modify(|count| *count += 1);
    }
}

/// Reads both levels in one answer for as long as anything moves; how often.
async fn watch_totals(two: Arc<Two>) -> usize {
    let mut reads = 0;
    while !two.is_over.load(Ordering::SeqCst) {
        let path = format!("/api/stock/current?product_id={}", two.product);
        let (status, body) = two.ask(two.request("GET", &path)).await;
        assert_eq!(status, 200, "{body}");
        let levels = body["levels"].as_array().expect("levels");
        let total: i64 = levels.iter().map(|l| l["on_hand"].as_i64().expect("units")).sum();
        assert_eq!(total, UNITS, "{body}");
        reads += 1;
    }
    reads
}
