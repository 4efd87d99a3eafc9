//! Taking the goods of orders.
//!
//! An order's goods are taken in one parcel, which confirms the order or, where something is
//! missing, turns it down. The parcel is for the order as it was read: of two workers, or of a
//! worker and someone who calls the order off, one gets it. Its idempotency key is the order's, so
//! that it has one effect however often its event comes.

use std::collections::{HashMap, HashSet};

use stockroom_domain::batch::{Atomicity, Refused};
use stockroom_domain::orders::{OrderStep, Status, Step};
use stockroom_domain::stock::Line;
use stockroom_domain::{OrderId, ProductId, Quantity, StoreId};

use super::goods::{self, Want};
use super::load_all;
use super::order::Order;
use super::sql::{self, ItemRow};
use crate::App;
use crate::audit::{Actor, ActorKind, Origin};
use crate::db::Conn;
use crate::error::ApiResult;
use crate::ledger::document::{ItemWanted, StepDetails};
use crate::ledger::{Details, PostError, Posting};
use crate::stores::{self, StoreDay};

/// How often an order is put together anew because lots have changed meanwhile.
const TRIES_MAX: usize = 5;

/// An order that has waited for so long is looked after.
const STUCK_S: i64 = 30;
/// Orders looked after at once.
const STUCK_MAX: i64 = 200;

/// Why an order was not settled.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// There is no such order.
    #[error("there is no order {0}")]
    Unknown(OrderId),
    /// The ledger or the database cannot do it now.
    #[error("{0}")]
    NotNow(String),
    /// The ledger failed over it.
    #[error("{0}")]
    Failed(String),
}

/// Takes the goods of some orders, all at once so that they share commits; what became of each,
/// in their order.
pub async fn take_all(app: &App, ids: &[OrderId]) -> Vec<Result<(), TakeError>> {
    let orders = match load_all(app, ids).await {
        Ok(orders) => orders,
        Err(error) => {
            let failed = |_| Err(TakeError::NotNow(error.to_string()));
            return ids.iter().map(failed).collect();
        }
    };
    let around = match Around::of(app, &orders).await {
        Ok(around) => around,
        Err(error) => {
            let failed = |_| Err(TakeError::NotNow(error.to_string()));
            return ids.iter().map(failed).collect();
        }
    };
    let orders: HashMap<OrderId, &Order> = orders.iter().map(|o| (o.id(), o)).collect();
    let take_one = async |id: &OrderId| {
        let order = orders.get(id).ok_or(TakeError::Unknown(*id))?;
        take(app, order, &around).await
    };
    futures_util::future::join_all(ids.iter().map(take_one)).await
}

/// What has to be known beside some orders to take their goods.
struct Around {
    days: HashMap<StoreId, StoreDay>,
    /// Products whose lots are tracked.
    tracked: HashSet<ProductId>,
}

impl Around {
    async fn of(app: &App, orders: &[Order]) -> ApiResult<Self> {
        let pending = || orders.iter().filter(|order| order.status() == Status::Pending);
        let mut days = HashMap::new();
        for store in pending().map(Order::store).collect::<HashSet<_>>() {
            // A store that is gone has no stock either: the ledger says so.
            days.extend(stores::day(app, store).await?.map(|day| (store, day)));
        }
        let products = pending().flat_map(|order| order.items.iter().map(ItemRow::product));
        let products: Vec<ProductId> = products.collect::<HashSet<_>>().into_iter().collect();
        let goods = sql::goods(Conn::from(&mut app.db.read().await?), &products).await?;
        let tracked = goods.iter().filter(|row| row.track_lots).map(|row| ProductId(row.id));
        Ok(Self { days, tracked: tracked.collect() })
    }
}

/// Takes the goods of orders that wait for longer than they should, whatever has become of their
/// events; how many. Those among the dead letters wait for people.
///
/// # Errors
/// The database's.
pub async fn take_stuck(app: &App) -> ApiResult<u64> {
    let before = app.clock.now().plus_seconds(-STUCK_S);
    let mut reader = app.db.read().await?;
    let stuck = sql::stuck(Conn::from(&mut reader), before, STUCK_MAX).await?;
    drop(reader);
    let mut taken = 0;
    for (id, outcome) in stuck.iter().zip(take_all(app, &stuck).await) {
        match outcome {
            Ok(()) => taken += 1,
            Err(error) => tracing::warn!(%error, order = id.0, "an order is stuck"),
        }
    }
    Ok(taken)
}

/// Takes the goods of one order.
async fn take(app: &App, order: &Order, around: &Around) -> Result<(), TakeError> {
    if order.status() != Status::Pending {
        return Ok(());
    }
    let not_now = |error: crate::error::ApiError| TakeError::NotNow(error.to_string());
    let utc = StoreDay { time_zone: "UTC".to_owned(), day_cut_hour: 0 };
    let day = around.days.get(&order.store()).unwrap_or(&utc);
    let products = order.items.iter().map(ItemRow::product);
    let tracked: Vec<ProductId> = products.filter(|id| around.tracked.contains(id)).collect();
    let wants = wants(order);
    let lines = || async {
        let store = (order.store(), day);
        goods::taking(app, store, &tracked, &wants, &Details::default()).await.map_err(not_now)
    };
    let mut taking = lines().await?;
    // Of lots, another choice may do where this one does not.
    let mut has_choice = !tracked.is_empty();
    for left in (0..TRIES_MAX).rev() {
        let otherwise = (!has_choice || left == 0).then_some(Step::Reject);
        match app.ledger.post(posting(order, taking.clone(), otherwise)).await {
            Ok(_) => break,
            // Someone else was faster, or has called it off.
            Err(PostError::Refused(Refused::Order(_))) => break,
            Err(PostError::Refused(Refused::Lines(_))) => {
                let again = lines().await?;
                has_choice = again.iter().map(|l| l.0).ne(taking.iter().map(|l| l.0));
                taking = again;
            }
            Err(
                error
                @ (PostError::Overloaded | PostError::Unavailable | PostError::OutcomeUnknown),
            ) => return Err(TakeError::NotNow(error.to_string())),
            Err(error) => return Err(TakeError::Failed(error.to_string())),
        }
    }
    app.settlements.settled(order.id());
    Ok(())
}

fn posting(order: &Order, taking: Vec<(Line, Details)>, otherwise: Option<Step>) -> Posting {
    let (lines, details): (Vec<Line>, Vec<Details>) = taking.into_iter().unzip();
    // The goods move on behalf of whoever placed it.
    let actor = Actor { kind: ActorKind::System, id: order.head.user_id, name: "orders".into() };
    let origin = Origin { actor, address: None, request_id: None };
    let item = |item: &ItemRow| ItemWanted {
        id: item.id,
        product: item.product(),
        sku: item.sku.clone(),
        quantity: Quantity::from_thousandths(item.quantity),
    };
    let items = order.items.iter().map(item).collect();
    let step = OrderStep {
        order: order.id(),
        expected_version: order.head.version,
        step: Step::Confirm,
        otherwise,
    };
    let key = format!("worker:orders:{}", order.id());
    let mut posting = Posting::new(key, Atomicity::Whole, lines, origin)
        .in_store(order.store())
        .with_step(step, StepDetails { items, ..StepDetails::default() });
    posting.details = details;
    // Long after, the order itself says that its goods were taken.
    posting.keeps_key = false;
    posting
}

fn wants(order: &Order) -> Vec<Want> {
    let want = |item: &ItemRow| Want {
        item: item.id,
        product: item.product(),
        quantity: Quantity::from_thousandths(item.quantity),
        lot: None,
    };
    order.items.iter().map(want).collect()
}
