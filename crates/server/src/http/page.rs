//! Keyset paging: a page begins after a position in the list's order, never at an offset.
//!
//! The cursor is opaque to clients and bound to the caller, the list and the filters, so that it
//! cannot be carried over to another list by mistake.

use std::borrow::Cow;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use stockroom_domain::UserId;

use crate::db::{Conn, Select};
use crate::error::{ApiError, ApiResult};

/// How many entries a page has: 50 unless asked for, at most 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    const MAX: u16 = 500;

    /// The number.
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// One more, to see whether there is a next page: for `LIMIT $n`.
    pub fn fetch(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let asked = u64::deserialize(deserializer)?;
        match u16::try_from(asked) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(D::Error::custom(format!("a page has 1 to {} entries.", Self::MAX))),
        }
    }
}

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": Self::MAX, "default": 50 })
    }
}

/// Where a page begins: the `next_cursor` of the page before.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Cursor(String);

/// One page of a list whose entries lie at positions of type `P`.
#[derive(Debug)]
pub(super) struct Paging<P> {
    /// The position after which the page begins; the list's start without one.
    pub(super) after: Option<P>,
    limit: Limit,
    binding: [u8; 8],
    of: PhantomData<fn() -> P>,
}

impl<P: Serialize + DeserializeOwned> Paging<P> {
    /// The page that was asked for, of whose list, at which path, with which filters. `is_known`
    /// tells whether a position is one of the list.
    ///
    /// # Errors
    /// 400 for a cursor that does not belong to this caller, list and filters.
    pub(super) fn new(
        (caller, path, filters): (UserId, &str, &str),
        limit: Limit,
        cursor: Option<&Cursor>,
        is_known: impl Fn(&P) -> bool,
    ) -> ApiResult<Self> {
        let digest = Sha256::new()
            .chain_update(caller.0.to_be_bytes())
            .chain_update(path)
            .chain_update([0])
            .chain_update(filters)
            .finalize();
        let mut binding = [0; 8];
        binding.copy_from_slice(&digest[..8]);
        let after = cursor.map(|cursor| open(cursor, &binding, is_known)).transpose()?;
        Ok(Self { after, limit, binding, of: PhantomData })
    }

    /// Cuts the rows, of which [`Limit::fetch`] were asked for, to the page, and tells where
    /// the next one begins.
    ///
    /// # Errors
    /// A position that JSON cannot hold: a defect.
    pub(super) fn finish<R>(
        &self,
        mut rows: Vec<R>,
        position: impl Fn(&R) -> P,
    ) -> ApiResult<(Vec<R>, Option<String>)> {
        if rows.len() <= self.limit.get() {
            return Ok((rows, None));
        }
        rows.truncate(self.limit.get());
        let next = rows.last().map(|row| self.seal(&position(row))).transpose()?;
        Ok((rows, next))
    }

    fn seal(&self, position: &P) -> ApiResult<String> {
        let mut bytes = self.binding.to_vec();
        serde_json::to_writer(&mut bytes, position).map_err(ApiError::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn open<P: DeserializeOwned>(
    cursor: &Cursor,
    binding: &[u8; 8],
    is_known: impl Fn(&P) -> bool,
) -> ApiResult<P> {
    let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).ok();
    let position = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(binding));
    let position = position.and_then(|json| serde_json::from_slice::<Value>(json).ok());
    let position = position.filter(is_plain).and_then(|json| serde_json::from_value(json).ok());
    position.filter(is_known).ok_or_else(|| {
        ApiError::invalid(
            "cursor",
            "This cursor does not belong to this list with these filters. \
             Ask for the first page, without a cursor.",
        )
    })
}

/// Whether it is free of control characters, as all of our text is: PostgreSQL takes no U+0000.
fn is_plain(position: &Value) -> bool {
    match position {
        Value::String(text) => !text.chars().any(char::is_control),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(fields) => fields.values().all(is_plain),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// How many entries a list has in all, for `include_total=true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Total {
    /// The number; 10,000 where there are more.
    pub value: i64,
    /// Whether that is exact.
    pub exact: bool,
}

impl Total {
    const MAX: i64 = 10_000;

    /// Counts the rows of a statement without order.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(rows: Select, db: Conn<'_>) -> ApiResult<Self> {
        let counted = rows.count(db, Self::MAX + 1).await?;
        Ok(Self { value: counted.min(Self::MAX), exact: counted <= Self::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(filters: &str, cursor: Option<&Cursor>) -> ApiResult<Paging<(String, i64)>> {
        let of = (UserId(1), "/api/products", filters);
        Paging::new(of, Limit(2), cursor, |(name, _)| name != "nowhere")
    }

    #[test]
    fn pages_follow_one_another() {
        let first = paging("q", None).expect("a first page");
        let key = |row: &i64| (r"c:\users".to_owned(), *row);
        let (rows, next) = first.finish(vec![1, 2, 3], key).expect("rows");
        assert_eq!(rows, [1, 2]);
        let cursor = Cursor(next.expect("a next page"));
        let second = paging("q", Some(&cursor)).expect("a second page");
        assert_eq!(second.after, Some((r"c:\users".to_owned(), 2)));
        let (rows, next) = second.finish(vec![3], key).expect("rows");
        assert_eq!((rows, next), (vec![3], None));
    }

    #[test]
    fn a_cursor_is_bound_to_its_list() {
        let seal = |name: &str| paging("a", None).and_then(|p| p.seal(&(name.to_owned(), 1)));
        for (filters, sent) in [
            ("b", Cursor(seal("x").expect("a cursor"))),
            ("a", Cursor("!".into())),
            ("a", Cursor("".into())),
            ("a", Cursor(seal("x\0").expect("a cursor"))),
            ("a", Cursor(seal("nowhere").expect("a cursor"))),
        ] {
            let error = paging(filters, Some(&sent)).expect_err("a refusal");
            assert_eq!(error.failure().and_then(|f| f.field.as_deref()), Some("cursor"));
        }
    }
}
