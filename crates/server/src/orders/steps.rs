//! What is done to an order after it was placed: send it, complete it, call it off, take goods
//! back, hide it.
//!
//! Each step is for the order as it was read, by its version: one that has gone on meanwhile is
//! read again, unless the caller insists on a version (`If-Match`).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use stockroom_domain::batch::{Atomicity, Refused};
use stockroom_domain::credit::{Charge, EntryKind};
use stockroom_domain::orders::{OrderRefusal, OrderState, OrderStep, Status, Step};
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{LotId, Money, MovementId, ProductId, Quantity};

use super::order::{Order, OrderAnswer};
use super::requests::{PaymentRequest, check_payments, on_credit, sum};
use super::returns::{Back, ReturnRequest, check_returned, take_goods_back};
use super::sql::{self, TakenRow};
use super::{answer, find, repeated};
use crate::App;
use crate::auth::{Can, Principal, Sell, SuperviseSales};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::http::body::BYTES_MAX_BULK;
use crate::http::once::stamped_again;
use crate::http::{Answer, Body, Done, IfMatch, Note, Once, PathId};
use crate::ledger::document::{ChargeDetails, NewReturn, Payment, StepDetails};
use crate::ledger::{Details, PostError, Posting, Receipt};

/// How often an order is read again that others take further meanwhile.
const TRIES_MAX: usize = 8;

/// A step that needs no more than itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "note": "by bicycle" }))]
pub struct StepRequest {
    /// Free text.
    note: Option<Note>,
}

/// The end of an order.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({ "note": "left at the door" }))]
pub struct CompleteRequest {
    /// How it was paid, if it was paid here: together exactly what it comes to.
    payments: Vec<PaymentRequest>,
    /// Free text.
    note: Option<Note>,
}

/// `POST /api/orders/{id}/ship`
pub async fn ship(
    who: Can<Sell>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(request): Body<StepRequest>,
) -> ApiResult<Answer<OrderAnswer>> {
    let wish = Wish::plain(Step::Ship, request.note);
    shown(&app, &who, (id, Permission::Sell), (&once, &if_match), &wish).await
}

/// `POST /api/orders/{id}/complete`
pub async fn complete(
    who: Can<Sell>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(request): Body<CompleteRequest>,
) -> ApiResult<Answer<OrderAnswer>> {
    let mut faults = Faults::new();
    let payments = check_payments(request.payments, "payments", &mut faults);
    faults.into_result()?;
    let wish = Wish { payments, ..Wish::plain(Step::Complete, request.note) };
    shown(&app, &who, (id, Permission::Sell), (&once, &if_match), &wish).await
}

/// `POST /api/orders/{id}/cancel`
pub async fn cancel(
    who: Can<Sell>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(request): Body<StepRequest>,
) -> ApiResult<Answer<OrderAnswer>> {
    let wish = Wish::plain(Step::Cancel, request.note);
    shown(&app, &who, (id, Permission::Sell), (&once, &if_match), &wish).await
}

/// `POST /api/orders/{id}/return`
pub async fn take_back(
    who: Can<Sell>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(request): Body<ReturnRequest, BYTES_MAX_BULK>,
) -> ApiResult<Answer<OrderAnswer>> {
    let mut faults = Faults::new();
    let returned = check_returned(&request.items, &mut faults);
    let refunds = request.refunds.map(|all| check_payments(all, "refunds", &mut faults));
    faults.into_result()?;
    let wish = Wish { returned, refunds, ..Wish::plain(Step::Return, request.note) };
    shown(&app, &who, (id, Permission::Sell), (&once, &if_match), &wish).await
}

/// `DELETE /api/orders/{id}`
pub async fn delete(
    who: Can<SuperviseSales>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    let wish = Wish::plain(Step::Delete, None);
    match take(&app, &who, (id, Permission::SuperviseSales), (&once, &if_match), &wish).await? {
        Taking::Done(receipt) => {
            let done = Done::new(&())?;
            Ok(stamped_again(done, once.key(), receipt.event, receipt.replayed))
        }
        Taking::DoneBefore => Done::new(&()),
    }
}

/// What a caller wishes for an order.
struct Wish {
    step: Step,
    note: Option<String>,
    payments: Vec<Payment>,
    returned: Vec<Back>,
    refunds: Option<Vec<Payment>>,
}

/// What a wish came to.
enum Taking {
    Done(Receipt),
    /// It was so already.
    DoneBefore,
}

impl Wish {
    fn plain(step: Step, note: Option<Note>) -> Self {
        let note = note.map(Note::into_string);
        Self { step, note, payments: Vec::new(), returned: Vec::new(), refunds: None }
    }
}

async fn shown(
    app: &App,
    who: &Principal,
    order: (i64, Permission),
    (once, if_match): (&Once, &IfMatch),
    wish: &Wish,
) -> ApiResult<Answer<OrderAnswer>> {
    match take(app, who, order, (once, if_match), wish).await {
        Ok(Taking::Done(receipt)) => answer(app, who, once, &receipt).await,
        Ok(Taking::DoneBefore) => Err(ApiError::internal("only hiding is done before")),
        Err(refusal) => repeated(app, who, once).await?.ok_or(refusal),
    }
}

/// Takes a step, of the order as it is.
async fn take(
    app: &App,
    who: &Principal,
    (id, permission): (i64, Permission),
    (once, if_match): (&Once, &IfMatch),
    wish: &Wish,
) -> ApiResult<Taking> {
    let mut tries = 0;
    loop {
        tries += 1;
        let order = find(app, who, id, permission).await?;
        if order.head.is_deleted {
            if wish.step == Step::Delete {
                return Ok(Taking::DoneBefore);
            }
            let message = "This order was deleted.";
            return Err(ApiError::conflict(ErrorCode::InvalidState, message));
        }
        if_match.check(order.head.version)?;
        let (posting, lines) = posting(app, who, once, &order, wish).await?;
        match app.ledger.post(posting).await {
            Ok(receipt) => return Ok(Taking::Done(receipt)),
            Err(PostError::Refused(Refused::Order(OrderRefusal::VersionMismatch { .. })))
                if !if_match.is_given() && tries < TRIES_MAX => {}
            Err(error) => {
                return Err(ApiError::from_post(error, once.key(), &lines, |_| String::new()));
            }
        }
    }
}

async fn posting(
    app: &App,
    who: &Principal,
    once: &Once,
    order: &Order,
    wish: &Wish,
) -> ApiResult<(Posting, Vec<Line>)> {
    // Before goods are looked for that were never taken.
    if order.status().after(wish.step).is_none() {
        let state = OrderState { status: order.status(), version: order.head.version };
        let refused = Refused::Order(OrderRefusal::NotPossible { state });
        let error = PostError::Refused(refused);
        return Err(ApiError::from_post(error, once.key(), &[], |_| String::new()));
    }
    let plan = match wish.step {
        Step::Cancel if order.status() == Status::Confirmed => undo(app, order).await?,
        Step::Complete => pay(order, &wish.payments)?,
        Step::Return => {
            let may_choose = who.may(Permission::SuperviseSales, order.store());
            let refunds = wish.refunds.as_deref().map(|refunds| (refunds, may_choose));
            take_goods_back(app, order, &wish.returned, refunds).await?
        }
        _ => Plan::default(),
    };
    let step = OrderStep {
        order: order.id(),
        expected_version: order.head.version,
        step: wish.step,
        otherwise: None,
    };
    let details = StepDetails {
        note: wish.note.clone(),
        returns: plan.returns,
        payments: plan.payments,
        payments_before: order.payments.len(),
        items: Vec::new(),
    };
    let (lines, line_details): (Vec<Line>, Vec<Details>) = plan.lines.into_iter().unzip();
    let mut posting =
        Posting::new(once.row_key(who), Atomicity::Whole, lines.clone(), once.origin(who))
            .in_store(order.store())
            .with_step(step, details);
    posting.details = line_details;
    posting.fingerprint = once.fingerprint();
    if let Some(charge) = plan.charge {
        let reference = order.head.reference.clone();
        posting = posting.with_charge(charge, ChargeDetails { reference, ..Default::default() });
    }
    Ok((posting, lines))
}

/// What a step does beside itself.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) lines: Vec<(Line, Details)>,
    pub(super) returns: Vec<NewReturn>,
    pub(super) payments: Vec<Payment>,
    pub(super) charge: Option<Charge>,
}

/// Puts all goods back that were taken.
async fn undo(app: &App, order: &Order) -> ApiResult<Plan> {
    let mut reader = app.db.read().await?;
    let taken = sql::taken(Conn::from(&mut reader), order.id()).await?;
    let line = |row: TakenRow| {
        let line = Line {
            key: row.key(order),
            kind: MovementKind::Reversal,
            change: Change::By(-Quantity::from_thousandths(row.quantity)),
            valuation: Valuation::Total(Money::from_cents(-row.value)),
            expected_version: None,
            reverses: Some(MovementId(row.id)),
        };
        (line, Details { order_item: Some(row.order_item), ..Details::default() })
    };
    Ok(Plan { lines: taken.into_iter().map(line).collect(), ..Plan::default() })
}

impl TakenRow {
    /// Where they were taken from.
    pub(super) fn key(&self, order: &Order) -> LevelKey {
        let (product, lot) = (ProductId(self.product_id), LotId(self.lot_id));
        LevelKey { store: order.store(), product, lot }
    }
}

/// Takes the money for an order.
fn pay(order: &Order, payments: &[Payment]) -> ApiResult<Plan> {
    if payments.is_empty() {
        return Ok(Plan::default());
    }
    // What has come back already is not paid for.
    let due = order.head.total - order.returned_total().cents() - order.paid_total().cents();
    check_sum("payments", payments, Money::from_cents(due))?;
    let charge = charge(order, EntryKind::CreditSale, on_credit(payments))?;
    Ok(Plan { payments: payments.to_vec(), charge, ..Plan::default() })
}

/// Demands that payments come to what they are for.
pub(super) fn check_sum(field: &str, payments: &[Payment], total: Money) -> ApiResult<()> {
    match sum(payments) {
        Some(paid) if paid == total => Ok(()),
        paid => {
            let paid = paid.map_or_else(|| "too much".to_owned(), |paid| paid.to_string());
            let message = format!("It comes to {total}, the {field} to {paid}.");
            Err(ApiError::invalid(field, message)
                .with_detail("total", total.to_string())
                .with_detail("paid", paid))
        }
    }
}

/// The charge of an order's customer; none for nothing.
pub(super) fn charge(order: &Order, kind: EntryKind, amount: Money) -> ApiResult<Option<Charge>> {
    if amount == Money::ZERO {
        return Ok(None);
    }
    let Some(customer) = order.customer() else {
        let message = "This order names no customer on whose account it could go.";
        return Err(ApiError::conflict(ErrorCode::InvalidState, message));
    };
    Ok(Some(Charge { customer, kind, amount, reverses: None }))
}
