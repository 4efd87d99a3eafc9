//! Opening a database from its URL, with the settings that the promises lean on.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};

use super::{Db, Leases};

/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The first SQLite whose write-ahead log is sound (3.51.3).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Where the data lies: `sqlite://path/to/file.db` or `postgres://user@host/name`.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server and a database on it.
    Postgres(Box<PgConnectOptions>),
}

/// How many connections a node opens to PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    /// For requests.
    pub requests: u32,
    /// For the ledger's writers.
    pub ledger: u32,
}

/// Why a database could not be opened. One clear line each.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is none that we understand.
    #[error(
        "the database URL {0:?} is not understood: it begins with sqlite:// or postgres://, \
         as in sqlite://data/stockroom.db or postgres://user:password@host/stockroom"
    )]
    Url(String),
    /// The file, or its folder, cannot be used.
    #[error("the database file {path} cannot be opened: {cause}")]
    File {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// Another process serves this file.
    #[error("the database file {0} is in use by another stockroom: stop that one first")]
    InUse(String),
    /// The server cannot be reached, or refused us.
    #[error("PostgreSQL at {address} cannot be used: {cause}")]
    Server {
        /// Host, port and database, without the password.
        address: String,
        /// Why.
        cause: String,
    },
    /// This binary was built with an SQLite that can corrupt a write-ahead log.
    #[error("this stockroom was built with SQLite {0}; 3.51.3 or later is needed")]
    OldSqlite(String),
}

impl FromStr for DatabaseUrl {
    type Err = ConnectError;

    fn from_str(url: &str) -> Result<Self, ConnectError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() || path.contains(['?', '\0']) {
                return Err(ConnectError::Url(url.to_owned()));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = url.parse().map_err(|_| ConnectError::Url(without_password(url)))?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        Err(ConnectError::Url(without_password(url)))
    }
}

/// A URL that may be printed.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

impl DatabaseUrl {
    /// Keeps a second process from serving the same file. The lock ends with the value.
    /// A server needs none: nodes share it.
    ///
    /// # Errors
    /// Another process holds it, or the folder cannot be written.
    pub fn lock(&self) -> Result<Option<File>, ConnectError> {
        let Self::Sqlite(path) = self else { return Ok(None) };
        make_folder(path)?;
        let lock_path = path.with_added_extension("lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(
                |cause| ConnectError::File {
                    path: lock_path.display().to_string(),
                    cause: cause.to_string(),
                },
            )?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(ConnectError::InUse(path.display().to_string())),
            Err(TryLockError::Error(cause)) => Err(file_error(path, cause)),
        }
    }
}

/// Opens the database and makes sure that it answers. A missing SQLite file is made.
///
/// # Errors
/// [`ConnectError`], each a line that says what to do.
pub async fn connect(url: &DatabaseUrl, sizes: PoolSizes) -> Result<Db, ConnectError> {
    match url {
        DatabaseUrl::Sqlite(path) => open_sqlite(path).await,
        DatabaseUrl::Postgres(options) => open_postgres(options, sizes).await,
    }
}

async fn open_sqlite(path: &Path) -> Result<Db, ConnectError> {
    make_folder(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // Without it REPLACE would slip past the append-only triggers.
        .pragma("recursive_triggers", "ON")
        // Or every page that a batch touches is copied into a file first, lest a statement fail.
        .pragma("temp_store", "MEMORY")
        // KiB, negated. Readers have a quarter of it, for there are four of them.
        .pragma("cache_size", "-65536")
        // Pages. A page that changes often is copied into the file once in 32 MiB of journal.
        .pragma("wal_autocheckpoint", "8192")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let pool = |max: u32| {
        SqlitePoolOptions::new()
            .max_connections(max)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool(1)
        .connect_with(options.clone())
        .await
        .map_err(|error| sqlite_open_error(path, &error))?;
    restrict_to_owner(path)?;
    check_sqlite_version(path, &writer).await?;
    let readers = pool(4)
        .connect_with(
            options.read_only(true).create_if_missing(false).pragma("cache_size", "-16384"),
        )
        .await
        .map_err(|error| sqlite_open_error(path, &error))?;
    Ok(Db::Sqlite { writer: Leases::new(writer), readers: Leases::new(readers) })
}

/// Signing keys and password hashes lie in the file: nobody else may read it.
fn restrict_to_owner(path: &Path) -> Result<(), ConnectError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|cause| file_error(path, cause))?;
    }
    Ok(())
}

async fn check_sqlite_version(path: &Path, pool: &SqlitePool) -> Result<(), ConnectError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(pool)
        .await
        .map_err(|error| sqlite_open_error(path, &error))?;
    let number = version.split('.').fold(0, |sum, part| sum * 1_000 + part.parse().unwrap_or(0));
    if number < SQLITE_VERSION_MIN { Err(ConnectError::OldSqlite(version)) } else { Ok(()) }
}

fn make_folder(path: &Path) -> Result<(), ConnectError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|cause| file_error(path, cause))
}

fn file_error(path: &Path, cause: std::io::Error) -> ConnectError {
    ConnectError::File { path: path.display().to_string(), cause: cause.to_string() }
}

fn sqlite_open_error(path: &Path, error: &sqlx::Error) -> ConnectError {
    let cause = match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    };
    ConnectError::File { path: path.display().to_string(), cause }
}

async fn open_postgres(options: &PgConnectOptions, sizes: PoolSizes) -> Result<Db, ConnectError> {
    let options = options
        .clone()
        .application_name("stockroom")
        // Or the triggers of the migration `audit` take each change for one from outside.
        .options([("stockroom.inside", "on")])
        .statement_cache_capacity(256)
        .disable_statement_logging();
    // A plan for any batch: keys always come in an array of unknown length.
    let requests = options.clone().options([("lock_timeout", "3s"), ("statement_timeout", "10s")]);
    let ledger = options.clone().options([
        ("lock_timeout", "1s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "1s"),
        ("plan_cache_mode", "force_generic_plan"),
        // A batch is a list of keys: a seek for each, never a pass over a table.
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("enable_seqscan", "off"),
    ]);
    let pool = |max: u32| {
        PgPoolOptions::new()
            .max_connections(max)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
    };
    let failed = |error: sqlx::Error| ConnectError::Server {
        address: format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or(options.get_username())
        ),
        cause: match error {
            sqlx::Error::Database(database) => database.message().to_owned(),
            sqlx::Error::PoolTimedOut => "it does not answer".to_owned(),
            other => other.to_string(),
        },
    };
    let pool_requests = pool(sizes.requests).connect_with(requests).await.map_err(failed)?;
    let pool_ledger = pool(sizes.ledger).connect_with(ledger).await.map_err(failed)?;
    Ok(Db::Postgres { pool: Leases::new(pool_requests), ledger: Leases::new(pool_ledger) })
}
