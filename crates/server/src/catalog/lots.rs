//! Lots: batches of one product with a code and, mostly, a day on which they expire.
//!
//! A movement of a product whose lots are tracked names its lot, and of any other product
//! none. That a lot is missing is noticed by the ledger; that there is one too many, here.
//!
//! A lot is made in a transaction of its own before the first movement of it: the ledger's
//! batches are for stock. One that no movement follows does no harm.

use serde_json::json;
use stockroom_domain::{LotId, ProductId, Timestamp};

use super::lots_sql::{self as sql, Found};
use crate::audit::Origin;
use crate::db::{Conn, Db};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::events::{self, Event, Fact};

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
    origin: Origin,
    product: ProductId,
    (code, expires_on): (&str, Option<&str>),
) -> ApiResult<LotId> {
    let found = look_up(db, product, code).await?;
    match found.lot() {
        Some((lot, Some(day))) => return check_day(code, Some(day), expires_on).map(|()| lot),
        Some((lot, None)) if expires_on.is_none() => return Ok(lot),
        _ => {}
    }
    let mut tx = db.begin().await?;
    // Another request may make the lot meanwhile, with another day.
    sql::lock_product(&mut tx, product).await?;
    let before = sql::find(Conn::from(&mut tx), product, code).await?;
    sql::insert(&mut tx, product, code, expires_on, now).await?;
    let after = sql::find(Conn::from(&mut tx), product, code).await?;
    let before = before.as_ref().and_then(Found::lot);
    let after = after.as_ref().and_then(Found::lot);
    let Some((lot, day)) = after else {
        tx.rollback().await?;
        return Err(unknown(code));
    };
    if before == after {
        tx.rollback().await?;
    } else {
        let (event, entry) = made(lot, product, code, before, day).told_and_recorded(origin);
        events::append(tx, now, &[event], &[entry]).await?;
    }
    check_day(code, day, expires_on).map(|()| lot)
}

/// A lot is new, or its day has become known.
fn made(
    lot: LotId,
    product: ProductId,
    code: &str,
    before: Option<(LotId, Option<&str>)>,
    day: Option<&str>,
) -> Fact {
    let record = |expires_on: Option<&str>| {
        let product_id = product;
        json!({ "id": lot, "product_id": product_id, "code": code, "expires_on": expires_on })
    };
    let kind = if before.is_some() { "lot.updated" } else { "lot.created" };
    let fact = Fact::new(Event::new(kind, "lot", lot.0, &record(day))).after(&record(day));
    match before {
        Some((_, day)) => fact.before(&record(day)),
        None => fact,
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
