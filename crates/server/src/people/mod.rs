//! The people that a shop deals with: customers, suppliers, and those who work there.
//!
//! Customers and suppliers belong to the whole shop, employees to a store or, without one, to the
//! shop. Nobody is ever removed: what was ordered, delivered and paid points to them.

pub mod credit;
mod credit_sql;
pub mod customer;
mod customer_sql;
pub mod employee;
mod employee_sql;
pub mod supplier;
mod supplier_sql;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stockroom_domain::Timestamp;

use crate::http::sort::{Order, Position, SortValue};

/// An order of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum PersonSort {
    /// By name.
    #[default]
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDescending,
    /// Oldest first.
    #[serde(rename = "created_at")]
    CreatedAt,
    /// Newest first.
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
}

impl PersonSort {
    /// The order in SQL, by the columns of the name's key, of the time, and of the number.
    const fn order(self, name_key: &'static str, at: &'static str, id: &'static str) -> Order {
        match self {
            Self::Name => Order::text(name_key, id),
            Self::NameDescending => Order::text(name_key, id).descending(),
            Self::CreatedAt => Order::number(at, id),
            Self::CreatedAtDescending => Order::number(at, id).descending(),
        }
    }

    fn position(self, name_key: &str, at: Timestamp, id: i64) -> Position {
        let value = match self {
            Self::Name | Self::NameDescending => SortValue::Text(name_key.to_owned()),
            Self::CreatedAt | Self::CreatedAtDescending => SortValue::Number(at.0),
        };
        Position { value, id }
    }
}
