//! The rules of stock once more, as naively as they can be written: wide integers, one map,
//! and a copy of everything for each parcel. Shares no arithmetic with the crate.

pub mod documents;
pub mod scenario;

use std::collections::{BTreeMap, BTreeSet};

use stockroom_domain::batch::{Accepted, Atomicity, Parcel, Refused, State, Verdict};
use stockroom_domain::orders::Step;
use stockroom_domain::stock::{Change, Level, LevelKey, Line, Movement, Refusal, Valuation};
use stockroom_domain::{Money, Quantity, Timestamp};

use documents::Papers;

const QUANTITY_MAX: i128 = 1_000_000_000_000;

/// One level and what its product costs in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bin {
    on_hand: i128,
    value: i128,
    version: i64,
    updated_at: i64,
    catalogue_cost: i128,
    closed: Option<Refusal>,
}

/// All that the model knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    bins: BTreeMap<LevelKey, Result<Bin, Refusal>>,
    undone: BTreeSet<i64>,
    known: BTreeSet<String>,
    papers: Papers,
    now: i64,
}

impl Model {
    /// The model of what was loaded.
    pub fn of(state: &State) -> Self {
        let bin = |shelf: stockroom_domain::stock::Shelf| Bin {
            on_hand: shelf.level.on_hand.thousandths().into(),
            value: shelf.level.value.cents().into(),
            version: shelf.level.version,
            updated_at: shelf.level.updated_at.0,
            catalogue_cost: shelf.catalogue_cost.map_or(0, |cost| cost.cents().into()),
            closed: shelf.closed,
        };
        Self {
            bins: state.shelves.iter().map(|(key, shelf)| (*key, shelf.map(bin))).collect(),
            undone: state.reversed.iter().map(|movement| movement.0).collect(),
            known: state.known_keys.iter().cloned().collect(),
            papers: Papers::of(state),
            now: state.now.0,
        }
    }

    /// The levels, as the crate writes them.
    pub fn levels(&self) -> BTreeMap<LevelKey, Level> {
        let level = |bin: &Bin| Level {
            on_hand: quantity(bin.on_hand),
            value: money(bin.value),
            version: bin.version,
            updated_at: Timestamp(bin.updated_at),
        };
        self.bins.iter().filter_map(|(key, bin)| Some((*key, level(bin.as_ref().ok()?)))).collect()
    }

    /// The movements that are undone by now.
    pub fn undone(&self) -> BTreeSet<i64> {
        self.undone.clone()
    }

    /// Orders and what customers owe.
    pub const fn papers(&self) -> &Papers {
        &self.papers
    }

    /// Judges a batch.
    pub fn decide(&mut self, parcels: &[Parcel]) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = Vec::new();
        for (index, parcel) in parcels.iter().enumerate() {
            let twin = (0..index).find(|earlier| {
                parcels[*earlier].key == parcel.key
                    && matches!(verdicts[*earlier], Verdict::Accepted(_))
            });
            verdicts.push(match twin {
                _ if self.known.contains(&parcel.key) => Verdict::Known,
                Some(first) => Verdict::Twin(first),
                None => self.parcel(parcel),
            });
        }
        verdicts
    }

    /// Tries a parcel on a copy of everything, and keeps the copy if it stands.
    fn parcel(&mut self, parcel: &Parcel) -> Verdict {
        let mut trial = self.clone();
        match trial.judge(self, parcel) {
            Ok(accepted) => {
                *self = trial;
                Verdict::Accepted(accepted)
            }
            Err(refused) => Verdict::Refused(refused),
        }
    }

    /// Changes this copy of `before` as a parcel wishes.
    fn judge(&mut self, before: &Self, parcel: &Parcel) -> Result<Accepted, Refused> {
        let mut accepted = Accepted::default();
        if let Some(wish) = &parcel.step {
            accepted.order = Some(self.papers.step(wish, wish.step).map_err(Refused::Order)?);
        }
        let is_back = parcel.step.is_some_and(|s| matches!(s.step, Step::Cancel | Step::Return));
        let results: Vec<_> = parcel.lines.iter().map(|line| self.line(line, is_back)).collect();
        let fallen = results.iter().filter(|result| result.is_err()).count();
        let stands = match parcel.atomicity {
            Atomicity::Whole => fallen == 0,
            Atomicity::EachLine => fallen == 0 || fallen < results.len(),
        };
        if stands {
            accepted.lines = results;
        } else {
            *self = before.clone();
            let fault = |index| Some((index, before.fault(parcel, &results, index)?));
            let faults: Vec<_> = (0..results.len()).filter_map(fault).collect();
            let Some((wish, other)) = parcel.step.and_then(|wish| Some((wish, wish.otherwise?)))
            else {
                return Err(Refused::Lines(faults));
            };
            accepted.order = Some(self.papers.step(&wish, other).map_err(Refused::Order)?);
            accepted.shortages = faults;
        }
        if let Some(charge) = parcel.charge.filter(|_| stands) {
            accepted.entry = Some(self.papers.charge(&charge).map_err(Refused::Credit)?);
        }
        if let (Some(wish), Some(state)) = (&parcel.step, accepted.order) {
            self.papers.keep(wish.order, state);
        }
        Ok(accepted)
    }

    /// What to say of the line at `index` in a parcel that fell: in terms of the level as it
    /// is without the parcel, and of all that its lines so far would have taken from it.
    fn fault(
        &self,
        parcel: &Parcel,
        results: &[Result<Movement, Refusal>],
        index: usize,
    ) -> Option<Refusal> {
        let refusal = results[index].err()?;
        let Some(Ok(bin)) = self.bins.get(&parcel.lines[index].key) else { return Some(refusal) };
        let earlier: i128 = results[..index]
            .iter()
            .flatten()
            .filter(|movement| movement.key == parcel.lines[index].key)
            .map(|movement| i128::from(movement.quantity.thousandths()))
            .sum();
        Some(match refusal {
            Refusal::NotEnough { .. } => {
                let asked = match parcel.lines[index].change {
                    Change::By(by) => -(earlier + i128::from(by.thousandths())),
                    Change::To(target) => bin.on_hand - i128::from(target.thousandths()),
                };
                Refusal::NotEnough { requested: quantity(asked), on_hand: quantity(bin.on_hand) }
            }
            Refusal::VersionMismatch { .. } => Refusal::VersionMismatch { version: bin.version },
            other => other,
        })
    }

    /// One line against its bin; into a closed one only what comes back.
    fn line(&mut self, line: &Line, is_back: bool) -> Result<Movement, Refusal> {
        let bin = (*self.bins.get(&line.key).ok_or(Refusal::UnknownProduct)?)?;
        if let (Some(refusal), false) = (bin.closed, is_back) {
            return Err(refusal);
        }
        if line.reverses.is_some_and(|movement| self.undone.contains(&movement.0)) {
            return Err(Refusal::AlreadyReversed);
        }
        if line.expected_version.is_some_and(|expected| expected != bin.version) {
            return Err(Refusal::VersionMismatch { version: bin.version });
        }
        let moved = match line.change {
            Change::By(by) => i128::from(by.thousandths()),
            Change::To(target) => i128::from(target.thousandths()) - bin.on_hand,
        };
        let balance = bin.on_hand + moved;
        if balance.abs() > QUANTITY_MAX {
            return Err(Refusal::TooLarge);
        }
        if balance < 0 {
            let (requested, on_hand) = (quantity(-moved), quantity(bin.on_hand));
            return Err(Refusal::NotEnough { requested, on_hand });
        }
        let gained = value_gained(&bin, line.valuation, moved, balance);
        if !fits(gained) || !fits(bin.value + gained) {
            return Err(Refusal::TooLarge);
        }
        let after = Bin {
            on_hand: balance,
            value: bin.value + gained,
            version: bin.version + 1,
            updated_at: self.now.max(bin.updated_at + 1),
            ..bin
        };
        self.bins.insert(line.key, Ok(after));
        self.undone.extend(line.reverses.map(|movement| movement.0));
        Ok(Movement {
            key: line.key,
            kind: line.kind,
            quantity: quantity(moved),
            balance: quantity(balance),
            value: money(gained),
            version: after.version,
            recorded_at: Timestamp(after.updated_at),
            reverses: line.reverses,
        })
    }
}

/// What `moved` thousandths bring or take.
fn value_gained(bin: &Bin, valuation: Valuation, moved: i128, balance: i128) -> i128 {
    if moved == 0 {
        return 0;
    }
    if moved < 0 {
        return if balance == 0 { -bin.value } else { -rounded(bin.value * -moved, bin.on_hand) };
    }
    match valuation {
        Valuation::UnitCost(cost) => rounded(i128::from(cost.cents()) * moved, 1_000),
        Valuation::Total(total) => total.cents().into(),
        Valuation::Usual if bin.on_hand > 0 => rounded(bin.value * moved, bin.on_hand),
        Valuation::Usual => rounded(bin.catalogue_cost * moved, 1_000),
    }
}

/// `above / below`, to the nearest, halves away from zero.
fn rounded(above: i128, below: i128) -> i128 {
    above.signum() * ((2 * above.abs() + below) / (2 * below))
}

fn fits(number: i128) -> bool {
    i64::try_from(number).is_ok()
}

fn quantity(thousandths: i128) -> Quantity {
    Quantity::from_thousandths(i64::try_from(thousandths).expect("a quantity of 64 bits"))
}

fn money(cents: i128) -> Money {
    Money::from_cents(i64::try_from(cents).expect("an amount of 64 bits"))
}
