//! The catalogue: what the shop sells. One for all stores; each store has its own stock of it.
//!
//! [`product`] says what a product is and checks what is sent, [`barcodes`] whose a code is,
//! [`list`] finds products, [`view`] shows them to a caller. The stock slice comes here to
//! learn which product a SKU or a barcode means ([`resolve`]) and to name a [`lots`] entry.
//!
//! Products are never removed: movements point to them. A deleted one is hidden, refuses
//! movements and frees its SKU. It keeps its barcodes until another product claims them; a
//! restored product has those that nobody claimed.
//!
//! Nothing here reads or writes stock beyond showing and summing up what is on hand.

mod barcodes;
mod barcodes_sql;
mod changes;
pub mod http;
pub mod list;
mod list_sql;
pub mod lots;
mod lots_sql;
pub mod product;
pub mod resolve;
mod resolve_sql;
mod sql;
pub mod values;
pub mod view;

pub use resolve::{ProductRef, Resolved, require_product, resolve, resolve_all};
