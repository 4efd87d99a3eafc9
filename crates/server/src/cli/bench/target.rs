//! The database that is measured: one that the bench may fill and empty, and nobody's shop.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sqlx::{Connection, PgConnection};

use super::{Engine, sql};
use crate::db::{self, DatabaseUrl, Db, PoolSizes};

/// Connections of the bench itself, beside the server's and the yardsticks'.
const POOL: PoolSizes = PoolSizes { requests: 2, ledger: 1 };

/// A database for measuring.
#[derive(Debug)]
pub struct Target {
    /// As the server and `verify` are given it.
    pub url: String,
    /// As this process opens it.
    pub parsed: DatabaseUrl,
    /// Which engine it is.
    pub engine: Engine,
}

impl Target {
    /// The database of this URL; without one a temporary SQLite file in `folder`.
    ///
    /// # Errors
    /// The URL is not understood, or a shop lives there.
    pub async fn open(url: Option<&str>, folder: &Path) -> Result<Self> {
        let url = match url {
            None => format!("sqlite://{}", folder.join("bench.db").display()),
            // The server runs in another folder.
            Some(url) => match url.strip_prefix("sqlite://") {
                Some(path) => format!("sqlite://{}", std::path::absolute(path)?.display()),
                None => url.to_owned(),
            },
        };
        let parsed: DatabaseUrl = url.parse()?;
        let engine = match parsed {
            DatabaseUrl::Sqlite(_) => Engine::Sqlite,
            DatabaseUrl::Postgres(_) => Engine::Postgres,
        };
        let target = Self { url, parsed, engine };
        target.refuse_a_shop().await?;
        Ok(target)
    }

    /// A connection of this process.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn connect(&self) -> Result<Db> {
        Ok(db::connect(&self.parsed, POOL).await?)
    }

    /// Someone's data must never be taken for the bench's.
    async fn refuse_a_shop(&self) -> Result<()> {
        if let DatabaseUrl::Sqlite(path) = &self.parsed
            && !path.exists()
        {
            return Ok(());
        }
        let db = self.connect().await?;
        let tables = sql::tables(&db).await?;
        let is_ours = tables.iter().any(|table| table == "settings")
            && (sql::owner(&db).await?.is_some() || sql::inhabitants(&db).await? == 0);
        db.close().await;
        ensure!(
            tables.is_empty() || is_ours,
            "this database holds data that the bench did not make, and the bench empties what \
             it measures: give it a database of its own"
        );
        Ok(())
    }

    /// Leaves an empty, migrated database that is marked as the bench's.
    ///
    /// # Errors
    /// It cannot be emptied.
    pub async fn reset(&self) -> Result<Db> {
        // Nobody may be serving the file that is about to vanish.
        let _lock = self.parsed.lock()?;
        match &self.parsed {
            DatabaseUrl::Sqlite(path) => remove_sqlite(path)?,
            DatabaseUrl::Postgres(options) => {
                let mut conn = PgConnection::connect_with(options).await?;
                sql::empty_postgres(&mut conn).await.context("the database cannot be emptied")?;
                conn.close().await?;
            }
        }
        let db = self.connect().await?;
        db::migrate(&db).await?;
        sql::claim(&db, "made by `stockroom bench`").await?;
        Ok(db)
    }

    /// Where the SQLite yardsticks live: a second file beside the first.
    ///
    /// # Errors
    /// This is not SQLite.
    pub fn yardstick_file(&self) -> Result<PathBuf> {
        match &self.parsed {
            DatabaseUrl::Sqlite(path) => Ok(beside(path, ".yardstick")),
            DatabaseUrl::Postgres(_) => bail!("PostgreSQL's yardsticks have a schema, no file"),
        }
    }
}

/// Removes a database file with all that SQLite keeps beside it.
///
/// # Errors
/// A file cannot be removed.
pub fn remove_sqlite(path: &Path) -> Result<()> {
    for end in ["", "-wal", "-shm"] {
        let file = beside(path, end);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(format!("{} cannot be removed", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A file beside another, told apart by the end of its name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
