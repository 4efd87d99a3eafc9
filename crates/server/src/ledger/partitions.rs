//! Monthly partitions of the ledger on PostgreSQL, made ahead of time.
//!
//! There is deliberately no default partition: a movement that finds no month fails loudly.
//! It never comes to that, for a writer makes the month of its batch before it begins.

use jiff::civil::{Date, date};
use stockroom_domain::Timestamp;

use crate::db::{Db, attach_partition};

/// Months made beyond the current one.
const MONTHS_AHEAD: i32 = 3;

/// Makes the partitions of `now`'s month and the three that follow. Returns the instant up
/// to which the ledger has room; on SQLite, which has no partitions, that is for ever.
///
/// # Errors
/// The database did not answer.
pub async fn ensure(db: &Db, now: Timestamp) -> sqlx::Result<Timestamp> {
    let Db::Postgres { pool, .. } = db else { return Ok(Timestamp(i64::MAX)) };
    let mut from = first_of_month(now);
    for _ in 0..=MONTHS_AHEAD {
        let to = next_month(from);
        let name = format!("stock_movements_{:04}_{:02}", from.year(), from.month());
        let (first, end) = (start_of(from).0, start_of(to).0);
        attach_partition(pool, "stock_movements", &name, "recorded_at", first, end).await?;
        from = to;
    }
    Ok(start_of(from))
}

fn first_of_month(instant: Timestamp) -> Date {
    let days = instant.0.div_euclid(86_400_000_000);
    let day = date(1970, 1, 1)
        .checked_add(jiff::Span::new().days(days.clamp(-3_000_000, 2_900_000)))
        .unwrap_or(date(1970, 1, 1));
    day.first_of_month()
}

fn next_month(first: Date) -> Date {
    first.last_of_month().tomorrow().unwrap_or(Date::MAX)
}

fn start_of(day: Date) -> Timestamp {
    let days = i64::from((day - date(1970, 1, 1)).get_days());
    Timestamp(days * 86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_meet_without_a_gap() {
        let mut month = first_of_month(Timestamp(1_763_110_800_000_000));
        assert_eq!(month.to_string(), "2025-11-01");
        for _ in 0..30 {
            let next = next_month(month);
            assert_eq!(first_of_month(start_of(next)), next);
            assert_eq!(first_of_month(Timestamp(start_of(next).0 - 1)), month);
            month = next;
        }
        assert_eq!(month.to_string(), "2028-05-01");
    }
}
