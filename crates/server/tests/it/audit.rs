//! The audit log: each change of state is on record, in its transaction; whatever is altered,
//! removed or moved in it is found; and what is changed behind the server's back is in it too.

use serde_json::{Value, json};
use stockroom::audit::verify::{Anchor, Findings, verify};
use stockroom::auth::Place;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::process::stockroom;
use crate::support::{Engine, PASSWORD, Person, TestApp, on_both_engines};

on_both_engines!(
    each_change_is_on_record_with_what_was_before_and_after,
    what_changes_nothing_leaves_no_record,
    a_movement_is_on_record_with_its_request,
    sign_ins_are_on_record_and_failed_ones_too,
    denied_attempts_are_on_record,
    a_list_taken_out_as_a_file_is_on_record,
    the_log_is_listed_newest_first_by_what_is_asked,
    an_auditor_of_a_store_sees_what_was_done_in_it,
    whoever_tampers_with_the_log_is_found,
    whoever_cuts_the_end_of_the_log_is_found,
    whoever_replaces_the_whole_log_is_found_by_an_anchor,
    whoever_alters_a_movement_is_found,
);

pub(crate) async fn log(app: &TestApp, who: &Person, query: &str) -> Vec<Value> {
    let list = app.get_as(who, &format!("/api/audit-logs{query}")).await.expect(200).json();
    list["audit_logs"].as_array().expect("entries").clone()
}

pub(crate) async fn product(app: &TestApp, admin: &Person, sku: &str) -> i64 {
    let body = json!({"sku": sku, "name": "Dry food", "price": "9.90", "cost": "4.00"});
    let made = as_(app.post("/api/products"), admin).json(&body).await.expect(201).json();
    made["product"]["id"].as_i64().expect("an id")
}

async fn each_change_is_on_record_with_what_was_before_and_after(app: TestApp) {
    let admin = app.with_admin().await;
    let id = product(&app, &admin, "FOOD").await;
    let path = format!("/api/products/{id}");
    let change = json!({"price": "11.50"});
    let request = as_(app.patch(&path), &admin).json(&change).header("x-request-id", "till-7");
    request.await.expect(200);
    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.post(&format!("{path}/restore")), &admin).await.expect(200);
    let entries = log(&app, &admin, &format!("?subject_kind=product&subject_id={id}")).await;
    let told: Vec<&str> = entries.iter().filter_map(|entry| entry["action"].as_str()).collect();
    let all = ["product.restored", "product.deleted", "product.updated", "product.created"];
    assert_eq!(told, all);
    let changed = &entries[2];
    assert_eq!(changed["actor"]["kind"], "user");
    assert_eq!(changed["actor"]["id"], admin.user_id.0);
    assert_eq!(changed["actor"]["name"], admin.username.as_str());
    assert_eq!(
        (&changed["address"], &changed["request_id"]),
        (&json!("127.0.0.1"), &json!("till-7"))
    );
    assert_eq!(
        (&changed["before"]["price"], &changed["after"]["price"]),
        (&json!("9.90"), &json!("11.50"))
    );
    assert_eq!(changed["after"]["cost"], "4.00");
    assert_eq!(changed["at"], "2026-03-02T09:00:00.000000Z");
    assert_eq!((&entries[3]["before"], &entries[1]["after"]), (&Value::Null, &Value::Null));

    let body = json!({"code": "N", "name": "North"});
    let made = as_(app.post("/api/stores"), &admin).json(&body).await.expect(201).json();
    let store = &made["store"]["id"];
    let body = json!({"reorder_point": 4});
    let path = format!("/api/stores/{store}/inventory/{id}/reorder-point");
    as_(app.put(&path), &admin).json(&body).await.expect(200);
    let entries = log(&app, &admin, &format!("?store_id={store}")).await;
    assert_eq!(entries[0]["action"], "stock.reorder_point_set");
    assert_eq!(entries[0]["before"]["reorder_point"], Value::Null);
    assert_eq!(entries[0]["after"]["reorder_point"], 4);
    assert_eq!(entries[1]["after"]["name"], "North");
    app.check_audit().await;
}

async fn what_changes_nothing_leaves_no_record(app: TestApp) {
    let admin = app.with_admin().await;
    let id = product(&app, &admin, "FOOD").await;
    let before = log(&app, &admin, "").await.len();
    let body = json!({"name": "Dry food"});
    let path = format!("/api/products/{id}");
    for key in ["same", "same"] {
        as_(app.patch(&path), &admin).key(key).json(&body).await.expect(200);
    }
    as_(app.patch(&path), &admin).json(&json!({"price": "-1"})).await.expect(400);
    let body = json!({"sku": "food", "name": "Another"});
    as_(app.post("/api/products"), &admin).json(&body).await.expect(400);
    app.sale(&admin, admin.store, id, 1).await.expect(409);
    assert_eq!(log(&app, &admin, "?include_movements=true").await.len(), before);
}

async fn a_movement_is_on_record_with_its_request(app: TestApp) {
    let shop = app.shop(5).await;
    let sale = app.sale(&shop.admin, shop.store, shop.product, 2);
    let sold = sale.header("x-request-id", "till-7").await.expect(201).json();
    let entries = log(&app, &shop.admin, "?include_movements=true&request_id=till-7").await;
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(entry["action"], "stock.moved");
    assert_eq!(entry["subject"], json!({"kind": "movement", "id": sold["movement"]["id"]}));
    assert_eq!(entry["store_id"], shop.store.0);
    assert_eq!(entry["after"]["movements"], json!([sold["movement"]["id"]]));
    assert_eq!(entry["actor"]["name"], shop.admin.username.as_str());
    assert!(log(&app, &shop.admin, "?request_id=till-7").await.is_empty());
    // A parcel is one change, whatever its lines; one that falls is none.
    let line = |units| {
        let (store, product) = (shop.store.0, shop.product);
        json!({"type": "sale", "store_id": store, "product_id": product, "quantity": units})
    };
    app.parcel(&shop.admin, true, &[line(1), line(1)]).await.expect(201);
    app.parcel(&shop.admin, true, &[line(1), line(1)]).await.expect(409);
    let entries = log(&app, &shop.admin, "?include_movements=true&action=stock.moved").await;
    assert_eq!(entries.len(), 3);
    app.check_books().await;
}

async fn sign_ins_are_on_record_and_failed_ones_too(app: TestApp) {
    let admin = app.with_admin().await;
    let name = admin.username.as_str();
    let login = |password: &str| {
        let body = json!({"username": name, "password": password});
        app.post("/api/login").json(&body).header("x-request-id", "r1")
    };
    login("not the password").await.expect(401);
    let signed_in = login(PASSWORD).await.expect(200).json();
    let token = signed_in["token"].as_str().expect("a token");
    app.post("/api/auth/logout").token(token).await.expect(200);
    let entries = log(&app, &admin, "").await;
    let told: Vec<_> = entries.iter().map(|entry| entry["action"].as_str()).collect();
    let all = ["session.ended", "user.signed_in", "user.sign_in_failed", "signing_keys.rotated"];
    assert_eq!(told, all.map(Some));
    assert_eq!(entries[2]["actor"], json!({"kind": "nobody", "id": null, "name": name}));
    assert_eq!(entries[2]["subject"], json!({"kind": "user", "id": admin.user_id.0}));
    assert_eq!(entries[1]["request_id"], "r1");
}

async fn denied_attempts_are_on_record(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.store("NORTH").await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    as_(app.post("/api/products"), &staff).json(&json!({})).await.expect(403);
    app.get_as(&staff, &format!("/api/stores/{other}/inventory")).await.expect(404);
    let entries = log(&app, &admin, "?action=request.denied").await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["actor"]["id"], staff.user_id.0);
    let tried = json!({
        "method": "POST", "path": "/api/products", "code": "forbidden",
        "permission": "edit_catalog",
    });
    assert_eq!(entries[1]["after"], tried);
    assert_eq!(entries[0]["after"]["path"], format!("/api/stores/{other}/inventory"));
}

async fn a_list_taken_out_as_a_file_is_on_record(app: TestApp) {
    let admin = app.with_admin().await;
    let file = app.get_as(&admin, "/api/products?format=csv&category=Dogs").await.expect(200);
    assert!(file.header("content-type").starts_with("text/csv"));
    let entries = log(&app, &admin, "?action=list.exported").await;
    assert_eq!(entries[0]["subject"]["kind"], "products");
    assert_eq!(entries[0]["after"]["filter"]["category"], json!(["Dogs"]));
    let file = app.get_as(&admin, "/api/audit-logs?format=csv").await.expect(200).text();
    let lines: Vec<&str> = file.lines().collect();
    assert!(lines[0].starts_with("id,at,actor_kind"), "{file}");
    assert_eq!(lines.len(), 4, "{file}");
}

async fn the_log_is_listed_newest_first_by_what_is_asked(app: TestApp) {
    let admin = app.with_admin().await;
    for sku in ["A", "B", "C", "D"] {
        app.clock.advance(60);
        product(&app, &admin, sku).await;
    }
    let skus = async |query: &str| -> Vec<String> {
        let entries = log(&app, &admin, query).await;
        entries.iter().map(|e| e["after"]["sku"].as_str().unwrap_or("?").to_owned()).collect()
    };
    assert_eq!(skus("?subject_kind=product").await, ["D", "C", "B", "A"]);
    assert_eq!(skus("?from=2026-03-02T09:02:00Z&to=2026-03-02T09:04:00Z").await, ["C", "B"]);
    assert_eq!(skus("?to=2026-03-02T09:01:00Z").await, ["?"]);
    let ids = format!("?actor_id={}&actor_kind=user&action=product.created", admin.user_id);
    assert_eq!(skus(&ids).await.len(), 4);
    assert_eq!(skus("?actor_kind=key").await, [""; 0]);
    let page = app.get_as(&admin, "/api/audit-logs?limit=4").await.expect(200).json();
    let cursor = page["next_cursor"].as_str().expect("another page");
    assert_eq!(skus(&format!("?limit=4&cursor={cursor}")).await, ["?"]);
    for bad in ["?subject_id=1", "?actor_kind=robot", "?actor=1", "?from=yesterday"] {
        app.get_as(&admin, &format!("/api/audit-logs{bad}")).await.expect(400);
    }
}

async fn an_auditor_of_a_store_sees_what_was_done_in_it(app: TestApp) {
    let shop = app.shop(3).await;
    let north = app.store("NORTH").await;
    app.stock_in(&shop.admin, north, shop.product, 7).await;
    product(&app, &shop.admin, "FOOD").await;
    let auditor = app.user(Role::Auditor, &[north]).await;
    let entries = log(&app, &auditor, "?include_movements=true").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["store_id"], north.0);
    let path = format!("/api/audit-logs?store_id={}", shop.store);
    app.get_as(&auditor, &path).await.expect(404);
    let manager = app.user(Role::Manager, &[north]).await;
    app.get_as(&manager, "/api/audit-logs").await.expect(403);
    let of_all = app.person(Role::Auditor, &[Place::AllStores]).await;
    assert!(log(&app, &of_all, "?include_movements=true").await.len() >= 3);
}

/// A log of five rows, the first of which tells of the key that signs tokens.
async fn written(app: &TestApp) -> Person {
    let shop = app.shop(9).await;
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    product(app, &shop.admin, "FOOD").await;
    product(app, &shop.admin, "SNACK").await;
    shop.admin
}

/// Runs statements as the database's owner can, who switches the triggers off.
async fn as_owner(app: &TestApp, statements: &str) {
    match app.engine {
        Engine::Postgres => {
            let off = "SET session_replication_role = replica";
            let sql = format!("{off}; {statements}; SET session_replication_role = origin");
            app.tamper(&sql).await.expect("done");
        }
        Engine::Sqlite => {
            let off = "DROP TRIGGER IF EXISTS audit_logs_no_update;
                       DROP TRIGGER IF EXISTS audit_logs_no_delete;
                       DROP TRIGGER IF EXISTS stock_movements_no_update";
            app.tamper(&format!("{off}; {statements}")).await.expect("done");
        }
    }
}

async fn faults(app: &TestApp, anchor: Option<&Anchor>) -> Findings {
    verify(&app.app.db, anchor, |_, _| {}).await.expect("walked")
}

async fn whoever_tampers_with_the_log_is_found(app: TestApp) {
    written(&app).await;
    assert_eq!(faults(&app, None).await.faults, Vec::<String>::new());
    let columns = [
        ("at", "at + 1"),
        ("actor_kind", "'system'"),
        ("actor_id", "77"),
        ("actor", "'someone else'"),
        ("address", "'192.0.2.1'"),
        ("request_id", "'another'"),
        ("action", "'product.updated'"),
        ("subject_kind", "'store'"),
        ("subject_id", "77"),
        ("store_id", "77"),
        ("before", "'{}'"),
        ("after", "NULL"),
    ];
    for (column, value) in columns {
        let copy = "CREATE TABLE kept AS SELECT * FROM audit_logs WHERE id = 3";
        let alter = format!("UPDATE audit_logs SET {column} = {value} WHERE id = 3");
        as_owner(&app, &format!("{copy}; {alter}")).await;
        let found = faults(&app, None).await.faults;
        assert_eq!(found, ["row 3 is not as it was written, or not in its place"], "{column}");
        let undo =
            format!("UPDATE audit_logs SET {column} = (SELECT {column} FROM kept) WHERE id = 3");
        let restored = format!("{undo}; DROP TABLE kept");
        as_owner(&app, &restored).await;
        assert_eq!(faults(&app, None).await.fault_count, 0, "{column}");
    }
    // Two rows change places.
    as_owner(
        &app,
        "UPDATE audit_logs SET id = 99 WHERE id = 2; UPDATE audit_logs SET id = 2 WHERE id = 3;
         UPDATE audit_logs SET id = 3 WHERE id = 99",
    )
    .await;
    // The row after them is chained to what stood before it.
    assert_eq!(faults(&app, None).await.fault_count, 3);
    // A row is gone from the middle.
    as_owner(&app, "DELETE FROM audit_logs WHERE id = 2").await;
    let found = faults(&app, None).await.faults;
    assert_eq!(found[0], "row 2 is missing");
}

async fn whoever_cuts_the_end_of_the_log_is_found(app: TestApp) {
    written(&app).await;
    as_owner(&app, "DELETE FROM audit_logs WHERE id > 3").await;
    assert_eq!(faults(&app, None).await.faults, ["rows 4 to 5 are missing"]);
}

async fn whoever_replaces_the_whole_log_is_found_by_an_anchor(app: TestApp) {
    written(&app).await;
    let noted = faults(&app, None).await.last.expect("a row");
    assert_eq!(faults(&app, Some(&noted)).await.fault_count, 0);
    // The head is turned back as well: the shorter log is whole in itself.
    let back = "UPDATE event_head SET audit_id = 3,
            audit_link = (SELECT link FROM audit_logs WHERE id = 3);
         DELETE FROM audit_logs WHERE id > 3";
    as_owner(&app, back).await;
    assert_eq!(faults(&app, None).await.fault_count, 0);
    let found = faults(&app, Some(&noted)).await.faults;
    assert_eq!(found, ["row 5: no commit ends there, though it was noted"]);
    let forged = Anchor { id: 3, link: noted.link };
    assert!(faults(&app, Some(&forged)).await.faults[0].contains("was noted as"));
}

async fn whoever_alters_a_movement_is_found(app: TestApp) {
    written(&app).await;
    // Neither a balance nor a version betrays this one.
    as_owner(&app, "UPDATE stock_movements SET actor_id = 77 WHERE version = 2").await;
    let findings = stockroom::ledger::verify::verify(&app.app.db, |_, _| {}).await;
    let found = findings.expect("verified").differences;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("not as it was written, as audit row 3 shows"), "{found:?}");
}

#[tokio::test]
async fn the_command_line_tells_whether_the_log_is_whole() {
    let app = TestApp::start(Engine::Postgres).await;
    written(&app).await;
    let run = |more: &[&str]| {
        let mut arguments = vec!["audit", "verify", "--database", app.database_url()];
        arguments.extend(more);
        stockroom(&arguments).output().expect("run")
    };
    let whole = run(&[]);
    let said = String::from_utf8_lossy(&whole.stdout).into_owned();
    assert!(whole.status.success(), "{said}");
    assert!(said.starts_with("The audit log is whole: 5 rows were checked."), "{said}");
    let anchor = said.trim().rsplit(' ').next().expect("an anchor").to_owned();
    assert!(run(&["--anchor", &anchor]).status.success());
    as_owner(&app, "DELETE FROM audit_logs WHERE id = 5").await;
    let cut = run(&["--anchor", &anchor]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&cut.stdout).contains("row 5 is missing"));
    assert!(!run(&["--anchor", "nonsense"]).status.success());
}
