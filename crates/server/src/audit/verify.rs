//! Walking the audit log from its first row and computing every link anew.

use super::chain::{self, Commit};
use super::sql;
use crate::db::{Conn, Db};

/// Faults that are spelt out; beyond them they are only counted.
const NAMED_MAX: usize = 1_000;

/// A row of the log that someone has written down elsewhere, to hold the log against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The row.
    pub id: i64,
    /// Its link, in hexadecimal digits.
    pub link: String,
}

/// What a walk has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows read.
    pub rows: u64,
    /// The last row with its link: to be written down elsewhere. `None` in an empty log.
    pub last: Option<Anchor>,
    /// Each fault as a sentence, up to 1,000 of them.
    pub faults: Vec<String>,
    /// How many there are in all.
    pub fault_count: u64,
}

impl Findings {
    fn add(&mut self, fault: String) {
        self.fault_count += 1;
        if self.faults.len() < NAMED_MAX {
            self.faults.push(fault);
        }
    }
}

/// Walks the log of a database, as it is at one instant.
///
/// # Errors
/// The database did not answer; faults are findings, not errors.
pub async fn verify(
    db: &Db,
    anchor: Option<&Anchor>,
    progress: impl FnMut(u64, u64),
) -> sqlx::Result<Findings> {
    let mut reader = db.read().await?;
    let mut snapshot = reader.snapshot().await?;
    walk(snapshot.conn(), anchor, progress).await
}

/// Walks the log; with an `anchor`, that row must still have that link. To be run in one
/// snapshot. `progress` is told how many rows are done, of how many.
///
/// # Errors
/// The database did not answer; faults are findings, not errors.
async fn walk(
    mut db: Conn<'_>,
    anchor: Option<&Anchor>,
    mut progress: impl FnMut(u64, u64),
) -> sqlx::Result<Findings> {
    let mut findings = Findings::default();
    let (head_id, head_link) = sql::head(db.reborrow()).await?;
    let all = u64::try_from(head_id).unwrap_or(0);
    let (mut last, mut link) = (0, Vec::new());
    // The first row of the commit that is being read.
    let mut first = 1;
    let mut commit = Commit::default();
    let mut anchor = anchor;
    loop {
        let page = sql::after(db.reborrow(), last).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            findings.rows += 1;
            if row.id != last + 1 {
                findings.add(missing(last + 1, row.id - 1));
            }
            last = row.id;
            commit.row(&row.hashed());
            let Some(stored) = &row.link else { continue };
            let expected = chain::link(&link, &std::mem::take(&mut commit).digest());
            if stored.as_slice() != expected {
                findings.add(broken(first, row.id));
            }
            if let Some(noted) = anchor.take_if(|noted| noted.id == row.id)
                && noted.link != chain::hex(stored)
            {
                findings.add(format!(
                    "row {}: its link is {}, but was noted as {}",
                    row.id,
                    chain::hex(stored),
                    noted.link
                ));
            }
            // What follows is held against the link that is stored: one fault is told once.
            link.clone_from(stored);
            first = row.id + 1;
        }
        progress(findings.rows, all);
    }
    if first <= last {
        findings.add(format!("rows {first} to {last}: their commit has no link"));
    }
    if last < head_id {
        findings.add(missing(last + 1, head_id));
    } else if last > head_id {
        findings.add(format!("the log ends with row {last}, its head says {head_id}"));
    } else if link != head_link {
        findings.add(format!("row {last}: its link is not the one that the head holds"));
    }
    if let Some(noted) = anchor {
        findings.add(format!("row {}: no commit ends there, though it was noted", noted.id));
    }
    findings.last = (last > 0).then(|| Anchor { id: last, link: chain::hex(&link) });
    Ok(findings)
}

fn missing(from: i64, to: i64) -> String {
    if from == to {
        format!("row {from} is missing")
    } else {
        format!("rows {from} to {to} are missing")
    }
}

fn broken(first: i64, last: i64) -> String {
    if first == last {
        format!("row {last} is not as it was written, or not in its place")
    } else {
        format!("one of the rows {first} to {last} is not as it was written, or not in its place")
    }
}
