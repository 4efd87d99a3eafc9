//! Slice: the shop's settings, the same for all of its stores.

pub mod http;
mod sql;

use crate::App;
use crate::error::ApiResult;

/// Whether people may make accounts for themselves.
///
/// # Errors
/// The database's.
pub async fn is_registration_open(app: &App) -> ApiResult<bool> {
    let settings = http::read(app).await?;
    Ok(settings.registration == http::Registration::Open)
}
