//! P3: not one unit is sold twice, whoever asks at once. P4: what everyone was told fits one
//! order in real time.

use std::future::IntoFuture as _;

use serde_json::{Value, json};
use stockroom::db::{Conn, Tx};
use stockroom::on_db;
use stockroom_domain::StoreId;

use crate::support::history::{self, Call, Outcome};
use crate::support::load::{Load, check};
use crate::support::{Dice, Engine, Reply, RequestBuilder, Shop, TestApp, on_both_engines};

on_both_engines!(
    of_64_who_want_one_of_50_units_14_go_without,
    the_last_few_units_are_sold_once_each,
    two_nodes_sell_no_more_than_there_is,
    the_lines_of_a_parcel_count_together,
    lines_that_stand_alone_are_judged_one_after_another,
    parcels_counts_and_reversals_never_oversell,
    parcels_in_opposite_orders_never_deadlock,
    what_everyone_was_told_fits_one_order,
    what_two_nodes_told_fits_one_order,
    ids_and_versions_rise_together,
);

/// Sends all of them at once.
async fn race(requests: Vec<RequestBuilder>) -> Vec<Reply> {
    let calls: Vec<_> =
        requests.into_iter().map(|request| tokio::spawn(request.into_future())).collect();
    let mut replies = Vec::with_capacity(calls.len());
    for call in calls {
        replies.push(call.await.expect("a reply"));
    }
    replies
}

/// How many were done; every other one must have been refused for want of stock.
#[track_caller]
fn winners(replies: &[Reply]) -> usize {
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(reply.status, 409, "{}", reply.text());
        reply.error("insufficient_stock");
    }
    replies.iter().filter(|reply| reply.status == 201).count()
}

async fn of_64_who_want_one_of_50_units_14_go_without(app: TestApp) {
    let shop = app.shop(50).await;
    let sale = || app.sale(&shop.admin, shop.store, shop.product, 1);
    let replies = race((0..64).map(|_| sale()).collect()).await;
    assert_eq!(winners(&replies), 50);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    app.check_books().await;
}

async fn the_last_few_units_are_sold_once_each(app: TestApp) {
    let shop = app.shop(0).await;
    for stock in 1..=5 {
        let product = app.bare_product(&format!("LAST-{stock}")).await;
        app.stock_in(&shop.admin, shop.store, product, stock).await;
        let sale = || app.sale(&shop.admin, shop.store, product, 1);
        let replies = race((0..64).map(|_| sale()).collect()).await;
        assert_eq!(i64::try_from(winners(&replies)), Ok(stock));
    }
    app.check_books().await;
}

async fn two_nodes_sell_no_more_than_there_is(app: TestApp) {
    let shop = app.shop(50).await;
    let other = app.another_node().await;
    let sale = |number: usize| {
        let node = if number.is_multiple_of(2) { &app } else { &other };
        node.sale(&shop.admin, shop.store, shop.product, 1)
    };
    let replies = race((0..64).map(sale).collect()).await;
    assert_eq!(winners(&replies), 50);
    app.check_books().await;
}

fn line(kind: &str, store: StoreId, product: i64, quantity: i64) -> Value {
    json!({"type": kind, "store_id": store, "product_id": product, "quantity": quantity})
}

async fn the_lines_of_a_parcel_count_together(app: TestApp) {
    let shop = app.shop(5).await;
    let sale = |units| line("sale", shop.store, shop.product, units);
    let reply = app.parcel(&shop.admin, true, &[sale(3), sale(3)]).await.expect(409);
    let error = reply.error("insufficient_stock");
    assert_eq!(error["field"], "movements[1].quantity", "{error}");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
    let reply = app.parcel(&shop.admin, true, &[sale(3), sale(2)]).await.expect(201);
    let balances: Vec<_> = reply.json()["movements"]
        .as_array()
        .expect("two")
        .iter()
        .map(|m| m["balance"].clone())
        .collect();
    assert_eq!(balances, [json!(2), json!(0)]);
    app.check_books().await;
}

async fn lines_that_stand_alone_are_judged_one_after_another(app: TestApp) {
    let shop = app.shop(5).await;
    let sale = |units| line("sale", shop.store, shop.product, units);
    let lines = [sale(3), sale(3), sale(2)];
    let answer = app.parcel(&shop.admin, false, &lines).await.expect(200).json();
    assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(2), &json!(1)));
    assert_eq!(answer["results"][1]["error"]["code"], "insufficient_stock", "{answer}");
    assert_eq!(answer["results"][2]["movement"]["version"], 3, "{answer}");
    app.check_books().await;
}

/// Everything that writes at once: what came in is what is there and what went out.
async fn parcels_counts_and_reversals_never_oversell(app: TestApp) {
    let mut dice = Dice::new();
    let shop = app.shop(40).await;
    let other = app.another_node().await;
    let far = app.store("FAR").await;
    let first = app.ledger().await[0].id;
    let mut requests = Vec::new();
    for number in 0..64 {
        let node = if dice.below(2) == 0 { &app } else { &other };
        let (who, store, product) = (&shop.admin, shop.store, shop.product);
        requests.push(match number % 8 {
            0 => node
                .put(&format!("/api/stores/{store}/inventory/{product}"))
                .token(&who.token)
                .json(&json!({"quantity": dice.between(0, 9), "reason": "count"})),
            1 => node
                .post(&format!("/api/stock/movements/{first}/reverse"))
                .token(&who.token)
                .json(&json!({})),
            2 | 3 => {
                let units = dice.between(1, 3);
                let out = line("sale", store, product, units);
                let mut lines = [out, line("found", far, product, units)];
                lines.rotate_left(dice.below(2));
                node.parcel(who, true, &lines)
            }
            4 => node.parcel(
                who,
                true,
                &[line("sale", store, product, 1), line("sale", store, product, 1)],
            ),
            _ => node.sale(who, store, product, dice.between(1, 3)),
        });
    }
    let replies = race(requests).await;
    for reply in &replies {
        assert!(matches!(reply.status, 201 | 409), "{}", reply.text());
    }
    let reversals = app.ledger().await.iter().filter(|entry| entry.quantity == -40_000).count();
    assert!(reversals <= 1, "one movement was undone {reversals} times");
    app.check_books().await;
}

async fn parcels_in_opposite_orders_never_deadlock(app: TestApp) {
    const PARCELS: usize = 60;
    let shop = app.shop(1_000).await;
    let second = app.bare_product("B").await;
    app.stock_in(&shop.admin, shop.store, second, 1_000).await;
    let third = app.bare_product("C").await;
    let far = app.store("FAR").await;
    let other = app.another_node().await;
    let parcel = |number: usize| {
        // The last of these levels does not exist yet: both nodes make it at once.
        let mut lines = vec![
            line("sale", shop.store, shop.product, 1),
            line("sale", shop.store, second, 1),
            line("found", far, second, 1),
            line("found", far, third, 1),
        ];
        let node = if number.is_multiple_of(2) { &app } else { &other };
        if number.is_multiple_of(2) {
            lines.reverse();
        }
        node.parcel(&shop.admin, true, &lines)
    };
    let replies = race((0..PARCELS).map(parcel).collect()).await;
    assert_eq!(winners(&replies), PARCELS);
    if app.is_postgres() {
        // Statistics of a connection are written at the latest when it ends.
        other.app.db.close().await;
        let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(app.number(deadlocks).await, 0);
    }
    app.check_books().await;
}

async fn what_everyone_was_told_fits_one_order(app: TestApp) {
    let shop = app.shop(0).await;
    tell_of_one_order(&app, &shop, &app).await;
}

async fn what_two_nodes_told_fits_one_order(app: TestApp) {
    let shop = app.shop(0).await;
    let other = app.another_node().await;
    tell_of_one_order(&app, &shop, &other).await;
}

async fn tell_of_one_order(app: &TestApp, shop: &Shop, other: &TestApp) {
    let mut dice = Dice::new();
    let products = [shop.product, app.bare_product("B").await];
    let start = |node: &TestApp, dice: &mut Dice| {
        Load::start(6, &shop.admin, shop.store, &products, node.address, dice)
    };
    let load = start(app, &mut dice);
    load.answered(60).await;
    // From now on half of the calls go to the other node.
    load.move_to(other.address);
    load.answered(120).await;
    let calls = load.end().await;
    assert!(calls.iter().any(|(_, call)| call.outcome == Outcome::Refused), "none was refused");
    check(&calls, &app.ledger().await);
    app.check_books().await;
}

/// What an answer says is what can be read under its id.
async fn ids_and_versions_rise_together(app: TestApp) {
    let shop = app.shop(100).await;
    let second = app.bare_product("B").await;
    let lines: Vec<Value> = (0..40)
        .map(|number| match number % 2 {
            0 => line("sale", shop.store, shop.product, 1),
            _ => line("found", shop.store, second, number),
        })
        .collect();
    let answer = app.parcel(&shop.admin, true, &lines).await.expect(201).json();
    for movement in answer["movements"].as_array().expect("movements") {
        let path = format!("/api/stock/movements/{}", movement["id"]);
        let read = app.get_as(&shop.admin, &path).await.expect(200).json();
        assert_eq!(&read["movement"], movement);
    }
    let ledger = app.ledger().await;
    for pair in ledger.windows(2).filter(|pair| pair[0].product_id == pair[1].product_id) {
        assert!(pair[0].id < pair[1].id, "{pair:?}");
    }
    let call = Call {
        name: String::new(),
        called: 1,
        answered: Some(2),
        quantity: 100_000,
        outcome: Outcome::Done { version: 1, balance: 100_000 },
    };
    let of_first: Vec<_> =
        ledger.iter().filter(|e| e.product_id == shop.product).take(1).cloned().collect();
    assert_eq!(history::check(&[call], &of_first), Ok(()));
}

/// Holds the rows of all levels until it is dropped.
pub async fn hold_levels(app: &TestApp) -> Tx {
    let mut held = app.app.db.begin().await.expect("begun");
    let sql = "SELECT COUNT(*) FROM (SELECT FROM stock_levels FOR UPDATE) AS held";
    on_db!(Conn::from(&mut held), conn => sqlx::query(sql).fetch_one(conn).await.map(drop))
        .expect("held");
    held
}

/// How many statements wait for a lock with `part` in them.
pub async fn waiting(app: &TestApp, part: &str) -> i64 {
    let count = format!(
        "SELECT COUNT(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%{part}%'"
    );
    app.number(&count).await
}

/// A batch that has taken its time before the past was settled must take a later one.
#[tokio::test]
async fn what_was_stamped_before_the_past_was_settled_is_stamped_anew() {
    let app = TestApp::start_in_real_time(Engine::Postgres).await;
    let shop = app.shop(1).await;
    let held = hold_levels(&app).await;
    let sale = app.sale(&shop.admin, shop.store, shop.product, 1).into_future();
    let sale = tokio::spawn(sale);
    while waiting(&app, "UPDATE stock_levels").await < 1 {}
    let settle = "UPDATE event_head
        SET fence = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
    app.tamper(settle).await.expect("settled");
    held.rollback().await.expect("let go");
    sale.await.expect("a reply").expect(201);
    let after = "SELECT COUNT(*) FROM stock_movements m
        JOIN event_head h ON m.recorded_at > h.fence
        WHERE m.type = 'sale'";
    assert_eq!(app.number(after).await, 1);
    app.check_books().await;
}

/// Sells one unit on each node, so that both have read the level before either writes it;
/// `waits_in` is part of the statement in which at least so many of them wait.
async fn sell_at_once(nodes: [&TestApp; 2], shop: &Shop, waits_in: (&str, i64)) -> Vec<Reply> {
    let held = hold_levels(nodes[0]).await;
    let calls = nodes.map(|node| {
        tokio::spawn(node.sale(&shop.admin, shop.store, shop.product, 1).into_future())
    });
    while waiting(nodes[0], "stock_levels").await < 2 {}
    let there = waiting(nodes[0], waits_in.0).await;
    assert!(there >= waits_in.1, "{there} wait in {:?}", waits_in.0);
    held.rollback().await.expect("let go");
    let mut replies = Vec::new();
    for call in calls {
        replies.push(call.await.expect("a reply"));
    }
    replies
}

/// Nobody locks what they read as long as nobody meets anybody; the version tells them apart.
#[tokio::test]
async fn of_two_nodes_that_read_one_level_at_once_one_writes_and_the_other_reads_again() {
    let app = TestApp::start_in_real_time(Engine::Postgres).await;
    let shop = app.shop(1).await;
    let other = app.another_node().await;
    let replies = sell_at_once([&app, &other], &shop, ("UPDATE stock_levels", 2)).await;
    assert_eq!(winners(&replies), 1);
    app.stock_in(&shop.admin, shop.store, shop.product, 2).await;
    // Whoever was overtaken locks what they read from now on.
    let replies = sell_at_once([&app, &other], &shop, ("FOR UPDATE OF v", 1)).await;
    assert_eq!(winners(&replies), 2);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    app.check_books().await;
}
