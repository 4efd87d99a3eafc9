//! Slice: the shop's settings, the same for all of its stores.

pub mod http;
mod sql;
