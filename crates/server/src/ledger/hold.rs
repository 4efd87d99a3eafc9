//! What a batch holds while it decides.

use sqlx::Postgres;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::sql::Locking;
use crate::db::{Conn, Db, Lease, Tx};

/// The connection of a batch, and with it whatever keeps others away meanwhile.
#[derive(Debug)]
pub(super) enum Hold {
    /// One transaction, with the right to write (SQLite) or with locked rows (PostgreSQL).
    Transaction(Tx),
    /// Nothing: every statement is a transaction of its own. The batch is written by a single
    /// one, which has no effect unless all is as it was read.
    Nothing(Lease<Postgres>),
}

/// Where a batch failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    /// Before its commit: nothing has happened.
    #[error(transparent)]
    Before(sqlx::Error),
    /// During its commit: it may have happened.
    #[error(transparent)]
    During(sqlx::Error),
}

impl Hold {
    /// Begins.
    pub(super) async fn take(db: &Db, locking: Locking) -> sqlx::Result<Self> {
        match (db, locking) {
            (Db::Postgres { ledger, .. }, Locking::Optimistic) => {
                ledger.get().await.map(Self::Nothing)
            }
            _ => db.begin_ledger().await.map(Self::Transaction),
        }
    }

    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Transaction(tx) => Conn::from(tx),
            Self::Nothing(lease) => Conn::Postgres(lease),
        }
    }

    /// What an error of the statement that writes the batch says about the commit. A mere
    /// ERROR of PostgreSQL undoes the statement; all worse ends the connection.
    pub(super) fn failed_to_write(&self, error: sqlx::Error) -> CommitError {
        let database = error.as_database_error();
        let severity = database
            .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
            .map(PgDatabaseError::severity);
        match (self, severity) {
            (Self::Transaction(_), _) | (_, Some(PgSeverity::Error)) => CommitError::Before(error),
            (Self::Nothing(_), _) => CommitError::During(error),
        }
    }

    /// Makes what was written durable, where the statement itself has not done so.
    pub(super) async fn commit(self) -> Result<(), CommitError> {
        match self {
            Self::Transaction(tx) => tx.commit().await.map_err(CommitError::During),
            Self::Nothing(_) => Ok(()),
        }
    }

    /// Ends without an effect. What [`Hold::Nothing`] has tried to write, if anything, has
    /// already been undone.
    pub(super) async fn release(self) -> Result<(), CommitError> {
        match self {
            Self::Transaction(tx) => tx.rollback().await.map_err(CommitError::Before),
            Self::Nothing(_) => Ok(()),
        }
    }
}
