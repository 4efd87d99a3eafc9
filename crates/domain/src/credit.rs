//! What customers owe: a ledger of its own, with one balance a customer.
//!
//! A sale on credit raises the balance, payments and returns lower it. Nobody comes to owe more
//! than their limit by buying; what is set right afterwards does not ask for it. Below zero a
//! customer has paid in advance.

use crate::ids::CustomerId;
use crate::money::Money;

/// What a customer owes, after `version` entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// The sum of the entries.
    pub owed: Money,
    /// The most that may be owed after buying on credit; without it, nothing.
    pub limit: Option<Money>,
    /// How many entries made this balance: 1, 2, 3 … without gaps; 0 before the first.
    pub version: i64,
}

/// Why a balance changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Goods were bought and not paid.
    CreditSale,
    /// Money came in.
    Payment,
    /// Goods that were bought on credit came back.
    Return,
    /// A payment was undone.
    Reversal,
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::CreditSale, Self::Payment, Self::Return, Self::Reversal];

    /// The kind's name in the API and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreditSale => "credit_sale",
            Self::Payment => "payment",
            Self::Return => "return",
            Self::Reversal => "reversal",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it makes a customer owe more.
    pub const fn raises(self) -> bool {
        matches!(self, Self::CreditSale | Self::Reversal)
    }
}

/// One wish: change what this customer owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Whose balance.
    pub customer: CustomerId,
    /// Why.
    pub kind: EntryKind,
    /// By how much; above zero.
    pub amount: Money,
    /// The entry that is undone, by its version.
    pub reverses: Option<i64>,
}

/// A decided charge: one row of the customer's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub customer: CustomerId,
    /// Why.
    pub kind: EntryKind,
    /// Signed: above zero where more is owed than before.
    pub amount: Money,
    /// What is owed after it.
    pub balance: Money,
    /// The balance's version after it.
    pub version: i64,
    /// The entry that it undoes.
    pub reverses: Option<i64>,
}

/// Why a charge must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditRefusal {
    /// There is no such customer.
    UnknownCustomer(CustomerId),
    /// The customer was deleted.
    Closed(CustomerId),
    /// More would be owed than the limit allows.
    OverLimit {
        /// What is owed before.
        owed: Money,
        /// The limit, zero without one.
        limit: Money,
        /// What was to be added.
        amount: Money,
    },
    /// The entry was undone before.
    AlreadyReversed,
    /// The balance would leave the range that the ledger can hold.
    TooLarge,
}

/// Decides one charge against one balance: the entry that it makes, or why there is none.
///
/// # Errors
/// A [`CreditRefusal`]; nothing has changed then, for nothing changes here.
pub fn decide(balance: &Balance, charge: &Charge) -> Result<Entry, CreditRefusal> {
    let amount = if charge.kind.raises() { charge.amount } else { -charge.amount };
    let owed = balance.owed.checked_add(amount).ok_or(CreditRefusal::TooLarge)?;
    if owed > Money::MAX || owed < -Money::MAX {
        return Err(CreditRefusal::TooLarge);
    }
    let limit = balance.limit.unwrap_or_default();
    if charge.kind == EntryKind::CreditSale && owed > limit {
        return Err(CreditRefusal::OverLimit { owed: balance.owed, limit, amount });
    }
    Ok(Entry {
        customer: charge.customer,
        kind: charge.kind,
        amount,
        balance: owed,
        version: balance.version + 1,
        reverses: charge.reverses,
    })
}

/// The balance after `entry`, which must have been decided against it.
pub fn apply(balance: &Balance, entry: &Entry) -> Balance {
    debug_assert_eq!(entry.version, balance.version + 1, "decided against another balance");
    Balance { owed: entry.balance, version: entry.version, ..*balance }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(kind: EntryKind, cents: i64) -> Charge {
        let amount = Money::from_cents(cents);
        Charge { customer: CustomerId(7), kind, amount, reverses: None }
    }

    fn balance(owed: i64, limit: Option<i64>) -> Balance {
        let limit = limit.map(Money::from_cents);
        Balance { owed: Money::from_cents(owed), limit, version: 3 }
    }

    #[test]
    fn buying_stops_at_the_limit_to_the_cent() {
        let entry = decide(&balance(900, Some(1_000)), &charge(EntryKind::CreditSale, 100));
        let entry = entry.expect("within the limit");
        assert_eq!((entry.amount.cents(), entry.balance.cents(), entry.version), (100, 1_000, 4));
        assert_eq!(
            apply(&balance(900, Some(1_000)), &entry),
            Balance { version: 4, ..balance(1_000, Some(1_000)) }
        );
        let refused = decide(&balance(900, Some(1_000)), &charge(EntryKind::CreditSale, 101));
        let [owed, limit, amount] = [900, 1_000, 101].map(Money::from_cents);
        assert_eq!(refused, Err(CreditRefusal::OverLimit { owed, limit, amount }));
        assert!(decide(&balance(0, None), &charge(EntryKind::CreditSale, 1)).is_err());
    }

    #[test]
    fn whoever_has_paid_in_advance_may_use_it_up() {
        assert!(decide(&balance(-500, None), &charge(EntryKind::CreditSale, 500)).is_ok());
        assert!(decide(&balance(-500, None), &charge(EntryKind::CreditSale, 501)).is_err());
    }

    #[test]
    fn payments_and_returns_lower_it_and_ask_for_no_limit() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::from_name(kind.name()), Some(kind));
            let entry = decide(&balance(5_000, None), &charge(kind, 700));
            let expect = match kind {
                EntryKind::CreditSale => None,
                EntryKind::Payment | EntryKind::Return => Some(4_300),
                EntryKind::Reversal => Some(5_700),
            };
            assert_eq!(entry.ok().map(|entry| entry.balance.cents()), expect, "{kind:?}");
        }
    }

    #[test]
    fn a_balance_stays_within_what_an_amount_can_hold() {
        let most = Money::MAX.cents();
        for (owed, kind) in [(-most, EntryKind::Payment), (most, EntryKind::Reversal)] {
            let refused = decide(&balance(owed, None), &charge(kind, 1));
            assert_eq!(refused, Err(CreditRefusal::TooLarge));
        }
        let huge = decide(&balance(i64::MAX - 1, None), &charge(EntryKind::Reversal, 5));
        assert_eq!(huge, Err(CreditRefusal::TooLarge));
    }
}
