//! SQL of the ledger's rows: appending movements, undoing them, reading them back.

use std::collections::HashSet;

use stockroom_domain::stock::Movement;
use stockroom_domain::{Money, MovementId};

use super::answer::MovementRow;
use super::posting::Details;
use super::sql::to_json;
use crate::db::{Conn, Select, Tx};

/// A row of the ledger, all but its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewMovement<'a> {
    pub(super) movement: &'a Movement,
    pub(super) details: &'a Details,
    pub(super) actor: i64,
    pub(super) business_day: i64,
}

impl NewMovement<'_> {
    fn effective_at(&self) -> i64 {
        self.details.effective_at.unwrap_or(self.movement.recorded_at).0
    }
}

/// Appends movements to the ledger; their ids, in the same order. Ids are drawn while the
/// levels are locked, so that within a level they rise with the version.
#[allow(clippy::too_many_lines, reason = "one act on two engines, and seventeen columns")]
pub(super) async fn insert_movements(
    tx: &mut Tx,
    rows: &[NewMovement<'_>],
) -> sqlx::Result<Vec<MovementId>> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "
                INSERT INTO stock_movements
                    (id, store_id, product_id, lot_id, version, recorded_at, type, quantity,
                     balance, value, unit_cost, reason, note, reference, reverses, actor_id,
                     effective_at, business_day)
                SELECT nextval('stock_movement_ids'), m.*
                FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[],
                            $5::BIGINT[], $6::TEXT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[],
                            $10::BIGINT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::BIGINT[],
                            $15::BIGINT[], $16::BIGINT[], $17::BIGINT[]) AS m
                RETURNING id";
            let column =
                |of: fn(&NewMovement<'_>) -> i64| -> Vec<i64> { rows.iter().map(of).collect() };
            fn texts<'r>(
                rows: &'r [NewMovement<'r>],
                of: fn(&'r Details) -> &'r Option<String>,
            ) -> Vec<Option<&'r str>> {
                rows.iter().map(|row| of(row.details).as_deref()).collect()
            }
            let ids: Vec<i64> = sqlx::query_scalar(SQL)
                .bind(column(|r| r.movement.key.store.0))
                .bind(column(|r| r.movement.key.product.0))
                .bind(column(|r| r.movement.key.lot.0))
                .bind(column(|r| r.movement.version))
                .bind(column(|r| r.movement.recorded_at.0))
                .bind(rows.iter().map(|r| r.movement.kind.name()).collect::<Vec<_>>())
                .bind(column(|r| r.movement.quantity.thousandths()))
                .bind(column(|r| r.movement.balance.thousandths()))
                .bind(column(|r| r.movement.value.cents()))
                .bind(
                    rows.iter().map(|r| r.details.unit_cost.map(Money::cents)).collect::<Vec<_>>(),
                )
                .bind(texts(rows, |d| &d.reason))
                .bind(texts(rows, |d| &d.note))
                .bind(texts(rows, |d| &d.reference))
                .bind(rows.iter().map(|r| r.movement.reverses.map(|m| m.0)).collect::<Vec<_>>())
                .bind(column(|r| r.actor))
                .bind(column(|r| r.effective_at()))
                .bind(column(|r| r.business_day))
                .fetch_all(&mut **tx)
                .await?;
            Ok(ids.into_iter().map(MovementId).collect())
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "
                INSERT INTO stock_movements
                    (store_id, product_id, lot_id, version, recorded_at, type, quantity,
                     balance, value, unit_cost, reason, note, reference, reverses, actor_id,
                     effective_at, business_day)
                SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]',
                       value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[1][0]',
                       value ->> '$[0][5]', value ->> '$[0][6]', value ->> '$[0][7]',
                       value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]',
                       value ->> '$[1][4]', value ->> '$[1][5]', value ->> '$[0][8]',
                       value ->> '$[0][9]', value ->> '$[0][10]'
                FROM json_each($1)
                RETURNING id";
            let rows: Vec<_> = rows
                .iter()
                .map(|row| {
                    let (m, d) = (row.movement, row.details);
                    let numbers = [
                        m.key.store.0,
                        m.key.product.0,
                        m.key.lot.0,
                        m.version,
                        m.recorded_at.0,
                        m.quantity.thousandths(),
                        m.balance.thousandths(),
                        m.value.cents(),
                        row.actor,
                        row.effective_at(),
                        row.business_day,
                    ];
                    let unit_cost = d.unit_cost.map(Money::cents);
                    let texts = (&d.reason, &d.note, &d.reference);
                    let (reason, note, reference) = texts;
                    (numbers, (m.kind.name(), unit_cost, reason, note, reference, m.reverses))
                })
                .collect();
            let ids: Vec<i64> =
                sqlx::query_scalar(SQL).bind(to_json(&rows)).fetch_all(&mut **tx).await?;
            Ok(ids.into_iter().map(MovementId).collect())
        }
    }
}

/// A movement with everything that the API shows of it: the beginning of a SELECT.
pub(crate) const SELECT_MOVEMENTS: &str = "
    SELECT m.id, m.type AS kind, m.store_id, m.product_id, m.lot_id, p.sku, l.code AS lot_code,
           l.expires_on, m.quantity, m.balance, m.value, m.version, m.reason, m.note,
           m.reference, m.unit_cost, m.reverses, r.reversed_by, m.actor_id,
           COALESCE(u.username, '') AS username, m.effective_at, m.recorded_at
    FROM stock_movements m
    JOIN products p ON p.id = m.product_id
    LEFT JOIN lots l ON l.id = m.lot_id
    LEFT JOIN movement_reversals r ON r.movement_id = m.id
    LEFT JOIN users u ON u.id = m.actor_id
    WHERE TRUE";

/// Movements by their ids, in whatever order. Leans on `stock_movements_id`.
pub(super) async fn movements_by_id(
    db: Conn<'_>,
    ids: impl IntoIterator<Item = i64>,
) -> sqlx::Result<Vec<MovementRow>> {
    let mut select = Select::new(SELECT_MOVEMENTS);
    select.any_of(" AND m.id", ids);
    select.fetch_all(db).await
}

/// Which of `movements` have been undone. Read after their levels are locked, so that the
/// answer cannot change before the commit.
pub(super) async fn reversed(
    tx: &mut Tx,
    movements: &[MovementId],
) -> sqlx::Result<HashSet<MovementId>> {
    let found: Vec<i64> = match tx {
        Tx::Postgres(tx) => {
            const SQL: &str =
                "SELECT movement_id FROM movement_reversals WHERE movement_id = ANY($1)";
            let ids: Vec<i64> = movements.iter().map(|id| id.0).collect();
            sqlx::query_scalar(SQL).bind(ids).fetch_all(&mut **tx).await?
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "
                SELECT movement_id FROM movement_reversals
                WHERE movement_id IN (SELECT value FROM json_each($1))";
            sqlx::query_scalar(SQL).bind(to_json(&movements)).fetch_all(&mut **tx).await?
        }
    };
    Ok(found.into_iter().map(MovementId).collect())
}

/// Records which movement undid which.
pub(super) async fn insert_reversals(
    tx: &mut Tx,
    pairs: &[(MovementId, MovementId)],
) -> sqlx::Result<()> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = "
                INSERT INTO movement_reversals (movement_id, reversed_by)
                SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[])";
            let undone: Vec<i64> = pairs.iter().map(|pair| pair.0.0).collect();
            let by: Vec<i64> = pairs.iter().map(|pair| pair.1.0).collect();
            sqlx::query(SQL).bind(undone).bind(by).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = "
                INSERT INTO movement_reversals (movement_id, reversed_by)
                SELECT value ->> 0, value ->> 1 FROM json_each($1)";
            sqlx::query(SQL).bind(to_json(&pairs)).execute(&mut **tx).await?;
        }
    }
    Ok(())
}
