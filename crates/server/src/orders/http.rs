//! Orders over HTTP: their lists, and one of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::orders::Status;
use stockroom_domain::permissions::Permission;
use stockroom_domain::{Money, OrderId, Timestamp};

use super::find;
use super::order::{Order, OrderAnswer, OrderView};
use super::sql::{self, HeadRow, OrderPosition};
use crate::App;
use crate::auth::{Can, ReadOrders, Scope};
use crate::db::{Conn, Select};
use crate::error::ApiResult;
use crate::http::csv::or_empty;
use crate::http::{
    Answer, Asked, ETag, List, ListAnswer, Page, PathId, Success, Text, Total, WireTime,
};
use crate::ledger::document::Channel;

/// Items of one order that a list shows.
const ITEMS_SHOWN_MAX: i64 = 100;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident($of:ty), $schema:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub $of);

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                <$of>::from_name(&text).map(Self).ok_or_else(|| {
                    let names: Vec<_> = <$of>::ALL.iter().map(|word| word.name()).collect();
                    serde::de::Error::custom(format!("one of {} is expected.", names.join(", ")))
                })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let names: Vec<_> = <$of>::ALL.iter().map(|word| word.name()).collect();
                schemars::json_schema!({ "type": "string", "enum": names })
            }
        }
    };
}

word!(
    /// Where an order stands.
    WireStatus(Status),
    "OrderStatus"
);
word!(
    /// Where an order comes from.
    WireChannel(Channel),
    "OrderChannel"
);

/// Which orders.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderFilter {
    /// Only in these stores.
    pub store_id: Vec<i64>,
    /// Only where they stand so.
    pub status: Vec<WireStatus>,
    /// Only of these customers.
    pub customer_id: Vec<i64>,
    /// Only served by these employees.
    pub employee_id: Vec<i64>,
    /// Only placed by these users.
    pub user_id: Vec<i64>,
    /// Only from there.
    pub channel: Option<WireChannel>,
    /// Only with this document's number.
    pub reference: Option<Text<200>>,
    /// Placed or sold at this instant or later.
    pub from: Option<WireTime>,
    /// Placed or sold before this instant.
    pub to: Option<WireTime>,
    /// Deleted ones too.
    pub include_deleted: bool,
}

/// Orders, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderList {
    status: Success,
    orders: Vec<OrderView>,
    /// Where the next page begins, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// `GET /api/orders`
pub async fn list(
    who: Can<ReadOrders>,
    app: App,
    Asked(filter, request): Asked<OrderFilter>,
) -> ApiResult<ListAnswer<OrderList>> {
    let scope = who.scope_within(Permission::ReadOrders, &filter.store_id)?;
    let answer = |page: Page<Order>| {
        let orders = page.entries.into_iter().map(Order::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&OrderList { status: Success::Success, orders, next_cursor, total })
    };
    request.answer(&app, &who, Orders { scope, filter }, answer).await
}

/// `GET /api/orders/{id}`
pub async fn get(
    who: Can<ReadOrders>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<OrderAnswer>> {
    let order = find(&app, &who, id, Permission::ReadOrders).await?;
    let tag = ETag(order.head.version);
    Ok(Answer::new(&OrderAnswer::new(order.id(), order.view()))?.with_etag(tag))
}

/// The orders that a caller asks for and may see.
struct Orders {
    scope: Scope,
    filter: OrderFilter,
}

impl List for Orders {
    type Entry = Order;
    type Position = OrderPosition;

    const NAME: &'static str = "orders";

    async fn entries(
        &self,
        mut db: Conn<'_>,
        after: Option<OrderPosition>,
        limit: i64,
    ) -> ApiResult<Vec<Order>> {
        let heads = sql::page(db.reborrow(), &self.scope, &self.filter, after, limit).await?;
        let ids: Vec<OrderId> = heads.iter().map(|head| OrderId(head.id)).collect();
        let mut parts = sql::parts(db, &ids, ITEMS_SHOWN_MAX).await?;
        Ok(heads.into_iter().map(|head| Order::new(head, &mut parts)).collect())
    }

    fn position(&self, order: &Order) -> OrderPosition {
        (order.head.order_date, order.head.id)
    }

    fn all(&self, _: &Conn<'_>) -> Select {
        sql::all(&self.scope, &self.filter)
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![
            "id",
            "store_id",
            "channel",
            "status",
            "order_date",
            "customer_id",
            "employee_id",
            "user_id",
            "item_count",
            "total",
            "tax",
            "refunded",
            "reference",
            "note",
            "is_deleted",
            "version",
        ]
    }

    fn cells(&self, order: Order) -> Vec<String> {
        let refunded: i64 = order.returns.iter().map(|back| back.total).sum();
        let HeadRow { id, store_id, item_count, total, tax, version, .. } = order.head;
        let money = |cents| Money::from_cents(cents).to_string();
        vec![
            id.to_string(),
            store_id.to_string(),
            order.head.channel,
            order.head.status,
            WireTime(Timestamp(order.head.order_date)).to_string(),
            or_empty(order.head.customer_id),
            or_empty(order.head.employee_id),
            or_empty(order.head.user_id),
            item_count.to_string(),
            money(total),
            money(tax),
            money(refunded),
            or_empty(order.head.reference),
            or_empty(order.head.note),
            order.head.is_deleted.to_string(),
            version.to_string(),
        ]
    }
}
