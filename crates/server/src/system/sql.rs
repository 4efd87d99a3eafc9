//! SQL of the readiness check.

use crate::db::{Conn, Reader};

/// Asks the database for a sign of life.
pub async fn ping(reader: &mut Reader) -> sqlx::Result<()> {
    const SQL: &str = "SELECT last_id
        FROM event_head
        WHERE log_id = 1";
    on_db!(Conn::from(reader), conn => {
        sqlx::query_scalar::<_, i64>(SQL).fetch_one(conn).await.map(|_| ())
    })
}
