//! Alerts: raised once when something becomes true, cleared when it is true no more.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use stockroom::workers::Workers;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Dice, Engine, Person, TestApp, on_both_engines, start};
use crate::workers::until_told;

on_both_engines!(with start:
    an_alert_is_raised_once_on_crossing_and_cleared_on_crossing_back,
    a_store_may_have_a_reorder_point_of_its_own,
    lots_of_a_product_count_together_and_expire_each_by_itself,
    the_day_is_that_of_the_store,
    people_say_that_they_have_seen_to_it,
    what_is_deleted_alarms_nobody,
    what_was_low_before_anyone_looked_is_known,
    after_a_storm_what_is_open_is_what_is_so,
    an_event_that_makes_no_sense_is_parked_and_holds_nobody_up,
    a_worker_that_was_paused_past_its_lease_has_no_effect,
);

/// What is open, as kinds of products.
async fn open(app: &TestApp, who: &Person) -> Vec<(String, i64)> {
    app.catch_up().await;
    let alerts = app.get_as(who, "/api/inventory/alerts?limit=500").await.expect(200).json();
    let alerts = alerts["alerts"].as_array().expect("alerts").clone();
    let mut open: Vec<_> = alerts
        .iter()
        .map(|a| (a["kind"].as_str().expect("a kind").to_owned(), a["product_id"].as_i64()))
        .map(|(kind, product)| (kind, product.expect("a number")))
        .collect();
    open.sort();
    open
}

async fn kinds(app: &TestApp, who: &Person) -> Vec<String> {
    open(app, who).await.into_iter().map(|(kind, _)| kind).collect()
}

async fn set_point(app: &TestApp, who: &Person, store: StoreId, product: i64, point: &Value) {
    let path = format!("/api/stores/{store}/inventory/{product}/reorder-point");
    as_(app.put(&path), who).json(&json!({ "reorder_point": point })).await.expect(200);
}

async fn sell(app: &TestApp, who: &Person, store: StoreId, product: i64, units: i64) {
    app.sale(who, store, product, units).await.expect(201);
}

async fn events(app: &TestApp, kind: &str) -> i64 {
    app.number(&format!("SELECT COUNT(*) FROM events WHERE type = '{kind}'")).await
}

async fn an_alert_is_raised_once_on_crossing_and_cleared_on_crossing_back(app: TestApp) {
    let shop = app.shop(8).await;
    let (admin, store, product) = (&shop.admin, shop.store, shop.product);
    set_point(&app, admin, store, product, &json!(6)).await;
    sell(&app, admin, store, product, 2).await;
    assert!(kinds(&app, admin).await.is_empty(), "at the point is not below it");
    sell(&app, admin, store, product, 1).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    let list = app.get_as(admin, "/api/inventory/alerts").await.expect(200).json();
    let first = &list["alerts"][0];
    assert_eq!((&first["state"], &first["sku"]), (&json!("open"), &json!("A")));
    assert_eq!((&first["on_hand"], &first["reorder_point"]), (&json!(5), &json!(6)));
    sell(&app, admin, store, product, 4).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    sell(&app, admin, store, product, 1).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock", "out_of_stock"]);
    assert_eq!(events(&app, "alert.raised").await, 2, "each once");
    app.stock_in(admin, store, product, 3).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    app.stock_in(admin, store, product, 3).await;
    assert!(kinds(&app, admin).await.is_empty());
    assert_eq!(events(&app, "alert.cleared").await, 2);
    sell(&app, admin, store, product, 1).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    let list = app.get_as(admin, "/api/inventory/alerts").await.expect(200).json();
    assert_ne!(list["alerts"][0]["id"], first["id"], "a new one");
    let cleared = app.get_as(admin, "/api/inventory/alerts?state=cleared").await.expect(200);
    assert_eq!(cleared.json()["alerts"].as_array().map(Vec::len), Some(2));
    // What is looked at again is as it was.
    app.tamper("UPDATE followers SET last_id = 0 WHERE name = 'inventory'").await.expect("done");
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    assert_eq!(events(&app, "alert.raised").await, 3);
    app.clock.advance(181 * 86_400);
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM inventory_alerts").await, 1, "what is open stays");
}

async fn a_store_may_have_a_reorder_point_of_its_own(app: TestApp) {
    let shop = app.shop(5).await;
    let (admin, product) = (&shop.admin, shop.product);
    let far = app.store("FAR").await;
    app.stock_in(admin, far, product, 5).await;
    let path = format!("/api/products/{product}");
    as_(app.patch(&path), admin).json(&json!({"reorder_point": 6})).await.expect(200);
    assert_eq!(kinds(&app, admin).await, ["low_stock", "low_stock"], "in both stores");
    set_point(&app, admin, far, product, &json!(5)).await;
    let left = app.get_as(admin, "/api/inventory/alerts").await;
    assert_eq!(left.expect(200).json()["alerts"].as_array().map(Vec::len), Some(2), "not yet");
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    let list = app.get_as(admin, "/api/inventory/alerts").await.expect(200).json();
    assert_eq!(list["alerts"][0]["store_id"], shop.store.0);
    // A store that does not keep the product is not told that there is none.
    set_point(&app, admin, far, product, &json!(0)).await;
    sell(&app, admin, far, product, 5).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock"]);
    set_point(&app, admin, far, product, &Value::Null).await;
    assert_eq!(kinds(&app, admin).await, ["low_stock", "low_stock", "out_of_stock"]);
}

/// Goods of a lot come in.
async fn lot_in(app: &TestApp, who: &Person, store: StoreId, product: i64, lot: (&str, &str)) {
    let (code, day) = lot;
    let body = json!({
        "store_id": store, "product_id": product, "quantity": 2,
        "lot": {"code": code, "expires_on": day},
    });
    as_(app.post("/api/stock/add"), who).json(&body).await.expect(201);
}

async fn lots_of_a_product_count_together_and_expire_each_by_itself(app: TestApp) {
    let admin = &app.with_admin().await;
    let store = admin.store;
    let product = app.product_with_lots("MILK").await;
    set_point(&app, admin, store, product, &json!(4)).await;
    let today = jiff::Timestamp::from_microsecond(app.clock.now().0).expect("now");
    let today = today.to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| today.saturating_add(jiff::Span::new().days(days)).to_string();
    lot_in(&app, admin, store, product, ("L1", &day(14))).await;
    lot_in(&app, admin, store, product, ("L2", &day(15))).await;
    assert_eq!(kinds(&app, admin).await, ["expiring"], "four are on hand, one lot is near its end");
    let list = app.get_as(admin, "/api/inventory/alerts?kind=expiring").await.expect(200).json();
    assert_eq!(list["alerts"][0]["lot"], json!({"code": "L1", "expires_on": day(14)}));
    assert_eq!(list["alerts"][0]["on_hand"], 2);
    app.clock.advance(86_400);
    let admin = &app.signed_in_again(admin).await;
    assert_eq!(kinds(&app, admin).await, ["expiring", "expiring"], "a day has passed");
    let settings =
        |days: i64| as_(app.patch("/api/settings"), admin).json(&json!({ "expiring_days": days }));
    settings(366).await.expect(400).error("invalid_request");
    assert_eq!(settings(13).await.expect(200).json()["settings"]["expiring_days"], 13);
    assert_eq!(kinds(&app, admin).await, ["expiring"]);
    let sale = json!({
        "store_id": store, "product_id": product, "quantity": 2, "lot": {"code": "L1"},
    });
    as_(app.post("/api/stock/sale"), admin).json(&sale).await.expect(201);
    assert_eq!(kinds(&app, admin).await, ["low_stock"], "nothing of it is left to expire");
    app.clock.advance(20 * 86_400);
    let admin = &app.signed_in_again(admin).await;
    assert_eq!(kinds(&app, admin).await, ["expiring", "low_stock"], "it has expired");
}

async fn the_day_is_that_of_the_store(app: TestApp) {
    let admin = &app.with_admin().await;
    let product = app.product_with_lots("MILK").await;
    let mut stores = BTreeMap::new();
    for (code, zone) in [("EAST", "Pacific/Kiritimati"), ("WEST", "Pacific/Pago_Pago")] {
        let body = json!({"code": code, "name": code, "time_zone": zone});
        let made = as_(app.post("/api/stores"), admin).json(&body).await.expect(201).json();
        stores.insert(code, StoreId(made["store"]["id"].as_i64().expect("a number")));
    }
    as_(app.patch("/api/settings"), admin).json(&json!({"expiring_days": 0})).await.expect(200);
    let now = jiff::Timestamp::from_microsecond(app.clock.now().0).expect("now");
    let east = now.in_tz("Pacific/Kiritimati").expect("a zone").date();
    for store in stores.values() {
        lot_in(&app, admin, *store, product, ("L", &east.to_string())).await;
    }
    app.catch_up().await;
    let list = app.get_as(admin, "/api/inventory/alerts").await.expect(200).json();
    let places: Vec<_> = list["alerts"].as_array().expect("alerts").iter().collect();
    assert_eq!(places.len(), 1, "a day earlier in the west: {list}");
    assert_eq!(places[0]["store_id"], stores["EAST"].0);
}

async fn people_say_that_they_have_seen_to_it(app: TestApp) {
    let shop = app.shop(1).await;
    let far = app.store("FAR").await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let auditor = app.user(Role::Auditor, &[shop.store]).await;
    let stranger = app.user(Role::Manager, &[far]).await;
    sell(&app, &shop.admin, shop.store, shop.product, 1).await;
    app.catch_up().await;
    let list = app.get_as(&staff, "/api/inventory/alerts").await.expect(200).json();
    let path = format!("/api/inventory/alerts/{}", list["alerts"][0]["id"]);
    let see_to = |who: &Person, note: &str| {
        let request = as_(app.post(&format!("{path}/acknowledge")), who);
        request.json(&json!({ "note": note }))
    };
    see_to(&auditor, "x").await.expect(403).error("forbidden");
    see_to(&stranger, "x").await.expect(404).error("not_found");
    app.get_as(&stranger, &path).await.expect(404).error("not_found");
    let none = app.get_as(&stranger, "/api/inventory/alerts").await.expect(200).json();
    assert_eq!(none["alerts"], json!([]));
    // Who moves goods elsewhere, and only reads here, sees it and no more.
    app.give_role(&stranger, Role::Auditor, shop.store).await;
    app.get_as(&stranger, &path).await.expect(200);
    see_to(&stranger, "x").await.expect(403).error("forbidden");
    let done = see_to(&staff, "ordered").await.expect(200).json();
    assert_eq!(done["alert"]["state"], "acknowledged");
    assert_eq!(done["alert"]["acknowledged"]["username"], staff.username);
    let again = see_to(&shop.admin, "mine").await.expect(200).json();
    assert_eq!(again, done, "the first has seen to it");
    assert_eq!(events(&app, "alert.acknowledged").await, 1);
    let of_state = async |state: &str| {
        let path = format!("/api/inventory/alerts?state={state}");
        let list = app.get_as(&staff, &path).await.expect(200).json();
        list["alerts"].as_array().map(Vec::len)
    };
    assert_eq!((of_state("open").await, of_state("acknowledged").await), (Some(0), Some(1)));
    assert_eq!(kinds(&app, &staff).await, ["out_of_stock"], "it is still so");
    app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
    assert!(kinds(&app, &staff).await.is_empty());
    let late = see_to(&staff, "late").await.expect(409);
    late.error("invalid_state");
    let kept = app.get_as(&staff, &path).await.expect(200).json();
    assert_eq!(kept["alert"]["acknowledged"]["note"], "ordered");
    app.check_audit().await;
}

async fn what_is_deleted_alarms_nobody(app: TestApp) {
    let shop = app.shop(1).await;
    let far = app.store("FAR").await;
    app.stock_in(&shop.admin, far, shop.product, 1).await;
    for store in [shop.store, far] {
        sell(&app, &shop.admin, store, shop.product, 1).await;
    }
    assert_eq!(kinds(&app, &shop.admin).await, ["out_of_stock", "out_of_stock"]);
    let store = format!("/api/stores/{far}");
    as_(app.delete(&store), &shop.admin).await.expect(204);
    assert_eq!(kinds(&app, &shop.admin).await, ["out_of_stock"]);
    let product = format!("/api/products/{}", shop.product);
    as_(app.delete(&product), &shop.admin).await.expect(204);
    assert!(kinds(&app, &shop.admin).await.is_empty());
    as_(app.post(&format!("{store}/restore")), &shop.admin).await.expect(200);
    assert!(kinds(&app, &shop.admin).await.is_empty());
    as_(app.post(&format!("{product}/restore")), &shop.admin).await.expect(200);
    assert_eq!(kinds(&app, &shop.admin).await, ["out_of_stock", "out_of_stock"]);
}

/// The part of the migration that says what is so already.
fn what_is_so(engine: Engine) -> &'static str {
    let migration = match engine {
        Engine::Postgres => include_str!("../../migrations/postgres/0012_alerts.sql"),
        Engine::Sqlite => include_str!("../../migrations/sqlite/0012_alerts.sql"),
    };
    &migration[migration.find("INSERT INTO inventory_alerts").expect("it is there")..]
}

/// A shop with ten products in two stores, about to be sold out.
async fn busy_shop(app: &TestApp) -> (Person, Vec<StoreId>, Vec<i64>) {
    let admin = app.with_admin().await;
    let stores = vec![admin.store, app.store("FAR").await];
    let mut products = Vec::new();
    for number in 0..10 {
        let product = app.bare_product(&format!("P{number}")).await;
        let path = format!("/api/products/{product}");
        let point = if number == 9 { Value::Null } else { json!(number) };
        as_(app.patch(&path), &admin).json(&json!({ "reorder_point": point })).await.expect(200);
        for store in &stores {
            app.stock_in(&admin, *store, product, 4).await;
        }
        products.push(product);
    }
    (admin, stores, products)
}

async fn what_was_low_before_anyone_looked_is_known(app: TestApp) {
    let (admin, stores, products) = busy_shop(&app).await;
    for (product, units) in [(products[0], 4), (products[2], 4), (products[9], 4), (products[4], 1)]
    {
        sell(&app, &admin, stores[1], product, units).await;
    }
    let looked = open(&app, &admin).await;
    assert!(looked.len() > 8, "{looked:?}");
    app.tamper("DELETE FROM inventory_alerts").await.expect("done");
    app.tamper(what_is_so(app.engine)).await.expect("done");
    assert_eq!(open(&app, &admin).await, looked);
}

async fn after_a_storm_what_is_open_is_what_is_so(app: TestApp) {
    let (admin, stores, products) = busy_shop(&app).await;
    let node = app.another_node().await;
    let mut dice = Dice::new();
    let mut workers = vec![Workers::start(&app.app).await.expect("workers")];
    if app.is_postgres() {
        workers.push(Workers::start(&node.app).await.expect("workers"));
    }
    for round in 0..60 {
        let moves = (0..4).map(|_| {
            let (store, product) = (stores[dice.below(2)], products[dice.below(10)]);
            let units = dice.between(1, 4);
            match dice.below(2) {
                0 => app.sale(&admin, store, product, units),
                _ => as_(app.post("/api/stock/add"), &admin)
                    .json(&json!({"store_id": store, "product_id": product, "quantity": units})),
            }
        });
        futures_util::future::join_all(moves.map(std::future::IntoFuture::into_future)).await;
        if round % 20 == 19 {
            // They stop at any time, and others go on.
            workers.remove(0).end().await;
            workers.push(Workers::start(&app.app).await.expect("workers"));
        }
    }
    for workers in workers {
        workers.end().await;
    }
    let looked = open(&app, &admin).await;
    let told: Vec<i64> = app
        .numbers(
            "SELECT CASE WHEN type = 'alert.raised' THEN subject_id ELSE -subject_id END
             FROM events WHERE type IN ('alert.raised', 'alert.cleared') ORDER BY id",
        )
        .await;
    assert!(told.iter().any(|id| *id < 0), "{told:?}");
    let raised = told.iter().filter(|id| **id > 0).count();
    assert_eq!(raised - (told.len() - raised), looked.len(), "raised and not cleared");
    let mut once = told.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), told.len(), "each raised once and cleared once");
    app.tamper("DELETE FROM inventory_alerts").await.expect("done");
    app.tamper(what_is_so(app.engine)).await.expect("done");
    assert_eq!(open(&app, &admin).await, looked, "as if looked at for the first time");
    app.check_books().await;
}

async fn an_event_that_makes_no_sense_is_parked_and_holds_nobody_up(app: TestApp) {
    let shop = app.shop(1).await;
    let nonsense = format!(
        "UPDATE event_head SET last_id = last_id + 1;
         INSERT INTO events (log_id, id, type, store_id, subject_kind, subject_id, occurred_at,
                             data)
         SELECT 1, last_id, 'stock.moved', {}, 'movement', 1, 0, 'nonsense' FROM event_head",
        shop.store
    );
    app.tamper(&nonsense).await.expect("done");
    let event = app.number("SELECT last_id FROM event_head").await;
    sell(&app, &shop.admin, shop.store, shop.product, 1).await;
    assert_eq!(kinds(&app, &shop.admin).await, ["out_of_stock"], "those behind it go on");
    let parked = app.get_as(&shop.admin, "/api/dead-letters").await.expect(200).json();
    let parked = &parked["dead_letters"][0];
    assert_eq!((&parked["queue"], &parked["event_id"]), (&json!("inventory"), &json!(event)));
    assert_eq!(parked["attempts"], 8);
    let replay = async || {
        let path = format!("/api/dead-letters/{}/replay", parked["id"]);
        as_(app.post(&path), &shop.admin).await.expect(200);
        app.catch_up().await;
        let path = format!("/api/dead-letters/{}", parked["id"]);
        app.get_as(&shop.admin, &path).await.expect(200).json()["dead_letter"].clone()
    };
    assert_eq!(replay().await["state"], "parked", "it makes no more sense than before");
    // What fails for another reason goes well once that is mended.
    app.tamper("ALTER TABLE inventory_alerts RENAME TO gone").await.expect("done");
    app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
    app.catch_up().await;
    app.tamper("ALTER TABLE gone RENAME TO inventory_alerts").await.expect("done");
    let list = app.get_as(&shop.admin, "/api/inventory/alerts").await.expect(200).json();
    assert_eq!(list["alerts"][0]["kind"], "out_of_stock", "nobody has looked since");
    let list = app.get_as(&shop.admin, "/api/dead-letters").await.expect(200).json();
    let path = format!("/api/dead-letters/{}", list["dead_letters"][0]["id"]);
    as_(app.post(&format!("{path}/replay")), &shop.admin).await.expect(200);
    assert!(kinds(&app, &shop.admin).await.is_empty());
    let done = app.get_as(&shop.admin, &path).await.expect(200).json();
    assert_eq!(done["dead_letter"]["state"], "done");
}

async fn a_worker_that_was_paused_past_its_lease_has_no_effect(app: TestApp) {
    if !app.is_postgres() {
        // Nobody else has the file.
        return;
    }
    let shop = app.shop(2).await;
    let node = app.another_node().await;
    let paused = Workers::start(&app.app).await.expect("workers");
    sell(&app, &shop.admin, shop.store, shop.product, 2).await;
    until_told(&app, &shop.admin, "alert.raised").await;
    // Its lease goes to another while it thinks that it still has it.
    let taken = "UPDATE followers SET owner = 'another', last_id = last_id + 1,
                     lease_until = 9000000000000000
                 WHERE name = 'inventory'";
    app.tamper(taken).await.expect("done");
    app.stock_in(&shop.admin, shop.store, shop.product, 2).await;
    let overtaken = "messages_total{queue=\"inventory\",outcome=\"overtaken\"} 1";
    let seen = async {
        while !app.get_as(&shop.admin, "/metrics").await.expect(200).text().contains(overtaken) {}
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("it finds out");
    assert_eq!(events(&app, "alert.cleared").await, 0, "and does nothing");
    paused.end().await;
    let left = "UPDATE followers SET lease_until = 0, last_id = last_id - 1
                WHERE name = 'inventory'";
    app.tamper(left).await.expect("done");
    assert!(kinds(&node, &shop.admin).await.is_empty());
    assert_eq!(events(&app, "alert.cleared").await, 1);
}
