//! Stock over HTTP: recording movements, and reading levels and the ledger, now and then.
//!
//! Handlers turn requests into lines and hand them to [`crate::ledger`], which alone decides
//! and writes. What is asked of one store lies behind the caller's scope: a store that one
//! may not see does not exist.
//!
//! [`requests`] holds what callers send; [`post`], [`many`] and `bulk` the handlers that write,
//! [`levels`] and [`movements`] those that read.

mod bulk;
pub mod levels;
pub mod many;
pub mod movements;
pub mod post;
pub mod requests;
mod sql;

use crate::App;
use crate::auth::Principal;
use crate::error::ApiResult;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Permission;

/// The store meant by a request: the one it names, or the only one the caller can see.
///
/// # Errors
/// 400 where none is named and the caller sees several; otherwise as
/// [`Principal::require_store`].
async fn store_meant(
    app: &App,
    who: &Principal,
    permission: Permission,
    named: Option<i64>,
) -> ApiResult<StoreId> {
    let store = match named {
        Some(id) => StoreId(id),
        None => crate::stores::only_visible(app, who).await?,
    };
    who.require_store(permission, store)?;
    Ok(store)
}
