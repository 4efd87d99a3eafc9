//! Stores (being merged).
use crate::App;
use crate::auth::Principal;
use crate::error::{ApiError, ApiResult};
use stockroom_domain::StoreId;
/// The only one.
pub async fn only_visible(_: &App, _: &Principal) -> ApiResult<StoreId> { Err(ApiError::required("store_id", "which?")) }
/// Whether.
pub async fn exists(_: &App, _: StoreId) -> ApiResult<bool> { Ok(true) }
