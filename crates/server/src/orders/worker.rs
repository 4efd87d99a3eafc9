//! Taking the goods of orders.
//!
//! An order's goods are taken in one parcel, which confirms the order or, where something is
//! missing, turns it down. The parcel is for the order as it was read: of two workers, or of a
//! worker and someone who calls the order off, one gets it, and however often its event comes there
//! is one effect. No idempotency key is written for that.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use stockroom_domain::batch::{Atomicity, Refused};
use stockroom_domain::orders::{OrderStep, Status, Step};
use stockroom_domain::stock::Line;
use stockroom_domain::{OrderId, ProductId, Quantity, StoreId};

use super::goods::{self, Lots, Want};
use super::worker_sql::{self as sql, WaitingRow, WantedRow};
use crate::App;
use crate::audit::{Actor, ActorKind, Origin};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode};
use crate::ledger::document::{ItemWanted, StepDetails};
use crate::ledger::{Details, KeyLife, PostError, Posting};
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

/// An order whose goods are to be taken.
struct Waiting {
    head: WaitingRow,
    items: Vec<WantedRow>,
}

impl Waiting {
    const fn id(&self) -> OrderId {
        OrderId(self.head.id)
    }

    const fn store(&self) -> StoreId {
        StoreId(self.head.store_id)
    }

    fn is_pending(&self) -> bool {
        self.head.status == Status::Pending.name()
    }

    /// Those of its products whose lots are tracked.
    fn tracked(&self) -> HashSet<ProductId> {
        let tracked = self.items.iter().filter(|item| item.track_lots);
        tracked.map(|item| ProductId(item.product_id)).collect()
    }

    fn wants(&self) -> Vec<Want> {
        let want = |item: &WantedRow| Want {
            item: item.id,
            product: ProductId(item.product_id),
            quantity: Quantity::from_thousandths(item.quantity),
            lot: None,
        };
        self.items.iter().map(want).collect()
    }
}

/// Takes the goods of some orders, many at once so that they share commits; what became of each,
/// in their order. Tills wait in the same queue: so many items at once, no more. What fails over
/// several is tried with each by itself, so that it fails for the one alone which is to blame.
pub async fn take_all(app: &App, ids: &[OrderId]) -> Vec<Result<(), TakeError>> {
    let mut outcomes = HashMap::new();
    // A message may be there twice.
    let once: Vec<OrderId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut left = VecDeque::from([once]);
    while let Some(ids) = left.pop_front() {
        match take_some(app, &ids, &mut outcomes).await {
            Ok(()) => {}
            Err(error) if is_for_now(&error) => {
                let not_now = |id: &OrderId| (*id, Err(TakeError::NotNow(error.to_string())));
                outcomes.extend(ids.iter().map(not_now));
            }
            Err(error) if ids.len() == 1 => {
                outcomes.insert(ids[0], Err(TakeError::Failed(error.to_string())));
            }
            Err(_) => {
                let undecided = ids.into_iter().filter(|id| !outcomes.contains_key(id));
                left.extend(undecided.map(|id| vec![id]).collect::<Vec<_>>());
            }
        }
    }
    let outcome = |id: &OrderId| outcomes.get(id).cloned().unwrap_or(Err(TakeError::Unknown(*id)));
    ids.iter().map(outcome).collect()
}

/// Whether the database cannot do it now, rather than never.
fn is_for_now(error: &ApiError) -> bool {
    error.failure().is_none_or(|failure| failure.code == ErrorCode::Unavailable)
}

async fn take_some(
    app: &App,
    ids: &[OrderId],
    outcomes: &mut HashMap<OrderId, Result<(), TakeError>>,
) -> ApiResult<()> {
    let mut left = sql::waiting(Conn::from(&mut app.db.read().await?), ids).await?;
    while !left.is_empty() {
        let mut items = 0;
        let fits = |head: &WaitingRow| {
            items += head.item_count;
            items <= ITEMS_AT_ONCE_MAX
        };
        // One by itself, however long it is.
        let count = left.iter().map(fits).take_while(|fits| *fits).count().max(1);
        let portion: Vec<WaitingRow> = left.drain(..count.min(left.len())).collect();
        let orders = load(app, portion).await?;
        let taken = take_loaded(app, &orders).await?;
        outcomes.extend(orders.iter().map(Waiting::id).zip(taken));
    }
    Ok(())
}

async fn load(app: &App, heads: Vec<WaitingRow>) -> ApiResult<Vec<Waiting>> {
    let pending = heads.iter().filter(|head| head.status == Status::Pending.name());
    let ids: Vec<OrderId> = pending.map(|head| OrderId(head.id)).collect();
    let mut items: HashMap<i64, Vec<WantedRow>> = HashMap::new();
    for item in sql::wanted(Conn::from(&mut app.db.read().await?), &ids).await? {
        items.entry(item.order_id).or_default().push(item);
    }
    let order =
        |head: WaitingRow| Waiting { items: items.remove(&head.id).unwrap_or_default(), head };
    Ok(heads.into_iter().map(order).collect())
}

async fn take_loaded(app: &App, orders: &[Waiting]) -> ApiResult<Vec<Result<(), TakeError>>> {
    let mut around = Around::of(app, orders).await?;
    // One after the other they choose among what is there, so that they do not all want the same.
    let firsts: Vec<Taking> = orders.iter().map(|order| around.first_choice(order)).collect();
    let around = &around;
    let taken = orders.iter().zip(firsts).map(|(order, first)| take(app, order, around, first));
    Ok(futures_util::future::join_all(taken).await)
}

/// What has to be known beside some orders to take their goods: of those among them whose lots
/// are tracked.
struct Around {
    days: HashMap<StoreId, StoreDay>,
    lots: HashMap<StoreId, Lots>,
}

type Taking = Vec<(Line, Details)>;

impl Around {
    async fn of(app: &App, orders: &[Waiting]) -> ApiResult<Self> {
        let mut tracked: HashMap<StoreId, HashSet<ProductId>> = HashMap::new();
        for order in orders.iter().filter(|order| order.is_pending()) {
            let of_order = order.tracked();
            if !of_order.is_empty() {
                tracked.entry(order.store()).or_default().extend(of_order);
            }
        }
        let stores: Vec<StoreId> = tracked.keys().copied().collect();
        let days = match stores.is_empty() {
            true => HashMap::new(),
            false => stores::days(app, &stores).await?,
        };
        let mut around = Self { days, lots: HashMap::new() };
        for (store, tracked) in tracked {
            let tracked: Vec<ProductId> = tracked.into_iter().collect();
            let lots = goods::lots(app, store, &around.day(store), &tracked).await?;
            around.lots.insert(store, lots);
        }
        Ok(around)
    }

    /// A store that is gone has no stock either: the ledger says so.
    fn day(&self, store: StoreId) -> StoreDay {
        let utc = || StoreDay { time_zone: "UTC".to_owned(), day_cut_hour: 0 };
        self.days.get(&store).cloned().unwrap_or_else(utc)
    }

    /// The goods of an order, out of what the orders before it have left.
    fn first_choice(&mut self, order: &Waiting) -> Taking {
        let lots = self.lots.entry(order.store()).or_default();
        goods::taking(order.store(), lots, &order.wants(), &Details::default())
    }
}

/// An order that waits for longer than it should, whatever has become of its event.
#[derive(Clone, Copy, Debug)]
pub struct Stuck {
    /// Which.
    pub order: OrderId,
    /// Of which store, where there is such an order.
    pub store: Option<StoreId>,
}

/// Some orders that are stuck.
///
/// # Errors
/// The database's.
pub async fn stuck(app: &App) -> ApiResult<Vec<Stuck>> {
    let before = app.clock.now().plus_seconds(-STUCK_S);
    let mut reader = app.db.read().await?;
    let stuck = sql::stuck(Conn::from(&mut reader), before, STUCK_MAX).await?;
    let stuck = stuck
        .into_iter()
        .map(|(order, store)| Stuck { order: OrderId(order), store: store.map(StoreId) });
    Ok(stuck.collect())
}

/// Notes that the goods of an order that was stuck could not be taken; how often by now, unless
/// it does not wait any more.
///
/// # Errors
/// The database's.
pub async fn tried(app: &App, order: OrderId) -> ApiResult<Option<i64>> {
    let mut tx = app.db.begin().await?;
    let tries = sql::tried(&mut tx, order).await?;
    tx.commit().await?;
    Ok(tries)
}

/// Takes the goods of one order. Of lots, another choice may do where the first does not: it is
/// turned down only where there is too little of all of them.
async fn take(app: &App, order: &Waiting, around: &Around, first: Taking) -> Result<(), TakeError> {
    if !order.is_pending() {
        return Ok(());
    }
    let tracked: Vec<ProductId> = order.tracked().into_iter().collect();
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
                let wants = order.wants();
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

fn posting(order: &Waiting, taking: Taking, otherwise: Option<Step>) -> Posting {
    let (lines, details): (Vec<Line>, Vec<Details>) = taking.into_iter().unzip();
    // The goods move on behalf of whoever placed it.
    let actor = Actor { kind: ActorKind::System, id: order.head.placed_by, name: "orders".into() };
    let origin = Origin { actor, address: None, request_id: None };
    let item = |item: &WantedRow| ItemWanted {
        id: item.id,
        product: ProductId(item.product_id),
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
    posting.key_life = KeyLife::Never;
    posting
}
