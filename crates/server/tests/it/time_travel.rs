//! P13: stock as of an instant is what a replay of the ledger up to it gives, and asking again
//! later gives the same answer.

use serde_json::Value;
use stockroom::clock::Rfc3339;
use stockroom_domain::Timestamp;

use crate::support::load::Load;
use crate::support::{Dice, Person, Shop, TestApp, on_both_engines};

on_both_engines!(
    stock_as_of_an_instant_is_the_ledger_replayed_to_it,
    the_future_is_refused,
    what_was_read_as_of_an_instant_stays,
    filters_look_at_the_instant_that_is_asked_for,
);

mod in_real_time {
    use crate::support::{Engine, TestApp};

    #[tokio::test]
    async fn sqlite_a_moment_just_gone_is_settled_while_writers_run() {
        super::a_moment_just_gone_is_settled(TestApp::start_in_real_time(Engine::Sqlite).await)
            .await;
    }

    #[tokio::test]
    async fn postgres_a_moment_just_gone_is_settled_while_writers_run() {
        super::a_moment_just_gone_is_settled(TestApp::start_in_real_time(Engine::Postgres).await)
            .await;
    }
}

const PRODUCTS: usize = 3;

/// (store, product, on hand in thousandths, version) of each level as of an instant.
type Levels = Vec<(i64, i64, String, i64)>;

/// Written down from the ledger alone, without the server's help.
async fn replayed(app: &TestApp, instant: Timestamp) -> Levels {
    let mut levels = Levels::new();
    for entry in app.ledger().await.iter().filter(|entry| entry.recorded_at <= instant.0) {
        levels.retain(|level| (level.0, level.1) != (entry.store_id, entry.product_id));
        let sum = app
            .ledger()
            .await
            .iter()
            .filter(|e| (e.store_id, e.product_id) == (entry.store_id, entry.product_id))
            .filter(|e| e.version <= entry.version)
            .map(|e| e.quantity)
            .sum();
        let on_hand = stockroom_domain::Quantity::from_thousandths(sum).to_string();
        levels.push((entry.store_id, entry.product_id, on_hand, entry.version));
    }
    levels.sort();
    levels
}

fn as_of(path: &str, instant: Timestamp) -> String {
    format!("{path}as_of={}", Rfc3339(instant))
}

async fn read(app: &TestApp, who: &Person, instant: Timestamp) -> Levels {
    let path = as_of("/api/stock/current?limit=500&", instant);
    let answer = app.get_as(who, &path).await.expect(200).json();
    let level = |level: &Value| {
        let number = |name: &str| level[name].as_i64().expect("a number");
        let on_hand = level["on_hand"].to_string();
        (number("store_id"), number("product_id"), on_hand, number("version"))
    };
    answer["levels"].as_array().expect("levels").iter().map(level).collect()
}

/// Some movements of each product, at random moments.
async fn random_past(app: &TestApp, dice: &mut Dice) -> (Shop, Vec<Timestamp>) {
    let shop = app.shop(0).await;
    let mut products = vec![shop.product];
    for number in 1..PRODUCTS {
        products.push(app.bare_product(&format!("P{number}")).await);
    }
    let far = app.store("FAR").await;
    let mut instants = vec![app.clock.now()];
    for _ in 0..40 {
        // Also several in one instant, and up to the edge of the month and beyond.
        app.clock.advance(dice.between(0, 3) * 4);
        instants.push(app.clock.now());
        let store = if dice.below(2) == 0 { shop.store } else { far };
        let product = products[dice.below(PRODUCTS)];
        let units = dice.between(1, 6);
        if dice.below(2) == 0 {
            app.stock_in(&shop.admin, store, product, units).await;
        } else {
            let reply = app.sale(&shop.admin, store, product, units).await;
            assert!(matches!(reply.status, 201 | 409), "{}", reply.text());
        }
    }
    app.clock.advance(10);
    (shop, instants)
}

async fn stock_as_of_an_instant_is_the_ledger_replayed_to_it(app: TestApp) {
    let mut dice = Dice::new();
    let (shop, mut instants) = random_past(&app, &mut dice).await;
    // Each movement's own instant, and those just before and after.
    for entry in app.ledger().await {
        let at = Timestamp(entry.recorded_at);
        instants.extend([Timestamp(at.0 - 1), at, at.next()]);
    }
    for _ in 0..40 {
        let instant = instants[dice.below(instants.len())];
        let expected = replayed(&app, instant).await;
        assert_eq!(read(&app, &shop.admin, instant).await, expected, "as of {}", Rfc3339(instant));
    }
    app.check_books().await;
}

async fn the_future_is_refused(app: TestApp) {
    let shop = app.shop(1).await;
    let soon = app.clock.now().plus_seconds(1);
    for path in ["/api/stock/current?", &format!("/api/stores/{}/inventory?", shop.store)] {
        let reply = app.get_as(&shop.admin, &as_of(path, soon)).await.expect(400);
        assert_eq!(reply.error("invalid_request")["field"], "as_of");
    }
    // Nobody was kept from writing by it.
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    assert!(app.ledger().await.iter().all(|entry| entry.recorded_at < soon.0));
}

/// A node whose clock runs behind cannot write into a past that was read.
async fn what_was_read_as_of_an_instant_stays(app: TestApp) {
    let shop = app.shop(9).await;
    app.clock.advance(60);
    let instant = app.clock.now().plus_seconds(-5);
    let first = read(&app, &shop.admin, instant).await;
    app.clock.advance(-50);
    let other = app.another_node().await;
    for node in [&app, &other] {
        node.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        let new = node.bare_product(&format!("NEW-{}", node.address.port())).await;
        node.stock_in(&shop.admin, shop.store, new, 1).await;
    }
    assert_eq!(read(&app, &shop.admin, instant).await, first);
    assert_eq!(read(&other, &shop.admin, instant).await, first);
    let late = app.ledger().await.iter().filter(|entry| entry.recorded_at <= instant.0).count();
    assert_eq!(late, 1);
    app.check_books().await;
}

/// Goods that were there then and are gone now, and the other way round.
async fn filters_look_at_the_instant_that_is_asked_for(app: TestApp) {
    let shop = app.shop(0).await;
    let lots = app.product_with_lots("MILK").await;
    let now = app.clock.now().0;
    let lot = app
        .number(&format!(
            "INSERT INTO lots (product_id, code, expires_on, created_at)
             VALUES ({lots}, 'L1', '2026-03-05', {now}) RETURNING id"
        ))
        .await;
    let line = |units: i64| {
        use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
        let key = LevelKey {
            store: shop.store,
            product: stockroom_domain::ProductId(lots),
            lot: stockroom_domain::LotId(lot),
        };
        Line {
            key,
            kind: MovementKind::Found,
            change: Change::By(stockroom_domain::Quantity::units(units)),
            valuation: Valuation::Usual,
            expected_version: None,
            reverses: None,
        }
    };
    app.post_lines("in", &shop.admin, vec![line(4)]).await.expect("recorded");
    app.clock.advance(60);
    let then = app.clock.now().plus_seconds(-10);
    app.post_lines("out", &shop.admin, vec![line(-4)]).await.expect("recorded");
    app.clock.advance(60);
    let path = "/api/stock/current?expiring_before=2026-04-01";
    let count = async |path: &str| {
        let answer = app.get_as(&shop.admin, path).await.expect(200).json();
        answer["levels"].as_array().expect("levels").len()
    };
    assert_eq!(count(path).await, 0, "it is gone now");
    assert_eq!(count(&as_of(&format!("{path}&"), then)).await, 1, "it was there then");
    let reply = app
        .get_as(&shop.admin, &as_of("/api/stock/current?below_reorder_point=true&", then))
        .await
        .expect(400);
    assert_eq!(reply.error("invalid_request")["field"], "below_reorder_point");
}

async fn a_moment_just_gone_is_settled(app: TestApp) {
    let mut dice = Dice::new();
    let shop = app.shop(0).await;
    let load = Load::start(6, &shop.admin, shop.store, &[shop.product], app.address, &mut dice);
    load.answered(30).await;
    let instant = app.clock.now();
    let during = read(&app, &shop.admin, instant).await;
    load.answered(30).await;
    let again = read(&app, &shop.admin, instant).await;
    load.end().await;
    assert_eq!(during, again);
    assert_eq!(during, replayed(&app, instant).await);
    assert_eq!(read(&app, &shop.admin, instant).await, during);
    app.check_books().await;
}
