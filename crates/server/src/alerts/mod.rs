//! Slice: what people should know of stock: what is sold out, below its reorder point, or about to
//! expire.
//!
//! An alert is raised once when it becomes true, and cleared when it is true no more; in between,
//! people acknowledge it. Both follow from the event log: [`watch`] looks at the products that
//! events name, as they are now, and so has the same effect however often it looks. What [`judge`]
//! says is the one rule of what must be open.

pub mod http;
mod judge;
mod sql;
mod watch;

pub use judge::Kind;
pub use sql::forget_old;
pub use watch::{Pair, act, look, look_at_clock, takes};

/// The setting of the shop that says how many days before its last day a lot is about to expire.
pub const EXPIRING_DAYS: &str = "expiring_days";
/// The same where nobody has set it.
pub const EXPIRING_DAYS_DEFAULT: i64 = 14;
