//! The API and the workers in processes of their own, on one PostgreSQL, while workers are killed.

use std::time::Duration;

use serde_json::json;

use crate::operations::{add, taken_on};
use crate::support::process::{Server, assert_verified, stockroom};
use crate::support::{Dice, Engine, TestApp};
use crate::workers::{statuses, until_settled};

const ORDERS: usize = 120;
const STOCK: i64 = 100;

async fn start(app: &TestApp, role: &str) -> Server {
    start_with(app, role, "all").await
}

async fn start_with(app: &TestApp, role: &str, queues: &str) -> Server {
    let mut arguments = vec!["serve", "--role", role, "--listen", "127.0.0.1:0"];
    if role == "worker" {
        arguments.extend(["--queues", queues]);
    }
    Server::start_as(stockroom(&arguments), app.database_url()).await
}

#[tokio::test]
async fn a_worker_that_is_killed_is_followed_by_another_and_each_order_ends_once() {
    let app = TestApp::start_in_real_time(Engine::Postgres).await;
    let mut dice = Dice::new();
    let shop = app.shop(STOCK).await;
    let api = start(&app, "api").await;
    let mut first = Some(start(&app, "worker").await);
    let mut second = Some(start(&app, "worker").await);
    let mut third = None;
    let kills = [10 + dice.below(20), 50 + dice.below(30)];
    let mut orders = Vec::new();
    for number in 0..ORDERS {
        let order = app.order(&shop.admin, shop.store, shop.product, 1).to(api.address);
        let placed = order.key(&format!("order-{number}")).await.expect(201).json();
        orders.push(placed["order_id"].as_i64().expect("a number"));
        // One of the two carries the events.
        if number == kills[0] {
            first.take().into_iter().for_each(Server::kill);
            third = Some(start(&app, "worker").await);
        } else if number == kills[1] {
            second.take().into_iter().for_each(Server::kill);
        }
    }
    // A lease that someone dead holds runs out in ten seconds.
    tokio::time::timeout(Duration::from_secs(120), until_settled(&app, &orders))
        .await
        .expect("another takes over");
    drop(third);
    let ended = statuses(&app, &shop.admin, &orders).await;
    let confirmed = ended.iter().filter(|status| *status == "confirmed").count();
    assert_eq!((confirmed, ended.len()), (usize::try_from(STOCK).expect("few"), ORDERS));
    assert!(ended.iter().all(|status| status != "pending"));
    assert_eq!(app.number("SELECT COUNT(*) FROM order_history WHERE version = 2").await, 120);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    drop(api);
    app.check_books().await;
    assert_verified(app.database_url());
}

#[tokio::test]
async fn each_queue_is_worked_on_by_whoever_has_it() {
    let app = TestApp::start_in_real_time(Engine::Postgres).await;
    let shop = app.shop(10).await;
    // Whoever starts first would carry everything, were it one thing to carry.
    let follows = start_with(&app, "worker", "inventory,notifications").await;
    let orders = start_with(&app, "worker", "orders").await;
    let operations = start_with(&app, "worker", "operations").await;
    let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    let adding = add(&app, &shop.admin, shop.store, shop.product, 1);
    let operation = taken_on(adding).await;
    until_settled(&app, &[order]).await;
    let path = format!("/api/operations/{operation}");
    let mut state = json!("queued");
    while state == "queued" {
        let asking = app.get_as(&shop.admin, &path).header("prefer", "wait=30");
        state = asking.await.expect(200).json()["operation"]["state"].clone();
    }
    assert_eq!(state, "done");
    drop((follows, orders, operations));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 10);
    app.check_books().await;
}
