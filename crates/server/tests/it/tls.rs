//! HTTPS by the server itself: a certificate that is renewed while it serves, and clients that
//! do not speak.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use stockroom::clock::Clock;
use stockroom::config::Config;
use stockroom::http::server;
use stockroom::http::tls::Tls;
use stockroom::{App, router};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{Engine, START, TestApp, unlimited};

/// Writes a new certificate for `localhost` and its key into a folder.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("written");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("written");
    made.cert.der().clone()
}

fn settings(folder: &Path) -> Config {
    Config {
        tls_certificate: Some(folder.join("cert.pem")),
        tls_key: Some(folder.join("key.pem")),
        ..unlimited()
    }
}

/// A server that speaks TLS, beside the one whose database it has.
async fn start(config: Config) -> (SocketAddr, Tls, App, TestApp) {
    let plain = TestApp::start(Engine::Sqlite).await;
    let tls = Tls::load(&config).expect("usable").expect("some");
    let clock = Clock::manual(START);
    let app = App::start(config, plain.app.db.clone(), clock).await.expect("started");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (router, connections) = (router::router(app.clone()), app.connections.clone());
    let served = server::serve(listener, router, Handle::new(), Some(tls.clone()), connections);
    tokio::spawn(served);
    (address, tls, app, plain)
}

/// A connection of a client that trusts this certificate alone; `None` where the two do not come
/// together.
async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    // As browsers do: the server has to choose the one that it speaks.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let socket = TcpStream::connect(address).await.expect("connected");
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, socket).await.ok()
}

/// What the server says to such a client.
async fn get(address: SocketAddr, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut stream = connect(address, trusted).await?;
    let request = "GET /api/version HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_into_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = renew(folder.path());
    let (address, tls, _, _plain) = start(settings(folder.path())).await;
    let said = get(address, &first).await.expect("an answer").to_lowercase();
    assert!(said.starts_with("http/1.1 200") && said.contains("\"stockroom\""), "{said}");
    assert!(said.contains("strict-transport-security: max-age=15552000"), "{said}");
    assert!(!tls.reload().expect("readable"), "nothing has changed");

    // Half a renewal is not taken: the old certificate stays.
    let second = renew(folder.path());
    let key = std::fs::read(folder.path().join("key.pem")).expect("read");
    std::fs::write(folder.path().join("key.pem"), "-----BEGIN").expect("written");
    let error = tls.reload().expect_err("half").to_string();
    assert!(error.contains("tls_key"), "{error}");
    assert!(get(address, &first).await.is_some());
    std::fs::write(folder.path().join("key.pem"), key).expect("written");
    assert!(tls.reload().expect("usable"));
    assert!(get(address, &second).await.is_some());
    assert_eq!(get(address, &first).await, None);
}

#[tokio::test]
async fn clients_that_do_not_speak_keep_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = renew(folder.path());
    let (address, _, app, _plain) = start(settings(folder.path())).await;
    let open = || {
        let text = app.metrics.to_text().expect("metrics");
        let line = text.lines().find_map(|line| line.strip_prefix("http_connections "));
        line.map_or(0, |count| count.parse::<u32>().expect("a number"))
    };
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(address).await.expect("connected"));
    }
    let mut plain = TcpStream::connect(address).await.expect("connected");
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    assert!(get(address, &certificate).await.is_some());
    // One that says nothing once the two have come together.
    let agreed = connect(address, &certificate).await.expect("connected");
    while open() != 51 {
        tokio::task::yield_now().await;
    }
    // From here on the clock jumps to whatever is due next: this takes no time.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    while open() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(began.elapsed() < Duration::from_secs(20), "{} are still open", open());
    }
    drop((silent, agreed));
}

#[test]
fn certificates_that_cannot_be_used_are_told_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    renew(folder.path());
    let check = |config: Config, words: &str| {
        let error = Tls::load(&config).map(|_| ()).expect_err(words);
        let said = format!("{error:#}");
        assert!(said.contains(words) && !said.contains('\n'), "{said}");
    };
    assert!(Tls::load(&unlimited()).is_ok_and(|tls| tls.is_none()));
    check(Config { tls_key: None, ..settings(folder.path()) }, "go together");
    let missing = Config { tls_key: Some("/nowhere".into()), ..settings(folder.path()) };
    check(missing, "cannot be read");
    let swapped =
        Config { tls_certificate: Some(folder.path().join("key.pem")), ..settings(folder.path()) };
    check(swapped, "no certificate");
    let other = tempfile::tempdir().expect("a folder");
    renew(other.path());
    let mixed = Config { tls_key: Some(other.path().join("key.pem")), ..settings(folder.path()) };
    check(mixed, "belong together");
}
