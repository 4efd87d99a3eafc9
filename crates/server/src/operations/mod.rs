//! Requests that were taken on and are done later (`Prefer: respond-async`).
//!
//! [`accept`] writes a request down and answers 202; from then on it is durable. A worker
//! ([`run_all`]) has the handler of its route do it, on behalf of whoever sent it, who is looked up
//! anew: what they may not do by then is refused. Its effect has the idempotency key that the
//! caller sent, and its answer is kept under that key in the effect's own transaction; so however
//! often it is run, it has one effect and one answer, and sent again without `respond-async` it
//! gets that answer too.

pub mod http;
mod run;
mod sql;

use std::pin::Pin;

use serde_json::json;

use crate::App;
use crate::error::ApiResult;
use crate::events::{Event, Fact};
use crate::http::{Answer, Deferred, PREFERENCE_APPLIED, begin_write};

pub use http::OperationAnswer;
pub use run::{RunError, give_up, run_all};
pub use sql::forget_old;

/// The event of a request that waits to be done.
pub const QUEUED: &str = "operation.queued";

/// The event of one that is done or refused.
const FINISHED: &str = "operation.finished";

/// The queue of those that wait.
pub const QUEUE: &str = "operations";

/// What a request is answered that was taken on.
type Taken = ApiResult<Answer<OperationAnswer, 202>>;

/// Takes a request on.
pub fn accept(app: App, request: Deferred) -> Pin<Box<dyn Future<Output = Taken> + Send>> {
    Box::pin(async move {
        let once = request.once.for_taking_on();
        let mut write = begin_write(&app, &request.who, &once).await?;
        let id = sql::insert(&mut write.tx, &request, write.now).await?;
        let answer = OperationAnswer::of_new(id, request.kind, write.now);
        let data = json!({ "kind": request.kind });
        let fact = Fact::new(Event::new(QUEUED, "operation", id, &data)).after(&data);
        let answer = write.commit(&answer, [fact]).await?;
        Ok(answer
            .with_location(&format!("/api/operations/{id}"))
            .with_header(PREFERENCE_APPLIED, "respond-async"))
    })
}
