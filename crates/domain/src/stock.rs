//! One line against one level: the heart of the ledger, pure.
//!
//! [`decide`] says what a line would do to a level, or why it must not; [`apply`] does it.
//! What shares a commit is judged by [`crate::batch`]. The database never decides: its CHECK
//! constraints are the last wall behind these functions.

use crate::ids::{LotId, MovementId, ProductId, StoreId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// Which level: one product (and lot) in one store. Ordered as the ledger locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelKey {
    /// The store that holds the goods.
    pub store: StoreId,
    /// What they are.
    pub product: ProductId,
    /// Which lot, [`LotId::NONE`] where lots are not tracked.
    pub lot: LotId,
}

/// What is on hand under one key, after `version` movements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The current balance, never negative.
    pub on_hand: Quantity,
    /// What the goods on hand have cost.
    pub value: Money,
    /// How many movements made this level: 1, 2, 3 … without gaps; 0 before the first.
    pub version: i64,
    /// `recorded_at` of the last movement.
    pub updated_at: Timestamp,
}

/// Why goods moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MovementKind {
    /// Goods came in.
    StockIn,
    /// Goods were sold.
    Sale,
    /// Goods were taken out: damaged, expired, stolen, used …
    ManualRemove,
    /// A customer brought goods back.
    SaleReturn,
    /// Goods turned up that the ledger did not know of.
    Found,
    /// A count set the level right.
    CountAdjustment,
    /// An earlier movement was undone.
    Reversal,
}

impl MovementKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::StockIn,
        Self::Sale,
        Self::ManualRemove,
        Self::SaleReturn,
        Self::Found,
        Self::CountAdjustment,
        Self::Reversal,
    ];

    /// The kind's name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StockIn => "stock_in",
            Self::Sale => "sale",
            Self::ManualRemove => "manual_remove",
            Self::SaleReturn => "sale_return",
            Self::Found => "found",
            Self::CountAdjustment => "count_adjustment",
            Self::Reversal => "reversal",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a line changes its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a signed quantity.
    By(Quantity),
    /// Sets the level, as a count does: the movement is the difference, which may be zero.
    To(Quantity),
}

/// What incoming goods have cost. Outgoing goods always leave at the average of the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valuation {
    /// So much a unit.
    UnitCost(Money),
    /// So much in all: what a reversed movement had taken out.
    Total(Money),
    /// Nothing was said: the level's average, or the catalogue's cost on an empty level.
    Usual,
}

/// One wish: change this level so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which level.
    pub key: LevelKey,
    /// Why.
    pub kind: MovementKind,
    /// By how much, or to what.
    pub change: Change,
    /// At what cost, if goods come in.
    pub valuation: Valuation,
    /// The version that the level must have (`If-Match`).
    pub expected_version: Option<i64>,
    /// The movement that this line undoes.
    pub reverses: Option<MovementId>,
}

/// What is known of a key when it is decided upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// The level.
    pub level: Level,
    /// The product's cost in the catalogue.
    pub catalogue_cost: Option<Money>,
    /// Why nothing moves here any more, but goods that come back: the product was deleted, or its
    /// lots are tracked by now.
    pub closed: Option<Refusal>,
}

/// A decided line: one row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Which level.
    pub key: LevelKey,
    /// Why.
    pub kind: MovementKind,
    /// The signed quantity.
    pub quantity: Quantity,
    /// What is on hand after it.
    pub balance: Quantity,
    /// The signed change of the level's value.
    pub value: Money,
    /// The level's version after it.
    pub version: i64,
    /// When it was written; strictly rising per level.
    pub recorded_at: Timestamp,
    /// The movement that this one undoes.
    pub reverses: Option<MovementId>,
}

/// Why a line must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The level would fall below zero. In a parcel that fell, the lines on one level are
    /// judged together: `requested` is what this one asks for and, on balance, those before
    /// it that did not fail themselves; `on_hand` is what was there before the first. Beside
    /// accepted lines of the same parcel, `on_hand` is what those have left.
    NotEnough {
        /// Asked for.
        requested: Quantity,
        /// There.
        on_hand: Quantity,
    },
    /// The level, or its value, would leave the range that the ledger can hold.
    TooLarge,
    /// The level is not at the version that the caller saw. Earlier lines of the same parcel
    /// count as movements.
    VersionMismatch {
        /// Where it is, without what was rolled back.
        version: i64,
    },
    /// The movement was undone before.
    AlreadyReversed,
    /// There is no such store, or it is closed.
    UnknownStore,
    /// There is no such product, or it was deleted.
    UnknownProduct,
    /// The product has no such lot.
    UnknownLot,
    /// The product's lots are tracked, and the line names none.
    LotRequired,
}

/// Decides one line against one level: the movement that it makes, or why there is none.
///
/// `now` is raised where needed, so that ledger time is strictly rising per level.
///
/// # Errors
/// A [`Refusal`]; nothing has changed then, for nothing changes here.
pub fn decide(shelf: &Shelf, line: &Line, now: Timestamp) -> Result<Movement, Refusal> {
    let level = &shelf.level;
    if let Some(expected) = line.expected_version
        && expected != level.version
    {
        return Err(Refusal::VersionMismatch { version: level.version });
    }
    let quantity = match line.change {
        Change::By(quantity) => quantity,
        Change::To(target) => target.within_max().ok_or(Refusal::TooLarge)? - level.on_hand,
    };
    let balance = level.on_hand.checked_add(quantity).ok_or(Refusal::TooLarge)?;
    if balance.is_negative() {
        return Err(Refusal::NotEnough { requested: -quantity, on_hand: level.on_hand });
    }
    let value = value_moved(shelf, line.valuation, quantity).ok_or(Refusal::TooLarge)?;
    level.value.checked_add(value).ok_or(Refusal::TooLarge)?;
    Ok(Movement {
        key: line.key,
        kind: line.kind,
        quantity,
        balance,
        value,
        version: level.version + 1,
        recorded_at: now.max(level.updated_at.next()),
        reverses: line.reverses,
    })
}

/// The level after `movement`, which must have been decided against it.
pub fn apply(level: &Level, movement: &Movement) -> Level {
    debug_assert_eq!(movement.version, level.version + 1, "decided against another level");
    Level {
        on_hand: movement.balance,
        value: Money::from_cents(level.value.cents() + movement.value.cents()),
        version: movement.version,
        updated_at: movement.recorded_at,
    }
}

/// The signed change of value: incoming goods bring their cost, outgoing goods take their
/// share of the level's value, so that the last unit takes the rest. Where no goods move, no
/// value does: an empty level is worth nothing.
fn value_moved(shelf: &Shelf, valuation: Valuation, quantity: Quantity) -> Option<Money> {
    let level = &shelf.level;
    if quantity == Quantity::ZERO {
        return Some(Money::ZERO);
    }
    if quantity.is_negative() {
        return level.value.share(-quantity, level.on_hand).map(std::ops::Neg::neg);
    }
    match valuation {
        Valuation::UnitCost(cost) => cost.times(quantity),
        Valuation::Total(total) => Some(total),
        Valuation::Usual if level.on_hand.is_positive() => {
            level.value.share(quantity, level.on_hand)
        }
        Valuation::Usual => shelf.catalogue_cost.unwrap_or_default().times(quantity),
    }
}
