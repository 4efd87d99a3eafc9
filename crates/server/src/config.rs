//! Every setting with its default, on one page.
//!
//! `stockroom.toml` (or `--config PATH`) is overridden by `STOCKROOM_*` variables, and those
//! by flags. Each variable also exists as `STOCKROOM_X_FILE`: the value is that file's
//! content, which keeps secrets out of the environment.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// How long the idempotency key of an effect is kept; those of sales, and of requests that may
/// hold some, are kept for ever.
pub const KEYS_KEPT_S: i64 = 48 * 3_600;
/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "stockroom.toml";

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr,)+) => {
        /// The settings of one process.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        /// All settings, for the documentation and for the environment.
        pub const SETTINGS: &[Setting] = &[
            $(Setting {
                name: stringify!($name),
                default: $default,
                about: concat!($($doc),+).trim_ascii(),
            },)+
        ];
    };
}

/// Settings that a file of settings may not hold: such files are copied and shown around.
const SECRETS: [&str; 3] = ["key", "setup_token", "smtp_password"];

/// One setting, as text.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file; `STOCKROOM_` and upper case in the environment.
    pub name: &'static str,
    /// Its default; `None` where there is none.
    pub default: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
}

settings! {
    /// Host and port on which the API listens.
    listen: String = Some("127.0.0.1:8080"),
    /// Host and port for metrics and details without a token, or `off`. Taken: goes on without.
    admin_listen: AdminListen = Some("127.0.0.1:9464"),
    /// The database: `sqlite://path/to/file.db` or `postgres://user:password@host/name`.
    database: Secret = Some("sqlite://data/stockroom.db"),
    /// How the log is written: `text`, `json`, or `auto`: text on a terminal, else JSON.
    log_format: LogFormat = Some("auto"),
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, also by module.
    log_level: String = Some("info"),
    /// Which requests are logged: `errors` (4xx, 5xx and those over a second) or `all`.
    log_requests: LogRequests = Some("errors"),
    /// Connections that may be open at once (16 to 1,000,000); more are closed at once.
    connections_max: u32 = Some("4096"),
    /// Of those, WebSockets (1 to 1,000,000); whoever asks for more is answered 503.
    sockets_max: u32 = Some("2048"),
    /// The token for the first administrator; made and printed at the first start if not set.
    setup_token: Option<Secret> = None,
    /// Whether requests are limited per caller: `on` or `off`.
    rate_limit: Switch = Some("on"),
    /// Sign-ins and renewals a minute from one address.
    rate_limit_login: u32 = Some("60"),
    /// Look-ups a minute of one user, or address without a token; a key has five times as many.
    rate_limit_read: u32 = Some("1800"),
    /// Changes a minute of one user.
    rate_limit_write: u32 = Some("900"),
    /// Lists a minute that one user takes out as a file.
    rate_limit_export: u32 = Some("30"),
    /// Proxies in front, whose `X-Forwarded-For` is believed: addresses and networks, as in
    /// `127.0.0.1, 10.0.0.0/8`. Of nobody else is it.
    trusted_proxies: Networks = Some(""),
    /// PEM file with the certificate, then those that signed it. With `tls_key`: serves HTTPS.
    tls_certificate: Option<PathBuf> = None,
    /// PEM file with the certificate's private key. Both are read again when they change.
    tls_key: Option<PathBuf> = None,
    /// The key that wraps the keys in the database which sign tokens: 32 characters or more.
    /// All nodes need the same; best kept in a file (`STOCKROOM_KEY_FILE`).
    key: Option<Secret> = None,
    /// Writers of the ledger on this node, each with a connection of its own (1 to 64).
    ledger_writers: u32 = Some("2"),
    /// Lines that may wait for the ledger before requests are answered 503.
    ledger_queue_lines_max: u32 = Some("16384"),
    /// Connections to PostgreSQL for requests (1 to 1000); the ledger's come on top.
    postgres_connections: u32 = Some("16"),
    /// What this process does: `all`, `api` (answers requests) or `worker` (works on what was
    /// announced, and answers only how it is).
    role: Role = Some("all"),
    /// The queues that its workers work on: names with commas between them, or `all`.
    queues: Queues = Some("all"),
    /// How often a message is tried before it is parked as a dead letter (1 to 100).
    worker_tries_max: u32 = Some("8"),
    /// Networks to which webhooks may lead though not public, also without TLS: `10.1.0.0/16`.
    webhook_networks: Networks = Some(""),
    /// PEM file with certificates that webhooks believe beside those of the public authorities.
    webhook_ca: Option<PathBuf> = None,
    /// The server that sends mail; without one, none is sent.
    smtp_host: Option<String> = None,
    /// Its port.
    smtp_port: u16 = Some("587"),
    /// How to speak with it: `starttls`, `tls` (from the beginning, mostly port 465) or `off`.
    smtp_tls: SmtpTls = Some("starttls"),
    /// PEM file with the authority that signed its certificate, if it is one's own.
    smtp_ca: Option<PathBuf> = None,
    /// The name to sign in with at it.
    smtp_username: Option<String> = None,
    /// The password to that; best kept in a file (`STOCKROOM_SMTP_PASSWORD_FILE`).
    smtp_password: Option<Secret> = None,
    /// Who mail is from: `Paws & Co. <shop@example.com>`.
    smtp_from: Option<String> = None,
    /// The address that browsers use, if it is another than `listen`: `https://shop.example`.
    public_url: Option<String> = None,
}

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Where the operator's side listens, if it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminListen(pub Option<String>);

impl<'de> Deserialize<'de> for AdminListen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(Some(text).filter(|text| text != "off")))
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Which requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogRequests {
    /// Those that failed or were slow.
    Errors,
    /// All.
    All,
}

/// Something that is done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// How a server for mail is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// In the clear first, then TLS.
    Starttls,
    /// TLS from the beginning.
    Tls,
    /// In the clear.
    Off,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    All,
    /// Answers requests.
    Api,
    /// Works on what was announced.
    Worker,
}

/// Queues by their names; without a name, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queues(Vec<String>);

impl Queues {
    /// Whether one is among them.
    pub fn has(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|queue| queue == name)
    }

    /// Those that are named.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Queues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let names = text.split([',', ' ']).filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        Ok(Self(if names == ["all"] { Vec::new() } else { names }))
    }
}

/// Addresses and networks of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether an address lies in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        let network = |part: &str| {
            part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from)).map_err(
                |_| {
                    D::Error::custom(format!(
                        "{part:?} is no address or network, as 10.0.0.7 or 10.0.0.0/8 are"
                    ))
                },
            )
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

/// Why the settings cannot be used. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, the environment or a flag holds something that is not understood.
    #[error("{place}: {cause}")]
    Value {
        /// Which file, or the environment and flags.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// A file that was named cannot be read.
    #[error("{variable} names the file {path}, which cannot be read: {cause}")]
    File {
        /// The variable or flag.
        variable: String,
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A value is given twice.
    #[error("{0} and {0}_FILE are both set: choose one")]
    Both(String),
    /// A number is out of its range.
    #[error("{name} is {value}, but has to lie between {min} and {max}")]
    Range {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: u32,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
}

impl Default for Config {
    fn default() -> Self {
        load(None, |_| None, &[]).expect("the defaults are valid")
    }
}

/// The settings from all their sources. `file` is what `--config` named; without it
/// [`DEFAULT_FILE`] is read if it is there. `env` looks a variable up.
///
/// # Errors
/// [`ConfigError`]
pub fn load(
    file: Option<&Path>,
    env: impl Fn(&str) -> Option<String>,
    flags: &[(&'static str, String)],
) -> Result<Config, ConfigError> {
    let mut place = "settings".to_owned();
    let mut builder = config::Config::builder();
    for setting in SETTINGS {
        if let Some(default) = setting.default {
            builder = set(builder.set_default(setting.name, default), &place)?;
        }
    }
    if let Some((path, text)) = read_file(file)? {
        place = path.display().to_string();
        check_file(&text, &place)?;
        builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
    }
    for setting in SETTINGS {
        if let Some(value) = variable(setting.name, &env)? {
            builder = set(builder.set_override(setting.name, value), &place)?;
        }
    }
    for (name, value) in flags {
        builder = set(builder.set_override(*name, value.clone()), &place)?;
    }
    let values = builder.build().map_err(|error| invalid("settings", &error))?;
    let config = values.try_deserialize().map_err(|error| invalid("settings", &error))?;
    check_ranges(&config)?;
    Ok(config)
}

type Builder = config::ConfigBuilder<config::builder::DefaultState>;

fn set(result: Result<Builder, config::ConfigError>, place: &str) -> Result<Builder, ConfigError> {
    result.map_err(|error| invalid(place, &error))
}

fn invalid(place: &str, error: &config::ConfigError) -> ConfigError {
    let cause = error.to_string().replace('\n', " ");
    ConfigError::Value { place: place.to_owned(), cause }
}

/// The file's own keys, so that a mistyped one is told with the file's name.
fn check_file(text: &str, place: &str) -> Result<(), ConfigError> {
    let values = config::Config::builder()
        .add_source(config::File::from_str(text, config::FileFormat::Toml))
        .build()
        .map_err(|error| invalid(place, &error))?;
    let keys: std::collections::BTreeMap<String, config::Value> =
        values.try_deserialize().map_err(|error| invalid(place, &error))?;
    if let Some(name) = SECRETS.iter().find(|name| keys.contains_key(**name)) {
        let variable = format!("STOCKROOM_{}", name.to_uppercase());
        let cause = format!("{name:?} is a secret: give it as {variable}_FILE or {variable}");
        return Err(ConfigError::Value { place: place.to_owned(), cause });
    }
    match keys.keys().find(|key| SETTINGS.iter().all(|setting| setting.name != **key)) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            let known = known.join(", ");
            let cause = format!("there is no setting {unknown:?}; there are {known}");
            Err(ConfigError::Value { place: place.to_owned(), cause })
        }
    }
}

fn read_file(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(cause) if named.is_none() && cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(ConfigError::File {
            variable: if named.is_some() { "--config" } else { "the default" }.to_owned(),
            path: path.display().to_string(),
            cause,
        }),
    }
}

/// `STOCKROOM_X`, or what the file that `STOCKROOM_X_FILE` names says.
fn variable(
    name: &str,
    env: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, ConfigError> {
    let variable = format!("STOCKROOM_{}", name.to_uppercase());
    let variable_file = format!("{variable}_FILE");
    match (env(&variable), env(&variable_file)) {
        (Some(_), Some(_)) => Err(ConfigError::Both(variable)),
        (Some(value), None) => Ok(Some(value)),
        (None, None) => Ok(None),
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(cause) => Err(ConfigError::File { variable: variable_file, path, cause }),
        },
    }
}

fn check_ranges(config: &Config) -> Result<(), ConfigError> {
    for (name, value, min, max) in [
        ("ledger_writers", config.ledger_writers, 1, 64),
        ("ledger_queue_lines_max", config.ledger_queue_lines_max, 2_000, 1_000_000),
        ("postgres_connections", config.postgres_connections, 1, 1_000),
        ("connections_max", config.connections_max, 16, 1_000_000),
        ("sockets_max", config.sockets_max, 1, 1_000_000),
        ("worker_tries_max", config.worker_tries_max, 1, 100),
        ("rate_limit_login", config.rate_limit_login, 1, 100_000),
        ("rate_limit_read", config.rate_limit_read, 1, 200_000),
        ("rate_limit_write", config.rate_limit_write, 1, 200_000),
        ("rate_limit_export", config.rate_limit_export, 1, 100_000),
    ] {
        if !(min..=max).contains(&value) {
            return Err(ConfigError::Range { name, value, min, max });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = file("listen = \"a:1\"\nlog_requests = \"all\"\nledger_writers = 3\n");
        let env = |name: &str| match name {
            "STOCKROOM_LISTEN" => Some("b:2".to_owned()),
            "STOCKROOM_LEDGER_WRITERS" => Some("4".to_owned()),
            _ => None,
        };
        let flags = [("listen", "c:3".to_owned())];
        let config = load(Some(file.path()), env, &flags).expect("settings");
        assert_eq!(config.listen, "c:3");
        assert_eq!(config.ledger_writers, 4);
        assert_eq!(config.log_requests, LogRequests::All);
        assert_eq!(config.postgres_connections, 16);
        assert_eq!(Config::default().admin_listen.0.as_deref(), Some("127.0.0.1:9464"));
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_never_printed() {
        let file = file("hunter2\n");
        let path = file.path().display().to_string();
        let one = |name: &str| (name == "STOCKROOM_SETUP_TOKEN_FILE").then(|| path.clone());
        let config = load(None, one, &[]).expect("settings");
        assert_eq!(config.setup_token.as_ref().map(Secret::expose), Some("hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
        let both = |name: &str| name.starts_with("STOCKROOM_SETUP_TOKEN").then(|| path.clone());
        let error = load(None, both, &[]).expect_err("both are set");
        assert_eq!(
            error.to_string(),
            "STOCKROOM_SETUP_TOKEN and STOCKROOM_SETUP_TOKEN_FILE are both set: choose one"
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_in_one_line() {
        let check = |text: &str, words: &str| {
            let file = file(text);
            let said = load(Some(file.path()), |_| None, &[]).expect_err(text).to_string();
            assert!(said.contains(words) && !said.contains('\n'), "{said}");
        };
        check("lisen = \"a:1\"", "there is no setting \"lisen\"");
        check("ledger_writers = 0", "between 1 and 64");
        check("ledger_writers = \"many\"", "ledger_writers");
        check("log_format = \"xml\"", "xml");
        check("listen = ", "TOML");
        check("key = \"x\"", "give it as STOCKROOM_KEY_FILE or STOCKROOM_KEY");
        check("setup_token = \"x\"", "give it as STOCKROOM_SETUP_TOKEN_FILE");
        let missing = Path::new("/does/not/exist.toml");
        assert!(load(Some(missing), |_| None, &[]).is_err_and(|e| e.to_string().contains("exist")));
    }
}
