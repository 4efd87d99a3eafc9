//! A list that is not of the shop.

use stockroom::db::{Conn, Select};
use stockroom::error::ApiResult;
use stockroom::http::List;

/// A list without an end.
pub struct Endless;

impl List for Endless {
    type Entry = ();
    type Position = ();

    const NAME: &'static str = "endless";

    async fn entries(&self, _: Conn<'_>, _: Option<()>, limit: i64) -> ApiResult<Vec<()>> {
        Ok(vec![(); usize::try_from(limit).expect("a limit")])
    }

    fn position(&self, (): &()) {}

    fn all(&self, _: &Conn<'_>) -> Select {
        Select::new("SELECT 1")
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["x"]
    }

    fn cells(&self, (): ()) -> Vec<String> {
        vec!["x".repeat(2_000)]
    }
}
