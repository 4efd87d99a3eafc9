//! Placing an order: it is written down with its prices, and its goods are taken later.

use stockroom_domain::batch::Atomicity;
use stockroom_domain::permissions::Permission;
use stockroom_domain::{CustomerId, StoreId};

use super::goods::Goods;
use super::order::{OrderAnswer, OrderView};
use super::requests::{NewOrderRequest, check_items};
use super::{People, answer_new, answer_now, check_people, repeated, serving, settlements};
use crate::App;
use crate::auth::{Can, Principal, Sell};
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::body::BYTES_MAX_BULK;
use crate::http::{Body, Created, Note, Once, PREFERENCE_APPLIED, PreferWait, Text};
use crate::ledger::Posting;
use crate::ledger::document::{Channel, Made, NewOrder};
use crate::stores;

/// `POST /api/orders`
pub async fn place(
    who: Can<Sell>,
    app: App,
    once: Once,
    wait: PreferWait,
    Body(request): Body<NewOrderRequest, BYTES_MAX_BULK>,
) -> ApiResult<Created<OrderAnswer>> {
    let store = stores::meant(&app, &who, Permission::Sell, request.store_id).await?;
    let (posting, order) = match posting(&app, &who, &once, store, request).await {
        Ok(made) => made,
        Err(refusal) => return repeated(&app, &who, &once).await?.ok_or(refusal),
    };
    let receipt = app.ledger.post(posting).await;
    let receipt =
        receipt.map_err(|error| ApiError::from_post(error, once.key(), &[], |_| String::new()))?;
    let Some(Made::Order { id, .. }) = receipt.made else {
        return Err(ApiError::internal("an order was placed that has no number"));
    };
    let settled = match wait.duration() {
        None => None,
        // It is placed: where the outcome cannot be read now, the answer is that it waits.
        Some(max) => match settlements::wait(&app, id, max).await {
            Ok(true) => answer_now(&app, &who, &once, &receipt).await.ok().zip(Some(max)),
            Ok(false) | Err(_) => None,
        },
    };
    let placed: Created<OrderAnswer> = match settled {
        None => answer_new(&app, &who, &once, &receipt, order).await?,
        Some((answer, max)) => {
            answer.with_header(PREFERENCE_APPLIED, &format!("wait={}", max.as_secs()))
        }
    };
    Ok(placed.with_location(&format!("/api/orders/{id}")))
}

async fn posting(
    app: &App,
    who: &Principal,
    once: &Once,
    store: StoreId,
    request: NewOrderRequest,
) -> ApiResult<(Posting, OrderView)> {
    let mut faults = Faults::new();
    let items = check_items(request.items, false, &mut faults);
    faults.into_result()?;
    let employee = serving(app, who, store, request.employee_id).await?;
    let (customer, user) = (request.customer_id, request.user_id);
    let user = check_people(app, who, store, People { customer, employee, user }).await?;
    let goods = Goods::find(app, who, store, Channel::Order, items).await?;
    let order = NewOrder {
        channel: Channel::Order,
        customer: customer.map(CustomerId),
        employee,
        user,
        order_date: None,
        time_zone: goods.day.time_zone,
        day_cut_hour: goods.day.day_cut_hour,
        reference: request.reference.map(Text::into_string),
        note: request.note.map(Note::into_string),
        amount: goods.amount,
        items: goods.items,
        payments: Vec::new(),
    };
    let view = OrderView::of_new(&order, store, &who.username);
    let mut posting =
        Posting::new(once.row_key(who), Atomicity::Whole, Vec::new(), once.origin(who))
            .in_store(store)
            .with_order(order);
    posting.fingerprint = once.fingerprint();
    Ok((posting, view))
}
