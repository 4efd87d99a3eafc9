//! What the audit log says of a posting: whose request, what became of its order or its customer,
//! which movements, and a digest of them.
//!
//! A movement tells by itself what was before and after it, and who did it. The audit log adds
//! from where and by which request, and its chain binds the movements through their digest: if
//! one is altered in the ledger, [`super::verify`] finds it.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use stockroom_domain::batch::Verdict;
use stockroom_domain::{Money, OrderId};

use super::document_rows::Decided;
use super::posting::Posting;
use super::replay::Kept;
use super::write_sql::NewMovement;
use crate::audit::{Entry, chain};

/// What is done to stock, in the audit log.
pub(super) const ACTION: &str = "stock.moved";

/// The columns of a movement, as they are hashed.
#[derive(Debug, Serialize)]
pub(super) struct Columns<'a> {
    pub(super) numbers: [i64; 12],
    pub(super) kind: &'a str,
    pub(super) unit_cost: Option<i64>,
    pub(super) reason: Option<&'a str>,
    pub(super) note: Option<&'a str>,
    pub(super) reference: Option<&'a str>,
    pub(super) reverses: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<(i64, i64)>,
}

impl<'a> From<&NewMovement<'a>> for Columns<'a> {
    fn from(row: &NewMovement<'a>) -> Self {
        let (movement, details) = (row.movement, row.details);
        Self {
            numbers: row.numbers(),
            kind: movement.kind.name(),
            unit_cost: details.unit_cost.map(Money::cents),
            reason: details.reason.as_deref(),
            note: details.note.as_deref(),
            reference: details.reference.as_deref(),
            reverses: movement.reverses.map(|undone| undone.0),
            order: row.order,
        }
    }
}

/// The digest of movements: SHA-256 over their columns as JSON, one after another.
pub(super) fn digest<'a>(movements: impl Iterator<Item = Columns<'a>>) -> String {
    let mut hash = Sha256::new();
    for columns in movements {
        // Numbers and texts: this cannot fail.
        hash.update(serde_json::to_vec(&columns).unwrap_or_default());
    }
    chain::hex(&hash.finalize())
}

/// One entry for each posting that takes effect: about its order or its customer, else about the
/// movements alone. `movements` are all of the batch, in the order of postings and lines.
pub(super) fn entries(
    postings: &[&Posting],
    verdicts: &[Verdict],
    orders: &[Option<OrderId>],
    movements: &[NewMovement<'_>],
) -> Vec<Entry> {
    let mut rest = movements;
    let mut entries = Vec::with_capacity(postings.len());
    for ((posting, verdict), order) in postings.iter().zip(verdicts).zip(orders) {
        let Verdict::Accepted(accepted) = verdict else { continue };
        let count = accepted.lines.iter().filter(|line| line.is_ok()).count().min(rest.len());
        let (moved, others) = rest.split_at(count);
        rest = others;
        let decided = Decided { posting, accepted, order: *order };
        entries.extend(match posting.is_document() {
            true => of_document(&decided, moved),
            false => of_movements(posting, moved),
        });
    }
    entries
}

/// Which movements, and their digest.
fn movements_and_digest(moved: &[NewMovement<'_>]) -> String {
    let mut ids = Kept::default();
    moved.iter().for_each(|row| ids.movement(row.id));
    let digest = digest(moved.iter().map(Columns::from));
    format!(r#""movements":{},"sha256":"{digest}""#, ids.into_text())
}

fn of_movements(posting: &Posting, moved: &[NewMovement<'_>]) -> Option<Entry> {
    let first = moved.first()?;
    let store = first.movement.key.store;
    let is_one_store = moved.iter().all(|row| row.movement.key.store == store);
    let mut entry = Entry::new(posting.origin.clone(), ACTION, "movement", first.id.0)
        .in_store(is_one_store.then_some(store));
    entry.after = Some(format!("{{{}}}", movements_and_digest(moved)));
    Some(entry)
}

fn of_document(decided: &Decided<'_>, moved: &[NewMovement<'_>]) -> Option<Entry> {
    let about = decided.events().into_iter().next()?;
    let origin = decided.posting.origin.clone();
    let mut entry = Entry::new(origin, about.kind, about.subject_kind, about.subject_id)
        .in_store(decided.posting.store);
    let record = decided.record().to_string();
    entry.after = Some(match (moved, record.strip_suffix('}')) {
        ([_, ..], Some(open)) => format!("{open},{}}}", movements_and_digest(moved)),
        _ => record,
    });
    Some(entry)
}
