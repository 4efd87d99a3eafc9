//! SQL of notifications and of how people want to be told.

use serde_json::json;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use stockroom_domain::{Timestamp, UserId};

use super::rules::Topic;
use super::tell::{Rights, Told};
use crate::auth::{Principal, Scope};
use crate::db::{Conn, Select, Tx};

/// How long a notification is kept.
const KEPT_S: i64 = 90 * 86_400;

/// A notification as it is stored.
#[derive(Clone, Debug)]
pub struct NotificationRow {
    pub(super) id: i64,
    pub(super) event_id: i64,
    pub(super) topic: String,
    pub(super) kind: String,
    pub(super) store_id: Option<i64>,
    pub(super) subject_kind: String,
    pub(super) subject_id: i64,
    pub(super) data: String,
    pub(super) created_at: i64,
    pub(super) read_at: Option<i64>,
}
crate::from_row!(NotificationRow {
    id,
    event_id,
    topic,
    kind,
    store_id,
    subject_kind,
    subject_id,
    data,
    created_at,
    read_at,
});

/// Columns of what is told, to be bound as arrays.
struct Columns<'t> {
    event_ids: Vec<i64>,
    kinds: Vec<&'t str>,
    store_ids: Vec<Option<i64>>,
    subject_kinds: Vec<&'t str>,
    subject_ids: Vec<i64>,
    data: Vec<&'t str>,
    at: Vec<i64>,
    by: Vec<Option<i64>>,
    to: Vec<Option<i64>>,
}

impl<'t> Columns<'t> {
    fn of(told: &'t [Told]) -> Self {
        Self {
            event_ids: told.iter().map(|one| one.event.id).collect(),
            kinds: told.iter().map(|one| one.event.kind.as_str()).collect(),
            store_ids: told.iter().map(|one| one.event.store_id).collect(),
            subject_kinds: told.iter().map(|one| one.event.subject_kind.as_str()).collect(),
            subject_ids: told.iter().map(|one| one.event.subject_id).collect(),
            data: told.iter().map(|one| &*one.data).collect(),
            at: told.iter().map(|one| one.event.occurred_at).collect(),
            by: told.iter().map(|one| one.by).collect(),
            to: told.iter().map(|one| one.to).collect(),
        }
    }
}

/// The same as a JSON array of rows, to be bound.
fn rows_json(told: &[Told]) -> String {
    let rows: Vec<_> = told
        .iter()
        .map(|one| {
            let event = &one.event;
            json!([
                event.id,
                event.kind,
                event.store_id,
                event.subject_kind,
                event.subject_id,
                &*one.data,
                event.occurred_at,
                one.by,
                one.to,
            ])
        })
        .collect();
    json!(rows).to_string()
}

/// Writes what is told, `e`, to those who hold a right where it happened. Whoever holds it in all
/// stores is told of one store if they wish so, or if there is no other.
macro_rules! tell_holders {
    ($told:literal) => {
        concat!(
            "INSERT INTO notifications
                (event_id, user_id, topic, kind, store_id, subject_kind, subject_id, data,
                 created_at, mail)
             SELECT DISTINCT e.event_id, u.id, $1, e.kind, e.store_id, e.subject_kind,
                    e.subject_id, e.data, e.told_at,
                    CASE WHEN $2 AND c.channel = 'email' AND s.email IS NOT NULL THEN 'due' END
             FROM ",
            $told,
            "
             JOIN user_roles r
               ON (r.store_id = 0
                   OR (NOT $3 AND (r.store_id = e.store_id OR e.store_id IS NULL)))
              AND r.role IN ($4, $5, $6, $7)
             JOIN users u ON u.id = r.user_id
             LEFT JOIN notification_settings s ON s.user_id = u.id
             LEFT JOIN notification_choices c ON c.user_id = u.id AND c.topic = $1
             WHERE NOT u.is_disabled AND NOT u.is_deleted AND NOT u.is_program
               AND u.id <> COALESCE(e.actor_id, 0) AND COALESCE(c.channel, 'inbox') <> 'off'
               AND ($3 OR r.store_id <> 0 OR e.store_id IS NULL
                    OR COALESCE(s.all_stores,
                                (SELECT COUNT(*) FROM stores WHERE NOT is_deleted) <= 1))
             ON CONFLICT (event_id, user_id) DO NOTHING
             RETURNING user_id"
        )
    };
}

/// Tells those who hold a right; whom.
pub(super) async fn tell_holders(
    tx: &mut Tx,
    topic: Topic,
    told: &[Told],
    rights: &Rights,
    sends_mail: bool,
) -> sqlx::Result<Vec<i64>> {
    // There are as many roles as places in the statement; one that comes twice does no harm.
    let role = |index: usize| rights.roles.get(index).or(rights.roles.first()).copied();
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = tell_holders!(
                "UNNEST($8::BIGINT[], $9::TEXT[], $10::BIGINT[], $11::TEXT[], $12::BIGINT[],
                        $13::TEXT[], $14::BIGINT[], $15::BIGINT[])
                 AS e(event_id, kind, store_id, subject_kind, subject_id, data, told_at, actor_id)"
            );
            let columns = Columns::of(told);
            sqlx::query_scalar(SQL)
                .bind(topic.name())
                .bind(sends_mail)
                .bind(rights.is_shop_wide)
                .bind(role(0))
                .bind(role(1))
                .bind(role(2))
                .bind(role(3))
                .bind(columns.event_ids)
                .bind(columns.kinds)
                .bind(columns.store_ids)
                .bind(columns.subject_kinds)
                .bind(columns.subject_ids)
                .bind(columns.data)
                .bind(columns.at)
                .bind(columns.by)
                .fetch_all(&mut **tx)
                .await
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = tell_holders!(
                "(SELECT value ->> 0 AS event_id, value ->> 1 AS kind, value ->> 2 AS store_id,
                         value ->> 3 AS subject_kind, value ->> 4 AS subject_id,
                         value ->> 5 AS data, value ->> 6 AS told_at, value ->> 7 AS actor_id
                  FROM json_each($8)) e"
            );
            sqlx::query_scalar(SQL)
                .bind(topic.name())
                .bind(sends_mail)
                .bind(rights.is_shop_wide)
                .bind(role(0))
                .bind(role(1))
                .bind(role(2))
                .bind(role(3))
                .bind(rows_json(told))
                .fetch_all(&mut **tx)
                .await
        }
    }
}

/// Writes what is told, `e`, to one user each.
macro_rules! tell_users {
    ($told:literal) => {
        concat!(
            "INSERT INTO notifications
                (event_id, user_id, topic, kind, store_id, subject_kind, subject_id, data,
                 created_at, mail)
             SELECT e.event_id, u.id, $1, e.kind, e.store_id, e.subject_kind, e.subject_id,
                    e.data, e.told_at,
                    CASE WHEN $2 AND c.channel = 'email' AND s.email IS NOT NULL THEN 'due' END
             FROM ",
            $told,
            "
             JOIN users u ON u.id = e.user_id
             LEFT JOIN notification_settings s ON s.user_id = u.id
             LEFT JOIN notification_choices c ON c.user_id = u.id AND c.topic = $1
             WHERE NOT u.is_disabled AND NOT u.is_deleted AND NOT u.is_program
               AND COALESCE(c.channel, 'inbox') <> 'off'
             ON CONFLICT (event_id, user_id) DO NOTHING
             RETURNING user_id"
        )
    };
}

/// Tells one user of each; whom.
pub(super) async fn tell_users(
    tx: &mut Tx,
    topic: Topic,
    told: &[Told],
    sends_mail: bool,
) -> sqlx::Result<Vec<i64>> {
    match tx {
        Tx::Postgres(tx) => {
            const SQL: &str = tell_users!(
                "UNNEST($3::BIGINT[], $4::TEXT[], $5::BIGINT[], $6::TEXT[], $7::BIGINT[],
                        $8::TEXT[], $9::BIGINT[], $10::BIGINT[])
                 AS e(event_id, kind, store_id, subject_kind, subject_id, data, told_at, user_id)"
            );
            let columns = Columns::of(told);
            sqlx::query_scalar(SQL)
                .bind(topic.name())
                .bind(sends_mail)
                .bind(columns.event_ids)
                .bind(columns.kinds)
                .bind(columns.store_ids)
                .bind(columns.subject_kinds)
                .bind(columns.subject_ids)
                .bind(columns.data)
                .bind(columns.at)
                .bind(columns.to)
                .fetch_all(&mut **tx)
                .await
        }
        Tx::Sqlite(tx) => {
            const SQL: &str = tell_users!(
                "(SELECT value ->> 0 AS event_id, value ->> 1 AS kind, value ->> 2 AS store_id,
                         value ->> 3 AS subject_kind, value ->> 4 AS subject_id,
                         value ->> 5 AS data, value ->> 6 AS told_at, value ->> 8 AS user_id
                  FROM json_each($3)) e"
            );
            sqlx::query_scalar(SQL)
                .bind(topic.name())
                .bind(sends_mail)
                .bind(rows_json(told))
                .fetch_all(&mut **tx)
                .await
        }
    }
}

/// What texts name, and whom they are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    /// A product, by its SKU and name.
    Product,
    /// A user, by their username.
    User,
    /// A program's key, by its name.
    Key,
    /// An order, by whoever placed it.
    Order,
    /// A store, by its name.
    Store,
}

/// Some things of a kind, by their numbers. Leans on the primary keys.
pub(super) async fn named<R>(db: Conn<'_>, kind: Named, ids: Vec<i64>) -> sqlx::Result<Vec<R>>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Select::new(match kind {
        Named::Product => "SELECT id, sku, name FROM products WHERE TRUE",
        Named::User => "SELECT id, username FROM users WHERE TRUE",
        Named::Key => "SELECT id, name FROM api_keys WHERE TRUE",
        Named::Order => "SELECT id, user_id FROM orders WHERE user_id IS NOT NULL",
        Named::Store => "SELECT id, name FROM stores WHERE TRUE",
    });
    select.any_of(" AND id", ids);
    select.fetch_all(db).await
}

/// Whether a text has to say in which store.
pub(super) async fn has_several_stores(db: Conn<'_>) -> sqlx::Result<bool> {
    Ok(Select::new("SELECT 1 FROM stores WHERE NOT is_deleted").count(db, 2).await? > 1)
}

/// Which of someone's notifications.
#[derive(Clone, Debug)]
pub(super) struct Mine {
    pub(super) user: UserId,
    /// Where they hold each topic's permission by now.
    pub(super) scopes: Vec<(Topic, Scope)>,
    pub(super) topics: Vec<Topic>,
    pub(super) is_unread: bool,
}

impl Mine {
    /// All that someone may read.
    pub(super) fn of(who: &Principal) -> Self {
        let scope = |topic: Topic| (topic, who.scope(topic.needs()));
        Self {
            user: who.user_id,
            scopes: Topic::ALL.into_iter().map(scope).collect(),
            topics: Vec::new(),
            is_unread: false,
        }
    }

    fn narrow(&self, select: &mut Select) {
        select.push(" WHERE n.user_id = ").bind(self.user.0);
        if self.is_unread {
            select.push(" AND n.read_at IS NULL");
        }
        select.any_of(" AND n.topic", self.topics.iter().map(|topic| topic.name()));
        select.push(" AND ");
        self.push_readable(select);
    }

    /// Adds the condition for what they may read. Of each topic, what happened where they hold its
    /// permission; of the whole shop, what happened if they hold it anywhere; and what is about
    /// themselves.
    pub(super) fn push_readable(&self, select: &mut Select) {
        select.push("((n.subject_kind = 'user' AND n.subject_id = ").bind(self.user.0);
        select.push(")");
        for (topic, scope) in &self.scopes {
            if scope.is_empty() {
                continue;
            }
            select.push(" OR (n.topic = ").bind(topic.name());
            if let Scope::Stores(stores) = scope {
                select.push(" AND (n.store_id IS NULL");
                select.any_of(" OR n.store_id", stores.iter().map(|store| store.0));
                select.push(")");
            }
            select.push(")");
        }
        select.push(")");
    }
}

/// A page of someone's, newest first. Leans on `notifications_of_user`, or
/// `notifications_unread`.
pub(super) async fn page(
    db: Conn<'_>,
    mine: &Mine,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<NotificationRow>> {
    let mut select = select_notifications();
    mine.narrow(&mut select);
    if let Some(before) = before {
        select.push(" AND n.id < ").bind(before);
    }
    select.push(" ORDER BY n.id DESC").limit(limit);
    select.fetch_all(db).await
}

/// One of someone's. Leans on the primary key.
pub(super) async fn find(
    db: Conn<'_>,
    mine: &Mine,
    id: i64,
) -> sqlx::Result<Option<NotificationRow>> {
    let mut select = select_notifications();
    mine.narrow(&mut select);
    select.push(" AND n.id = ").bind(id);
    Ok(select.fetch_all(db).await?.into_iter().next())
}

/// All of someone's, to be counted.
pub(super) fn all(mine: &Mine) -> Select {
    let mut select = Select::new("SELECT 1 FROM notifications n");
    mine.narrow(&mut select);
    select
}

fn select_notifications() -> Select {
    Select::new(
        "SELECT n.id, n.event_id, n.topic, n.kind, n.store_id, n.subject_kind, n.subject_id,
                n.data, n.created_at, n.read_at
         FROM notifications n",
    )
}

/// Marks one of someone's as read, or all up to it. Those that are stay so. How many were not.
pub(super) async fn mark_read(
    tx: &mut Tx,
    user: UserId,
    (from, to): (i64, i64),
    now: Timestamp,
) -> sqlx::Result<u64> {
    const SQL: &str = "UPDATE notifications SET read_at = $1
        WHERE user_id = $2 AND id >= $3 AND id <= $4 AND read_at IS NULL";
    on_db!(Conn::from(tx), conn => {
        let update = sqlx::query(SQL).bind(now.0).bind(user.0).bind(from).bind(to);
        Ok(update.execute(conn).await?.rows_affected())
    })
}

/// Forgets at most so many that are old; how many. Leans on `notifications_by_age`.
///
/// # Errors
/// The database did not answer.
pub async fn forget_old(tx: &mut Tx, now: Timestamp, rows_max: i64) -> sqlx::Result<u64> {
    const SQL: &str = "DELETE FROM notifications
        WHERE id IN (
            SELECT id FROM notifications
            WHERE created_at <= $1
            ORDER BY created_at, id
            LIMIT CAST($2 AS BIGINT))";
    on_db!(Conn::from(tx), conn => {
        let before = now.plus_seconds(-KEPT_S).0;
        let done = sqlx::query(SQL).bind(before).bind(rows_max).execute(conn).await?;
        Ok(done.rows_affected())
    })
}

/// How someone wants to be told.
#[derive(Default)]
pub(super) struct SettingsRow {
    pub(super) email: Option<String>,
    pub(super) all_stores: Option<bool>,
    pub(super) version: i64,
}
crate::from_row!(SettingsRow { email, all_stores, version });

/// As they have set it, if they have.
pub(super) async fn settings(db: Conn<'_>, user: i64) -> sqlx::Result<Option<SettingsRow>> {
    const SQL: &str = "SELECT email, all_stores, version FROM notification_settings
        WHERE user_id = $1";
    on_db!(db, conn => sqlx::query_as(SQL).bind(user).fetch_optional(conn).await)
}

/// The channels that they have chosen for topics.
pub(super) async fn choices(db: Conn<'_>, user: i64) -> sqlx::Result<Vec<(String, String)>> {
    const SQL: &str = "SELECT topic, channel FROM notification_choices WHERE user_id = $1";
    on_db!(db, conn => sqlx::query_as(SQL).bind(user).fetch_all(conn).await)
}

/// Makes room for someone's settings, and keeps other changes of them waiting until the
/// transaction ends.
pub(super) async fn lock_settings(tx: &mut Tx, user: i64) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO notification_settings (user_id, mail_next_at, mail_tries, version)
        VALUES ($1, 0, 0, 0)
        ON CONFLICT (user_id) DO UPDATE SET version = notification_settings.version";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL).bind(user).execute(conn).await.map(drop))
}

/// Sets them. There is a row.
pub(super) async fn set_settings(
    tx: &mut Tx,
    user: i64,
    email: Option<&str>,
    all_stores: Option<bool>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notification_settings
        SET email = $1, all_stores = $2, version = version + 1
        WHERE user_id = $3";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(email).bind(all_stores).bind(user).execute(conn).await.map(drop)
    })
}

/// Sets the channel of a topic.
pub(super) async fn choose(
    tx: &mut Tx,
    user: i64,
    topic: Topic,
    channel: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO notification_choices (user_id, topic, channel)
        VALUES ($1, $2, $3)
        ON CONFLICT (user_id, topic) DO UPDATE SET channel = excluded.channel";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(user).bind(topic.name()).bind(channel).execute(conn).await.map(drop)
    })
}

/// Forgets mail of a topic that is due to someone, who wants none any more.
pub(super) async fn forget_mail(tx: &mut Tx, user: i64, topic: Topic) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notifications SET mail = NULL
        WHERE user_id = $1 AND mail = 'due' AND topic = $2";
    on_db!(Conn::from(tx), conn => {
        sqlx::query(SQL).bind(user).bind(topic.name()).execute(conn).await.map(drop)
    })
}
