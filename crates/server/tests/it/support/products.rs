//! Builders of products: straight into the tables.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use stockroom::db::{Conn, Tx};
use stockroom::on_db;
use stockroom_domain::ProductId;

use super::TestApp;

/// A product in the making; `.await` writes it.
#[must_use]
pub struct ProductBuilder<'a> {
    app: &'a TestApp,
    sku: String,
    name: String,
    category: Option<String>,
    price_cents: i64,
    cost_cents: Option<i64>,
    track_lots: bool,
    barcode: Option<String>,
    is_deleted: bool,
}

impl TestApp {
    /// A product of that SKU, which costs 5.00 and sells for 12.50.
    pub fn product(&self, sku: &str) -> ProductBuilder<'_> {
        ProductBuilder {
            app: self,
            sku: sku.to_owned(),
            name: format!("Product {sku}"),
            category: None,
            price_cents: 1_250,
            cost_cents: Some(500),
            track_lots: false,
            barcode: None,
            is_deleted: false,
        }
    }

    /// So many products at once: `P0001`, `P0002` and so on.
    pub async fn products(&self, count: usize) {
        let mut tx = self.app.db.begin().await.expect("begun");
        for number in 1..=count {
            self.product(&format!("P{number:04}")).insert(&mut tx).await;
        }
        tx.commit().await.expect("committed");
    }
}

impl<'a> ProductBuilder<'a> {
    /// With that name.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// In that category.
    pub fn category(mut self, category: &str) -> Self {
        self.category = Some(category.to_owned());
        self
    }

    /// With its lots tracked.
    pub fn track_lots(mut self) -> Self {
        self.track_lots = true;
        self
    }

    /// With a barcode on packs of six.
    pub fn barcode_of_six(mut self, code: &str) -> Self {
        self.barcode = Some(code.to_owned());
        self
    }

    /// Deleted from the start.
    pub fn deleted(mut self) -> Self {
        self.is_deleted = true;
        self
    }

    async fn insert(&self, tx: &mut Tx) -> ProductId {
        const SQL: &str = "INSERT INTO products (sku, sku_key, name, name_key, category, unit,
            price, cost, tax_rate, track_lots, is_deleted, version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, 'each', $6, $7, 19000, $8, $9, 1, $10, $11)
            RETURNING id";
        const BARCODE: &str = "INSERT INTO product_barcodes (code, product_id, pack_quantity)
            VALUES ($1, $2, 6000)";
        let now = self.app.clock.now().0;
        let id: i64 = on_db!(Conn::from(&mut *tx), conn => sqlx::query_scalar(SQL)
            .bind(&self.sku)
            .bind(self.sku.to_lowercase())
            .bind(&self.name)
            .bind(self.name.to_lowercase())
            .bind(&self.category)
            .bind(self.price_cents)
            .bind(self.cost_cents)
            .bind(self.track_lots)
            .bind(self.is_deleted)
            .bind(now)
            .bind(now)
            .fetch_one(conn)
            .await)
        .expect("a product");
        if let Some(code) = &self.barcode {
            on_db!(Conn::from(tx), conn => {
                sqlx::query(BARCODE).bind(code).bind(id).execute(conn).await.map(drop)
            })
            .expect("a barcode");
        }
        ProductId(id)
    }
}

impl<'a> IntoFuture for ProductBuilder<'a> {
    type Output = ProductId;
    type IntoFuture = Pin<Box<dyn Future<Output = ProductId> + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut tx = self.app.app.db.begin().await.expect("begun");
            let id = self.insert(&mut tx).await;
            tx.commit().await.expect("committed");
            id
        })
    }
}
