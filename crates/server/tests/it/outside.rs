//! What other programs change in the database: on record all the same.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use stockroom::auth::Place;
use stockroom_domain::permissions::Role;

use crate::audit::{log, product};
use crate::support::{Engine, PASSWORD, TestApp, on_both_engines};

on_both_engines!(
    what_is_changed_from_outside_is_on_record,
    whoever_lets_themselves_in_from_outside_is_on_record,
    whoever_changes_something_from_outside_cannot_hide_it,
    no_secret_is_on_record,
    an_order_or_a_debt_that_is_changed_from_outside_is_on_record,
);

/// What a program does to the database that is not the server.
async fn from_outside(app: &TestApp, sql: &str) {
    try_from_outside(app, sql).await.expect("done");
}

/// The same, with what the database says against it.
async fn try_from_outside(app: &TestApp, sql: &str) -> sqlx::Result<()> {
    let statement = AssertSqlSafe(sql.to_owned());
    let url = app.database_url();
    match app.engine {
        Engine::Postgres => {
            let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
            let mut conn = options.connect().await.expect("connected");
            let done = sqlx::raw_sql(statement).execute(&mut conn).await;
            conn.close().await.expect("closed");
            done.map(drop)
        }
        Engine::Sqlite => {
            let path = url.trim_start_matches("sqlite://");
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut conn = options.connect().await.expect("connected");
            let done = sqlx::raw_sql(statement).execute(&mut conn).await;
            conn.close().await.expect("closed");
            done.map(drop)
        }
    }
}

/// What would push a row out without a trigger that tells of it, by its key or by another.
const REPLACEMENTS: [&str; 10] = [
    "REPLACE INTO outside_changes SELECT * FROM outside_changes",
    "REPLACE INTO stock_movements SELECT * FROM stock_movements",
    "REPLACE INTO events SELECT * FROM events",
    "REPLACE INTO products SELECT * FROM products",
    "REPLACE INTO user_roles SELECT * FROM user_roles",
    "INSERT OR REPLACE INTO products (sku, sku_key, name, name_key, unit, price, tax_rate,
        track_lots, is_deleted, version, created_at, updated_at)
     SELECT sku, sku_key, 'Another', 'another', unit, 1, tax_rate, track_lots, is_deleted, 1, 0, 0
     FROM products",
    "INSERT OR REPLACE INTO users (username, username_key, name, name_key, password_hash,
        is_disabled, version, created_at, updated_at)
     SELECT username, username_key, name, name_key, 'mine', 0, 1, 0, 0 FROM users",
    "UPDATE OR REPLACE users SET username_key = (SELECT MIN(username_key) FROM users)",
    "UPDATE OR REPLACE products SET sku_key = (SELECT MIN(sku_key) FROM products)",
    "UPDATE OR REPLACE products SET id = (SELECT MIN(id) FROM products)",
];

async fn whoever_changes_something_from_outside_cannot_hide_it(app: TestApp) {
    let admin = app.with_admin().await;
    let food = product(&app, &admin, "FOOD").await;
    product(&app, &admin, "SAND").await;
    app.stock_in(&admin, admin.store, food, 5).await;
    app.user(Role::Staff, &[admin.store]).await;
    from_outside(&app, "UPDATE products SET price = 1 WHERE sku = 'FOOD'").await;
    let mut attempts = vec!["DELETE FROM outside_changes", "UPDATE outside_changes SET row_id = 7"];
    if app.is_postgres() {
        attempts.push("TRUNCATE outside_changes");
    } else {
        // The other program's connection has no recursive triggers: REPLACE would fire none.
        attempts.push("INSERT OR REPLACE INTO audit_logs SELECT * FROM audit_logs");
        attempts.extend(REPLACEMENTS);
    }
    for sql in attempts {
        assert!(try_from_outside(&app, sql).await.is_err(), "{sql}");
    }
    if app.is_postgres() {
        // To say that one is Stockroom is not enough, nor is a table in the way.
        let role =
            format!("stranger_{}", app.number("SELECT CAST(pg_backend_pid() AS BIGINT)").await);
        let change = format!(
            "CREATE ROLE {role};
             GRANT SELECT, UPDATE ON products TO {role};
             SET SESSION AUTHORIZATION {role};
             SET stockroom.inside = 'on';
             CREATE TEMP TABLE outside_changes (at BIGINT, actor TEXT, operation TEXT,
                table_name TEXT, row_id BIGINT, before TEXT, after TEXT);
             UPDATE products SET price = 2 WHERE sku = 'FOOD';
             RESET SESSION AUTHORIZATION;
             REVOKE ALL ON products FROM {role};
             DROP TABLE pg_temp.outside_changes;
             DROP ROLE {role}"
        );
        from_outside(&app, &change).await;
    } else {
        from_outside(&app, "UPDATE products SET price = 2 WHERE sku = 'FOOD'").await;
    }
    let entries = log(&app, &admin, "?actor_kind=database").await;
    let prices: Vec<_> = entries.iter().map(|entry| &entry["after"]["row"]["price"]).collect();
    assert_eq!(prices, [&json!(2), &json!(1)]);
    app.check_audit().await;
}

async fn an_order_or_a_debt_that_is_changed_from_outside_is_on_record(app: TestApp) {
    let shop = app.shop(5).await;
    let mia = json!({"name": "Mia"});
    app.post("/api/customers").token(&shop.admin.token).json(&mia).await.expect(201);
    let order = app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.take_goods().await;
    app.check_books().await;
    from_outside(&app, "UPDATE orders SET total = 1").await;
    from_outside(&app, "UPDATE customer_balances SET balance = -500").await;
    let entries = log(&app, &shop.admin, "?actor_kind=database").await;
    let told = entries.iter().map(|entry| {
        let row = |when: &str| entry[when]["row"].clone();
        (entry["subject"].clone(), row("before"), row("after"), entry["store_id"].clone())
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].0, json!({"kind": "customer", "id": 1}));
    assert_eq!((&told[0].1["balance"], &told[0].2["balance"]), (&json!(0), &json!(-500)));
    assert_eq!(told[1].0, json!({"kind": "order", "id": order}));
    assert_eq!((&told[1].1["total"], &told[1].2["total"]), (&json!(250), &json!(1)));
    assert_eq!(told[1].3, json!(shop.store));
    let mut attempts = Vec::new();
    if app.is_postgres() {
        // To say that one is Stockroom is not enough.
        let role =
            format!("stranger_{}", app.number("SELECT CAST(pg_backend_pid() AS BIGINT)").await);
        from_outside(&app, &format!("CREATE ROLE {role}; GRANT UPDATE ON orders TO {role}")).await;
        let change = format!(
            "SET SESSION AUTHORIZATION {role};
             SET stockroom.inside = 'on';
             UPDATE orders SET total = 2"
        );
        assert!(try_from_outside(&app, &change).await.is_err(), "an impostor");
        from_outside(&app, &format!("REVOKE ALL ON orders FROM {role}; DROP ROLE {role}")).await;
    } else {
        attempts.push("REPLACE INTO orders SELECT * FROM orders");
        attempts.push("REPLACE INTO customer_balances SELECT * FROM customer_balances");
    }
    for sql in attempts {
        assert!(try_from_outside(&app, sql).await.is_err(), "{sql}");
    }
    app.check_audit().await;
}

/// Every unique key of a watched table is looked at before a row is inserted or changed.
#[tokio::test]
async fn no_key_of_a_watched_table_lets_a_row_be_replaced() {
    let app = TestApp::start(Engine::Sqlite).await;
    let sql = "SELECT COUNT(*)
        FROM sqlite_schema t
        JOIN pragma_index_list(t.name) i ON i.\"unique\"
        JOIN pragma_index_info(i.name) c
        JOIN (SELECT 'replace' AS kind UNION ALL SELECT 'overwrite') k
        LEFT JOIN sqlite_schema g ON g.type = 'trigger' AND g.name = t.name || '_outside_' || kind
        WHERE t.type = 'table'
          AND EXISTS (SELECT 1 FROM sqlite_schema w WHERE w.name = t.name || '_outside_update')";
    assert!(app.number(sql).await > 30);
    let missing = format!("{sql} AND COALESCE(instr(g.sql, c.name || ' = NEW.'), 0) = 0");
    assert_eq!(app.number(&missing).await, 0);
}

/// SQLite's triggers list the columns of each table by hand.
#[tokio::test]
async fn every_column_of_a_watched_table_is_on_record() {
    let app = TestApp::start(Engine::Sqlite).await;
    let sql = "SELECT COUNT(*)
        FROM sqlite_schema t
        JOIN pragma_table_info(t.name) c
        JOIN sqlite_schema g ON g.type = 'trigger' AND g.tbl_name = t.name
             AND g.name = t.name || '_outside_update'
        WHERE t.type = 'table'";
    assert!(app.number(sql).await > 80);
    let missing = format!("{sql} AND instr(g.sql, char(39) || c.name || char(39)) = 0");
    assert_eq!(app.number(&missing).await, 0);
}

async fn what_is_changed_from_outside_is_on_record(app: TestApp) {
    let admin = app.with_admin().await;
    let id = product(&app, &admin, "FOOD").await;
    let users = app.number("SELECT COUNT(*) FROM users").await;
    from_outside(&app, &format!("UPDATE products SET price = 1 WHERE id = {id}")).await;
    from_outside(&app, "UPDATE users SET password_hash = 'x'").await;
    from_outside(&app, "DELETE FROM user_roles").await;
    // Nobody may read it any more: the roles are gone for good.
    let rows = app.number("SELECT COUNT(*) FROM outside_changes").await;
    assert_eq!(rows, 2 + users);
    let auditor = app.person(Role::Auditor, &[Place::AllStores]).await;
    let entries = log(&app, &auditor, "?actor_kind=database").await;
    let told = entries.iter().map(|entry| {
        (entry["action"].clone(), entry["subject"]["kind"].clone(), entry["after"]["table"].clone())
    });
    let all = [
        ("database.delete", "user", "user_roles"),
        ("database.update", "user", "users"),
        ("database.update", "product", "products"),
    ];
    let all = all.map(|(action, kind, table)| (json!(action), json!(kind), json!(table)));
    assert_eq!(told.collect::<Vec<_>>(), all);
    let of_product = format!("?subject_kind=product&subject_id={id}");
    let history = log(&app, &auditor, &of_product).await;
    assert_eq!(history[0], entries[2], "it is part of the product's history");
    let price = &entries[2];
    assert_eq!(price["subject"]["id"], id);
    assert_eq!(
        (&price["before"]["row"]["price"], &price["after"]["row"]["price"]),
        (&json!(990), &json!(1))
    );
    let actor = price["actor"]["name"].as_str().expect("a name");
    let login = match app.engine {
        Engine::Postgres => {
            let options: sqlx::postgres::PgConnectOptions =
                app.database_url().parse().expect("a URL");
            options.get_username().to_owned()
        }
        Engine::Sqlite => "sqlite".to_owned(),
    };
    assert_eq!(actor, format!("database:{login}"));
    assert_eq!(entries[1]["after"]["row"]["password_hash"], "hidden, and changed");
    app.check_audit().await;
}

async fn whoever_lets_themselves_in_from_outside_is_on_record(app: TestApp) {
    let admin = app.with_admin().await;
    let auditor = app.person(Role::Auditor, &[Place::AllStores]).await;
    let (user, store) = (auditor.user_id.0, admin.store.0);
    let grant = format!(
        "INSERT INTO user_roles (user_id, store_id, role) VALUES ({user}, {store}, 'admin')"
    );
    from_outside(&app, &grant).await;
    let entries = log(&app, &auditor, "?actor_kind=database").await;
    assert_eq!(entries[0]["action"], "database.insert");
    assert_eq!(entries[0]["subject"], json!({"kind": "user", "id": user}));
    // Who may do what is the whole shop's business, as in Stockroom's own entries.
    assert_eq!(entries[0]["store_id"], Value::Null);
    assert_eq!(entries[0]["before"], Value::Null);
    assert_eq!(entries[0]["after"]["row"]["role"], "admin");
    if app.engine == Engine::Postgres {
        // Row by row nothing is told of it: that it was done is.
        from_outside(&app, "TRUNCATE saved_views").await;
        let entries = log(&app, &auditor, "?actor_kind=database").await;
        assert_eq!(entries[0]["action"], "database.truncate");
        assert_eq!(entries[0]["subject"], json!({"kind": "view", "id": null}));
    }
    app.check_audit().await;
}

async fn no_secret_is_on_record(app: TestApp) {
    let admin = app.with_admin().await;
    let body = json!({"username": admin.username, "password": PASSWORD});
    let signed_in = app.post("/api/login").json(&body).await.expect(200).json();
    from_outside(&app, "UPDATE users SET name = 'Another'").await;
    let refresh = json!({"refresh_token": signed_in["refresh_token"]});
    app.post("/api/auth/refresh").json(&refresh).await.expect(200);
    let text = app.get_as(&admin, "/api/audit-logs").await.expect(200).text();
    for secret in [
        PASSWORD,
        "argon2",
        signed_in["token"].as_str().unwrap_or("?"),
        signed_in["refresh_token"].as_str().unwrap_or("?"),
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
