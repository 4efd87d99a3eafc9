//! Where the made-up history is steered to: which product ends how.
//!
//! Days are counted from 0, the first day, to [`super::history::DAYS`], the last one.

use super::catalogue::Product;
use super::products::{SCARCE, SOLD_OUT};

/// From this day on the scarce products are delivered no more.
pub const SCARCE_FROM: i64 = 62;
/// On this day they have come down to what is left of them at the end.
pub const SCARCE_UNTIL: i64 = 86;
/// From this day on nothing else may fall to its reorder point.
pub const HEALTHY_FROM: i64 = 84;

/// How the stock of a product is steered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Sold and delivered; towards the end always above its reorder point.
    Healthy,
    /// Towards the end so much is left of it, in thousandths, and no more is delivered.
    Ends(i64),
}

/// The plan of a product in a store. What is left of a scarce product in the three stores is
/// a third, an eighth and a quarter of its reorder point: below it even together.
pub fn plan(product: &Product, store: usize) -> Plan {
    if product.sku == SOLD_OUT {
        return Plan::Ends(0);
    }
    if SCARCE.contains(&product.sku) {
        let left = product.reorder_point() / 1_000 / [3, 8, 4][store % 3];
        return Plan::Ends(left.max(1) * 1_000);
    }
    Plan::Healthy
}

/// What must be left of a product on a day, whoever wants it.
pub fn floor(product: &Product, store: usize, day: i64) -> i64 {
    match plan(product, store) {
        Plan::Healthy if day >= HEALTHY_FROM => product.reorder_point() + product.step(),
        Plan::Ends(left) if day >= SCARCE_FROM => left,
        _ => 0,
    }
}
