//! A sale over the counter: order, items, payments and goods in one commit.

use std::collections::BTreeMap;

use stockroom_domain::batch::{Atomicity, Refused};
use stockroom_domain::credit::{Charge, EntryKind};
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Refusal, Valuation};
use stockroom_domain::{CustomerId, Money, Quantity, StoreId};

use super::goods::{self, Goods};
use super::order::{OrderAnswer, OrderView};
use super::requests::{NewSaleRequest, check_date, check_items, check_payments, on_credit, sum};
use super::{People, answer_new, check_people, repeated, serving, sql};
use crate::App;
use crate::auth::{Can, Principal, Sell};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, Faults};
use crate::http::body::BYTES_MAX_BULK;
use crate::http::{Body, Created, Note, Once, Text};
use crate::ledger::document::{Channel, ChargeDetails, Made, NewOrder};
use crate::ledger::{Details, PostError, Posting, Receipt};
use crate::stores;

/// How often a sale is put together anew because the shelf has changed meanwhile.
const TRIES_MAX: usize = 8;

/// `POST /api/sales`
pub async fn sell(
    who: Can<Sell>,
    app: App,
    once: Once,
    Body(request): Body<NewSaleRequest, BYTES_MAX_BULK>,
) -> ApiResult<Created<OrderAnswer>> {
    let store = stores::meant(&app, &who, Permission::Sell, request.store_id).await?;
    if request.overrides {
        who.require_store(Permission::SuperviseSales, store)?;
    }
    let sold = match Sale::check(&app, &who, store, request).await {
        Ok(sale) => {
            let view = OrderView::of_new(&sale.order, store, &who.username);
            sale.post(&app, &who, &once).await.map(|receipt| (receipt, view))
        }
        Err(refusal) => Err(refusal),
    };
    match sold {
        Ok((receipt, view)) => {
            let sold: Created<OrderAnswer> = answer_new(&app, &who, &once, &receipt, view).await?;
            Ok(match receipt.made {
                Some(Made::Order { id, .. }) => sold.with_location(&format!("/api/orders/{id}")),
                _ => sold,
            })
        }
        Err(refusal) => repeated(&app, &who, &once).await?.ok_or(refusal),
    }
}

/// A sale that is in order, but for the goods.
struct Sale {
    store: StoreId,
    goods: Goods,
    order: NewOrder,
    overrides: bool,
}

impl Sale {
    async fn check(
        app: &App,
        who: &Principal,
        store: StoreId,
        request: NewSaleRequest,
    ) -> ApiResult<Self> {
        let mut faults = Faults::new();
        let items = check_items(request.items, true, &mut faults);
        let payments = check_payments(request.payments, "payments", &mut faults);
        let order_date = request.order_date.map(|date| date.0);
        check_date(order_date, who, store, app.clock.now(), &mut faults);
        if on_credit(&payments) > Money::ZERO && request.customer_id.is_none() {
            faults.add_required("customer_id", "To pay on credit, name the customer.");
        }
        faults.into_result()?;
        let customer = request.customer_id;
        let employee = serving(app, who, store, request.employee_id).await?;
        let people = People { customer, employee, user: request.user_id };
        let user = check_people(app, who, store, people).await?;
        let goods = Goods::find(app, who, store, Channel::Till, items).await?;
        let (total, paid) = (goods.amount.total, sum(&payments));
        if paid != Some(total) {
            let paid = paid.map_or_else(|| "too much".to_owned(), |paid| paid.to_string());
            let message = format!("The items come to {total}, the payments to {paid}.");
            return Err(ApiError::invalid("payments", message)
                .with_detail("total", total.to_string())
                .with_detail("paid", paid));
        }
        let order = NewOrder {
            channel: Channel::Till,
            customer: customer.map(CustomerId),
            employee,
            user,
            order_date,
            time_zone: goods.day.time_zone.clone(),
            day_cut_hour: goods.day.day_cut_hour,
            reference: request.reference.map(Text::into_string),
            note: request.note.map(Note::into_string),
            amount: goods.amount,
            items: goods.items.clone(),
            payments,
        };
        Ok(Self { store, goods, order, overrides: request.overrides })
    }

    /// Posts the sale. What was read of the shelf may have changed by then: it is put together
    /// anew while that makes a difference.
    async fn post(self, app: &App, who: &Principal, once: &Once) -> ApiResult<Receipt> {
        let mut lines = self.lines(app).await?;
        for _ in 0..TRIES_MAX {
            let posting = self.posting(who, once, lines.clone());
            let faults = match app.ledger.post(posting).await {
                Ok(receipt) => return Ok(receipt),
                Err(PostError::Refused(Refused::Lines(faults))) => faults,
                Err(error) => return Err(self.refused(error, once, &lines)),
            };
            let again = self.lines(app).await?;
            if same(&again, &lines) {
                return Err(self.refused(PostError::Refused(Refused::Lines(faults)), once, &lines));
            }
            lines = again;
        }
        Err(ApiError::from_post(PostError::Overloaded, once.key(), &[], |_| String::new()))
    }

    fn posting(&self, who: &Principal, once: &Once, lines: Vec<(Line, Details)>) -> Posting {
        let (lines, details): (Vec<Line>, Vec<Details>) = lines.into_iter().unzip();
        let mut posting =
            Posting::new(once.row_key(who), Atomicity::Whole, lines, once.origin(who))
                .in_store(self.store)
                .with_order(self.order.clone());
        posting.details = details;
        posting.fingerprint = once.fingerprint();
        let credit = on_credit(&self.order.payments);
        match self.order.customer.filter(|_| credit > Money::ZERO) {
            None => posting,
            Some(customer) => {
                let (kind, amount) = (EntryKind::CreditSale, credit);
                let charge = Charge { customer, kind, amount, reverses: None };
                let reference = self.order.reference.clone();
                posting.with_charge(charge, ChargeDetails { reference, ..ChargeDetails::default() })
            }
        }
    }

    /// The goods that go out; before them, where that is wished, those that have to be found.
    async fn lines(&self, app: &App) -> ApiResult<Vec<(Line, Details)>> {
        let details = Details {
            reference: self.order.reference.clone(),
            effective_at: self.order.order_date,
            ..Details::default()
        };
        let mut lots = goods::lots(app, self.store, &self.goods.day, self.goods.tracked()).await?;
        let out = goods::taking(self.store, &mut lots, &self.goods.wants(), &details);
        if !self.overrides {
            return Ok(out);
        }
        let mut lines = found(app, &out, &details).await?;
        lines.extend(out);
        Ok(lines)
    }

    fn refused(&self, error: PostError, once: &Once, lines: &[(Line, Details)]) -> ApiError {
        let item = |index: usize| lines.get(index).and_then(|(_, details)| details.order_item);
        let place = |index: usize| item(index).map_or(String::new(), |i| self.goods.place_of(i));
        let lines: Vec<Line> = lines.iter().map(|(line, _)| *line).collect();
        let PostError::Refused(Refused::Lines(mut faults)) = error else {
            return ApiError::from_post(error, once.key(), &lines, place);
        };
        for (index, fault) in &mut faults {
            let Line { kind, change, .. } = lines[*index];
            if let (Refusal::LotRequired, MovementKind::Sale, Change::By(wanted), false) =
                (*fault, kind, change, self.overrides)
            {
                // No lot was left to choose from.
                *fault = Refusal::NotEnough { requested: -wanted, on_hand: Quantity::ZERO };
            }
        }
        let shortages = faults.iter().filter_map(|(i, f)| shortage(&place(*i), &lines[*i], f));
        let shortages: Vec<_> = shortages.collect();
        let error = PostError::Refused(Refused::Lines(faults));
        let error = ApiError::from_post(error, once.key(), &lines, place);
        match shortages.is_empty() {
            true => error,
            false => error.with_detail("shortages", shortages),
        }
    }
}

/// What is missing of an item, for programs.
fn shortage(place: &str, line: &Line, fault: &Refusal) -> Option<serde_json::Value> {
    let Refusal::NotEnough { requested, on_hand } = fault else { return None };
    Some(serde_json::json!({
        "field": place,
        "product_id": line.key.product,
        "requested": requested,
        "on_hand": on_hand,
    }))
}

fn same(one: &[(Line, Details)], other: &[(Line, Details)]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.0 == b.0)
}

/// Lines that record as found what is missing for others to go out, each against the level as it
/// was read: if that has changed, they are refused.
async fn found(
    app: &App,
    out: &[(Line, Details)],
    details: &Details,
) -> ApiResult<Vec<(Line, Details)>> {
    let mut wanted: BTreeMap<LevelKey, i64> = BTreeMap::new();
    for (line, _) in out {
        if let Change::By(quantity) = line.change {
            *wanted.entry(line.key).or_default() -= quantity.thousandths();
        }
    }
    let mut reader = app.db.read().await?;
    let mut lines = Vec::new();
    for (key, wanted) in wanted {
        let LevelKey { store, product, lot } = key;
        let (version, on_hand) = sql::level(Conn::from(&mut reader), store, product, lot).await?;
        if wanted <= on_hand {
            continue;
        }
        let missing = Quantity::from_thousandths(wanted - on_hand);
        let line = Line {
            key,
            kind: MovementKind::Found,
            change: Change::By(missing),
            valuation: Valuation::Usual,
            expected_version: Some(version),
            reverses: None,
        };
        let item = out.iter().find(|(out, _)| out.key == key);
        let order_item = item.and_then(|(_, details)| details.order_item);
        let reason = Some("found".to_owned());
        lines.push((line, Details { reason, order_item, ..details.clone() }));
    }
    Ok(lines)
}
