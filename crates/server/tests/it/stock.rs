//! The contract of stock over HTTP: what each call takes, refuses and answers. What is refused
//! names its field and changes nothing.

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::support::{Person, Reply, TestApp, assert_names, on_both_engines, with};

on_both_engines!(
    each_kind_of_movement_is_recorded,
    staff_see_no_costs,
    other_stores_do_not_exist,
    auditors_read_and_do_not_write,
    the_store_may_be_left_out_by_those_who_see_one,
    products_are_found_by_sku_and_barcode,
    lots_are_asked_for_where_they_are_tracked,
    a_movement_is_undone_once_and_linked_both_ways,
    a_count_writes_the_difference_and_honours_if_match,
    a_reorder_point_is_the_store_s_own,
);

async fn each_kind_of_movement_is_recorded(app: TestApp) {
    let shop = app.shop(10).await;
    let (store, product) = (shop.store, shop.product);
    for (path, kind, quantity, balance) in [
        ("/api/stock/add", "stock_in", 2, 12),
        ("/api/stock/sale", "sale", 1, 11),
        ("/api/stock/remove", "manual_remove", 3, 8),
    ] {
        let body = json!({
            "store_id": store, "product_id": product, "quantity": quantity, "reason": "damaged",
            "note": "a note", "reference": "R-1",
        });
        let reply = app.post(path).token(&shop.admin.token).json(&body).await.expect(201);
        let movement = &reply.json()["movement"];
        let signed = if kind == "stock_in" { quantity } else { -quantity };
        assert_eq!(movement["type"], kind);
        assert_eq!(movement["quantity"], signed);
        assert_eq!(movement["balance"], balance);
        assert_eq!(movement["reason"], "damaged");
        assert_eq!((&movement["note"], &movement["reference"]), (&json!("a note"), &json!("R-1")));
        assert_eq!(movement["actor"]["username"], "admin0");
        let location = reply.header("location").to_owned();
        let read = app.get_as(&shop.admin, &location).await.expect(200).json();
        assert_eq!(&read["movement"], movement);
        assert_ne!(reply.header("consistency-token"), "");
        assert_eq!(reply.header("idempotency-key").len(), 36);
    }
    for (kind, quantity, balance) in
        [("FOUND", 2.5, 10.5), ("count_adjustment", -0.5, 10.0), ("sale", 1.0, 9.0)]
    {
        let body = json!({
            "type": kind, "store_id": store, "product_id": product, "quantity": quantity,
        });
        let reply = app.post("/api/stock").token(&shop.admin.token).json(&body).await.expect(201);
        let movement = reply.json()["movement"].clone();
        assert_eq!(movement["type"], kind.to_lowercase());
        assert_eq!(movement["balance"].as_f64(), Some(balance));
    }
    app.check_books().await;
}

async fn staff_see_no_costs(app: TestApp) {
    let shop = app.shop(10).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let body = json!({
        "store_id": shop.store, "product_id": shop.product, "quantity": 1, "unit_cost": "3.10",
    });
    let sees = |reply: &Reply| reply.text().contains("unit_cost") || reply.text().contains("3.10");
    for (who, expected) in [(&shop.admin, true), (&staff, false)] {
        let one = app.post("/api/stock/add").token(&who.token).key("k").json(&body).await;
        let one = one.expect(201);
        assert_eq!(sees(&one), expected, "{}", one.text());
        let again = app.post("/api/stock/add").token(&who.token).key("k").json(&body).await;
        assert_eq!(sees(&again), expected, "{}", again.text());
        let lines = [with(&body, &json!({"type": "stock_in"}))];
        for atomic in [true, false] {
            let many = app.parcel(who, atomic, &lines).await;
            assert_eq!(sees(&many), expected, "{}", many.text());
        }
        let location = one.header("location").to_owned();
        for path in [&*location, "/api/stock/movements", "/api/stock/current"] {
            let reply = app.get_as(who, path).await.expect(200);
            assert_eq!(sees(&reply), expected && !path.ends_with("current"), "{path}");
        }
    }
}

async fn other_stores_do_not_exist(app: TestApp) {
    let shop = app.shop(10).await;
    let far = app.store("FAR").await;
    let stranger = app.user(Role::Manager, &[far]).await;
    let id = app.ledger().await[0].id;
    let place = format!("/api/stores/{}/inventory", shop.store);
    let good = json!({"store_id": shop.store, "product_id": shop.product, "quantity": 1});
    let count = json!({"quantity": 1, "reason": "count"});
    let replies = vec![
        app.get_as(&stranger, &place).await,
        app.get_as(&stranger, &format!("/api/stock/current?store_id={}", shop.store)).await,
        app.get_as(&stranger, &format!("/api/stock/movements?store_id={}", shop.store)).await,
        app.get_as(&stranger, &format!("/api/stock/movements/{id}")).await,
        app.post("/api/stock/sale").token(&stranger.token).json(&good).await,
        app.put(&format!("{place}/{}", shop.product)).token(&stranger.token).json(&count).await,
        app.post(&format!("/api/stock/movements/{id}/reverse"))
            .token(&stranger.token)
            .json(&json!({}))
            .await,
    ];
    for reply in replies {
        reply.expect(404).error("not_found");
    }
    for path in ["/api/stock/current", "/api/stock/movements"] {
        let answer = app.get_as(&stranger, path).await.expect(200).json();
        let list = answer["levels"].as_array().or(answer["movements"].as_array());
        assert_eq!(list.map(Vec::len), Some(0), "{answer}");
    }
    let both = [good, json!({"store_id": far, "product_id": shop.product, "quantity": 1})]
        .map(|line| with(&line, &json!({"type": "found"})));
    app.parcel(&stranger, true, &both).await.expect(404);
    assert_eq!(app.ledger().await.len(), 1);
}

async fn auditors_read_and_do_not_write(app: TestApp) {
    let shop = app.shop(10).await;
    let auditor = app.user(Role::Auditor, &[shop.store]).await;
    app.sale(&auditor, shop.store, shop.product, 1).await.expect(403).error("forbidden");
    app.get_as(&auditor, "/api/stock/current").await.expect(200);
    assert_eq!(app.ledger().await.len(), 1);
}

async fn the_store_may_be_left_out_by_those_who_see_one(app: TestApp) {
    let shop = app.shop(10).await;
    let far = app.store("FAR").await;
    let body = json!({"product_id": shop.product, "quantity": 1});
    let sell = |who: &Person| app.post("/api/stock/sale").token(&who.token).json(&body);
    let one = app.user(Role::Staff, &[shop.store]).await;
    let sold = sell(&one).await.expect(201).json();
    assert_eq!(sold["movement"]["store_id"], json!(shop.store));
    let two = app.user(Role::Staff, &[shop.store, far]).await;
    assert_eq!(sell(&two).await.expect(400).error("invalid_request")["field"], "store_id");
    app.check_books().await;
}

async fn products_are_found_by_sku_and_barcode(app: TestApp) {
    let shop = app.shop(10).await;
    app.product("Six").barcode_of_six("4006381333931").await;
    for body in [json!({"sku": "six"}), json!({"barcode": "4006381333931"})] {
        let body = with(&body, &json!({"store_id": shop.store, "quantity": 2}));
        let reply = app.post("/api/stock/add").token(&shop.admin.token).json(&body).await;
        assert_eq!(reply.expect(201).json()["movement"]["sku"], "Six");
    }
    app.check_books().await;
}

async fn lots_are_asked_for_where_they_are_tracked(app: TestApp) {
    let shop = app.shop(10).await;
    let milk = app.product_with_lots("MILK").await;
    let body = |product: i64, lot: Value| {
        let place = json!({"store_id": shop.store, "product_id": product});
        with(&place, &json!({"quantity": 2, "lot": lot}))
    };
    let send = |path: &str, body: &Value| app.post(path).token(&shop.admin.token).json(body);
    let lot = json!({"code": "L1", "expires_on": "2026-03-09"});
    let none = body(milk, Value::Null);
    assert_eq!(
        send("/api/stock/add", &none).await.expect(400).error("invalid_request")["field"],
        "lot"
    );
    let unknown = body(milk, json!({"code": "L1"}));
    send("/api/stock/sale", &unknown).await.expect(404).error("not_found");
    let added = send("/api/stock/add", &body(milk, lot.clone())).await.expect(201).json();
    assert_eq!(added["movement"]["lot"], lot);
    let sold = send("/api/stock/sale", &unknown).await.expect(201).json();
    assert_eq!(sold["movement"]["balance"], 0);
    let other_day = body(milk, json!({"code": "L1", "expires_on": "2026-03-10"}));
    send("/api/stock/add", &other_day).await.expect(409).error("invalid_state");
    let needless = body(shop.product, lot);
    assert_eq!(
        send("/api/stock/add", &needless).await.expect(400).error("invalid_request")["field"],
        "lot"
    );
    app.check_books().await;
}

async fn a_movement_is_undone_once_and_linked_both_ways(app: TestApp) {
    let shop = app.shop(10).await;
    let sold = app.sale(&shop.admin, shop.store, shop.product, 4).await.expect(201).json();
    let id = &sold["movement"]["id"];
    let reverse = |id: &Value| {
        let path = format!("/api/stock/movements/{id}/reverse");
        app.post(&path).token(&shop.admin.token).json(&json!({"note": "scanned twice"}))
    };
    let undone = reverse(id).await.expect(201).json()["movement"].clone();
    assert_eq!(undone["type"], "reversal");
    assert_eq!((&undone["quantity"], &undone["balance"]), (&json!(4), &json!(10)));
    assert_eq!(&undone["reverses"], id);
    let read = app.get_as(&shop.admin, &format!("/api/stock/movements/{id}")).await.expect(200);
    assert_eq!(read.json()["movement"]["reversed_by"], undone["id"]);
    reverse(id).await.expect(409).error("invalid_state");
    reverse(&undone["id"]).await.expect(409).error("invalid_state");
    // What came in cannot be undone when it is sold.
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    let first = json!(app.ledger().await[0].id);
    reverse(&first).await.expect(409).error("insufficient_stock");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 9);
    app.check_books().await;
}

async fn a_count_writes_the_difference_and_honours_if_match(app: TestApp) {
    let shop = app.shop(10).await;
    let path = format!("/api/stores/{}/inventory/{}", shop.store, shop.product);
    let put = |body: Value| app.put(&path).token(&shop.admin.token).json(&body);
    let counted = put(json!({"quantity": 7, "reason": "count"})).header("if-match", "\"1\"").await;
    let movement = counted.expect(201).json()["movement"].clone();
    assert_eq!(movement["type"], "count_adjustment");
    assert_eq!((&movement["quantity"], &movement["balance"]), (&json!(-3), &json!(7)));
    let stale = put(json!({"quantity": 6, "reason": "count"})).header("if-match", "\"1\"").await;
    let error = stale.expect(412).error("version_mismatch");
    assert_eq!(error["details"]["version"], 2, "{error}");
    for (body, field) in [
        (json!({"quantity": -1, "reason": "count"}), "quantity"),
        (json!({"quantity": 1}), "reason"),
        (json!({"reason": "count"}), "quantity"),
        (json!({"quantity": 0.0001, "reason": "count"}), "quantity"),
        (json!({"quantity": 1, "reason": "count", "version": 2}), "version"),
    ] {
        assert_names(&put(body.clone()).await, field, &body);
    }
    let same = put(json!({"quantity": 7, "reason": "count"})).await.expect(201).json();
    assert_eq!(same["movement"]["quantity"], 0);
    app.check_books().await;
}

async fn a_reorder_point_is_the_store_s_own(app: TestApp) {
    let shop = app.shop(10).await;
    let path = format!("/api/stores/{}/inventory/{}/reorder-point", shop.store, shop.product);
    let put = |body: &Value| app.put(&path).token(&shop.admin.token).json(body);
    let below = async || {
        let path = "/api/stock/current?below_reorder_point=true";
        let answer = app.get_as(&shop.admin, path).await.expect(200).json();
        answer["levels"].as_array().expect("levels").len()
    };
    assert_eq!(below().await, 0);
    put(&json!({"reorder_point": 11})).await.expect(200);
    assert_eq!(below().await, 1);
    put(&json!({"reorder_point": null})).await.expect(200);
    assert_eq!(below().await, 0);
    let negative = json!({"reorder_point": -1});
    assert_names(&put(&negative).await, "reorder_point", &negative);
}
