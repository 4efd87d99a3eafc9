//! Lists of levels and movements: filters and paging.

use serde_json::json;

use crate::support::{Person, Shop, TestApp, on_both_engines};

on_both_engines!(levels_are_filtered, movements_are_filtered, lists_go_on_from_page_to_page,);

/// The SKUs in a list of levels or movements.
async fn skus(app: &TestApp, who: &Person, path: &str) -> Vec<String> {
    let answer = app.get_as(who, path).await.expect(200).json();
    let list = answer["levels"].as_array().or(answer["movements"].as_array()).expect("a list");
    list.iter().map(|entry| entry["sku"].as_str().expect("a SKU").to_owned()).collect()
}

async fn goods(app: &TestApp) -> (Shop, i64) {
    let shop = app.shop(3).await;
    let far = app.store("FAR").await;
    let second = app.product("B-2").name("Blue cheese").category("Dairy").await.0;
    app.stock_in(&shop.admin, shop.store, second, 5).await;
    app.clock.advance(60);
    app.stock_in(&shop.admin, far, second, 6).await;
    (shop, second)
}

async fn levels_are_filtered(app: TestApp) {
    let (shop, second) = goods(&app).await;
    for (query, expected) in [
        (String::new(), vec!["A", "B-2", "B-2"]),
        (format!("store_id={}", shop.store), vec!["A", "B-2"]),
        (format!("product_id={second}&product_id={}", shop.product), vec!["A", "B-2", "B-2"]),
        ("sku=b-2".to_owned(), vec!["B-2", "B-2"]),
        ("category=Dairy".to_owned(), vec!["B-2", "B-2"]),
        ("q=CHEESE".to_owned(), vec!["B-2", "B-2"]),
        ("q=%25".to_owned(), vec![]),
        ("expiring_before=2030-01-01".to_owned(), vec![]),
        ("sku=none".to_owned(), vec![]),
    ] {
        let path = format!("/api/stock/current?{query}");
        assert_eq!(skus(&app, &shop.admin, &path).await, expected, "{query}");
    }
    let inventory = format!("/api/stores/{}/inventory?q=blue", shop.store);
    assert_eq!(skus(&app, &shop.admin, &inventory).await, ["B-2"]);
}

async fn movements_are_filtered(app: TestApp) {
    let (shop, second) = goods(&app).await;
    let body = json!({
        "store_id": shop.store, "product_id": shop.product, "quantity": 1, "reference": "R-7",
    });
    app.post("/api/stock/sale").token(&shop.admin.token).json(&body).await.expect(201);
    for (query, expected) in [
        (String::new(), vec!["A", "B-2", "B-2", "A"]),
        (format!("store_id={}", shop.store), vec!["A", "B-2", "A"]),
        (format!("product_id={second}"), vec!["B-2", "B-2"]),
        ("type=sale".to_owned(), vec!["A"]),
        ("type=SALE&type=stock_in".to_owned(), vec!["A", "B-2", "B-2", "A"]),
        ("reference=R-7".to_owned(), vec!["A"]),
        (format!("actor_id={}", shop.admin.user_id), vec!["A", "B-2", "B-2", "A"]),
        ("actor_id=99".to_owned(), vec![]),
        ("from=2026-03-02T09:01:00Z".to_owned(), vec!["A", "B-2"]),
        ("to=2026-03-02T09:01:00Z".to_owned(), vec!["B-2", "A"]),
    ] {
        let path = format!("/api/stock/movements?{query}");
        assert_eq!(skus(&app, &shop.admin, &path).await, expected, "{query}");
    }
}

async fn lists_go_on_from_page_to_page(app: TestApp) {
    let (shop, _) = goods(&app).await;
    for (path, list) in [("/api/stock/current", "levels"), ("/api/stock/movements", "movements")] {
        let whole = app.get_as(&shop.admin, path).await.expect(200).json()[list].clone();
        let mut pages = Vec::new();
        let mut cursor = String::new();
        for _ in 0..3 {
            let page = format!("{path}?limit=1{cursor}");
            let answer = app.get_as(&shop.admin, &page).await.expect(200).json();
            pages.extend(answer[list].as_array().expect("a page").clone());
            cursor = answer["next_cursor"]
                .as_str()
                .map_or(String::new(), |cursor| format!("&cursor={cursor}"));
            let other = format!("{path}?limit=1&store_id={}{cursor}", shop.store);
            if !cursor.is_empty() {
                let reply = app.get_as(&shop.admin, &other).await.expect(400);
                assert_eq!(reply.error("invalid_request")["field"], "cursor");
            }
        }
        assert_eq!(json!(pages), whole);
        assert_eq!(cursor, "", "there is another page");
    }
}
