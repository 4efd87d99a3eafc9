//! Everything that shares one commit, decided in memory.
//!
//! A *parcel* stands or falls as its atomicity says, and one parcel's refusal never touches
//! another's. Parcels are judged in the order of the batch, each against what the accepted
//! ones before it have left. The caller loads the state, writes what was accepted in one
//! transaction, and answers after the commit.
//!
//! Beside its lines a parcel may take an order a step further and charge a customer: all of it
//! stands, or none. Only a step with another to take in its stead survives the fall of its lines.
//! Goods that a step brings back get in whatever has become of their product: they are there.

use std::collections::{HashMap, HashSet};

use crate::credit::{self, Balance, Charge, CreditRefusal, Entry};
use crate::ids::{CustomerId, MovementId, OrderId};
use crate::orders::{self, OrderRefusal, OrderState, OrderStep};
use crate::stock::{self, LevelKey, Line, Movement, Refusal, Shelf};
use crate::time::Timestamp;

/// Whether the lines of a parcel stand or fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// All or nothing.
    Whole,
    /// Each line for itself.
    EachLine,
}

/// What stands under one idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Two parcels with one key have one effect. Contains the caller and the route.
    pub key: String,
    /// All or nothing, or each line for itself.
    pub atomicity: Atomicity,
    /// What is wished, in order.
    pub lines: Vec<Line>,
    /// The order that goes on with it.
    pub step: Option<OrderStep>,
    /// Who owes more or less by it.
    pub charge: Option<Charge>,
}

impl Parcel {
    /// A parcel that moves goods and does nothing else.
    pub const fn of_lines(key: String, atomicity: Atomicity, lines: Vec<Line>) -> Self {
        Self { key, atomicity, lines, step: None, charge: None }
    }
}

/// What was read, under lock, for all keys of a batch.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Each level, or why there is none.
    pub shelves: HashMap<LevelKey, Result<Shelf, Refusal>>,
    /// Those movements, among the ones to be undone, that were undone already.
    pub reversed: HashSet<MovementId>,
    /// The orders that are to go on, as far as they exist.
    pub orders: HashMap<OrderId, OrderState>,
    /// What each customer owes who is to be charged, or why they cannot be.
    pub balances: HashMap<CustomerId, Result<Balance, CreditRefusal>>,
    /// Those entries of theirs, among the ones to be undone, that were undone already.
    pub reversed_entries: HashSet<(CustomerId, i64)>,
    /// Idempotency keys, among the batch's, whose effect is committed.
    pub known_keys: HashSet<String>,
    /// The instant at which the batch is decided. The caller has raised it above the fence.
    pub now: Timestamp,
}

/// What an accepted parcel comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// A movement for each line; a refusal only under [`Atomicity::EachLine`], and then beside
    /// at least one movement. Empty without lines, and where the order took its other step.
    pub lines: Vec<Result<Movement, Refusal>>,
    /// Where its order stands now.
    pub order: Option<OrderState>,
    /// Why its order took the other step: each failing line, by its index.
    pub shortages: Vec<(usize, Refusal)>,
    /// What its customer's ledger says of it.
    pub entry: Option<Entry>,
}

/// Why a parcel fell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Each failing line, by its index: at least one.
    Lines(Vec<(usize, Refusal)>),
    /// Its order cannot go on so.
    Order(OrderRefusal),
    /// Its customer cannot be charged.
    Credit(CreditRefusal),
}

/// What became of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To be written.
    Accepted(Accepted),
    /// Nothing is to be written.
    Refused(Refused),
    /// The same key was accepted earlier in this batch, at this index.
    Twin(usize),
    /// The key's effect was committed before.
    Known,
}

/// Judges `parcels` in order and leaves in `state` what they make of it.
pub fn decide<'p>(
    state: &mut State,
    parcels: impl IntoIterator<Item = &'p Parcel>,
) -> Vec<Verdict> {
    let mut accepted: HashMap<&str, usize> = HashMap::new();
    let mut verdicts = Vec::new();
    for (index, parcel) in parcels.into_iter().enumerate() {
        let verdict = if state.known_keys.contains(&parcel.key) {
            Verdict::Known
        } else if let Some(first) = accepted.get(parcel.key.as_str()) {
            Verdict::Twin(*first)
        } else {
            decide_parcel(state, parcel).map_or_else(Verdict::Refused, Verdict::Accepted)
        };
        if matches!(verdict, Verdict::Accepted(_)) {
            accepted.insert(&parcel.key, index);
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// Judges one parcel. What it touched is put back if it falls.
fn decide_parcel(state: &mut State, parcel: &Parcel) -> Result<Accepted, Refused> {
    let mut accepted = Accepted::default();
    if let Some(step) = &parcel.step {
        accepted.order = Some(stepped(state, step, step.step)?);
    }
    let mut taken = Taken::default();
    match decide_lines(state, parcel, &mut taken) {
        Ok(lines) => accepted.lines = lines,
        Err(shortages) => match parcel.step.as_ref().and_then(|s| Some((s, s.otherwise?))) {
            None => return Err(Refused::Lines(shortages)),
            Some((step, otherwise)) => {
                accepted.order = Some(stepped(state, step, otherwise)?);
                accepted.shortages = shortages;
            }
        },
    }
    if let Some(charge) = parcel.charge.as_ref().filter(|_| accepted.shortages.is_empty()) {
        match charged(state, charge) {
            Ok(entry) => accepted.entry = Some(entry),
            Err(refusal) => {
                taken.put_back(state);
                return Err(Refused::Credit(refusal));
            }
        }
    }
    if let (Some(step), Some(order)) = (&parcel.step, accepted.order) {
        state.orders.insert(step.order, order);
    }
    Ok(accepted)
}

fn stepped(state: &State, wish: &OrderStep, step: orders::Step) -> Result<OrderState, Refused> {
    let order = state.orders.get(&wish.order);
    orders::decide(order, wish.expected_version, step).map_err(Refused::Order)
}

/// Charges a customer. The last thing that is judged: what it touches is never put back.
fn charged(state: &mut State, charge: &Charge) -> Result<Entry, CreditRefusal> {
    let unknown = CreditRefusal::UnknownCustomer(charge.customer);
    let slot = state.balances.get_mut(&charge.customer).ok_or(unknown)?;
    let balance = slot.as_mut().map_err(|refusal| *refusal)?;
    let undone = charge.reverses.map(|version| (charge.customer, version));
    if undone.is_some_and(|entry| state.reversed_entries.contains(&entry)) {
        return Err(CreditRefusal::AlreadyReversed);
    }
    let entry = credit::decide(balance, charge)?;
    *balance = credit::apply(balance, &entry);
    state.reversed_entries.extend(undone);
    Ok(entry)
}

/// What the lines of a parcel have changed, and how it was before.
#[derive(Default)]
struct Taken {
    before: Vec<(LevelKey, Shelf)>,
    reversed: Vec<MovementId>,
}

impl Taken {
    fn put_back(self, state: &mut State) {
        // The first entry of a key is what was there before the parcel: undo backwards.
        for (key, shelf) in self.before.iter().rev() {
            state.shelves.insert(*key, Ok(*shelf));
        }
        for movement in self.reversed {
            state.reversed.remove(&movement);
        }
    }

    fn original(&self, key: &LevelKey) -> Option<Shelf> {
        self.before.iter().find(|(k, _)| k == key).map(|(_, shelf)| *shelf)
    }
}

/// Lines that failed, by their index.
type Faults = Vec<(usize, Refusal)>;

/// Judges the lines of a parcel. If they fall, each failing one, and all is as before.
fn decide_lines(
    state: &mut State,
    parcel: &Parcel,
    taken: &mut Taken,
) -> Result<Vec<Result<Movement, Refusal>>, Faults> {
    let brings_back = parcel.step.is_some_and(|step| step.step.brings_back());
    let results: Vec<Result<Movement, Refusal>> =
        parcel.lines.iter().map(|line| decide_line(state, line, brings_back, taken)).collect();
    let one_stands = results.iter().any(Result::is_ok);
    let one_falls = results.iter().any(Result::is_err);
    if !one_falls || (one_stands && parcel.atomicity == Atomicity::EachLine) {
        return Ok(results);
    }
    let faults = results
        .into_iter()
        .enumerate()
        .filter_map(|(index, result)| Some((index, result.err()?)))
        .map(|(index, fault)| (index, together(fault, taken.original(&parcel.lines[index].key))))
        .collect();
    std::mem::take(taken).put_back(state);
    Err(faults)
}

/// Judges one line and, if it stands, moves its level on.
fn decide_line(
    state: &mut State,
    line: &Line,
    brings_back: bool,
    taken: &mut Taken,
) -> Result<Movement, Refusal> {
    let slot = state.shelves.get_mut(&line.key).ok_or(Refusal::UnknownProduct)?;
    let shelf = slot.as_mut().map_err(|refusal| *refusal)?;
    if let Some(refusal) = shelf.closed.filter(|_| !brings_back) {
        return Err(refusal);
    }
    if line.reverses.is_some_and(|undone| state.reversed.contains(&undone)) {
        return Err(Refusal::AlreadyReversed);
    }
    let movement = stock::decide(shelf, line, state.now)?;
    taken.before.push((line.key, *shelf));
    shelf.level = stock::apply(&shelf.level, &movement);
    if let Some(undone) = line.reverses {
        state.reversed.insert(undone);
        taken.reversed.push(undone);
    }
    Ok(movement)
}

/// Restates a refusal against the level before the parcel, so that the numbers a person
/// reads are the shelf's, and not what the parcel's own earlier lines had made of it.
fn together(refusal: Refusal, original: Option<Shelf>) -> Refusal {
    match (refusal, original) {
        (Refusal::NotEnough { requested, on_hand }, Some(shelf)) => {
            let there = shelf.level.on_hand;
            Refusal::NotEnough { requested: requested - (on_hand - there), on_hand: there }
        }
        (Refusal::VersionMismatch { .. }, Some(shelf)) => {
            Refusal::VersionMismatch { version: shelf.level.version }
        }
        (refusal, _) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::EntryKind;
    use crate::ids::{LotId, ProductId, StoreId};
    use crate::money::Money;
    use crate::orders::{Status, Step};
    use crate::quantity::Quantity;
    use crate::stock::{Change, Level, MovementKind, Valuation};

    const ORDER: OrderId = OrderId(1);
    const CUSTOMER: CustomerId = CustomerId(1);

    fn key(product: i64) -> LevelKey {
        LevelKey { store: StoreId(1), product: ProductId(product), lot: LotId::NONE }
    }

    /// Five of each of two products, a pending order, and a customer who may owe ten.
    fn state() -> State {
        let level = Level { on_hand: Quantity::units(5), version: 1, ..Level::default() };
        let shelf = Shelf { level, ..Shelf::default() };
        let limit = Some(Money::from_cents(1_000));
        State {
            shelves: [1, 2].map(|product| (key(product), Ok(shelf))).into(),
            orders: [(ORDER, OrderState { status: Status::Pending, version: 1 })].into(),
            balances: [(CUSTOMER, Ok(Balance { limit, ..Balance::default() }))].into(),
            ..State::default()
        }
    }

    fn parcel(name: &str, quantities: &[i64]) -> Parcel {
        let lines = quantities.iter().zip(1..).map(|(quantity, product)| Line {
            key: key(product),
            kind: MovementKind::Sale,
            change: Change::By(-Quantity::units(*quantity)),
            valuation: Valuation::Usual,
            expected_version: None,
            reverses: None,
        });
        Parcel::of_lines(name.to_owned(), Atomicity::Whole, lines.collect())
    }

    fn confirm(otherwise: Option<Step>) -> Option<OrderStep> {
        let step = Step::Confirm;
        Some(OrderStep { order: ORDER, expected_version: 1, step, otherwise })
    }

    fn credit(cents: i64) -> Option<Charge> {
        let amount = Money::from_cents(cents);
        let kind = EntryKind::CreditSale;
        Some(Charge { customer: CUSTOMER, kind, amount, reverses: None })
    }

    fn on_hand(state: &State) -> [i64; 2] {
        [1, 2].map(|product| {
            let shelf = state.shelves[&key(product)].expect("a shelf");
            shelf.level.on_hand.thousandths() / 1_000
        })
    }

    #[test]
    fn goods_order_and_credit_stand_together() {
        let mut state = state();
        let whole = Parcel { step: confirm(None), charge: credit(400), ..parcel("a", &[2, 5]) };
        let verdicts = decide(&mut state, [&whole]);
        let Verdict::Accepted(accepted) = &verdicts[0] else { panic!("{verdicts:?}") };
        assert_eq!(accepted.lines.len(), 2);
        assert_eq!(accepted.order, Some(OrderState { status: Status::Confirmed, version: 2 }));
        assert_eq!(accepted.entry.map(|entry| entry.balance.cents()), Some(400));
        assert_eq!(on_hand(&state), [3, 0]);
        assert_eq!(state.orders[&ORDER].version, 2);
    }

    #[test]
    fn one_refusal_leaves_all_as_it_was() {
        let short = Parcel { step: confirm(None), charge: credit(400), ..parcel("a", &[2, 6]) };
        let dear = Parcel { step: confirm(None), charge: credit(1_001), ..parcel("b", &[2, 5]) };
        let late = OrderStep { expected_version: 2, ..confirm(None).expect("a step") };
        let late = Parcel { step: Some(late), charge: credit(1), ..parcel("c", &[2, 5]) };
        for parcel in [short, dear, late] {
            let mut state = state();
            let verdicts = decide(&mut state, [&parcel]);
            assert!(matches!(verdicts[0], Verdict::Refused(_)), "{verdicts:?}");
            assert_eq!(on_hand(&state), [5, 5], "{}", parcel.key);
            assert_eq!(state.orders[&ORDER].status, Status::Pending);
            assert_eq!(state.balances[&CUSTOMER].expect("a balance").version, 0);
        }
    }

    #[test]
    fn for_want_of_goods_the_other_step_is_taken_and_nothing_else() {
        let mut state = state();
        let step = confirm(Some(Step::Reject));
        let short = Parcel { step, charge: credit(400), ..parcel("a", &[2, 6]) };
        let verdicts = decide(&mut state, [&short]);
        let Verdict::Accepted(accepted) = &verdicts[0] else { panic!("{verdicts:?}") };
        let (requested, on) = (Quantity::units(6), Quantity::units(5));
        let shortage = Refusal::NotEnough { requested, on_hand: on };
        assert_eq!(accepted.shortages, [(1, shortage)]);
        assert_eq!(accepted.order, Some(OrderState { status: Status::Rejected, version: 2 }));
        assert!(accepted.lines.is_empty() && accepted.entry.is_none());
        assert_eq!(on_hand(&state), [5, 5]);
    }

    #[test]
    fn what_was_closed_takes_back_what_an_order_had_taken_and_nothing_else() {
        for (from, step, stands) in [
            (Status::Pending, Step::Confirm, false),
            (Status::Confirmed, Step::Cancel, true),
            (Status::Shipped, Step::Return, true),
            (Status::Confirmed, Step::Ship, false),
        ] {
            let mut state = state();
            let closed = Some(Refusal::UnknownProduct);
            state.shelves.insert(key(1), Ok(Shelf { closed, ..Shelf::default() }));
            state.orders.insert(ORDER, OrderState { status: from, version: 1 });
            let step = OrderStep { step, ..confirm(None).expect("a step") };
            let back = Parcel { step: Some(step), ..parcel("a", &[-2]) };
            let verdicts = decide(&mut state, [&back]);
            assert_eq!(matches!(verdicts[0], Verdict::Accepted(_)), stands, "{verdicts:?}");
            assert_eq!(on_hand(&state)[0], if stands { 2 } else { 0 });
        }
    }

    #[test]
    fn of_two_who_want_an_order_one_gets_it() {
        let mut state = state();
        let step = OrderStep { step: Step::Cancel, ..confirm(None).expect("a step") };
        let cancel = Parcel { step: Some(step), ..parcel("a", &[]) };
        let take = Parcel { step: confirm(Some(Step::Reject)), ..parcel("b", &[1]) };
        let verdicts = decide(&mut state, [&cancel, &take]);
        let cancelled = OrderState { status: Status::Cancelled, version: 2 };
        let moved = OrderRefusal::VersionMismatch { state: cancelled };
        assert_eq!(verdicts[1], Verdict::Refused(Refused::Order(moved)));
        assert_eq!(on_hand(&state), [5, 5]);
    }

    #[test]
    fn a_payment_is_undone_once() {
        let mut state = state();
        let undo = Charge {
            kind: EntryKind::Reversal,
            reverses: Some(1),
            ..credit(100).expect("a charge")
        };
        let [first, second] =
            ["a", "b"].map(|name| Parcel { charge: Some(undo), ..parcel(name, &[]) });
        let verdicts = decide(&mut state, [&first, &second]);
        assert!(matches!(verdicts[0], Verdict::Accepted(_)));
        let refused = Refused::Credit(CreditRefusal::AlreadyReversed);
        assert_eq!(verdicts[1], Verdict::Refused(refused));
    }
}
