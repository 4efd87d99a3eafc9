//! The schema, embedded: the same numbers and names on both engines.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::Db;

/// Number, name, SQLite's text, PostgreSQL's text.
type Step = (i64, &'static str, &'static str, &'static str);

macro_rules! step {
    ($version:literal, $name:literal) => {
        (
            $version,
            $name,
            include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        )
    };
}

const STEPS: &[Step] = &[
    step!(1, "0001_shop_and_people"),
    step!(2, "0002_catalogue"),
    step!(3, "0003_ledger"),
    step!(4, "0004_events"),
    step!(5, "0005_identity"),
    step!(6, "0006_audit"),
    step!(7, "0007_people"),
    step!(8, "0008_orders"),
    step!(9, "0009_workers"),
    step!(10, "0010_user_employees"),
    step!(11, "0011_operations"),
    step!(12, "0012_alerts"),
    step!(13, "0013_notifications"),
    step!(14, "0014_order_lists"),
    step!(15, "0015_webhooks"),
    step!(16, "0016_audit_cost"),
    step!(17, "0017_relays"),
    step!(18, "0018_webhooks_behind"),
];

/// Why a database's schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database was written by a later version of Stockroom.
    #[error(
        "the database is at schema {found}, newer than this stockroom knows ({known}): \
         start it with the version of stockroom that wrote it, or a later one"
    )]
    Newer {
        /// The database's schema.
        found: i64,
        /// The newest of this binary.
        known: i64,
    },
    /// A step failed; the database is as it was before that step.
    #[error("the database's schema could not be brought up to date: {0}")]
    Step(#[from] sqlx::migrate::MigrateError),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Brings the schema up to date, one transaction a step.
///
/// # Errors
/// [`MigrateError`]; a database that is newer than this binary is refused untouched.
pub async fn migrate(db: &Db) -> Result<(), MigrateError> {
    refuse_newer(db).await?;
    match db {
        Db::Sqlite { writer, .. } => migrator(|step| step.2).run(&mut *writer.get().await?).await?,
        Db::Postgres { pool, .. } => migrator(|step| step.3).run(&mut *pool.get().await?).await?,
    }
    Ok(())
}

/// How many steps are still to be taken.
///
/// # Errors
/// [`MigrateError`]
pub async fn pending(db: &Db) -> Result<usize, MigrateError> {
    let applied = refuse_newer(db).await?;
    Ok(STEPS.iter().filter(|step| step.0 > applied).count())
}

/// The schema's number, refused if it is beyond what this binary knows.
async fn refuse_newer(db: &Db) -> Result<i64, MigrateError> {
    let found = applied(db).await?;
    let known = STEPS.last().map_or(0, |step| step.0);
    if found > known { Err(MigrateError::Newer { found, known }) } else { Ok(found) }
}

/// The number of the last step taken, 0 on an empty database.
async fn applied(db: &Db) -> sqlx::Result<i64> {
    const LAST: &str = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM _sqlx_migrations";
    match db {
        Db::Sqlite { writer, .. } => {
            let mut conn = writer.get().await?;
            let exists: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
            )
            .fetch_one(&mut *conn)
            .await?;
            if exists == 0 { Ok(0) } else { sqlx::query_scalar(LAST).fetch_one(&mut *conn).await }
        }
        Db::Postgres { pool, .. } => {
            let mut conn = pool.get().await?;
            let exists: bool =
                sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
                    .fetch_one(&mut *conn)
                    .await?;
            if exists { sqlx::query_scalar(LAST).fetch_one(&mut *conn).await } else { Ok(0) }
        }
    }
}

fn migrator(text: fn(&Step) -> &'static str) -> Migrator {
    let steps = STEPS.iter().map(|step| {
        Migration::new(
            step.0,
            Cow::Borrowed(step.1),
            MigrationType::Simple,
            sqlx::SqlSafeStr::into_sql_str(text(step)),
            false,
        )
    });
    Migrator::with_migrations(steps.collect())
}
