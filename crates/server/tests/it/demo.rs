//! `stockroom demo`, made for real on both databases.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::json;
use stockroom::cli::demo::catalogue::{STORES, TIME_ZONE};
use stockroom::cli::demo::history::{self, History};
use stockroom::cli::demo::products::PRODUCTS;
use stockroom::cli::demo::{self, people::Person};
use stockroom::db::{Conn, Db};
use stockroom::ledger::verify;
use stockroom::on_db;
use stockroom_domain::stock::Change;

use crate::support::{START, TestApp, on_both_engines};

on_both_engines!(a_demo_is_the_shop_that_its_story_tells);

const SEED: u64 = 1;

async fn a_demo_is_the_shop_that_its_story_tells(app: TestApp) {
    let db = &app.app.db;
    let made = demo::fill(db, SEED, START).await.expect("a demo");
    let zone = TimeZone::get(TIME_ZONE).expect("a time zone");
    let story = history::generate(SEED, START, &zone).expect("a history");
    assert_eq!(made.movements, story.movements());

    let findings = verify::verify(db, |_, _| {}).await.expect("a check");
    assert_eq!(findings.differences, Vec::<String>::new());
    assert_eq!(findings.movements, made.movements as u64);

    assert_levels(db, &story).await;
    assert_times(db).await;
    assert_promises(db).await;
    for person in &made.people {
        assert_signs_in(&app, person).await;
    }
    let again = demo::fill(db, SEED, START).await.expect_err("a second demo").to_string();
    assert!(again.contains("nothing was changed"), "{again}");
}

/// The levels are those of the story, by store code, SKU and lot code.
async fn assert_levels(db: &Db, story: &History) {
    const SQL: &str = "SELECT s.code, p.sku, COALESCE(l.code, ''), v.on_hand
        FROM stock_levels v
        JOIN stores s ON s.id = v.store_id
        JOIN products p ON p.id = v.product_id
        LEFT JOIN lots l ON l.id = v.lot_id
        WHERE v.on_hand > 0";
    let mut told: HashMap<(String, String, String), i64> = HashMap::new();
    for parcel in &story.parcels {
        for line in &parcel.lines {
            let lot = line.lot.map(|lot| story.lots[lot].code.clone()).unwrap_or_default();
            let (store, sku) = (STORES[parcel.store].code, PRODUCTS[line.product].sku);
            let level = told.entry((store.to_owned(), sku.to_owned(), lot)).or_default();
            match line.change {
                Change::By(quantity) => *level += quantity.thousandths(),
                Change::To(quantity) => *level = quantity.thousandths(),
            }
        }
    }
    told.retain(|_, quantity| *quantity > 0);
    let mut reader = db.read().await.expect("a reader");
    let rows: Vec<(String, String, String, i64)> =
        on_db!(Conn::from(&mut reader), conn => sqlx::query_as(SQL).fetch_all(conn).await)
            .expect("levels");
    let kept: HashMap<_, _> =
        rows.into_iter().map(|(store, sku, lot, on_hand)| ((store, sku, lot), on_hand)).collect();
    assert_eq!(kept, told);
}

/// Everything is recorded within half an hour of when it happened, and nothing after the end.
async fn assert_times(db: &Db) {
    const LATE: &str = "SELECT COUNT(*) FROM stock_movements
        WHERE effective_at > recorded_at OR recorded_at > effective_at + 1800000000";
    const LAST: &str = "SELECT MAX(recorded_at) FROM stock_movements";
    const FIRST: &str = "SELECT MIN(effective_at) FROM stock_movements";
    assert_eq!(number(db, LATE).await, 0);
    // A level's own time rises by a microsecond at least, also past the end.
    assert!(number(db, LAST).await < START.0 + 1_000);
    let days = (START.0 - number(db, FIRST).await) / 86_400_000_000;
    assert!((89..=91).contains(&days), "{days} days");
}

/// What the demo is there to show.
async fn assert_promises(db: &Db) {
    const STORES: &str = "SELECT COUNT(*) FROM stores WHERE name LIKE '%(demo)%'";
    const BY_WEIGHT: &str = "SELECT COUNT(*) FROM products WHERE unit = 'kg'";
    const WITH_LOTS: &str = "SELECT COUNT(*) FROM products WHERE track_lots";
    const LOW: &str = "SELECT COUNT(*) FROM (
            SELECT p.id FROM products p JOIN stock_levels v ON v.product_id = p.id
            GROUP BY p.id, p.reorder_point
            HAVING SUM(v.on_hand) > 0 AND SUM(v.on_hand) < p.reorder_point) AS low";
    const LOW_BY_STORE: &str = "SELECT COUNT(*) FROM (
            SELECT p.id FROM products p JOIN stock_levels v ON v.product_id = p.id
            GROUP BY v.store_id, p.id, p.reorder_point
            HAVING SUM(v.on_hand) > 0 AND SUM(v.on_hand) <= p.reorder_point) AS low";
    const OUT: &str = "SELECT COUNT(*) FROM (
            SELECT product_id FROM stock_levels GROUP BY product_id
            HAVING SUM(on_hand) = 0) AS gone";
    const MARKED: &str =
        "SELECT COUNT(*) FROM settings WHERE name = 'demo' OR name = 'demo_complete'";
    assert_eq!(number(db, STORES).await, 3);
    assert!(number(db, BY_WEIGHT).await >= 15);
    assert!(number(db, WITH_LOTS).await >= 20);
    assert_eq!(number(db, LOW).await, 3);
    assert_eq!(number(db, LOW_BY_STORE).await, 9, "the same three in each store");
    assert_eq!(number(db, OUT).await, 1);
    assert_eq!(number(db, MARKED).await, 2);
}

async fn assert_signs_in(app: &TestApp, person: &Person) {
    let body = json!({ "username": person.username, "password": person.password });
    let answer = app.post("/api/login").json(&body).await.expect(200).json();
    assert_eq!(answer["user"]["role"], person.role.name(), "{answer}");
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    let mut reader = db.read().await.expect("a reader");
    on_db!(Conn::from(&mut reader), conn => sqlx::query_scalar(sql).fetch_one(conn).await)
        .expect(sql)
}
