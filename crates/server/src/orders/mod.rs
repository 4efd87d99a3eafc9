//! Orders and sales.
//!
//! An order is placed ([`place`]) and waits; a worker ([`worker`]) takes its goods and confirms or
//! rejects it. A till's sale ([`sale`]) is complete when it is made. What follows, are steps
//! ([`steps`]): send, complete, cancel, take back, hide. All of them are postings of the ledger,
//! which writes order, goods, payments and what the customer owes in one commit.
//!
//! [`order`] is how one is read and shown, [`goods`] finds products, prices ([`offers`]) and lots.

mod goods;
pub mod http;
pub mod offers;
pub mod order;
pub mod place;
pub mod requests;
mod returns;
pub mod sale;
pub mod settlements;
mod sql;
pub mod steps;
pub mod worker;
mod worker_sql;

use stockroom_domain::permissions::Permission;
use stockroom_domain::{OrderId, StoreId, Timestamp, UserId};

use self::order::{Order, OrderAnswer, OrderView};
use crate::App;
use crate::auth::Principal;
use crate::db::{Conn, Reader};
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::http::once::stamped_again;
use crate::http::{Answer, ETag, Once};
use crate::ledger::document::Made;
use crate::ledger::{self, Receipt};

/// An order with all its parts, from whatever store.
async fn load(app: &App, id: OrderId) -> ApiResult<Option<Order>> {
    Ok(load_all(app, &[id]).await?.pop())
}

/// Some orders with all their parts, as far as they exist.
async fn load_all(app: &App, ids: &[OrderId]) -> ApiResult<Vec<Order>> {
    let mut reader = app.db.read().await?;
    let heads = sql::heads(Conn::from(&mut reader), ids).await?;
    complete(&mut reader, heads).await
}

/// Orders of which the heads were read.
async fn complete(reader: &mut Reader, heads: Vec<sql::HeadRow>) -> ApiResult<Vec<Order>> {
    let ids: Vec<OrderId> = heads.iter().map(|head| OrderId(head.id)).collect();
    let mut parts = sql::parts(Conn::from(reader), &ids, i64::MAX).await?;
    Ok(heads.into_iter().map(|head| Order::new(head, &mut parts)).collect())
}

/// An order in a store whose orders the caller may read, and may do `permission` with.
async fn find(app: &App, who: &Principal, id: i64, permission: Permission) -> ApiResult<Order> {
    let found = load(app, OrderId(id)).await?;
    let found = found.filter(|order| who.may(Permission::ReadOrders, order.store()));
    let order = found.ok_or_else(|| who.not_found("order", id))?;
    who.require_store(permission, order.store())?;
    Ok(order)
}

/// What a request that makes or changes an order is answered with: the order as that left it.
async fn answer<const STATUS: u16>(
    app: &App,
    who: &Principal,
    once: &Once,
    receipt: &Receipt,
) -> ApiResult<Answer<OrderAnswer, STATUS>> {
    let Some(Made::Order { id, version, .. }) = receipt.made else {
        return Err(ApiError::internal("a posting of an order made no order"));
    };
    shown(once, receipt, made(app, who, id).await?.at(version))
}

/// The same of a new order, which need not be read for it.
async fn answer_new<const STATUS: u16>(
    app: &App,
    who: &Principal,
    once: &Once,
    receipt: &Receipt,
    order: OrderView,
) -> ApiResult<Answer<OrderAnswer, STATUS>> {
    let (false, Some(Made::Order { id, at, .. })) = (receipt.replayed, receipt.made) else {
        return answer(app, who, once, receipt).await;
    };
    let order = order.written(id, Timestamp(at));
    let answer = Answer::new(&OrderAnswer::new(id, order))?.with_etag(ETag(1));
    Ok(stamped_again(answer, once.key(), receipt.event, receipt.replayed))
}

/// The same with the order as it is by now.
async fn answer_now<const STATUS: u16>(
    app: &App,
    who: &Principal,
    once: &Once,
    receipt: &Receipt,
) -> ApiResult<Answer<OrderAnswer, STATUS>> {
    let Some(Made::Order { id, .. }) = receipt.made else {
        return Err(ApiError::internal("a posting of an order made no order"));
    };
    shown(once, receipt, made(app, who, id).await?)
}

/// An order that was made, by this request or by the same one before: the right to see it may have
/// been lost meanwhile.
async fn made(app: &App, who: &Principal, id: OrderId) -> ApiResult<Order> {
    let order = load(app, id).await?;
    let order = order.ok_or_else(|| ApiError::internal("an order that was made is not there"))?;
    match who.may(Permission::ReadOrders, order.store()) {
        true => Ok(order),
        false => Err(who.not_found("order", id.0)),
    }
}

fn shown<const STATUS: u16>(
    once: &Once,
    receipt: &Receipt,
    order: Order,
) -> ApiResult<Answer<OrderAnswer, STATUS>> {
    let tag = ETag(order.head.version);
    let answer = Answer::new(&OrderAnswer::new(order.id(), order.view()))?.with_etag(tag);
    Ok(stamped_again(answer, once.key(), receipt.event, receipt.replayed))
}

/// The answer of a request that might be refused by now, if it took effect before.
async fn repeated<const STATUS: u16>(
    app: &App,
    who: &Principal,
    once: &Once,
) -> ApiResult<Option<Answer<OrderAnswer, STATUS>>> {
    let keys = (&*once.row_key(who), once.key());
    match ledger::repeated(&app.db, keys, once.fingerprint(), |_| false).await? {
        Some(receipt) => answer(app, who, once, &receipt).await.map(Some),
        None => Ok(None),
    }
}

/// Who is named in an order.
#[derive(Clone, Copy, Debug)]
struct People {
    customer: Option<i64>,
    employee: Option<i64>,
    user: Option<i64>,
}

/// Who serves: the one named; or the caller, where they are someone who works in this store.
async fn serving(
    app: &App,
    who: &Principal,
    store: StoreId,
    named: Option<i64>,
) -> ApiResult<Option<i64>> {
    let Some(own) = who.employee_id.filter(|_| named.is_none()) else { return Ok(named) };
    let mut reader = app.db.read().await?;
    let found = sql::people(Conn::from(&mut reader), (None, Some(own), None)).await?;
    let works_here = found.employee_store.is_none_or(|other| other == store.0);
    Ok(Some(own).filter(|_| works_here && found.employee == Some(1)))
}

/// Demands that those who are named exist, and that business may be done with them. Returns who
/// placed it: the one named, or the caller.
async fn check_people(
    app: &App,
    who: &Principal,
    store: StoreId,
    people: People,
) -> ApiResult<Option<UserId>> {
    let caller = who.actor().id;
    let People { customer, employee, user } = people;
    let named = user.filter(|user| Some(*user) != caller);
    if customer.is_none() && employee.is_none() && named.is_none() {
        return Ok(caller.map(UserId));
    }
    let mut reader = app.db.read().await?;
    let found = sql::people(Conn::from(&mut reader), (customer, employee, named)).await?;
    let works_elsewhere = found.employee_store.is_some_and(|other| other != store.0);
    for (field, id, is_open) in [
        ("customer_id", customer, found.customer),
        ("employee_id", employee, found.employee.filter(|_| !works_elsewhere)),
        ("user_id", named, found.user_open),
    ] {
        let kind = field.trim_end_matches("_id");
        let Some(id) = id else { continue };
        let (code, message) = match is_open {
            None => (ErrorCode::NotFound, format!("There is no {kind} {id} here.")),
            // Whether someone ever signed in here is nobody's business.
            Some(0) if field != "user_id" => {
                (ErrorCode::InvalidState, format!("The {kind} {id} was deleted."))
            }
            Some(0) => (ErrorCode::NotFound, format!("There is no {kind} {id} here.")),
            Some(_) => continue,
        };
        return Err(ApiError::field(code, code.name(), field, message)
            .with_detail("kind", kind)
            .with_detail(field, id));
    }
    Ok(user.or(caller).map(UserId))
}
