//! SQL of reading the audit log.

use std::ops::Range;

use stockroom_domain::Timestamp;

use super::http::{AuditFilter, Entries};
use crate::db::{Conn, Select};
use crate::http::{Text, WireTime};

/// By how much the clocks of nodes may differ: rows lie in the order of their commits, and
/// their times nearly so.
const CLOCKS_DIFFER_MAX_S: i64 = 600;

/// An entry as it is stored.
pub(super) struct Row {
    pub(super) id: i64,
    at: i64,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<i64>,
    pub(super) actor: String,
    pub(super) address: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) action: String,
    pub(super) subject_kind: String,
    pub(super) subject_id: Option<i64>,
    pub(super) store_id: Option<i64>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) link: Option<Vec<u8>>,
}
crate::from_row!(Row {
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

impl Row {
    pub(super) fn at(&self) -> WireTime {
        WireTime(Timestamp(self.at))
    }
}

/// One page of entries, newest first. Leans on the partial indexes of `audit_logs`, or on its
/// primary key where movements are asked for.
pub(super) async fn page(
    db: Conn<'_>,
    entries: &Entries,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let mut select = Select::new(
        "SELECT id, at, actor_kind, actor_id, actor, address, request_id, action, subject_kind,
                subject_id, store_id, before, after, link
         FROM audit_logs
         WHERE TRUE",
    );
    push_all(&mut select, entries);
    if let Some(before) = before {
        select.push(" AND id < ").bind(before);
    }
    select.push(" ORDER BY id DESC").limit(limit);
    select.fetch_all(db).await
}

/// All entries that are asked for, to be counted.
pub(super) fn all(entries: &Entries) -> Select {
    let mut select = Select::new("SELECT 1 FROM audit_logs WHERE TRUE");
    push_all(&mut select, entries);
    select
}

fn push_all(select: &mut Select, Entries { scope, filter, ids }: &Entries) {
    let asks_for_movements = filter.action.iter().any(|action| action.as_str() == "stock.moved");
    if !filter.include_movements && !asks_for_movements {
        select.push(" AND action <> 'stock.moved'");
    }
    scope.narrow(select, " AND store_id");
    push_filter(select, filter);
    if let Some(WireTime(from)) = filter.from {
        select.push(" AND at >= ").bind(from.0).push(" AND id >= ").bind(ids.start);
    }
    if let Some(WireTime(to)) = filter.to {
        select.push(" AND at < ").bind(to.0).push(" AND id < ").bind(ids.end);
    }
}

fn push_filter(select: &mut Select, filter: &AuditFilter) {
    select.any_of(" AND action", filter.action.iter().map(Text::as_str));
    select.any_of(" AND actor_id", filter.actor_id.iter().copied());
    if let Some(kind) = filter.actor_kind {
        select.push(" AND actor_kind = ").bind(kind.name());
    }
    if let Some(kind) = &filter.subject_kind {
        select.push(" AND subject_kind = ").bind(kind.as_str());
    }
    if let Some(id) = filter.subject_id {
        select.push(" AND subject_id = ").bind(id);
    }
    if let Some(id) = &filter.request_id {
        select.push(" AND request_id = ").bind(id.as_str());
    }
}

/// Between which entries those of a time lie, roughly: [`first_at`], and what clocks differ.
pub(super) async fn ids_between(
    mut db: Conn<'_>,
    from: Option<WireTime>,
    to: Option<WireTime>,
) -> sqlx::Result<Range<i64>> {
    let mut ids = 1..i64::MAX;
    if let Some(WireTime(from)) = from {
        ids.start = first_at(db.reborrow(), from.plus_seconds(-CLOCKS_DIFFER_MAX_S)).await?;
    }
    if let Some(WireTime(to)) = to {
        ids.end = first_at(db, to.plus_seconds(CLOCKS_DIFFER_MAX_S)).await?;
    }
    Ok(ids)
}

/// The first entry at `time` or later, roughly, for times rise with ids but for what clocks
/// differ; one behind the last where there is none. A search by halves, so that the log, most of
/// which is movements, pays for no index of times.
async fn first_at(mut db: Conn<'_>, time: Timestamp) -> sqlx::Result<i64> {
    const LAST: &str = "SELECT audit_id FROM event_head WHERE log_id = 1";
    const AT: &str = "SELECT at FROM audit_logs WHERE id >= $1 ORDER BY id LIMIT 1";
    let last: i64 = on_db!(db.reborrow(), conn => sqlx::query_scalar(LAST).fetch_one(conn).await)?;
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<i64> = on_db!(db.reborrow(), conn => {
            sqlx::query_scalar(AT).bind(middle).fetch_optional(conn).await
        })?;
        if at.is_some_and(|at| at < time.0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
