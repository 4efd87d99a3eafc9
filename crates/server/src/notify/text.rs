//! What a notification says, in one line.

use serde_json::Value;

/// The line, made of what kind of event it was and of what is noted down of it; first of all the
/// store, if there are several.
pub(super) fn title(kind: &str, data: &Value) -> String {
    let said = said(kind, data);
    match data["store"].as_str() {
        Some(store) => format!("{store}: {said}"),
        None => said,
    }
}

fn said(kind: &str, data: &Value) -> String {
    let text = |name: &str| match &data[name] {
        Value::String(text) => text.clone(),
        Value::Null => "?".to_owned(),
        other => other.to_string(),
    };
    let order = |what: &str| format!("Order {} {what}.", text("order_id"));
    let product = || format!("{} ({})", text("name"), text("sku"));
    match kind {
        "order.placed" => format!("Order {} was placed: {}.", text("order_id"), text("total")),
        "order.confirmed" => order("is confirmed"),
        "order.rejected" => order("is rejected: not all of it is there"),
        "order.shipped" => order("is on its way"),
        "order.cancelled" => order("was called off"),
        "order.returned" => order("came back, or some of it"),
        "order.sold" => format!("Sale {} took more than was on record.", text("order_id")),
        "alert.raised" => match data["kind"].as_str() {
            Some("low_stock") => format!(
                "Low: {}, {} left, reorder point {}.",
                product(),
                text("on_hand"),
                text("reorder_point")
            ),
            Some("expiring") => {
                let (code, day) = (&data["lot"]["code"], &data["lot"]["expires_on"]);
                let (code, day) = (code.as_str().unwrap_or("?"), day.as_str().unwrap_or("?"));
                format!("Expires on {day}: {}, lot {code}, {} left.", product(), text("on_hand"))
            }
            _ => format!("Sold out: {}.", product()),
        },
        "product.updated" => {
            let price = |which: &str| data["price"][which].as_str().unwrap_or("?").to_owned();
            format!("Price of {}: {} instead of {}.", product(), price("after"), price("before"))
        }
        "user.created" => format!("{} is a new user.", text("username")),
        "user.updated" => format!("The account of {} was changed.", text("username")),
        "user.deleted" => format!("The account of {} was deleted.", text("username")),
        "api_key.created" => format!("The key \"{}\" was made.", text("name")),
        "api_key.updated" => format!("The key \"{}\" was changed.", text("name")),
        "api_key.revoked" => format!("The key \"{}\" was ended.", text("name")),
        "dead_letter.parked" => {
            format!("A message of the queue {} failed too often and is parked.", text("queue"))
        }
        "webhook.paused" => {
            let why = match data["reason"].as_str() {
                Some("behind") => "too much waits for its receiver",
                _ => "its receiver takes nothing",
            };
            format!("The webhook {} is paused: {why}.", text("webhook_id"))
        }
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::rules::RULES;
    use super::*;

    #[test]
    fn every_rule_has_a_text() {
        for rule in &RULES {
            let text = title(rule.event, &json!({}));
            assert!(text.ends_with('.') && text != rule.event, "{}: {text}", rule.event);
        }
    }

    #[test]
    fn a_text_names_what_people_ask_for() {
        let food = json!({
            "kind": "low_stock", "name": "Cat food", "sku": "CAT", "on_hand": 2, "reorder_point": 6,
        });
        assert_eq!(title("alert.raised", &food), "Low: Cat food (CAT), 2 left, reorder point 6.");
        let price = json!({
            "name": "Cat food", "sku": "CAT", "price": {"before": "2.00", "after": "3.00"},
        });
        let text = "Price of Cat food (CAT): 3.00 instead of 2.00.";
        assert_eq!(title("product.updated", &price), text);
        let behind = json!({ "webhook_id": 3, "reason": "behind" });
        let text = "The webhook 3 is paused: too much waits for its receiver.";
        assert_eq!(title("webhook.paused", &behind), text);
        let there = json!({ "order_id": 7, "store": "North street" });
        assert_eq!(title("order.confirmed", &there), "North street: Order 7 is confirmed.");
    }
}
