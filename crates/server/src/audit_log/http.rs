//! The audit log over HTTP.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stockroom_domain::permissions::Permission;

use super::sql::{self, Row};
use crate::App;
use crate::audit::ActorKind;
use crate::auth::{Can, ReadAudit, Scope};
use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult};
use crate::http::csv::or_empty;
use crate::http::{Answer, Asked, List, ListAnswer, Page, Success, Text, Total, WireTime};

/// For the documentation.
pub const ABOUT: &str = "Every change of state with its actor, address and request, before and \
    after; also sign-ins, denied attempts, exports and the use of API keys. Whoever holds the \
    right in some stores only sees what was done in those.";

/// The most values of one filter.
const VALUES_MAX: usize = 100;

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditFilter {
    /// Only these actions, as in `product.updated`.
    pub action: Vec<Text<64>>,
    /// Only by these users; a program's key has a user's number of its own.
    pub actor_id: Vec<i64>,
    /// Only by this kind of actor.
    pub actor_kind: Option<ActorKind>,
    /// Only about this kind of thing, as in `product`.
    pub subject_kind: Option<Text<64>>,
    /// Only about the thing of this number; with `subject_kind`.
    pub subject_id: Option<i64>,
    /// Only in these stores.
    pub store_id: Vec<i64>,
    /// Only by this request.
    pub request_id: Option<Text<64>>,
    /// At this instant or later.
    pub from: Option<WireTime>,
    /// Before this instant.
    pub to: Option<WireTime>,
    /// Movements of stock too, which the ledger (`GET /api/stock/movements`) tells in full.
    pub include_movements: bool,
}

/// Who did it, as they were known then.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditActor {
    /// `user`, `key`, `database`, `system` or `nobody`.
    kind: String,
    /// The user's number; a key has one too.
    id: Option<i64>,
    /// The name; of someone who could not sign in, the name that was tried.
    name: String,
}

/// What it was done to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditSubject {
    /// What kind of thing.
    kind: String,
    /// Which one.
    id: Option<i64>,
}

/// One entry of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub struct EntryView {
    /// The entry: 1, 2, 3 … without gaps.
    id: i64,
    /// When it was committed.
    at: WireTime,
    /// Who did it.
    actor: AuditActor,
    /// From which address.
    address: Option<String>,
    /// By which request.
    request_id: Option<String>,
    /// What was done.
    action: String,
    /// To what.
    subject: AuditSubject,
    /// In which store, if in one.
    store_id: Option<i64>,
    /// What it was.
    #[schemars(with = "Option<serde_json::Value>")]
    before: Option<Box<RawValue>>,
    /// What it is since, or what else is known of it.
    #[schemars(with = "Option<serde_json::Value>")]
    after: Option<Box<RawValue>>,
}

/// One page of the audit log, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditLog {
    status: Success,
    audit_logs: Vec<EntryView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

impl From<Row> for EntryView {
    fn from(row: Row) -> Self {
        // What is no JSON is not left out: an auditor sees it as text.
        let json = |text: String| {
            RawValue::from_string(text.clone()).or_else(|_| serde_json::value::to_raw_value(&text))
        };
        Self {
            id: row.id,
            at: row.at(),
            actor: AuditActor { kind: row.actor_kind, id: row.actor_id, name: row.actor },
            address: row.address,
            request_id: row.request_id,
            action: row.action,
            subject: AuditSubject { kind: row.subject_kind, id: row.subject_id },
            store_id: row.store_id,
            before: row.before.and_then(|text| json(text).ok()),
            after: row.after.and_then(|text| json(text).ok()),
        }
    }
}

/// `GET /api/audit-logs`
pub async fn list(
    who: Can<ReadAudit>,
    app: App,
    Asked(filter, request): Asked<AuditFilter>,
) -> ApiResult<ListAnswer<AuditLog>> {
    check(&filter)?;
    // Of all stores, those that belong to none are shown as well.
    let scope = who.scope_within(Permission::ReadAudit, &filter.store_id)?;
    // What was done behind our back belongs here as well.
    crate::events::record_some_outside(&app.db, app.clock.now()).await?;
    let mut reader = app.db.read().await?;
    let ids = sql::ids_between(Conn::from(&mut reader), filter.from, filter.to).await?;
    drop(reader);
    let answer = |Page { entries, next_cursor, total }| {
        let audit_logs = entries.into_iter().map(EntryView::from).collect();
        Answer::new(&AuditLog { status: Success::Success, audit_logs, next_cursor, total })
    };
    request.answer(&app, &who, Entries { scope, filter, ids }, answer).await
}

fn check(filter: &AuditFilter) -> ApiResult<()> {
    for (field, count) in [
        ("action", filter.action.len()),
        ("actor_id", filter.actor_id.len()),
        ("store_id", filter.store_id.len()),
    ] {
        if count > VALUES_MAX {
            let message = format!("{field} may be given at most {VALUES_MAX} times.");
            return Err(ApiError::invalid(field, message));
        }
    }
    if filter.subject_id.is_some() && filter.subject_kind.is_none() {
        let message = "A number alone names nothing: say of what, as in subject_kind=product.";
        return Err(ApiError::required("subject_kind", message));
    }
    Ok(())
}

/// The entries that a caller asks for and may see.
pub(super) struct Entries {
    pub(super) scope: Scope,
    pub(super) filter: AuditFilter,
    /// Between which of them the times lie that are asked for.
    pub(super) ids: Range<i64>,
}

impl List for Entries {
    type Entry = Row;
    type Position = i64;

    const NAME: &'static str = "audit-logs";

    async fn entries(&self, db: Conn<'_>, after: Option<i64>, limit: i64) -> ApiResult<Vec<Row>> {
        Ok(sql::page(db, self, after, limit).await?)
    }

    fn position(&self, row: &Row) -> i64 {
        row.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "at",
            "actor_kind",
            "actor_id",
            "actor",
            "address",
            "request_id",
            "action",
            "subject_kind",
            "subject_id",
            "store_id",
            "before",
            "after",
            "link",
        ]
    }

    fn cells(&self, row: Row) -> Vec<String> {
        vec![
            row.id.to_string(),
            row.at().to_string(),
            row.actor_kind,
            or_empty(row.actor_id),
            row.actor,
            or_empty(row.address),
            or_empty(row.request_id),
            row.action,
            row.subject_kind,
            or_empty(row.subject_id),
            or_empty(row.store_id),
            or_empty(row.before),
            or_empty(row.after),
            row.link.as_deref().map(crate::audit::chain::hex).unwrap_or_default(),
        ]
    }
}
