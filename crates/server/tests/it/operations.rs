//! Requests that are taken on and done later.

use serde_json::{Value, json};
use stockroom::operations::run_all;
use stockroom::workers::Workers;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, RequestBuilder, TestApp, on_both_engines};

on_both_engines!(
    a_request_that_is_taken_on_is_done_by_a_worker,
    a_sale_that_is_taken_on_is_answered_as_it_would_have_been,
    what_is_refused_later_is_told,
    what_is_malformed_is_refused_at_once,
    a_key_is_one_effect_whether_now_or_later,
    run_twice_and_by_two_it_has_one_effect,
    rights_are_those_at_the_time_when_it_is_done,
    everyone_sees_their_own,
    what_is_done_is_forgotten_after_a_week,
);

/// The same, to be done later.
fn later(request: RequestBuilder) -> RequestBuilder {
    request.header("prefer", "respond-async")
}

pub fn add(
    app: &TestApp,
    who: &Person,
    store: StoreId,
    product: i64,
    units: i64,
) -> RequestBuilder {
    let body = json!({"store_id": store, "product_id": product, "quantity": units});
    as_(app.post("/api/stock/add"), who).json(&body)
}

/// Its number.
pub async fn taken_on(request: RequestBuilder) -> i64 {
    let answer = later(request).await.expect(202);
    let operation = &answer.json()["operation"];
    assert_eq!((&operation["state"], &operation["result"]), (&json!("queued"), &Value::Null));
    operation["id"].as_i64().expect("a number")
}

pub async fn operation(app: &TestApp, who: &Person, id: i64) -> Value {
    let answer = app.get_as(who, &format!("/api/operations/{id}")).await.expect(200);
    answer.json()["operation"].clone()
}

async fn a_request_that_is_taken_on_is_done_by_a_worker(app: TestApp) {
    let shop = app.shop(5).await;
    let request = add(&app, &shop.admin, shop.store, shop.product, 3).key("k");
    let answer = later(request.clone()).await.expect(202);
    let id = answer.json()["operation"]["id"].as_i64().expect("a number");
    assert_eq!(answer.header("location"), format!("/api/operations/{id}"));
    assert_eq!(answer.header("preference-applied"), "respond-async");
    assert_eq!(answer.json()["operation"]["kind"], "addStock");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5, "not yet");
    let again = later(request).await.expect(202);
    assert_eq!(again.json(), answer.json(), "the same request is the same operation");

    let path = format!("/api/operations/{id}");
    let waiting = app.get_as(&shop.admin, &path).header("prefer", "wait=10");
    let working = async { Workers::start(&app.app).await.expect("workers") };
    let (done, workers) = tokio::join!(waiting, working);
    let done = done.expect(200);
    let done = &done.json()["operation"];
    assert_eq!((&done["state"], &done["result"]["status"]), (&json!("done"), &json!(201)));
    assert_eq!(done["result"]["answer"]["movement"]["balance"], 8);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 8);
    workers.end().await;
    app.check_books().await;
}

async fn a_sale_that_is_taken_on_is_answered_as_it_would_have_been(app: TestApp) {
    let shop = app.shop(5).await;
    let sale = app.sell(&shop.admin, shop.store, shop.product, 2).key("s");
    let id = taken_on(sale.clone()).await;
    run_all(&app.app, &[id]).await.pop().expect("one").expect("done");
    let done = operation(&app, &shop.admin, id).await;
    assert_eq!((&done["kind"], &done["state"]), (&json!("sell"), &json!("done")));
    let now = sale.await.expect(201);
    assert_eq!(now.header("idempotency-replayed"), "true");
    assert_eq!(done["result"]["answer"]["order"], now.json()["order"]);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 3);
    app.check_books().await;
}

async fn what_is_refused_later_is_told(app: TestApp) {
    let shop = app.shop(5).await;
    let body = json!({"store_id": shop.store, "product_id": shop.product, "quantity": 6});
    let id = taken_on(as_(app.post("/api/stock/sale"), &shop.admin).json(&body)).await;
    run_all(&app.app, &[id]).await.pop().expect("one").expect("done");
    let failed = operation(&app, &shop.admin, id).await;
    assert_eq!((&failed["state"], &failed["result"]["status"]), (&json!("failed"), &json!(409)));
    let error = &failed["result"]["answer"]["error"];
    assert_eq!(error["code"], "insufficient_stock");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
    let ones = app.get_as(&shop.admin, "/api/operations?state=failed&kind=sellStock").await;
    let ones = ones.expect(200).json();
    assert_eq!(ones["operations"][0]["id"], id);
    let none = app.get_as(&shop.admin, "/api/operations?state=done").await.expect(200).json();
    assert_eq!(none["operations"], json!([]));
}

async fn what_is_malformed_is_refused_at_once(app: TestApp) {
    let shop = app.shop(5).await;
    let body = json!({"store_id": shop.store, "product_id": shop.product, "quantity": "x"});
    let refused = later(as_(app.post("/api/stock/add"), &shop.admin).json(&body)).await;
    assert_eq!(refused.expect(400).error("invalid_request")["field"], "quantity");
    let auditor = app.user(Role::Auditor, &[shop.store]).await;
    let request = add(&app, &auditor, shop.store, shop.product, 1);
    later(request).await.expect(403).error("forbidden");
    let stranger = app.post("/api/stock/add").json(&json!({}));
    later(stranger).await.expect(401).error("unauthenticated");
    // A route that cannot do it later passes over the preference.
    let body = json!({"name": "Mia"});
    later(as_(app.post("/api/customers"), &shop.admin).json(&body)).await.expect(201);
    let none = app.get_as(&shop.admin, "/api/operations").await.expect(200).json();
    assert_eq!(none["operations"], json!([]));
}

async fn a_key_is_one_effect_whether_now_or_later(app: TestApp) {
    let shop = app.shop(5).await;
    let request = add(&app, &shop.admin, shop.store, shop.product, 1).key("k");
    let id = taken_on(request.clone()).await;
    let now = request.await.expect(201).json();
    run_all(&app.app, &[id]).await.pop().expect("one").expect("done");
    let done = operation(&app, &shop.admin, id).await;
    assert_eq!(done["result"]["answer"]["movement"], now["movement"]);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 6);
    let other = add(&app, &shop.admin, shop.store, shop.product, 2).key("k");
    later(other).await.expect(422).error("idempotency_key_reused");
    app.check_books().await;
}

async fn run_twice_and_by_two_it_has_one_effect(app: TestApp) {
    let shop = app.shop(0).await;
    let node = app.another_node().await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(taken_on(add(&app, &shop.admin, shop.store, shop.product, 1)).await);
    }
    let twice: Vec<i64> = ids.iter().chain(&ids).copied().collect();
    let (one, other) = tokio::join!(run_all(&app.app, &twice), run_all(&node.app, &ids));
    // Whoever met the other at work comes again.
    for (id, outcome) in twice.iter().chain(&ids).zip(one.into_iter().chain(other)) {
        if outcome.is_err() {
            run_all(&app.app, &[*id]).await.pop().expect("one").expect("done");
        }
    }
    run_all(&app.app, &twice).await.into_iter().for_each(|outcome| outcome.expect("done"));
    for id in ids {
        assert_eq!(operation(&app, &shop.admin, id).await["state"], "done");
    }
    assert_eq!(app.on_hand(shop.store, shop.product).await, 10);
    app.check_books().await;
}

async fn rights_are_those_at_the_time_when_it_is_done(app: TestApp) {
    let shop = app.shop(5).await;
    let far = app.store("FAR").await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let moved = app.user(Role::Staff, &[shop.store]).await;
    let gone = app.user(Role::Staff, &[shop.store]).await;
    let mut ids = Vec::new();
    for who in [&staff, &moved, &gone] {
        ids.push(taken_on(add(&app, who, shop.store, shop.product, 1)).await);
    }
    as_(app.post("/api/auth/logout"), &staff).json(&json!({})).await.expect(200);
    let path = format!("/api/users/{}", moved.user_id);
    let body = json!({"role": "staff", "store_ids": [far]});
    as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
    let path = format!("/api/users/{}", gone.user_id);
    as_(app.delete(&path), &shop.admin).await.expect(204);
    for outcome in run_all(&app.app, &ids).await {
        outcome.expect("dealt with");
    }
    assert_eq!(app.on_hand(shop.store, shop.product).await, 6, "of who only signed out");
    let codes = app.numbers("SELECT status FROM operations ORDER BY id").await;
    assert_eq!(codes, [201, 404, 401]);
}

async fn everyone_sees_their_own(app: TestApp) {
    let shop = app.shop(5).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let id = taken_on(add(&app, &staff, shop.store, shop.product, 1)).await;
    operation(&app, &staff, id).await;
    let path = format!("/api/operations/{id}");
    app.get_as(&shop.admin, &path).await.expect(404).error("not_found");
    let none = app.get_as(&shop.admin, "/api/operations").await.expect(200).json();
    assert_eq!(none["operations"], json!([]));
}

async fn what_is_done_is_forgotten_after_a_week(app: TestApp) {
    let shop = app.shop(5).await;
    let done = taken_on(add(&app, &shop.admin, shop.store, shop.product, 1)).await;
    let waits = taken_on(add(&app, &shop.admin, shop.store, shop.product, 1)).await;
    run_all(&app.app, &[done]).await.pop().expect("one").expect("done");
    app.clock.advance(6 * 86_400);
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(app.numbers("SELECT id FROM operations ORDER BY id").await, [done, waits]);
    app.clock.advance(2 * 86_400);
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(app.numbers("SELECT id FROM operations").await, [waits]);
}
