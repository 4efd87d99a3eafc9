//! Scenarios: few levels, small stocks and few keys, so that shortages, twins and repeated
//! reversals are the rule; now and then a number at the edge of what the ledger can hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use stockroom_domain::batch::{self, Accepted, Atomicity, Parcel, State, Verdict};
use stockroom_domain::stock::{
    Change, Level, LevelKey, Line, Movement, MovementKind, Refusal, Shelf, Valuation,
};
use stockroom_domain::{LotId, Money, MovementId, ProductId, Quantity, StoreId, Timestamp};

/// A loaded state and the batch that meets it.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub state: State,
    pub parcels: Vec<Parcel>,
}

/// What a batch has made of a state.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub before: State,
    pub after: State,
    pub verdicts: Vec<Verdict>,
}

impl Scenario {
    /// Lets the crate decide.
    pub fn run(&self) -> Outcome {
        let mut after = self.state.clone();
        let verdicts = batch::decide(&mut after, &self.parcels);
        Outcome { before: self.state.clone(), after, verdicts }
    }
}

impl Outcome {
    /// All movements, in the order of the ledger.
    pub fn movements(&self) -> Vec<Movement> {
        self.verdicts.iter().flat_map(accepted).collect()
    }

    /// Each level that is there: as it was, its movements, as it is.
    pub fn histories(&self) -> Vec<(Level, Vec<Movement>, Level)> {
        let (movements, after) = (self.movements(), levels(&self.after));
        levels(&self.before)
            .into_iter()
            .map(|(key, before)| {
                let own = movements.iter().filter(|movement| movement.key == key).copied();
                (before, own.collect(), after[&key])
            })
            .collect()
    }
}

/// The movements that a verdict lets through.
pub fn accepted(verdict: &Verdict) -> Vec<Movement> {
    match verdict {
        Verdict::Accepted(Accepted { lines: results, .. }) => {
            results.iter().flatten().copied().collect()
        }
        _ => Vec::new(),
    }
}

/// The levels of a state.
pub fn levels(state: &State) -> BTreeMap<LevelKey, Level> {
    state.shelves.iter().filter_map(|(key, s)| Some((*key, s.as_ref().ok()?.level))).collect()
}

/// The movements that a state calls undone.
pub fn undone(state: &State) -> BTreeSet<i64> {
    state.reversed.iter().map(|movement| movement.0).collect()
}

/// A key without lots.
pub const fn key(store: i64, product: i64) -> LevelKey {
    LevelKey { store: StoreId(store), product: ProductId(product), lot: LotId::NONE }
}

/// A plain line that moves a level.
pub fn line(key: LevelKey, change: Change) -> Line {
    Line {
        key,
        kind: MovementKind::Sale,
        change,
        valuation: Valuation::Usual,
        expected_version: None,
        reverses: None,
    }
}

/// A parcel under `name`.
pub fn parcel(name: &str, atomicity: Atomicity, lines: Vec<Line>) -> Parcel {
    Parcel::of_lines(name.to_owned(), atomicity, lines)
}

/// A state with one level on `key(1, 1)`: so many units, worth so many cents.
pub fn stocked(units: i64, cents: i64) -> State {
    let level = Level {
        on_hand: Quantity::units(units),
        value: Money::from_cents(cents),
        ..Level::default()
    };
    let shelf = Shelf { level, ..Shelf::default() };
    State { shelves: [(key(1, 1), Ok(shelf))].into(), ..State::default() }
}

/// Any scenario in which nothing costs less than nothing.
pub fn scenario() -> impl Strategy<Value = Scenario> {
    scenario_with((0_i64..=500).boxed())
}

/// Any scenario, with costs below zero too.
pub fn scenario_with_credits() -> impl Strategy<Value = Scenario> {
    scenario_with((-500_i64..=500).boxed())
}

fn scenario_with(cents: BoxedStrategy<i64>) -> impl Strategy<Value = Scenario> {
    let parcels = vec(any_parcel(cents.clone()), 1..16);
    (state(cents), parcels).prop_map(|(state, parcels)| Scenario { state, parcels })
}

fn state(cents: BoxedStrategy<i64>) -> impl Strategy<Value = State> {
    let shelves = vec(shelf(cents), 3);
    let reversed = btree_set(1_i64..=3, 0..2);
    let known = btree_set(select(KEYS.to_vec()), 0..2);
    (shelves, reversed, known, 0_i64..=20).prop_map(|(shelves, reversed, known, now)| {
        let places = [key(1, 1), key(1, 2), key(2, 1)];
        let mut shelves: std::collections::HashMap<_, _> =
            places.into_iter().zip(shelves.into_iter().map(Ok)).collect();
        shelves.insert(key(9, 1), Err(Refusal::UnknownStore));
        State {
            shelves,
            reversed: reversed.into_iter().map(MovementId).collect(),
            known_keys: known.into_iter().map(str::to_owned).collect(),
            now: Timestamp(now),
            ..State::default()
        }
    })
}

/// Two thirds are new: nothing there, no movement yet. The others have a past, and may have
/// been written by a clock that was ahead of ours.
fn shelf(cents: BoxedStrategy<i64>) -> impl Strategy<Value = Shelf> {
    let past = (1_i64..=6, cents.clone(), 1_i64..=4, 0_i64..=30).prop_map(
        |(units, cents, version, updated_at)| Level {
            on_hand: Quantity::units(units),
            value: Money::from_cents(cents),
            version,
            updated_at: Timestamp(updated_at),
        },
    );
    let level = prop_oneof![2 => Just(Level::default()), 1 => past];
    let closed = weighted(0.1, select(vec![Refusal::UnknownProduct, Refusal::LotRequired]));
    (level, weighted(0.7, cents), closed).prop_map(|(level, cost, closed)| {
        let catalogue_cost = cost.map(Money::from_cents);
        Shelf { level, catalogue_cost, closed }
    })
}

const KEYS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn any_parcel(cents: BoxedStrategy<i64>) -> impl Strategy<Value = Parcel> {
    let atomicity = select(vec![Atomicity::Whole, Atomicity::EachLine]);
    (select(KEYS.to_vec()), atomicity, vec(any_line(cents), 0..=5))
        .prop_map(|(name, atomicity, lines)| parcel(name, atomicity, lines))
}

fn any_line(cents: BoxedStrategy<i64>) -> impl Strategy<Value = Line> {
    let place = prop_oneof![
        12 => Just(key(1, 1)),
        6 => Just(key(1, 2)),
        6 => Just(key(2, 1)),
        1 => Just(key(9, 1)),
        1 => Just(key(1, 99)),
    ];
    let kind = select(MovementKind::ALL.to_vec());
    let reverses = weighted(0.2, (1_i64..=3).prop_map(MovementId));
    (place, kind, change(), valuation(cents), weighted(0.15, 0_i64..=6), reverses).prop_map(
        |(key, kind, change, valuation, expected_version, reverses)| Line {
            key,
            kind,
            change,
            valuation,
            expected_version,
            reverses,
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    let max = Quantity::MAX.thousandths();
    let edge = select(vec![max, max - 1, max + 1, -max, -max - 1, i64::MAX, i64::MIN]);
    prop_oneof![
        16 => (-4_i64..=5).prop_map(|units| Change::By(Quantity::units(units))),
        6 => (-2_500_i64..=2_500).prop_map(|n| Change::By(Quantity::from_thousandths(n))),
        6 => (0_i64..=4).prop_map(|units| Change::To(Quantity::units(units))),
        1 => (-1_i64..=1).prop_map(|n| Change::To(Quantity::from_thousandths(n))),
        1 => edge.clone().prop_map(|n| Change::By(Quantity::from_thousandths(n))),
        1 => edge.prop_map(|n| Change::To(Quantity::from_thousandths(n))),
    ]
}

fn valuation(cents: BoxedStrategy<i64>) -> impl Strategy<Value = Valuation> {
    let money = cents.prop_map(Money::from_cents);
    let edge = select(vec![Money::MAX, Money::from_cents(i64::MAX)]);
    prop_oneof![
        10 => Just(Valuation::Usual),
        10 => money.clone().prop_map(Valuation::UnitCost),
        6 => money.prop_map(Valuation::Total),
        1 => edge.clone().prop_map(Valuation::UnitCost),
        1 => edge.prop_map(Valuation::Total),
    ]
}
