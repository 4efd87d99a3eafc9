//! Changing the catalogue: what a change may not do, and what hinders it.
//!
//! Each function works in the write that it is handed and hands it back. Where a unique index
//! refuses a value, PostgreSQL has ended the transaction: it is rolled back, and who has the
//! value is then read afresh.

use serde_json::{Value, json};
use stockroom_domain::{ProductId, Quantity, StoreId};

use super::barcodes::{self, NotGiven};
use super::product::{Details, Product};
use super::sql;
use crate::App;
use crate::db::{Conn, Fault, Tx, fault};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::Write;

/// How many stores a refusal names.
const STORES_NAMED_MAX: usize = 20;

/// Makes a product.
///
/// # Errors
/// 400 for a supplier that is not there, 409 for a SKU or a barcode of another product.
pub(super) async fn insert(
    app: &App,
    mut write: Write,
    details: &Details,
) -> ApiResult<(Write, ProductId)> {
    check_supplier(&mut write.tx, details, None).await?;
    let inserted = sql::insert(&mut write.tx, details, write.now).await;
    let (mut write, id) = unless_sku_taken(app, write, details, inserted).await?;
    note_supplier(&mut write.tx, id, details).await?;
    let write = give_barcodes(app, write, id, details).await?;
    Ok((write, id))
}

/// Replaces what a product is. The product is locked.
///
/// # Errors
/// As [`insert`]; 409 where the unit or the keeping of lots would change after movements.
pub(super) async fn replace(
    app: &App,
    mut write: Write,
    stored: &Product,
    details: &Details,
) -> ApiResult<Write> {
    check_supplier(&mut write.tx, details, stored.details.supplier_id).await?;
    check_fixed(&mut write.tx, stored, details).await?;
    let updated = sql::update(&mut write.tx, stored.id, details, write.now).await;
    let (mut write, ()) = unless_sku_taken(app, write, details, updated).await?;
    note_supplier(&mut write.tx, stored.id, details).await?;
    give_barcodes(app, write, stored.id, details).await
}

/// Deletes a product that nothing is on hand of.
///
/// The mark is set first and the stock is summed up after it, in the same transaction: what
/// was committed until then is seen. Levels are not locked, since only the ledger does that.
/// A movement that commits at the very same instant may therefore win, and leave stock of a
/// deleted product; restoring it makes that stock movable again. From this commit on the
/// ledger, which reads the mark under its own lock, refuses the product.
///
/// # Errors
/// 409 naming the stores that have some.
pub(super) async fn delete(write: &mut Write, stored: &Product) -> ApiResult<()> {
    sql::set_deleted(&mut write.tx, stored.id, true, write.now).await?;
    let stock = sql::stock_by_store(Conn::from(&mut write.tx), stored.id).await?;
    if stock.is_empty() { Ok(()) } else { Err(on_hand(stored, &stock)) }
}

/// Brings a deleted product back, with those of its barcodes that nobody has claimed.
///
/// # Errors
/// 409 where another product has its SKU by now.
pub(super) async fn restore(app: &App, mut write: Write, stored: &Product) -> ApiResult<Write> {
    let restored = sql::set_deleted(&mut write.tx, stored.id, false, write.now).await;
    let (write, ()) = unless_sku_taken(app, write, &stored.details, restored).await?;
    Ok(write)
}

/// The product, locked for a change, with its barcodes.
///
/// # Errors
/// 404 where there is none.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> ApiResult<Product> {
    let product = sql::lock(tx, ProductId(id)).await?;
    let mut found: Vec<Product> = product.into_iter().collect();
    barcodes::attach(Conn::from(tx), &mut found).await?;
    found.pop().ok_or_else(|| ApiError::not_found("product", id))
}

async fn check_supplier(tx: &mut Tx, details: &Details, stored: Option<i64>) -> ApiResult<()> {
    // One that was deleted since it was named may stay.
    let Some(id) = details.supplier_id.filter(|id| Some(*id) != stored) else { return Ok(()) };
    if sql::lock_supplier(tx, id).await? {
        return Ok(());
    }
    let message = format!("There is no supplier {id}.");
    Err(ApiError::invalid("supplier_id", message).with_detail("supplier_id", id))
}

/// The usual supplier is one of those who deliver the product.
async fn note_supplier(tx: &mut Tx, id: ProductId, details: &Details) -> ApiResult<()> {
    match details.supplier_id {
        Some(supplier) => Ok(sql::note_supplier(tx, id, supplier).await?),
        None => Ok(()),
    }
}

/// Every movement so far was counted in the unit, and with or without lots. The first
/// movement may be under way just now: it counts in the unit that its caller has seen.
async fn check_fixed(tx: &mut Tx, stored: &Product, details: &Details) -> ApiResult<()> {
    let field = if stored.details.unit != details.unit {
        "unit"
    } else if stored.details.track_lots != details.track_lots {
        "track_lots"
    } else {
        return Ok(());
    };
    if !sql::was_moved(Conn::from(tx), stored.id).await? {
        return Ok(());
    }
    let message = format!(
        "{field} cannot change: there are movements of this product. Make a new product, and \
         move the stock there."
    );
    Err(ApiError::field(ErrorCode::InvalidState, ErrorCode::InvalidState.name(), field, message)
        .with_detail("product_id", stored.id.0))
}

/// Goes on, unless the index on SKUs refused.
async fn unless_sku_taken<T>(
    app: &App,
    write: Write,
    details: &Details,
    result: sqlx::Result<T>,
) -> ApiResult<(Write, T)> {
    match result {
        Ok(value) => Ok((write, value)),
        Err(error) if fault(&error) == Fault::Duplicate => {
            write.tx.rollback().await?;
            let mut reader = app.db.read().await?;
            let owner = sql::sku_owner(Conn::from(&mut reader), &details.sku_key).await?;
            Err(sku_taken(&details.sku, owner))
        }
        Err(error) => Err(error.into()),
    }
}

/// 409. The owner may have gone again meanwhile.
fn sku_taken(sku: &str, owner: Option<i64>) -> ApiError {
    let message = match owner {
        Some(id) => format!("Product {id} has the SKU {sku}."),
        None => format!("Another product had the SKU {sku} just now. Try again."),
    };
    let code = ErrorCode::DuplicateSku;
    ApiError::field(code, code.name(), "sku", message)
        .with_detail("sku", sku)
        .with_detail("product_id", owner)
}

async fn give_barcodes(
    app: &App,
    mut write: Write,
    id: ProductId,
    details: &Details,
) -> ApiResult<Write> {
    match barcodes::give(&mut write.tx, id, &details.barcodes).await {
        Ok(()) => Ok(write),
        Err(NotGiven::Taken(error)) => Err(error),
        Err(NotGiven::Failed(error)) => Err(error.into()),
        Err(NotGiven::TakenMeanwhile) => {
            write.tx.rollback().await?;
            let mut reader = app.db.read().await?;
            let taken = barcodes::taken(Conn::from(&mut reader), id, &details.barcodes).await?;
            Err(taken.unwrap_or_else(|| {
                let message = "Another product had one of these barcodes just now. Try again.";
                ApiError::field(
                    ErrorCode::DuplicateBarcode,
                    ErrorCode::DuplicateBarcode.name(),
                    "barcodes",
                    message,
                )
            }))
        }
    }
}

/// 409: how much is left, and where.
fn on_hand(product: &Product, stock: &[(StoreId, Quantity)]) -> ApiError {
    let thousandths = stock.iter().map(|(_, quantity)| quantity.thousandths()).sum();
    let total = Quantity::from_thousandths(thousandths);
    let mut places: Vec<String> = stock
        .iter()
        .take(STORES_NAMED_MAX)
        .map(|(store, quantity)| format!("{quantity} in store {store}"))
        .collect();
    if stock.len() > STORES_NAMED_MAX {
        places.push(format!("and more in {} further stores", stock.len() - STORES_NAMED_MAX));
    }
    let stores: Vec<Value> = stock
        .iter()
        .take(STORES_NAMED_MAX)
        .map(|(store, quantity)| json!({ "store_id": store, "on_hand": quantity }))
        .collect();
    let message = format!(
        "{total} of this product are still on hand: {}. Remove them first.",
        places.join(", ")
    );
    ApiError::conflict(ErrorCode::InvalidState, message)
        .with_detail("product_id", product.id.0)
        .with_detail("on_hand", json!(total))
        .with_detail("stores", stores)
}
