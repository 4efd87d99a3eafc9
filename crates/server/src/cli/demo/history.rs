//! Ninety days of three pet shops, made up: pure, and the same for the same seed and end.
//!
//! Each day of each store has its morning (deliveries, then what has expired is taken off the
//! shelf), its trade (till sales, and now and then something breaks, dies, is stolen, used or
//! found) and, at the end of a month, a count. Where this ends is arranged in [`super::plan`],
//! for any seed and any end: the scarce products of [`super::products`] are below their reorder
//! point in each store and so over the whole chain, one product is out in each store,
//! everything else is above its reorder point in each store, and some lots expire within the
//! next 14 days.
//!
//! What is made here are wishes; `stockroom demo` puts them to the ledger, which decides.

use std::collections::HashMap;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use stockroom_domain::stock::{Change, MovementKind};
use stockroom_domain::{Money, Timestamp};

use super::catalogue::STORES;
use super::products::PRODUCTS;
use super::random::Random;
use super::shelves::Shelves;
use super::story::{Shift, Story, popularity};

/// Days of history before the day on which it ends.
pub const DAYS: i64 = 90;

/// A batch of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Index into the catalogue.
    pub product: usize,
    /// What the maker prints on it; unique per product.
    pub code: String,
    /// Its last good day.
    pub expires_on: Date,
    /// When it was first seen.
    pub created_at: Timestamp,
}

/// What happened at one instant in one store: stands or falls as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// When.
    pub at: Timestamp,
    /// Index into [`STORES`].
    pub store: usize,
    /// Why goods moved.
    pub kind: MovementKind,
    /// The reason, of a removal or a count.
    pub reason: Option<&'static str>,
    /// The receipt, the delivery note or the count sheet.
    pub reference: Option<String>,
    /// What moved.
    pub lines: Vec<Line>,
}

/// One line of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Index into the catalogue.
    pub product: usize,
    /// Index into [`History::lots`].
    pub lot: Option<usize>,
    /// By how much, or to what.
    pub change: Change,
    /// What a unit has cost, if it was delivered.
    pub unit_cost: Option<Money>,
}

/// Everything that happened, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// All lots that were ever delivered.
    pub lots: Vec<Lot>,
    /// What happened.
    pub parcels: Vec<Parcel>,
}

impl History {
    /// How many movements this makes.
    pub fn movements(&self) -> usize {
        self.parcels.iter().map(|parcel| parcel.lines.len()).sum()
    }
}

/// Makes up the ninety days before the day of `end` in `zone`, and that day up to `end`.
///
/// # Errors
/// `end` is beyond the years that a calendar knows.
pub fn generate(seed: u64, end: Timestamp, zone: &TimeZone) -> Result<History, jiff::Error> {
    let last = jiff::Timestamp::from_microsecond(end.0)?.to_zoned(zone.clone()).date();
    let mut story = Story {
        seed,
        end,
        zone,
        shelves: Shelves::new(STORES.len(), PRODUCTS.len()),
        history: History::default(),
        lots: HashMap::new(),
        popularity: popularity(),
        receipts: [0; STORES.len()],
        notes: [0; STORES.len()],
    };
    for day in 0..=DAYS {
        let date = last.checked_sub(Span::new().days(DAYS - day))?;
        for store in 0..STORES.len() {
            let label = i64::try_from(store).unwrap_or_default();
            let random = Random::stream(seed, &[label, day]);
            story.live(Shift { store, day, date, random })?;
        }
    }
    let mut history = story.history;
    history.parcels.sort_by_key(|parcel| (parcel.at, parcel.store));
    Ok(history)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::fmt::Write as _;

    use jiff::civil::date;
    use sha2::{Digest, Sha256};

    use super::super::catalogue::TIME_ZONE;
    use super::super::products::{SCARCE, SOLD_OUT};
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get(TIME_ZONE).expect("the machine's time zones")
    }

    fn instant(day: Date, hour: i8, minute: i8) -> Timestamp {
        let zoned = day.at(hour, minute, 0, 0).to_zoned(zone()).expect("a valid local time");
        Timestamp(zoned.timestamp().as_microsecond())
    }

    fn made(seed: u64, end: Timestamp) -> History {
        generate(seed, end, &zone()).expect("a history")
    }

    fn hash(history: &History) -> String {
        Sha256::digest(format!("{history:?}")).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Ends at all hours, on each weekday, on holidays and in the weeks of changed clocks.
    fn ends() -> Vec<Timestamp> {
        let hours = [(0, 1), (5, 3), (7, 10), (8, 15), (12, 0), (18, 59), (23, 59)];
        let days = (0..14).map(|week| date(2026, 1, 2) + Span::new().days(week * 27));
        days.zip(hours.into_iter().cycle()).map(|(day, (h, m))| instant(day, h, m)).collect()
    }

    /// What is on hand after the whole history by (store, product, lot), in thousandths,
    /// replayed naively. Panics where it falls below zero.
    fn replay(history: &History) -> HashMap<(usize, usize, Option<usize>), i64> {
        let mut levels = HashMap::new();
        for parcel in &history.parcels {
            for line in &parcel.lines {
                let key = (parcel.store, line.product, line.lot);
                let level = levels.entry(key).or_insert(0_i64);
                match line.change {
                    Change::By(quantity) => *level += quantity.thousandths(),
                    Change::To(quantity) => *level = quantity.thousandths(),
                }
                assert!(*level >= 0, "{key:?} is at {level} after {parcel:?}");
            }
        }
        levels
    }

    #[test]
    fn the_same_seed_makes_the_same_history_on_every_machine() {
        let end = instant(date(2026, 6, 17), 14, 30);
        let history = made(1, end);
        assert_eq!(history, made(1, end));
        assert_ne!(hash(&history), hash(&made(2, end)));
        // Whoever changes the catalogue or the generator changes this line too.
        let known = "749c51ea161afbe5ac95fad369082d93ce09c9cfc740a84be0ac8cab2f27fb60";
        assert_eq!(hash(&history), known);
    }

    #[test]
    fn an_earlier_end_tells_the_same_story_up_to_there() {
        let day = date(2026, 6, 17);
        let noon = instant(day, 12, 0);
        let (short, long) = (made(1, noon), made(1, instant(day, 20, 0)));
        let until_noon: Vec<Parcel> =
            long.parcels.into_iter().filter(|parcel| parcel.at <= noon).collect();
        assert_eq!(short.parcels, until_noon);
    }

    #[test]
    fn a_history_is_as_long_and_as_varied_as_promised() {
        let end = instant(date(2026, 6, 17), 14, 30);
        let history = made(1, end);
        let movements = history.movements();
        assert!((15_000..=40_000).contains(&movements), "{movements} movements");
        let mut said = HashMap::new();
        for parcel in &history.parcels {
            *said.entry((parcel.kind.name(), parcel.reason)).or_insert(0) += parcel.lines.len();
        }
        for reason in ["damaged", "expired", "theft", "mortality", "internal_use"] {
            let count = said.get(&("manual_remove", Some(reason))).copied().unwrap_or(0);
            assert!(count >= 5, "{reason}: {count} of {said:?}");
        }
        for kind in ["stock_in", "sale", "found", "count_adjustment"] {
            assert!(said.keys().any(|(known, _)| *known == kind), "no {kind}");
        }
        let ninety_days = 90 * 86_400 * 1_000_000;
        let first = history.parcels.first().expect("something happened").at;
        assert!(end.0 - first.0 > ninety_days - 43_200 * 1_000_000);
        assert!(history.parcels.is_sorted_by_key(|parcel| parcel.at));
        assert!(history.parcels.iter().all(|parcel| parcel.at <= end));
        assert!(history.parcels.iter().all(|parcel| parcel.lines.len() <= 256));
    }

    #[test]
    fn every_history_ends_as_arranged() {
        for (seed, end) in (0..).zip(ends()) {
            let history = made(seed, end);
            let levels = replay(&history);
            let on_hand = |store, product| -> i64 {
                let of = |key: &(usize, usize, _)| key.0 == store && key.1 == product;
                levels.iter().filter(|(key, _)| of(key)).map(|(_, quantity)| quantity).sum()
            };
            for (index, product) in PRODUCTS.iter().enumerate() {
                let point = product.reorder_point();
                let stores: Vec<i64> =
                    (0..STORES.len()).map(|store| on_hand(store, index)).collect();
                let sum: i64 = stores.iter().sum();
                let case = format!("{} of seed {seed}: {stores:?}, {point}", product.sku);
                if product.sku == SOLD_OUT {
                    assert_eq!(sum, 0, "{case}");
                } else if SCARCE.contains(&product.sku) {
                    assert!(sum < point && stores.iter().all(|store| *store > 0), "{case}");
                } else {
                    assert!(stores.iter().all(|store| *store > point), "{case}");
                }
            }
        }
    }

    #[test]
    fn some_lots_on_hand_expire_within_fourteen_days_but_nothing_is_long_expired() {
        for (seed, end) in (0..).zip(ends()) {
            let history = made(seed, end);
            let instant = jiff::Timestamp::from_microsecond(end.0).expect("an instant");
            let today = instant.to_zoned(zone()).date();
            let (from, until) = (today - Span::new().days(3), today + Span::new().days(14));
            let mut soon = HashSet::new();
            for ((_, _, lot), quantity) in replay(&history) {
                let Some(lot) = lot.filter(|_| quantity > 0) else { continue };
                let expires_on = history.lots[lot].expires_on;
                assert!(expires_on >= from, "seed {seed}: {:?} is on hand", history.lots[lot]);
                if (today..=until).contains(&expires_on) {
                    soon.insert(lot);
                }
            }
            assert!(soon.len() >= 3, "seed {seed}: {} lots expire soon", soon.len());
        }
    }

    #[test]
    fn lots_leave_before_they_expire_and_belong_to_their_product() {
        let history = made(3, instant(date(2026, 6, 17), 14, 30));
        let codes: HashSet<(usize, &str)> =
            history.lots.iter().map(|lot| (lot.product, lot.code.as_str())).collect();
        assert_eq!(codes.len(), history.lots.len(), "a lot code twice");
        for parcel in &history.parcels {
            let at = jiff::Timestamp::from_microsecond(parcel.at.0).expect("an instant");
            let day = at.to_zoned(zone()).date();
            for line in &parcel.lines {
                assert_eq!(line.lot.is_some(), PRODUCTS[line.product].track_lots());
                let Some(lot) = line.lot.map(|lot| &history.lots[lot]) else { continue };
                assert_eq!(lot.product, line.product);
                let is_expired = lot.expires_on < day;
                assert_eq!(is_expired, parcel.reason == Some("expired"), "{parcel:?} {lot:?}");
            }
        }
    }

    #[test]
    fn goods_by_the_piece_stay_whole_and_receipts_are_unique() {
        let history = made(4, instant(date(2026, 6, 17), 14, 30));
        let mut references = HashSet::new();
        for parcel in &history.parcels {
            if let Some(reference) = &parcel.reference {
                assert!(references.insert(reference.clone()), "{reference} twice");
            }
            for line in &parcel.lines {
                let (Change::By(quantity) | Change::To(quantity)) = line.change;
                let is_whole = quantity.thousandths() % 1_000 == 0;
                assert!(is_whole || PRODUCTS[line.product].unit != "each", "{parcel:?}");
            }
        }
    }
}
