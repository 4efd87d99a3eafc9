//! What becomes of orders when workers pause, die between commit and acknowledgement, fail again
//! and again, or are held up; and when everything comes at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use stockroom::orders::worker::take_all;
use stockroom::workers::Workers;
use stockroom_domain::OrderId;
use stockroom_queue::memory::MemoryQueue;
use stockroom_queue::{Group, Message, Queue as _};

use crate::products::as_;
use crate::support::queues::Faulty;
use crate::support::{TestApp, on_both_engines};
use crate::workers::{letters, poison, start_impatient, statuses, until_settled, until_told};

on_both_engines!(with start_impatient:
    a_worker_paused_past_its_lease_has_no_second_effect,
    a_worker_killed_before_it_acknowledges_leaves_the_effect_and_the_message,
    a_queue_that_is_full_holds_the_publisher_up_and_loses_nothing,
    an_order_that_is_stuck_and_fails_again_and_again_is_parked,
    an_order_that_breaks_a_worker_down_holds_no_other_up,
    two_thousand_orders_sell_exactly_the_stock_whatever_the_queue_does,
);

const GROUP: Group<'static> = Group { stream: "orders", name: "workers" };

/// Goes on with some work until it has waited so often, and leaves it there; what it came to, if
/// it has come to its end.
async fn until_it_waits<F: Future>(work: &mut Pin<Box<F>>, times: usize) -> Option<F::Output> {
    let mut left = times;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Wherever the first worker is when it is paused, its message comes again, the second deals with
/// it, and the first finds nothing left to do.
async fn a_worker_paused_past_its_lease_has_no_second_effect(app: TestApp) {
    let shop = app.shop(3).await;
    let node = app.another_node().await;
    let (mut placed, mut message_id) = (0, 0);
    for pause in 0.. {
        // In turns one that can be had, and one that cannot.
        for units in [1, 99] {
            app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
            let order = app.placed(&shop.admin, shop.store, shop.product, units).await;
            let ids = [OrderId(order)];
            placed += 1;
            message_id += 1;
            let queue = MemoryQueue::new(Duration::ZERO, 10);
            queue.join(GROUP).await.expect("joined");
            let message = Message { id: message_id, payload: "{}".into() };
            queue.publish("orders", &[message]).await.expect("published");
            let first = queue.receive(GROUP, 1, Duration::ZERO).await.expect("a message");
            let mut work = Box::pin(take_all(&app.app, &ids));
            let done = until_it_waits(&mut work, pause).await;
            let second = queue.receive(GROUP, 1, Duration::ZERO).await.expect("the same again");
            assert_eq!((first.len(), second.len(), second[0].attempt), (1, 1, 2));
            let outcome = take_all(&node.app, &ids).await;
            assert!(outcome[0].is_ok(), "{outcome:?}");
            let is_over = done.is_some();
            let late = match done {
                Some(done) => done,
                None => work.await,
            };
            assert!(late[0].is_ok(), "{late:?}");
            // Its acknowledgement is of a delivery that is not its own any more.
            queue.ack(GROUP, &[first[0].receipt.clone()]).await.expect("passed over");
            assert_eq!(queue.backlog(GROUP).await.expect("a backlog").total(), 1);
            let steps = format!("SELECT COUNT(*) FROM order_history WHERE order_id = {order}");
            assert_eq!(app.number(&steps).await, 2);
            if is_over && units == 99 {
                let confirmed = "SELECT COUNT(*) FROM orders WHERE status = 'confirmed'";
                assert_eq!(app.number(confirmed).await * 2, placed);
                app.check_books().await;
                return;
            }
        }
    }
}

async fn a_worker_killed_before_it_acknowledges_leaves_the_effect_and_the_message(app: TestApp) {
    let shop = app.shop(10).await;
    let mut orders = Vec::new();
    for units in [1, 2, 99] {
        orders.push(app.placed(&shop.admin, shop.store, shop.product, units).await);
    }
    let deaf = Faulty::deaf();
    let workers = Workers::start_on(&app.app, deaf.clone()).await.expect("workers");
    deaf.asked_to_ack.notified().await;
    // Nothing is acknowledged before it is committed.
    let acknowledged = statuses(&app, &shop.admin, &orders[..1]).await;
    assert_ne!(acknowledged, ["pending"]);
    until_settled(&app, &orders).await;
    // Killed: its tasks end where they are.
    drop(workers);
    app.tamper("UPDATE followers SET lease_until = 0, owner = NULL WHERE name = 'orders'")
        .await
        .expect("done");
    let place = "SELECT last_id FROM followers WHERE name = 'orders'";
    let first = "SELECT MIN(id) FROM events WHERE type = 'order.placed'";
    assert!(app.number(place).await < app.number(first).await, "it is not noted as dealt with");
    let sound = Faulty::sound(100);
    let workers = Workers::start_on(&app.app, sound.clone()).await.expect("workers");
    let last = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    until_settled(&app, &[last]).await;
    workers.end().await;
    assert!(sound.delivered.load(Ordering::Relaxed) >= 4, "the messages came again");
    orders.push(last);
    let ended = statuses(&app, &shop.admin, &orders).await;
    assert_eq!(ended, ["confirmed", "confirmed", "rejected", "confirmed"]);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 6);
    assert_eq!(app.number("SELECT COUNT(*) FROM order_history WHERE version > 1").await, 4);
    app.check_books().await;
}

async fn a_queue_that_is_full_holds_the_publisher_up_and_loses_nothing(app: TestApp) {
    const ROOM: usize = 5;
    let shop = app.shop(100).await;
    let mut orders = Vec::new();
    for _ in 0..40 {
        orders.push(app.placed(&shop.admin, shop.store, shop.product, 1).await);
    }
    let shut = Faulty::shut(ROOM);
    let workers = Workers::start_on(&app.app, shut.clone()).await.expect("workers");
    shut.held_up.notified().await;
    assert_eq!(shut.backlog(GROUP).await.expect("a backlog").total(), ROOM as u64);
    // Whoever watches learns of what waits in the log.
    let waits = || {
        let text = app.app.metrics.to_text().expect("metrics");
        let gauge = "stockroom_queue_log_backlog{queue=\"orders\"} ";
        let number = text.lines().find_map(|line| line.strip_prefix(gauge)?.parse::<i64>().ok());
        number.unwrap_or(0)
    };
    while waits() < 35 {
        tokio::task::yield_now().await;
    }
    // Orders are taken on all the same.
    orders.push(app.placed(&shop.admin, shop.store, shop.product, 1).await);
    workers.end().await;
    let small = Faulty::sound(ROOM);
    let workers = Workers::start_on(&app.app, small).await.expect("workers");
    until_settled(&app, &orders).await;
    workers.end().await;
    let ended = statuses(&app, &shop.admin, &orders).await;
    assert!(ended.iter().all(|status| status == "confirmed"), "{ended:?}");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 59);
    app.check_books().await;
}

/// The database refuses every step of an order.
async fn refuse_steps_of(app: &TestApp, order: i64) {
    let refuse = match app.is_postgres() {
        true => format!(
            "CREATE FUNCTION refuse_step() RETURNS TRIGGER LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
             CREATE TRIGGER refuse_step BEFORE INSERT ON order_history
                FOR EACH ROW WHEN (NEW.order_id = {order} AND NEW.version > 1)
                EXECUTE FUNCTION refuse_step()"
        ),
        false => format!(
            "CREATE TRIGGER refuse_step BEFORE INSERT ON order_history
             WHEN NEW.order_id = {order} AND NEW.version > 1
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
    };
    app.tamper(&refuse).await.expect("in place");
}

async fn an_order_that_is_stuck_and_fails_again_and_again_is_parked(app: TestApp) {
    let shop = app.shop(9).await;
    let bad = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    let good = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    refuse_steps_of(&app, bad).await;
    app.tamper("UPDATE followers SET last_id = 1000 WHERE name = 'orders'").await.expect("done");
    app.clock.advance(60);
    let take_stuck = async || stockroom::workers::take_stuck(&app.app).await.expect("looked");
    assert_eq!(take_stuck().await, 1, "the other one is not held up");
    let admin = app.signed_in_again(&shop.admin).await;
    assert_eq!(statuses(&app, &admin, &[bad, good]).await, ["pending", "confirmed"]);
    assert!(letters(&app, &admin, "").await.is_empty(), "it may yet go well");
    for _ in 0..4 {
        assert_eq!(take_stuck().await, 0);
    }
    let parked = letters(&app, &admin, "").await;
    assert_eq!(parked.len(), 1);
    let told = ["queue", "event_type", "subject_id", "event_id", "attempts", "store_id"];
    let told: Vec<Value> = told.iter().map(|field| parked[0][*field].clone()).collect();
    assert_eq!(json!(told), json!(["orders", "order.stuck", bad, -bad, 3, shop.store]));
    // No more is tried until someone decides.
    let tries = "SELECT tries FROM pending_orders";
    assert_eq!(app.number(tries).await, 3);
    let path = format!("/api/dead-letters/{}", parked[0]["id"]);
    as_(app.delete(&path), &admin).await.expect(204);
    assert_eq!(take_stuck().await, 0);
    assert_eq!(app.number(tries).await, 3, "what was dropped is forgotten");
    app.check_books().await;
    // Brought back from among the dropped it goes well, once what hindered it is gone.
    let mend = match app.is_postgres() {
        true => "DROP TRIGGER refuse_step ON order_history",
        false => "DROP TRIGGER refuse_step",
    };
    app.tamper(mend).await.expect("mended");
    app.tamper("UPDATE dead_letters SET state = 'replaying'").await.expect("done");
    let workers = Workers::start(&app.app).await.expect("workers");
    until_told(&app, &admin, "dead_letter.done").await;
    workers.end().await;
    assert_eq!(statuses(&app, &admin, &[bad]).await, ["confirmed"]);
    app.check_books().await;
}

async fn an_order_that_breaks_a_worker_down_holds_no_other_up(app: TestApp) {
    let shop = app.shop(30).await;
    let milk = app.product_with_lots("MILK").await;
    // Two of its items together are more than any number: nobody can have placed it.
    let make = format!(
        "INSERT INTO orders (id, store_id, channel, status, order_date, business_day, total, tax,
            is_deleted, version) VALUES (999999, {store}, 'order', 'pending', 0, 0, 0, 0, FALSE, 1);
         INSERT INTO order_items (order_id, id, product_id, sku, name, quantity, price, tax_rate,
            total, tax)
         VALUES (999999, 1, {milk}, 'MILK', 'M', {most}, 0, 0, 0, 0),
                (999999, 2, {milk}, 'MILK', 'M', {most}, 0, 0, 0, 0);
         INSERT INTO order_history (order_id, version, event, status, at, actor)
         VALUES (999999, 1, 'placed', 'pending', 0, 'test');
         INSERT INTO pending_orders (order_id, placed_at) VALUES (999999, 0)",
        store = shop.store,
        most = i64::MAX
    );
    app.tamper(&make).await.expect("made");
    poison(&app).await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        orders.push(app.placed(&shop.admin, shop.store, shop.product, 1).await);
    }
    let workers = Workers::start(&app.app).await.expect("workers");
    until_settled(&app, &orders).await;
    workers.end().await;
    let ended = statuses(&app, &shop.admin, &orders).await;
    assert!(ended.iter().all(|status| status == "confirmed"), "{ended:?}");
    let others = "SELECT COUNT(*) FROM dead_letters WHERE subject_id <> 999999";
    assert_eq!(app.number(others).await, 0, "nobody else is blamed");
    let metrics = app.get_as(&shop.admin, "/metrics").await.expect(200).text();
    let failed = "stockroom_queue_messages_total{queue=\"orders\",outcome=\"failed\"} ";
    let failed = metrics.lines().find_map(|line| line.strip_prefix(failed)).expect("one failed");
    let failed: u32 = failed.parse().expect("a number");
    assert!(failed < app.app.config.worker_tries_max, "{failed}: others failed with it");
}

async fn two_thousand_orders_sell_exactly_the_stock_whatever_the_queue_does(app: TestApp) {
    const ORDERS: usize = 2_000;
    const STOCK: i64 = 777;
    const POISON: usize = 20;
    let shop = app.shop(STOCK).await;
    let node = app.another_node().await;
    let mut orders = Vec::new();
    for part in 0..POISON {
        poison(&app).await;
        let placing = (0..ORDERS / POISON).map(|number| {
            let app = [&app, &node][(part + number) % 2];
            app.placed(&shop.admin, shop.store, shop.product, 1)
        });
        orders.extend(futures_util::future::join_all(placing).await);
    }
    let workers = Workers::start_on(&app.app, Faulty::unruly()).await.expect("workers");
    until_settled(&app, &orders).await;
    let parked = "SELECT COUNT(*) FROM dead_letters WHERE state = 'parked'";
    while app.numbers(parked).await != [20] {
        tokio::task::yield_now().await;
    }
    workers.end().await;
    // The whole stream once more, from its beginning.
    app.tamper("UPDATE followers SET last_id = 0 WHERE name = 'orders'").await.expect("done");
    let workers = Workers::start_on(&node.app, Faulty::unruly()).await.expect("workers");
    let last = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    until_settled(&app, &[last]).await;
    workers.end().await;
    let count = async |sql: &str| app.number(sql).await;
    assert_eq!(count("SELECT COUNT(*) FROM orders WHERE status = 'confirmed'").await, STOCK);
    assert_eq!(count("SELECT COUNT(*) FROM orders WHERE status = 'rejected'").await, 2_001 - STOCK);
    assert_eq!(count("SELECT COUNT(*) FROM order_history WHERE version = 2").await, 2_001);
    assert_eq!(count("SELECT COUNT(*) FROM order_history WHERE version > 2").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM dead_letters").await, 20, "the poison and nothing else");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    app.check_books().await;
}
