//! Whether requests should come here.

use stockroom_domain::Timestamp;
use tokio::sync::Mutex;

use super::sql;
use crate::App;
use crate::auth::tokens::locked_out;
use crate::error::{ApiError, ApiResult};

/// For how long an answer is believed: anyone may ask, as often as they like.
const AGE_MAX_US: i64 = 1_000_000;

/// What was found out last, and when. Held while it is found out, once for all who wait.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Timestamp, Found)>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Ready,
    NoDatabase,
    NoKeys,
}

impl Readiness {
    /// Whether this node can work.
    ///
    /// # Errors
    /// 503 with what is missing.
    pub async fn check(&self, app: &App) -> ApiResult<()> {
        if app.is_draining() {
            return Err(ApiError::unavailable("This node is stopping."));
        }
        match self.found(app).await {
            Found::Ready => Ok(()),
            Found::NoDatabase => Err(ApiError::unavailable("The database does not answer.")),
            Found::NoKeys => Err(locked_out()),
        }
    }

    async fn found(&self, app: &App) -> Found {
        let mut known = self.0.lock().await;
        let now = app.clock.now();
        if let Some((at, found)) = *known
            && (0..AGE_MAX_US).contains(&(now.0 - at.0))
        {
            return found;
        }
        let found = find_out(app).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "this node is not ready");
            Found::NoDatabase
        });
        *known = Some((now, found));
        found
    }
}

async fn find_out(app: &App) -> ApiResult<Found> {
    let mut reader = app.db.read().await?;
    sql::ping(&mut reader).await?;
    drop(reader);
    let is_locked_out = app.auth.tokens.keyring().is_locked_out(&app.db, &app.clock).await?;
    Ok(if is_locked_out { Found::NoKeys } else { Found::Ready })
}
