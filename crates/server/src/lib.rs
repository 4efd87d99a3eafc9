//! Stockroom: stock and orders for shops. [`App`] is the composition root.

#[macro_use]
pub mod db;
pub mod clock;
pub mod cli {
    //! The commands of the `stockroom` binary.
    pub mod bench;
}
pub mod error;
pub mod events;
pub mod ledger;
