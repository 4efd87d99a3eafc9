//! What people are told of: the right people, once, and only what is theirs to know.

use serde_json::{Value, json};
use stockroom::auth::Place;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Person, Shop, TestApp, on_both_engines, start, with};

on_both_engines!(with start:
    orders_are_told_to_those_who_sell_and_to_whoever_placed_them,
    stock_is_told_where_it_is_and_to_nobody_else,
    whoever_has_a_role_in_all_stores_hears_of_one_if_they_wish,
    changes_of_accounts_are_told_to_administrators_and_to_whom_they_concern,
    leaps_of_prices_and_overrides_are_told_to_those_who_supervise,
    what_the_system_needs_help_with_is_told_to_those_who_run_it,
    what_one_has_read_is_read,
    everyone_chooses_what_to_hear_of,
    whoever_loses_a_right_reads_no_more_of_it,
    an_inbox_is_its_owners,
);

/// What someone was told since they looked last, as topic and title.
async fn told(app: &TestApp, who: &Person) -> Vec<(String, String)> {
    app.catch_up().await;
    let list = app.get_as(who, "/api/notifications?unread=true&limit=500").await.expect(200);
    let text = |one: &Value, name: &str| one[name].as_str().expect("a text").to_owned();
    let list = list.json()["notifications"].as_array().expect("notifications").clone();
    let told = list.iter().map(|one| (text(one, "topic"), text(one, "title"))).collect();
    as_(app.post("/api/notifications/read-all"), who).json(&json!({})).await.expect(200);
    told
}

fn orders(titles: &[&str]) -> Vec<(String, String)> {
    titles.iter().map(|title| ("orders".to_owned(), (*title).to_owned())).collect()
}

/// As a line begins that is about the first of several stores.
const HERE: &str = "Store MAIN: ";

/// Two who sell and one who supervises, in the first of two stores.
struct Crew {
    shop: Shop,
    ann: Person,
    bob: Person,
    boss: Person,
}

async fn crew(app: &TestApp, on_hand: i64) -> Crew {
    let shop = app.shop(on_hand).await;
    app.store("FAR").await;
    let ann = app.user(Role::Staff, &[shop.store]).await;
    let bob = app.user(Role::Staff, &[shop.store]).await;
    let boss = app.user(Role::Manager, &[shop.store]).await;
    Crew { shop, ann, bob, boss }
}

async fn orders_are_told_to_those_who_sell_and_to_whoever_placed_them(app: TestApp) {
    let Crew { shop, ann, bob, boss } = crew(&app, 50).await;
    let first = app.placed(&ann, shop.store, shop.product, 2).await;
    let placed = [format!("{HERE}Order {first} was placed: 5.00.")];
    let placed = orders(&placed.each_ref().map(String::as_str));
    assert_eq!(told(&app, &bob).await, placed);
    assert_eq!(told(&app, &boss).await, placed);
    assert_eq!(told(&app, &ann).await, [], "she knows");
    app.take_goods().await;
    assert_eq!(told(&app, &ann).await, orders(&[&format!("{HERE}Order {first} is confirmed.")]));
    assert_eq!(told(&app, &bob).await, []);
    app.step(&bob, first, "ship", &json!({})).await.expect(200);
    assert_eq!(told(&app, &ann).await, orders(&[&format!("{HERE}Order {first} is on its way.")]));
    let item = app.read_order(&ann, first).await["items"][0]["id"].clone();
    let back = json!({"items": [{"item_id": item, "quantity": 1, "disposition": "restock"}]});
    app.step(&ann, first, "return", &back).await.expect(200);
    let came = orders(&[&format!("{HERE}Order {first} came back, or some of it.")]);
    assert_eq!(told(&app, &boss).await, came);
    assert_eq!(told(&app, &ann).await, []);

    let second = app.placed(&ann, shop.store, shop.product, 1).await;
    app.step(&ann, second, "cancel", &json!({})).await.expect(200);
    let off = format!("{HERE}Order {second} was called off.");
    let placed = format!("{HERE}Order {second} was placed: 2.50.");
    assert_eq!(told(&app, &bob).await, orders(&[&off, &placed]));
    let third = app.placed(&ann, shop.store, shop.product, 99).await;
    app.take_goods().await;
    let rejected = format!("{HERE}Order {third} is rejected: not all of it is there.");
    assert_eq!(told(&app, &ann).await, orders(&[&rejected]));
    assert!(told(&app, &boss).await.contains(&("orders".to_owned(), rejected.clone())));
    assert_eq!(told(&app, &shop.admin).await, [], "of two stores; see below");
    assert_eq!(told(&app, &bob).await.len(), 1);
    // Everything is told once, however often it is looked at.
    let before = app.number("SELECT COUNT(*) FROM notifications").await;
    app.tamper("UPDATE followers SET last_id = 0").await.expect("done");
    assert_eq!(told(&app, &bob).await.len(), 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM notifications").await, before);
}

async fn stock_is_told_where_it_is_and_to_nobody_else(app: TestApp) {
    let Crew { shop, ann, .. } = crew(&app, 1).await;
    let far = app.store("THIRD").await;
    let stranger = app.user(Role::Manager, &[far]).await;
    let auditor = app.user(Role::Auditor, &[shop.store]).await;
    app.sale(&ann, shop.store, shop.product, 1).await.expect(201);
    let out = [("alerts".to_owned(), format!("{HERE}Sold out: Product A (A)."))];
    assert_eq!(told(&app, &ann).await, out, "the system says so, not she");
    assert_eq!(told(&app, &stranger).await, []);
    assert_eq!(told(&app, &auditor).await, [], "who moves no goods");
    // What it is of stays, whatever becomes of it.
    app.stock_in(&shop.admin, shop.store, shop.product, 1).await;
    assert_eq!(told(&app, &ann).await, []);
    let one = app.get_as(&ann, "/api/notifications").await.expect(200).json();
    let one = &one["notifications"][0];
    assert_eq!(one["type"], "alert.raised");
    assert_eq!((&one["store_id"], &one["subject"]["kind"]), (&json!(shop.store), &json!("alert")));
    assert_eq!(one["data"]["product_id"], shop.product);
    app.clock.advance(91 * 86_400);
    stockroom::jobs::run_all(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM notifications").await, 0, "forgotten by then");
}

async fn whoever_has_a_role_in_all_stores_hears_of_one_if_they_wish(app: TestApp) {
    let shop = app.shop(9).await;
    let order = async || app.placed(&shop.admin, shop.store, shop.product, 1).await;
    let placed =
        |order: i64, place: &str| orders(&[&format!("{place}Order {order} was placed: 2.50.")]);
    let chief = app.person(Role::Admin, &[Place::AllStores]).await;
    assert_eq!(told(&app, &chief).await, []);
    let one = order().await;
    assert_eq!(told(&app, &chief).await, placed(one, ""), "there is one store");
    app.store("FAR").await;
    order().await;
    assert_eq!(told(&app, &chief).await, [], "of two, not of everything");
    let set = async |wish: &Value| {
        let path = "/api/notifications/preferences";
        as_(app.put(path), &chief).json(&json!({ "all_stores": wish })).await.expect(200);
    };
    set(&json!(true)).await;
    let another = order().await;
    assert_eq!(told(&app, &chief).await, placed(another, HERE), "the line says which");
    set(&json!(false)).await;
    order().await;
    assert_eq!(told(&app, &chief).await, []);
}

async fn changes_of_accounts_are_told_to_administrators_and_to_whom_they_concern(app: TestApp) {
    let Crew { shop, ann, boss, .. } = crew(&app, 0).await;
    let chief = app.person(Role::Admin, &[Place::AllStores]).await;
    let account = |text: String| [("accounts".to_owned(), text)];
    let path = format!("/api/users/{}", ann.user_id);
    let role = json!({"role": "manager", "store_ids": [shop.store]});
    as_(app.patch(&path), &shop.admin).json(&role).await.expect(200);
    let changed = account(format!("The account of {} was changed.", ann.username));
    assert_eq!(told(&app, &chief).await, changed);
    assert_eq!(told(&app, &ann).await, changed, "it concerns her");
    assert_eq!(told(&app, &shop.admin).await, [], "who did it");
    assert_eq!(told(&app, &boss).await, []);
    let key = json!({"name": "Till 7", "role": "auditor"});
    as_(app.post("/api/api-keys"), &shop.admin).json(&key).await.expect(201);
    let made = told(&app, &chief).await;
    assert_eq!(made, account("The key \"Till 7\" was made.".to_owned()));
    as_(app.delete("/api/api-keys/1"), &chief).await.expect(204);
    let ended = told(&app, &shop.admin).await;
    assert_eq!(ended, account("The key \"Till 7\" was ended.".to_owned()));
    as_(app.delete(&path), &shop.admin).await.expect(204);
    let gone = account(format!("The account of {} was deleted.", ann.username));
    assert_eq!(told(&app, &chief).await, gone);
}

async fn leaps_of_prices_and_overrides_are_told_to_those_who_supervise(app: TestApp) {
    let Crew { shop, ann, boss, .. } = crew(&app, 1).await;
    let path = format!("/api/products/{}", shop.product);
    let price = async |price: &str| {
        let body = json!({ "price": price });
        as_(app.patch(&path), &shop.admin).json(&body).await.expect(200);
    };
    price("3.00").await;
    assert_eq!(told(&app, &boss).await, [], "by a fifth");
    price("3.61").await;
    let text = "Price of Product A (A): 3.61 instead of 3.00.".to_owned();
    assert_eq!(told(&app, &boss).await, [("prices".to_owned(), text)]);
    assert_eq!(told(&app, &ann).await, [], "who sets no prices");
    let second = app.user(Role::Manager, &[shop.store]).await;
    let sale = with(
        &json!({
            "store_id": shop.store, "items": [{"product_id": shop.product, "quantity": 2}],
            "payments": [{"method": "cash", "amount": "7.22"}],
        }),
        &json!({"override": true}),
    );
    let sold = as_(app.post("/api/sales"), &boss).json(&sale).await.expect(201).json();
    let text = format!("{HERE}Sale {} took more than was on record.", sold["order_id"]);
    let told_of = told(&app, &second).await;
    assert!(told_of.contains(&("overrides".to_owned(), text)), "{told_of:?}");
    let topics: Vec<String> = told(&app, &boss).await.into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(topics, ["alerts"], "who did it knows");
}

async fn what_the_system_needs_help_with_is_told_to_those_who_run_it(app: TestApp) {
    let Crew { shop, boss, .. } = crew(&app, 0).await;
    let nonsense = "UPDATE event_head SET last_id = last_id + 1;
         INSERT INTO events (log_id, id, type, store_id, subject_kind, subject_id, occurred_at,
                             data)
         SELECT 1, last_id, 'order.placed', 1, 'order', 1, 0, 'nonsense' FROM event_head";
    app.tamper(nonsense).await.expect("done");
    // That it is parked is an event of its own.
    app.catch_up().await;
    let text = "A message of the queue notifications failed too often and is parked.";
    assert_eq!(told(&app, &shop.admin).await, [("system".to_owned(), format!("{HERE}{text}"))]);
    assert_eq!(told(&app, &boss).await, []);
}

async fn what_one_has_read_is_read(app: TestApp) {
    let Crew { shop, ann, bob, .. } = crew(&app, 50).await;
    for _ in 0..4 {
        app.placed(&ann, shop.store, shop.product, 1).await;
    }
    app.catch_up().await;
    let list = async |query: &str| {
        app.get_as(&bob, &format!("/api/notifications{query}")).await.expect(200).json()
    };
    let all = list("").await;
    assert_eq!(all["unread"], json!({"value": 4, "exact": true}));
    let ids: Vec<i64> = all["notifications"]
        .as_array()
        .expect("four")
        .iter()
        .map(|one| one["id"].as_i64().expect("a number"))
        .collect();
    let path = format!("/api/notifications/{}/read", ids[0]);
    let read = as_(app.post(&path), &bob).await.expect(200).json();
    assert!(read["notification"]["read_at"].is_string());
    app.clock.advance(5);
    let again = as_(app.post(&path), &bob).await.expect(200).json();
    assert_eq!(again, read, "it was read then");
    as_(app.post(&path), &ann).await.expect(404).error("not_found");
    assert_eq!(list("").await["unread"]["value"], 3);
    let up_to = json!({"up_to": ids[2]});
    let read = as_(app.post("/api/notifications/read-all"), &bob).json(&up_to).await;
    assert_eq!(read.expect(200).json()["read"], 2, "what came later was not seen");
    let left = list("?unread=true&topic=orders").await;
    assert_eq!(left["notifications"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["notifications"][0]["id"], ids[1]);
    assert_eq!(list("?topic=alerts").await["notifications"], json!([]));
    app.get_as(&bob, "/api/notifications?topic=nonsense").await.expect(400);
}

async fn everyone_chooses_what_to_hear_of(app: TestApp) {
    let Crew { shop, ann, bob, .. } = crew(&app, 50).await;
    let path = "/api/notifications/preferences";
    let first = app.get_as(&bob, path).await.expect(200);
    assert_eq!(first.header("etag"), "\"0\"");
    assert_eq!(first.json()["preferences"]["topics"]["orders"], "inbox");
    let off = json!({"topics": {"orders": "off"}});
    let set = as_(app.put(path), &bob).header("if-match", "\"0\"").json(&off).await.expect(200);
    assert_eq!(set.json()["preferences"]["topics"]["orders"], "off");
    assert_eq!(set.json()["preferences"]["topics"]["alerts"], "inbox");
    as_(app.put(path), &bob).header("if-match", "\"0\"").json(&off).await.expect(412);
    as_(app.put(path), &bob).json(&off).await.expect(200);
    assert_eq!(app.get_as(&bob, path).await.expect(200).json()["version"], 1, "nothing changed");
    app.placed(&ann, shop.store, shop.product, 1).await;
    assert_eq!(told(&app, &bob).await, []);
    as_(app.put(path), &bob).json(&json!({})).await.expect(200);
    app.placed(&ann, shop.store, shop.product, 1).await;
    assert_eq!(told(&app, &bob).await.len(), 1);
    for bad in [
        json!({"email": "nobody"}),
        json!({"topics": {"weather": "inbox"}}),
        json!({"topics": {"orders": "fax"}}),
    ] {
        as_(app.put(path), &bob).json(&bad).await.expect(400).error("invalid_request");
    }
    app.check_audit().await;
}

async fn whoever_loses_a_right_reads_no_more_of_it(app: TestApp) {
    let Crew { shop, ann, bob, .. } = crew(&app, 50).await;
    app.placed(&ann, shop.store, shop.product, 1).await;
    app.catch_up().await;
    let far = app.store("THIRD").await;
    let count = async || {
        let list = app.get_as(&bob, "/api/notifications").await.expect(200).json();
        (list["notifications"].as_array().map(Vec::len), list["unread"]["value"].clone())
    };
    assert_eq!(count().await, (Some(1), json!(1)));
    let path = format!("/api/users/{}", bob.user_id);
    let role = json!({"role": "staff", "store_ids": [far]});
    as_(app.patch(&path), &shop.admin).json(&role).await.expect(200);
    assert_eq!(count().await, (Some(0), json!(0)));
    let own = format!("SELECT id FROM notifications WHERE user_id = {}", bob.user_id.0);
    let path = format!("/api/notifications/{}/read", app.number(&own).await);
    as_(app.post(&path), &bob).await.expect(404);
}

async fn an_inbox_is_its_owners(app: TestApp) {
    let Crew { shop, ann, bob, boss } = crew(&app, 50).await;
    app.placed(&ann, shop.store, shop.product, 1).await;
    app.catch_up().await;
    for who in [&bob, &boss, &ann] {
        let events = app.get_as(who, "/api/inventory/events?limit=500").await.expect(200).json();
        let of: Vec<_> = events["events"]
            .as_array()
            .expect("events")
            .iter()
            .filter(|event| event["type"] == "notification.created")
            .map(|event| event["subject"]["id"].as_i64().expect("a number"))
            .collect();
        let own = if who.user_id == ann.user_id { vec![] } else { vec![who.user_id.0] };
        assert_eq!(of, own);
    }
    let key = json!({"name": "Till", "role": "staff", "store_ids": [shop.store]});
    let key = as_(app.post("/api/api-keys"), &shop.admin).json(&key).await.expect(201).json();
    let token = key["key"].as_str().expect("a key");
    app.get("/api/notifications").token(token).await.expect(403).error("forbidden");
}
