//! What is refused of stock over HTTP: it names its field and changes nothing.

use serde_json::{Value, json};

use crate::support::{TestApp, assert_names, on_both_engines, with};

on_both_engines!(
    bad_input_names_its_field_and_changes_nothing,
    bad_lines_are_named_by_their_place,
    what_cannot_be_found_is_404,
    a_level_does_not_outgrow_the_ledger,
);

/// Each fault alone: what is sent instead of a good movement, and the field that is named.
fn faults() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"quantity": 0}), "quantity"),
        (json!({"quantity": -1}), "quantity"),
        (json!({"quantity": 1.0005}), "quantity"),
        (json!({"quantity": "1"}), "quantity"),
        (json!({"quantity": null}), "quantity"),
        (json!({"quantity": 1_000_000_001}), "quantity"),
        (json!({"quantity": 1e300}), "quantity"),
        (json!({"quantity": i64::MAX}), "quantity"),
        (json!({"quantity": []}), "quantity"),
        (json!({"colour": "red"}), "colour"),
        (json!({"on_hand": 5}), "on_hand"),
        (json!({"product_id": null}), "product_id"),
        (json!({"sku": "A"}), "product_id"),
        (json!({"product_id": "1"}), "product_id"),
        (json!({"store_id": "1"}), "store_id"),
        (json!({"reason": "boredom"}), "reason"),
        (json!({"note": "x".repeat(2_001)}), "note"),
        (json!({"note": "a\u{0}b"}), "note"),
        (json!({"reference": "a\u{7}b"}), "reference"),
        (json!({"unit_cost": "-1.00"}), "unit_cost"),
        (json!({"unit_cost": "1.005"}), "unit_cost"),
        (json!({"unit_cost": "much"}), "unit_cost"),
        (json!({"effective_at": "yesterday"}), "effective_at"),
        (json!({"effective_at": "2026-03-02T10:00:00Z"}), "effective_at"),
        (json!({"effective_at": "2024-03-02T09:00:00Z"}), "effective_at"),
        (json!({"lot": {"code": "", "expires_on": null}}), "lot.code"),
        (json!({"lot": {"code": "L", "expires_on": "2026-02-30"}}), "lot.expires_on"),
        (json!({"lot": {"code": "L", "colour": "red"}}), "lot.colour"),
    ]
}

async fn bad_input_names_its_field_and_changes_nothing(app: TestApp) {
    let shop = app.shop(10).await;
    let good = json!({"store_id": shop.store, "product_id": shop.product, "quantity": 1});
    for (change, field) in faults() {
        let body = with(&good, &change);
        let reply = app.post("/api/stock/add").token(&shop.admin.token).json(&body).await;
        assert_names(&reply, field, &body);
    }
    for (path, change, field) in [
        ("/api/stock/remove", json!({}), "reason"),
        ("/api/stock/remove", json!({"reason": "count"}), "reason"),
        ("/api/stock/sale", json!({"unit_cost": "1.00"}), "unit_cost"),
        ("/api/stock", json!({}), "type"),
        ("/api/stock", json!({"type": "gift"}), "type"),
        ("/api/stock", json!({"type": "reversal"}), "type"),
        ("/api/stock", json!({"type": "sale_return"}), "type"),
        ("/api/stock", json!({"type": "count_adjustment", "quantity": 0}), "quantity"),
        ("/api/stock/add", json!({"type": "sale"}), "type"),
    ] {
        let body = with(&good, &change);
        let reply = app.post(path).token(&shop.admin.token).json(&body).await;
        assert_names(&reply, field, &body);
    }
    for (query, field) in [
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=nonsense", "cursor"),
        ("store_id=x", "store_id[0]"),
    ] {
        for path in ["/api/stock/current", "/api/stock/movements"] {
            let reply = app.get_as(&shop.admin, &format!("{path}?{query}")).await;
            assert_names(&reply, field, &json!(query));
        }
    }
    assert_eq!(app.ledger().await.len(), 1);
    app.check_books().await;
}

async fn bad_lines_are_named_by_their_place(app: TestApp) {
    let shop = app.shop(10).await;
    let good = json!({
        "type": "sale", "store_id": shop.store, "product_id": shop.product, "quantity": 1,
    });
    for atomic in [true, false] {
        let lines = [good.clone(), with(&good, &json!({"quantity": -1})), good.clone()];
        let reply = app.parcel(&shop.admin, atomic, &lines).await;
        assert_names(&reply, "movements[1].quantity", &json!(atomic));
        let reply = app.parcel(&shop.admin, atomic, &[]).await;
        assert_names(&reply, "movements", &json!("none"));
        let lines = vec![good.clone(); 10_001];
        assert_names(&app.parcel(&shop.admin, atomic, &lines).await, "movements", &json!("many"));
    }
    let lines = vec![good.clone(); 2_001];
    assert_names(&app.parcel(&shop.admin, true, &lines).await, "movements", &json!("2001"));
    // All failing lines are told, and none is recorded.
    let too_many = with(&good, &json!({"quantity": 11}));
    let lines = [too_many.clone(), good.clone(), too_many];
    let error = app.parcel(&shop.admin, true, &lines).await.expect(409).error("insufficient_stock");
    let fields: Vec<_> =
        error["errors"].as_array().expect("errors").iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["movements[0].quantity", "movements[2].quantity"], "{error}");
    assert_eq!(app.ledger().await.len(), 1);
}

async fn what_cannot_be_found_is_404(app: TestApp) {
    let shop = app.shop(10).await;
    let good = json!({"store_id": shop.store, "product_id": shop.product, "quantity": 1});
    for change in [
        json!({"store_id": 99}),
        json!({"store_id": -1}),
        json!({"product_id": 99}),
        json!({"product_id": 0}),
        json!({"product_id": null, "sku": "NONE"}),
        json!({"product_id": null, "barcode": "4006381333931"}),
    ] {
        let body = with(&good, &change);
        let reply = app.post("/api/stock/sale").token(&shop.admin.token).json(&body).await;
        reply.expect(404).error("not_found");
        let mut line = body.clone();
        line["type"] = json!("sale");
        app.parcel(&shop.admin, true, &[line]).await.expect(404).error("not_found");
    }
    for path in ["/api/stock/movements/999", "/api/stores/99/inventory"] {
        app.get_as(&shop.admin, path).await.expect(404).error("not_found");
    }
    app.post("/api/stock/movements/999/reverse")
        .token(&shop.admin.token)
        .json(&json!({}))
        .await
        .expect(404);
    for place in ["stores/99/inventory/1", &format!("stores/{}/inventory/99", shop.store)] {
        let body = json!({"quantity": 1, "reason": "count"});
        let path = format!("/api/{place}");
        app.put(&path).token(&shop.admin.token).json(&body).await.expect(404);
    }
    assert_eq!(app.ledger().await.len(), 1);
    app.check_books().await;
}

async fn a_level_does_not_outgrow_the_ledger(app: TestApp) {
    let shop = app.shop(0).await;
    let add = |quantity: i64, cost: &str| {
        let body = json!({
            "store_id": shop.store, "product_id": shop.product, "quantity": quantity,
            "unit_cost": cost,
        });
        app.post("/api/stock/add").token(&shop.admin.token).json(&body)
    };
    add(1_000_000_000, "99999999.99").await.expect(409).error("invalid_state");
    add(1_000_000_000, "0.01").await.expect(201);
    let reply = add(1, "0.01").await.expect(409);
    assert_eq!(reply.error("invalid_state")["field"], "quantity");
    app.check_books().await;
}
