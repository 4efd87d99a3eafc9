//! Writes the demo's stores, suppliers, products and lots: everything that movements point to.

use stockroom_domain::{LotId, ProductId, StoreId, Timestamp};

use super::catalogue::{CURRENCY, STORES, SUPPLIERS};
use super::history::History;
use super::products::PRODUCTS;
use super::sql;
use crate::audit::{Entry, Origin};
use crate::db::{Db, Tx};
use crate::events::{self, Event, Fact};

/// Under which ids the shop was written, each at its index in the catalogue or the history.
#[derive(Clone, Debug)]
pub struct Ids {
    /// The stores.
    pub stores: Vec<StoreId>,
    /// The products.
    pub products: Vec<ProductId>,
    /// The lots.
    pub lots: Vec<LotId>,
}

/// Writes the shop as of `now` in one transaction, marked as a demo that is not whole yet.
/// `None`, and nothing is written, where the database holds something after all.
///
/// # Errors
/// The database's.
pub async fn write(
    db: &Db,
    history: &History,
    seed: u64,
    now: Timestamp,
) -> sqlx::Result<Option<Ids>> {
    let mut tx = db.begin().await?;
    // Of two at once the second waits here for the first.
    let is_first = sql::claim_setting(&mut tx, sql::MARK, &seed.to_string()).await?;
    if !is_first || sql::is_taken(&mut tx).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    sql::claim_setting(&mut tx, "currency", CURRENCY).await?;
    let mut happened = Vec::new();
    let stores = write_stores(&mut tx, now, &mut happened).await?;
    let products = write_products(&mut tx, now, &mut happened).await?;
    let mut lots = Vec::with_capacity(history.lots.len());
    for lot in &history.lots {
        lots.push(sql::insert_lot(&mut tx, lot, products[lot.product]).await?);
    }
    let origin = || Origin::system("demo");
    let (events, entries): (Vec<Event>, Vec<Entry>) =
        happened.into_iter().map(|fact| fact.told_and_recorded(origin())).unzip();
    events::append(tx, now, &events, &entries).await?;
    Ok(Some(Ids { stores, products, lots }))
}

async fn write_stores(
    tx: &mut Tx,
    now: Timestamp,
    happened: &mut Vec<Fact>,
) -> sqlx::Result<Vec<StoreId>> {
    let mut ids = Vec::with_capacity(STORES.len());
    for store in &STORES {
        let id = sql::insert_store(tx, store, now).await?;
        let data = serde_json::json!({ "code": store.code, "name": store.name });
        let event = Event::new("store.created", "store", id.0, &data).in_store(id);
        happened.push(Fact::new(event).after(&data));
        ids.push(id);
    }
    Ok(ids)
}

async fn write_products(
    tx: &mut Tx,
    now: Timestamp,
    happened: &mut Vec<Fact>,
) -> sqlx::Result<Vec<ProductId>> {
    let mut suppliers = Vec::with_capacity(SUPPLIERS.len());
    for supplier in &SUPPLIERS {
        suppliers.push(sql::insert_supplier(tx, supplier, now).await?);
    }
    let mut ids = Vec::with_capacity(PRODUCTS.len());
    for (index, product) in PRODUCTS.iter().enumerate() {
        let id = sql::insert_product(tx, product, suppliers[product.supplier], now).await?;
        for (code, units) in product.barcodes(index) {
            sql::insert_barcode(tx, id, &code, units * 1_000).await?;
        }
        let data = serde_json::json!({ "sku": product.sku, "name": product.name });
        let event = Event::new("product.created", "product", id.0, &data);
        happened.push(Fact::new(event).after(&data));
        ids.push(id);
    }
    Ok(ids)
}
