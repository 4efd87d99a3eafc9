//! What must be open for a store's product, and what has to happen to what is open.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sql::{LotRow, OpenRow, PairRow};

/// What an alert says.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AlertKind")]
pub enum Kind {
    /// Less is on hand than the reorder point.
    LowStock,
    /// Nothing is on hand.
    OutOfStock,
    /// A lot on hand expires soon, or has expired.
    Expiring,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::LowStock => "low_stock",
            Self::OutOfStock => "out_of_stock",
            Self::Expiring => "expiring",
        }
    }
}

/// An alert that must be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alert {
    pub(super) store_id: i64,
    pub(super) product_id: i64,
    /// 0 where it is not about a lot.
    pub(super) lot_id: i64,
    pub(super) kind: Kind,
    /// In thousandths, of the lot where it is about one.
    pub(super) on_hand: i64,
    pub(super) reorder_point: Option<i64>,
    pub(super) lot: Option<(String, String)>,
}

/// What must be open for a store's product, of which these lots are on hand and expire. `soon` is
/// the last day that counts as soon.
pub(super) fn due(pair: &PairRow, lots: &[&LotRow], soon: &str) -> Vec<Alert> {
    let Some(on_hand) = pair.on_hand.filter(|_| !pair.is_gone) else { return Vec::new() };
    let alert = |kind, lot_id, on_hand, lot| Alert {
        store_id: pair.store_id,
        product_id: pair.product_id,
        lot_id,
        kind,
        on_hand,
        reorder_point: pair.reorder_point,
        lot,
    };
    let mut due = Vec::new();
    if pair.reorder_point.is_some_and(|point| on_hand < point) {
        due.push(alert(Kind::LowStock, 0, on_hand, None));
    }
    // A point of nothing says that the store does not keep the product.
    if on_hand == 0 && pair.reorder_point != Some(0) {
        due.push(alert(Kind::OutOfStock, 0, on_hand, None));
    }
    for lot in lots.iter().filter(|lot| lot.on_hand > 0 && lot.expires_on.as_str() <= soon) {
        let code_and_day = (lot.code.clone(), lot.expires_on.clone());
        due.push(alert(Kind::Expiring, lot.lot_id, lot.on_hand, Some(code_and_day)));
    }
    due
}

/// What has to be raised, and which of what is open cleared.
pub(super) fn changes<'o>(due: Vec<Alert>, open: &[&'o OpenRow]) -> (Vec<Alert>, Vec<&'o OpenRow>) {
    let is =
        |alert: &Alert, row: &OpenRow| alert.kind.name() == row.kind && alert.lot_id == row.lot_id;
    let cleared = open.iter().filter(|row| !due.iter().any(|alert| is(alert, row)));
    let cleared = cleared.copied().collect();
    let raised = due.into_iter().filter(|alert| !open.iter().any(|row| is(alert, row)));
    (raised.collect(), cleared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(on_hand: i64, reorder_point: Option<i64>) -> PairRow {
        PairRow {
            store_id: 1,
            product_id: 2,
            on_hand: Some(on_hand),
            reorder_point,
            is_gone: false,
            time_zone: "UTC".to_owned(),
        }
    }

    fn kinds(pair: &PairRow) -> Vec<Kind> {
        due(pair, &[], "2026-01-01").iter().map(|alert| alert.kind).collect()
    }

    #[test]
    fn low_is_below_the_point_and_out_is_nothing() {
        use Kind::{LowStock, OutOfStock};
        assert_eq!(kinds(&pair(6_000, Some(6_000))), []);
        assert_eq!(kinds(&pair(5_999, Some(6_000))), [LowStock]);
        assert_eq!(kinds(&pair(0, Some(6_000))), [LowStock, OutOfStock]);
        assert_eq!(kinds(&pair(1, None)), []);
        assert_eq!(kinds(&pair(0, None)), [OutOfStock]);
        assert_eq!(kinds(&pair(0, Some(0))), [], "the store does not keep it");
        assert_eq!(kinds(&PairRow { on_hand: None, ..pair(0, Some(1)) }), [], "never did");
        assert_eq!(kinds(&PairRow { is_gone: true, ..pair(0, Some(1)) }), []);
    }

    #[test]
    fn a_lot_expires_soon_up_to_that_day() {
        let lot = |lot_id, on_hand, expires_on: &str| LotRow {
            store_id: 1,
            product_id: 2,
            lot_id,
            code: "L".to_owned(),
            on_hand,
            expires_on: expires_on.to_owned(),
        };
        let lots = [
            lot(1, 1, "2026-01-01"),
            lot(2, 1, "2026-01-02"),
            lot(3, 0, "2025-12-01"),
            lot(4, 1, "2025-12-01"),
        ];
        let due = due(&pair(3, None), &lots.iter().collect::<Vec<_>>(), "2026-01-01");
        assert_eq!(due.iter().map(|alert| alert.lot_id).collect::<Vec<_>>(), [1, 4]);
    }

    #[test]
    fn what_is_open_and_due_stays() {
        let row = |id, kind: Kind| OpenRow {
            id,
            store_id: 1,
            product_id: 2,
            lot_id: 0,
            kind: kind.name().to_owned(),
        };
        let open = [row(7, Kind::LowStock), row(8, Kind::Expiring)];
        let (raised, cleared) =
            changes(due(&pair(0, Some(1)), &[], ""), &open.iter().collect::<Vec<_>>());
        assert_eq!(raised.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [Kind::OutOfStock]);
        assert_eq!(cleared.iter().map(|row| row.id).collect::<Vec<_>>(), [8]);
    }
}
