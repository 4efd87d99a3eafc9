//! P5: one effect per key. Retries, to any node, at once or after a restart, have one effect;
//! once there is one, they always get its answer.

use std::future::IntoFuture as _;

use serde_json::{Value, json};

use crate::support::{Person, Reply, RequestBuilder, Shop, TestApp, on_both_engines};

on_both_engines!(
    eight_twins_at_once_have_one_effect,
    twins_on_two_nodes_have_one_effect,
    an_effect_is_answered_again_after_a_restart,
    another_request_under_a_used_key_is_refused,
    a_refusal_leaves_its_key_free,
    an_effect_is_answered_though_the_stock_is_gone,
    an_effect_is_answered_though_its_product_is_gone,
    an_effect_is_answered_though_its_date_is_too_old_by_now,
    a_count_is_answered_again_under_its_key,
    a_reversal_is_answered_again_under_its_key,
    keys_belong_to_their_caller_and_route,
    six_hundred_lines_sent_again_have_one_effect,
    six_hundred_lines_keep_their_places_when_sent_again,
    other_lines_under_a_used_key_change_nothing,
);

const REPLAYED: &str = "idempotency-replayed";

/// The same answer as before, and said to be so.
#[track_caller]
fn assert_repeats(again: &Reply, first: &Reply) {
    assert_eq!(again.text(), first.text());
    assert_eq!(again.status, first.status);
    assert_eq!(again.header(REPLAYED), "true");
}

async fn eight_twins_at_once_have_one_effect(app: TestApp) {
    let shop = app.shop(50).await;
    let request = || app.sale(&shop.admin, shop.store, shop.product, 1).key("twin");
    one_effect_of(&app, &shop, (0..8).map(|_| request()).collect()).await;
}

async fn twins_on_two_nodes_have_one_effect(app: TestApp) {
    let shop = app.shop(50).await;
    let other = app.another_node().await;
    let request = |node: &TestApp| node.sale(&shop.admin, shop.store, shop.product, 1).key("twin");
    let requests = (0..8).map(|number| request(if number % 2 == 0 { &app } else { &other }));
    one_effect_of(&app, &shop, requests.collect()).await;
}

async fn one_effect_of(app: &TestApp, shop: &Shop, requests: Vec<RequestBuilder>) {
    let calls: Vec<_> =
        requests.into_iter().map(|request| tokio::spawn(request.into_future())).collect();
    let (mut effects, mut bodies) = (0, Vec::new());
    for call in calls {
        let reply = call.await.expect("a reply").expect(201);
        effects += u32::from(reply.header(REPLAYED).is_empty());
        bodies.push(reply.text());
    }
    assert_eq!(effects, 1);
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 49);
    app.check_books().await;
}

async fn an_effect_is_answered_again_after_a_restart(app: TestApp) {
    let shop = app.shop(5).await;
    let first = app.sale(&shop.admin, shop.store, shop.product, 1).key("k").await.expect(201);
    assert_eq!(first.header(REPLAYED), "");
    let app = app.restarted().await;
    let again = app.sale(&shop.admin, shop.store, shop.product, 1).key("k").await;
    assert_repeats(&again, &first);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 4);
    app.check_books().await;
}

async fn another_request_under_a_used_key_is_refused(app: TestApp) {
    let shop = app.shop(5).await;
    app.sale(&shop.admin, shop.store, shop.product, 1).key("k").await.expect(201);
    let other = app.sale(&shop.admin, shop.store, shop.product, 2).key("k").await.expect(422);
    let error = other.error("idempotency_key_reused");
    assert_eq!(error["details"]["idempotency_key"], "k", "{error}");
    // Also where the other request would be refused anyway.
    app.sale(&shop.admin, shop.store, shop.product, 99).key("k").await.expect(422);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 4);
    app.check_books().await;
}

async fn a_refusal_leaves_its_key_free(app: TestApp) {
    let shop = app.shop(0).await;
    let sale = || app.sale(&shop.admin, shop.store, shop.product, 1).key("k");
    sale().await.expect(409).error("insufficient_stock");
    app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
    let first = sale().await.expect(201);
    assert_eq!(first.header(REPLAYED), "");
    assert_repeats(&sale().await, &first);
    app.check_books().await;
}

async fn an_effect_is_answered_though_the_stock_is_gone(app: TestApp) {
    let shop = app.shop(2).await;
    let sale = || app.sale(&shop.admin, shop.store, shop.product, 2).key("k");
    let first = sale().await.expect(201);
    app.clock.advance(300);
    assert_repeats(&sale().await, &first);
    app.check_books().await;
}

async fn an_effect_is_answered_though_its_product_is_gone(app: TestApp) {
    let shop = app.shop(2).await;
    let body = json!({"store_id": shop.store, "sku": "A", "quantity": 2});
    let sale =
        |key: &str| app.post("/api/stock/sale").token(&shop.admin.token).key(key).json(&body);
    let first = sale("k").await.expect(201);
    let delete = format!("UPDATE products SET is_deleted = TRUE WHERE id = {}", shop.product);
    app.tamper(&delete).await.expect("deleted");
    sale("new").await.expect(404);
    assert_repeats(&sale("k").await, &first);
}

/// A till that was cut off asks again days later.
async fn an_effect_is_answered_though_its_date_is_too_old_by_now(app: TestApp) {
    let shop = app.shop(2).await;
    let manager = app.user(stockroom_domain::permissions::Role::Staff, &[shop.store]).await;
    let body = json!({
        "store_id": shop.store, "product_id": shop.product, "quantity": 1,
        "effective_at": "2026-03-01T09:00:00Z",
    });
    let sale = |who: &Person, key: &str| {
        app.post("/api/stock/sale").token(&who.token).key(key).json(&body)
    };
    let first = sale(&manager, "k").await.expect(201);
    app.clock.advance(3 * 86_400);
    let manager = app.signed_in_again(&manager).await;
    assert_eq!(
        sale(&manager, "new").await.expect(400).error("invalid_request")["field"],
        "effective_at"
    );
    assert_repeats(&sale(&manager, "k").await, &first);
    app.check_books().await;
}

async fn a_count_is_answered_again_under_its_key(app: TestApp) {
    let shop = app.shop(5).await;
    let path = format!("/api/stores/{}/inventory/{}", shop.store, shop.product);
    let body = json!({"quantity": 3, "reason": "count"});
    let count =
        || app.put(&path).token(&shop.admin.token).key("k").header("if-match", "\"1\"").json(&body);
    let first = count().await.expect(201);
    app.stock_in(&shop.admin, shop.store, shop.product, 7).await;
    assert_repeats(&count().await, &first);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 10);
    app.check_books().await;
}

async fn a_reversal_is_answered_again_under_its_key(app: TestApp) {
    let shop = app.shop(5).await;
    let id = app.ledger().await[0].id;
    let path = format!("/api/stock/movements/{id}/reverse");
    let reverse = |key: &str| app.post(&path).token(&shop.admin.token).key(key).json(&json!({}));
    let first = reverse("k").await.expect(201);
    assert_repeats(&reverse("k").await, &first);
    reverse("other").await.expect(409).error("invalid_state");
    app.check_books().await;
}

async fn keys_belong_to_their_caller_and_route(app: TestApp) {
    let shop = app.shop(5).await;
    let clerk = app.user(stockroom_domain::permissions::Role::Staff, &[shop.store]).await;
    for who in [&shop.admin, &clerk] {
        let sale = app.sale(who, shop.store, shop.product, 1).key("k").await.expect(201);
        assert_eq!(sale.header(REPLAYED), "");
    }
    let body = json!({"store_id": shop.store, "product_id": shop.product, "quantity": 1});
    let add = app.post("/api/stock/add").token(&shop.admin.token).key("k").json(&body).await;
    assert_eq!(add.expect(201).header(REPLAYED), "");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 4);
    app.check_books().await;
}

fn sales(shop: &Shop, count: usize) -> Vec<Value> {
    let (store, product) = (shop.store, shop.product);
    let line = json!({"type": "sale", "store_id": store, "product_id": product, "quantity": 1});
    vec![line; count]
}

async fn six_hundred_lines_sent_again_have_one_effect(app: TestApp) {
    let shop = app.shop(1_000).await;
    let lines = sales(&shop, 600);
    let send = || app.parcel(&shop.admin, false, &lines).key("bulk");
    let first = send().await.expect(200);
    assert_eq!(first.json()["succeeded"], 600);
    assert_eq!(first.header(REPLAYED), "");
    assert_repeats(&send().await, &first);
    let app = app.restarted().await;
    assert_repeats(&app.parcel(&shop.admin, false, &lines).key("bulk").await, &first);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 400);
    app.check_books().await;
}

/// A line that pointed to nothing at first must not shift the answers of the others later.
async fn six_hundred_lines_keep_their_places_when_sent_again(app: TestApp) {
    let shop = app.shop(1_000).await;
    let mut lines = sales(&shop, 300);
    for place in [0, 5, 280] {
        lines[place] = json!({
            "type": "found", "store_id": shop.store, "sku": "LATE", "quantity": 1,
        });
    }
    let send = || app.parcel(&shop.admin, false, &lines).key("bulk");
    let first = send().await.expect(200);
    assert_eq!(first.json()["failed"], 3, "{}", first.text());
    app.bare_product("LATE").await;
    let again = send().await;
    assert_repeats(&again, &first);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 1_000 - 297);
    app.check_books().await;
}

async fn other_lines_under_a_used_key_change_nothing(app: TestApp) {
    let shop = app.shop(1_000).await;
    app.parcel(&shop.admin, false, &sales(&shop, 10)).key("k").await.expect(200);
    for (atomic, count) in [(false, 600), (false, 9), (true, 9), (true, 600)] {
        let other = app.parcel(&shop.admin, atomic, &sales(&shop, count)).key("k").await;
        other.expect(422).error("idempotency_key_reused");
        assert_eq!(app.on_hand(shop.store, shop.product).await, 990, "{atomic} {count}");
    }
    app.parcel(&shop.admin, true, &sales(&shop, 10)).key("all").await.expect(201);
    app.parcel(&shop.admin, false, &sales(&shop, 600)).key("all").await.expect(422);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 980);
    app.check_books().await;
}
