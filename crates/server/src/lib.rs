//! Stockroom: stock and orders for shops. [`App`] is the composition root.

#[macro_use]
pub mod db;
pub mod auth;
pub mod clock;
pub mod error;
