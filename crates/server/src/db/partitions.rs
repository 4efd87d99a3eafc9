//! Making partitions ahead of time, without stopping those who write.

use sqlx::{AssertSqlSafe, Postgres};

use super::{Leases, Open};

/// Makes the partition `name` of `parent` for `from ≤ column < to`, unless it exists.
///
/// The table is made and constrained first and attached last: attaching takes a weaker lock
/// than `CREATE TABLE … PARTITION OF`, so writers go on. Nodes that do this at the same time
/// take turns.
///
/// # Errors
/// The database did not answer, or refused.
pub async fn attach_partition(
    pool: &Leases<Postgres>,
    parent: &str,
    name: &str,
    column: &str,
    from: i64,
    to: i64,
) -> sqlx::Result<()> {
    let mut tx = Open::begin(pool.get().await?).await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('stockroom partitions'))")
        .execute(&mut *tx)
        .await?;
    let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(name)
        .fetch_one(&mut *tx)
        .await?;
    if exists {
        return tx.rollback().await;
    }
    // Names and bounds are ours, never a caller's.
    let statements = [
        format!(
            "CREATE TABLE {name} \
             (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
        ),
        format!(
            "ALTER TABLE {name} ADD CONSTRAINT {name}_bounds \
             CHECK ({column} >= {from} AND {column} < {to})"
        ),
        format!("ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"),
        format!("ALTER TABLE {name} DROP CONSTRAINT {name}_bounds"),
        format!(
            "CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        ),
    ];
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    tx.commit().await
}
