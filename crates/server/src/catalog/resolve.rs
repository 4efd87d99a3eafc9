//! Which product is meant: by its id, its SKU or one of its barcodes.
//!
//! A barcode only identifies. That of a pack of six means the product, not six of it: every
//! quantity in the API is stated in the product's unit by whoever sends it. A till that wants
//! to count packs takes [`Resolved::pack_quantity`] and multiplies in its caller's sight.

use std::collections::HashMap;

use stockroom_domain::{ProductId, Quantity};

use super::resolve_sql as sql;
use super::values::BarcodeCode;
use crate::db::{Conn, Db};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::Sku;

/// How a request names a product.
#[derive(Clone, Debug)]
pub enum ProductRef {
    /// By its id.
    Id(i64),
    /// By its SKU, in any case.
    Sku(Sku),
    /// By one of its barcodes.
    Barcode(BarcodeCode),
}

/// A product that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Which.
    pub product_id: ProductId,
    /// How much of it the scanned pack holds; 1 unless a barcode was given.
    pub pack_quantity: Quantity,
}

impl ProductRef {
    /// The one of the three that is given; `None` where there are none or several.
    pub fn new(id: Option<i64>, sku: Option<Sku>, barcode: Option<BarcodeCode>) -> Option<Self> {
        match (id, sku, barcode) {
            (Some(id), None, None) => Some(Self::Id(id)),
            (None, Some(sku), None) => Some(Self::Sku(sku)),
            (None, None, Some(code)) => Some(Self::Barcode(code)),
            _ => None,
        }
    }

    fn unknown(&self) -> ApiError {
        let (field, value, words) = match self {
            Self::Id(id) => ("product_id", id.to_string(), "with the id"),
            Self::Sku(sku) => ("sku", sku.to_string(), "with the SKU"),
            Self::Barcode(code) => ("barcode", code.to_string(), "with the barcode"),
        };
        let message = format!("There is no product {words} {value}.");
        let code = ErrorCode::NotFound;
        ApiError::field(code, code.name(), field, message)
            .with_detail("kind", "product")
            .with_detail(field, value)
    }
}

impl Resolved {
    const fn unit(product_id: ProductId) -> Self {
        Self { product_id, pack_quantity: Quantity::units(1) }
    }
}

/// Finds the product that is meant, among those that are not deleted. An id is taken as it
/// is, without asking the database: the ledger, which reads the product anyway, judges it.
///
/// # Errors
/// 404 naming the SKU or the barcode; the database's.
pub async fn resolve(db: &Db, reference: &ProductRef) -> ApiResult<Resolved> {
    let mut found = resolve_all(db, &[reference]).await?;
    found.pop().unwrap_or_else(|| Err(reference.unknown()))
}

/// As [`resolve`], for many at once: at most one statement for the SKUs and one for the
/// barcodes. The answers stand in the order of the references.
///
/// # Errors
/// The database's. A product that is not there is an answer.
pub async fn resolve_all(
    db: &Db,
    references: &[&ProductRef],
) -> ApiResult<Vec<ApiResult<Resolved>>> {
    let mut sku_keys: Vec<String> = Vec::new();
    let mut codes: Vec<&str> = Vec::new();
    for reference in references {
        match reference {
            ProductRef::Id(_) => {}
            ProductRef::Sku(sku) => sku_keys.push(sku.key()),
            ProductRef::Barcode(code) => codes.push(code.as_str()),
        }
    }
    let (by_sku, by_barcode) = find(db, &mut sku_keys, &mut codes).await?;
    let resolved = |reference: &&ProductRef| {
        let found = match reference {
            ProductRef::Id(id) => Some(Resolved::unit(ProductId(*id))),
            ProductRef::Sku(sku) => by_sku.get(&sku.key()).copied(),
            ProductRef::Barcode(code) => by_barcode.get(code.as_str()).copied(),
        };
        found.ok_or_else(|| reference.unknown())
    };
    Ok(references.iter().map(resolved).collect())
}

type Found = HashMap<String, Resolved>;

async fn find(
    db: &Db,
    sku_keys: &mut Vec<String>,
    codes: &mut Vec<&str>,
) -> ApiResult<(Found, Found)> {
    if sku_keys.is_empty() && codes.is_empty() {
        return Ok((Found::new(), Found::new()));
    }
    sku_keys.sort_unstable();
    sku_keys.dedup();
    codes.sort_unstable();
    codes.dedup();
    let mut reader = db.read().await?;
    let by_sku = match sku_keys.is_empty() {
        true => Vec::new(),
        false => sql::by_sku(Conn::from(&mut reader), sku_keys).await?,
    };
    let by_barcode = match codes.is_empty() {
        true => Vec::new(),
        false => sql::by_barcode(Conn::from(&mut reader), codes).await?,
    };
    let sku = |(key, id)| (key, Resolved::unit(ProductId(id)));
    let barcode = |(code, id, pack)| {
        let pack_quantity = Quantity::from_thousandths(pack);
        (code, Resolved { product_id: ProductId(id), pack_quantity })
    };
    Ok((by_sku.into_iter().map(sku).collect(), by_barcode.into_iter().map(barcode).collect()))
}

/// Demands a product that is not deleted.
///
/// # Errors
/// 404; the database's.
pub async fn require_product(db: &Db, id: ProductId) -> ApiResult<()> {
    let mut reader = db.read().await?;
    if sql::exists(Conn::from(&mut reader), id).await? {
        Ok(())
    } else {
        Err(ApiError::not_found("product", id.0))
    }
}
