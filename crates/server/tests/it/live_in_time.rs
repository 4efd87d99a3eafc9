//! The WebSocket in real time: how soon whoever loses a right hears no more. The only tests of it
//! that look at the machine's clock, since what is promised is a time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Engine, Person, Socket, TestApp, on_both_engines};

/// What is promised.
const PROMISED: Duration = Duration::from_secs(5);

on_both_engines!(with in_real_time:
    whoever_loses_the_right_is_closed_out_within_five_seconds,
    whoever_loses_a_store_hears_no_more_of_it_after_five_seconds,
);

async fn in_real_time(engine: Engine) -> TestApp {
    TestApp::start_in_real_time(engine).await
}

async fn whoever_loses_the_right_is_closed_out_within_five_seconds(app: TestApp) {
    let shop = app.shop(9).await;
    let node = app.another_node().await;
    let path = |person: &Person| format!("/api/users/{}", person.user_id);
    let body = json!({"name": "Screen", "role": "auditor"});
    for loses in ["the sign-in", "the account", "the role", "the key"] {
        let mut person = app.user(Role::Staff, &[shop.store]).await;
        let mut key = json!(null);
        if loses == "the key" {
            let made = as_(app.post("/api/api-keys"), &shop.admin).json(&body).await;
            key = made.expect(201).json();
            person.token = key["key"].as_str().expect("a key").to_owned();
        }
        // On the node that is told of it, and on one that has to find out.
        let sockets = [app.listen(&person, None).await.0, node.listen(&person, None).await.0];
        let admin = &shop.admin;
        let change = match loses {
            "the sign-in" => app.post("/api/auth/logout").token(&person.token),
            "the account" => {
                as_(app.patch(&path(&person)), admin).json(&json!({"is_disabled": true}))
            }
            "the role" => {
                let none = json!({"role": "staff", "store_ids": []});
                as_(app.patch(&path(&person)), admin).json(&none)
            }
            _ => as_(app.delete(&format!("/api/api-keys/{}", key["api_key"]["id"])), admin),
        };
        let answer = change.await;
        assert!([200, 204].contains(&answer.status), "{loses}");
        let lost_at = Instant::now();
        for closed in join_all(sockets.map(Socket::closed)).await {
            assert_eq!(closed.code, 4403, "{loses}");
        }
        assert!(lost_at.elapsed() < PROMISED, "{loses}: {:?}", lost_at.elapsed());
    }
}

async fn whoever_loses_a_store_hears_no_more_of_it_after_five_seconds(app: TestApp) {
    let shop = app.shop(9).await;
    let far = app.store("FAR").await;
    let node = app.another_node().await;
    for on in [&app, &node] {
        let staff = app.user(Role::Staff, &[shop.store, far]).await;
        let (mut socket, _) = on.listen(&staff, None).await;
        app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
        assert_eq!(socket.event().await["store_id"], json!(shop.store));
        let path = format!("/api/users/{}", staff.user_id);
        let body = json!({"role": "staff", "store_ids": [far]});
        as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
        let lost_at = Instant::now();
        // One in the store that was lost, then one in the other, which is always heard.
        loop {
            let asked_at = lost_at.elapsed();
            app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
            app.stock_in(&shop.admin, far, shop.product, 1).await;
            let mut event = socket.event().await;
            if event["store_id"] == json!(far) {
                break;
            }
            assert!(asked_at < PROMISED, "heard after {asked_at:?}");
            while event["store_id"] != json!(far) {
                event = socket.event().await;
            }
        }
    }
}
