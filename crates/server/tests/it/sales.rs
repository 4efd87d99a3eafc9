//! Sales over the counter, and what customers owe.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    a_sale_is_order_payments_and_goods_at_once,
    a_till_s_lines_stay_as_they_were_rounded,
    what_is_not_there_is_not_sold,
    payments_come_to_exactly_what_the_items_do,
    a_manager_sells_what_is_not_on_record,
    a_sale_is_repeated_after_a_weekend,
    a_lot_that_is_named_is_the_one_that_goes,
    what_is_bought_on_credit_stays_within_the_limit,
    of_racers_for_the_last_credit_none_goes_over,
    payments_lower_what_is_owed_and_are_undone_once,
    returned_goods_come_off_what_is_owed_first,
    a_customer_who_owes_is_not_deleted,
    entries_of_other_stores_are_not_seen,
    racers_at_two_tills_sell_what_there_is,
    what_someone_sells_bears_their_number,
);

async fn customer(app: &TestApp, who: &Person, limit: Option<&str>) -> i64 {
    let body = json!({"name": "Mia", "credit_limit": limit});
    let made = as_(app.post("/api/customers"), who).json(&body).await.expect(201).json();
    made["customer"]["id"].as_i64().expect("an id")
}

async fn balance(app: &TestApp, who: &Person, customer: i64) -> String {
    let path = format!("/api/customers/{customer}");
    let answer = app.get_as(who, &path).await.expect(200).json();
    answer["customer"]["balance"].as_str().expect("an amount").to_owned()
}

async fn a_sale_is_order_payments_and_goods_at_once(app: TestApp) {
    let shop = app.shop(5).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let body = json!({
        "items": [{"sku": "A", "quantity": 3}],
        "payments": [{"method": "cash", "amount": "5.00"}, {"method": "card", "amount": 2.5}],
        "reference": "R-1", "note": "with a bag",
    });
    let sold = as_(app.post("/api/sales"), &staff).json(&body).await.expect(201);
    let order = sold.json()["order"].clone();
    assert_eq!(sold.header("location"), format!("/api/orders/{}", order["id"]));
    assert_eq!((&order["status"], &order["channel"]), (&json!("completed"), &json!("till")));
    assert_eq!(order["total"], "7.50");
    assert_eq!(order["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(order["history"][0]["event"], "sold");
    assert_eq!(order["payments"].as_array().map(Vec::len), Some(2));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 2);
    assert_eq!(app.number("SELECT COUNT(*) FROM pending_orders").await, 0);
    let told = "SELECT COUNT(*) FROM events WHERE type IN ('order.sold', 'stock.moved')";
    assert_eq!(app.number(told).await, 3, "goods came in, were sold, and a sale was made");
    let path = format!("/api/stock/movements?reference=R-1&order_id={}", order["id"]);
    let moved = app.get_as(&staff, &path).await.expect(200).json();
    assert_eq!(moved["movements"][0]["quantity"], -3);
    app.check_books().await;
}

async fn a_till_s_lines_stay_as_they_were_rounded(app: TestApp) {
    let shop = app.shop(5).await;
    let half = json!({"product_id": shop.product, "quantity": 0.5, "price": "1.89"});
    let body = json!({
        "store_id": shop.store, "items": [half, half],
        "payments": [{"method": "cash", "amount": "1.90"}],
    });
    let sold = as_(app.post("/api/sales"), &shop.admin).json(&body).await.expect(201).json();
    assert_eq!(sold["order"]["items"].as_array().map(Vec::len), Some(2));
    app.check_books().await;
}

async fn what_is_not_there_is_not_sold(app: TestApp) {
    let shop = app.shop(5).await;
    let other = app.bare_product("B").await;
    let body = json!({
        "store_id": shop.store,
        "items": [
            {"product_id": shop.product, "quantity": 2},
            {"product_id": other, "quantity": 1},
            {"product_id": shop.product, "quantity": 4, "price": "2.00"},
        ],
        "payments": [{"method": "cash", "amount": "15.50"}],
    });
    let reply = as_(app.post("/api/sales"), &shop.admin).json(&body).await.expect(409);
    let error = reply.error("insufficient_stock");
    let fields = error["errors"].as_array().expect("faults").iter().map(|f| f["field"].clone());
    let fields: Vec<_> = fields.collect();
    assert_eq!(fields, ["items[1].quantity", "items[2].quantity"]);
    assert_eq!(
        error["details"]["shortages"],
        json!([
            {"field": "items[1]", "product_id": other, "requested": 1, "on_hand": 0},
            {"field": "items[2]", "product_id": shop.product, "requested": 6, "on_hand": 5},
        ])
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM orders").await, 0);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
    // Less of it goes, under the same key, for nothing was kept of the refusal.
    app.sell(&shop.admin, shop.store, shop.product, 5).await.expect(201);
    app.check_books().await;
}

async fn payments_come_to_exactly_what_the_items_do(app: TestApp) {
    let shop = app.shop(5).await;
    let sell = |payments: Value| {
        let items = json!([{"product_id": shop.product, "quantity": 1}]);
        let body = json!({"store_id": shop.store, "items": items, "payments": payments});
        as_(app.post("/api/sales"), &shop.admin).json(&body)
    };
    for payments in [json!([]), json!([{"method": "cash", "amount": "2.49"}])] {
        let reply = sell(payments).await.expect(400);
        let error = reply.error("invalid_request");
        assert_eq!(
            (&error["field"], &error["details"]["total"]),
            (&json!("payments"), &json!("2.50"))
        );
    }
    let reply =
        sell(json!([{"method": "cash", "amount": "5"}, {"method": "cash", "amount": "-2.5"}]));
    assert_eq!(reply.await.expect(400).error("invalid_request")["field"], "payments[1].amount");
    let reply = sell(json!([{"method": "shells", "amount": "2.50"}])).await.expect(400);
    assert_eq!(reply.error("invalid_request")["field"], "payments[0].method");
    let reply = sell(json!([{"method": "credit", "amount": "2.50"}])).await.expect(400);
    assert_eq!(reply.error("invalid_request")["field"], "customer_id");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
    app.check_books().await;
}

async fn a_manager_sells_what_is_not_on_record(app: TestApp) {
    let shop = app.shop(2).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let manager = app.user(Role::Manager, &[shop.store]).await;
    let sell = |who: &Person| {
        let items = json!([
            {"product_id": shop.product, "quantity": 3},
            {"product_id": shop.product, "quantity": 2, "price": "1.00"},
        ]);
        let payments = json!([{"method": "cash", "amount": "9.50"}]);
        let body = json!({
            "store_id": shop.store, "items": items, "payments": payments, "override": true,
        });
        as_(app.post("/api/sales"), who).json(&body)
    };
    sell(&staff).await.expect(403).error("forbidden");
    let sold = sell(&manager).await.expect(201).json();
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    let path = format!("/api/stock/movements?order_id={}", sold["order_id"]);
    let moved = app.get_as(&manager, &path).await.expect(200).json();
    let moved = moved["movements"].as_array().expect("movements").iter().rev();
    let moved: Vec<_> =
        moved.map(|m| format!("{} {}", m["type"], m["quantity"]).replace('"', "")).collect();
    assert_eq!(moved, ["found 3", "sale -3", "sale -2"]);
    // With enough there, nothing has to be found.
    app.stock_in(&shop.admin, shop.store, shop.product, 9).await;
    sell(&manager).await.expect(201);
    assert_eq!(app.number("SELECT COUNT(*) FROM stock_movements WHERE type = 'found'").await, 1);
    app.check_books().await;
}

async fn a_sale_is_repeated_after_a_weekend(app: TestApp) {
    let shop = app.shop(5).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let sold = app.sell(&staff, shop.store, shop.product, 2).key("till-7-0001").await.expect(201);
    app.clock.advance(3 * 86_400);
    let staff = app.signed_in_again(&staff).await;
    app.tamper("DELETE FROM idempotency_keys WHERE expires_at IS NOT NULL").await.expect("done");
    let again = app.sell(&staff, shop.store, shop.product, 2).key("till-7-0001").await.expect(201);
    assert_eq!(again.json(), sold.json());
    assert_eq!(again.header("idempotency-replayed"), "true");
    // What was sold offline bears its own time.
    let at = |date: &str, key: &str| {
        let body = json!({
            "store_id": shop.store, "order_date": date,
            "items": [{"product_id": shop.product, "quantity": 1}],
            "payments": [{"method": "cash", "amount": "2.50"}],
        });
        as_(app.post("/api/sales"), &staff).json(&body).key(key)
    };
    let late = at("2026-03-03T18:00:00Z", "till-7-0002").await.expect(201).json();
    assert_eq!(late["order"]["order_date"], "2026-03-03T18:00:00.000000Z");
    let effective = "SELECT effective_at FROM stock_movements ORDER BY id DESC LIMIT 1";
    assert_eq!(app.number(effective).await, 1_772_560_800_000_000);
    for date in ["2026-02-01T00:00:00Z", "2026-03-09T00:00:00Z"] {
        let reply = at(date, "till-7-0003").await.expect(400);
        assert_eq!(reply.error("invalid_request")["field"], "order_date", "{date}");
    }
    app.check_books().await;
}

async fn a_lot_that_is_named_is_the_one_that_goes(app: TestApp) {
    let shop = app.shop(0).await;
    let milk = app.product_with_lots("MILK").await;
    for (code, day) in [("SOON", "2026-03-03"), ("LATE", "2026-04-01")] {
        let body = json!({
            "store_id": shop.store, "product_id": milk, "quantity": 2,
            "lot": {"code": code, "expires_on": day},
        });
        as_(app.post("/api/stock/add"), &shop.admin).json(&body).await.expect(201);
    }
    let sell = |lot: Option<&str>, quantity: i64| {
        let amount = format!("{}.{:02}", quantity * 250 / 100, quantity * 250 % 100);
        let body = json!({
            "store_id": shop.store,
            "items": [{"product_id": milk, "quantity": quantity, "lot": lot}],
            "payments": [{"method": "cash", "amount": amount}],
        });
        as_(app.post("/api/sales"), &shop.admin).json(&body)
    };
    sell(Some("LATE"), 1).await.expect(201);
    let unknown = sell(Some("NONE"), 1).await.expect(404);
    assert_eq!(unknown.error("not_found")["field"], "items[0].lot");
    // One of the lots by name, and the rest from what that leaves.
    let both = json!({
        "store_id": shop.store,
        "items": [
            {"product_id": milk, "quantity": 1}, {"product_id": milk, "quantity": 2, "lot": "SOON"},
        ],
        "payments": [{"method": "cash", "amount": "7.50"}],
    });
    as_(app.post("/api/sales"), &shop.admin).json(&both).await.expect(201);
    sell(None, 1).await.expect(409);
    let left = "SELECT CAST(SUM(on_hand) AS BIGINT) FROM stock_levels";
    assert_eq!(app.number(left).await, 0);
    app.check_books().await;
}

/// Sells one for 2.50, on credit.
fn on_credit(
    app: &TestApp,
    who: &Person,
    product: i64,
    customer: i64,
) -> crate::support::RequestBuilder {
    let body = json!({
        "store_id": who.store, "customer_id": customer,
        "items": [{"product_id": product, "quantity": 1}],
        "payments": [{"method": "credit", "amount": "2.50"}],
    });
    as_(app.post("/api/sales"), who).json(&body)
}

async fn what_is_bought_on_credit_stays_within_the_limit(app: TestApp) {
    let shop = app.shop(9).await;
    let mia = customer(&app, &shop.admin, Some("5.00")).await;
    for _ in 0..2 {
        on_credit(&app, &shop.admin, shop.product, mia).await.expect(201);
    }
    assert_eq!(balance(&app, &shop.admin, mia).await, "5.00");
    let over = on_credit(&app, &shop.admin, shop.product, mia).await.expect(409);
    let error = over.error("credit_limit_exceeded");
    assert_eq!(error["details"]["limit"], "5.00");
    assert_eq!(error["details"]["owed"], "5.00");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 7, "nothing was sold");
    let none = customer(&app, &shop.admin, None).await;
    on_credit(&app, &shop.admin, shop.product, none).await.expect(409);
    on_credit(&app, &shop.admin, shop.product, 999).await.expect(404).error("not_found");
    let path = format!("/api/customers/{mia}/ledger");
    let entries = app.get_as(&shop.admin, &path).await.expect(200).json();
    let entries = entries["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 2);
    assert_eq!(
        (&entries[0]["kind"], &entries[0]["balance"]),
        (&json!("credit_sale"), &json!("5.00"))
    );
    assert_eq!(entries[1]["order_id"], 1);
    app.check_books().await;
}

async fn of_racers_for_the_last_credit_none_goes_over(app: TestApp) {
    let shop = app.shop(50).await;
    let node = app.another_node().await;
    let mia = customer(&app, &shop.admin, Some("10.00")).await;
    let racers = (0..24).map(|number| {
        let app = [&app, &node][number % 2];
        on_credit(app, &shop.admin, shop.product, mia).into_future()
    });
    let replies = futures_util::future::join_all(racers).await;
    let sold = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(sold, 4);
    assert!(replies.iter().all(|reply| matches!(reply.status, 201 | 409)));
    assert_eq!(balance(&app, &shop.admin, mia).await, "10.00");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 46);
    app.check_books().await;
}

async fn payments_lower_what_is_owed_and_are_undone_once(app: TestApp) {
    let shop = app.shop(9).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let mia = customer(&app, &shop.admin, Some("5.00")).await;
    on_credit(&app, &shop.admin, shop.product, mia).await.expect(201);
    let path = format!("/api/customers/{mia}/payments");
    let pay = |amount: &str, key: &str| {
        let body = json!({"store_id": shop.store, "method": "cash", "amount": amount});
        as_(app.post(&path), &staff).json(&body).key(key)
    };
    let paid = pay("3.00", "p1").await.expect(201).json();
    assert_eq!(paid["entry"]["amount"], "-3.00");
    assert_eq!(paid["entry"]["balance"], "-0.50", "half is paid in advance");
    assert_eq!(pay("3.00", "p1").await.expect(201).json(), paid);
    for amount in ["0.00", "-1.00"] {
        assert_eq!(pay(amount, "p2").await.expect(400).error("invalid_request")["field"], "amount");
    }
    let undo = |who: &Person, version: i64| {
        let path = format!("/api/customers/{mia}/ledger/{version}/reverse");
        as_(app.post(&path), who).json(&json!({"note": "typed twice"}))
    };
    undo(&staff, 2).await.expect(403).error("forbidden");
    let undone = undo(&shop.admin, 2).await.expect(201).json();
    assert_eq!(
        (&undone["entry"]["kind"], &undone["entry"]["reverses"]),
        (&json!("reversal"), &json!(2))
    );
    undo(&shop.admin, 2).await.expect(409).error("invalid_state");
    undo(&shop.admin, 1).await.expect(409).error("invalid_state");
    undo(&shop.admin, 9).await.expect(404).error("not_found");
    assert_eq!(balance(&app, &shop.admin, mia).await, "2.50");
    let path = format!("/api/customers/{mia}/ledger");
    let entries = app.get_as(&shop.admin, &path).await.expect(200).json();
    assert_eq!(entries["entries"][1]["reversed_by"], 3);
    // Told again, it is as it was.
    assert_eq!(pay("3.00", "p1").await.expect(201).json(), paid);
    app.check_books().await;
}

async fn returned_goods_come_off_what_is_owed_first(app: TestApp) {
    let shop = app.shop(9).await;
    let mia = customer(&app, &shop.admin, Some("5.00")).await;
    let body = json!({
        "store_id": shop.store, "customer_id": mia,
        "items": [{"product_id": shop.product, "quantity": 2}],
        "payments": [{"method": "cash", "amount": "1.00"}, {"method": "credit", "amount": "4.00"}],
    });
    let sold = as_(app.post("/api/sales"), &shop.admin).json(&body).await.expect(201).json();
    let id = sold["order_id"].as_i64().expect("a number");
    assert_eq!(balance(&app, &shop.admin, mia).await, "4.00");
    let back = json!({"items": [{"item_id": 1, "quantity": 1, "disposition": "restock"}]});
    app.step(&shop.admin, id, "return", &back).await.expect(200);
    assert_eq!(balance(&app, &shop.admin, mia).await, "1.50");
    let order = app.step(&shop.admin, id, "return", &back).await.expect(200).json();
    assert_eq!(balance(&app, &shop.admin, mia).await, "0.00");
    let payments = order["order"]["payments"].as_array().expect("payments").iter();
    let sum: Vec<_> =
        payments.map(|p| format!("{} {}", p["method"], p["amount"]).replace('"', "")).collect();
    assert_eq!(sum, ["cash 1.00", "credit 4.00", "credit -2.50", "credit -1.50", "cash -1.00"]);
    app.check_books().await;
}

async fn a_customer_who_owes_is_not_deleted(app: TestApp) {
    let shop = app.shop(9).await;
    let mia = customer(&app, &shop.admin, Some("5.00")).await;
    on_credit(&app, &shop.admin, shop.product, mia).await.expect(201);
    let path = format!("/api/customers/{mia}");
    let refused = as_(app.delete(&path), &shop.admin).await.expect(409);
    assert_eq!(refused.error("invalid_state")["details"]["balance"], "2.50");
    let pay = json!({"store_id": shop.store, "method": "card", "amount": "2.50"});
    let payments = format!("{path}/payments");
    as_(app.post(&payments), &shop.admin).json(&pay).await.expect(201);
    as_(app.delete(&path), &shop.admin).await.expect(204);
    let closed = on_credit(&app, &shop.admin, shop.product, mia).await.expect(409);
    assert_eq!(closed.error("invalid_state")["field"], "customer_id");
    as_(app.post(&payments), &shop.admin).json(&pay).await.expect(409).error("invalid_state");
    app.check_books().await;
}

async fn entries_of_other_stores_are_not_seen(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    let mia = customer(&app, &shop.admin, Some("5.00")).await;
    on_credit(&app, &shop.admin, shop.product, mia).await.expect(201);
    let manager = app.user(Role::Manager, &[far]).await;
    let path = format!("/api/customers/{mia}/ledger");
    let entries = app.get_as(&manager, &path).await.expect(200).json();
    assert_eq!(entries["entries"], json!([]));
    let other = format!("{path}?store_id={}", shop.store);
    app.get_as(&manager, &other).await.expect(404).error("not_found");
    let pay = json!({"store_id": shop.store, "method": "cash", "amount": "1.00"});
    let payments = format!("/api/customers/{mia}/payments");
    as_(app.post(&payments), &manager).json(&pay).await.expect(404).error("not_found");
    let undo = format!("{path}/1/reverse");
    as_(app.post(&undo), &manager).json(&json!({})).await.expect(404).error("not_found");
}

async fn racers_at_two_tills_sell_what_there_is(app: TestApp) {
    let shop = app.shop(5).await;
    let node = app.another_node().await;
    let racers = (0..32).map(|number| {
        let app = [&app, &node][number % 2];
        app.sell(&shop.admin, shop.store, shop.product, 1).into_future()
    });
    let replies = futures_util::future::join_all(racers).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 5);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(reply.status, 409, "{}", reply.text());
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM orders").await, 5);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 0);
    app.check_books().await;
}

async fn what_someone_sells_bears_their_number(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    app.stock_in(&shop.admin, far, shop.product, 5).await;
    let hired = json!({"name": "Ben", "position": "Cashier", "hire_date": "2026-01-31",
        "store_id": shop.store});
    let made = as_(app.post("/api/employees"), &shop.admin).json(&hired).await.expect(201).json();
    let ben = made["employee"]["id"].as_i64().expect("an id");
    let staff = app.user(Role::Staff, &[shop.store, far]).await;
    let path = format!("/api/users/{}", staff.user_id);
    let set = |id: i64| as_(app.patch(&path), &shop.admin).json(&json!({"employee_id": id}));
    set(999).await.expect(404).error("not_found");
    assert_eq!(set(ben).await.expect(200).json()["user"]["employee_id"], ben);
    let served = async |store| {
        let sold = app.sell(&staff, store, shop.product, 1).await.expect(201).json();
        sold["order"]["employee_id"].clone()
    };
    assert_eq!(served(shop.store).await, ben);
    assert_eq!(served(far).await, Value::Null, "they do not work there");
    let body = json!({"username": "max", "password": "seven quiet otters swim", "role": "staff",
        "store_ids": [shop.store], "employee_id": ben});
    let made = as_(app.post("/api/auth/register"), &shop.admin).json(&body).await.expect(201);
    assert_eq!(made.json()["user"]["employee_id"], ben);
    as_(app.delete(&format!("/api/employees/{ben}")), &shop.admin).await.expect(204);
    assert_eq!(served(shop.store).await, Value::Null, "they have left");
    app.check_books().await;
}
