//! The routes of what follows from everything else: what was taken on, what people and programs
//! are told, and what could not be dealt with.

use crate::auth::{Anyone, OnesOwn, Operate, ReadStock, SignedIn};
use crate::error::ErrorCode;
use crate::http::endpoint::{Endpoint, Reach, delete, get, patch, post, put};
use crate::{event_log, live, notify, operations, webhooks};

pub(super) fn later() -> Vec<Endpoint> {
    use operations::http as own;
    vec![
        get("/api/operations", own::list, SignedIn, Reach::Own)
            .doc("listOperations", "One's own requests that were taken on, newest first"),
        get("/api/operations/{id}", own::get, SignedIn, Reach::Own)
            .doc("getOperation", "One of them, with what came of it"),
    ]
}

pub(super) fn notifications() -> Vec<Endpoint> {
    use notify::http as own;
    vec![
        get("/api/notifications", own::list, OnesOwn, Reach::Own)
            .doc("listNotifications", "What one is told of, newest first"),
        post("/api/notifications/{id}/read", own::read, OnesOwn, Reach::Own)
            .doc("readNotification", "Say that one has read one")
            .fails(&[ErrorCode::NotFound]),
        post("/api/notifications/read-all", own::read_all, OnesOwn, Reach::Own)
            .doc("readAllNotifications", "Say that one has read all, or those up to one"),
        get("/api/notifications/preferences", notify::preferences, OnesOwn, Reach::Own)
            .doc("getNotificationPreferences", "How one wants to be told"),
        put("/api/notifications/preferences", notify::set_preferences, OnesOwn, Reach::Own)
            .doc("setNotificationPreferences", "Say how one wants to be told")
            .about("Whole: what is left out is as for someone new."),
    ]
}

pub(super) fn following() -> Vec<Endpoint> {
    use crate::workers::dead_letters;
    use ErrorCode::{CursorExpired, InvalidState, Overloaded};
    vec![
        get("/api/inventory/events", event_log::http::list, ReadStock, Reach::Shop)
            .doc("listEvents", "Everything that has happened, in the order of the commits")
            .about(event_log::http::ABOUT)
            .fails(&[CursorExpired]),
        get("/api/ws", live::http::open, Anyone, Reach::Shop)
            .doc("openWebSocket", "The same as it happens, over a WebSocket")
            .about(live::http::ABOUT)
            .fails(&[Overloaded]),
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
    use ErrorCode::InvalidState;
    use webhooks::{deliveries, http as own};
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
