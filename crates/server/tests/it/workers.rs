//! Orders through the queue: by real workers, on a queue that misbehaves, killed and started anew.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom::config::Config;
use stockroom::orders::settlements;
use stockroom::router;
use stockroom::workers::Workers;
use stockroom_domain::OrderId;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::queues::Faulty;
use crate::support::{Engine, Person, TestApp, on_both_engines, unlimited};

on_both_engines!(with start_impatient:
    whoever_waits_is_told_the_outcome,
    orders_over_a_stock_that_does_not_suffice_sell_exactly_it,
    messages_that_come_twice_late_and_reordered_have_one_effect,
    orders_spread_over_lots_until_they_are_empty,
    long_orders_are_taken_in_portions,
    an_order_that_is_called_off_while_its_worker_runs_ends_in_one_state,
    workers_that_stop_at_any_time_leave_nothing_undone,
    a_poisoned_message_is_parked_and_holds_nobody_up,
    a_dead_letter_is_dropped_by_someone_who_knows_better,
    an_order_whose_event_was_lost_is_found_and_finished,
    another_process_takes_over,
);

/// A server that gives a message up after three tries, not eight.
pub async fn start_impatient(engine: Engine) -> TestApp {
    let config = Config { worker_tries_max: 3, ..unlimited() };
    TestApp::start_with(engine, config, router::router).await
}

/// As long as it takes.
const LONG: Duration = Duration::from_secs(60);

/// Waits until no order is pending, told by the server itself.
pub async fn until_settled(app: &TestApp, orders: &[i64]) {
    for id in orders {
        let settled = settlements::wait(&app.app, OrderId(*id), LONG).await;
        assert!(settled.expect("an answer"), "order {id} is not settled");
    }
}

pub async fn statuses(app: &TestApp, who: &Person, orders: &[i64]) -> Vec<String> {
    let mut statuses = Vec::new();
    for id in orders {
        let order = app.read_order(who, *id).await;
        statuses.push(order["status"].as_str().expect("a status").to_owned());
    }
    statuses
}

async fn whoever_waits_is_told_the_outcome(app: TestApp) {
    let shop = app.shop(5).await;
    let workers = Workers::start(&app.app).await.expect("workers");
    let order = |units: i64| {
        app.order(&shop.admin, shop.store, shop.product, units).header("prefer", "wait=10")
    };
    let confirmed = order(2).await.expect(201);
    assert_eq!(confirmed.json()["order"]["status"], "confirmed");
    assert_eq!(confirmed.header("preference-applied"), "wait=10");
    assert_eq!(confirmed.header("etag"), "\"2\"");
    let rejected = order(4).await.expect(201).json();
    assert_eq!(rejected["order"]["status"], "rejected");
    assert_eq!(rejected["order"]["shortages"][0]["available"], 3);
    workers.end().await;
    // Without a worker the wait ends by itself, and the order stands.
    let waited = app.order(&shop.admin, shop.store, shop.product, 1).header("prefer", "wait=0");
    assert_eq!(waited.await.expect(201).json()["order"]["status"], "pending");
    app.check_books().await;
}

async fn orders_over_a_stock_that_does_not_suffice_sell_exactly_it(app: TestApp) {
    const ORDERS: usize = 200;
    const STOCK: i64 = 77;
    let shop = app.shop(STOCK).await;
    let node = app.another_node().await;
    let workers = [
        Workers::start(&app.app).await.expect("workers"),
        Workers::start(&node.app).await.expect("workers"),
    ];
    let placing = (0..ORDERS).map(|number| {
        let app = [&app, &node][number % 2];
        app.placed(&shop.admin, shop.store, shop.product, 1)
    });
    let orders = futures_util::future::join_all(placing).await;
    until_settled(&app, &orders).await;
    let statuses = statuses(&app, &shop.admin, &orders).await;
    let confirmed = statuses.iter().filter(|status| *status == "confirmed").count();
    let rejected = statuses.iter().filter(|status| *status == "rejected").count();
    assert_eq!((confirmed, rejected), (77, ORDERS - 77));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    for workers in workers {
        workers.end().await;
    }
    app.check_books().await;
}

async fn orders_spread_over_lots_until_they_are_empty(app: TestApp) {
    let shop = app.shop(3).await;
    let milk = app.product_with_lots("MILK").await;
    for number in 1..=20 {
        let lot = json!({"code": format!("L{number}"), "expires_on": "2026-04-01"});
        let body = json!({"store_id": shop.store, "product_id": milk, "quantity": 1, "lot": lot});
        as_(app.post("/api/stock/add"), &shop.admin).json(&body).await.expect(201);
    }
    let mut orders = Vec::new();
    for _ in 0..30 {
        orders.push(app.placed(&shop.admin, shop.store, milk, 1).await);
    }
    let items = json!([
        {"product_id": milk, "quantity": 1}, {"product_id": shop.product, "quantity": 9},
    ]);
    let body = json!({"store_id": shop.store, "items": items});
    let mixed = as_(app.post("/api/orders"), &shop.admin).json(&body).await.expect(201).json();
    let mixed = mixed["order_id"].as_i64().expect("a number");
    let workers = Workers::start(&app.app).await.expect("workers");
    until_settled(&app, &orders).await;
    until_settled(&app, &[mixed]).await;
    workers.end().await;
    let statuses = statuses(&app, &shop.admin, &orders).await;
    let confirmed = statuses.iter().filter(|status| *status == "confirmed").count();
    assert_eq!((confirmed, statuses.len()), (20, 30), "{statuses:?}");
    assert_eq!(app.on_hand(shop.store, milk).await, 0);
    assert_eq!(app.read_order(&shop.admin, mixed).await["status"], "rejected");
    app.check_books().await;
}

async fn long_orders_are_taken_in_portions(app: TestApp) {
    let admin = app.with_admin().await;
    app.products(600).await;
    let products = app.numbers("SELECT id FROM products ORDER BY id").await;
    let delivery: Vec<Value> = products
        .iter()
        .map(|id| {
            json!({"type": "stock_in", "store_id": admin.store, "product_id": id, "quantity": 3})
        })
        .collect();
    app.parcel(&admin, true, &delivery).await.expect(201);
    let items: Vec<Value> =
        products.iter().map(|id| json!({"product_id": id, "quantity": 1})).collect();
    let mut orders = Vec::new();
    for _ in 0..4 {
        let body = json!({"store_id": admin.store, "items": items});
        let placed = as_(app.post("/api/orders"), &admin).json(&body).await.expect(201).json();
        orders.push(placed["order_id"].as_i64().expect("a number"));
    }
    let twice: Vec<_> = orders.iter().chain(&orders).map(|id| OrderId(*id)).collect();
    let outcomes = stockroom::orders::worker::take_all(&app.app, &twice).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let unknown = stockroom::orders::worker::take_all(&app.app, &[OrderId(999)]).await;
    assert!(unknown[0].is_err());
    let statuses = statuses(&app, &admin, &orders).await;
    assert_eq!(statuses.iter().filter(|status| *status == "confirmed").count(), 3);
    assert_eq!(app.number("SELECT CAST(SUM(on_hand) AS BIGINT) FROM stock_levels").await, 0);
    app.check_books().await;
}

async fn messages_that_come_twice_late_and_reordered_have_one_effect(app: TestApp) {
    let shop = app.shop(60).await;
    let mut orders = Vec::new();
    for _ in 0..50 {
        orders.push(app.placed(&shop.admin, shop.store, shop.product, 1).await);
    }
    let workers = Workers::start_on(&app.app, Faulty::unruly()).await.expect("workers");
    until_settled(&app, &orders).await;
    workers.end().await;
    // The whole stream once more, from the beginning, with every key forgotten.
    app.tamper("DELETE FROM idempotency_keys").await.expect("done");
    app.tamper("UPDATE followers SET last_id = 0").await.expect("done");
    let workers = Workers::start_on(&app.app, Faulty::unruly()).await.expect("workers");
    let last = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    until_settled(&app, &[last]).await;
    workers.end().await;
    let statuses = statuses(&app, &shop.admin, &orders).await;
    assert!(statuses.iter().all(|status| status == "confirmed"), "{statuses:?}");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 9);
    let steps = "SELECT COUNT(*) FROM order_history WHERE event = 'confirmed'";
    assert_eq!(app.number(steps).await, 51);
    app.check_books().await;
}

async fn an_order_that_is_called_off_while_its_worker_runs_ends_in_one_state(app: TestApp) {
    let shop = app.shop(40).await;
    let node = app.another_node().await;
    let workers = Workers::start(&app.app).await.expect("workers");
    let nothing = json!({});
    let mut orders = Vec::new();
    for round in 0..20 {
        let id = app.placed(&shop.admin, shop.store, shop.product, 1).await;
        let place = [&app, &node][round % 2];
        let cancelled = place.step(&shop.admin, id, "cancel", &nothing).await;
        assert_eq!(cancelled.status, 200, "{}", cancelled.text());
        orders.push(id);
    }
    until_settled(&app, &orders).await;
    workers.end().await;
    // Called off before the goods were taken or after: it is called off, and they are back.
    let statuses = statuses(&app, &shop.admin, &orders).await;
    assert!(statuses.iter().all(|status| status == "cancelled"), "{statuses:?}");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 40);
    app.check_books().await;
}

async fn workers_that_stop_at_any_time_leave_nothing_undone(app: TestApp) {
    let shop = app.shop(100).await;
    let mut orders = Vec::new();
    for round in 0..12 {
        for _ in 0..5 {
            orders.push(app.placed(&shop.admin, shop.store, shop.product, 1).await);
        }
        let workers = Workers::start(&app.app).await.expect("workers");
        // What the queue of this process holds is gone with it, whatever was done by then.
        for _ in 0..round * 3 {
            tokio::task::yield_now().await;
        }
        workers.end().await;
    }
    let workers = Workers::start(&app.app).await.expect("workers");
    until_settled(&app, &orders).await;
    workers.end().await;
    assert_eq!(app.on_hand(shop.store, shop.product).await, 40);
    app.check_books().await;
}

/// An event of an order that is not there.
pub async fn poison(app: &TestApp) {
    let next = app.number("SELECT last_id + 1 FROM event_head").await;
    let add = format!(
        "INSERT INTO events
            (log_id, id, type, store_id, subject_kind, subject_id, occurred_at, data)
         VALUES (1, {next}, 'order.placed', 1, 'order', 999999, 0, '{{}}');
         UPDATE event_head SET last_id = {next}"
    );
    app.tamper(&add).await.expect("done");
}

pub async fn letters(app: &TestApp, who: &Person, query: &str) -> Vec<Value> {
    let list = app.get_as(who, &format!("/api/dead-letters{query}")).await.expect(200).json();
    list["dead_letters"].as_array().expect("dead letters").clone()
}

/// Waits until the log tells of something.
pub async fn until_told(app: &TestApp, who: &Person, kind: &str) {
    let mut after = 0;
    loop {
        let path = format!("/api/inventory/events?after={after}&wait=30&limit=500");
        let answer = app.get_as(who, &path).await.expect(200).json();
        let events = answer["events"].as_array().expect("events");
        assert!(!events.is_empty(), "{kind} is not told of");
        if events.iter().any(|event| event["type"] == kind) {
            return;
        }
        after = answer["next_after"].as_i64().expect("a place");
    }
}

async fn a_poisoned_message_is_parked_and_holds_nobody_up(app: TestApp) {
    let shop = app.shop(20).await;
    poison(&app).await;
    let workers = Workers::start(&app.app).await.expect("workers");
    let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    until_settled(&app, &[order]).await;
    until_told(&app, &shop.admin, "dead_letter.parked").await;
    let parked = letters(&app, &shop.admin, "").await;
    assert_eq!(parked.len(), 1);
    assert_eq!((&parked[0]["queue"], &parked[0]["state"]), (&json!("orders"), &json!("parked")));
    assert_eq!((&parked[0]["attempts"], &parked[0]["subject_id"]), (&json!(3), &json!(999_999)));
    assert_eq!(parked[0]["error"], "there is no order 999999");
    let manager = app.user(Role::Manager, &[shop.store]).await;
    app.get_as(&manager, "/api/dead-letters").await.expect(403).error("forbidden");
    // What hindered it is mended, and it is tried again.
    let make = format!(
        "INSERT INTO orders (id, store_id, channel, status, order_date, business_day, total, tax,
            is_deleted, version) VALUES (999999, {}, 'order', 'pending', 0, 0, 0, 0, FALSE, 1);
         INSERT INTO order_items (order_id, id, product_id, sku, name, quantity, price, tax_rate,
            total, tax) VALUES (999999, 1, {}, 'A', 'A', 1000, 0, 0, 0, 0);
         INSERT INTO order_history (order_id, version, event, status, at, actor)
         VALUES (999999, 1, 'placed', 'pending', 0, 'test');
         INSERT INTO pending_orders (order_id, placed_at) VALUES (999999, 0)",
        shop.store, shop.product
    );
    app.tamper(&make).await.expect("done");
    let path = format!("/api/dead-letters/{}", parked[0]["id"]);
    let replay = as_(app.post(&format!("{path}/replay")), &shop.admin);
    assert_eq!(replay.await.expect(200).json()["dead_letter"]["state"], "replaying");
    until_told(&app, &shop.admin, "dead_letter.done").await;
    workers.end().await;
    let again = as_(app.post(&format!("{path}/replay")), &shop.admin).await.expect(409);
    assert_eq!(again.error("invalid_state")["details"]["state"], "done");
    assert_eq!(app.read_order(&shop.admin, 999_999).await["status"], "confirmed");
    assert!(letters(&app, &shop.admin, "").await.is_empty());
    assert_eq!(letters(&app, &shop.admin, "?state=done&queue=orders").await.len(), 1);
    app.check_books().await;
}

async fn a_dead_letter_is_dropped_by_someone_who_knows_better(app: TestApp) {
    let shop = app.shop(0).await;
    poison(&app).await;
    let workers = Workers::start(&app.app).await.expect("workers");
    until_told(&app, &shop.admin, "dead_letter.parked").await;
    workers.end().await;
    for _ in 0..2 {
        as_(app.delete("/api/dead-letters/1"), &shop.admin).await.expect(204);
    }
    let refused = as_(app.post("/api/dead-letters/1/replay"), &shop.admin).await.expect(409);
    refused.error("invalid_state");
    app.get_as(&shop.admin, "/api/dead-letters/9").await.expect(404).error("not_found");
    let found = app.get_as(&shop.admin, "/api/dead-letters/1").await.expect(200).json();
    assert_eq!(found["dead_letter"]["state"], "dropped");
    app.check_audit().await;
    app.tamper("UPDATE dead_letters SET state = 'parked'").await.expect("done");
    app.clock.advance(91 * 86_400);
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(
        app.number("SELECT COUNT(*) FROM dead_letters").await,
        1,
        "someone has to see to it"
    );
    app.tamper("UPDATE dead_letters SET state = 'dropped'").await.expect("done");
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM dead_letters").await, 0);
}

async fn an_order_whose_event_was_lost_is_found_and_finished(app: TestApp) {
    let shop = app.shop(9).await;
    let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    // Whoever follows the log is past it, and nobody has heard of it.
    app.tamper("UPDATE followers SET last_id = 1000").await.expect("done");
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(statuses(&app, &shop.admin, &[order]).await, ["pending"], "it may yet come");
    app.clock.advance(60);
    stockroom::jobs::run_all(&app.app).await;
    let admin = app.signed_in_again(&shop.admin).await;
    assert_eq!(statuses(&app, &admin, &[order]).await, ["confirmed"]);
    app.check_books().await;
}

async fn another_process_takes_over(app: TestApp) {
    let shop = app.shop(9).await;
    let node = app.another_node().await;
    let first = Workers::start(&app.app).await.expect("workers");
    let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    until_settled(&app, &[order]).await;
    first.end().await;
    let second = Workers::start(&node.app).await.expect("workers");
    let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    until_settled(&app, &[order]).await;
    second.end().await;
    // One that has died holds its lease until it runs out.
    app.tamper("UPDATE followers SET owner = 'dead', lease_until = 9000000000000000")
        .await
        .expect("done");
    if app.engine == Engine::Postgres {
        let third = Workers::start(&node.app).await.expect("workers");
        let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
        let soon = Duration::from_millis(300);
        let id = OrderId(order);
        assert!(!settlements::wait(&app.app, id, soon).await.expect("an answer"));
        app.tamper("UPDATE followers SET lease_until = 0").await.expect("done");
        until_settled(&app, &[order]).await;
        third.end().await;
    }
    app.check_books().await;
}
