//! A SELECT whose conditions depend on what was asked for, as the filters of a list do.
//!
//! The text is put together from constant pieces; every value is bound. sqlx's own builder
//! is tied to one engine, this one serves both.

use std::fmt::Write as _;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};

use super::Conn;

/// A statement in the making.
#[derive(Clone, Debug)]
pub struct Select {
    text: String,
    values: Vec<Value>,
}

/// A bound value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number, an id, an instant.
    Int(i64),
    /// Text.
    Text(String),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl Select {
    /// Begins with a piece of SQL.
    pub fn new(piece: &'static str) -> Self {
        Self { text: piece.to_owned(), values: Vec::new() }
    }

    /// Adds a piece of SQL.
    pub fn push(&mut self, piece: &'static str) -> &mut Self {
        self.text.push_str(piece);
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// Adds ` LIMIT …`. Cast, for SQLite compiles a statement again whenever the bare parameter
    /// of a LIMIT is bound, which takes longer than most statements.
    pub fn limit(&mut self, rows: i64) -> &mut Self {
        self.push(" LIMIT CAST(").bind(rows).push(" AS BIGINT)")
    }

    /// Adds `{condition} IN (…)`, as in `.any_of(" AND id", ids)`; nothing without a value.
    pub fn any_of<V: Into<Value>>(
        &mut self,
        condition: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> &mut Self {
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return self };
        self.push(condition).push(" IN (").bind(first);
        for value in values {
            self.push(", ").bind(value);
        }
        self.push(")")
    }

    /// Adds that one of some columns contains a text, as in
    /// `.contains(&["p.name_key", "p.sku_key"], word)`.
    pub fn contains(&mut self, columns: &[&'static str], text: &str) -> &mut Self {
        let pattern = format!("%{}%", like_escaped(text));
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { " AND (" } else { " OR " }).push(column);
            self.push(" LIKE ").bind(pattern.as_str()).push(" ESCAPE '\\'");
        }
        self.push(")")
    }

    /// How many rows it has, counted no further than `max`.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(mut self, db: Conn<'_>, max: i64) -> sqlx::Result<i64> {
        self.limit(max);
        self.text = format!("SELECT COUNT(*) FROM ({}) counted", self.text);
        let rows: Vec<(i64,)> = self.fetch_all(db).await?;
        Ok(rows.first().map_or(0, |(count,)| *count))
    }

    /// Runs it.
    ///
    /// # Errors
    /// The database's.
    pub async fn fetch_all<R>(self, db: Conn<'_>) -> sqlx::Result<Vec<R>>
    where
        R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        // Safe: made of constants alone.
        on_db!(db, conn => {
            let mut query = sqlx::query_as(AssertSqlSafe(self.text));
            for value in self.values {
                query = match value {
                    Value::Int(value) => query.bind(value),
                    Value::Text(value) => query.bind(value),
                };
            }
            query.fetch_all(conn).await
        })
    }
}

/// A text as part of a LIKE pattern with `ESCAPE '\'`: `%` and `_` stand for themselves.
fn like_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_their_order() {
        let mut select = Select::new("SELECT id FROM t WHERE TRUE");
        select.any_of(" AND a", [1, 2]).any_of(" AND b", Vec::<i64>::new());
        select.push(" AND c LIKE ").bind("x").push(" ORDER BY id");
        let text = "SELECT id FROM t WHERE TRUE AND a IN ($1, $2) AND c LIKE $3 ORDER BY id";
        assert_eq!(select.text, text);
        assert_eq!(select.values.len(), 3);
    }

    #[test]
    fn a_text_is_looked_for_in_each_column() {
        let mut select = Select::new("SELECT id FROM t WHERE TRUE");
        select.contains(&["a"], "x").contains(&["b", "c"], "50%");
        let text = "SELECT id FROM t WHERE TRUE AND (a LIKE $1 ESCAPE '\\') \
                    AND (b LIKE $2 ESCAPE '\\' OR c LIKE $3 ESCAPE '\\')";
        assert_eq!(select.text, text);
        assert!(matches!(&select.values[2], Value::Text(pattern) if pattern == r"%50\%%"));
    }

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(like_escaped(r"50%_\"), r"50\%\_\\");
    }
}
