//! What everyone decides about themselves: password, sign-ins, name, preferences.

use std::future::IntoFuture as _;

use serde_json::{Value, json};
use stockroom::db::Conn;
use stockroom::on_db;
use stockroom_domain::permissions::Role;

use crate::accounts::{OTHER_PASSWORD, login, on_every_node, sign_in};
use crate::products::as_;
use crate::support::{PASSWORD, TestApp, on_both_engines};

on_both_engines!(
    a_password_is_changed_and_ends_the_other_sign_ins,
    guessing_the_old_password_is_slowed_down,
    sign_ins_are_listed_and_ended,
    nobody_ends_the_sign_ins_of_others,
    a_name_is_changed_by_its_owner,
    a_name_is_changed_in_the_version_that_was_seen,
    preferences_are_kept_for_each_user,
    a_password_that_changes_while_it_is_verified_lets_nobody_in,
    a_repeated_change_of_password_is_answered_as_the_first,
    of_two_who_set_preferences_over_one_version_one_wins,
);

async fn a_password_is_changed_and_ends_the_other_sign_ins(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.another_node().await;
    let elsewhere = login(&app, &admin.username, PASSWORD).await.expect(200).json();
    let elsewhere = elsewhere["token"].as_str().expect("a token").to_owned();
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        as_(app.put("/api/auth/password"), &admin).json(&body)
    };
    for (current, new, field) in [
        ("not the password", OTHER_PASSWORD, "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, PASSWORD, "new_password"),
    ] {
        assert_eq!(change(current, new).await.expect(400).error("invalid_request")["field"], field);
    }
    app.get("/api/users").token(&elsewhere).await.expect(200);
    change(PASSWORD, OTHER_PASSWORD).await.expect(204);
    app.get_as(&admin, "/api/users").await.expect(200);
    let asked = || app.get("/api/users").token(&elsewhere);
    asked().await.expect(401);
    assert_eq!(on_every_node(&app, &other, asked).await, [401, 401]);
    login(&app, &admin.username, PASSWORD).await.expect(401);
    sign_in(&app, &admin.username, OTHER_PASSWORD).await;
    app.check_audit().await;
}

async fn guessing_the_old_password_is_slowed_down(app: TestApp) {
    let admin = app.with_admin().await;
    let body = json!({"current_password": "a wrong guess", "new_password": OTHER_PASSWORD});
    let guess = || as_(app.put("/api/auth/password"), &admin).json(&body);
    for _ in 0..5 {
        guess().await.expect(400);
    }
    guess().await.expect(429).error("too_many_attempts");
    login(&app, &admin.username, PASSWORD).await.expect(429);
}

async fn sign_ins_are_listed_and_ended(app: TestApp) {
    let admin = app.with_admin().await;
    let other = app.another_node().await;
    let phone = login(&app, &admin.username, PASSWORD).header("user-agent", "a phone");
    let phone = phone.await.expect(200).json()["token"].as_str().expect("a token").to_owned();
    let list = app.get_as(&admin, "/api/auth/sessions").await.expect(200).json();
    let sessions = list["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        (&sessions[0]["user_agent"], &sessions[0]["address"]),
        (&json!("a phone"), &json!("127.0.0.1"))
    );
    assert_eq!(
        (&sessions[0]["is_current"], &sessions[1]["is_current"]),
        (&json!(false), &json!(true))
    );
    let asked = || app.get("/api/users").token(&phone);
    assert_eq!(on_every_node(&app, &other, asked).await, [200, 200]);
    let path = format!("/api/auth/sessions/{}", sessions[0]["id"]);
    as_(app.delete(&path), &admin).await.expect(204);
    as_(app.delete(&path), &admin).await.expect(204);
    asked().await.expect(401);
    assert_eq!(on_every_node(&app, &other, asked).await, [401, 401]);
    let page = app.get_as(&admin, "/api/auth/sessions?limit=1").await.expect(200).json();
    assert_eq!(page["sessions"].as_array().map(Vec::len), Some(1));
    let counted = app.get_as(&admin, "/api/auth/sessions?include_total=true").await.expect(200);
    assert_eq!(counted.json()["total"], json!({"value": 1, "exact": true}));
}

async fn nobody_ends_the_sign_ins_of_others(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    let path = format!("/api/auth/sessions/{}", admin.session_id);
    as_(app.delete(&path), &staff).await.expect(404);
    app.get_as(&admin, "/api/users").await.expect(200);
}

async fn a_name_is_changed_by_its_owner(app: TestApp) {
    let admin = app.with_admin().await;
    let rename = |body: &Value| as_(app.patch("/api/auth/profile"), &admin).json(body);
    let renamed = rename(&json!({"name": "  Ada Lovelace "})).await.expect(200).json();
    assert_eq!(renamed["user"]["name"], "Ada Lovelace");
    let shown = app.get_as(&admin, "/api/auth/profile").await.expect(200).json();
    assert_eq!(shown["user"], renamed["user"]);
    rename(&json!({})).await.expect(200);
    for bad in [
        json!({"name": ""}),
        json!({"name": null}),
        json!({"role": "admin"}),
        json!({"username": "root"}),
    ] {
        rename(&bad).await.expect(400);
    }
}

async fn a_name_is_changed_in_the_version_that_was_seen(app: TestApp) {
    let admin = app.with_admin().await;
    let seen = app.get_as(&admin, "/api/auth/profile").await.expect(200);
    let tag = seen.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", seen.json()["user"]["version"]));
    let again = app.get_as(&admin, "/api/auth/profile").header("if-none-match", &tag);
    again.await.expect(304);
    let rename = |name: &str| {
        let request = as_(app.patch("/api/auth/profile"), &admin).header("if-match", &tag);
        request.json(&json!({"name": name}))
    };
    let renamed = rename("Ada Lovelace").await.expect(200);
    assert_ne!(renamed.header("etag"), tag);
    rename("Ada Byron").await.expect(412).error("version_mismatch");
    let shown = app.get_as(&admin, "/api/auth/profile").await.expect(200);
    assert_eq!(shown.header("etag"), renamed.header("etag"));
    assert_eq!(shown.json()["user"], renamed.json()["user"]);
}

async fn preferences_are_kept_for_each_user(app: TestApp) {
    let admin = app.with_admin().await;
    let staff = app.user(Role::Staff, &[admin.store]).await;
    let path = "/api/auth/preferences";
    let empty = app.get_as(&admin, path).await.expect(200).json();
    assert_eq!((&empty["preferences"], &empty["version"]), (&json!({}), &json!(0)));
    let body = json!({"preferences": {"theme": "dark", "columns": {"products": ["sku", "name"]}}});
    let set = as_(app.put(path), &admin).json(&body).await.expect(200);
    assert_eq!((&set.json()["preferences"], set.header("etag")), (&body["preferences"], "\"1\""));
    let reply = app.get_as(&admin, path).await.expect(200);
    assert_eq!(reply.json()["preferences"], body["preferences"]);
    assert_eq!(app.get_as(&staff, path).await.expect(200).json()["preferences"], json!({}));
    let stale = as_(app.put(path), &admin).json(&body).header("if-match", "\"0\"");
    stale.await.expect(412);
    let large = json!({"preferences": {"x": "y".repeat(17_000)}});
    as_(app.put(path), &admin).json(&large).await.expect(400);
    // A long one is on record by its digest, or it would fill the log.
    let long = json!({"preferences": {"x": "y".repeat(16_000)}});
    as_(app.put(path), &admin).json(&long).await.expect(200);
    let log = app.get_as(&admin, "/api/audit-logs?action=user.preferences_set&limit=1").await;
    let entry = log.expect(200).json()["audit_logs"][0].clone();
    assert_eq!(entry["before"], body["preferences"]);
    assert_eq!(entry["after"]["bytes"], 16_008);
    assert_eq!(entry["after"]["sha256"].as_str().map(str::len), Some(64));
    for bad in ["{}", r#"{"preferences":[]}"#, r#"{"preferences":{},"x":1}"#] {
        as_(app.put(path), &admin).text(bad).await.expect(400);
    }
}

async fn a_password_that_changes_while_it_is_verified_lets_nobody_in(app: TestApp) {
    let admin = app.with_admin().await;
    let sessions = "SELECT COUNT(*) FROM sessions";
    let before = (app.number(sessions).await, app.app.auth.passwords.computed());
    // Its owner is about to change it, and has done so when the old hash has been compared.
    let mut change = app.app.db.begin().await.expect("begun");
    on_db!(Conn::from(&mut change), conn => {
        sqlx::query("UPDATE users SET password_hash = '!'").execute(conn).await.expect("changed");
    });
    let signing_in = tokio::spawn(login(&app, &admin.username, PASSWORD).into_future());
    while app.app.auth.passwords.computed() == before.1 {
        tokio::task::yield_now().await;
    }
    change.commit().await.expect("committed");
    signing_in.await.expect("a reply").expect(401).error("unauthenticated");
    assert_eq!(app.number(sessions).await, before.0);
}

async fn a_repeated_change_of_password_is_answered_as_the_first(app: TestApp) {
    let admin = app.with_admin().await;
    let body = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    for _ in 0..8 {
        // Were the old password judged again, the sixth time would have to wait.
        as_(app.put("/api/auth/password"), &admin).key("k").json(&body).await.expect(204);
    }
    sign_in(&app, &admin.username, OTHER_PASSWORD).await;
}

async fn of_two_who_set_preferences_over_one_version_one_wins(app: TestApp) {
    let admin = app.with_admin().await;
    let set = |n: i64| {
        let body = json!({"preferences": {"n": n}});
        as_(app.put("/api/auth/preferences"), &admin).json(&body)
    };
    set(0).await.expect(200);
    for round in 1..9 {
        let tag = format!("\"{round}\"");
        let (one, two) = tokio::join!(
            set(round * 10).header("if-match", &tag).into_future(),
            set(round * 10 + 1).header("if-match", &tag).into_future()
        );
        let mut said = [one.status, two.status];
        said.sort_unstable();
        assert_eq!(said, [200, 412]);
    }
    app.check_audit().await;
}
