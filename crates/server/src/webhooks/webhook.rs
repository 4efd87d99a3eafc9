//! What a webhook is, and what may be sent to make or change one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::Timestamp;

use super::sql;
use super::target::Target;
use crate::App;
use crate::db::{Conn, Select, Tx};
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::events::kinds;
use crate::facts;
use crate::http::csv::or_empty;
use crate::http::resource::{Facts, Resource};
use crate::http::{ETag, List, Patched, Sent, Success, Text, Total, WireTime, Write};

/// What a webhook is called.
type WebhookName = Text<100>;
/// A URL, before it is taken apart.
type UrlText = Text<2_000>;
/// `order.confirmed`, or `order.*`.
type EventType = Text<64>;

/// Webhooks that there may be: each event is held against all of them.
const WEBHOOKS_MAX: i64 = 100;
const EVENT_TYPES_MAX: usize = 50;
const STORES_MAX: usize = 500;

/// Why a webhook is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PauseReason {
    /// Someone has paused it.
    ByHand,
    /// The receiver has answered 410: it wants no more.
    Gone,
    /// Nothing has arrived for days.
    Failing,
    /// More waits for it than is kept.
    Behind,
}

impl PauseReason {
    /// As it is stored and answered.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Gone => "gone",
            Self::Failing => "failing",
            Self::Behind => "behind",
        }
    }

    /// The reason of that name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::ByHand, Self::Gone, Self::Failing, Self::Behind];
        all.into_iter().find(|reason| reason.name() == name)
    }
}

/// A webhook as it is stored.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub(super) id: i64,
    pub(super) details: Details,
    pub(super) pause_reason: Option<PauseReason>,
    /// Events up to here are not for it.
    pub(super) after_event_id: i64,
    /// Since when every attempt has failed.
    pub(super) failing_since: Option<i64>,
    pub(super) is_deleted: bool,
    pub(super) version: i64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What people decide about a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub(super) name: String,
    pub(super) url: String,
    /// None stands for all.
    pub(super) event_types: Vec<String>,
    /// None stands for all.
    pub(super) store_ids: Vec<i64>,
    pub(super) is_active: bool,
}

/// A webhook, without its secret.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub struct WebhookView {
    /// Which.
    id: i64,
    /// What it is called.
    name: String,
    /// Where events are sent to.
    url: String,
    /// Of which types, as `order.confirmed` or `order.*`; empty: of all.
    event_types: Vec<String>,
    /// Of which stores; empty: of all, and those of the shop as a whole.
    store_ids: Vec<i64>,
    /// Whether it is told of events now.
    is_active: bool,
    /// Why not: `by_hand`; `gone`, the receiver has answered 410; `failing`, nothing has arrived
    /// for five days; `behind`, over 100,000 deliveries wait.
    pause_reason: Option<PauseReason>,
    /// Since when every attempt has failed, if the last one has.
    failing_since: Option<WireTime>,
    /// Hidden, and told of nothing any more.
    is_deleted: bool,
    /// Rises by one with each change.
    version: i64,
    /// When it was made.
    created_at: WireTime,
    /// When it was changed last.
    updated_at: WireTime,
}

/// One webhook.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WebhookAnswer {
    pub(super) status: Success,
    pub(super) webhook: WebhookView,
}

/// One page of webhooks, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WebhookList {
    pub(super) status: Success,
    pub(super) webhooks: Vec<WebhookView>,
    /// Where the next page begins, if there is one.
    pub(super) next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<Total>,
}

/// Which webhooks.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookFilter {
    /// Deleted ones too.
    pub include_deleted: bool,
}

/// A webhook, to be made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "url"]), example = example())]
pub struct WebhookInput {
    /// What it is called.
    name: Sent<WebhookName>,
    /// Where events are sent to: `https`, a public address.
    pub(super) url: Sent<UrlText>,
    /// Of which types: `order.confirmed` by its name, `order.*` for all that begin so. All, where
    /// it is left out or empty.
    #[schemars(with = "Option<Vec<EventType>>")]
    event_types: Sent<Vec<EventType>>,
    /// Of which stores. All, where it is left out or empty, and then what concerns no single store
    /// as well.
    #[schemars(with = "Option<Vec<i64>>")]
    store_ids: Sent<Vec<i64>>,
    /// Whether it is told of events. What happens while it is not, it is never told.
    #[schemars(with = "Option<bool>")]
    is_active: Sent<bool>,
}

fn example() -> Value {
    json!({
        "name": "Web shop",
        "url": "https://hooks.example.com/stockroom",
        "event_types": ["order.*", "stock.moved"],
        "store_ids": [1],
    })
}

impl Patched for WebhookInput {
    const SCHEMA: &'static str = "WebhookPatch";

    fn example() -> Value {
        json!({ "is_active": false })
    }
}

impl WebhookInput {
    /// Checks everything that can be known without the database and the network.
    pub(super) fn check(&self) -> ApiResult<Details> {
        let mut faults = Faults::new();
        let name = self.name.required("name", &mut faults).map(Text::into_string);
        let url = self.url.required("url", &mut faults).map(Text::into_string);
        if let Some(Err(why)) = url.as_deref().map(Target::parse) {
            faults.add("url", why);
        }
        let types = self.event_types.optional("event_types", &mut faults).unwrap_or_default();
        let mut event_types: Vec<String> = types.into_iter().map(Text::into_string).collect();
        if event_types.len() > EVENT_TYPES_MAX {
            faults.add("event_types", format!("At most {EVENT_TYPES_MAX} types are allowed."));
        }
        for (index, text) in event_types.iter().enumerate().filter(|(_, text)| !kinds::has(text)) {
            let message = format!(
                "{text:?} is none of the types of events, as order.confirmed and order.* are."
            );
            faults.add(format!("event_types[{index}]"), message);
        }
        let mut store_ids = self.store_ids.optional("store_ids", &mut faults).unwrap_or_default();
        if store_ids.len() > STORES_MAX {
            faults.add("store_ids", format!("At most {STORES_MAX} stores can be named."));
        }
        let is_active = self.is_active.optional("is_active", &mut faults).unwrap_or(true);
        faults.into_result()?;
        event_types.sort();
        event_types.dedup();
        store_ids.sort_unstable();
        store_ids.dedup();
        let (name, url) = (name.unwrap_or_default(), url.unwrap_or_default());
        Ok(Details { name, url, event_types, store_ids, is_active })
    }

    /// The fields that were sent, and the others as they are stored.
    pub(super) fn over(self, stored: &Details) -> ApiResult<Self> {
        Ok(Self {
            name: self.name.or(Sent::of(&stored.name)?),
            url: self.url.or(Sent::of(&stored.url)?),
            event_types: self.event_types.or(Sent::of(&stored.event_types)?),
            store_ids: self.store_ids.or(Sent::of(&stored.store_ids)?),
            is_active: self.is_active.or(Sent::of(&stored.is_active)?),
        })
    }
}

/// Refuses a URL that leads where webhooks may not. Asks the network, so it comes before the
/// transaction.
pub(super) async fn check_reach(app: &App, url: &str) -> ApiResult<()> {
    let Ok(target) = Target::parse(url) else { return Ok(()) };
    let checked = target.check(&app.webhooks.networks).await;
    checked.map_err(|why| ApiError::invalid("url", why))
}

impl Webhook {
    /// Its tag. It names the failures too, which come without a new version.
    pub(super) fn tag(&self) -> String {
        ETag(self.version).with_state(self.failing_since.unwrap_or(0))
    }

    /// Whether it is told of an event of that type.
    pub(super) fn asks_for_type(&self, kind: &str) -> bool {
        let types = &self.details.event_types;
        let is_it = |asked: &String| match asked.strip_suffix('*') {
            Some(beginning) => kind.starts_with(beginning),
            None => kind == asked,
        };
        types.is_empty() || types.iter().any(is_it)
    }

    /// Refuses what cannot be done while it is told nothing.
    pub(super) fn require_active(&self) -> ApiResult<()> {
        self.require_kept()?;
        let Some(reason) = self.pause_reason else { return Ok(()) };
        let message = "This webhook is paused: set is_active to true first.";
        Err(ApiError::conflict(ErrorCode::InvalidState, message)
            .with_detail("webhook_id", self.id)
            .with_detail("pause_reason", reason.name()))
    }

    /// Refuses what cannot be done to one that was deleted.
    pub(super) fn require_kept(&self) -> ApiResult<()> {
        if !self.is_deleted {
            return Ok(());
        }
        let message = "This webhook is deleted: make a new one.";
        Err(ApiError::conflict(ErrorCode::InvalidState, message).with_detail("webhook_id", self.id))
    }
}

impl Resource for Webhook {
    type Details = Details;
    type View = WebhookView;
    type Answer = WebhookAnswer;

    const KIND: &'static str = "webhook";
    const FACTS: Facts = facts!("webhook");
    const PATH: &'static str = "/api/webhooks";
    const IS_RESTORABLE: bool = false;

    fn id(&self) -> i64 {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    fn details(&self) -> &Details {
        &self.details
    }

    fn view(self) -> WebhookView {
        let details = self.details;
        WebhookView {
            id: self.id,
            name: details.name,
            url: details.url,
            event_types: details.event_types,
            store_ids: details.store_ids,
            is_active: details.is_active,
            pause_reason: self.pause_reason,
            failing_since: self.failing_since.map(|at| WireTime(Timestamp(at))),
            is_deleted: self.is_deleted,
            version: self.version,
            created_at: WireTime(self.created_at),
            updated_at: WireTime(self.updated_at),
        }
    }

    fn answer(webhook: WebhookView) -> WebhookAnswer {
        WebhookAnswer { status: Success::Success, webhook }
    }

    async fn find(db: Conn<'_>, id: i64) -> sqlx::Result<Option<Self>> {
        sql::find(db, id).await
    }

    async fn lock(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Self>> {
        sql::lock(tx, id).await
    }

    async fn insert(write: &mut Write, details: &Details) -> ApiResult<i64> {
        check_stores(&mut write.tx, &details.store_ids).await?;
        if sql::count(&mut write.tx, WEBHOOKS_MAX).await? >= WEBHOOKS_MAX {
            let message = format!("There are {WEBHOOKS_MAX} webhooks: delete one that is over.");
            return Err(ApiError::conflict(ErrorCode::InvalidState, message)
                .with_detail("webhooks_max", WEBHOOKS_MAX));
        }
        Ok(sql::insert(&mut write.tx, details, write.now).await?)
    }

    async fn update(write: &mut Write, stored: &Self, details: &Details) -> ApiResult<()> {
        if details.store_ids != stored.details.store_ids {
            check_stores(&mut write.tx, &details.store_ids).await?;
        }
        Ok(sql::update(&mut write.tx, stored, details, write.now).await?)
    }

    async fn set_deleted(write: &mut Write, stored: &Self, _: bool) -> ApiResult<()> {
        Ok(sql::delete(&mut write.tx, stored.id, write.now).await?)
    }
}

/// Refuses stores that there are not.
async fn check_stores(tx: &mut Tx, ids: &[i64]) -> ApiResult<()> {
    let known = sql::existing_stores(Conn::from(tx), ids).await?;
    let mut faults = Faults::new();
    for (index, id) in ids.iter().enumerate().filter(|(_, id)| !known.contains(id)) {
        faults.add(format!("store_ids[{index}]"), format!("There is no store {id}."));
    }
    faults.into_result()
}

impl List for WebhookFilter {
    type Entry = Webhook;
    type Position = i64;

    const NAME: &'static str = "webhooks";

    async fn entries(
        &self,
        db: Conn<'_>,
        after: Option<i64>,
        limit: i64,
    ) -> ApiResult<Vec<Webhook>> {
        Ok(sql::page(db, self, after, limit).await?)
    }

    fn position(&self, webhook: &Webhook) -> i64 {
        webhook.id
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(self)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "name",
            "url",
            "event_types",
            "store_ids",
            "is_active",
            "pause_reason",
            "failing_since",
            "is_deleted",
            "version",
            "created_at",
            "updated_at",
        ]
    }

    fn cells(&self, webhook: Webhook) -> Vec<String> {
        let webhook = webhook.view();
        let stores: Vec<String> = webhook.store_ids.iter().map(ToString::to_string).collect();
        vec![
            webhook.id.to_string(),
            webhook.name,
            webhook.url,
            webhook.event_types.join(" "),
            stores.join(" "),
            webhook.is_active.to_string(),
            or_empty(webhook.pause_reason.map(PauseReason::name)),
            or_empty(webhook.failing_since),
            webhook.is_deleted.to_string(),
            webhook.version.to_string(),
            webhook.created_at.to_string(),
            webhook.updated_at.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking_for(types: &[&str]) -> Webhook {
        let details = Details {
            name: String::new(),
            url: String::new(),
            event_types: types.iter().map(ToString::to_string).collect(),
            store_ids: Vec::new(),
            is_active: true,
        };
        Webhook {
            id: 1,
            details,
            pause_reason: None,
            after_event_id: 0,
            failing_since: None,
            is_deleted: false,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn a_type_is_asked_for_by_its_name_or_its_beginning() {
        let check = |types: &[&str], kind: &str, expect: bool| {
            assert_eq!(asking_for(types).asks_for_type(kind), expect, "{types:?} {kind}");
        };
        check(&[], "order.placed", true);
        check(&["order.placed"], "order.placed", true);
        check(&["order.placed"], "order.placed_late", false);
        check(&["order.*"], "order.placed", true);
        check(&["order.*"], "orders.placed", false);
        check(&["stock.moved", "order.*"], "product.created", false);
    }
}
