//! Webhooks over HTTP: for those who run the system.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use stockroom_domain::Timestamp;

use super::signature::NewSecret;
use super::sql;
use super::webhook::{
    Webhook, WebhookAnswer, WebhookFilter, WebhookInput, WebhookList, WebhookView, check_reach,
};
use crate::App;
use crate::auth::{Can, Operate};
use crate::db::Conn;
use crate::error::{ApiError, ApiResult, Faults};
use crate::events::{Event, Fact};
use crate::http::resource::{self, Resource as _};
use crate::http::{
    Answer, Asked, Body, Created, Done, IfMatch, ListAnswer, Once, Page, Patch, PathId, Success,
    Text, WireTime, Write, begin_write, refuse_known,
};

/// For how long a secret that was replaced signs as well.
const OLD_SECRET_S: i64 = 24 * 3_600;

/// A webhook that was made.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewWebhookAnswer {
    status: Success,
    webhook: WebhookView,
    /// What its deliveries are signed with, `whsec_…`. This is the only time that it is shown: a
    /// repetition of the request has `null` here.
    secret: Option<String>,
}

/// A secret that was replaced.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewSecretAnswer {
    status: Success,
    /// The new secret, `whsec_…`. This is the only time that it is shown: a repetition of the
    /// request has `null` here.
    secret: Option<String>,
    /// Until when deliveries are signed with the one before it as well.
    previous_until: WireTime,
}

/// `GET /api/webhooks`
pub async fn list(
    who: Can<Operate>,
    app: App,
    Asked(filter, request): Asked<WebhookFilter>,
) -> ApiResult<ListAnswer<WebhookList>> {
    let answer = |page: Page<Webhook>| {
        let webhooks = page.entries.into_iter().map(Webhook::view).collect();
        let Page { next_cursor, total, .. } = page;
        Answer::new(&WebhookList { status: Success::Success, webhooks, next_cursor, total })
    };
    request.answer(&app, &who, filter, answer).await
}

/// `GET /api/webhooks/{id}`
pub async fn get(
    _: Can<Operate>,
    app: App,
    PathId(id): PathId,
) -> ApiResult<Answer<WebhookAnswer>> {
    let found = Webhook::find(Conn::from(&mut app.db.read().await?), id).await?;
    let webhook = found.ok_or_else(|| ApiError::not_found("webhook", id))?;
    let tag = webhook.tag();
    Ok(Answer::new(&Webhook::answer(webhook.view()))?.with_tag(&tag))
}

/// `POST /api/webhooks`
pub async fn create(
    who: Can<Operate>,
    app: App,
    once: Once,
    Body(input): Body<WebhookInput>,
) -> ApiResult<Created<NewWebhookAnswer>> {
    let details = input.check()?;
    // Where a name leads to may have changed since the first answer.
    refuse_known(&app, &who, &once).await?;
    check_reach(&app, &details.url).await?;
    let mut write = begin_write(&app, &who, &once).await?;
    let id = Webhook::insert(&mut write, &details).await?;
    let (secret, _) = give_secret(&app, &mut write, id).await?;
    let webhook = Webhook::find(Conn::from(&mut write.tx), id).await?;
    let webhook = webhook.ok_or_else(|| ApiError::not_found("webhook", id))?;
    let tag = webhook.tag();
    let data = json!({ "version": webhook.version() });
    let webhook = webhook.view();
    let fact = Fact::new(Event::new("webhook.created", "webhook", id, &data)).after(&webhook);
    let repeated = NewWebhookAnswer { status: Success::Success, webhook, secret: None };
    let answer = NewWebhookAnswer { secret: Some(secret), ..repeated.clone() };
    let answer = write.commit_once(&answer, &repeated, [fact]).await?;
    Ok(answer.with_tag(&tag).with_location(&format!("/api/webhooks/{id}")).never_stored())
}

/// Gives a webhook a new secret: the secret as it is shown, and until when the one before signs.
async fn give_secret(app: &App, write: &mut Write, webhook: i64) -> ApiResult<(String, Timestamp)> {
    let secret = NewSecret::random();
    let sealed = secret.sealed(app.auth.tokens.keyring().wrapper(), webhook)?;
    let old_until = write.now.plus_seconds(OLD_SECRET_S);
    sql::set_secret(&mut write.tx, webhook, &sealed, (write.now, old_until)).await?;
    Ok((secret.shown(), old_until))
}

/// `PATCH /api/webhooks/{id}`
pub async fn patch(
    who: Can<Operate>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
    Body(Patch(input)): Body<Patch<WebhookInput>>,
) -> ApiResult<Answer<WebhookAnswer>> {
    // What is wrong with it besides is told with everything else.
    let sent = input.url.optional("url", &mut Faults::new());
    if let Some(url) = sent.map(Text::into_string) {
        refuse_known(&app, &who, &once).await?;
        check_reach(&app, &url).await?;
    }
    let decide = |stored: &Webhook| input.over(stored.details())?.check();
    let answer = resource::change(&app, &who, id, (&once, &if_match), decide).await?;
    app.webhooks.tell();
    Ok(answer)
}

/// `DELETE /api/webhooks/{id}`: it is told of nothing from now on.
pub async fn delete(
    who: Can<Operate>,
    app: App,
    PathId(id): PathId,
    once: Once,
    if_match: IfMatch,
) -> ApiResult<Done> {
    resource::delete::<Webhook>(&app, &who, id, (&once, &if_match)).await
}

/// `POST /api/webhooks/{id}/rotate`
pub async fn rotate(
    who: Can<Operate>,
    app: App,
    PathId(id): PathId,
    once: Once,
) -> ApiResult<Answer<NewSecretAnswer>> {
    let mut write = begin_write(&app, &who, &once).await?;
    let webhook = Webhook::lock(&mut write.tx, id).await?;
    let webhook = webhook.ok_or_else(|| ApiError::not_found("webhook", id))?;
    webhook.require_kept()?;
    let (secret, old_until) = give_secret(&app, &mut write, id).await?;
    let previous_until = WireTime(old_until);
    let data = json!({ "previous_until": previous_until });
    let fact = Fact::new(Event::new("webhook.secret_rotated", "webhook", id, &data)).after(&data);
    let repeated = NewSecretAnswer { status: Success::Success, secret: None, previous_until };
    let answer = NewSecretAnswer { secret: Some(secret), ..repeated.clone() };
    Ok(write.commit_once(&answer, &repeated, [fact]).await?.never_stored())
}
