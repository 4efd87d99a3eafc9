//! What comes into the made-up shops: the opening stock, deliveries and their lots.

use jiff::Span;
use jiff::civil::Date;
use stockroom_domain::stock::{Change, MovementKind};
use stockroom_domain::{Money, Quantity, Timestamp};

use super::catalogue::{Product, STORES, SUPPLIERS};
use super::history::{Line, Lot};
use super::plan::{HEALTHY_FROM, Plan, SCARCE_FROM, plan};
use super::products::PRODUCTS;
use super::random::Random;
use super::shelves::Piece;
use super::story::{Shift, Story};

impl Story<'_> {
    /// The opening stock, supplier by supplier.
    pub(super) fn open(&mut self, shift: &mut Shift) -> Result<(), jiff::Error> {
        for supplier in 0..SUPPLIERS.len() {
            let wanted = products_of(supplier).map(|(index, product)| {
                let weeks = shift.random.between(2, 3);
                (index, product.reorder_point() * weeks + product.case * 1_000)
            });
            let wanted = wanted.collect();
            self.bring(shift, 5 * 3_600, supplier, wanted)?;
        }
        Ok(())
    }

    /// The suppliers whose weekday it is fill up what will not last until their next visit;
    /// towards the end any supplier also brings at once what has fallen to its reorder point.
    pub(super) fn deliver(&mut self, shift: &mut Shift) -> Result<(), jiff::Error> {
        let weekday = shift.date.weekday().to_monday_zero_offset();
        for (supplier, visit) in SUPPLIERS.iter().enumerate() {
            let is_visit = visit.weekday == weekday;
            let wanted = products_of(supplier).filter_map(|(index, product)| {
                let good = self.shelves.on_hand(shift.store, index)
                    - self.shelves.expired(shift.store, index, shift.date);
                let point = product.reorder_point();
                let (is_low, target) = match plan(product, shift.store) {
                    Plan::Ends(left) if shift.day >= SCARCE_FROM => (good < left, left),
                    _ if is_visit => (good < 2 * point, 2 * point),
                    _ => (shift.day >= HEALTHY_FROM && good <= point, point + 1),
                };
                let cases =
                    (target - good + product.reorder_quantity() - 1) / product.reorder_quantity();
                is_low.then(|| (index, cases.max(1) * product.reorder_quantity()))
            });
            let wanted: Vec<(usize, i64)> = wanted.collect();
            self.bring(shift, 6 * 3_600 + 1_800, supplier, wanted)?;
        }
        Ok(())
    }

    /// One delivery.
    fn bring(
        &mut self,
        shift: &mut Shift,
        seconds: i64,
        supplier: usize,
        wanted: Vec<(usize, i64)>,
    ) -> Result<(), jiff::Error> {
        let late = i64::try_from(supplier).unwrap_or_default() * 420 + shift.random.between(0, 299);
        let Some(at) = self.at(shift.date, seconds + late)? else { return Ok(()) };
        let mut lines = Vec::with_capacity(wanted.len());
        for (product, quantity) in wanted {
            let cost = (PRODUCTS[product].cost * shift.random.between(97, 104) + 50) / 100;
            let (lot, expires_on) = self.lot(product, shift, at)?.unzip();
            self.shelves.receive(shift.store, product, Piece { lot, expires_on, quantity });
            lines.push(Line {
                product,
                lot,
                change: Change::By(Quantity::from_thousandths(quantity)),
                unit_cost: Some(Money::from_cents(cost)),
            });
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.notes[shift.store] += 1;
        let note = format!("DN-{}-{:05}", STORES[shift.store].code, self.notes[shift.store]);
        self.record(at, shift.store, MovementKind::StockIn, None, Some(note), lines);
        Ok(())
    }

    /// The lot that is delivered on this day, the same to all stores.
    fn lot(
        &mut self,
        product: usize,
        shift: &Shift,
        at: Timestamp,
    ) -> Result<Option<(usize, Date)>, jiff::Error> {
        let article = &PRODUCTS[product];
        if !article.track_lots() {
            return Ok(None);
        }
        if let Some(lot) = self.lots.get(&(product, shift.date)) {
            return Ok(Some((*lot, self.history.lots[*lot].expires_on)));
        }
        let label = i64::try_from(product).unwrap_or_default();
        let mut random = Random::stream(self.seed, &[-1, label, shift.day]);
        let full = article.shelf_days;
        let keeps = match full {
            _ if shift.day == 0 => random.between(full / 2, full),
            ..60 => full - random.between(0, 3),
            _ if random.percent(11) => random.between(12, 25),
            _ => full - random.between(0, full / 10),
        };
        let letter = char::from(b"ABCDEF"[article.supplier % 6]);
        let year = shift.date.year() % 100;
        let lot = Lot {
            product,
            code: format!("L{year:02}{:03}{letter}", shift.date.day_of_year()),
            expires_on: shift.date.checked_add(Span::new().days(keeps))?,
            created_at: at,
        };
        let expires_on = lot.expires_on;
        self.history.lots.push(lot);
        let index = self.history.lots.len() - 1;
        self.lots.insert((product, shift.date), index);
        Ok(Some((index, expires_on)))
    }
}

fn products_of(supplier: usize) -> impl Iterator<Item = (usize, &'static Product)> {
    PRODUCTS.iter().enumerate().filter(move |(_, product)| product.supplier == supplier)
}
