//! Stores: the shops that hold stock.
//!
//! A caller sees the stores in which they hold a role; the others do not exist for them. A
//! new store belongs to nobody but those whose role holds everywhere. Stores are never
//! removed: movements point to them. A deleted one is hidden and refuses movements.
//!
//! [`store`] says what a store is and checks what is sent.

pub mod http;
mod sql;
pub mod store;

use std::collections::HashMap;

use stockroom_domain::permissions::Permission;
use stockroom_domain::{StoreId, Timestamp};

use crate::App;
use crate::auth::{Principal, Scope};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult};

/// The stores that the caller may know of. Every role reads the catalogue, where stores are.
fn visible(who: &Principal) -> Scope {
    who.scope(Permission::ReadCatalog)
}

/// The store meant by a request: the one it names, or the only one the caller can see.
///
/// # Errors
/// 400 with the field `store_id` where none is named and the caller sees none or several;
/// otherwise as [`Principal::require_store`].
pub async fn meant(
    app: &App,
    who: &Principal,
    permission: Permission,
    named: Option<i64>,
) -> ApiResult<StoreId> {
    let store = match named {
        Some(id) => StoreId(id),
        None => only_visible(app, who).await?,
    };
    who.require_store(permission, store)?;
    Ok(store)
}

async fn only_visible(app: &App, who: &Principal) -> ApiResult<StoreId> {
    let mut reader = app.db.read().await?;
    match sql::first_two(Conn::from(&mut reader), &visible(who)).await?[..] {
        [one] => Ok(StoreId(one)),
        [] => Err(ApiError::required("store_id", "There is no store that you can see.")),
        _ => Err(ApiError::required("store_id", "You can see several stores: say which.")),
    }
}

/// Whether there is such a store, not deleted.
///
/// # Errors
/// The database's.
pub async fn exists(app: &App, id: StoreId) -> ApiResult<bool> {
    let mut reader = app.db.read().await?;
    let store = sql::find(Conn::from(&mut reader), id).await?;
    Ok(store.is_some_and(|store| !store.is_deleted))
}

/// Where a store's business day begins.
#[derive(Clone, Debug)]
pub struct StoreDay {
    /// Its time zone.
    pub time_zone: String,
    /// The hour at which its business day begins.
    pub day_cut_hour: i64,
}

impl StoreDay {
    /// The date of an instant in the store's time zone.
    pub fn date(&self, instant: Timestamp) -> jiff::civil::Date {
        let at = jiff::Timestamp::from_microsecond(instant.0).unwrap_or_default();
        let zone = jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        at.to_zoned(zone).date()
    }
}

/// Where the business days of some stores begin, of those that are not deleted.
///
/// # Errors
/// The database's.
pub async fn days(app: &App, ids: &[StoreId]) -> ApiResult<HashMap<StoreId, StoreDay>> {
    let mut reader = app.db.read().await?;
    let rows = sql::days(Conn::from(&mut reader), ids).await?;
    let day = |(id, time_zone, day_cut_hour)| (StoreId(id), StoreDay { time_zone, day_cut_hour });
    Ok(rows.into_iter().map(day).collect())
}
