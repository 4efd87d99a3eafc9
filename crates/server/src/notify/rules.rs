//! What is told to whom: the one table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockroom_domain::permissions::Permission;

/// What someone may choose to hear of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotificationTopic")]
pub enum Topic {
    /// Orders: placed, confirmed, rejected, sent, called off, taken back.
    Orders,
    /// Stock that is low, sold out or about to expire.
    Alerts,
    /// Users, roles and programs' keys that changed.
    Accounts,
    /// Prices that changed by more than a fifth.
    Prices,
    /// Sales of more than was on record.
    Overrides,
    /// What the system needs help with.
    System,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 6] =
        [Self::Orders, Self::Alerts, Self::Accounts, Self::Prices, Self::Overrides, Self::System];

    /// As it is stored and answered.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Alerts => "alerts",
            Self::Accounts => "accounts",
            Self::Prices => "prices",
            Self::Overrides => "overrides",
            Self::System => "system",
        }
    }

    /// Without this permission where it happened, nobody reads of it, whatever they were told
    /// before they lost it. What concerns oneself needs none.
    pub(super) const fn needs(self) -> Permission {
        match self {
            Self::Orders | Self::Overrides => Permission::ReadOrders,
            Self::Alerts => Permission::ReadStock,
            Self::Accounts => Permission::ManageUsers,
            Self::Prices => Permission::ReadCatalog,
            Self::System => Permission::Operate,
        }
    }
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Audience {
    /// Everyone with this right where it happened.
    Holders(Holders),
    /// Whoever placed the order.
    Placer,
    /// The user whom it is about.
    Subject,
}

/// Rights by which one is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Holders {
    Stock,
    Sell,
    Supervise,
    Users,
    System,
}

impl Holders {
    pub(super) const fn permission(self) -> Permission {
        match self {
            Self::Stock => Permission::MoveStock,
            Self::Sell => Permission::Sell,
            Self::Supervise => Permission::SuperviseSales,
            Self::Users => Permission::ManageUsers,
            Self::System => Permission::Operate,
        }
    }
}

/// Of which events someone is told.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) event: &'static str,
    pub(super) topic: Topic,
    pub(super) to: &'static [Audience],
    /// Whether this one is worth it, by its data.
    pub(super) when: fn(&Value) -> bool,
}

const fn rule(event: &'static str, topic: Topic, to: &'static [Audience]) -> Rule {
    Rule { event, topic, to, when: |_| true }
}

const SELLERS: Audience = Audience::Holders(Holders::Sell);
const SUPERVISORS: Audience = Audience::Holders(Holders::Supervise);
const ADMINISTRATORS: Audience = Audience::Holders(Holders::Users);

/// All rules.
pub(super) const RULES: [Rule; 17] = [
    rule("order.placed", Topic::Orders, &[SELLERS]),
    rule("order.confirmed", Topic::Orders, &[Audience::Placer]),
    rule("order.rejected", Topic::Orders, &[Audience::Placer, SUPERVISORS]),
    rule("order.shipped", Topic::Orders, &[Audience::Placer]),
    rule("order.cancelled", Topic::Orders, &[Audience::Placer, SELLERS]),
    rule("order.returned", Topic::Orders, &[Audience::Placer, SUPERVISORS]),
    Rule { when: is_override, ..rule("order.sold", Topic::Overrides, &[SUPERVISORS]) },
    rule("alert.raised", Topic::Alerts, &[Audience::Holders(Holders::Stock)]),
    Rule { when: is_leap, ..rule("product.updated", Topic::Prices, &[SUPERVISORS]) },
    rule("user.created", Topic::Accounts, &[ADMINISTRATORS]),
    rule("user.updated", Topic::Accounts, &[ADMINISTRATORS, Audience::Subject]),
    rule("user.deleted", Topic::Accounts, &[ADMINISTRATORS]),
    rule("api_key.created", Topic::Accounts, &[ADMINISTRATORS]),
    rule("api_key.updated", Topic::Accounts, &[ADMINISTRATORS]),
    rule("api_key.revoked", Topic::Accounts, &[ADMINISTRATORS]),
    rule("dead_letter.parked", Topic::System, &[Audience::Holders(Holders::System)]),
    rule("webhook.paused", Topic::System, &[Audience::Holders(Holders::System)]),
];

/// The rule of an event.
pub(super) fn of(kind: &str) -> Option<&'static Rule> {
    static ALL: &[Rule] = &RULES;
    ALL.iter().find(|rule| rule.event == kind)
}

/// A sale of more than was on record.
fn is_override(data: &Value) -> bool {
    data["override"] == true
}

/// A price that changed by more than a fifth of what it was.
fn is_leap(data: &Value) -> bool {
    let cents = |value: &Value| {
        let (whole, cents) = value.as_str()?.split_once('.')?;
        whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents.parse().ok()?)
    };
    match (cents(&data["price"]["before"]), cents(&data["price"]["after"])) {
        (Some(before), Some(after)) => (after - before).saturating_abs().saturating_mul(5) > before,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_leap_is_more_than_a_fifth_either_way() {
        let leap = |before: &str, after: &str| {
            is_leap(&json!({"price": {"before": before, "after": after}}))
        };
        assert!(!leap("10.00", "12.00") && leap("10.00", "12.01"));
        assert!(!leap("10.00", "8.00") && leap("10.00", "7.99"));
        assert!(leap("0.00", "0.01") && !leap("0.00", "0.00"));
        assert!(!is_leap(&json!({})), "the price is as it was");
    }

    #[test]
    fn each_event_has_one_rule() {
        for rule in &RULES {
            assert_eq!(RULES.iter().filter(|other| other.event == rule.event).count(), 1);
        }
    }
}
