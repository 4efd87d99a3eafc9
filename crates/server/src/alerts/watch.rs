//! From events to alerts.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::ToSpan as _;
use serde::Deserialize;
use serde_json::json;
use stockroom_domain::{Quantity, StoreId, Timestamp};

use super::judge::{self, Alert};
use super::sql::{self, LotRow, OpenRow, PairRow};
use crate::App;
use crate::db::{Conn, Tx};
use crate::error::{ApiError, ApiResult};
use crate::events::tail::Heard;
use crate::events::{Event, Logged};
use crate::stores::StoreDay;

/// A product in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Where.
    pub store_id: i64,
    /// What.
    pub product_id: i64,
}

/// Products looked at with one statement.
const LOOK_MAX: usize = 500;
/// Products whose alerts change in one transaction: a till must not wait behind it.
const ACT_MAX: usize = 100;

/// Whether an event may change what is alarming.
pub fn takes(kind: &str) -> bool {
    matches!(
        kind,
        "stock.moved"
            | "stock.reorder_point_set"
            | "product.updated"
            | "product.deleted"
            | "product.restored"
            | "store.deleted"
            | "store.restored"
            | "lot.updated"
            | "settings.updated"
    )
}

/// Of which products alerts have to be raised or cleared after some events, in portions.
///
/// # Errors
/// The database's, or an event that is not understood.
pub async fn look(app: &App, events: &[Arc<Heard>]) -> ApiResult<Vec<Vec<Pair>>> {
    let mut named = Named::default();
    for event in events {
        named.add(event)?;
    }
    let mut reader = app.db.read().await?;
    let mut pairs = named.pairs;
    let wholes = sql::pairs_of(Conn::from(&mut reader), &named.products, &named.stores);
    pairs.extend(wholes.await?);
    if named.is_all {
        pairs.extend(by_clock(app, Conn::from(&mut reader)).await?);
    }
    changing(app, Conn::from(&mut reader), pairs).await
}

/// Of which products alerts have to be raised or cleared because time has passed, in portions.
///
/// # Errors
/// The database's.
pub async fn look_at_clock(app: &App) -> ApiResult<Vec<Vec<Pair>>> {
    let mut reader = app.db.read().await?;
    let pairs = by_clock(app, Conn::from(&mut reader)).await?;
    changing(app, Conn::from(&mut reader), pairs.into_iter().collect()).await
}

/// Raises and clears the alerts of a portion, as it is now; what followers learn of it. Nobody
/// else does so until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn act(app: &App, tx: &mut Tx, pairs: Vec<Pair>) -> ApiResult<Vec<Event>> {
    let now = app.clock.now();
    let mut told = Vec::new();
    for (raised, cleared) in judged(app, Conn::from(&mut *tx), &pairs).await? {
        for row in cleared {
            sql::clear(tx, row.id, now).await?;
            let data = json!({ "kind": row.kind, "product_id": row.product_id });
            let event = Event::new("alert.cleared", "alert", row.id, &data);
            told.push(event.in_store(StoreId(row.store_id)));
        }
        for alert in raised {
            let id = sql::raise(tx, &alert, now).await?;
            told.push(alert.event(id));
        }
    }
    Ok(told)
}

/// What some events name.
#[derive(Default)]
struct Named {
    pairs: BTreeSet<Pair>,
    /// Products, wherever they are.
    products: BTreeSet<i64>,
    /// Stores, with everything in them.
    stores: BTreeSet<i64>,
    /// Whatever depends on a day.
    is_all: bool,
}

impl Named {
    fn add(&mut self, event: &Logged) -> ApiResult<()> {
        #[derive(Deserialize)]
        struct OfProduct {
            product_id: i64,
        }
        #[derive(Deserialize)]
        struct Moved {
            lines: Vec<OfProduct>,
        }
        fn data<'e, T: Deserialize<'e>>(event: &'e Logged) -> ApiResult<T> {
            serde_json::from_str(&event.data).map_err(ApiError::internal)
        }
        match (event.kind.as_str(), event.store_id) {
            ("stock.moved", Some(store_id)) => {
                let Moved { lines } = data(event)?;
                let pair = |OfProduct { product_id }| Pair { store_id, product_id };
                self.pairs.extend(lines.into_iter().map(pair));
            }
            ("stock.reorder_point_set", Some(store_id)) => {
                self.pairs.insert(Pair { store_id, product_id: event.subject_id });
            }
            ("lot.updated", _) => {
                self.products.insert(data::<OfProduct>(event)?.product_id);
            }
            ("settings.updated", _) => self.is_all = true,
            _ if event.subject_kind == "product" => {
                self.products.insert(event.subject_id);
            }
            _ if event.subject_kind == "store" => {
                self.stores.insert(event.subject_id);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Products with a lot that expires soon, or an alert that is open: what is true of them may have
/// changed with the day.
async fn by_clock(app: &App, mut db: Conn<'_>) -> ApiResult<Vec<Pair>> {
    /// No clock on earth is further ahead.
    const AHEAD_S: i64 = 14 * 3_600;
    let days = sql::expiring_days(db.reborrow()).await?;
    let latest = soon("UTC", app.clock.now().plus_seconds(AHEAD_S), days);
    Ok(sql::pairs_by_clock(db, &latest).await?)
}

/// The last day that counts as soon in a time zone.
fn soon(time_zone: &str, now: Timestamp, days: i64) -> String {
    let day = StoreDay { time_zone: time_zone.to_owned(), day_cut_hour: 0 }.date(now);
    day.saturating_add(days.days()).to_string()
}

/// Those of some products whose alerts are not as they must be, in portions.
async fn changing(app: &App, mut db: Conn<'_>, pairs: BTreeSet<Pair>) -> ApiResult<Vec<Vec<Pair>>> {
    let pairs: Vec<Pair> = pairs.into_iter().collect();
    let mut changing = Vec::new();
    for some in pairs.chunks(LOOK_MAX) {
        for (raised, cleared) in judged(app, db.reborrow(), some).await? {
            let of_raised = raised.iter().map(|alert| (alert.store_id, alert.product_id));
            let of_cleared = cleared.iter().map(|row| (row.store_id, row.product_id));
            let pair = of_raised.chain(of_cleared).next();
            changing.extend(pair.map(|(store_id, product_id)| Pair { store_id, product_id }));
        }
    }
    Ok(changing.chunks(ACT_MAX).map(<[Pair]>::to_vec).collect())
}

/// What has to be raised and cleared, product by product.
async fn judged(
    app: &App,
    mut db: Conn<'_>,
    pairs: &[Pair],
) -> ApiResult<Vec<(Vec<Alert>, Vec<OpenRow>)>> {
    let days = sql::expiring_days(db.reborrow()).await?;
    let rows = sql::pairs(db.reborrow(), pairs).await?;
    let lots = by_pair(sql::lots(db.reborrow(), pairs).await?);
    let open = by_pair(sql::open(db, pairs).await?);
    let now = app.clock.now();
    let mut days_of_zones: HashMap<&str, String> = HashMap::new();
    let mut all = Vec::new();
    for row in &rows {
        let soon =
            days_of_zones.entry(&row.time_zone).or_insert_with(|| soon(&row.time_zone, now, days));
        let lots: Vec<&LotRow> = lots.get(&row.pair()).into_iter().flatten().collect();
        let open: Vec<&OpenRow> = open.get(&row.pair()).into_iter().flatten().collect();
        let (raised, cleared) = judge::changes(judge::due(row, &lots, soon), &open);
        all.push((raised, cleared.into_iter().cloned().collect()));
    }
    Ok(all)
}

/// Rows of a product in a store.
trait OfPair {
    fn pair(&self) -> Pair;
}

macro_rules! of_pair {
    ($($row:ident)+) => {
        $(impl OfPair for $row {
            fn pair(&self) -> Pair {
                Pair { store_id: self.store_id, product_id: self.product_id }
            }
        })+
    };
}
of_pair!(PairRow LotRow OpenRow);

fn by_pair<R: OfPair>(rows: Vec<R>) -> HashMap<Pair, Vec<R>> {
    let mut map: HashMap<Pair, Vec<R>> = HashMap::new();
    for row in rows {
        map.entry(row.pair()).or_default().push(row);
    }
    map
}

impl Alert {
    /// What followers learn of it.
    fn event(&self, id: i64) -> Event {
        let mut data = json!({
            "kind": self.kind,
            "product_id": self.product_id,
            "on_hand": Quantity::from_thousandths(self.on_hand),
            "reorder_point": self.reorder_point.map(Quantity::from_thousandths),
        });
        if let Some((code, expires_on)) = &self.lot {
            data["lot"] = json!({ "code": code, "expires_on": expires_on });
        }
        Event::new("alert.raised", "alert", id, &data).in_store(StoreId(self.store_id))
    }
}
