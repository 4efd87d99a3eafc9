//! The schema on both engines: the same steps, the same columns, every statement of the
//! server understood by both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::{AssertSqlSafe, Executor as _, Row as _, SqlSafeStr as _};
use stockroom::db::Reader;

use crate::support::process::stockroom;
use crate::support::{Engine, TestApp, on_both_engines, statements};

on_both_engines!(
    every_statement_is_understood,
    lists_of_orders_lean_on_their_indexes,
    people_read_values_as_people_write_them,
    a_database_from_a_later_version_is_refused,
);

#[test]
fn both_engines_have_the_same_steps() {
    let steps = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let files = std::fs::read_dir(folder).expect("migrations");
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    };
    let postgres = steps("postgres");
    assert_eq!(steps("sqlite"), postgres);
    for (number, name) in (1..).zip(&postgres) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name} is not step {number}");
    }
}

/// Each column by its table and name, and whether it may be null.
async fn columns(app: &TestApp) -> BTreeMap<(String, String), bool> {
    // A key column is never null, whether or not it says so.
    const SQLITE: &str = "
        SELECT t.name AS of, c.name AS name, c.\"notnull\" = 0 AND c.pk = 0 AS nullable
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    const POSTGRES: &str = "
        SELECT CAST(c.table_name AS TEXT) AS of, CAST(c.column_name AS TEXT) AS name,
               c.is_nullable = 'YES' AS nullable
        FROM information_schema.columns c
        JOIN pg_class t ON t.oid = CAST(c.table_name AS REGCLASS)
        WHERE c.table_schema = 'public' AND t.relkind IN ('r', 'p') AND NOT t.relispartition";
    macro_rules! read {
        ($conn:expr, $sql:expr) => {
            sqlx::query($sql)
                .fetch_all(&mut *$conn)
                .await
                .expect("columns")
                .into_iter()
                .map(|row| ((row.get("of"), row.get("name")), row.get("nullable")))
                .collect()
        };
    }
    let mut columns: BTreeMap<(String, String), bool> =
        match app.app.db.read().await.expect("a reader") {
            Reader::Sqlite(mut conn) => read!(conn, SQLITE),
            Reader::Postgres(mut conn) => read!(conn, POSTGRES),
        };
    // `inside` is how SQLite's triggers know whose transaction it is; on PostgreSQL the
    // connection says so.
    columns.retain(|(table, _), _| table != "_sqlx_migrations" && table != "inside");
    columns
}

#[tokio::test]
async fn both_engines_have_the_same_columns() {
    let sqlite = columns(&TestApp::start(Engine::Sqlite).await).await;
    let postgres = columns(&TestApp::start(Engine::Postgres).await).await;
    assert!(sqlite.len() > 50, "{sqlite:?}");
    let differ: Vec<_> = sqlite
        .iter()
        .filter(|(column, nullable)| postgres.get(*column) != Some(*nullable))
        .chain(postgres.iter().filter(|(column, _)| !sqlite.contains_key(*column)))
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

async fn every_statement_is_understood(app: TestApp) {
    let statements = statements::all();
    assert!(statements.len() > 40, "{} statements were found", statements.len());
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let only = statements.iter().filter(|statement| statement.engine == Some(engine));
        assert!(only.count() > 5, "few are for {engine:?} alone");
    }
    let mut reader = app.app.db.read().await.expect("a reader");
    let mut faults = Vec::new();
    for statement in statements {
        if statement.engine.is_some_and(|engine| engine != app.engine) {
            continue;
        }
        if statement.text.contains("LIMIT $") {
            faults.push(format!("{}: a bare parameter after LIMIT: cast it", statement.place));
        }
        let text = AssertSqlSafe(statement.text.clone()).into_sql_str();
        let prepared = match &mut reader {
            Reader::Sqlite(conn) => conn.prepare(text).await.map(drop),
            Reader::Postgres(conn) => conn.prepare(text).await.map(drop),
        };
        if let Err(error) = prepared {
            faults.push(format!("{}: {error}\n{}", statement.place, statement.text));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// With each of the filters, a page is found without looking at all orders.
async fn lists_of_orders_lean_on_their_indexes(app: TestApp) {
    let fill = match app.is_postgres() {
        true => "SELECT n AS n FROM generate_series(1, 3000) n",
        false => {
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000)
             SELECT n FROM c"
        }
    };
    let fill = format!(
        "INSERT INTO orders (id, store_id, customer_id, employee_id, user_id, channel, status,
            order_date, business_day, total, tax, reference, is_deleted, version)
         SELECT n, n % 7, n % 300, n % 300, n % 300, 'till', 'completed', n, 0, 0, 0,
                CAST(n % 300 AS TEXT), FALSE, 1
         FROM ({fill}) f;
         INSERT INTO order_history (order_id, version, event, status, at, actor)
         SELECT id, 1, CASE WHEN id % 1000 = 7 THEN 'rejected' ELSE 'sold' END, 'completed', 0, ''
         FROM orders;
         INSERT INTO pending_orders (order_id, placed_at) VALUES (7, 0);"
    );
    app.tamper(&fill).await.expect("filled");
    app.tamper("ANALYZE").await.expect("looked at");
    for (condition, index) in [
        ("o.customer_id IN (7)", "orders_of_customer"),
        ("o.employee_id IN (7)", "orders_of_employee"),
        ("o.user_id IN (7)", "orders_of_user"),
        ("o.reference = '7'", "orders_by_reference"),
        ("o.id IN (SELECT order_id FROM pending_orders)", "pending_orders"),
        (
            "o.id IN (SELECT order_id FROM order_history
                      WHERE event IN ('rejected', 'cancelled'))",
            "order_history_unhappy",
        ),
    ] {
        let sql = format!(
            "SELECT o.id FROM orders o WHERE NOT o.is_deleted AND {condition}
             ORDER BY o.order_date DESC, o.id DESC LIMIT 50"
        );
        let plan = app.plan_of(&sql).await;
        let reads_all = ["Seq Scan on orders o", "SCAN o\n", "SCAN o "];
        assert!(plan.contains(index), "{condition}:\n{plan}");
        assert!(!reads_all.iter().any(|scan| plan.contains(scan)), "{condition}:\n{plan}");
    }
}

async fn people_read_values_as_people_write_them(app: TestApp) {
    let shop = app.shop(0).await;
    let body = serde_json::json!({
        "store_id": shop.store, "product_id": shop.product, "quantity": 2.5, "unit_cost": "3.10",
    });
    app.post("/api/stock/add").token(&shop.admin.token).json(&body).await.expect(201);
    let inventory = "SELECT COUNT(*) FROM current_inventory
        WHERE store = 'MAIN' AND sku = 'A' AND unit = 'each' AND on_hand = 2.5 AND value = 7.75
          AND version = 1 AND CAST(updated_at AS TEXT) LIKE '2026-03-02%09:00:00%'";
    assert_eq!(app.number(inventory).await, 1);
    let movements = "SELECT COUNT(*) FROM readable_movements
        WHERE store = 'MAIN' AND sku = 'A' AND quantity = 2.5 AND balance = 2.5 AND value = 7.75
          AND type = 'stock_in' AND actor = 'admin0'
          AND CAST(business_day AS TEXT) = '2026-03-02'
          AND CAST(recorded_at AS TEXT) LIKE '2026-03-02%09:00:00%'";
    assert_eq!(app.number(movements).await, 1);
}

async fn a_database_from_a_later_version_is_refused(app: TestApp) {
    let add = "INSERT INTO _sqlx_migrations
            (version, description, installed_on, success, checksum, execution_time)
        SELECT 9999, 'later', installed_on, success, checksum, 0
        FROM _sqlx_migrations WHERE version = 1";
    app.tamper(add).await.expect("added");
    app.app.close().await;
    for command in ["serve", "migrate", "verify"] {
        let mut process = stockroom(&[command, "--database", app.database_url()]);
        process.env("STOCKROOM_LISTEN", "127.0.0.1:0").env("STOCKROOM_LOG_LEVEL", "off");
        let output = process.output().expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        assert_eq!(said.lines().count(), 1, "{command}: {said}");
        assert!(said.contains("schema 9999, newer than this stockroom knows"), "{said}");
    }
}
