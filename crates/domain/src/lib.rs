//! The rules of a shop's stock, as plain functions over plain values.
//!
//! Nothing here does I/O, reads a clock, draws a random number or knows of a database: the
//! same input always gives the same decision. That is what lets the ledger writer decide a
//! whole batch in memory between one read and one write, and what lets property tests
//! compare the rules with a naive model. Read [`stock`] for one line against one level, then
//! [`batch`] for everything that shares a commit; [`orders`] is about what is sold to whom, and
//! [`credit`] about who owes for it.

pub mod batch;
pub mod catalog;
pub mod credit;
mod decimal;
pub mod ids;
pub mod money;
pub mod orders;
pub mod permissions;
pub mod quantity;
pub mod returns;
pub mod stock;
pub mod time;

pub use decimal::DecimalError;
pub use ids::{CustomerId, EventId, LotId, MovementId, OrderId, ProductId, StoreId, UserId};
pub use money::Money;
pub use quantity::Quantity;
pub use time::Timestamp;
