//! SQL of the audit log: reading it in its order, and the changes from outside. Rows are written
//! where the head row is raised, in `events/sql.rs` and `ledger/write_sql.rs`; what they bind is
//! put into columns here.

use stockroom_domain::Timestamp;

use super::Entry;
use super::chain::Hashed;
use crate::db::{Conn, Tx};

/// Rows read at once.
pub(super) const PAGE: i64 = 5_000;

/// Entries as arrays, one for each column, for PostgreSQL's UNNEST.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Kinds of actors.
    pub actor_kinds: Vec<&'static str>,
    /// Their ids.
    pub actor_ids: Vec<Option<i64>>,
    /// Their names.
    pub actors: Vec<&'a str>,
    /// Their addresses.
    pub addresses: Vec<Option<String>>,
    /// Ids of requests.
    pub request_ids: Vec<Option<&'a str>>,
    /// What was done.
    pub actions: Vec<&'static str>,
    /// To what kind of thing.
    pub subject_kinds: Vec<&'a str>,
    /// To which.
    pub subject_ids: Vec<Option<i64>>,
    /// In which store.
    pub store_ids: Vec<Option<i64>>,
    /// What it was.
    pub before: Vec<Option<&'a str>>,
    /// What it is.
    pub after: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    /// The columns of these entries.
    pub fn of(entries: &'a [Entry]) -> Self {
        fn column<'a, T>(entries: &'a [Entry], of: impl Fn(&'a Entry) -> T) -> Vec<T> {
            entries.iter().map(of).collect()
        }
        Self {
            actor_kinds: column(entries, |e| e.origin.actor.kind.name()),
            actor_ids: column(entries, |e| e.origin.actor.id),
            actors: column(entries, |e| &*e.origin.actor.name),
            addresses: column(entries, address),
            request_ids: column(entries, |e| e.origin.request_id.as_deref()),
            actions: column(entries, |e| e.action),
            subject_kinds: column(entries, |e| e.subject_kind),
            subject_ids: column(entries, |e| e.subject_id),
            store_ids: column(entries, |e| e.store.map(|store| store.0)),
            before: column(entries, |e| e.before.as_deref()),
            after: column(entries, |e| e.after.as_deref()),
        }
    }
}

fn address(entry: &Entry) -> Option<String> {
    entry.origin.address.map(|address| address.to_string())
}

/// Entries as a JSON array of rows, for SQLite's `json_each`.
pub fn rows_json(entries: &[Entry]) -> String {
    let row = |e: &Entry| {
        let actor = &e.origin.actor;
        let who = (actor.kind.name(), actor.id, actor.name.to_string(), address(e));
        let what = (e.origin.request_id.as_deref().map(str::to_owned), e.action);
        let subject = (e.subject_kind.to_string(), e.subject_id, e.store.map(|store| store.0));
        (who, what, subject, e.before.clone(), e.after.clone())
    };
    // Numbers and texts: this cannot fail.
    serde_json::to_string(&entries.iter().map(row).collect::<Vec<_>>()).unwrap_or_default()
}

/// A row as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredRow {
    pub(super) id: i64,
    at: i64,
    actor_kind: String,
    actor_id: Option<i64>,
    actor: String,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: Option<i64>,
    store_id: Option<i64>,
    before: Option<String>,
    after: Option<String>,
    pub(super) link: Option<Vec<u8>>,
}
crate::from_row!(StoredRow {
    id,
    at,
    actor_kind,
    actor_id,
    actor,
    address,
    request_id,
    action,
    subject_kind,
    subject_id,
    store_id,
    before,
    after,
    link,
});

impl StoredRow {
    pub(super) fn hashed(&self) -> Hashed<'_> {
        Hashed(
            self.at,
            &self.actor_kind,
            self.actor_id,
            &self.actor,
            self.address.as_deref(),
            self.request_id.as_deref(),
            &self.action,
            &self.subject_kind,
            self.subject_id,
            self.store_id,
            self.before.as_deref(),
            self.after.as_deref(),
        )
    }
}

/// The rows after an id, in order. Leans on the primary key.
pub(super) async fn after(db: Conn<'_>, id: i64) -> sqlx::Result<Vec<StoredRow>> {
    const SQL: &str = "SELECT id, at, actor_kind, actor_id, actor, address, request_id, action,
            subject_kind, subject_id, store_id, before, after, link
        FROM audit_logs
        WHERE id > $1
        ORDER BY id
        LIMIT CAST($2 AS BIGINT)";
    on_db!(db, conn => sqlx::query_as(SQL).bind(id).bind(PAGE).fetch_all(conn).await)
}

/// The last row's id and link, as the head knows them.
pub(super) async fn head(db: Conn<'_>) -> sqlx::Result<(i64, Vec<u8>)> {
    const SQL: &str = "SELECT audit_id, audit_link FROM event_head WHERE log_id = 1";
    on_db!(db, conn => sqlx::query_as(SQL).fetch_one(conn).await)
}

/// A change that another program made.
#[derive(Clone, Debug)]
pub(super) struct OutsideChange {
    pub(super) id: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) operation: String,
    pub(super) table_name: String,
    pub(super) row_id: Option<i64>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}
crate::from_row!(OutsideChange { id, at, actor, operation, table_name, row_id, before, after });

/// Takes at most so many of the changes from outside, oldest first. Two that do so at once get
/// different ones, or the second waits.
pub(super) async fn take_outside(tx: &mut Tx, rows_max: i64) -> sqlx::Result<Vec<OutsideChange>> {
    const SQL: &str = "DELETE FROM outside_changes
        WHERE id IN (
            SELECT id FROM outside_changes ORDER BY id LIMIT CAST($1 AS BIGINT))
        RETURNING id, at, actor, operation, table_name, row_id, before, after";
    let mut taken: Vec<OutsideChange> = on_db!(Conn::from(tx), conn => {
        sqlx::query_as(SQL).bind(rows_max).fetch_all(conn).await
    })?;
    taken.sort_unstable_by_key(|change| change.id);
    Ok(taken)
}

/// Whether anything was changed from outside that is not in the log yet.
pub(super) async fn has_outside(db: Conn<'_>) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT id FROM outside_changes LIMIT 1";
    let found: Option<i64> =
        on_db!(db, conn => sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
    Ok(found.is_some())
}

impl OutsideChange {
    pub(super) fn at(&self) -> Timestamp {
        Timestamp(self.at)
    }
}
