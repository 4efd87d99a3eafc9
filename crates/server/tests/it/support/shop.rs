//! Builders of shops with goods in them, straight into the tables where that is quicker, and
//! what every test of stock ends with: do the books agree?

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use stockroom::audit::{self, Actor, ActorKind, Origin};
use stockroom::db::Conn;
use stockroom::ledger::verify::verify;
use stockroom::ledger::{PostError, Posting, Receipt};
use stockroom::on_db;
use stockroom_domain::StoreId;
use stockroom_domain::batch::Atomicity;
use stockroom_domain::stock::Line;

use super::{Engine, Person, Reply, RequestBuilder, TestApp};

/// A shop with one product in its first store.
#[derive(Clone, Debug)]
pub struct Shop {
    pub admin: Person,
    pub store: StoreId,
    pub product: i64,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: i64,
    pub store_id: i64,
    pub product_id: i64,
    pub version: i64,
    /// Thousandths.
    pub quantity: i64,
    pub balance: i64,
    pub recorded_at: i64,
    pub reference: Option<String>,
}
stockroom::from_row!(Entry {
    id,
    store_id,
    product_id,
    version,
    quantity,
    balance,
    recorded_at,
    reference,
});

impl TestApp {
    /// An administrator, a store, and so many units of a product in it.
    pub async fn shop(&self, on_hand: i64) -> Shop {
        let admin = self.with_admin().await;
        let product = self.bare_product("A").await;
        let shop = Shop { store: admin.store, admin, product };
        if on_hand > 0 {
            self.stock_in(&shop.admin, shop.store, product, on_hand).await;
        }
        shop
    }

    /// A product of that SKU, priced, sold by the piece, without lots.
    pub async fn bare_product(&self, sku: &str) -> i64 {
        self.product_row(sku, false).await
    }

    /// A product whose lots are tracked.
    pub async fn product_with_lots(&self, sku: &str) -> i64 {
        self.product_row(sku, true).await
    }

    async fn product_row(&self, sku: &str, track_lots: bool) -> i64 {
        let key = sku.to_lowercase();
        let now = self.clock.now().0;
        self.number(&format!(
            "INSERT INTO products (sku, sku_key, name, name_key, unit, price, cost, tax_rate,
                track_lots, is_deleted, version, created_at, updated_at)
             VALUES ('{sku}', '{key}', 'Product {sku}', 'product {key}', 'each', 250, 100, 19000,
                {track_lots}, FALSE, 1, {now}, {now})
             RETURNING id"
        ))
        .await
    }

    /// Goods that came in.
    pub async fn stock_in(&self, who: &Person, store: StoreId, product: i64, units: i64) {
        let body = json!({"store_id": store, "product_id": product, "quantity": units});
        self.post("/api/stock/add").token(&who.token).json(&body).await.expect(201);
    }

    /// A sale, sent by `.await`.
    pub fn sale(&self, who: &Person, store: StoreId, product: i64, units: i64) -> RequestBuilder {
        let body = json!({"store_id": store, "product_id": product, "quantity": units});
        self.post("/api/stock/sale").token(&who.token).json(&body)
    }

    /// Many movements at once.
    pub fn parcel(&self, who: &Person, atomic: bool, movements: &[Value]) -> RequestBuilder {
        let body = json!({"atomic": atomic, "movements": movements});
        self.post("/api/stock/movements").token(&who.token).json(&body)
    }

    /// Hands lines to the ledger itself, past everything that checks a request.
    pub async fn post_lines(
        &self,
        key: &str,
        who: &Person,
        lines: Vec<Line>,
    ) -> Result<Receipt, PostError> {
        let name = who.username.as_str().into();
        let actor = Actor { kind: ActorKind::User, id: Some(who.user_id.0), name };
        let origin = Origin { actor, ..Origin::system("test") };
        let posting = Posting::new(key.to_owned(), Atomicity::Whole, lines, origin);
        self.app.ledger.post(posting).await
    }

    /// What is on hand of a product in a store, in units.
    pub async fn on_hand(&self, store: StoreId, product: i64) -> i64 {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(on_hand), 0) AS BIGINT) FROM stock_levels
             WHERE store_id = {store} AND product_id = {product}"
        );
        self.number(&sql).await / 1_000
    }

    /// The whole ledger, level by level, each in the order of its versions.
    pub async fn ledger(&self) -> Vec<Entry> {
        const SQL: &str = "
            SELECT id, store_id, product_id, version, quantity, balance, recorded_at, reference
            FROM stock_movements ORDER BY store_id, product_id, lot_id, version";
        let mut reader = self.app.db.read().await.expect("a reader");
        on_db!(Conn::from(&mut reader), conn => sqlx::query_as(SQL).fetch_all(conn).await)
            .expect("the ledger")
    }

    /// One number that a statement returns; it may write.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut tx = self.app.db.begin().await.expect("begun");
        let statement = AssertSqlSafe(sql.to_owned());
        let number: i64 = on_db!(Conn::from(&mut tx), conn => sqlx::query_scalar(statement)
            .fetch_one(conn).await)
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
        tx.commit().await.expect("committed");
        number
    }

    /// The numbers that a statement gives.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let mut reader = self.app.db.read().await.expect("a reader");
        let statement = AssertSqlSafe(sql.to_owned());
        on_db!(Conn::from(&mut reader), conn => sqlx::query_scalar(statement)
            .fetch_all(conn).await)
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// How the database goes about a statement.
    pub async fn plan_of(&self, sql: &str) -> String {
        let mut reader = self.app.db.read().await.expect("a reader");
        let lines: Vec<String> = match Conn::from(&mut reader) {
            Conn::Postgres(conn) => {
                let explain = AssertSqlSafe(format!("EXPLAIN {sql}"));
                sqlx::query_scalar(explain).fetch_all(conn).await.expect("a plan")
            }
            Conn::Sqlite(conn) => {
                let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let rows = sqlx::query(explain).fetch_all(conn).await.expect("a plan");
                rows.iter().map(|row| sqlx::Row::get(row, "detail")).collect()
            }
        };
        lines.join("\n") + "\n"
    }

    /// Runs a statement, as the database's owner could; gives what the database says against it.
    pub async fn tamper(&self, sql: &str) -> Result<(), String> {
        let mut tx = self.app.db.begin().await.expect("begun");
        let statement = AssertSqlSafe(sql.to_owned());
        let done = on_db!(Conn::from(&mut tx), conn =>
            sqlx::raw_sql(statement).execute(conn).await.map(drop));
        match done {
            Ok(()) => tx.commit().await.map_err(|error| error.to_string()),
            Err(error) => {
                tx.rollback().await.expect("rolled back");
                Err(error.to_string())
            }
        }
    }

    /// Fails the test unless every level is the sum of its movements, versions have no gap,
    /// balances chain, and the event log is whole. Also: every movement has an event of its
    /// own transaction, and every effect its key.
    pub async fn check_books(&self) {
        let findings = verify(&self.app.db, |_, _| {}).await.expect("verified");
        assert!(findings.differences.is_empty(), "{:#?}", findings.differences);
        self.check_events().await;
        self.check_audit().await;
    }

    /// Fails the test unless the audit log is whole, and nothing of what Stockroom itself has
    /// done was taken for a change from outside.
    pub async fn check_audit(&self) {
        let findings = audit::verify::verify(&self.app.db, None, |_, _| {}).await;
        let findings = findings.expect("verified");
        assert!(findings.faults.is_empty(), "{:#?}", findings.faults);
        assert_eq!(self.number("SELECT COUNT(*) FROM outside_changes").await, 0);
    }

    /// Each movement is told of by exactly one event, which carries its balance.
    async fn check_events(&self) {
        const SQL: &str = "SELECT data FROM events WHERE type = 'stock.moved' ORDER BY id";
        let mut reader = self.app.db.read().await.expect("a reader");
        let texts: Vec<String> =
            on_db!(Conn::from(&mut reader), conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
                .expect("events");
        drop(reader);
        let mut told: Vec<(i64, i64, String)> = Vec::new();
        for text in texts {
            let data: Value = serde_json::from_str(&text).expect("JSON");
            for line in data["lines"].as_array().expect("lines") {
                let id = line["movement_id"].as_i64().expect("an id");
                let version = line["version"].as_i64().expect("a version");
                told.push((id, version, line["on_hand"].to_string()));
            }
        }
        let quantity =
            |thousandths| stockroom_domain::Quantity::from_thousandths(thousandths).to_string();
        let mut written: Vec<_> = self
            .ledger()
            .await
            .into_iter()
            .map(|entry| (entry.id, entry.version, quantity(entry.balance)))
            .collect();
        told.sort();
        written.sort();
        assert_eq!(told, written, "events against movements");
    }

    /// Whether this runs on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.engine == Engine::Postgres
    }
}

/// A body with some fields changed.
pub fn with(base: &Value, change: &Value) -> Value {
    let mut body = base.clone();
    for (name, value) in change.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// Fails the test unless this is a 400 that names that field.
#[track_caller]
pub fn assert_names(reply: &Reply, field: &str, sent: &Value) {
    assert_eq!(reply.status, 400, "{sent}: {}", reply.text());
    let error = reply.error("invalid_request");
    assert_eq!(error["field"], field, "{sent}: {error}");
}
