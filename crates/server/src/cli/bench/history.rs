//! A past that never happened: months of movements written straight into the ledger, as
//! consistent as if they had been posted (`stockroom verify` passes), but in minutes.
//!
//! The levels take turns: in each round every level moves once, first ten units in, then five
//! out, and so on; rounds follow each other in time. What goods cost never changes, so that a
//! level's value is always its quantity times that cost.

use anyhow::{Result, ensure};
use stockroom_domain::Timestamp;

use super::catalogue::Catalogue;
use super::progress::Progress;
use super::sql::{self, PastRound};
use crate::clock::Clock;
use crate::db::Db;
use crate::ledger::partitions;

/// What a unit costs, in cents.
pub const UNIT_COST: i64 = 100;
/// How far the past goes back.
const SPAN_US: i64 = 180 * 86_400 * 1_000_000;
/// When it ends, before now: the stock that is brought in later must come after it.
const END_US: i64 = 60 * 1_000_000;
/// Levels a statement.
const CHUNK: i64 = 50_000;
const IN: i64 = 10_000;
const OUT: i64 = -5_000;

/// Which instants a past covers.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its first movement.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// Where a past of movements up to `now` begins and ends.
pub fn span(now: Timestamp) -> Span {
    Span { from: Timestamp(now.0 - END_US - SPAN_US), to: Timestamp(now.0 - END_US) }
}

/// The rounds of a past of so many movements on so many levels.
fn rounds(catalogue: &Catalogue, movements: i64, span: Span) -> Vec<PastRound> {
    let levels = catalogue.levels();
    let count = (movements + levels - 1) / levels;
    let slot = (span.to.0 - span.from.0) / count.max(1);
    let mut balance = 0;
    (1..=count)
        .map(|version| {
            let (kind, quantity) = if version % 2 == 1 { ("stock_in", IN) } else { ("sale", OUT) };
            balance += quantity;
            let before = (version - 1) * levels;
            PastRound {
                first: catalogue.first,
                products: catalogue.products,
                from: 0,
                to: levels.min(movements - before),
                version,
                begun: Timestamp(span.from.0 + (version - 1) * slot),
                step_us: slot / levels,
                id: before + 1,
                kind,
                quantity,
                balance,
                unit_cost: UNIT_COST,
            }
        })
        .collect()
}

/// Writes a past of `movements` into the empty ledger of a catalogue.
///
/// # Errors
/// The database's; the ledger is not empty.
pub async fn make(db: &Db, catalogue: &Catalogue, movements: i64, span: Span) -> Result<()> {
    ensure!(sql::movement_count(db).await? == 0, "a past can only be written before a present");
    ensure!(
        SPAN_US / (movements / catalogue.levels() + 1) / catalogue.levels() > 0,
        "so many movements do not fit into the past"
    );
    let mut room = span.from;
    while room < Clock::System.now() {
        room = partitions::ensure(db, room).await?;
    }
    let progress = Progress::start("history", movements);
    let rounds = rounds(catalogue, movements, span);
    for round in &rounds {
        for part in chunks(round) {
            let written = sql::insert_past(db, &part).await?;
            ensure!(
                i64::try_from(written) == Ok(part.to - part.from),
                "of {} movements {written} were written",
                part.to - part.from
            );
            progress.add(written);
        }
    }
    // All levels that the last round reached, and those that only the one before it did.
    let Some(last) = rounds.last() else { return Ok(()) };
    let earlier = rounds.len().checked_sub(2).and_then(|index| rounds.get(index));
    let rest = earlier.map(|round| PastRound { from: last.to, ..*round });
    for reached in std::iter::once(*last).chain(rest) {
        for part in chunks(&reached) {
            sql::insert_levels(db, &part).await?;
        }
    }
    sql::continue_ids(db, movements).await?;
    Ok(())
}

fn chunks(round: &PastRound) -> impl Iterator<Item = PastRound> {
    let round = *round;
    let starts = (round.from..round.to).step_by(usize::try_from(CHUNK).unwrap_or(1));
    starts.map(move |from| PastRound { from, to: round.to.min(from + CHUNK), ..round })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::sql::FirstIds;

    #[test]
    fn the_rounds_of_a_past_follow_each_other_and_add_up() {
        let first = FirstIds { store: 2, product: 1 };
        let catalogue = Catalogue { first, stores: 3, products: 5 };
        let span = span(Timestamp(1_800_000_000_000_000));
        let rounds = rounds(&catalogue, 37, span);
        let lengths: Vec<i64> = rounds.iter().map(|round| round.to - round.from).collect();
        assert_eq!(lengths, [15, 15, 7]);
        let balances: Vec<i64> = rounds.iter().map(|round| round.balance).collect();
        assert_eq!(balances, [10_000, 5_000, 15_000]);
        for pair in rounds.windows(2) {
            let end = pair[0].begun.0 + (pair[0].to - 1) * pair[0].step_us;
            assert!(end < pair[1].begun.0, "a round ends before the next begins");
            assert_eq!(pair[0].id + 15, pair[1].id);
        }
        let last = rounds.last().expect("there are rounds");
        assert!(last.begun.0 + last.to * last.step_us <= span.to.0);
    }

    #[test]
    fn a_round_is_cut_without_a_gap() {
        let first = FirstIds { store: 1, product: 1 };
        let catalogue = Catalogue { first, stores: 120, products: 1_000 };
        let whole = rounds(&catalogue, 120_000, span(Timestamp(1_800_000_000_000_000)));
        let parts: Vec<(i64, i64)> = chunks(&whole[0]).map(|part| (part.from, part.to)).collect();
        assert_eq!(parts, [(0, 50_000), (50_000, 100_000), (100_000, 120_000)]);
    }
}
