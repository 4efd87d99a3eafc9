//! From what is asked for to what moves: items with their names and prices, the lots that they
//! are taken from, and the lines of the ledger.

use std::collections::HashMap;

use stockroom_domain::catalog::TaxRate;
use stockroom_domain::orders::{Amount, Priced};
use stockroom_domain::permissions::Permission;
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{LotId, Money, ProductId, Quantity, StoreId};

use super::offers::Offer;
use super::requests::CheckedItem;
use super::sql::{self, GoodsRow};
use crate::App;
use crate::auth::Principal;
use crate::catalog;
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, ErrorCode, Faults};
use crate::ledger::Details;
use crate::ledger::document::{Channel, NewItem};
use crate::stores::StoreDay;

/// Items of an order, ready to be written, and where their goods come from.
#[derive(Clone, Debug)]
pub(super) struct Goods {
    pub(super) items: Vec<NewItem>,
    /// What they come to.
    pub(super) amount: Amount,
    /// When the store's day begins.
    pub(super) day: StoreDay,
    /// Where in the request each stood first.
    places: Vec<usize>,
    /// The lot that each is taken from, where one was named.
    lots: Vec<Option<LotId>>,
    /// Products whose lots are tracked.
    tracked: Vec<ProductId>,
}

/// Goods that are to be taken for one item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    /// The item's number in the order.
    pub(super) item: i64,
    pub(super) product: ProductId,
    pub(super) quantity: Quantity,
    /// The lot, where one was named.
    pub(super) lot: Option<LotId>,
}

impl Goods {
    /// Finds the products that are meant and sets their prices. Items of an order that only differ
    /// in their quantity are merged.
    ///
    /// # Errors
    /// 404 for products that are not there, 403 for a price that the caller may not set, 400 for
    /// sums that are too large; each names its items.
    pub(super) async fn find(
        app: &App,
        who: &Principal,
        store: StoreId,
        channel: Channel,
        asked: Vec<CheckedItem>,
    ) -> ApiResult<Self> {
        let references: Vec<_> = asked.iter().map(|item| &item.product).collect();
        let resolved = catalog::resolve_all(&app.db, &references).await?;
        let known = resolved.iter().flatten().map(|product| product.product_id);
        let Offer { day, goods: rows } = app.offers.of(app, store, known.collect()).await?;
        let day = day.ok_or_else(|| ApiError::not_found("store", store.0))?;
        let mut found = Vec::with_capacity(asked.len());
        let mut missing = Vec::new();
        for (item, product) in asked.into_iter().zip(resolved) {
            let row = product.and_then(|product| {
                let id = product.product_id;
                rows.get(&id).ok_or_else(|| unknown(id))
            });
            match row {
                Ok(row) => found.push((row, item)),
                Err(error) => missing.push(error.within(&place(item.index))),
            }
        }
        if let Some(error) = ApiError::together(missing) {
            return Err(error);
        }
        let may_price = who.may(Permission::SuperviseSales, store);
        let mut goods = Self {
            items: Vec::with_capacity(found.len()),
            amount: Amount::default(),
            day,
            places: Vec::new(),
            lots: Vec::new(),
            tracked: rows.values().filter(|r| r.track_lots).map(|r| ProductId(r.id)).collect(),
        };
        let mut known: HashMap<(ProductId, Money, Option<LotId>), usize> = HashMap::new();
        for (row, asked) in found {
            let id = ProductId(row.id);
            let price = price(row, &asked, may_price)?;
            let lot = match &asked.lot {
                None => None,
                Some(code) => {
                    let lot = catalog::lots::find(&app.db, id, code, None).await;
                    Some(lot.map_err(|error| error.within(&place(asked.index)))?)
                }
            };
            // A till has rounded each line for its receipt: those stay as they are.
            match known.get(&(id, price, lot)).filter(|_| channel == Channel::Order) {
                Some(index) => goods.add(*index, &asked)?,
                None => {
                    known.insert((id, price, lot), goods.items.len());
                    goods.push(row, &asked, price, lot);
                }
            }
        }
        goods.total()?;
        Ok(goods)
    }

    fn push(&mut self, row: &GoodsRow, asked: &CheckedItem, price: Money, lot: Option<LotId>) {
        self.items.push(NewItem {
            product: ProductId(row.id),
            sku: row.sku.clone(),
            name: row.name.clone(),
            quantity: asked.quantity,
            price,
            tax_rate: TaxRate::from_hundred_thousandths(row.tax_rate),
            amount: Amount::default(),
        });
        self.places.push(asked.index);
        self.lots.push(lot);
    }

    fn add(&mut self, index: usize, asked: &CheckedItem) -> ApiResult<()> {
        let item = &mut self.items[index];
        let sum = item.quantity.checked_add(asked.quantity).and_then(Quantity::within_max);
        item.quantity = sum.ok_or_else(|| {
            let message = "Together with the items before it this is more than can be ordered.";
            ApiError::invalid(format!("items[{}].quantity", asked.index), message)
        })?;
        Ok(())
    }

    /// Works out what each item and all of them come to.
    fn total(&mut self) -> ApiResult<()> {
        let mut faults = Faults::new();
        for (item, index) in self.items.iter_mut().zip(&self.places) {
            let NewItem { quantity, price, tax_rate, .. } = *item;
            match (Priced { quantity, price, tax_rate }).amount() {
                Some(amount) if amount.total <= Money::MAX => item.amount = amount,
                _ => faults.add(format!("items[{index}].quantity"), TOO_LARGE),
            }
        }
        faults.into_result()?;
        let sum = Amount::sum(self.items.iter().map(|item| item.amount));
        let sum = sum.filter(|sum| sum.total <= Money::MAX);
        self.amount = sum.ok_or_else(|| ApiError::invalid("items", TOO_LARGE))?;
        Ok(())
    }

    /// What is to be taken for them.
    pub(super) fn wants(&self) -> Vec<Want> {
        let items = (1_i64..).zip(&self.items).zip(&self.lots);
        let want = |((item, new), lot): ((i64, &NewItem), &Option<LotId>)| Want {
            item,
            product: new.product,
            quantity: new.quantity,
            lot: *lot,
        };
        items.map(want).collect()
    }

    /// Where in the request an item stood.
    pub(super) fn place_of(&self, item: i64) -> String {
        let index = usize::try_from(item - 1).ok().and_then(|index| self.places.get(index));
        place(index.copied().unwrap_or_default())
    }

    pub(super) fn tracked(&self) -> &[ProductId] {
        &self.tracked
    }
}

const TOO_LARGE: &str = "This comes to more than 99999999.99.";

fn place(index: usize) -> String {
    format!("items[{index}]")
}

fn unknown(id: ProductId) -> ApiError {
    let code = ErrorCode::NotFound;
    let message = format!("There is no product with the id {id}.");
    ApiError::field(code, code.name(), "product_id", message)
        .with_detail("kind", "product")
        .with_detail("product_id", id.0)
}

/// The price of an item: the catalogue's, or another where the caller may set one.
fn price(row: &GoodsRow, asked: &CheckedItem, may_price: bool) -> ApiResult<Money> {
    let usual = Money::from_cents(row.price);
    match asked.price {
        None => Ok(usual),
        Some(price) if price == usual || may_price => Ok(price),
        Some(price) => {
            let permission = Permission::SuperviseSales.name();
            let message = format!(
                "The price of {} is {usual}: to sell it at {price} needs the permission \
                 {permission}.",
                row.sku
            );
            let code = ErrorCode::Forbidden;
            Err(ApiError::field(code, code.name(), "price", message)
                .with_detail("permission", permission)
                .with_detail("price", usual.to_string())
                .within(&place(asked.index)))
        }
    }
}

/// The lines that take what is wanted out of a store, each with the item that it is for. Of
/// products whose lots are tracked, which all have an entry in `lots`, what expires first goes
/// first, after what is wanted of a lot by name; what is taken is taken off `lots`. What is not
/// there is asked for all the same: the ledger refuses it, and says how much is missing.
pub(super) fn taking(
    store: StoreId,
    lots: &mut Lots,
    wants: &[Want],
    details: &Details,
) -> Vec<(Line, Details)> {
    for want in wants {
        let shelf = lots.get_mut(&want.product).into_iter().flatten();
        for (_, there) in shelf.filter(|(lot, _)| Some(*lot) == want.lot) {
            *there = (*there - want.quantity).max(Quantity::ZERO);
        }
    }
    let mut lines = Vec::with_capacity(wants.len());
    for want in wants {
        let mut push = |lot: LotId, quantity: Quantity| {
            let key = LevelKey { store, product: want.product, lot };
            let details = Details { order_item: Some(want.item), ..details.clone() };
            lines.push((sale(key, quantity), details));
        };
        match (want.lot, lots.get_mut(&want.product)) {
            (Some(lot), _) => push(lot, want.quantity),
            (None, None) => push(LotId::NONE, want.quantity),
            (None, Some(shelf)) => {
                for (lot, quantity) in spread(shelf, want.quantity) {
                    push(lot, quantity);
                }
            }
        }
    }
    lines
}

/// Whether less is there of some product whose lots are tracked than is wanted.
pub(super) fn is_short(lots: &Lots, wants: &[Want]) -> bool {
    lots.iter().any(|(product, shelf)| {
        let of_it = wants.iter().filter(|want| want.product == *product);
        let wanted: i64 = of_it.map(|want| want.quantity.thousandths()).sum();
        wanted > shelf.iter().map(|(_, there)| there.thousandths()).sum()
    })
}

fn sale(key: LevelKey, quantity: Quantity) -> Line {
    Line {
        key,
        kind: MovementKind::Sale,
        change: Change::By(-quantity),
        valuation: Valuation::Usual,
        expected_version: None,
        reverses: None,
    }
}

/// What can be sold of each lot, by product.
pub(super) type Lots = HashMap<ProductId, Vec<(LotId, Quantity)>>;

/// What can be sold of the lots of some products: nothing that has expired. Each has an entry.
///
/// # Errors
/// The database's.
pub(super) async fn lots(
    app: &App,
    store: StoreId,
    day: &StoreDay,
    tracked: &[ProductId],
) -> ApiResult<Lots> {
    let mut shelves: Lots = tracked.iter().map(|product| (*product, Vec::new())).collect();
    if tracked.is_empty() {
        return Ok(shelves);
    }
    let today = day.date(app.clock.now()).to_string();
    let mut reader = app.db.read().await?;
    for row in sql::lots(Conn::from(&mut reader), store, tracked).await? {
        if row.expires_on.as_ref().is_none_or(|day| *day >= today) {
            let there = (LotId(row.lot_id), Quantity::from_thousandths(row.on_hand));
            shelves.entry(ProductId(row.product_id)).or_default().push(there);
        }
    }
    Ok(shelves)
}

/// Takes a quantity from lots, in their order. What is missing is asked of the last one.
fn spread(shelf: &mut [(LotId, Quantity)], quantity: Quantity) -> Vec<(LotId, Quantity)> {
    let mut left = quantity;
    let mut parts: Vec<(LotId, Quantity)> = Vec::new();
    for (lot, there) in shelf.iter_mut() {
        let part = left.min(*there);
        if part.is_positive() {
            parts.push((*lot, part));
            *there = *there - part;
            left = left - part;
        }
    }
    if left.is_positive() {
        match parts.last_mut() {
            Some((_, part)) => *part = *part - (-left),
            None => parts.push((shelf.last().map_or(LotId::NONE, |(lot, _)| *lot), left)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_first_goes_first_and_what_is_missing_is_asked_of_the_last() {
        let units = Quantity::units;
        let check = |there: &[i64], wanted: i64, expect: &[(i64, i64)]| {
            let mut shelf: Vec<(LotId, Quantity)> =
                (1_i64..).map(LotId).zip(there.iter().map(|n| units(*n))).collect();
            let expect: Vec<(LotId, Quantity)> =
                expect.iter().map(|(lot, n)| (LotId(*lot), units(*n))).collect();
            assert_eq!(spread(&mut shelf, units(wanted)), expect, "{wanted} of {there:?}");
        };
        check(&[2, 3], 1, &[(1, 1)]);
        check(&[2, 3], 4, &[(1, 2), (2, 2)]);
        check(&[2, 3], 9, &[(1, 2), (2, 7)]);
        check(&[], 2, &[(0, 2)]);
        let mut shelf = [(LotId(1), units(2)), (LotId(2), units(3))];
        spread(&mut shelf, units(2));
        assert_eq!(spread(&mut shelf, units(1)), [(LotId(2), units(1))]);
        assert_eq!(spread(&mut shelf, units(5)), [(LotId(2), units(5))]);
        assert_eq!(spread(&mut shelf, units(1)), [(LotId(2), units(1))]);
    }
}
