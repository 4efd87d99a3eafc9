//! The event log as programs follow it.

use std::future::IntoFuture;

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, TestApp, on_both_engines};

on_both_engines!(
    whoever_goes_on_behind_the_last_page_gets_every_event_once,
    each_sees_the_events_of_what_they_may_read,
    whoever_waits_hears_of_the_next_event,
    whoever_waits_hears_of_what_another_node_has_written,
    whoever_loses_a_right_while_they_wait_hears_of_nothing,
    a_place_that_is_not_kept_is_said_to_be_so,
    a_place_of_a_log_that_was_set_back_is_said_to_be_so,
);

async fn events(app: &TestApp, who: &Person, query: &str) -> (Vec<Value>, i64) {
    let path = format!("/api/inventory/events{query}");
    let answer = app.get_as(who, &path).await.expect(200).json();
    let next = answer["next_after"].as_i64().expect("a place");
    (answer["events"].as_array().expect("events").clone(), next)
}

async fn whoever_goes_on_behind_the_last_page_gets_every_event_once(app: TestApp) {
    let shop = app.shop(9).await;
    for _ in 0..7 {
        app.sell(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    }
    let (all, last) = events(&app, &shop.admin, "?limit=500").await;
    let ids: Vec<_> = all.iter().map(|event| event["id"].as_i64().expect("an id")).collect();
    assert_eq!(ids, (1..=last).collect::<Vec<_>>(), "gapless for whoever sees everything");
    assert_eq!(all.last().expect("an event")["type"], "stock.moved");
    let sold = all.iter().find(|event| event["type"] == "order.sold").expect("a sale");
    assert_eq!(sold["subject"], json!({"kind": "order", "id": 1}));
    assert_eq!(sold["data"]["total"], "2.50");
    assert_eq!(sold["store_id"], shop.store.0);
    let mut paged = Vec::new();
    let mut after = 0;
    loop {
        let (page, next) = events(&app, &shop.admin, &format!("?limit=3&after={after}")).await;
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        paged.extend(page);
        after = next;
    }
    assert_eq!(paged, all);
}

async fn each_sees_the_events_of_what_they_may_read(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    app.stock_in(&shop.admin, far, shop.product, 5).await;
    app.sell(&shop.admin, far, shop.product, 1).await.expect(201);
    let body = json!({"name": "Mia"});
    as_(app.post("/api/customers"), &shop.admin).json(&body).await.expect(201);
    let body = json!({"name": "Ben", "position": "Cashier", "hire_date": "2026-01-31",
        "store_id": far});
    as_(app.post("/api/employees"), &shop.admin).json(&body).await.expect(201);
    let body = json!({"name": "Key", "role": "staff", "store_ids": [far]});
    as_(app.post("/api/api-keys"), &shop.admin).json(&body).await.expect(201);
    let kinds = async |who: &Person| -> Vec<String> {
        let (events, _) = events(&app, who, "").await;
        events.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
    };
    let staff = app.user(Role::Staff, &[shop.store]).await;
    assert_eq!(kinds(&staff).await, ["stock.moved", "customer.created"]);
    let manager = app.user(Role::Manager, &[far]).await;
    assert_eq!(
        kinds(&manager).await,
        ["stock.moved", "order.sold", "stock.moved", "customer.created", "employee.created"]
    );
    let body = json!({"name": "Eve", "position": "Owner", "hire_date": "2026-01-31"});
    as_(app.post("/api/employees"), &shop.admin).json(&body).await.expect(201);
    let employees = kinds(&manager).await.iter().filter(|kind| *kind == "employee.created").count();
    assert_eq!(employees, 1, "of the whole shop's they do not hear");
    assert!(kinds(&shop.admin).await.contains(&"api_key.created".to_owned()));
    let (page, next) = events(&app, &staff, "?limit=1").await;
    assert_eq!(page.len(), 1);
    let (rest, end) = events(&app, &staff, &format!("?after={next}")).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(end, app.number("SELECT last_id FROM event_head").await, "past what is not seen");
}

async fn whoever_waits_hears_of_the_next_event(app: TestApp) {
    let shop = app.shop(9).await;
    let (_, last) = events(&app, &shop.admin, "").await;
    let path = format!("?after={last}&wait=30");
    let waiting = events(&app, &shop.admin, &path);
    let selling = async {
        tokio::task::yield_now().await;
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    };
    let ((heard, _), ()) = tokio::join!(waiting, selling);
    assert_eq!(heard[0]["type"], "stock.moved");
    let staff = app.user(Role::Staff, &[app.store("FAR").await]).await;
    let (nothing, next) = events(&app, &staff, "?wait=0").await;
    assert!(nothing.is_empty());
    assert_eq!(next, last + 1);
    for (query, field) in [("?wait=31", "wait"), ("?limit=501", "limit"), ("?limit=0", "limit")] {
        let path = format!("/api/inventory/events{query}");
        let refused = app.get_as(&shop.admin, &path).await.expect(400);
        assert_eq!(refused.error("invalid_request")["field"], field);
    }
}

async fn whoever_waits_hears_of_what_another_node_has_written(app: TestApp) {
    let shop = app.shop(9).await;
    let node = app.another_node().await;
    let (_, last) = events(&app, &shop.admin, "").await;
    let path = format!("?after={last}&wait=30");
    let waiting = events(&node, &shop.admin, &path);
    let selling = async {
        tokio::task::yield_now().await;
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    };
    let ((heard, _), ()) = tokio::join!(waiting, selling);
    assert_eq!(heard[0]["id"], last + 1);
}

async fn whoever_loses_a_right_while_they_wait_hears_of_nothing(app: TestApp) {
    let shop = app.shop(9).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let far = app.store("FAR").await;
    let (_, last) = events(&app, &shop.admin, "").await;
    let path = format!("/api/inventory/events?after={last}&wait=30");
    let waiting = app.get_as(&staff, &path).into_future();
    let moving = async {
        tokio::task::yield_now().await;
        let body = json!({"role": "staff", "store_ids": [far]});
        let path = format!("/api/users/{}", staff.user_id);
        as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        app.stock_in(&shop.admin, far, shop.product, 5).await;
    };
    let (answer, ()) = tokio::join!(waiting, moving);
    let answer = answer.expect(200).json();
    let events = answer["events"].as_array().expect("events");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["store_id"], json!(far), "only the store in which they now are");
}

async fn a_place_that_is_not_kept_is_said_to_be_so(app: TestApp) {
    let shop = app.shop(9).await;
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    for sql in ["DROP TRIGGER events_append_only ON events", "DROP TRIGGER events_no_delete"] {
        // The one or the other engine has it.
        let _ = app.tamper(sql).await;
    }
    app.tamper("DELETE FROM events WHERE id = 1").await.expect("done");
    let gone = app.get_as(&shop.admin, "/api/inventory/events?after=0").await.expect(410);
    let error = gone.error("cursor_expired");
    assert_eq!((&error["field"], &error["details"]["oldest"]), (&json!("after"), &json!(2)));
    let (kept, _) = events(&app, &shop.admin, "?after=1").await;
    assert_eq!(kept.len(), 1);
}

async fn a_place_of_a_log_that_was_set_back_is_said_to_be_so(app: TestApp) {
    let shop = app.shop(9).await;
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    let head = app.number("SELECT last_id FROM event_head").await;
    for after in [head + 1, i64::MAX] {
        let path = format!("/api/inventory/events?after={after}");
        let gone = app.get_as(&shop.admin, &path).await.expect(410);
        let error = gone.error("cursor_expired");
        assert_eq!((&error["field"], &error["details"]["head"]), (&json!("after"), &json!(head)));
    }
    let (nothing, next) = events(&app, &shop.admin, &format!("?after={head}")).await;
    assert_eq!((nothing.len(), next), (0, head), "this is its end");
    let refused = app.get_as(&shop.admin, "/api/inventory/events?after=-1").await.expect(400);
    assert_eq!(refused.error("invalid_request")["field"], "after");
}
