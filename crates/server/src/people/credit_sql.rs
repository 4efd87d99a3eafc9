//! SQL that reads what customers owe. It is written by the ledger.

use crate::auth::Scope;
use crate::db::{Conn, Select};

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub struct EntryRow {
    pub(super) customer_id: i64,
    pub(super) version: i64,
    pub(super) kind: String,
    pub(super) amount: i64,
    pub(super) balance: i64,
    pub(super) recorded_at: i64,
    pub(super) store_id: i64,
    pub(super) order_id: Option<i64>,
    pub(super) method: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) note: Option<String>,
    pub(super) reverses: Option<i64>,
    pub(super) reversed_by: Option<i64>,
    pub(super) actor: String,
}
crate::from_row!(EntryRow {
    customer_id,
    version,
    kind,
    amount,
    balance,
    recorded_at,
    store_id,
    order_id,
    method,
    reference,
    note,
    reverses,
    reversed_by,
    actor,
});

/// The entries of a customer before a version, newest first. Leans on the primary key.
pub(super) async fn page(
    db: Conn<'_>,
    customer: i64,
    scope: &Scope,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<EntryRow>> {
    let mut select = Select::new(
        "SELECT e.customer_id, e.version, e.kind, e.amount, e.balance, e.recorded_at, e.store_id,
                e.order_id, e.method, e.reference, e.note, e.reverses,
                (SELECT u.version FROM customer_entries u
                 WHERE u.customer_id = e.customer_id AND u.reverses = e.version) AS reversed_by,
                e.actor
         FROM customer_entries e
         WHERE TRUE",
    );
    narrow(&mut select, customer, scope);
    if let Some(before) = before {
        select.push(" AND e.version < ").bind(before);
    }
    select.push(" ORDER BY e.version DESC");
    select.limit(limit);
    select.fetch_all(db).await
}

/// All entries of a customer, to be counted.
pub(super) fn all(customer: i64, scope: &Scope) -> Select {
    let mut select = Select::new("SELECT 1 FROM customer_entries e WHERE TRUE");
    narrow(&mut select, customer, scope);
    select
}

fn narrow(select: &mut Select, customer: i64, scope: &Scope) {
    select.push(" AND e.customer_id = ").bind(customer);
    scope.narrow(select, " AND e.store_id");
}
