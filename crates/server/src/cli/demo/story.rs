//! A day in a made-up shop: from what is taken off the shelf in the morning to the count.
//!
//! What comes in is told in [`super::supply`].

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use stockroom_domain::stock::{Change, MovementKind};
use stockroom_domain::{Quantity, Timestamp};

use super::catalogue::{Portion, Product, STORES};
use super::history::{History, Line, Parcel};
use super::plan::{Plan, SCARCE_FROM, SCARCE_UNTIL, floor, plan};
use super::products::PRODUCTS;
use super::random::Random;
use super::shelves::{Piece, Shelves};

/// Customers by weekday, Monday first, in percent of an average day. Sunday is closed.
const WEEKDAY_PERCENT: [i64; 7] = [80, 75, 85, 90, 120, 150, 0];
/// Customers by hour, from the opening at nine to the closing at seven.
const HOUR_WEIGHTS: [i64; 10] = [5, 8, 10, 9, 8, 9, 11, 15, 16, 9];
/// Lines on a receipt: one, two … in percent; 2.12 on average.
const LINES_PERCENT: [i64; 5] = [40, 28, 17, 10, 5];

/// One day in one store.
pub struct Shift {
    pub(super) store: usize,
    pub(super) day: i64,
    pub(super) date: Date,
    pub(super) random: Random,
}

/// Something that happens while the shop is open.
#[derive(Clone, Copy)]
enum Incident {
    Basket,
    Removal(&'static str),
    Found,
}

/// The history while it is being made, day by day and store by store.
pub struct Story<'a> {
    pub(super) seed: u64,
    pub(super) end: Timestamp,
    pub(super) zone: &'a TimeZone,
    pub(super) shelves: Shelves,
    pub(super) history: History,
    pub(super) lots: HashMap<(usize, Date), usize>,
    pub(super) popularity: Vec<i64>,
    pub(super) receipts: [u32; STORES.len()],
    pub(super) notes: [u32; STORES.len()],
}

impl Story<'_> {
    /// Lives through one day of one store.
    pub(super) fn live(&mut self, mut shift: Shift) -> Result<(), jiff::Error> {
        if shift.day == 0 {
            self.open(&mut shift)?;
        }
        let weekday = usize::try_from(shift.date.weekday().to_monday_zero_offset()).unwrap_or(0);
        let customers = WEEKDAY_PERCENT[weekday];
        if customers == 0 {
            return Ok(());
        }
        if shift.day > 0 {
            self.deliver(&mut shift)?;
        }
        self.clear_expired(&shift)?;
        self.trade(&mut shift, customers)?;
        let next_open = shift.date.checked_add(if weekday == 5 { 2.days() } else { 1.day() })?;
        if next_open.month() != shift.date.month() {
            self.count(&mut shift)?;
        }
        Ok(())
    }

    /// The instant of a local time; `None` if that is beyond the end of the story.
    pub(super) fn at(&self, date: Date, seconds: i64) -> Result<Option<Timestamp>, jiff::Error> {
        let time = Time::midnight().wrapping_add(seconds.seconds());
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone())?;
        let at = Timestamp(zoned.timestamp().as_microsecond());
        Ok((at <= self.end).then_some(at))
    }

    /// Before the doors open, what has expired is taken off the shelf.
    fn clear_expired(&mut self, shift: &Shift) -> Result<(), jiff::Error> {
        let Some(at) = self.at(shift.date, 8 * 3_600 + 900)? else { return Ok(()) };
        let mut lines = Vec::new();
        for product in 0..PRODUCTS.len() {
            let expired = self.shelves.expired(shift.store, product, shift.date);
            lines.extend(self.take(shift.store, product, expired));
        }
        self.record(at, shift.store, MovementKind::ManualRemove, Some("expired"), None, lines);
        Ok(())
    }

    /// The day's sales, and what else happens while the shop is open.
    fn trade(&mut self, shift: &mut Shift, customers: i64) -> Result<(), jiff::Error> {
        let mut urgent = self.surplus(shift);
        for (seconds, incident) in self.schedule(shift, customers) {
            let Some(at) = self.at(shift.date, seconds)? else { return Ok(()) };
            match incident {
                Incident::Basket => self.sell(shift, at, urgent.pop()),
                Incident::Removal(reason) => self.remove(shift, at, reason),
                Incident::Found => self.find(shift, at),
            }
        }
        Ok(())
    }

    /// What of the scarce products should have been sold by the end of this day: one entry
    /// for each unit, so that they have surely come down to their end in time.
    fn surplus(&self, shift: &Shift) -> Vec<usize> {
        let mut surplus = Vec::new();
        for (index, product) in PRODUCTS.iter().enumerate() {
            let Plan::Ends(left) = plan(product, shift.store) else { continue };
            if shift.day < SCARCE_FROM {
                continue;
            }
            let days_left = (SCARCE_UNTIL - shift.day).max(0);
            let most =
                left + 4 * product.reorder_point() * days_left / (SCARCE_UNTIL - SCARCE_FROM);
            let excess = self.shelves.on_hand(shift.store, index) - most;
            let units = usize::try_from(excess.max(0) / 1_000).unwrap_or_default();
            surplus.extend(std::iter::repeat_n(index, units));
        }
        surplus
    }

    /// What happens on this day and when, in order.
    fn schedule(&self, shift: &mut Shift, customers: i64) -> Vec<(i64, Incident)> {
        let random = &mut shift.random;
        let lines_a_week = self.popularity.last().copied().unwrap_or_default() / 1_000;
        let size = STORES[shift.store].size_percent * customers * random.between(88, 112);
        let baskets = lines_a_week * 100 / 212 / 6 * size / 1_000_000;
        let mut incidents = vec![Incident::Basket; usize::try_from(baskets).unwrap_or_default()];
        let chances = [("damaged", 45), ("theft", 22), ("mortality", 55), ("internal_use", 30)];
        for (reason, chance) in chances {
            if random.percent(chance) {
                incidents.push(Incident::Removal(reason));
            }
        }
        if random.percent(40) {
            incidents.push(Incident::Found);
        }
        let mut schedule: Vec<(i64, Incident)> =
            incidents.into_iter().map(|incident| (opening_second(random), incident)).collect();
        schedule.sort_by_key(|(seconds, _)| *seconds);
        schedule
    }

    /// One customer, one receipt. Whoever buys for a dog mostly buys only for dogs.
    fn sell(&mut self, shift: &mut Shift, at: Timestamp, urgent: Option<usize>) {
        let mut basket: Vec<usize> = Vec::new();
        let mut lines = Vec::new();
        let first = urgent.unwrap_or_else(|| self.choose(&mut shift.random));
        let count = weighted(&mut shift.random, &LINES_PERCENT) + 1;
        for line in 0..count {
            let mut product = first;
            for _ in 0..if line == 0 { 0 } else { 12 } {
                product = self.choose(&mut shift.random);
                let is_same = PRODUCTS[product].animal() == PRODUCTS[first].animal();
                if is_same || shift.random.percent(4) {
                    break;
                }
            }
            if basket.contains(&product) {
                continue;
            }
            basket.push(product);
            let wanted = match urgent {
                Some(one) if one == product => 1_000,
                _ => portion(&mut shift.random, &PRODUCTS[product]),
            };
            let quantity = self.available(shift, product).min(wanted);
            lines.extend(self.take(shift.store, product, PRODUCTS[product].in_steps(quantity)));
        }
        if !lines.is_empty() {
            self.receipts[shift.store] += 1;
            let number = self.receipts[shift.store];
            let receipt = format!("{}-{number:06}", STORES[shift.store].code);
            self.record(at, shift.store, MovementKind::Sale, None, Some(receipt), lines);
        }
    }

    /// Something is taken out for a reason that fits the product.
    fn remove(&mut self, shift: &mut Shift, at: Timestamp, reason: &'static str) {
        let fitting: Vec<usize> =
            (0..PRODUCTS.len()).filter(|index| fits(reason, &PRODUCTS[*index])).collect();
        let product = fitting[shift.random.index(fitting.len())];
        let article = &PRODUCTS[product];
        let wanted = match article.portion {
            Portion::Loose(least, _, _) => least,
            _ if reason == "mortality" => shift.random.between(1, 3) * 1_000,
            _ => 1_000,
        };
        let quantity = self.available(shift, product).min(wanted);
        let lines = self.take(shift.store, product, article.in_steps(quantity));
        self.record(at, shift.store, MovementKind::ManualRemove, Some(reason), None, lines);
    }

    /// One piece of something without lots turns up behind a shelf.
    fn find(&mut self, shift: &mut Shift, at: Timestamp) {
        let product = self.choose(&mut shift.random);
        let article = &PRODUCTS[product];
        let is_healthy = plan(article, shift.store) == Plan::Healthy;
        if !is_healthy || article.track_lots() || article.unit != "each" {
            return;
        }
        let piece = Piece { lot: None, expires_on: None, quantity: 1_000 };
        self.shelves.receive(shift.store, product, piece);
        let change = Change::By(Quantity::units(1));
        let lines = vec![Line { product, lot: None, change, unit_cost: None }];
        self.record(at, shift.store, MovementKind::Found, None, None, lines);
    }

    /// A third of the assortment is counted after closing time; most of it is right.
    fn count(&mut self, shift: &mut Shift) -> Result<(), jiff::Error> {
        let Some(at) = self.at(shift.date, 19 * 3_600 + 2_400)? else { return Ok(()) };
        let third = usize::try_from(shift.date.month()).unwrap_or_default() % 3;
        let mut lines = Vec::new();
        for product in (third..PRODUCTS.len()).step_by(3) {
            let article = &PRODUCTS[product];
            let Some(piece) = self.shelves.pieces(shift.store, product).first().copied() else {
                continue;
            };
            let step = if article.unit == "each" { 1_000 } else { 35 };
            let off = match shift.random.between(0, 9) {
                0 | 1 => -step * shift.random.between(1, 2),
                2 => step,
                _ => 0,
            };
            let is_safe = plan(article, shift.store) == Plan::Healthy
                && self.available(shift, product) + off >= 0
                && piece.quantity + off >= 0;
            let counted = if is_safe { piece.quantity + off } else { piece.quantity };
            self.shelves.count(shift.store, product, piece.lot, counted);
            lines.push(Line {
                product,
                lot: piece.lot,
                change: Change::To(Quantity::from_thousandths(counted)),
                unit_cost: None,
            });
        }
        let sheet = format!("COUNT-{}-{}", STORES[shift.store].code, shift.date);
        self.record(
            at,
            shift.store,
            MovementKind::CountAdjustment,
            Some("count"),
            Some(sheet),
            lines,
        );
        Ok(())
    }

    /// What may leave the shelf on this day.
    fn available(&self, shift: &Shift, product: usize) -> i64 {
        let least = floor(&PRODUCTS[product], shift.store, shift.day);
        (self.shelves.on_hand(shift.store, product) - least).max(0)
    }

    fn choose(&self, random: &mut Random) -> usize {
        let all = self.popularity.last().copied().unwrap_or(1);
        let drawn = random.between(0, all - 1);
        self.popularity.partition_point(|sum| *sum <= drawn)
    }

    fn take(&mut self, store: usize, product: usize, quantity: i64) -> Vec<Line> {
        let taken = self.shelves.take(store, product, quantity).into_iter();
        let line = |piece: Piece| Line {
            product,
            lot: piece.lot,
            change: Change::By(Quantity::from_thousandths(-piece.quantity)),
            unit_cost: None,
        };
        taken.map(line).collect()
    }

    pub(super) fn record(
        &mut self,
        at: Timestamp,
        store: usize,
        kind: MovementKind,
        reason: Option<&'static str>,
        reference: Option<String>,
        lines: Vec<Line>,
    ) {
        if !lines.is_empty() {
            self.history.parcels.push(Parcel { at, store, kind, reason, reference, lines });
        }
    }
}

/// Whether something of this product is taken out for this reason.
fn fits(reason: &str, product: &Product) -> bool {
    let is_alive = product.category.starts_with("Live");
    match reason {
        "mortality" => is_alive && product.unit == "each",
        "theft" => product.category.contains("toys") || product.category.starts_with("Leads"),
        "internal_use" => ["Small animal bedding", "Small animal food", "Fish food", "Cat litter"]
            .contains(&product.category),
        _ => !is_alive && product.unit == "each",
    }
}

/// A second of the day while the shop is open.
fn opening_second(random: &mut Random) -> i64 {
    let hour = i64::try_from(weighted(random, &HOUR_WEIGHTS)).unwrap_or_default();
    (9 + hour) * 3_600 + random.between(0, 3_599)
}

/// An index, drawn by weight.
fn weighted(random: &mut Random, weights: &[i64]) -> usize {
    let mut drawn = random.between(0, weights.iter().sum::<i64>() - 1);
    let chosen = weights.iter().position(|weight| {
        drawn -= weight;
        drawn < 0
    });
    chosen.unwrap_or_default()
}

/// What a customer takes, in thousandths.
fn portion(random: &mut Random, product: &Product) -> i64 {
    match product.portion {
        Portion::One => [1_000, 2_000, 3_000][weighted(random, &[80, 17, 3])],
        Portion::UpTo(most) => random.between(1, most) * 1_000,
        Portion::Loose(least, most, step) => random.between(least / step, most / step) * step,
    }
}

/// The weights by which customers choose: lines a week, in thousandths, summed up.
pub fn popularity() -> Vec<i64> {
    let mut sum = 0;
    let weight = |product: &Product| product.weekly * 1_000_000 / product.portion_average();
    let weights = PRODUCTS.iter().map(|product| {
        sum += weight(product);
        sum
    });
    weights.collect()
}
