//! The WebSocket: who hears what. How it ends stands in `live_ends.rs`, and that nothing is lost
//! when it is cut in `live_under_load.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::authorization::world::{OTHER_WORD, OWN_WORD, World};
use crate::products::as_;
use crate::support::{Person, TestApp, auth, on_both_engines};

on_both_engines!(
    whoever_has_said_who_they_are_hears_what_happens,
    one_hears_of_the_topics_that_one_has_named,
    each_hears_what_the_log_would_tell_them_and_no_word_of_another_store,
    whoever_loses_a_store_hears_no_more_of_it_and_stays,
    whoever_comes_back_goes_on_behind_the_cursor,
    whoever_comes_back_from_before_what_is_kept_is_told_so,
    whoever_comes_back_from_too_far_behind_is_told_so,
    whoever_comes_back_to_a_log_that_was_set_back_is_told_so,
    what_another_node_has_written_is_heard,
);

/// What the log tells someone.
async fn log(app: &TestApp, who: &Person) -> Vec<Value> {
    let log = app.get_as(who, "/api/inventory/events?limit=500").await.expect(200).json();
    log["events"].as_array().expect("events").clone()
}

async fn whoever_has_said_who_they_are_hears_what_happens(app: TestApp) {
    let shop = app.shop(9).await;
    let mut socket = app.socket().await;
    socket.say(&auth(&shop.admin.token)).await;
    let ready = socket.expect("ready").await;
    assert_eq!(ready["expires_at"], "2026-03-02T09:10:00.000000Z", "in ten minutes");
    assert_eq!(ready["cursor"], app.number("SELECT last_id FROM event_head").await);
    app.sale(&shop.admin, shop.store, shop.product, 2).await.expect(201);
    let event = socket.event().await;
    assert_eq!(Some(&event), log(&app, &shop.admin).await.last(), "as the log tells it");
    assert_eq!(event["type"], "stock.moved");
    // A program comes with its key, whose end is no token's.
    let body = json!({"name": "Screen", "role": "auditor", "store_ids": [shop.store]});
    let made = as_(app.post("/api/api-keys"), &shop.admin).json(&body).await.expect(201).json();
    assert_eq!(socket.event().await["type"], "api_key.created");
    let mut program = app.socket().await;
    program.say(&auth(made["key"].as_str().expect("a key"))).await;
    assert_eq!(program.expect("ready").await["expires_at"], Value::Null);
    app.sale(&shop.admin, shop.store, shop.product, 3).await.expect(201);
    assert_eq!(socket.event().await, program.event().await);
}

async fn one_hears_of_the_topics_that_one_has_named(app: TestApp) {
    let shop = app.shop(9).await;
    let named =
        |topics: Value| json!({"type": "auth", "token": shop.admin.token, "topics": topics});
    let some_of_each = async || {
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        app.placed(&shop.admin, shop.store, shop.product, 1).await;
        let body = json!({"name": "Mia"});
        as_(app.post("/api/customers"), &shop.admin).json(&body).await.expect(201);
    };
    let mut socket = app.socket().await;
    socket.say(&named(json!(["orders", "people"]))).await;
    socket.ready().await;
    some_of_each().await;
    assert_eq!(socket.event().await["type"], "order.placed");
    assert_eq!(socket.event().await["type"], "customer.created");
    // Chosen anew: from there on. Without a choice it stays.
    for again in [named(json!(["stock"])), auth(&shop.admin.token)] {
        socket.say(&again).await;
        let place = socket.ready().await;
        some_of_each().await;
        let event = socket.event().await;
        assert_eq!(event["type"], "stock.moved");
        assert!(event["id"].as_i64() > Some(place));
    }
}

async fn each_hears_what_the_log_would_tell_them_and_no_word_of_another_store(app: TestApp) {
    let world = World::new(app).await;
    let app = &world.app;
    for (half, word) in [(world.own, OWN_WORD), (world.other, OTHER_WORD)] {
        app.invent_events(StoreId(half.store), 1, word).await;
    }
    let mut seen = BTreeSet::new();
    for (role, person) in &world.callers {
        let expected = log(app, person).await;
        let (mut socket, _) = app.listen(person, Some(0)).await;
        let heard = socket.events(expected.len()).await;
        assert_eq!(heard, expected, "{role}");
        let text = json!(heard).to_string();
        let has = |word: &str| text.contains(word);
        assert_eq!(has(OTHER_WORD), *role == "admin", "{role}: {text}");
        assert!(has(OWN_WORD), "the word would be seen if it were there: {role}");
        seen.extend(heard.iter().map(|event| event["type"].as_str().expect("a type").to_owned()));
        // What happens now, first elsewhere, then here.
        for half in [world.other, world.own] {
            let body = json!({
                "store_id": half.store, "product_id": world.product, "quantity": 1,
                "reference": if half.store == world.own.store { OWN_WORD } else { OTHER_WORD },
            });
            let admin = &world.callers["admin"];
            as_(app.post("/api/stock/add"), admin).json(&body).await.expect(201);
        }
        let stores = if *role == "admin" { vec![world.other, world.own] } else { vec![world.own] };
        for half in stores {
            assert_eq!(socket.event().await["store_id"], half.store, "{role}");
        }
    }
    assert!(seen.len() >= 10, "{seen:?}");
}

async fn whoever_comes_back_goes_on_behind_the_cursor(app: TestApp) {
    let shop = app.shop(99).await;
    let (mut socket, place) = app.listen(&shop.admin, None).await;
    let sell = async || {
        for _ in 0..5 {
            app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        }
    };
    sell().await;
    let first = socket.events(3).await;
    drop(socket);
    sell().await;
    let last = first[2]["id"].as_i64().expect("an id");
    assert_eq!(last, place + 3);
    // A cursor is a number, and may come as text.
    for since in [json!(last), json!(last.to_string())] {
        let mut again = app.socket().await;
        let token = &shop.admin.token;
        again.say(&json!({"type": "auth", "token": token, "since": since})).await;
        assert_eq!(again.ready().await, last);
        let rest: Vec<_> = again.events(7).await.iter().map(|e| e["id"].clone()).collect();
        assert_eq!(json!(rest), json!((last + 1..=last + 7).collect::<Vec<_>>()));
    }
}

/// Lets the owner of the database remove events.
async fn remove_events(app: &TestApp, which: &str) {
    for sql in ["DROP TRIGGER events_append_only ON events", "DROP TRIGGER events_no_delete"] {
        // The one or the other engine has it.
        let _ = app.tamper(sql).await;
    }
    app.tamper(&format!("DELETE FROM events WHERE {which}")).await.expect("done");
}

async fn whoever_comes_back_from_before_what_is_kept_is_told_so(app: TestApp) {
    let shop = app.shop(99).await;
    for _ in 0..5 {
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    }
    remove_events(&app, "id <= 2").await;
    let (mut kept, _) = app.listen(&shop.admin, Some(2)).await;
    assert_eq!(kept.event().await["id"], 3, "behind the last that is gone, all are there");
    for since in [0, 1] {
        let head = app.number("SELECT last_id FROM event_head").await;
        let (mut gone, place) = app.listen(&shop.admin, Some(since)).await;
        assert_eq!(place, since);
        assert_eq!(gone.expect("resync").await["cursor"], head);
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        let event = gone.event().await;
        assert!(event["id"].as_i64() > Some(head), "it goes on from there: {event}");
    }
    // Nothing is left at all.
    let head = app.number("SELECT last_id FROM event_head").await;
    drop(kept);
    remove_events(&app, &format!("id <= {head}")).await;
    let node = app.restarted().await;
    let (mut gone, _) = node.listen(&shop.admin, Some(head - 1)).await;
    assert_eq!(gone.expect("resync").await["cursor"], head);
    let (mut now, _) = node.listen(&shop.admin, Some(head)).await;
    node.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    assert_eq!((now.event().await, gone.event().await["id"].clone()).1, json!(head + 1));
}

async fn whoever_comes_back_from_too_far_behind_is_told_so(app: TestApp) {
    let shop = app.shop(9).await;
    let place = app.number("SELECT last_id FROM event_head").await;
    app.invent_events(shop.store, 50_001, "x").await;
    let (mut far, _) = app.listen(&shop.admin, Some(place)).await;
    assert_eq!(far.expect("resync").await["cursor"], place + 50_001);
    let (mut near, _) = app.listen(&shop.admin, Some(place + 1)).await;
    assert_eq!(near.event().await["id"], place + 2, "this is not too far");
}

async fn whoever_comes_back_to_a_log_that_was_set_back_is_told_so(app: TestApp) {
    let shop = app.shop(9).await;
    for beyond in [1, 99_999, i64::MAX / 2] {
        let head = app.number("SELECT last_id FROM event_head").await;
        let (mut socket, place) = app.listen(&shop.admin, Some(head + beyond)).await;
        assert_eq!(place, head);
        assert_eq!(socket.expect("resync").await["cursor"], head);
        app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        assert_eq!(socket.event().await["id"], head + 1, "it goes on from there");
    }
}

async fn whoever_loses_a_store_hears_no_more_of_it_and_stays(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    let staff = app.user(Role::Staff, &[shop.store, far]).await;
    let (mut socket, _) = app.listen(&staff, None).await;
    // In the store that will be lost, then in the one that stays; whether the first was heard.
    let mut is_first_heard = async || {
        app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
        app.stock_in(&shop.admin, far, shop.product, 1).await;
        let event = socket.event().await;
        let is_first = event["store_id"] == json!(shop.store);
        if is_first {
            assert_eq!(socket.event().await["store_id"], json!(far));
        }
        is_first
    };
    assert!(is_first_heard().await);
    let path = format!("/api/users/{}", staff.user_id);
    let body = json!({"role": "staff", "store_ids": [far]});
    as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
    let begun = std::time::Instant::now();
    while is_first_heard().await {
        assert!(begun.elapsed().as_secs() < 60, "it is still heard");
    }
    for _ in 0..5 {
        assert!(!is_first_heard().await, "once lost it stays so");
    }
}

async fn what_another_node_has_written_is_heard(app: TestApp) {
    let shop = app.shop(9).await;
    let node = app.another_node().await;
    let (mut here, _) = app.listen(&shop.admin, None).await;
    let (mut there, place) = node.listen(&shop.admin, None).await;
    for (number, writer) in [(1, &app), (2, &node), (3, &app)] {
        writer.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        for socket in [&mut here, &mut there] {
            assert_eq!(socket.event().await["id"], place + number);
        }
    }
    // Where one node has stopped, the other goes on behind the cursor.
    drop(here);
    node.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    let (mut moved, _) = node.listen(&shop.admin, Some(place + 2)).await;
    assert_eq!(moved.event().await["id"], place + 3);
    assert_eq!(moved.event().await["id"], place + 4);
}
