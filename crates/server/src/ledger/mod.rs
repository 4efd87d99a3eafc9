//! The ledger writer: many requests, one commit.
//!
//! A request hands in a [`Posting`] and waits. A writer takes whatever is waiting, with no
//! timer: while one commit runs, the next batch gathers. For the whole batch it reads the
//! levels in one statement, decides in memory (`stockroom_domain::batch`), writes and commits
//! all of it at once, if the versions are still those it has read, and only then answers. One
//! posting's refusal never touches another's.
//!
//! This is the only place where several slices share a commit, and the only one that locks
//! or writes `stock_levels`, orders and what customers owe. Lock order, everywhere: orders, then
//! customers' balances, then levels by (store, product, lot), then idempotency keys by text, then
//! the event head (that of the audit log, too), then nothing but the commit.
//!
//! Read next: [`queue`] (who is next), [`writer`] (one batch after another, and what happens
//! when the database fails), [`batch`] (one batch), [`sql`], [`write_sql`] and
//! [`write_postgres_sql`] (its statements), [`fence`] (stock in the past).

mod answer;
mod batch;
mod business_day;
pub mod document;
mod document_rows;
mod document_sql;
mod effects;
pub mod fence;
mod hold;
mod keys_sql;
mod metrics;
pub(crate) mod movements_sql;
pub mod partitions;
mod posting;
mod queue;
mod record;
mod render;
mod replay;
mod sql;
pub mod verify;
mod verify_documents;
mod verify_documents_sql;
mod verify_records;
mod verify_sql;
mod write_postgres_sql;
mod write_sql;
mod writer;

pub use answer::{Actor, LotView, MovementRow, MovementView};
pub use business_day::business_day;
pub use effects::{Effects, repeated};
pub use metrics::LedgerMetrics;
pub use posting::{Details, KeyLife, PostError, Posting, Receipt};
pub use writer::{LINES_OF_A_QUICK_POSTING_MAX, Ledger, LedgerSettings};
