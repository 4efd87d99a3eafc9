//! Holding orders and what customers owe against their histories, their items and the goods that
//! moved for them.

use super::verify::Findings;
use super::verify_documents_sql as sql;
use crate::db::Conn;

/// Looks for orders and customers whose parts do not agree.
pub(super) async fn check(mut db: Conn<'_>, findings: &mut Findings) -> sqlx::Result<()> {
    findings.orders = sql::count(db.reborrow()).await?.unsigned_abs();
    for order in sql::other_than_their_history(db.reborrow()).await? {
        findings.add(format!("order {order}: not as its history says"));
    }
    for order in sql::other_than_their_items(db.reborrow()).await? {
        findings.add(format!("order {order}: does not come to the sum of its items"));
    }
    for order in sql::other_than_was_paid(db.reborrow()).await? {
        findings
            .add(format!("order {order}: more was paid than it comes to, or less than nothing"));
    }
    for order in sql::other_than_what_waits(db.reborrow()).await? {
        findings.add(format!("order {order}: waits for its goods, or should, and does not"));
    }
    for (order, item) in sql::other_than_their_goods(db.reborrow()).await? {
        findings.add(format!("order {order}, item {item}: other goods have moved for it"));
    }
    for order in sql::goods_of_no_item(db.reborrow()).await? {
        findings.add(format!("order {order}: goods have moved for an item that it does not have"));
    }
    for customer in sql::balances_other_than_their_entries(db.reborrow()).await? {
        findings.add(format!("customer {customer}: owes other than their entries say"));
    }
    for customer in sql::entries_that_do_not_chain(db).await? {
        findings.add(format!("customer {customer}: an entry does not follow from the one before"));
    }
    Ok(())
}
