//! How the system itself is doing: liveness, readiness, version, metrics.
//!
//! What an outsider may know (ready or not) is public; details and metrics need the permission
//! to operate, or come from the operator's own listener, which has no other routes.

pub mod http;
mod readiness;
mod sql;

pub use readiness::Readiness;
