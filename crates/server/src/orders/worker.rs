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

use super::complete;
use super::goods::{self, Lots, Want};
use super::order::Order;
use super::sql::{self, HeadRow, ItemRow};
use crate::App;
use crate::audit::{Actor, ActorKind, Origin};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult};
use crate::ledger::document::{ItemWanted, StepDetails};
use crate::ledger::{Details, PostError, Posting};
use crate::stores::{self, StoreDay};

/// How often an order is put together anew because lots have changed meanwhile.
const TRIES_MAX: usize = 5;

/// Items whose goods are taken at once.
const ITEMS_AT_ONCE_MAX: i64 = 1_024;
/// An order that has waited for so long is looked after.
const STUCK_S: i64 = 30;
/// Orders looked after at once.
const STUCK_MAX: i64 = 200;

/// Why an order was not settled.
#[derive(Clone, Debug, thiserror::Error)]
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

/// Takes the goods of some orders, many at once so that they share commits; what became of each,
/// in their order. Tills wait in the same queue: so many items at once, no more.
pub async fn take_all(app: &App, ids: &[OrderId]) -> Vec<Result<(), TakeError>> {
    let mut outcomes = HashMap::new();
    let mut left = match heads(app, ids).await {
        Ok(heads) => heads,
        Err(error) => return not_now(ids, &error),
    };
    while !left.is_empty() {
        let mut items = 0;
        let fits = |head: &HeadRow| {
            items += head.item_count;
            items <= ITEMS_AT_ONCE_MAX
        };
        // One by itself, however long it is.
        let count = left.iter().map(fits).take_while(|fits| *fits).count().max(1);
        let portion: Vec<HeadRow> = left.drain(..count.min(left.len())).collect();
        let ids: Vec<OrderId> = portion.iter().map(|head| OrderId(head.id)).collect();
        let taken = match load(app, portion).await {
            Ok(orders) => take_loaded(app, &ids, &orders).await,
            Err(error) => Err(error),
        };
        let taken = taken.unwrap_or_else(|error| not_now(&ids, &error));
        outcomes.extend(ids.into_iter().zip(taken));
    }
    // A message may be there twice.
    let outcome = |id: &OrderId| outcomes.get(id).cloned().unwrap_or(Err(TakeError::Unknown(*id)));
    ids.iter().map(outcome).collect()
}

async fn heads(app: &App, ids: &[OrderId]) -> ApiResult<Vec<HeadRow>> {
    Ok(sql::heads(Conn::from(&mut app.db.read().await?), ids).await?)
}

async fn load(app: &App, heads: Vec<HeadRow>) -> ApiResult<Vec<Order>> {
    complete(&mut app.db.read().await?, heads).await
}

fn not_now(ids: &[OrderId], error: &ApiError) -> Vec<Result<(), TakeError>> {
    ids.iter().map(|_| Err(TakeError::NotNow(error.to_string()))).collect()
}

async fn take_loaded(
    app: &App,
    ids: &[OrderId],
    orders: &[Order],
) -> ApiResult<Vec<Result<(), TakeError>>> {
    let mut around = Around::of(app, orders).await?;
    let orders: HashMap<OrderId, &Order> = orders.iter().map(|o| (o.id(), o)).collect();
    // One after the other they choose among what is there, so that they do not all want the same.
    let mut firsts = HashMap::new();
    for order in ids.iter().filter_map(|id| orders.get(id)) {
        firsts.entry(order.id()).or_insert_with(|| around.first_choice(order));
    }
    let (around, firsts) = (&around, &firsts);
    let take_one = async |id: &OrderId| {
        let order = orders.get(id).ok_or(TakeError::Unknown(*id))?;
        let first = firsts.get(id).cloned().unwrap_or_default();
        take(app, order, around, first).await
    };
    Ok(futures_util::future::join_all(ids.iter().map(take_one)).await)
}

/// What has to be known beside some orders to take their goods.
struct Around {
    days: HashMap<StoreId, StoreDay>,
    /// Products whose lots are tracked.
    tracked: HashSet<ProductId>,
    lots: HashMap<StoreId, Lots>,
}

type Taking = Vec<(Line, Details)>;

impl Around {
    async fn of(app: &App, orders: &[Order]) -> ApiResult<Self> {
        let pending = || orders.iter().filter(|order| order.status() == Status::Pending);
        let stores: HashSet<StoreId> = pending().map(Order::store).collect();
        let stores: Vec<StoreId> = stores.into_iter().collect();
        let days = stores::days(app, &stores).await?;
        let products = pending().flat_map(|order| order.items.iter().map(ItemRow::product));
        let products: Vec<ProductId> = products.collect::<HashSet<_>>().into_iter().collect();
        let goods = sql::goods(Conn::from(&mut app.db.read().await?), &products).await?;
        let tracked = goods.iter().filter(|row| row.track_lots).map(|row| ProductId(row.id));
        let mut around = Self { days, tracked: tracked.collect(), lots: HashMap::new() };
        for store in stores {
            let of_store = pending().filter(|order| order.store() == store);
            let tracked: HashSet<ProductId> =
                of_store.flat_map(|order| around.tracked_in(order)).collect();
            let tracked: Vec<ProductId> = tracked.into_iter().collect();
            let lots = goods::lots(app, store, &around.day(store), &tracked).await?;
            around.lots.insert(store, lots);
        }
        Ok(around)
    }

    /// Those of an order's products whose lots are tracked.
    fn tracked_in(&self, order: &Order) -> Vec<ProductId> {
        let products = order.items.iter().map(ItemRow::product);
        products.filter(|product| self.tracked.contains(product)).collect()
    }

    /// A store that is gone has no stock either: the ledger says so.
    fn day(&self, store: StoreId) -> StoreDay {
        let utc = || StoreDay { time_zone: "UTC".to_owned(), day_cut_hour: 0 };
        self.days.get(&store).cloned().unwrap_or_else(utc)
    }

    /// The goods of an order, out of what the orders before it have left.
    fn first_choice(&mut self, order: &Order) -> Taking {
        let lots = self.lots.entry(order.store()).or_default();
        goods::taking(order.store(), lots, &wants(order), &Details::default())
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

/// Takes the goods of one order. Of lots, another choice may do where the first does not: it is
/// turned down only where there is too little of all of them.
async fn take(app: &App, order: &Order, around: &Around, first: Taking) -> Result<(), TakeError> {
    if order.status() != Status::Pending {
        return Ok(());
    }
    let tracked = around.tracked_in(order);
    let mut taking = first;
    let mut otherwise = tracked.is_empty().then_some(Step::Reject);
    for _ in 0..TRIES_MAX {
        let products: Vec<ProductId> = taking.iter().map(|(line, _)| line.key.product).collect();
        match app.ledger.post(posting(order, taking, otherwise)).await {
            // Or someone else was faster, or has called it off.
            Ok(_) | Err(PostError::Refused(Refused::Order(_))) => return Ok(()),
            Err(PostError::Refused(Refused::Lines(faults))) => {
                let day = around.day(order.store());
                let lots = goods::lots(app, order.store(), &day, &tracked).await;
                let mut lots = lots.map_err(|error| TakeError::NotNow(error.to_string()))?;
                let wants = wants(order);
                // Where something else is missing, no choice among lots helps.
                let is_missing = |(line, _): &(usize, _)| !tracked.contains(&products[*line]);
                let is_short = faults.iter().any(is_missing) || goods::is_short(&lots, &wants);
                otherwise = is_short.then_some(Step::Reject);
                taking = goods::taking(order.store(), &mut lots, &wants, &Details::default());
            }
            Err(
                error
                @ (PostError::Overloaded | PostError::Unavailable | PostError::OutcomeUnknown),
            ) => return Err(TakeError::NotNow(error.to_string())),
            Err(error) => return Err(TakeError::Failed(error.to_string())),
        }
    }
    Err(TakeError::NotNow("lots are sold faster than they can be chosen".to_owned()))
}

fn posting(order: &Order, taking: Taking, otherwise: Option<Step>) -> Posting {
    let (lines, details): (Vec<Line>, Vec<Details>) = taking.into_iter().unzip();
    // The goods move on behalf of whoever placed it.
    let placed_by = order.history.first().and_then(|step| step.actor_id);
    let actor = Actor { kind: ActorKind::System, id: placed_by, name: "orders".into() };
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
