//! Requests that are taken on, where something stands in their way.

use serde_json::{Value, json};
use stockroom::config::Config;
use stockroom::operations::{RunError, run_all};
use stockroom::router;
use stockroom::workers::Workers;
use stockroom_domain::permissions::Role;

use crate::operations::{add, operation, taken_on};
use crate::products::as_;
use crate::support::{Engine, TestApp, on_both_engines, unlimited};
use crate::workers::{letters, until_told};

on_both_engines!(with start_narrow:
    what_the_ledger_has_no_room_for_is_done_later,
    what_is_given_up_is_told_to_whoever_waits,
    a_result_is_for_those_who_may_still_see_it,
    long_ones_are_done_in_portions,
);

/// A server whose ledger has room for little, and whose workers give up soon.
async fn start_narrow(engine: Engine) -> TestApp {
    let config = Config { ledger_queue_lines_max: 300, worker_tries_max: 2, ..unlimited() };
    TestApp::start_with(engine, config, router::router).await
}

async fn what_the_ledger_has_no_room_for_is_done_later(app: TestApp) {
    let shop = app.shop(0).await;
    let line = json!({
        "type": "stock_in", "store_id": shop.store, "product_id": shop.product, "quantity": 1,
    });
    let body = json!({"atomic": false, "movements": vec![line; 600]});
    let many = as_(app.post("/api/stock/movements"), &shop.admin).json(&body).key("many");
    let id = taken_on(many).await;
    // Its parts do not all fit in at once.
    let outcome = run_all(&app.app, &[id]).await.pop().expect("one");
    assert!(matches!(outcome, Err(RunError::NotNow(_))), "{outcome:?}");
    assert_eq!(operation(&app, &shop.admin, id).await["state"], "queued");
    let app = app.restarted().await;
    run_all(&app.app, &[id]).await.pop().expect("one").expect("done");
    let done = operation(&app, &shop.admin, id).await;
    assert_eq!((&done["state"], &done["result"]["answer"]["failed"]), (&json!("done"), &json!(0)));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 600);
    app.check_books().await;
}

async fn what_is_given_up_is_told_to_whoever_waits(app: TestApp) {
    let shop = app.shop(5).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(taken_on(add(&app, &shop.admin, shop.store, shop.product, 1)).await);
    }
    // Nothing can be made of them.
    app.tamper("UPDATE operations SET target = 'no path'").await.expect("done");
    let workers = Workers::start(&app.app).await.expect("workers");
    let mut parked = Vec::new();
    while parked.len() < 2 {
        until_told(&app, &shop.admin, "dead_letter.parked").await;
        parked = letters(&app, &shop.admin, "?queue=operations").await;
    }
    let letter = |id: i64| {
        let of_it = |letter: &&Value| letter["subject_id"] == id;
        parked.iter().find(of_it).expect("a dead letter")["id"].clone()
    };
    // One is mended and tried again, the other is dropped.
    let mend = format!("UPDATE operations SET target = '/api/stock/add' WHERE id = {}", ids[0]);
    app.tamper(&mend).await.expect("done");
    let path = format!("/api/dead-letters/{}", letter(ids[0]));
    as_(app.post(&format!("{path}/replay")), &shop.admin).await.expect(200);
    until_told(&app, &shop.admin, "dead_letter.done").await;
    assert_eq!(operation(&app, &shop.admin, ids[0]).await["state"], "done");
    let waiting = app.get_as(&shop.admin, &format!("/api/operations/{}", ids[1]));
    let dropping = as_(app.delete(&format!("/api/dead-letters/{}", letter(ids[1]))), &shop.admin);
    let waiting = async { waiting.header("prefer", "wait=30").await };
    let (waited, dropped) = tokio::join!(waiting, async { dropping.await });
    dropped.expect(204);
    let failed = &waited.expect(200).json()["operation"];
    assert_eq!((&failed["state"], &failed["result"]["status"]), (&json!("failed"), &json!(500)));
    assert_eq!(failed["result"]["answer"]["error"]["code"], "internal");
    workers.end().await;
    assert_eq!(app.on_hand(shop.store, shop.product).await, 6);
    app.check_books().await;
}

async fn a_result_is_for_those_who_may_still_see_it(app: TestApp) {
    let shop = app.shop(5).await;
    let far = app.store("FAR").await;
    let manager = app.user(Role::Manager, &[shop.store]).await;
    let body = json!({"store_id": shop.store, "product_id": shop.product, "quantity": 1,
        "unit_cost": "1.20"});
    let id = taken_on(as_(app.post("/api/stock/add"), &manager).json(&body)).await;
    run_all(&app.app, &[id]).await.pop().expect("one").expect("done");
    let answer = operation(&app, &manager, id).await["result"]["answer"].clone();
    assert_eq!(answer["movement"]["unit_cost"], "1.20");
    let path = format!("/api/users/{}", manager.user_id);
    for (role, store, sees) in
        [("staff", shop.store, false), ("manager", shop.store, true), ("manager", far, false)]
    {
        let body = json!({"role": role, "store_ids": [store]});
        as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
        let done = operation(&app, &manager, id).await;
        assert_eq!(done["state"], "done");
        assert_eq!(!done["result"].is_null(), sees, "{role} in {store}");
    }
}

async fn long_ones_are_done_in_portions(app: TestApp) {
    let shop = app.shop(0).await;
    let line = json!({
        "type": "stock_in", "store_id": shop.store, "product_id": shop.product, "quantity": 1,
        "note": "x".repeat(1_000),
    });
    let mut ids = Vec::new();
    // The ledger has room for each alone.
    for _ in 0..4 {
        let body = json!({"atomic": true, "movements": vec![line.clone(); 290]});
        let request = as_(app.post("/api/stock/movements"), &shop.admin).json(&body);
        ids.push(taken_on(request).await);
    }
    run_all(&app.app, &ids).await.into_iter().for_each(|outcome| outcome.expect("done"));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 4 * 290);
    app.check_books().await;
}
