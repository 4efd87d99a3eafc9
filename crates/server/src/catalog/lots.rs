//! Lots: batches of one product with a code and, mostly, a day on which they expire.
//!
//! A movement of a product whose lots are tracked names its lot, and of any other product
//! none. That a lot is missing is noticed by the ledger; that there is one too many, here.
//!
//! A lot is made in a transaction of its own before the first movement of it: the ledger's
//! batches are for stock. One that no movement follows does no harm.

use stockroom_domain::{LotId, ProductId, Timestamp};

use super::lots_sql::{self as sql, Found};
use crate::db::{Conn, Db};
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The lot of that code. `expires_on` (`2026-01-31`), if it is given, has to be the lot's.
///
/// # Errors
/// 400 where the product's lots are not tracked; 404 for an unknown product or lot; 409
/// `invalid_state` for another day.
pub async fn find(
    db: &Db,
    product: ProductId,
    code: &str,
    expires_on: Option<&str>,
) -> ApiResult<LotId> {
    let found = look_up(db, product, code).await?;
    match found.lot() {
        Some((lot, day)) => check_day(code, day, expires_on).map(|()| lot),
        None => Err(unknown(code)),
    }
}

/// As [`find`], and makes the lot if it is not there. A lot of which no day was known takes
/// the one that is given.
///
/// # Errors
/// As [`find`], but for the unknown lot.
pub async fn find_or_create(
    db: &Db,
    now: Timestamp,
    product: ProductId,
    code: &str,
    expires_on: Option<String>,
) -> ApiResult<LotId> {
    let expires_on = expires_on.as_deref();
    let found = look_up(db, product, code).await?;
    match found.lot() {
        Some((lot, Some(day))) => return check_day(code, Some(day), expires_on).map(|()| lot),
        Some((lot, None)) if expires_on.is_none() => return Ok(lot),
        _ => {}
    }
    let mut tx = db.begin().await?;
    sql::insert(&mut tx, product, code, expires_on, now).await?;
    // Another request may have made the lot meanwhile, with another day.
    let stored = sql::find(Conn::from(&mut tx), product, code).await?;
    tx.commit().await?;
    match stored.as_ref().and_then(Found::lot) {
        Some((lot, day)) => check_day(code, day, expires_on).map(|()| lot),
        None => Err(unknown(code)),
    }
}

async fn look_up(db: &Db, product: ProductId, code: &str) -> ApiResult<Found> {
    let mut reader = db.read().await?;
    let found = sql::find(Conn::from(&mut reader), product, code).await?;
    let found = found.ok_or_else(|| ApiError::not_found("product", product.0))?;
    if found.track_lots {
        return Ok(found);
    }
    let message = "The lots of this product are not tracked: leave the lot out.";
    Err(ApiError::invalid("lot", message).with_detail("product_id", product.0))
}

fn check_day(code: &str, stored: Option<&str>, given: Option<&str>) -> ApiResult<()> {
    if given.is_none() || given == stored {
        return Ok(());
    }
    let message = match stored {
        Some(day) => format!("The lot {code} expires on {day}."),
        None => format!("No day is known on which the lot {code} expires."),
    };
    let state = ErrorCode::InvalidState;
    Err(ApiError::field(state, state.name(), "lot.expires_on", message)
        .with_detail("lot", code)
        .with_detail("expires_on", stored))
}

fn unknown(code: &str) -> ApiError {
    let message = format!("The product has no lot {code}.");
    ApiError::field(ErrorCode::NotFound, ErrorCode::NotFound.name(), "lot", message)
        .with_detail("kind", "lot")
        .with_detail("lot", code)
}
