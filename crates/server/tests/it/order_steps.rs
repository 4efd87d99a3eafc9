//! What is done to orders after they were placed: sent, completed, called off, brought back.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Shop, TestApp, on_both_engines};

on_both_engines!(
    an_order_goes_through_its_life,
    a_step_that_leads_nowhere_is_refused,
    a_cancelled_order_puts_its_goods_back,
    goods_come_back_in_parts_and_bring_back_what_was_paid,
    more_than_was_sold_does_not_come_back,
    what_has_come_back_is_not_paid_for,
    no_more_is_given_back_than_was_paid,
    an_answer_is_not_told_again_to_someone_who_lost_the_right,
    a_step_has_one_effect_under_its_key,
    a_step_of_a_version_that_has_passed_is_refused,
    a_movement_of_an_order_is_not_undone_by_itself,
    an_order_is_hidden_when_nothing_is_left_to_be_done,
    goods_come_back_although_their_product_was_deleted,
    goods_without_a_lot_go_back_to_where_they_came_from,
    an_order_that_was_paid_too_much_is_found_by_verify,
);

async fn an_order_goes_through_its_life(app: TestApp) {
    let shop = app.shop(5).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    app.take_goods().await;
    let note = json!({"note": "by bicycle"});
    let shipped = app.step(&shop.admin, id, "ship", &note).await.expect(200);
    assert_eq!(shipped.json()["order"]["status"], "shipped");
    assert_eq!(shipped.header("etag"), "\"3\"");
    let paid = json!({"payments": [
        {"method": "card", "amount": "3.00"}, {"method": "cash", "amount": 2},
    ]});
    let done = app.step(&shop.admin, id, "complete", &paid).await.expect(200).json();
    let order = &done["order"];
    assert_eq!((&order["status"], &order["version"]), (&json!("completed"), &json!(4)));
    let events = order["history"].as_array().expect("a history").iter();
    let events: Vec<_> = events.map(|step| step["event"].as_str().expect("a word")).collect();
    assert_eq!(events, ["placed", "confirmed", "shipped", "completed"]);
    assert_eq!(order["history"][2]["note"], "by bicycle");
    assert_eq!(order["history"][1]["actor"], "orders");
    assert_eq!(order["history"][3]["actor"], shop.admin.username);
    let payments = order["payments"].as_array().expect("payments");
    assert_eq!((&payments[0]["method"], &payments[0]["amount"]), (&json!("card"), &json!("3.00")));
    assert_eq!(payments[1]["amount"], "2.00");
    let kinds = "SELECT COUNT(*) FROM events
        WHERE subject_kind = 'order' AND type IN
            ('order.placed', 'order.confirmed', 'order.shipped', 'order.completed')";
    assert_eq!(app.number(kinds).await, 4);
    app.check_books().await;
}

async fn a_step_that_leads_nowhere_is_refused(app: TestApp) {
    let shop = app.shop(5).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    let back = json!({"items": [{"item_id": 1, "quantity": 1, "disposition": "restock"}]});
    let refused = async |step: &str, body: &Value, status: &str| {
        let reply = app.step(&shop.admin, id, step, body).await.expect(409);
        assert_eq!(reply.error("invalid_state")["details"]["status"], status, "{step}");
    };
    refused("ship", &json!({}), "pending").await;
    refused("complete", &json!({}), "pending").await;
    refused("return", &back, "pending").await;
    app.take_goods().await;
    refused("complete", &json!({}), "confirmed").await;
    refused("return", &back, "confirmed").await;
    app.step(&shop.admin, id, "ship", &json!({})).await.expect(200);
    refused("cancel", &json!({}), "shipped").await;
    refused("ship", &json!({}), "shipped").await;
    let wrong = json!({"payments": [{"method": "cash", "amount": "4.99"}]});
    let reply = app.step(&shop.admin, id, "complete", &wrong).await.expect(400);
    let error = reply.error("invalid_request");
    assert_eq!((&error["field"], &error["details"]["total"]), (&json!("payments"), &json!("5.00")));
    app.check_books().await;
}

async fn a_cancelled_order_puts_its_goods_back(app: TestApp) {
    let shop = app.shop(5).await;
    let pending = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.step(&shop.admin, pending, "cancel", &json!({})).await.expect(200);
    let confirmed = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    app.take_goods().await;
    assert_eq!(app.on_hand(shop.store, shop.product).await, 3);
    let note = json!({"note": "changed their mind"});
    let reply = app.step(&shop.admin, confirmed, "cancel", &note).await.expect(200).json();
    assert_eq!(reply["order"]["status"], "cancelled");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
    // The goods came in for nothing, and are worth nothing again: the value is as it was.
    let values =
        "SELECT CAST(SUM(value) AS BIGINT) FROM stock_movements WHERE order_id IS NOT NULL";
    assert_eq!(app.number(values).await, 0);
    app.step(&shop.admin, confirmed, "cancel", &json!({})).await.expect(409).error("invalid_state");
    app.check_books().await;
}

async fn goods_come_back_in_parts_and_bring_back_what_was_paid(app: TestApp) {
    let shop = app.shop(9).await;
    let body = json!({
        "store_id": shop.store,
        "items": [{"product_id": shop.product, "quantity": 3, "price": "3.33"}],
        "payments": [{"method": "cash", "amount": "4.99"}, {"method": "card", "amount": "5.00"}],
    });
    let sold = as_(app.post("/api/sales"), &shop.admin).json(&body).await.expect(201).json();
    let id = sold["order_id"].as_i64().expect("a number");
    let back = |quantity: f64, disposition: &str| {
        json!({"items": [
            {"item_id": 1, "quantity": quantity, "disposition": disposition},
        ]})
    };
    let first = app.step(&shop.admin, id, "return", &back(1.5, "restock")).await.expect(200);
    assert_eq!(first.json()["order"]["refunded"], "5.00");
    let second = app.step(&shop.admin, id, "return", &back(1.5, "write_off")).await.expect(200);
    let order = second.json()["order"].clone();
    assert_eq!(order["refunded"], "9.99", "all that was paid, to the cent");
    assert_eq!(order["items"][0]["returned"], 3);
    let payments = order["payments"].as_array().expect("payments").iter();
    let payments: Vec<_> = payments
        .map(|paid| format!("{} {}", paid["method"], paid["amount"]).replace('"', ""))
        .collect();
    assert_eq!(payments, ["cash 4.99", "card 5.00", "cash -4.99", "card -0.01", "card -4.99"]);
    // One and a half went back on the shelf, as much was thrown away.
    let on_hand = format!(
        "SELECT on_hand FROM stock_levels WHERE store_id = {} AND product_id = {}",
        shop.store, shop.product
    );
    assert_eq!(app.number(&on_hand).await, 7_500);
    let removed = "SELECT quantity FROM stock_movements
        WHERE type = 'manual_remove' AND reason = 'damaged' AND order_id IS NOT NULL";
    assert_eq!(app.number(removed).await, -1_500);
    let refunds = json!({"items": [], "refunds": []});
    app.step(&shop.admin, id, "return", &refunds).await.expect(400);
    app.check_books().await;
}

async fn more_than_was_sold_does_not_come_back(app: TestApp) {
    let shop = app.shop(9).await;
    let sold = app.sell(&shop.admin, shop.store, shop.product, 2).await.expect(201).json();
    let id = sold["order_id"].as_i64().expect("a number");
    let refused = async |body: Value, field: &str| {
        let reply = app.step(&shop.admin, id, "return", &body).await.expect(400);
        assert_eq!(reply.error("invalid_request")["field"], field, "{body}");
    };
    let item = |item: i64, quantity: f64| -> Value {
        json!({"item_id": item, "quantity": quantity, "disposition": "restock"})
    };
    refused(json!({"items": [item(1, 3.0)]}), "items[0].quantity").await;
    refused(json!({"items": [item(2, 1.0)]}), "items[0].item_id").await;
    refused(json!({"items": [item(1, 0.0)]}), "items[0].quantity").await;
    refused(json!({"items": [item(1, 1.0), item(1, 1.0)]}), "items[1].item_id").await;
    refused(json!({"items": []}), "items").await;
    let given = json!([{"method": "cash", "amount": "9.00"}]);
    refused(json!({"items": [item(1, 1.0)], "refunds": given}), "refunds").await;
    let reason = json!([{"item_id": 1, "quantity": 1, "disposition": "restock",
        "reason": "expired"}]);
    refused(json!({"items": reason}), "items[0].reason").await;
    // Of two who bring the same goods back at once, one is believed.
    let all = json!({"items": [item(1, 2.0)]});
    let (one, two) = tokio::join!(
        app.step(&shop.admin, id, "return", &all),
        app.step(&shop.admin, id, "return", &all)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 9);
    app.check_books().await;
}

async fn a_step_has_one_effect_under_its_key(app: TestApp) {
    let shop = app.shop(9).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    app.take_goods().await;
    let ship = || app.step(&shop.admin, id, "ship", &json!({})).key("ship");
    let first = ship().await.expect(200);
    app.step(&shop.admin, id, "complete", &json!({})).await.expect(200);
    let back = json!({"items": [{"item_id": 1, "quantity": 1, "disposition": "restock"}]});
    let take_back = || app.step(&shop.admin, id, "return", &back).key("back");
    let returned = take_back().await.expect(200);
    let again = ship().await.expect(200);
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(take_back().await.expect(200).json(), returned.json());
    assert_eq!(app.on_hand(shop.store, shop.product).await, 8);
    app.check_books().await;
}

async fn a_step_of_a_version_that_has_passed_is_refused(app: TestApp) {
    let shop = app.shop(9).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    app.take_goods().await;
    let ship =
        |tag: &'static str| app.step(&shop.admin, id, "ship", &json!({})).header("if-match", tag);
    let reply = ship("\"1\"").await.expect(412);
    assert_eq!(reply.error("version_mismatch")["details"]["version"], 2);
    ship("\"2\"").await.expect(200);
    app.check_books().await;
}

async fn a_movement_of_an_order_is_not_undone_by_itself(app: TestApp) {
    let shop = app.shop(9).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.take_goods().await;
    let movement = app.number("SELECT id FROM stock_movements WHERE order_id IS NOT NULL").await;
    let path = format!("/api/stock/movements/{movement}/reverse");
    let refused = as_(app.post(&path), &shop.admin).json(&json!({})).await.expect(409);
    assert_eq!(refused.error("invalid_state")["details"]["order_id"], id);
    app.check_books().await;
}

async fn an_order_is_hidden_when_nothing_is_left_to_be_done(app: TestApp) {
    let shop = app.shop(9).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    let path = format!("/api/orders/{id}");
    as_(app.delete(&path), &shop.admin).await.expect(409).error("invalid_state");
    app.step(&shop.admin, id, "cancel", &json!({})).await.expect(200);
    as_(app.delete(&path), &staff).await.expect(403).error("forbidden");
    for _ in 0..2 {
        as_(app.delete(&path), &shop.admin).await.expect(204);
    }
    let list = app.get_as(&shop.admin, "/api/orders").await.expect(200).json();
    assert_eq!(list["orders"], json!([]));
    let list = app.get_as(&shop.admin, "/api/orders?include_deleted=true").await.expect(200).json();
    assert_eq!(list["orders"][0]["is_deleted"], true);
    assert_eq!(app.read_order(&shop.admin, id).await["version"], 3);
    app.check_books().await;
}

async fn what_has_come_back_is_not_paid_for(app: TestApp) {
    let shop = app.shop(9).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 4).await;
    app.take_goods().await;
    app.step(&shop.admin, id, "ship", &json!({})).await.expect(200);
    let back = json!({"items": [{"item_id": 1, "quantity": 1, "disposition": "restock"}]});
    let order = app.step(&shop.admin, id, "return", &back).await.expect(200).json();
    assert_eq!(order["order"]["payments"], json!([]), "nothing was paid yet");
    let pay = |amount: &str| json!({"payments": [{"method": "cash", "amount": amount}]});
    let whole = app.step(&shop.admin, id, "complete", &pay("10.00")).await.expect(400);
    assert_eq!(whole.error("invalid_request")["details"]["total"], "7.50");
    app.step(&shop.admin, id, "complete", &pay("7.50")).await.expect(200);
    let rest = json!({"items": [{"item_id": 1, "quantity": 3, "disposition": "restock"}]});
    let order = app.step(&shop.admin, id, "return", &rest).await.expect(200).json();
    let payments = order["order"]["payments"].as_array().expect("payments");
    assert_eq!(payments[1]["amount"], "-7.50");
    app.check_books().await;
}

async fn no_more_is_given_back_than_was_paid(app: TestApp) {
    let shop = app.shop(9).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let mia = json!({"name": "Mia", "credit_limit": "50.00"});
    let mia = as_(app.post("/api/customers"), &shop.admin).json(&mia).await.expect(201).json();
    let mia = mia["customer"]["id"].as_i64().expect("an id");
    let back = |refunds: Value| {
        json!({
            "items": [{"item_id": 1, "quantity": 1, "disposition": "restock"}],
            "refunds": refunds,
        })
    };
    let one = |method: &str| json!([{"method": method, "amount": "2.50"}]);
    // Sent, and not paid for: there is nothing to give back.
    let items = json!([{"product_id": shop.product, "quantity": 2}]);
    let body = json!({"store_id": shop.store, "customer_id": mia, "items": items});
    let placed = as_(app.post("/api/orders"), &staff).json(&body).await.expect(201).json();
    let id = placed["order_id"].as_i64().expect("a number");
    app.take_goods().await;
    app.step(&staff, id, "ship", &json!({})).await.expect(200);
    for method in ["cash", "credit"] {
        let refused = app.step(&staff, id, "return", &back(one(method))).await.expect(400);
        assert_eq!(refused.error("invalid_request")["field"], "refunds");
    }
    // Bought on credit: what is owed goes down, and no money out of the drawer.
    let mut sale = body.clone();
    sale["payments"] = json!([{"method": "credit", "amount": "5.00"}]);
    let sold = as_(app.post("/api/sales"), &staff).json(&sale).await.expect(201).json();
    let id = sold["order_id"].as_i64().expect("a number");
    let refused = app.step(&staff, id, "return", &back(one("cash"))).await.expect(403);
    assert_eq!(refused.error("forbidden")["details"]["credit"], "2.50");
    app.step(&staff, id, "return", &back(one("credit"))).await.expect(200);
    app.step(&shop.admin, id, "return", &back(one("cash"))).await.expect(200);
    let customer = app.get_as(&staff, &format!("/api/customers/{mia}")).await.expect(200).json();
    assert_eq!(customer["customer"]["balance"], "2.50", "an administrator has decided so");
    app.check_books().await;
}

async fn an_answer_is_not_told_again_to_someone_who_lost_the_right(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.take_goods().await;
    let ship = || app.step(&staff, id, "ship", &json!({})).key("ship");
    ship().await.expect(200);
    let items = json!([{"product_id": shop.product, "quantity": 1}]);
    let place = || as_(app.post("/api/orders"), &staff).json(&json!({"items": items})).key("place");
    place().await.expect(201);
    let grant = json!({"role": "staff", "store_ids": [far]});
    let path = format!("/api/users/{}", staff.user_id);
    as_(app.patch(&path), &shop.admin).json(&grant).await.expect(200);
    ship().await.expect(404).error("not_found");
    place().await.expect(404).error("not_found");
}

/// What may be done with a product that is there again, and not with one that is gone.
async fn is_sold(app: &TestApp, shop: &Shop) -> bool {
    let sale = app.sale(&shop.admin, shop.store, shop.product, 1).await;
    assert!(matches!(sale.status, 201 | 404), "{}", sale.text());
    sale.status == 201
}

async fn goods_come_back_although_their_product_was_deleted(app: TestApp) {
    let shop = app.shop(5).await;
    let called_off = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    let sent = app.placed(&shop.admin, shop.store, shop.product, 3).await;
    app.take_goods().await;
    app.step(&shop.admin, sent, "ship", &json!({})).await.expect(200);
    // Nothing of it is left on the shelf.
    let path = format!("/api/products/{}", shop.product);
    as_(app.delete(&path), &shop.admin).await.expect(204);
    let late = app.step(&shop.admin, called_off, "cancel", &json!({})).await.expect(200);
    assert_eq!(late.json()["order"]["status"], "cancelled");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 2);
    for (quantity, disposition, left) in [(1, "restock", 3), (2, "write_off", 3)] {
        let item = json!({"item_id": 1, "quantity": quantity, "disposition": disposition});
        let back = json!({ "items": [item] });
        app.step(&shop.admin, sent, "return", &back).await.expect(200);
        assert_eq!(app.on_hand(shop.store, shop.product).await, left);
    }
    assert!(!is_sold(&app, &shop).await, "a deleted product is not sold");
    as_(app.post(&format!("{path}/restore")), &shop.admin).await.expect(200);
    assert!(is_sold(&app, &shop).await);
    app.check_books().await;
}

async fn goods_without_a_lot_go_back_to_where_they_came_from(app: TestApp) {
    let shop = app.shop(5).await;
    let called_off = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    let sent = app.placed(&shop.admin, shop.store, shop.product, 3).await;
    app.take_goods().await;
    app.step(&shop.admin, sent, "ship", &json!({})).await.expect(200);
    app.tamper("UPDATE products SET track_lots = TRUE").await.expect("done");
    app.step(&shop.admin, called_off, "cancel", &json!({})).await.expect(200);
    let item = json!({"item_id": 1, "quantity": 1, "disposition": "restock"});
    app.step(&shop.admin, sent, "return", &json!({ "items": [item] })).await.expect(200);
    let without_lot = "SELECT on_hand FROM stock_levels WHERE lot_id = 0";
    assert_eq!(app.number(without_lot).await, 3_000);
    // A new order looks for lots, of which there are none.
    let next = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.take_goods().await;
    assert_eq!(app.read_order(&shop.admin, next).await["status"], "rejected");
    app.check_books().await;
}

async fn an_order_that_was_paid_too_much_is_found_by_verify(app: TestApp) {
    let shop = app.shop(9).await;
    let sold = app.sell(&shop.admin, shop.store, shop.product, 2).await.expect(201).json();
    let order = sold["order_id"].as_i64().expect("a number");
    app.check_books().await;
    for (number, amount) in [(2, 1), (3, -502)] {
        let pay = format!(
            "INSERT INTO order_payments (order_id, id, version, method, amount)
             VALUES ({order}, {number}, 1, 'cash', {amount})"
        );
        app.tamper(&pay).await.expect("paid");
        let findings = stockroom::ledger::verify::verify(&app.app.db, |_, _| {}).await;
        let found = findings.expect("verified").differences;
        let wrong = format!("order {order}: more was paid than it comes to, or less than nothing");
        assert_eq!(found, [wrong]);
    }
}
