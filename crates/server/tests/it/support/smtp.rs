//! A server for mail: takes what is sent, or refuses it as it was told to, or falls silent.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    /// Whoever has signed in to send it, `name:password`.
    pub signed_in: Option<String>,
    pub was_encrypted: bool,
    /// Head and body.
    pub text: String,
}

/// What a word of the client is answered, until it is told otherwise.
#[derive(Clone, Copy)]
enum Habit {
    Answer(&'static str),
    Silence,
}

#[derive(Clone, Default)]
struct Shared {
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What recipients are answered instead of 250, one after another.
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
    habits: Arc<Mutex<HashMap<&'static str, Habit>>>,
    /// How often it has fallen silent.
    silences: watch::Sender<usize>,
    /// How many have come.
    connections: watch::Sender<usize>,
}

impl Shared {
    fn habit(&self, word: &str) -> Option<Habit> {
        self.habits.lock().expect("no panic").get(word).copied()
    }

    /// Says nothing any more, until the client goes.
    async fn be_silent<S: AsyncRead + Unpin>(&self, stream: &mut S) {
        self.silences.send_modify(|silences| *silences += 1);
        let mut rest = [0; 64];
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }
}

/// The server; it ends with the runtime of its test.
pub struct Smtp {
    shared: Shared,
    pub port: u16,
    /// Its certificate, which signed itself, as PEM.
    pub certificate: String,
}

impl Smtp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shared = Shared::default();
        let of_server = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), of_server.clone()));
            }
        });
        Self { shared, port, certificate: made.cert.pem() }
    }

    /// What the next recipients are answered.
    pub fn refuse(&self, answers: &[&'static str]) {
        self.shared.refusals.lock().expect("no panic").extend(answers);
    }

    /// What is answered to each such word from now on; to `""`, the connection itself.
    pub fn answer(&self, word: &'static str, answer: &'static str) {
        self.shared.habits.lock().expect("no panic").insert(word, Habit::Answer(answer));
    }

    /// From now on it falls silent at such a word; at `""`, from the beginning.
    pub fn fall_silent_at(&self, word: &'static str) {
        self.shared.habits.lock().expect("no panic").insert(word, Habit::Silence);
    }

    /// It behaves again.
    pub fn behave(&self) {
        self.shared.habits.lock().expect("no panic").clear();
    }

    /// Waits until it has fallen silent so often in all.
    pub async fn silences(&self, count: usize) {
        let mut silences = self.shared.silences.subscribe();
        silences.wait_for(|silences| *silences >= count).await.expect("a server");
    }

    /// How many connections there were in all.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// What has arrived since this was asked last.
    pub fn taken(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.shared.mails.lock().expect("no panic"))
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: Shared) {
    let mut plain = BufStream::new(stream);
    shared.connections.send_modify(|connections| *connections += 1);
    match shared.habit("") {
        Some(Habit::Silence) => return shared.be_silent(&mut plain).await,
        Some(Habit::Answer(answer)) => {
            // The client may be gone already.
            let _ = plain.write_all(format!("{answer}\r\n").as_bytes()).await;
            let _ = plain.flush().await;
            return;
        }
        None => {}
    }
    if plain.write_all(b"220 localhost ready\r\n").await.is_err() {
        return;
    }
    if let Some(true) = converse(&mut plain, &shared, false).await
        && let Ok(stream) = acceptor.accept(plain.into_inner()).await
    {
        converse(&mut BufStream::new(stream), &shared, true).await;
    }
}

/// Speaks with one client until it leaves; whether it wants to go on over TLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    shared: &Shared,
    was_encrypted: bool,
) -> Option<bool> {
    let mut mail = Mail {
        from: String::new(),
        to: String::new(),
        signed_in: None,
        was_encrypted,
        text: String::new(),
    };
    loop {
        stream.flush().await.ok()?;
        let line = line(stream).await?;
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            word if shared.habit(word).is_some() => match shared.habit(word)? {
                Habit::Answer(answer) => answer.to_owned(),
                Habit::Silence => {
                    shared.be_silent(stream).await;
                    return None;
                }
            },
            "EHLO" => "250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN".to_owned(),
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                stream.flush().await.ok()?;
                return Some(true);
            }
            "AUTH" => {
                let token = line.rsplit(' ').next().unwrap_or_default();
                let told = STANDARD.decode(token).unwrap_or_default();
                let told = String::from_utf8_lossy(&told).trim_matches('\0').replace('\0', ":");
                mail.signed_in = Some(told);
                "235 welcome".to_owned()
            }
            "MAIL" => {
                mail.from.clone_from(&line);
                "250 fine".to_owned()
            }
            "RCPT" => {
                mail.to = line.trim_start_matches("RCPT TO:<").trim_end_matches('>').to_owned();
                let refusal = shared.refusals.lock().expect("no panic").pop_front();
                refusal.unwrap_or("250 fine").to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                stream.flush().await.ok()?;
                mail.text = text(stream).await?;
                shared.mails.lock().expect("no panic").push(mail.clone());
                "250 taken".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await.ok()?;
                stream.flush().await.ok()?;
                return Some(false);
            }
            _ => "250 fine".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

/// Up to the line with nothing but a dot.
async fn text<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
    }
}
