//! The server that takes mail: how it is spoken with, and what its refusals mean.
//!
//! What it refuses before it has heard of a recipient is nobody's fault but the operator's or its
//! own: the connection, the certificate, the sign-in, the sender. Only what it says of a recipient
//! or of a mail counts against them. Whatever it does, or leaves undone, ends in bounded time.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, To};
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters};
use lettre::transport::smtp::commands::{Mail, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{Address, Message};
use tokio::time::timeout;

use super::mail_sql::DueRow;
use super::text;
use crate::config::{Config, Secret, SmtpTls};

/// How long each address of the server may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long it may take until the server is ready to hear of a recipient.
const READY_MAX: Duration = Duration::from_secs(30);
/// How long it may take over one mail.
const MAIL_MAX: Duration = Duration::from_secs(60);

/// A server to send by.
#[derive(Debug)]
pub(super) struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    from: Mailbox,
    /// Where people find their inbox.
    place: String,
}

/// A connection on which the server waits for mail.
pub(super) struct Line(AsyncSmtpConnection);

/// Why a mail was not sent.
#[derive(Debug)]
pub(super) enum Failed {
    /// The server takes no mail at all now, and no recipient is to blame.
    NoServer(String),
    /// It does not take this one now.
    NotNow(String),
    /// It never will.
    ForGood(String),
}

impl Smtp {
    /// As the settings say.
    ///
    /// # Errors
    /// They cannot be used: one line that says why.
    pub(super) fn new(config: &Config, host: &str) -> anyhow::Result<Self> {
        let from = config.smtp_from.as_deref().context("smtp_from is missing beside smtp_host")?;
        let from = from.parse().with_context(|| format!("smtp_from: {from:?} is no address"))?;
        let tls = match config.smtp_tls {
            SmtpTls::Off => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters(host, config.smtp_ca.as_ref())?),
            SmtpTls::Tls => Tls::Wrapper(parameters(host, config.smtp_ca.as_ref())?),
        };
        let credentials = match (&config.smtp_username, &config.smtp_password) {
            (Some(name), Some(password)) => {
                anyhow::ensure!(
                    config.smtp_tls != SmtpTls::Off || is_this_machine(host),
                    "smtp_tls is off, so that smtp_password would be readable on its way to \
                     {host}: set smtp_tls to starttls or tls"
                );
                Some(Credentials::new(name.clone(), Secret::expose(password).to_owned()))
            }
            (None, None) => None,
            _ => anyhow::bail!("smtp_username and smtp_password go together"),
        };
        let own = || format!("http://{}", config.listen);
        let place = config.public_url.clone().unwrap_or_else(own);
        let (host, port) = (host.to_owned(), config.smtp_port);
        Ok(Self { host, port, tls, credentials, from, place })
    }

    /// A connection on which everything was said that has nothing to do with a recipient.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn line(&self) -> Result<Line, String> {
        match timeout(READY_MAX, self.connect()).await {
            Ok(line) => line.map_err(|error| error.to_string()),
            Err(_) => Err(format!("not ready within {} s", READY_MAX.as_secs())),
        }
    }

    async fn connect(&self) -> Result<Line, smtp::Error> {
        let name = ClientId::default();
        let (from_the_beginning, later) = match &self.tls {
            Tls::Wrapper(tls) => (Some(tls.clone()), None),
            Tls::Required(tls) => (None, Some(tls.clone())),
            _ => (None, None),
        };
        let server = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT_MAX),
            &name,
            from_the_beginning,
            None,
        );
        let mut line = connecting.await?;
        if let Some(tls) = later {
            line.starttls(tls, &name).await?;
        }
        if let Some(credentials) = &self.credentials {
            line.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        // Whether we may send at all, asked before it could be taken for a recipient's fault.
        line.command(Mail::new(Some(self.from.email.clone()), Vec::new())).await?;
        line.command(Rset).await?;
        Ok(Line(line))
    }

    /// One mail with what is due to someone: the same mail, if it is made again.
    fn message(&self, (user, email): (i64, &str), due: &[DueRow]) -> anyhow::Result<Message> {
        let address: Address = email.parse()?;
        let lines: Vec<String> = due.iter().map(DueRow::line).collect();
        let subject = match &lines[..] {
            [one] => one.clone(),
            many => format!("{} notifications", many.len()),
        };
        let mut body = lines.join("\r\n");
        body.push_str("\r\n\r\n-- \r\nStockroom, ");
        body.push_str(&self.place);
        body.push_str("\r\nWhat you hear of by mail is your choice: see your notifications.\r\n");
        // With the time, for a shop that was set back to a backup gives the same numbers again.
        let last = due.last().map_or((0, 0), |last| (last.id, last.created_at));
        let id = format!("<{user}.{}.{:x}@{}>", last.0, last.1, self.from.email.domain());
        // So that no one's absence is answered to it (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        Ok(Message::builder()
            .from(self.from.clone())
            .mailbox(To::from(Mailboxes::from(Mailbox::new(None, address))))
            .subject(subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(name, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(body)?)
    }

    /// Sends someone what is due to them, on a line, which is there afterwards if it is of use.
    ///
    /// # Errors
    /// [`Failed`]
    pub(super) async fn send(
        &self,
        line: &mut Option<Line>,
        to: (i64, &str),
        due: &[DueRow],
    ) -> Result<(), Failed> {
        let message = self.message(to, due);
        let message = message.map_err(|error| Failed::ForGood(format!("{error:#}")))?;
        let mut open = match line.take() {
            Some(open) => open,
            None => self.line().await.map_err(Failed::NoServer)?,
        };
        let text = message.formatted();
        match timeout(MAIL_MAX, open.0.send(message.envelope(), &text)).await {
            Ok(Ok(_)) => {
                *line = Some(open);
                Ok(())
            }
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => {
                let seconds = MAIL_MAX.as_secs();
                Err(Failed::NoServer(format!("a mail was not taken within {seconds} s")))
            }
        }
    }
}

impl Line {
    /// Takes leave of the server.
    pub(super) async fn end(mut self) {
        // It has every mail already, whatever it says.
        let _ = timeout(CONNECT_MAX, self.0.quit()).await;
    }
}

impl DueRow {
    fn line(&self) -> String {
        text::title(&self.kind, &serde_json::from_str(&self.data).unwrap_or_default())
    }
}

/// What an error over a mail means.
fn failed(error: &smtp::Error) -> Failed {
    let why = error.to_string();
    let Some(code) = error.status() else {
        // A mail that cannot be sent as it is, or a line that broke.
        return if error.is_client() { Failed::ForGood(why) } else { Failed::NoServer(why) };
    };
    match (code.severity, code.category) {
        // Who may send, which is no recipient's affair (RFC 4954).
        (Severity::PermanentNegativeCompletion, Category::Unspecified3) => Failed::NoServer(why),
        (Severity::PermanentNegativeCompletion, _) => Failed::ForGood(why),
        _ => Failed::NotNow(why),
    }
}

/// Whether a host is this machine, so that nobody listens in between.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
