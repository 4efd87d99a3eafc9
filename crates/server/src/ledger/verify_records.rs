//! Holding the movements against what the audit log says of them: each was put on record when it
//! was written, with a digest of its columns.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::record::{self, Columns};
use super::replay;
use super::verify::Findings;
use super::verify_sql::{self as sql, RecordedMovement};
use crate::db::Conn;

/// What an entry about movements says: [`record::entries`].
#[derive(Deserialize)]
struct Record {
    movements: Vec<Box<RawValue>>,
    sha256: String,
}

impl Record {
    fn ids(&self) -> impl Iterator<Item = i64> {
        let runs = self.movements.iter().filter_map(|part| replay::ids(part));
        runs.flat_map(|run: RangeInclusive<i64>| run)
    }
}

/// Compares the movements with their records, and finds those that have none. What was written
/// before there was an audit log is left out.
pub(super) async fn check(mut db: Conn<'_>, findings: &mut Findings) -> sqlx::Result<()> {
    let mut after = 0;
    let mut lowest = i64::MAX;
    let mut on_record = 0;
    loop {
        let page = sql::records(db.reborrow(), after).await?;
        let Some(last) = page.last() else { break };
        after = last.0;
        let mut records = Vec::with_capacity(page.len());
        for (row, text) in page {
            match text.as_deref().and_then(|text| serde_json::from_str::<Record>(text).ok()) {
                Some(record) => records.push((row, record)),
                None => findings.add(format!("audit row {row}: names no movements")),
            }
        }
        let ids: Vec<i64> = records.iter().flat_map(|(_, record)| record.ids()).collect();
        on_record += ids.len();
        lowest = ids.iter().copied().fold(lowest, i64::min);
        let movements = sql::recorded_movements(db.reborrow(), &ids).await?;
        let movements: HashMap<i64, RecordedMovement> =
            movements.into_iter().map(|movement| (movement.id, movement)).collect();
        for (row, record) in &records {
            compare(*row, record, &movements, findings);
        }
    }
    let written = sql::movements_from(db, lowest).await?;
    if usize::try_from(written) != Ok(on_record) {
        findings.add(format!(
            "{written} movements have been written since the audit log began, {on_record} are on \
             record there"
        ));
    }
    Ok(())
}

fn compare(
    row: i64,
    record: &Record,
    movements: &HashMap<i64, RecordedMovement>,
    findings: &mut Findings,
) {
    let mut found = Vec::new();
    for id in record.ids() {
        match movements.get(&id) {
            Some(movement) => found.push(movement),
            None => findings.add(format!("movement {id}: is gone; audit row {row} tells of it")),
        }
    }
    let digest = record::digest(found.iter().map(|movement| Columns::from(*movement)));
    if digest != record.sha256 {
        let ids: Vec<String> = record.ids().take(5).map(|id| id.to_string()).collect();
        findings.add(format!(
            "movement {}: not as it was written, as audit row {row} shows",
            ids.join(" or ")
        ));
    }
}

impl<'a> From<&'a RecordedMovement> for Columns<'a> {
    fn from(row: &'a RecordedMovement) -> Self {
        Self {
            numbers: [
                row.id,
                row.store_id,
                row.product_id,
                row.lot_id,
                row.version,
                row.recorded_at,
                row.quantity,
                row.balance,
                row.value,
                row.actor_id,
                row.effective_at,
                row.business_day,
            ],
            kind: &row.kind,
            unit_cost: row.unit_cost,
            reason: row.reason.as_deref(),
            note: row.note.as_deref(),
            reference: row.reference.as_deref(),
            reverses: row.reverses,
            order: row.order_id.zip(row.order_item),
        }
    }
}
