//! Recomputing everything from the ledger, independently of what wrote it.
//!
//! Every movement of every level is read in the order of ledger time and added up; versions,
//! balances, values and levels must come out as they are stored. So must what a movement
//! points to, for the ledger has no foreign keys, what the audit log says of each movement, orders
//! with their items and goods, and what customers owe; and the event log must have no gap. The
//! whole check sees one snapshot, so it may run beside a shop that sells.

use std::collections::{BTreeMap, HashSet};

use stockroom_domain::stock::LevelKey;
use stockroom_domain::{LotId, Money, Quantity, StoreId, Timestamp};

use super::verify_sql::{self as sql, CheckedLevel, CheckedMovement};
use super::{verify_documents, verify_records};
use crate::clock::Rfc3339;
use crate::db::{Conn, Db};

/// Differences that are spelt out; beyond them they are only counted.
const NAMED_MAX: usize = 1_000;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Levels compared.
    pub levels: u64,
    /// Movements replayed.
    pub movements: u64,
    /// Events counted.
    pub events: u64,
    /// Orders held against their items and their goods.
    pub orders: u64,
    /// Each difference as a sentence, up to 1,000 of them.
    pub differences: Vec<String>,
    /// How many there are in all.
    pub difference_count: u64,
}

impl Findings {
    pub(super) fn add(&mut self, difference: String) {
        self.difference_count += 1;
        if self.differences.len() < NAMED_MAX {
            self.differences.push(difference);
        }
    }
}

/// Replays the whole ledger. `progress` is told how many stores are done, of how many.
///
/// # Errors
/// The database did not answer; differences are findings, not errors.
pub async fn verify(db: &Db, mut progress: impl FnMut(usize, usize)) -> sqlx::Result<Findings> {
    let mut findings = Findings::default();
    let mut reader = db.read().await?;
    let mut snapshot = reader.snapshot().await?;
    check(snapshot.conn(), &mut findings, &mut progress).await?;
    Ok(findings)
}

async fn check(
    mut db: Conn<'_>,
    findings: &mut Findings,
    progress: &mut impl FnMut(usize, usize),
) -> sqlx::Result<()> {
    let referents = sql::referents(db.reborrow()).await?;
    let stores = sql::stores_with_stock(db.reborrow()).await?;
    for (done, store) in stores.iter().enumerate() {
        progress(done, stores.len());
        check_store(db.reborrow(), *store, &referents, findings).await?;
    }
    progress(stores.len(), stores.len());
    check_reversals(db.reborrow(), findings).await?;
    verify_records::check(db.reborrow(), findings).await?;
    verify_documents::check(db.reborrow(), findings).await?;
    check_events(db, findings).await
}

async fn check_store(
    mut db: Conn<'_>,
    store: StoreId,
    referents: &Referents,
    findings: &mut Findings,
) -> sqlx::Result<()> {
    if !referents.stores.contains(&store.0) {
        findings.add(format!("store {store}: has stock but does not exist"));
    }
    let levels = sql::levels_of(db.reborrow(), store).await?;
    let mut levels: BTreeMap<LevelKey, CheckedLevel> =
        levels.into_iter().map(|level| (level.key(store), level)).collect();
    findings.levels += levels.len() as u64;
    let mut replay: Option<Replay> = None;
    let mut finish = |replay: Option<Replay>, findings: &mut Findings| {
        if let Some(replay) = replay {
            replay.compare(levels.remove(&replay.key), findings);
        }
    };
    let mut after = None;
    loop {
        let page = sql::movements_of(db.reborrow(), store, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.position());
        for movement in &page {
            findings.movements += 1;
            let key = movement.key(store);
            if replay.as_ref().is_none_or(|replay| replay.key != key) {
                finish(replay.replace(Replay::new(key)), findings);
                referents.check(key, findings);
            }
            if let Some(replay) = &mut replay {
                replay.add(movement, findings);
            }
        }
    }
    finish(replay, findings);
    for (key, level) in levels.into_iter().filter(|(_, level)| level.version > 0) {
        let (version, name) = (level.version, name(key));
        findings.add(format!("{name}: the level is at version {version} without a movement"));
    }
    Ok(())
}

/// What movements may point to.
pub(super) struct Referents {
    pub(super) stores: HashSet<i64>,
    pub(super) products: HashSet<i64>,
    /// Lot and product.
    pub(super) lots: HashSet<(i64, i64)>,
}

impl Referents {
    fn check(&self, key: LevelKey, findings: &mut Findings) {
        if !self.products.contains(&key.product.0) {
            findings.add(format!("{}: the product does not exist", name(key)));
        }
        if key.lot != LotId::NONE && !self.lots.contains(&(key.lot.0, key.product.0)) {
            findings.add(format!("{}: the product has no such lot", name(key)));
        }
    }
}

/// One level, added up from its movements.
struct Replay {
    key: LevelKey,
    id: i64,
    on_hand: i64,
    value: i64,
    version: i64,
    recorded_at: i64,
}

impl Replay {
    fn new(key: LevelKey) -> Self {
        Self { key, id: 0, on_hand: 0, value: 0, version: 0, recorded_at: i64::MIN }
    }

    fn add(&mut self, movement: &CheckedMovement, findings: &mut Findings) {
        let which = || format!("{}, movement {}", name(self.key), movement.id);
        let quantity = |thousandths| Quantity::from_thousandths(thousandths);
        if movement.version != self.version + 1 {
            findings.add(format!(
                "{}: version {} follows version {}",
                which(),
                movement.version,
                self.version
            ));
        }
        let balance = self.on_hand.wrapping_add(movement.quantity);
        if movement.balance != balance {
            findings.add(format!(
                "{}: the balance is {}, the movements before and with it add up to {}",
                which(),
                quantity(movement.balance),
                quantity(balance)
            ));
        }
        if movement.recorded_at <= self.recorded_at {
            findings.add(format!(
                "{}: recorded at {}, not after the movement before it",
                which(),
                Rfc3339(Timestamp(movement.recorded_at))
            ));
        }
        if movement.id <= self.id {
            findings.add(format!("{}: the movement before it has the id {}", which(), self.id));
        }
        self.id = movement.id;
        self.version = movement.version;
        self.on_hand = balance;
        self.value = self.value.wrapping_add(movement.value);
        self.recorded_at = movement.recorded_at;
    }

    fn compare(&self, level: Option<CheckedLevel>, findings: &mut Findings) {
        let name = name(self.key);
        let Some(level) = level else {
            findings.add(format!("{name}: there are movements but no level"));
            return;
        };
        let mut differ = |what: &str, level: String, ledger: String| {
            if level != ledger {
                findings
                    .add(format!("{name}: the level's {what} is {level}, the ledger's {ledger}"));
            }
        };
        let quantity = |thousandths| Quantity::from_thousandths(thousandths).to_string();
        let money = |cents| Money::from_cents(cents).to_string();
        let time = |micros| Rfc3339(Timestamp(micros)).to_string();
        differ("quantity on hand", quantity(level.on_hand), quantity(self.on_hand));
        differ("value", money(level.value), money(self.value));
        differ("version", level.version.to_string(), self.version.to_string());
        differ("last change", time(level.updated_at), time(self.recorded_at));
    }
}

async fn check_reversals(db: Conn<'_>, findings: &mut Findings) -> sqlx::Result<()> {
    for (movement, by) in sql::unmatched_reversals(db).await? {
        findings.add(format!("movement {movement}: its reversal by {by} is not linked both ways"));
    }
    Ok(())
}

async fn check_events(mut db: Conn<'_>, findings: &mut Findings) -> sqlx::Result<()> {
    let (count, lowest, highest) = sql::event_span(db.reborrow()).await?;
    let (head, _) = crate::events::head(db).await?;
    findings.events = u64::try_from(count).unwrap_or(0);
    if highest != head.0 {
        findings.add(format!("events: the last one is {highest}, the head says {head}"));
    }
    if count > 0 && highest - lowest + 1 != count {
        findings.add(format!("events: {count} between {lowest} and {highest}: there are gaps"));
    }
    Ok(())
}

fn name(key: LevelKey) -> String {
    let LevelKey { store, product, lot } = key;
    if lot == LotId::NONE {
        format!("store {store}, product {product}")
    } else {
        format!("store {store}, product {product}, lot {lot}")
    }
}
