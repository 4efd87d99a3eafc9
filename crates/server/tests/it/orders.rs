//! Orders: placed, confirmed or rejected, and found again.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    the_shortest_order_is_a_whole_request,
    an_order_is_confirmed_and_its_goods_are_taken,
    what_is_missing_is_told_item_by_item_and_nothing_is_taken,
    an_order_has_one_effect_under_its_key,
    prices_are_the_catalogue_s_unless_a_manager_sets_one,
    items_of_one_product_are_one,
    lots_that_expire_first_go_first,
    bad_orders_are_refused_with_all_faults,
    an_order_of_ten_thousand_and_one_items_is_told_so,
    who_is_named_has_to_be_there,
    orders_are_found,
    orders_of_another_store_do_not_exist,
);

async fn the_shortest_order_is_a_whole_request(app: TestApp) {
    let shop = app.shop(5).await;
    let body = json!({"user_id": 1, "items": [{"product_id": shop.product, "quantity": 2}]});
    let placed = as_(app.post("/api/orders"), &shop.admin).json(&body).await.expect(201);
    let answer = placed.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["order_id"], 1);
    assert_eq!(placed.header("location"), "/api/orders/1");
    assert_eq!(placed.header("etag"), "\"1\"");
    let order = &answer["order"];
    assert_eq!((&order["status"], &order["channel"]), (&json!("pending"), &json!("order")));
    assert_eq!((&order["total"], &order["tax"]), (&json!("5.00"), &json!("0.80")));
    assert_eq!(order["items"][0]["sku"], "A");
    assert_eq!(order["items"][0]["price"], "2.50");
    assert_eq!(order["user_id"], 1);
    assert_eq!(order["history"][0]["event"], "placed");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5, "nothing is taken yet");
    app.check_books().await;
}

async fn an_order_is_confirmed_and_its_goods_are_taken(app: TestApp) {
    let shop = app.shop(5).await;
    let order = app.placed(&shop.admin, shop.store, shop.product, 2).await;
    app.take_goods().await;
    let order = app.read_order(&shop.admin, order).await;
    assert_eq!((&order["status"], &order["version"]), (&json!("confirmed"), &json!(2)));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 3);
    let path = format!("/api/stock/movements?order_id={}", order["id"]);
    let moved = app.get_as(&shop.admin, &path).await.expect(200).json();
    let moved = moved["movements"].as_array().expect("movements").clone();
    assert_eq!(moved.len(), 1);
    assert_eq!((&moved[0]["type"], &moved[0]["quantity"]), (&json!("sale"), &json!(-2)));
    assert_eq!(moved[0]["order_id"], order["id"]);
    assert_eq!(moved[0]["actor"]["username"], shop.admin.username);
    app.check_books().await;
}

async fn what_is_missing_is_told_item_by_item_and_nothing_is_taken(app: TestApp) {
    let shop = app.shop(5).await;
    let other = app.bare_product("B").await;
    let items = json!([
        {"product_id": other, "quantity": 1.5},
        {"product_id": shop.product, "quantity": 5},
        {"product_id": shop.product, "quantity": 3, "price": "1.00"},
    ]);
    let body = json!({"store_id": shop.store, "items": items});
    let order = as_(app.post("/api/orders"), &shop.admin).json(&body).await.expect(201).json();
    app.take_goods().await;
    let order = app.read_order(&shop.admin, order["order_id"].as_i64().expect("a number")).await;
    assert_eq!(order["status"], "rejected");
    assert_eq!(
        order["shortages"],
        json!([
            {"item_id": 1, "product_id": other, "sku": "B", "requested": 1.5, "available": 0},
            {"item_id": 3, "product_id": shop.product, "sku": "A", "requested": 3, "available": 0},
        ])
    );
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
    app.check_books().await;
}

async fn an_order_has_one_effect_under_its_key(app: TestApp) {
    let shop = app.shop(9).await;
    let place = || app.order(&shop.admin, shop.store, shop.product, 2).key("one");
    let (first, second) = tokio::join!(place(), place());
    let (first, second) = (first.expect(201), second.expect(201));
    assert_eq!(first.json(), second.json());
    app.take_goods().await;
    // Later it is told as it was, although it has gone on and the product is gone.
    let id = first.json()["order_id"].as_i64().expect("a number");
    app.step(&shop.admin, id, "ship", &json!({})).await.expect(200);
    app.tamper("UPDATE products SET is_deleted = TRUE, price = 1").await.expect("done");
    let third = place().await.expect(201);
    assert_eq!(third.json(), first.json());
    assert_eq!(third.header("idempotency-replayed"), "true");
    let other = app.order(&shop.admin, shop.store, shop.product, 3).key("one").await.expect(422);
    other.error("idempotency_key_reused");
    assert_eq!(app.number("SELECT COUNT(*) FROM orders").await, 1);
    // It is kept for ever: a till may come back after any time.
    let kept = "SELECT COUNT(*) FROM idempotency_keys WHERE expires_at IS NULL";
    assert_eq!(app.number(kept).await, 1);
    app.check_books().await;
}

async fn prices_are_the_catalogue_s_unless_a_manager_sets_one(app: TestApp) {
    let shop = app.shop(9).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let manager = app.user(Role::Manager, &[shop.store]).await;
    let order = |who: &Person, price: &str| {
        let item = json!({"product_id": shop.product, "quantity": 1, "price": price});
        as_(app.post("/api/orders"), who).json(&json!({"store_id": shop.store, "items": [item]}))
    };
    order(&staff, "2.50").await.expect(201);
    let refused = order(&staff, "2.49").await.expect(403);
    let error = refused.error("forbidden");
    assert_eq!(error["field"], "items[0].price");
    assert_eq!(error["details"]["permission"], "supervise_sales");
    let cheap = order(&manager, "0.01").await.expect(201).json();
    assert_eq!(cheap["order"]["total"], "0.01");
    let below = order(&manager, "-1.00").await.expect(400);
    assert_eq!(below.error("invalid_request")["field"], "items[0].price");
    app.check_books().await;
}

async fn items_of_one_product_are_one(app: TestApp) {
    let shop = app.shop(5).await;
    let items = json!([
        {"product_id": shop.product, "quantity": 2},
        {"sku": "a", "quantity": 1.25},
        {"product_id": shop.product, "quantity": 1, "price": "1.00"},
    ]);
    let body = json!({"store_id": shop.store, "items": items});
    let order = as_(app.post("/api/orders"), &shop.admin).json(&body).await.expect(201).json();
    let items = order["order"]["items"].as_array().expect("items");
    let quantities: Vec<_> = items.iter().map(|item| item["quantity"].clone()).collect();
    assert_eq!(quantities, [json!(3.25), json!(1)]);
    assert_eq!(items[0]["total"], "8.13", "rounded once");
    assert_eq!(order["order"]["total"], "9.13");
    // Four and a quarter of five: the two are judged together.
    app.take_goods().await;
    let order = app.read_order(&shop.admin, order["order_id"].as_i64().expect("a number")).await;
    assert_eq!(order["status"], "confirmed");
    app.check_books().await;
}

async fn lots_that_expire_first_go_first(app: TestApp) {
    let shop = app.shop(0).await;
    let milk = app.product_with_lots("MILK").await;
    let come_in = async |code: &str, day: &str, quantity: i64| {
        let body = json!({
            "store_id": shop.store, "product_id": milk, "quantity": quantity,
            "lot": {"code": code, "expires_on": day},
        });
        as_(app.post("/api/stock/add"), &shop.admin).json(&body).await.expect(201);
    };
    come_in("LATE", "2026-04-01", 5).await;
    come_in("SOON", "2026-03-03", 2).await;
    come_in("PAST", "2026-03-01", 9).await;
    let id = app.placed(&shop.admin, shop.store, milk, 3).await;
    app.take_goods().await;
    assert_eq!(app.read_order(&shop.admin, id).await["status"], "confirmed");
    let left = async || {
        let sql = "SELECT v.on_hand / 1000 FROM stock_levels v JOIN lots l ON l.id = v.lot_id
            ORDER BY l.code";
        app.numbers(sql).await
    };
    assert_eq!(left().await, [4, 9, 0], "LATE, PAST, SOON");
    // What has expired is not sold, however much there is of it.
    let id = app.placed(&shop.admin, shop.store, milk, 5).await;
    app.take_goods().await;
    let order = app.read_order(&shop.admin, id).await;
    assert_eq!(order["status"], "rejected");
    assert_eq!(order["shortages"][0]["available"], 4);
    assert_eq!(left().await, [4, 9, 0]);
    app.check_books().await;
}

async fn bad_orders_are_refused_with_all_faults(app: TestApp) {
    let shop = app.shop(5).await;
    let place = |body: Value| as_(app.post("/api/orders"), &shop.admin).json(&body);
    let none = place(json!({"items": []})).await.expect(400);
    assert_eq!(none.error("invalid_request")["field"], "items");
    place(json!({})).await.expect(400).error("invalid_request");
    let faults = place(json!({"items": [
        {"product_id": 1, "sku": "A", "quantity": 1},
        {"product_id": 1, "quantity": 0},
        {"product_id": 1, "quantity": 1, "price": "-0.01"},
        {"product_id": 1, "quantity": 1, "lot": "X"},
    ]}));
    let reply = faults.await.expect(400);
    let error = reply.error("invalid_request");
    let fields: Vec<_> =
        error["errors"].as_array().expect("faults").iter().map(|f| f["field"].clone()).collect();
    assert_eq!(
        fields,
        ["items[0].product_id", "items[1].quantity", "items[2].price", "items[3].lot"]
    );
    let unknown = place(json!({"items": [{"product_id": 1, "quantity": 1, "colour": "red"}]}));
    assert_eq!(unknown.await.expect(400).error("invalid_request")["field"], "items[0].colour");
    let absent = place(json!({"items": [{"product_id": 999, "quantity": 1}]})).await.expect(404);
    assert_eq!(absent.error("not_found")["field"], "items[0].product_id");
    let absent = place(json!({"items": [{"sku": "NONE", "quantity": 1}]})).await.expect(404);
    assert_eq!(absent.error("not_found")["field"], "items[0].sku");
    let several = place(json!({"items": [
        {"product_id": 998, "quantity": 1},
        {"product_id": 1, "quantity": 1},
        {"sku": "NONE", "quantity": 1},
        {"product_id": 999, "quantity": 1},
    ]}));
    let several = several.await.expect(404);
    let error = several.error("not_found");
    let fields: Vec<_> =
        error["errors"].as_array().expect("faults").iter().map(|f| f["field"].clone()).collect();
    assert_eq!(fields, ["items[0].product_id", "items[2].sku", "items[3].product_id"]);
    let huge = json!([{"product_id": 1, "quantity": 900_000_000, "price": "90000000.00"}]);
    let huge = place(json!({"items": huge})).await.expect(400);
    assert_eq!(huge.error("invalid_request")["field"], "items[0].quantity");
    let many = json!([
        {"product_id": 1, "quantity": 900_000_000}, {"product_id": 1, "quantity": 900_000_000},
    ]);
    let many = place(json!({"items": many})).await.expect(400);
    assert_eq!(many.error("invalid_request")["field"], "items[1].quantity");
    assert_eq!(app.number("SELECT COUNT(*) FROM orders").await, 0);
    app.check_books().await;
}

async fn an_order_of_ten_thousand_and_one_items_is_told_so(app: TestApp) {
    let shop = app.shop(5).await;
    let items = |count: usize| vec![json!({"product_id": shop.product, "quantity": 1}); count];
    let place = |count: usize| {
        as_(app.post("/api/orders"), &shop.admin).json(&json!({"items": items(count)}))
    };
    for count in [2_001, 10_001] {
        let reply = place(count).await.expect(400);
        let error = reply.error("invalid_request");
        assert_eq!(error["field"], "items");
        assert!(error["message"].as_str().expect("text").contains("2000"), "{error}");
    }
    let most = place(2_000).await.expect(201).json();
    assert_eq!(most["order"]["items"][0]["quantity"], 2_000, "all one product");
    app.check_books().await;
}

async fn who_is_named_has_to_be_there(app: TestApp) {
    let shop = app.shop(5).await;
    let far = app.store("FAR").await;
    let make = async |path: &str, body: Value| -> i64 {
        let made = as_(app.post(path), &shop.admin).json(&body).await.expect(201).json();
        let ids = made.as_object().expect("an object").values();
        ids.filter_map(|value| value["id"].as_i64()).next().expect("an id")
    };
    let mia = make("/api/customers", json!({"name": "Mia"})).await;
    let gone = make("/api/customers", json!({"name": "Gone"})).await;
    as_(app.delete(&format!("/api/customers/{gone}")), &shop.admin).await.expect(204);
    let hired = |store: Option<i64>| -> Value {
        json!({"name": "Ben", "position": "Cashier", "hire_date": "2026-01-31", "store_id": store})
    };
    let here = make("/api/employees", hired(Some(shop.store.0))).await;
    let there = make("/api/employees", hired(Some(far.0))).await;
    let place = |more: Value| {
        let items = json!([{"product_id": shop.product, "quantity": 1}]);
        let mut body = json!({"store_id": shop.store, "items": items});
        let more = more.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(more);
        as_(app.post("/api/orders"), &shop.admin).json(&body)
    };
    let order = place(json!({"customer_id": mia, "employee_id": here})).await.expect(201).json();
    assert_eq!(order["order"]["customer_id"], mia);
    assert_eq!(order["order"]["user_id"], shop.admin.user_id.0);
    let closed = place(json!({"customer_id": gone})).await.expect(409);
    assert_eq!(closed.error("invalid_state")["field"], "customer_id");
    for (field, id) in [("customer_id", 999), ("employee_id", there), ("user_id", 999)] {
        let reply = place(json!({field: id})).await.expect(404);
        assert_eq!(reply.error("not_found")["field"], field);
    }
    app.check_books().await;
}

async fn orders_are_found(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    app.stock_in(&shop.admin, far, shop.product, 9).await;
    let first = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.clock.advance(60);
    let second = app.placed(&shop.admin, far, shop.product, 20).await;
    app.take_goods().await;
    app.clock.advance(60);
    let sold = app.sell(&shop.admin, far, shop.product, 1).await.expect(201).json();
    let third = sold["order_id"].as_i64().expect("a number");
    let ids = async |query: &str| -> Vec<i64> {
        let list = app.get_as(&shop.admin, &format!("/api/orders{query}")).await.expect(200).json();
        let orders = list["orders"].as_array().expect("orders").clone();
        orders.iter().map(|order| order["id"].as_i64().expect("an id")).collect()
    };
    assert_eq!(ids("").await, [third, second, first]);
    assert_eq!(ids("?status=confirmed&status=rejected").await, [second, first]);
    assert_eq!(ids("?status=rejected").await, [second]);
    assert_eq!(ids("?status=rejected&status=cancelled").await, [second]);
    assert_eq!(ids("?status=pending").await, [0; 0]);
    let fourth = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    assert_eq!(ids("?status=pending").await, [fourth]);
    assert_eq!(ids("?status=pending&status=rejected").await, [fourth, second]);
    app.step(&shop.admin, fourth, "cancel", &json!({})).await.expect(200);
    assert_eq!(ids("?status=cancelled").await, [fourth]);
    app.tamper(&format!("UPDATE orders SET order_date = 0 WHERE id = {fourth}"))
        .await
        .expect("old");
    assert_eq!(ids("?channel=till").await, [third]);
    assert_eq!(ids(&format!("?store_id={far}")).await, [third, second]);
    assert_eq!(ids("?from=2026-03-02T09:01:00Z&to=2026-03-02T09:02:00Z").await, [second]);
    assert_eq!(ids(&format!("?user_id={}", shop.admin.user_id)).await.len(), 4);
    assert_eq!(ids("?customer_id=1").await, [0; 0]);
    let wrong = app.get_as(&shop.admin, "/api/orders?status=lost").await.expect(400);
    assert_eq!(wrong.error("invalid_request")["field"], "status[0]");
    let list = app.get_as(&shop.admin, "/api/orders").await.expect(200).json();
    assert_eq!(list["orders"][2], app.read_order(&shop.admin, first).await);
}

async fn orders_of_another_store_do_not_exist(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    let staff = app.user(Role::Staff, &[far]).await;
    let id = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    let path = format!("/api/orders/{id}");
    app.get_as(&staff, &path).await.expect(404).error("not_found");
    app.step(&staff, id, "cancel", &json!({})).await.expect(404).error("not_found");
    app.order(&staff, shop.store, shop.product, 1).await.expect(404).error("not_found");
    let list = app.get_as(&staff, "/api/orders").await.expect(200).json();
    assert_eq!(list["orders"], json!([]));
    let auditor = app.user(Role::Auditor, &[shop.store]).await;
    app.get_as(&auditor, &path).await.expect(200);
    app.step(&auditor, id, "cancel", &json!({})).await.expect(403).error("forbidden");
}
