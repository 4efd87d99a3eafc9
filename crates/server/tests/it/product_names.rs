//! What names a product: a SKU and a barcode belong to one at a time, also in a race.

use std::future::IntoFuture as _;

use serde_json::{Value, json};

use crate::products::{as_, body, make};
use crate::support::{Person, Reply, TestApp, on_both_engines};

on_both_engines!(
    a_sku_is_unique_in_any_case,
    of_eight_who_make_one_sku_one_wins,
    of_eight_who_claim_one_barcode_one_wins,
    a_barcode_belongs_to_one_product,
    a_deleted_product_gives_up_the_barcodes_that_others_claim,
);

async fn a_sku_is_unique_in_any_case(app: TestApp) {
    let admin = app.with_admin().await;
    let first = make(&app, &admin, &body("Straße-É")).await;
    let other = make(&app, &admin, &body("OTHER")).await;
    let check = |reply: Reply| {
        let error = reply.expect(409).error("duplicate_sku");
        assert_eq!(error["field"], "sku");
        assert_eq!(error["details"]["product_id"], first["id"]);
    };
    // The same letter in two code points, and the other case.
    let same = body(" STRAßE-E\u{301}");
    check(as_(app.post("/api/products"), &admin).json(&same).await);
    let path = format!("/api/products/{}", other["id"]);
    check(as_(app.put(&path), &admin).json(&same).await);
    check(as_(app.patch(&path), &admin).json(&json!({"sku": "straße-é"})).await);
    // Its own in another case is no other's.
    let path = format!("/api/products/{}", first["id"]);
    as_(app.patch(&path), &admin).json(&json!({"sku": "STRAßE-É"})).await.expect(200);
}

async fn race(app: &TestApp, admin: &Person, bodies: Vec<Value>) -> Vec<Reply> {
    let calls: Vec<_> = bodies
        .iter()
        .map(|body| as_(app.post("/api/products"), admin).json(body).into_future())
        .map(tokio::spawn)
        .collect();
    let mut replies = Vec::new();
    for call in calls {
        replies.push(call.await.expect("a reply"));
    }
    replies
}

async fn of_eight_who_make_one_sku_one_wins(app: TestApp) {
    let admin = app.with_admin().await;
    let replies = race(&app, &admin, vec![body("ONE"); 8]).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 7));
    for reply in refused {
        let error = reply.error("duplicate_sku");
        assert_eq!(error["details"]["product_id"], made[0].json()["product"]["id"]);
    }
    let list = app.get_as(&admin, "/api/products?include_deleted=true").await.json();
    assert_eq!(list["products"].as_array().map(Vec::len), Some(1));
}

async fn of_eight_who_claim_one_barcode_one_wins(app: TestApp) {
    let admin = app.with_admin().await;
    let bodies = (0..8).map(|n| {
        let mut sent = body(&format!("S{n}"));
        sent["barcodes"] = json!([{"code": format!("own{n}")}, {"code": "shared"}]);
        sent
    });
    let replies = race(&app, &admin, bodies.collect()).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 7));
    for reply in refused {
        assert_eq!(reply.error("duplicate_barcode")["field"], "barcodes[1].code");
    }
}

async fn a_barcode_belongs_to_one_product(app: TestApp) {
    let admin = app.with_admin().await;
    let mut sent = body("A");
    sent["barcodes"] = json!([{"code": "x1"}, {"code": "x2"}]);
    let first = make(&app, &admin, &sent).await;
    let mut sent = body("B");
    sent["barcodes"] = json!([{"code": "y"}, {"code": "x2"}, {"code": "x1"}]);
    let reply = as_(app.post("/api/products"), &admin).json(&sent).await.expect(409);
    let error = reply.error("duplicate_barcode");
    let fields: Vec<_> =
        error["errors"].as_array().expect("errors").iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["barcodes[1].code", "barcodes[2].code"]);
    assert_eq!(error["details"], json!({"product_id": first["id"], "barcode": "x2"}));
    // What a product gives up is free.
    let path = format!("/api/products/{}", first["id"]);
    as_(app.patch(&path), &admin).json(&json!({"barcodes": []})).await.expect(200);
    make(&app, &admin, &sent).await;
}

async fn a_deleted_product_gives_up_the_barcodes_that_others_claim(app: TestApp) {
    let admin = app.with_admin().await;
    let mut sent = body("A");
    sent["barcodes"] = json!([{"code": "kept"}, {"code": "claimed"}]);
    let deleted = make(&app, &admin, &sent).await;
    let path = format!("/api/products/{}", deleted["id"]);
    as_(app.delete(&path), &admin).await.expect(204);
    let mut sent = body("A");
    sent["barcodes"] = json!([{"code": "claimed"}]);
    let heir = make(&app, &admin, &sent).await;
    let reply = as_(app.post(&format!("{path}/restore")), &admin).await.expect(409);
    let error = reply.error("duplicate_sku");
    assert_eq!(error["details"]["product_id"], heir["id"]);
    let heir_path = format!("/api/products/{}", heir["id"]);
    as_(app.patch(&heir_path), &admin).json(&json!({"sku": "B"})).await.expect(200);
    let restored = as_(app.post(&format!("{path}/restore")), &admin).await.expect(200).json();
    let codes = json!([{"code": "kept", "pack_quantity": 1}]);
    assert_eq!(restored["product"]["barcodes"], codes);
}
