//! What was changed behind Stockroom's back: by psql, the sqlite3 shell, or a script.
//!
//! Triggers on the catalogue, stores, people, orders and settings write such a change into the
//! table `outside_changes`, in the transaction that makes it. They do not touch the head of the
//! log, since a forgotten session of psql would then stop every store. Stockroom moves these rows
//! into the log: every few seconds, before the log is read, and before it is verified.

use serde_json::{Value, json};

use super::sql::{self, OutsideChange};
use super::{Actor, ActorKind, Entry, Origin};
use crate::clock::Rfc3339;
use crate::db::{Conn, Db, Tx};

/// Rows taken in one transaction.
pub const ROWS_MAX: i64 = 500;

/// Whether anything waits.
///
/// # Errors
/// The database did not answer.
pub async fn is_waiting(db: &Db) -> sqlx::Result<bool> {
    sql::has_outside(Conn::from(&mut db.read().await?)).await
}

/// Takes what waits, up to [`ROWS_MAX`], as entries to be appended in the same transaction.
///
/// # Errors
/// The database did not answer.
pub async fn take(tx: &mut Tx) -> sqlx::Result<Vec<Entry>> {
    let taken = sql::take_outside(tx, ROWS_MAX).await?;
    Ok(taken.into_iter().map(entry).collect())
}

fn entry(change: OutsideChange) -> Entry {
    let action = match change.operation.as_str() {
        "insert" => "database.insert",
        "delete" => "database.delete",
        "truncate" => "database.truncate",
        _ => "database.update",
    };
    let actor = Actor { kind: ActorKind::Database, id: None, name: change.actor.as_str().into() };
    let origin = Origin { actor, address: None, request_id: None };
    // When it was really done; the row's own time is that of its commit, as with every other.
    let at = json!(Rfc3339(change.at()));
    let row = |text: Option<&str>| -> Value {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
    };
    let store_id = store(&change.table_name, &row(change.after.as_deref()), change.row_id)
        .or_else(|| store(&change.table_name, &row(change.before.as_deref()), change.row_id));
    let table = change.table_name;
    let after = json!({ "changed_at": at, "table": table, "row": row(change.after.as_deref()) });
    let before = change.before.as_deref().map(|text| json!({ "row": row(Some(text)) }));
    let entry = Entry::new(origin, action, subject_kind(&table), change.row_id)
        .in_store(store_id.map(stockroom_domain::StoreId))
        .after(&after);
    match before {
        Some(before) => entry.before(&before),
        None => entry,
    }
}

/// What a row of a table is about: as Stockroom's own entries name it, so that whoever asks for
/// the history of a product finds all of it.
fn subject_kind(table: &str) -> &'static str {
    match table {
        "api_keys" => "api_key",
        "customer_balances" | "customers" => "customer",
        "employees" => "employee",
        "lots" => "lot",
        "orders" => "order",
        "product_barcodes" | "products" | "stock_settings" | "supplier_products" => "product",
        "refresh_tokens" | "sessions" => "session",
        "saved_views" => "view",
        "settings" => "settings",
        "signing_keys" => "keys",
        "stores" => "store",
        "suppliers" => "supplier",
        "user_preferences" | "user_roles" | "users" => "user",
        "webhook_secrets" => "webhook_secret",
        "webhooks" => "webhook",
        _ => "table",
    }
}

/// The store that a row of a table belongs to, if it belongs to one.
fn store(table: &str, row: &Value, row_id: Option<i64>) -> Option<i64> {
    match table {
        "stores" => row_id,
        "orders" | "stock_settings" => row["store_id"].as_i64(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_every_watched_table_is_about_something() {
        let mut tables = Vec::new();
        for migration in [
            include_str!("../../migrations/postgres/0006_audit.sql"),
            include_str!("../../migrations/postgres/0007_people.sql"),
            include_str!("../../migrations/postgres/0014_order_lists.sql"),
            include_str!("../../migrations/postgres/0015_webhooks.sql"),
        ] {
            let list = migration.split_once("unnest(ARRAY[").expect("the list").1;
            let list = list.split_once("])").expect("its end").0;
            tables.extend(list.split(',').map(|name| name.trim().trim_matches('\'')));
        }
        assert!(tables.len() > 19, "{tables:?}");
        for table in tables {
            assert_ne!(subject_kind(table), "table", "{table}");
        }
    }
}
