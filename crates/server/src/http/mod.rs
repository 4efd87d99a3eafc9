//! The HTTP vocabulary: what handlers take, what they answer, and how faults are told.
//!
//! A handler's signature says everything about it: `Can<R>` (who), `PathId` (path), `Asked<F>`
//! (query of a list), `Once` (idempotency key), `IfMatch`, `Body<T>` (JSON, always last); and it
//! returns `ApiResult<Answer<T>>`. All of these document themselves. [`wire`] has the values
//! inside: exact quantities and money, times, bounded text.
//!
//! Nothing here knows of products, stock or stores.

pub mod answer;
pub mod body;
pub mod client;
pub mod connections;
pub mod context;
pub mod csv;
mod decode;
pub mod deferral;
pub mod denied;
pub mod docs;
pub mod edge;
pub mod endpoint;
pub mod etag;
mod failure;
pub mod list;
pub mod once;
pub mod opening;
pub mod page;
pub mod params;
pub mod patch;
pub mod path;
pub mod prefer;
pub mod reference;
pub mod resource;
pub mod sent;
pub mod server;
pub mod socket;
pub mod sort;
mod sql;
pub mod text;
pub mod tls;
pub mod ui;
pub mod wire;

use aide::OperationInput;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use stockroom_domain::Timestamp;

pub use answer::{Answer, Created, Done, Success, consistency_token};
pub use body::Body;
pub use context::RequestContext;
pub use csv::ListAnswer;
pub use deferral::{Again, Deferred, DeferredRoutes};
pub use etag::{ETag, IfMatch};
pub use failure::ErrorAnswer;
pub use list::{Asked, List, NoFilter, Page};
pub use once::{Once, Write, begin_write, refuse_known};
pub use page::Total;
pub use params::Params;
pub use patch::{Patch, Patched};
pub use path::{PathId, Segments};
pub use prefer::{PREFERENCE_APPLIED, PreferWait};
pub use sent::Sent;
pub use socket::{Incoming, Socket, Switched, Unsent, Upgrade};
pub(crate) use sql::forget_expired_keys;
pub use text::{Email, Name, Note, Phone, Sku, Text};
pub use wire::{Day, WireMoney, WireQuantity, WireTime};

use crate::App;

impl FromRequestParts<App> for App {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(app.clone())
    }
}

impl OperationInput for App {}

/// A UUID of version 7 made at `now`: what the server makes sorts by time.
pub fn uuid_v7(now: Timestamp) -> uuid::Uuid {
    let millis = u64::try_from(now.0 / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}
