//! The ledger by months on PostgreSQL, and append-only tables on both databases: not even
//! their owner changes what was written.

use sqlx::Row as _;
use stockroom::db::{Conn, Reader};
use stockroom::on_db;

use crate::support::{Engine, TestApp, on_both_engines};

on_both_engines!(
    what_was_written_cannot_be_changed,
    a_level_is_never_below_zero,
    selling_goes_on_through_the_months,
    selling_goes_on_after_fourteen_months,
    events_go_on_beyond_their_partition,
);

/// The partitions of a table, and `""` for the whole; the table alone where there are none.
async fn parts(app: &TestApp, table: &str) -> Vec<String> {
    let mut parts = vec![table.to_owned()];
    if let Reader::Postgres(mut conn) = app.app.db.read().await.expect("a reader") {
        let sql = "SELECT CAST(CAST(inhrelid AS REGCLASS) AS TEXT) FROM pg_inherits
                   WHERE inhparent = CAST($1 AS REGCLASS) ORDER BY 1";
        let names: Vec<String> =
            sqlx::query_scalar(sql).bind(table).fetch_all(&mut *conn).await.expect("partitions");
        parts.extend(names);
    }
    parts
}

async fn what_was_written_cannot_be_changed(app: TestApp) {
    let shop = app.shop(5).await;
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    let id = app.ledger().await[1].id;
    let path = format!("/api/stock/movements/{id}/reverse");
    app.post(&path).token(&shop.admin.token).json(&serde_json::json!({})).await.expect(201);
    let before = app.ledger().await;
    let mut attempts = Vec::new();
    for (table, column) in [
        ("stock_movements", "balance"),
        ("events", "subject_id"),
        ("movement_reversals", "reversed_by"),
        ("audit_logs", "actor_id"),
    ] {
        for part in parts(&app, table).await {
            // A partition without rows has none to refuse.
            attempts.push((format!("UPDATE {part} SET {column} = 1"), part == table));
            attempts.push((format!("DELETE FROM {part}"), part == table));
            if app.is_postgres() {
                attempts.push((format!("TRUNCATE {part}"), true));
                attempts.push((format!("TRUNCATE {part} CASCADE"), true));
            } else {
                attempts.push((format!("REPLACE INTO {part} SELECT * FROM {part}"), true));
                attempts
                    .push((format!("INSERT OR REPLACE INTO {part} SELECT * FROM {part}"), true));
                attempts.push((format!("UPDATE OR REPLACE {part} SET {column} = 1"), true));
            }
        }
    }
    for (sql, must_be_refused) in attempts {
        match app.tamper(&sql).await {
            Err(said) => assert!(said.contains("append-only"), "{sql}: {said}"),
            Ok(()) => assert!(!must_be_refused, "{sql} was done"),
        }
    }
    assert_eq!(app.ledger().await, before);
    app.check_books().await;
}

async fn a_level_is_never_below_zero(app: TestApp) {
    let shop = app.shop(5).await;
    for column in ["on_hand", "value", "version"] {
        let sql = format!("UPDATE stock_levels SET {column} = -1");
        let said = app.tamper(&sql).await.expect_err("refused").to_lowercase();
        assert!(said.contains("check constraint"), "{said}");
    }
    assert_eq!(app.on_hand(shop.store, shop.product).await, 5);
}

/// Each movement lies in the partition of its month; there is none for whatever fits nowhere.
async fn check_months(app: &TestApp) {
    let Reader::Postgres(mut conn) = app.app.db.read().await.expect("a reader") else { return };
    let sql = "SELECT CAST(CAST(tableoid AS REGCLASS) AS TEXT) AS part,
                      to_char(to_timestamp(recorded_at / 1000000.0) AT TIME ZONE 'UTC',
                              '\"stock_movements_\"YYYY_MM') AS month
               FROM stock_movements";
    let rows = sqlx::query(sql).fetch_all(&mut *conn).await.expect("movements");
    for row in rows {
        assert_eq!(row.get::<String, _>("part"), row.get::<String, _>("month"));
    }
    let sql = "SELECT COUNT(*) FROM pg_partitioned_table WHERE partdefid <> 0";
    let defaults: i64 = sqlx::query_scalar(sql).fetch_one(&mut *conn).await.expect("counted");
    assert_eq!(defaults, 0, "default partitions");
}

const A_DAY_S: i64 = 86_400;

async fn selling_goes_on_through_the_months(app: TestApp) {
    let shop = app.shop(1_000).await;
    for _ in 0..14 {
        app.clock.advance(30 * A_DAY_S);
        let who = app
            .person(
                stockroom_domain::permissions::Role::Admin,
                &[stockroom::auth::Place::AllStores],
            )
            .await;
        app.sale(&who, shop.store, shop.product, 1).await.expect(201);
    }
    check_months(&app).await;
    app.check_books().await;
}

async fn selling_goes_on_after_fourteen_months(app: TestApp) {
    let shop = app.shop(1_000).await;
    let other = app.another_node().await;
    app.clock.advance(14 * 30 * A_DAY_S);
    let who = app
        .person(stockroom_domain::permissions::Role::Admin, &[stockroom::auth::Place::AllStores])
        .await;
    let sales = (0..8).map(|number| {
        let node = if number % 2 == 0 { &app } else { &other };
        let request = node.sale(&who, shop.store, shop.product, 1);
        tokio::spawn(std::future::IntoFuture::into_future(request))
    });
    for sale in sales.collect::<Vec<_>>() {
        sale.await.expect("a reply").expect(201);
    }
    check_months(&app).await;
    app.check_books().await;
}

/// A server that runs for long makes room for its events without a restart.
async fn events_go_on_beyond_their_partition(app: TestApp) {
    let shop = app.shop(1_000).await;
    // As after ten million events, in a few steps.
    for last in [9_999_990, 19_999_990, 29_999_990] {
        app.tamper(&format!("UPDATE event_head SET last_id = {last}")).await.expect("set");
        for _ in 0..20 {
            app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
        }
    }
    let mut reader = app.app.db.read().await.expect("a reader");
    let (last, _) = stockroom::events::head(&mut reader).await.expect("the head");
    assert_eq!(last.0, 30_000_010);
    let count: i64 = on_db!(Conn::from(&mut reader), conn =>
        sqlx::query_scalar("SELECT COUNT(*) FROM events").fetch_one(conn).await)
    .expect("counted");
    assert_eq!(count, 61);
}

#[tokio::test]
async fn partitions_are_made_three_months_ahead() {
    let app = TestApp::start(Engine::Postgres).await;
    let shop = app.shop(1).await;
    app.clock.advance(A_DAY_S);
    let expected = ["", "_2026_03", "_2026_04", "_2026_05", "_2026_06"];
    assert_eq!(
        parts(&app, "stock_movements").await,
        expected.map(|m| format!("stock_movements{m}"))
    );
    drop(shop);
}
