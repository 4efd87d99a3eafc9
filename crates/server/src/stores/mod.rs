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

use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

use crate::App;
use crate::auth::{Principal, Scope};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult};

/// The stores that the caller may know of. Every role reads the catalogue, where stores are.
fn visible(who: &Principal) -> Scope {
    who.scope(Permission::ReadCatalog)
}

/// The store meant by a request that names none: the only one that the caller can see.
///
/// # Errors
/// 400 with the field `store_id` where they see none or several; the database's.
pub async fn only_visible(app: &App, who: &Principal) -> ApiResult<StoreId> {
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
