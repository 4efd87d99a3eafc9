//! The shop that is measured: stores, products and barcodes by SQL, stock through the API.

use std::cell::Cell;
use std::fmt::Write as _;
use std::rc::Rc;

use anyhow::{Context, Result};
use hyper::{StatusCode, Uri};

use super::client::{self, Call, Draw};
use super::measure::Worker;
use super::progress::Progress;
use super::run::Shop;
use super::sql::{self, FirstIds};
use super::yardsticks::draw_distinct;
use crate::clock::Clock;
use crate::db::Db;

/// Lines of one request to `/api/stock/movements`.
pub const LINES: i64 = 1_000;
/// Units brought in on every level: no scenario can sell them out.
const UNITS: i64 = 10_000_000;
/// How many requests are on their way at once while stock is brought in.
const CONNECTIONS: usize = 4;
/// Requests after which the access token is looked at again.
const REQUESTS_A_TOKEN: i64 = 400;

/// Which stores and products there are.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    /// The lowest ids; the others follow without a gap.
    pub first: FirstIds,
    /// How many stores.
    pub stores: i64,
    /// How many products.
    pub products: i64,
}

impl Catalogue {
    /// Writes it.
    ///
    /// # Errors
    /// The database's.
    pub async fn make(db: &Db, stores: i64, products: i64) -> Result<Self> {
        let first = sql::insert_catalogue(db, stores, products, Clock::System.now())
            .await
            .context("the catalogue cannot be written")?;
        Ok(Self { first, stores, products })
    }

    /// How many levels it makes.
    pub const fn levels(&self) -> i64 {
        self.stores * self.products
    }

    /// The store and product of a level, which are numbered from 0, store by store.
    pub const fn level(&self, number: i64) -> (i64, i64) {
        (self.first.store + number / self.products, self.first.product + number % self.products)
    }

    /// Levels of any one store, as many as there are but at most `count`.
    pub fn of_one_store(&self, count: usize) -> Vec<(i64, i64)> {
        let first = rand::random_range(0..self.stores) * self.products;
        let products = draw_distinct(self.products, count);
        products.into_iter().map(|product| self.level(first + product)).collect()
    }

    /// Any level.
    pub fn random(&self) -> (i64, i64) {
        self.level(rand::random_range(0..self.levels()))
    }
}

/// Where movements are posted by the thousand.
///
/// # Errors
/// Never: the path is a constant.
pub fn movements_uri() -> Result<Uri> {
    Ok("/api/stock/movements".parse()?)
}

/// The body of a request with a line for each level, all of one type and quantity.
pub fn movements_body(levels: &[(i64, i64)], kind: &str, quantity: i64) -> String {
    let mut body = String::with_capacity(levels.len() * 80 + 64);
    body.push_str(r#"{"atomic":true,"movements":["#);
    for (index, (store, product)) in levels.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ =
            write!(body, r#"{comma}{{"type":"{kind}","store_id":{store},"product_id":{product},"#);
        let _ = write!(body, r#""quantity":{quantity}}}"#);
    }
    body.push_str("]}");
    body
}

/// Brings stock in on every level, through the API, 1,000 lines a request.
///
/// # Errors
/// The server refuses a line.
pub async fn bring_stock_in(shop: &mut Shop) -> Result<()> {
    let catalogue = shop.catalogue;
    let progress = Rc::new(Progress::start("stock", catalogue.levels()));
    let uri = movements_uri()?;
    let next = Rc::new(Cell::new(0));
    let requests = (catalogue.levels() + LINES - 1) / LINES;
    let draw: Draw = Rc::new({
        let next = Rc::clone(&next);
        move || {
            let from = next.get() * LINES;
            next.set(next.get() + 1);
            let to = catalogue.levels().min(from + LINES);
            let levels: Vec<_> = (from..to).map(|number| catalogue.level(number)).collect();
            let body = movements_body(&levels, "stock_in", UNITS);
            let worth = u64::try_from(to - from)?;
            Ok(Call::post(uri.clone(), body, StatusCode::CREATED, worth))
        }
    });
    let mut done = 0;
    while done < requests {
        let authorization = shop.authorization().await?;
        let nodes = [shop.address()];
        let until = requests.min(done + REQUESTS_A_TOKEN);
        let mut tasks = tokio::task::JoinSet::new();
        for mut worker in client::workers(&nodes, CONNECTIONS, &authorization, &draw).await? {
            let (next, progress) = (Rc::clone(&next), Rc::clone(&progress));
            tasks.spawn_local(async move {
                while next.get() < until {
                    progress.add(worker.work().await?);
                }
                anyhow::Ok(())
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        done = until;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_numbered_store_by_store() {
        let first = FirstIds { store: 2, product: 10 };
        let catalogue = Catalogue { first, stores: 3, products: 4 };
        assert_eq!(catalogue.levels(), 12);
        assert_eq!(catalogue.level(0), (2, 10));
        assert_eq!(catalogue.level(3), (2, 13));
        assert_eq!(catalogue.level(11), (4, 13));
    }

    #[test]
    fn many_movements_make_one_json_body() {
        let body = movements_body(&[(1, 2), (3, 4)], "sale", 1);
        let value: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
        assert_eq!(value["movements"][1]["store_id"], 3);
        assert_eq!(value["movements"].as_array().map(Vec::len), Some(2));
        assert_eq!(value["atomic"], true);
    }
}
