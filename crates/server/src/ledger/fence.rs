//! Stock in the past: making sure that the past stays as it was read.
//!
//! A movement is stamped before it is committed, so a reader that looks at an instant just
//! gone could miss one that is still under way, and get another answer later. Therefore a
//! read as of T first raises the *fence* to T: from then on no batch that is stamped T or
//! earlier can commit, on any node and whatever its clock says, and those that could are
//! waited for, because both update the event head row. T must be 2 s old, so that honest
//! clocks never meet the fence.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use stockroom_domain::Timestamp;

use super::sql;
use crate::clock::Clock;
use crate::db::Db;
use crate::events;

/// How old an instant must be before it can be settled.
const SETTLING_S: i64 = 2;

/// Remembers how far the past is known to be settled; it never becomes unsettled.
#[derive(Clone, Debug, Default)]
pub struct Fence(Arc<AtomicI64>);

/// The instant lies in the future, of which nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the instant lies in the future")]
pub struct Future;

impl Fence {
    /// Settles the past up to `instant`: what is read as of it from now on is final. Waits
    /// where the instant is younger than 2 s.
    ///
    /// # Errors
    /// [`Future`] for an instant that is not past; the database's own errors inside.
    pub async fn settle(
        &self,
        db: &Db,
        clock: &Clock,
        instant: Timestamp,
    ) -> sqlx::Result<Result<(), Future>> {
        if instant.0 <= self.0.load(Ordering::Acquire) {
            return Ok(Ok(()));
        }
        let now = clock.now();
        if instant > now {
            // Unless another node, whose clock is ahead of this one's, has settled it.
            let mut reader = db.read().await?;
            let (_, fence) = events::head(&mut reader).await?;
            return Ok(if instant <= fence { Ok(()) } else { Err(Future) });
        }
        let wait_micros = instant.plus_seconds(SETTLING_S).0 - now.0;
        if let Ok(wait_micros @ 1..) = u64::try_from(wait_micros) {
            tokio::time::sleep(Duration::from_micros(wait_micros)).await;
        }
        let mut tx = db.begin().await?;
        let fence = sql::raise_fence(&mut tx, instant).await?;
        tx.commit().await?;
        self.0.fetch_max(fence.0, Ordering::AcqRel);
        Ok(Ok(()))
    }
}
