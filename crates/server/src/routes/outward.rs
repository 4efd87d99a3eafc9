//! The routes' page, continued: what Stockroom tells those who follow it.

use crate::auth::{Operate, ReadStock};
use crate::error::ErrorCode::{CursorExpired, InvalidState};
use crate::event_log;
use crate::http::endpoint::{Endpoint, Reach, delete, get, patch, post};
use crate::webhooks::{deliveries, http as own};

pub(super) fn following() -> Vec<Endpoint> {
    use crate::workers::dead_letters;
    vec![
        get("/api/inventory/events", event_log::http::list, ReadStock, Reach::Shop)
            .doc("listEvents", "Everything that has happened, in the order of the commits")
            .about(
                "Go on behind `next_after`. `wait=30` holds the request until there is an event. \
                 Of the whole log a caller sees what they may read.",
            )
            .fails(&[CursorExpired]),
        get("/api/dead-letters", dead_letters::list, Operate, Reach::System)
            .doc("listDeadLetters", "Messages that were tried too often"),
        get("/api/dead-letters/{id}", dead_letters::get, Operate, Reach::System)
            .doc("getDeadLetter", "One message that was tried too often"),
        post("/api/dead-letters/{id}/replay", dead_letters::replay, Operate, Reach::System)
            .doc("replayDeadLetter", "Have a parked message tried again")
            .fails(&[InvalidState]),
        delete("/api/dead-letters/{id}", dead_letters::drop_one, Operate, Reach::System)
            .doc("dropDeadLetter", "Decide that a parked message needs not be dealt with")
            .fails(&[InvalidState]),
    ]
}

pub(super) fn webhooks() -> Vec<Endpoint> {
    vec![
        get("/api/webhooks", own::list, Operate, Reach::System)
            .doc("listWebhooks", "Where events are sent to"),
        post("/api/webhooks", own::create, Operate, Reach::System)
            .doc("createWebhook", "Have events sent to a server")
            .about(
                "Signed by Standard Webhooks; the answer shows the secret, this once. The URL has \
                 to be `https` and to lead to public addresses, but for networks that the setting \
                 `webhook_networks` names.",
            )
            .fails(&[InvalidState]),
        get("/api/webhooks/{id}", own::get, Operate, Reach::System)
            .doc("getWebhook", "One webhook, without its secret"),
        patch("/api/webhooks/{id}", own::patch, Operate, Reach::System)
            .doc("changeWebhook", "Change, pause or take up a webhook")
            .fails(&[InvalidState]),
        post("/api/webhooks/{id}/rotate", own::rotate, Operate, Reach::System)
            .doc("rotateWebhookSecret", "Give a webhook a new secret")
            .about(
                "The one before signs as well for 24 hours, so that receivers have time to \
                 change; any from before that, no more.",
            )
            .fails(&[InvalidState]),
        post("/api/webhooks/{id}/test", deliveries::test, Operate, Reach::System)
            .doc("testWebhook", "Send an event `webhook.test`")
            .fails(&[InvalidState]),
        get("/api/webhooks/{id}/deliveries", deliveries::list, Operate, Reach::System)
            .doc("listWebhookDeliveries", "What was sent to a webhook, and how that went"),
        get("/api/webhooks/{id}/deliveries/{delivery_id}", deliveries::get, Operate, Reach::System)
            .doc("getWebhookDelivery", "One delivery"),
        post(
            "/api/webhooks/{id}/deliveries/{delivery_id}/replay",
            deliveries::replay,
            Operate,
            Reach::System,
        )
        .doc("replayWebhookDelivery", "Send a delivery once more, under the same `webhook-id`")
        .fails(&[InvalidState]),
        delete("/api/webhooks/{id}", own::delete, Operate, Reach::System)
            .doc("deleteWebhook", "Have nothing sent there any more"),
    ]
}
