//! Whose a barcode is: one product's at a time, deleted products aside.
//!
//! A deleted product keeps its codes until another product claims them: then they move, and
//! the deleted one would come back without them.

use stockroom_domain::ProductId;

use super::barcodes_sql as sql;
use super::product::{Barcode, Product};
use crate::db::{Conn, Fault, Tx, fault};
use crate::error::{ApiError, ApiResult, ErrorCode, FieldError};

/// Why codes could not be given to a product.
#[derive(Debug)]
pub(super) enum NotGiven {
    /// Others have some of them.
    Taken(ApiError),
    /// Another transaction took one of them meanwhile; this one is over.
    TakenMeanwhile,
    /// The database's.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for NotGiven {
    fn from(error: sqlx::Error) -> Self {
        match fault(&error) {
            Fault::Duplicate => Self::TakenMeanwhile,
            _ => Self::Failed(error),
        }
    }
}

/// Gives a product these codes in place of those that it has.
pub(super) async fn give(tx: &mut Tx, id: ProductId, barcodes: &[Barcode]) -> Result<(), NotGiven> {
    let mut sorted: Vec<&Barcode> = barcodes.iter().collect();
    sorted.sort_unstable();
    let codes: Vec<&str> = sorted.iter().map(|barcode| barcode.code.as_str()).collect();
    if let Some(taken) = taken(Conn::from(&mut *tx), id, barcodes).await? {
        return Err(NotGiven::Taken(taken));
    }
    sql::release(tx, &codes, id).await?;
    if !sorted.is_empty() {
        sql::insert(tx, id, &sorted).await?;
    }
    Ok(())
}

/// 409 with every code that another product has, or `None`.
pub(super) async fn taken(
    db: Conn<'_>,
    id: ProductId,
    barcodes: &[Barcode],
) -> sqlx::Result<Option<ApiError>> {
    if barcodes.is_empty() {
        return Ok(None);
    }
    let codes: Vec<&str> = barcodes.iter().map(|barcode| barcode.code.as_str()).collect();
    let mut owners = sql::owners(db, &codes, id).await?;
    owners.retain(|owner| !owner.is_deleted);
    let field = |code: &str| codes.iter().position(|sent| *sent == code).unwrap_or_default();
    owners.sort_unstable_by_key(|owner| field(&owner.code));
    let Some(first) = owners.first() else { return Ok(None) };
    let said = |code: &str, id| format!("Product {id} has the barcode {code}.");
    let errors = owners.iter().map(|owner| FieldError {
        field: format!("barcodes[{}].code", field(&owner.code)),
        code: ErrorCode::DuplicateBarcode.name(),
        message: said(&owner.code, owner.product_id),
    });
    let message = said(&first.code, first.product_id);
    let error = ApiError::conflict(ErrorCode::DuplicateBarcode, message)
        .with_detail("product_id", first.product_id)
        .with_detail("barcode", first.code.as_str())
        .with_errors(errors.collect());
    Ok(Some(error))
}

/// Sets the barcodes of products that were read without them.
///
/// # Errors
/// The database's.
pub(super) async fn attach(db: Conn<'_>, products: &mut [Product]) -> ApiResult<()> {
    if products.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = products.iter().map(|product| product.id.0).collect();
    let mut by_product = std::collections::HashMap::<i64, Vec<Barcode>>::new();
    for (id, barcode) in sql::of(db, &ids).await? {
        by_product.entry(id).or_default().push(barcode);
    }
    for product in products {
        product.details.barcodes = by_product.remove(&product.id.0).unwrap_or_default();
    }
    Ok(())
}
