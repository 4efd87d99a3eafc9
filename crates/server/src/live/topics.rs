//! Topics: what one may choose to hear of. Each event belongs to one, by the word before the dot
//! in its type.

use crate::error::{ApiError, ApiResult};

/// A topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// What goods do.
    Stock,
    /// What orders and sales do.
    Orders,
    /// What people are told.
    Notifications,
    /// Goods that run low, or expire.
    Alerts,
    /// What is sold.
    Catalog,
    /// Customers, suppliers, employees, users, and programs' keys.
    People,
    /// Stores, settings, and everything else.
    System,
}

/// All of them, with the words of their events.
const TOPICS: [(Topic, &str, &[&str]); 7] = [
    (Topic::Stock, "stock", &["stock"]),
    (Topic::Orders, "orders", &["order"]),
    (Topic::Notifications, "notifications", &["notification"]),
    (Topic::Alerts, "alerts", &["alert"]),
    (Topic::Catalog, "catalog", &["product", "lot"]),
    (Topic::People, "people", &["customer", "supplier", "employee", "user", "api_key", "session"]),
    (Topic::System, "system", &[]),
];

impl Topic {
    /// The topic of events of this type.
    fn of(kind: &str) -> Self {
        let word = kind.split('.').next().unwrap_or(kind);
        let found = TOPICS.iter().find(|(_, _, words)| words.contains(&word));
        found.map_or(Self::System, |(topic, ..)| *topic)
    }
}

/// Some topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Topics(u8);

impl Topics {
    /// All there are.
    pub(super) const ALL: Self = Self(u8::MAX);

    /// The topics of these names.
    ///
    /// # Errors
    /// 400 `invalid_request`: none is named, or one that does not exist.
    pub(super) fn named(names: &[String]) -> ApiResult<Self> {
        let known: Vec<&str> = TOPICS.iter().map(|(_, name, _)| *name).collect();
        let known = known.join(", ");
        if names.is_empty() {
            let message = format!("Name at least one topic: {known}. Without `topics`, all.");
            return Err(ApiError::invalid("topics", message));
        }
        let mut topics = Self(0);
        for (index, name) in names.iter().enumerate() {
            let found = TOPICS.iter().find(|(_, known, _)| known == name);
            let Some((topic, ..)) = found else {
                let message = format!("There is no topic {name:?}; there are {known}.");
                let error = ApiError::invalid(format!("topics[{index}]"), message);
                return Err(error.with_detail("topic", name.as_str()));
            };
            topics.0 |= topic.bit();
        }
        Ok(topics)
    }

    /// Whether events of this type are among them.
    pub(super) fn have(self, kind: &str) -> bool {
        self.0 & Topic::of(kind).bit() != 0
    }
}

impl Topic {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_belongs_to_one_topic() {
        for (kind, topic) in [
            ("stock.moved", Topic::Stock),
            ("order.placed", Topic::Orders),
            ("notification.created", Topic::Notifications),
            ("alert.raised", Topic::Alerts),
            ("product.created", Topic::Catalog),
            ("customer.charged", Topic::People),
            ("session.ended", Topic::People),
            ("settings.updated", Topic::System),
            ("something.new", Topic::System),
        ] {
            assert_eq!(Topic::of(kind), topic, "{kind}");
        }
    }

    #[test]
    fn chosen_are_those_that_are_named_and_no_others() {
        let named = |names: &[&str]| {
            Topics::named(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let two = named(&["stock", "orders", "stock"]).expect("topics");
        assert!(two.have("stock.moved") && two.have("order.sold") && !two.have("user.created"));
        assert!(TOPICS.iter().all(|(_, name, _)| named(&[name]).is_ok()));
        assert!(Topics::ALL.have("stock.moved") && Topics::ALL.have("something.new"));
        for (names, field) in
            [(&[][..], "topics"), (&["stock", "weather"], "topics[1]"), (&["Stock"], "topics[0]")]
        {
            let error = named(names).expect_err("refused");
            let failure = error.failure().expect("a failure");
            assert_eq!(failure.field.as_deref(), Some(field), "{names:?}");
        }
    }
}
