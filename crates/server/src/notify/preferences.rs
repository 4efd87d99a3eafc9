//! How people want to be told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rules::Topic;
use super::sql::{self, SettingsRow};
use crate::App;
use crate::auth::Person;
use crate::db::{Conn, Tx};
use crate::error::ApiResult;
use crate::events::{Event, Fact};
use crate::http::{Answer, Body, ETag, Email, IfMatch, Once, Success, begin_write};

/// How one hears of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotificationChannel")]
pub enum Channel {
    /// Not at all.
    Off,
    /// In the inbox.
    #[default]
    Inbox,
    /// In the inbox and by mail.
    Email,
}

impl Channel {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Inbox => "inbox",
            Self::Email => "email",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "off" => Self::Off,
            "email" => Self::Email,
            _ => Self::Inbox,
        }
    }
}

/// How someone wants to be told. What is left out is as for someone new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(example = json!({
    "email": "ada@example.com", "all_stores": true,
    "topics": { "alerts": "email", "orders": "off" },
}))]
pub struct NotificationPreferences {
    /// Where mail goes.
    email: Option<Email>,
    /// Whether to hear of every store, where one's role is held in all. Unless stated, if there
    /// is no more than one.
    all_stores: Option<bool>,
    /// How to hear of topics; `inbox` unless stated.
    topics: BTreeMap<Topic, Channel>,
}

/// How someone wants to be told, whole.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationPreferencesView {
    /// Where mail goes.
    email: Option<Email>,
    /// Whether to hear of every store, where one's role is held in all.
    all_stores: Option<bool>,
    /// How to hear of each topic.
    topics: BTreeMap<Topic, Channel>,
}

/// How one wants to be told.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationPreferencesAnswer {
    status: Success,
    preferences: NotificationPreferencesView,
    /// Whether this server sends mail at all.
    sends_mail: bool,
    /// Rises by one with each change; 0 before the first.
    version: i64,
}

impl NotificationPreferences {
    /// Every topic has its channel.
    fn complete(mut self) -> Self {
        for topic in Topic::ALL {
            self.topics.entry(topic).or_default();
        }
        self
    }

    /// Those that were set, and their version.
    async fn read(mut db: Conn<'_>, user: i64) -> ApiResult<(Self, i64)> {
        let row = sql::settings(db.reborrow(), user).await?;
        let choices = sql::choices(db, user).await?;
        let topic = |name: &str| Topic::ALL.into_iter().find(|topic| topic.name() == name);
        let topics = choices
            .iter()
            .filter_map(|(name, channel)| topic(name).map(|topic| (topic, Channel::of(channel))));
        let topics = topics.collect();
        let SettingsRow { email, all_stores, version } = row.unwrap_or_default();
        let email = email.and_then(|email| Email::new(&email).ok());
        Ok((Self { email, all_stores, topics }.complete(), version))
    }

    async fn write(&self, tx: &mut Tx, user: i64) -> ApiResult<()> {
        let email = self.email.clone().map(Email::into_string);
        sql::set_settings(tx, user, email.as_deref(), self.all_stores).await?;
        for (topic, channel) in &self.topics {
            sql::choose(tx, user, *topic, channel.name()).await?;
            if *channel != Channel::Email || email.is_none() {
                sql::forget_mail(tx, user, *topic).await?;
            }
        }
        Ok(())
    }

    fn answer(self, app: &App, version: i64) -> NotificationPreferencesAnswer {
        let sends_mail = app.mailer.is_there();
        let Self { email, all_stores, topics } = self;
        let preferences = NotificationPreferencesView { email, all_stores, topics };
        let status = Success::Success;
        NotificationPreferencesAnswer { status, preferences, sends_mail, version }
    }
}

/// `GET /api/notifications/preferences`
pub async fn preferences(
    who: Person,
    app: App,
) -> ApiResult<Answer<NotificationPreferencesAnswer>> {
    let mut reader = app.db.read().await?;
    let read = NotificationPreferences::read(Conn::from(&mut reader), who.user_id.0).await?;
    let (preferences, version) = read;
    Ok(Answer::new(&preferences.answer(&app, version))?.with_etag(ETag(version)))
}

/// `PUT /api/notifications/preferences`
pub async fn set_preferences(
    who: Person,
    app: App,
    once: Once,
    if_match: IfMatch,
    Body(new): Body<NotificationPreferences>,
) -> ApiResult<Answer<NotificationPreferencesAnswer>> {
    let (new, user) = (new.complete(), who.user_id);
    let mut write = begin_write(&app, &who, &once).await?;
    sql::lock_settings(&mut write.tx, user.0).await?;
    let read = NotificationPreferences::read(Conn::from(&mut write.tx), user.0).await?;
    let (before, mut version) = read;
    if_match.check(version)?;
    let fact = if before == new {
        None
    } else {
        new.write(&mut write.tx, user.0).await?;
        version += 1;
        let event = Event::new("user.notifications_set", "user", user.0, &json!({}));
        Some(Fact::new(event).before(&before).after(&new))
    };
    let answer = new.answer(&app, version);
    Ok(write.commit(&answer, fact).await?.with_etag(ETag(version)))
}
