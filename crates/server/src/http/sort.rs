//! Orders of lists whose caller may choose: by a column, and by the id where its values are equal.

use serde::{Deserialize, Serialize};

use crate::db::Select;

/// An order of a list.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    column: &'static str,
    id: &'static str,
    is_number: bool,
    is_descending: bool,
}

/// Where an entry stands in an order: its value there, then its id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Position {
    /// What stands in the column.
    pub value: SortValue,
    /// The entry.
    pub id: i64,
}

/// What entries are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum SortValue {
    /// Words, as a rule in the form in which they are compared.
    Text(String),
    /// Numbers and times.
    Number(i64),
}

impl Order {
    /// By a column of text, never null.
    pub const fn text(column: &'static str, id: &'static str) -> Self {
        Self { column, id, is_number: false, is_descending: false }
    }

    /// By a column of whole numbers or times, never null.
    pub const fn number(column: &'static str, id: &'static str) -> Self {
        Self { column, id, is_number: true, is_descending: false }
    }

    /// The other way round.
    #[must_use]
    pub const fn descending(self) -> Self {
        Self { is_descending: true, ..self }
    }

    /// Whether a position is one of this order.
    pub fn has(self, position: &Position) -> bool {
        matches!(position.value, SortValue::Number(_)) == self.is_number
    }

    /// Ends a statement that has its conditions: entries in this order behind a position.
    pub fn push_page(self, select: &mut Select, after: Option<&Position>, limit: i64) {
        if let Some(Position { value, id }) = after {
            select.push(" AND (").push(self.column).push(", ").push(self.id);
            select.push(if self.is_descending { ") < (" } else { ") > (" });
            match value {
                SortValue::Text(text) => select.bind(text.as_str()),
                SortValue::Number(number) => select.bind(*number),
            };
            select.push(", ").bind(*id).push(")");
        }
        let direction = if self.is_descending { " DESC" } else { "" };
        select.push(" ORDER BY ").push(self.column).push(direction);
        select.push(", ").push(self.id).push(direction).limit(limit);
    }
}
