//! Notifications by mail.
//!
//! What is due to someone goes out together, and not more often than once a minute; what they may
//! not read any more by then does not. A mail that the server does not take now is tried again,
//! later each time; one that it refuses for good, has not taken after [`TRIES_MAX`] tries, or
//! that is a day old, is given up: the inbox still has everything. While the server takes nothing
//! at all, nobody's tries are counted ([`super::smtp`] tells the one from the other). A process
//! that dies between sending and noting it down may send one twice, under the same `Message-ID`.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use stockroom_domain::{Timestamp, UserId};
use tokio::sync::{Notify, watch};

use super::mail_sql::{self as sql, DueRow, RecipientRow};
use super::smtp::{Failed, Line, Smtp};
use super::sql::Mine;
use crate::App;
use crate::config::Config;
use crate::db::Conn;
use crate::error::ApiResult;

/// Lines of one mail.
const LINES_MAX: i64 = 50;
/// People who get mail in one go.
const RECIPIENTS_MAX: i64 = 20;
/// How long nobody else sends what someone has taken on: longer than all of it may take, though
/// each mail needed a connection of its own and as long as it may.
const LEASE_S: i64 = 2_400;
/// The pause between two mails to the same person. It doubles with each try that failed: eight
/// tries take four hours and a quarter.
const PAUSE_S: i64 = 60;
/// How often a mail is tried.
pub const TRIES_MAX: i64 = 8;
/// What is older than this is not sent any more: nobody wants yesterday's news by mail.
const AGE_MAX_S: i64 = 86_400;
/// How often it is looked whether mail is due.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long a mail may still take when the process is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Sends mail, where the settings name a server.
#[derive(Clone, Debug)]
pub struct Mailer {
    /// Set while there is a server to send by.
    smtp: Option<Arc<Smtp>>,
    /// Rung when mail may be due.
    is_due: Arc<Notify>,
    sent: Family<Outcome, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Mailer {
    /// As the settings say.
    ///
    /// # Errors
    /// The settings cannot be used: one line that says why.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let smtp = config.smtp_host.as_deref().map(|host| Smtp::new(config, host)).transpose()?;
        let (is_due, sent) = (Arc::default(), Family::default());
        Ok(Self { smtp: smtp.map(Arc::new), is_due, sent })
    }

    /// Adds what is counted to what is measured.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("stockroom_mails", "Mails by what became of them", self.sent.clone());
    }

    /// Whether there is a server to send by.
    pub const fn is_there(&self) -> bool {
        self.smtp.is_some()
    }

    /// Has it looked soon.
    pub fn ring(&self) {
        self.is_due.notify_one();
    }

    fn count(&self, outcome: &'static str) {
        self.sent.get_or_create(&Outcome { outcome }).inc();
    }
}

/// Sends what is due until it is told to stop.
pub async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    if !app.mailer.is_there() {
        return;
    }
    while !*stopped.borrow() {
        match round(&app, &stopped).await {
            Ok(Round::Full) => continue,
            Ok(Round::Last) => {}
            Err(error) => tracing::warn!(%error, "mail cannot be sent now"),
        }
        tokio::select! {
            () = app.mailer.is_due.notified() => {}
            _ = stopped.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Sends mail to some of those to whom it is due.
///
/// # Errors
/// The database's. Whoever it was not over has got their mail.
pub async fn send_due(app: &App) -> ApiResult<()> {
    let (_stop, stopped) = watch::channel(false);
    round(app, &stopped).await.map(drop)
}

/// What a round came to.
enum Round {
    /// As many were served as are at once: there may be more.
    Full,
    /// There is nothing to do now.
    Last,
}

/// What came of one recipient.
enum Served {
    /// They have their mail, or it is noted down why not.
    Done,
    /// The server takes nothing at all.
    NoServer(String),
    /// The process is to stop.
    Stopped,
}

async fn round(app: &App, stopped: &watch::Receiver<bool>) -> ApiResult<Round> {
    let Some(smtp) = &app.mailer.smtp else { return Ok(Round::Last) };
    let now = app.clock.now();
    let until = now.plus_seconds(LEASE_S);
    let mut tx = app.db.begin().await?;
    let taken = sql::take(&mut tx, now, until, RECIPIENTS_MAX).await?;
    tx.commit().await?;
    let is_full = i64::try_from(taken.len()).is_ok_and(|taken| taken == RECIPIENTS_MAX);
    let mut line = None;
    let mut error = None;
    let mut left = taken.iter();
    while let Some(to) = left.as_slice().first() {
        let is_to_stop = *stopped.borrow();
        let served = match is_to_stop {
            true => Ok(Served::Stopped),
            false => serve(app, smtp, &mut line, to, stopped).await,
        };
        let next_at = match served {
            Ok(Served::Done) => None,
            Err(cause) => {
                // It is over one of them: the others get theirs.
                tracing::debug!(%cause, user = to.user_id, "a mail is left for later");
                error = Some(cause);
                None
            }
            Ok(Served::Stopped) => Some(app.clock.now()),
            Ok(Served::NoServer(why)) => {
                tracing::warn!(why, "the server for mail takes none now");
                app.mailer.count("no_server");
                Some(app.clock.now().plus_seconds(PAUSE_S))
            }
        };
        if let Some(next_at) = next_at {
            give_back(app, left.as_slice(), (until, next_at)).await?;
            return error.map_or(Ok(Round::Last), Err);
        }
        left.next();
    }
    if let Some(line) = line {
        line.end().await;
    }
    match error {
        Some(error) => Err(error),
        None if is_full => Ok(Round::Full),
        None => Ok(Round::Last),
    }
}

/// Leaves people whom this process has taken on to whoever comes next.
async fn give_back(
    app: &App,
    left: &[RecipientRow],
    (until, next_at): (Timestamp, Timestamp),
) -> ApiResult<()> {
    let mut tx = app.db.begin().await?;
    for to in left {
        sql::give_back(&mut tx, to.user_id, until, next_at).await?;
    }
    Ok(tx.commit().await?)
}

/// Sends one what is due to them, and notes down what became of it.
async fn serve(
    app: &App,
    smtp: &Smtp,
    line: &mut Option<Line>,
    to: &RecipientRow,
    stopped: &watch::Receiver<bool>,
) -> ApiResult<Served> {
    let due = due(app, to).await?;
    let Some(last) = due.last().map(|row| row.id) else {
        note(app, to, None, (to.mail_tries, 0)).await?;
        return Ok(Served::Done);
    };
    let sent = tokio::select! {
        sent = smtp.send(line, (to.user_id, &to.email), &due) => sent,
        () = grace(stopped.clone()) => return Ok(Served::Stopped),
    };
    let (outcome, tries) = match &sent {
        Ok(()) => ("sent", 0),
        Err(Failed::NoServer(why)) => return Ok(Served::NoServer(why.clone())),
        Err(Failed::NotNow(_)) if to.mail_tries + 1 < TRIES_MAX => ("deferred", to.mail_tries + 1),
        Err(_) => ("failed", 0),
    };
    if let Err(Failed::NotNow(why) | Failed::ForGood(why)) = sent {
        tracing::warn!(why, user = to.user_id, outcome, "a mail was not taken");
    }
    app.mailer.count(outcome);
    let settled = (outcome != "deferred").then_some((last, outcome));
    note(app, to, settled, (tries, PAUSE_S << tries.clamp(0, TRIES_MAX))).await?;
    Ok(Served::Done)
}

/// Ends some time after the process is told to stop.
async fn grace(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_ok() {
        tokio::time::sleep(GRACE).await;
    } else {
        std::future::pending().await
    }
}

/// What is due to someone by now, oldest first. What they may not read any more is forgotten, and
/// what is old is given up.
async fn due(app: &App, to: &RecipientRow) -> ApiResult<Vec<DueRow>> {
    let Some(who) = app.auth.absent(UserId(to.user_id)).await? else { return Ok(Vec::new()) };
    let mut tx = app.db.begin().await?;
    sql::forget_lost(&mut tx, &Mine::of(&who)).await?;
    sql::give_up(&mut tx, to.user_id, app.clock.now().plus_seconds(-AGE_MAX_S)).await?;
    tx.commit().await?;
    Ok(sql::due(Conn::from(&mut app.db.read().await?), to.user_id, LINES_MAX).await?)
}

/// Notes down what became of what was due to someone up to a notification, how often it has
/// failed since it went well, and that they get none for so many seconds.
async fn note(
    app: &App,
    to: &RecipientRow,
    settled: Option<(i64, &str)>,
    (tries, pause_s): (i64, i64),
) -> ApiResult<()> {
    let mut tx = app.db.begin().await?;
    if let Some((last, outcome)) = settled {
        sql::settle(&mut tx, (to.user_id, last), outcome).await?;
    }
    sql::go_on(&mut tx, to.user_id, tries, app.clock.now().plus_seconds(pause_s)).await?;
    Ok(tx.commit().await?)
}
