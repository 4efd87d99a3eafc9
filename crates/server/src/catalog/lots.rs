//! Lots (being merged).
use crate::db::Db;
use crate::error::{ApiError, ApiResult};
use stockroom_domain::{LotId, ProductId, Timestamp};
/// Finds.
pub async fn find(_: &Db, _: ProductId, _: &str, _: Option<&str>) -> ApiResult<LotId> { Err(ApiError::not_found("lot", 0)) }
/// Finds or makes.
pub async fn find_or_create(_: &Db, _: Timestamp, _: ProductId, _: &str, _: Option<String>) -> ApiResult<LotId> { Err(ApiError::not_found("lot", 0)) }
