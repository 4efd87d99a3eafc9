//! `GET /api/ws`: opens a socket. Who it is they say in their first message.

use super::session::{self, Caller};
use crate::App;
use crate::auth::Anyone;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::{RequestContext, Switched, Upgrade};

/// For the documentation.
pub const ABOUT: &str = "The first message says who it is: \
    `{\"type\":\"auth\",\"token\":\"…\",\"since\":null,\"topics\":[\"stock\",\"orders\"]}`. \
    Then `ready`, and an `event` for each thing that happens and that the caller may read. Goes on \
    without a gap behind the last `cursor`, or says `resync`.";

/// `GET /api/ws`
pub async fn open(
    _: Anyone,
    app: App,
    context: RequestContext,
    upgrade: Upgrade,
) -> ApiResult<Switched> {
    if app.is_draining() {
        return Err(ApiError::unavailable("This node stops. Try another, or again shortly."));
    }
    let place = app.live.place().ok_or_else(|| {
        let message = "Too many WebSockets are open here. Try another node, or again later.";
        ApiError::new(ErrorCode::Overloaded, message).with_retry_after_s(10)
    })?;
    let is_from_here = upgrade.is_from_here();
    Ok(upgrade.open(move |socket| async move {
        session::run(Caller { app, context, is_from_here }, socket).await;
        drop(place);
    }))
}
