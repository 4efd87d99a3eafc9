//! Every type of event there is: the one list. [`super::Event::new`] holds events to it while
//! tests run, and whoever asks for types that are not in it asks for nothing.

/// All types, by the word before the dot.
pub const KINDS: [&str; 67] = [
    "alert.acknowledged",
    "alert.cleared",
    "alert.raised",
    "api_key.created",
    "api_key.revoked",
    "api_key.updated",
    "customer.charged",
    "customer.created",
    "customer.deleted",
    "customer.paid",
    "customer.payment_reversed",
    "customer.restored",
    "customer.updated",
    "dead_letter.done",
    "dead_letter.dropped",
    "dead_letter.parked",
    "dead_letter.replayed",
    "employee.created",
    "employee.deleted",
    "employee.restored",
    "employee.updated",
    "lot.created",
    "lot.updated",
    "notification.created",
    "operation.finished",
    "operation.queued",
    "order.cancelled",
    "order.completed",
    "order.confirmed",
    "order.deleted",
    "order.placed",
    "order.rejected",
    "order.returned",
    "order.shipped",
    "order.sold",
    "product.created",
    "product.deleted",
    "product.restored",
    "product.updated",
    "session.ended",
    "settings.updated",
    "stock.moved",
    "stock.reorder_point_set",
    "store.created",
    "store.deleted",
    "store.restored",
    "store.updated",
    "supplier.created",
    "supplier.deleted",
    "supplier.restored",
    "supplier.updated",
    "user.created",
    "user.deleted",
    "user.notifications_set",
    "user.password_changed",
    "user.preferences_set",
    "user.updated",
    "view.created",
    "view.deleted",
    "view.updated",
    "webhook.created",
    "webhook.deleted",
    "webhook.paused",
    "webhook.replayed",
    "webhook.secret_rotated",
    "webhook.tested",
    "webhook.updated",
];

/// Whether a pattern is a type, or the beginning of one before its `*`: `order.*`.
pub fn has(pattern: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(word) => KINDS.iter().any(|kind| kind.split('.').next() == Some(word)),
        None => KINDS.contains(&pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_is_can_be_asked_for() {
        assert!(KINDS.is_sorted(), "so that one that is there twice is seen");
        assert!(KINDS.windows(2).all(|two| two[0] != two[1]));
        for good in ["order.placed", "order.*", "stock.reorder_point_set", "api_key.*"] {
            assert!(has(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "order",
            "order.",
            ".*",
            "ord.*",
            "order.confirmd",
            "Order.placed",
            "order.placed.*",
            "order.*.*",
            "order*",
            " order.placed",
        ] {
            assert!(!has(bad), "{bad}");
        }
    }
}
