//! Orders and what customers owe: as naively as the rest of the model, and as often in trouble.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use stockroom_domain::batch::State;
use stockroom_domain::credit::{Balance, Charge, CreditRefusal, Entry, EntryKind};
use stockroom_domain::orders::{OrderRefusal, OrderState, OrderStep, Status, Step};
use stockroom_domain::{CustomerId, Money, OrderId};

use super::scenario::{Scenario, scenario_with_credits};

const OWED_MAX: i128 = 9_999_999_999;

/// Where each step may be taken, and where it leads.
const WAYS: [(Status, Step, Status); 11] = [
    (Status::Pending, Step::Confirm, Status::Confirmed),
    (Status::Pending, Step::Reject, Status::Rejected),
    (Status::Pending, Step::Cancel, Status::Cancelled),
    (Status::Confirmed, Step::Cancel, Status::Cancelled),
    (Status::Confirmed, Step::Ship, Status::Shipped),
    (Status::Shipped, Step::Complete, Status::Completed),
    (Status::Shipped, Step::Return, Status::Shipped),
    (Status::Completed, Step::Return, Status::Completed),
    (Status::Completed, Step::Delete, Status::Completed),
    (Status::Cancelled, Step::Delete, Status::Cancelled),
    (Status::Rejected, Step::Delete, Status::Rejected),
];

/// What one customer owes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Account {
    owed: i128,
    limit: i128,
    version: i64,
}

/// Orders and accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Papers {
    orders: BTreeMap<i64, (Status, i64)>,
    accounts: BTreeMap<i64, Result<Account, CreditRefusal>>,
    undone: BTreeSet<(i64, i64)>,
}

impl Papers {
    /// Those of what was loaded.
    pub fn of(state: &State) -> Self {
        let account = |balance: Balance| Account {
            owed: balance.owed.cents().into(),
            limit: balance.limit.map_or(0, |limit| limit.cents().into()),
            version: balance.version,
        };
        let orders = state.orders.iter().map(|(id, order)| (id.0, (order.status, order.version)));
        let accounts = state.balances.iter().map(|(id, found)| (id.0, found.map(account)));
        let undone = state.reversed_entries.iter().map(|(customer, entry)| (customer.0, *entry));
        Self { orders: orders.collect(), accounts: accounts.collect(), undone: undone.collect() }
    }

    /// Where an order would stand after a step.
    pub fn step(&self, wish: &OrderStep, step: Step) -> Result<OrderState, OrderRefusal> {
        let Some((status, version)) = self.orders.get(&wish.order.0).copied() else {
            return Err(OrderRefusal::UnknownOrder);
        };
        let state = OrderState { status, version };
        if version != wish.expected_version {
            return Err(OrderRefusal::VersionMismatch { state });
        }
        match WAYS.iter().find(|(from, by, _)| (*from, *by) == (status, step)) {
            Some((_, _, to)) => Ok(OrderState { status: *to, version: version + 1 }),
            None => Err(OrderRefusal::NotPossible { state }),
        }
    }

    /// Keeps where an order stands.
    pub fn keep(&mut self, order: OrderId, state: OrderState) {
        self.orders.insert(order.0, (state.status, state.version));
    }

    /// Charges a customer.
    pub fn charge(&mut self, charge: &Charge) -> Result<Entry, CreditRefusal> {
        let customer = charge.customer.0;
        let unknown = CreditRefusal::UnknownCustomer(charge.customer);
        let account = (*self.accounts.get(&customer).ok_or(unknown)?)?;
        if charge.reverses.is_some_and(|entry| self.undone.contains(&(customer, entry))) {
            return Err(CreditRefusal::AlreadyReversed);
        }
        let sign = match charge.kind {
            EntryKind::CreditSale | EntryKind::Reversal => 1,
            EntryKind::Payment | EntryKind::Return => -1,
        };
        let amount = sign * i128::from(charge.amount.cents());
        let owed = account.owed + amount;
        if owed.abs() > OWED_MAX {
            return Err(CreditRefusal::TooLarge);
        }
        if charge.kind == EntryKind::CreditSale && owed > account.limit {
            let [owed, limit, amount] = [account.owed, account.limit, amount].map(money);
            return Err(CreditRefusal::OverLimit { owed, limit, amount });
        }
        let version = account.version + 1;
        self.accounts.insert(customer, Ok(Account { owed, version, ..account }));
        self.undone.extend(charge.reverses.map(|entry| (customer, entry)));
        Ok(Entry {
            customer: charge.customer,
            kind: charge.kind,
            amount: money(amount),
            balance: money(owed),
            version,
            reverses: charge.reverses,
        })
    }
}

fn money(cents: i128) -> Money {
    Money::from_cents(i64::try_from(cents).expect("an amount of 64 bits"))
}

/// Any scenario in which parcels take orders further and charge customers, too.
pub fn scenario_with_documents() -> impl Strategy<Value = Scenario> {
    let wishes = vec((weighted(0.6, step()), weighted(0.4, charge())), 16);
    let undone = btree_set((1_i64..=2, 1_i64..=2), 0..2);
    (scenario_with_credits(), orders(), accounts(), undone, wishes).prop_map(
        |(mut scenario, orders, accounts, undone, wishes)| {
            let state = &mut scenario.state;
            state.orders = (1..).map(OrderId).zip(orders).collect();
            state.balances = (1..).map(CustomerId).zip(accounts).collect();
            state.reversed_entries =
                undone.into_iter().map(|(customer, entry)| (CustomerId(customer), entry)).collect();
            for (parcel, (step, charge)) in scenario.parcels.iter_mut().zip(wishes) {
                (parcel.step, parcel.charge) = (step, charge);
            }
            scenario
        },
    )
}

/// Most are pending and new, so that several want the same.
fn orders() -> impl Strategy<Value = Vec<OrderState>> {
    let status = prop_oneof![2 => Just(Status::Pending), 3 => select(Status::ALL.to_vec())];
    let order = (status, 1_i64..=2).prop_map(|(status, version)| OrderState { status, version });
    vec(order, 3)
}

fn step() -> impl Strategy<Value = OrderStep> {
    let steps = WAYS.map(|(_, step, _)| step).to_vec();
    let taking = Just((Step::Confirm, Some(Step::Reject)));
    let any = (select(steps.clone()), weighted(0.3, select(steps)));
    let step = prop_oneof![1 => taking, 2 => any];
    (1_i64..=4, 1_i64..=3, step).prop_map(|(order, expected_version, (step, otherwise))| {
        OrderStep { order: OrderId(order), expected_version, step, otherwise }
    })
}

/// Two who may buy on credit, one who may not, and one who was deleted.
fn accounts() -> impl Strategy<Value = Vec<Result<Balance, CreditRefusal>>> {
    let edge = select(vec![Money::MAX.cents(), -Money::MAX.cents()]);
    let owed = prop_oneof![9 => -500_i64..=1_000, 1 => edge];
    (vec(owed, 3), vec(0_i64..=2_000, 2)).prop_map(|(owed, limits)| {
        let limits = limits.into_iter().map(|limit| Some(Money::from_cents(limit)));
        let balance = |(owed, limit)| Balance { owed: Money::from_cents(owed), limit, version: 2 };
        let balances = owed.into_iter().zip(limits.chain([None])).map(balance).map(Ok);
        balances.chain([Err(CreditRefusal::Closed(CustomerId(4)))]).collect()
    })
}

fn charge() -> impl Strategy<Value = Charge> {
    let amount = prop_oneof![9 => 1_i64..=900, 1 => Just(Money::MAX.cents())];
    let kind = select(EntryKind::ALL.to_vec());
    let who = prop_oneof![8 => 1_i64..=3, 1 => Just(4_i64), 1 => Just(5_i64)];
    (who, kind, amount, weighted(0.3, 1_i64..=2)).prop_map(|(who, kind, amount, reverses)| Charge {
        customer: CustomerId(who),
        kind,
        amount: Money::from_cents(amount),
        reverses,
    })
}
