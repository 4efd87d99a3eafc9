//! Notifications by mail, over SMTP.
//!
//! What is due to someone goes out together, and not more often than once a minute. A mail that the
//! server does not take now is tried again, later each time; one that it refuses for good, or has
//! not taken after [`TRIES_MAX`] tries, is given up: the inbox still has everything. A process that
//! dies between sending and noting it down may send one twice.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::sync::{Notify, watch};

use super::mail_sql::{self as sql, DueRow, RecipientRow};
use super::text;
use crate::App;
use crate::config::{Config, Secret, SmtpTls};
use crate::db::Conn;
use crate::error::ApiResult;

/// Lines of one mail.
const LINES_MAX: usize = 50;
/// People who get mail in one go.
const RECIPIENTS_MAX: i64 = 20;
/// How long the server may take for anything.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long nobody else sends what someone has taken on: longer than all of it may take.
const LEASE_S: i64 = 1_800;
/// The pause between two mails to the same person.
const PAUSE_S: i64 = 60;
/// The longest pause after a failure.
const PAUSE_MAX_S: i64 = 6 * 3_600;
/// How often a mail is tried.
pub const TRIES_MAX: i64 = 8;
/// How often it is looked whether mail is due.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Sends mail, where the settings name a server.
#[derive(Clone, Debug)]
pub struct Mailer {
    /// Set while there is a server to send by.
    smtp: Option<Arc<Smtp>>,
    /// Rung when mail may be due.
    is_due: Arc<Notify>,
    sent: Family<Outcome, Counter>,
}

#[derive(Debug)]
struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Where people find their inbox.
    place: String,
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
}

impl Smtp {
    fn new(config: &Config, host: &str) -> anyhow::Result<Self> {
        let from = config.smtp_from.as_deref().context("smtp_from is missing beside smtp_host")?;
        let from = from.parse().with_context(|| format!("smtp_from: {from:?} is no address"))?;
        let tls = match config.smtp_tls {
            SmtpTls::Off => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters(host, config.smtp_ca.as_ref())?),
            SmtpTls::Tls => Tls::Wrapper(parameters(host, config.smtp_ca.as_ref())?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(config.smtp_port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        match (&config.smtp_username, &config.smtp_password) {
            (Some(name), Some(password)) => {
                let password = Secret::expose(password).to_owned();
                builder = builder.credentials(Credentials::new(name.clone(), password));
            }
            (None, None) => {}
            _ => anyhow::bail!("smtp_username and smtp_password go together"),
        }
        let own = || format!("http://{}", config.listen);
        let place = config.public_url.clone().unwrap_or_else(own);
        Ok(Self { transport: builder.build(), from, place })
    }

    /// One mail with what is due to someone.
    fn message(&self, to: &str, due: &[DueRow]) -> anyhow::Result<Message> {
        let address: Address = to.parse()?;
        let lines: Vec<String> = due.iter().map(DueRow::line).collect();
        let subject = match &lines[..] {
            [one] => one.clone(),
            many => format!("{} notifications", many.len()),
        };
        let mut body = lines.join("\r\n");
        body.push_str("\r\n\r\n-- \r\nStockroom, ");
        body.push_str(&self.place);
        body.push_str("\r\nWhat you hear of by mail is your choice: see your notifications.\r\n");
        // So that no one's absence is answered to it (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        Ok(Message::builder()
            .from(self.from.clone())
            .mailbox(lettre::message::header::To::from(Mailboxes::from(Mailbox::new(
                None, address,
            ))))
            .subject(subject)
            .raw_header(HeaderValue::new(name, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(body)?)
    }
}

/// How to speak TLS with a server: believing the web's authorities, and one's own.
fn parameters(host: &str, ca: Option<&PathBuf>) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca {
        let unusable = || format!("smtp_ca: {} is of no use", path.display());
        let pem = std::fs::read(path).with_context(unusable)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).with_context(unusable)?);
    }
    builder.build_rustls().with_context(|| format!("smtp_host: {host:?} cannot be used"))
}

impl DueRow {
    fn line(&self) -> String {
        text::title(&self.kind, &serde_json::from_str(&self.data).unwrap_or_default())
    }
}

/// Why a mail was not sent.
enum Failed {
    /// It may go later.
    NotNow(String),
    /// It never will.
    ForGood(String),
}

/// Sends what is due until it is told to stop.
pub async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    if !app.mailer.is_there() {
        return;
    }
    while !*stopped.borrow() {
        match send_due(&app).await {
            // There may be more.
            Ok(sent) if i64::try_from(sent).is_ok_and(|sent| sent == RECIPIENTS_MAX) => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "mail cannot be sent now"),
        }
        tokio::select! {
            () = app.mailer.is_due.notified() => {}
            _ = stopped.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Sends mail to some of those to whom it is due; to how many it was due.
///
/// # Errors
/// The database's.
pub async fn send_due(app: &App) -> ApiResult<usize> {
    let Some(smtp) = &app.mailer.smtp else { return Ok(0) };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let taken = sql::take(&mut tx, now, now.plus_seconds(LEASE_S), RECIPIENTS_MAX).await?;
    tx.commit().await?;
    for recipient in &taken {
        send(app, smtp, recipient).await?;
    }
    Ok(taken.len())
}

/// Sends what is due to one, and notes down what became of it.
async fn send(app: &App, smtp: &Smtp, to: &RecipientRow) -> ApiResult<()> {
    let max = i64::try_from(LINES_MAX).unwrap_or(i64::MAX);
    let due = sql::due(Conn::from(&mut app.db.read().await?), to.user_id, max).await?;
    let Some(last) = due.last().map(|row| row.id) else { return Ok(()) };
    let sent = deliver(smtp, to, &due).await;
    let (outcome, tries) = match &sent {
        Ok(()) => ("sent", 0),
        Err(Failed::NotNow(_)) if to.mail_tries + 1 < TRIES_MAX => ("deferred", to.mail_tries + 1),
        Err(_) => ("failed", 0),
    };
    if let Err(Failed::NotNow(why) | Failed::ForGood(why)) = sent {
        tracing::warn!(why, user = to.user_id, outcome, "a mail was not taken");
    }
    app.mailer.sent.get_or_create(&Outcome { outcome }).inc();
    let pause = PAUSE_S.saturating_mul(1 << tries.clamp(0, 16)).min(PAUSE_MAX_S);
    let mut tx = app.db.begin().await?;
    if outcome != "deferred" {
        sql::settle(&mut tx, (to.user_id, last), outcome).await?;
    }
    sql::go_on(&mut tx, to.user_id, tries, app.clock.now().plus_seconds(pause)).await?;
    tx.commit().await?;
    Ok(())
}

async fn deliver(smtp: &Smtp, to: &RecipientRow, due: &[DueRow]) -> Result<(), Failed> {
    let message = smtp.message(&to.email, due);
    let message = message.map_err(|error| Failed::ForGood(format!("{error:#}")))?;
    match smtp.transport.send(message).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(Failed::ForGood(error.to_string())),
        Err(error) => Err(Failed::NotNow(error.to_string())),
    }
}
