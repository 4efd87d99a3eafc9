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
