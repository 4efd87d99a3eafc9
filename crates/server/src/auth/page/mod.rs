//! `GET /setup`: the page behind the link that is printed at the first start. Three small
//! files inside the binary, no inline script or style, so that the strictest policy holds.
//!
//! The token comes in the link's fragment, which browsers never send to a server; the script
//! takes it out of the address bar and posts it once.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

use crate::App;
use crate::error::ApiResult;

/// The form, or the news that the shop is set up already.
///
/// # Errors
/// The database's.
pub async fn page(app: App) -> ApiResult<impl IntoResponse> {
    let is_set_up = app.auth.is_set_up().await?;
    let html = if is_set_up { include_str!("done.html") } else { include_str!("setup.html") };
    Ok(([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")], html))
}

/// Its looks.
pub async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("setup.css"))
}

/// Its script.
pub async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("setup.js"))
}
