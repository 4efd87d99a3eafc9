//! Reading the audit log over HTTP: who did what, when, from where, before and after.
//!
//! An auditor of some stores sees what was done in those; what concerns the whole shop is seen
//! by those whose role holds in all stores. How the log is written stands in [`crate::audit`].

pub mod http;
mod sql;
