//! SQL of mail that is due.

use stockroom_domain::Timestamp;

use super::sql::Mine;
use crate::db::{Conn, Select, Tx};

/// Someone to whom mail is due.
pub(super) struct RecipientRow {
    pub(super) user_id: i64,
    pub(super) email: String,
    pub(super) mail_tries: i64,
}
crate::from_row!(RecipientRow { user_id, email, mail_tries });

/// What is due to them.
pub(super) struct DueRow {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) data: String,
    pub(super) created_at: i64,
}
crate::from_row!(DueRow { id, kind, data, created_at });

/// Takes some people to whom mail is due, so that nobody else sends it before `until`. Leans on
/// `notifications_to_mail`.
pub(super) async fn take(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
    max: i64,
) -> sqlx::Result<Vec<RecipientRow>> {
    const SQL: &str = "UPDATE notification_settings SET mail_next_at = $1
        WHERE mail_next_at <= $2 AND user_id IN (
            SELECT s.user_id
            FROM notification_settings s
            JOIN users u ON u.id = s.user_id AND NOT u.is_disabled AND NOT u.is_deleted
            WHERE s.mail_next_at <= $2 AND s.email IS NOT NULL
              AND EXISTS (SELECT 1 FROM notifications n
                          WHERE n.user_id = s.user_id AND n.mail = 'due')
            ORDER BY s.mail_next_at, s.user_id
            LIMIT CAST($3 AS BIGINT))
        RETURNING user_id, email, mail_tries";
    on_db!(Conn::from(tx), conn => {
        sqlx::query_as(SQL).bind(until.0).bind(now.0).bind(max).fetch_all(conn).await
    })
}

/// Leaves someone to whom mail is due to whoever comes next, from then on, unless another process
/// has taken them on meanwhile.
pub(super) async fn give_back(
    tx: &mut Tx,
    user: i64,
    until: Timestamp,
    next_at: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notification_settings SET mail_next_at = $1
        WHERE user_id = $2 AND mail_next_at = $3";
    on_db!(Conn::from(tx), conn => {
        let update = sqlx::query(SQL).bind(next_at.0).bind(user).bind(until.0);
        update.execute(conn).await.map(drop)
    })
}

/// Has no mail go out of what someone may not read any more. Leans on `notifications_to_mail`.
pub(super) async fn forget_lost(tx: &mut Tx, mine: &Mine) -> sqlx::Result<()> {
    let mut update = Select::new("UPDATE notifications AS n SET mail = NULL WHERE n.user_id = ");
    update.bind(mine.user.0).push(" AND n.mail = 'due' AND NOT ");
    mine.push_readable(&mut update);
    update.push(" RETURNING id");
    let _: Vec<(i64,)> = update.fetch_all(Conn::from(tx)).await?;
    Ok(())
}

/// Gives up what was due to someone so long. Leans on `notifications_to_mail`.
pub(super) async fn give_up(tx: &mut Tx, user: i64, before: Timestamp) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notifications SET mail = 'failed'
        WHERE user_id = $1 AND mail = 'due' AND created_at <= $2";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(user).bind(before.0).execute(conn).await.map(drop)
    })
}

/// What is due to someone, oldest first. Leans on `notifications_to_mail`.
pub(super) async fn due(db: Conn<'_>, user: i64, max: i64) -> sqlx::Result<Vec<DueRow>> {
    const SQL: &str = "SELECT id, kind, data, created_at FROM notifications
        WHERE user_id = $1 AND mail = 'due'
        ORDER BY id
        LIMIT CAST($2 AS BIGINT)";
    on_db!(db, conn => sqlx::query_as(SQL).bind(user).bind(max).fetch_all(conn).await)
}

/// Notes what became of what was due to someone up to a notification.
pub(super) async fn settle(
    tx: &mut Tx,
    (user, last): (i64, i64),
    outcome: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notifications SET mail = $1
        WHERE user_id = $2 AND id <= $3 AND mail = 'due'";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(outcome).bind(user).bind(last).execute(conn).await.map(drop)
    })
}

/// Notes when mail may go to someone again, and how often it has failed since it went well.
pub(super) async fn go_on(
    tx: &mut Tx,
    user: i64,
    tries: i64,
    next_at: Timestamp,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notification_settings SET mail_tries = $1, mail_next_at = $2
        WHERE user_id = $3";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(tries).bind(next_at.0).bind(user).execute(conn).await.map(drop)
    })
}
