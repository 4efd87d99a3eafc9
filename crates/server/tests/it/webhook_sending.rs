//! Webhooks on the network: receivers that are slow, hostile, elsewhere or gone, and senders that
//! die.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use stockroom::config::Config;
use stockroom::webhooks::sender;
use stockroom::workers::Workers;
use stockroom::{App, router};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::products::as_;
use crate::support::receiver::{Answer, Receiver, fan_out, reaching};
use crate::support::{Engine, Person, TestApp, on_both_engines, unlimited};

on_both_engines!(with start_reaching:
    a_redirect_is_not_followed,
    a_name_that_leads_to_this_machine_is_refused_when_it_is_sent_to,
    a_slow_receiver_holds_up_nobody_else,
    a_sender_that_dies_before_it_notes_down_sends_again,
    a_sender_that_was_too_slow_changes_nothing_any_more,
    several_processes_share_the_work,
    what_a_receiver_answers_breaks_nothing,
    only_a_certificate_that_is_believed_and_for_the_name_will_do,
    workers_tell_of_events_by_themselves,
    a_process_that_stops_lets_go_of_what_it_was_sending,
    a_process_without_the_key_of_the_secrets_leaves_the_work_to_others,
    what_an_old_address_answers_says_nothing_of_the_new_one,
);

async fn start_reaching(engine: Engine) -> TestApp {
    TestApp::start_with(engine, reaching(), router::router).await
}

/// Another process on the same database, with other settings.
async fn process(app: &TestApp, config: Config) -> App {
    App::start(config, app.app.db.clone(), app.clock.clone()).await.expect("started")
}

/// A webhook that is told of nothing but tests.
async fn tested(app: &TestApp, admin: &Person, to: &Receiver) -> i64 {
    let asked = json!({"event_types": ["supplier.restored"]});
    app.webhook_to(admin, to, asked).await.0
}

/// Makes so many deliveries that are due.
async fn tests(app: &TestApp, admin: &Person, webhook: i64, count: usize) {
    for _ in 0..count {
        let path = format!("/api/webhooks/{webhook}/test");
        as_(app.post(&path), admin).await.expect(201);
    }
}

/// The newest delivery of a webhook.
async fn last(app: &TestApp, admin: &Person, webhook: i64) -> Value {
    app.deliveries(admin, webhook).await.remove(0)
}

fn error(delivery: &Value) -> &str {
    delivery["error"].as_str().unwrap_or("none")
}

async fn a_redirect_is_not_followed(app: TestApp) {
    let admin = app.with_admin().await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let webhook = tested(&app, &admin, &receiver).await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} X\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            other.url()
        );
        receiver.answer([Answer::Bytes(head.into_bytes())]);
        tests(&app, &admin, webhook, 1).await;
        app.send_webhooks().await;
        let delivery = last(&app, &admin, webhook).await;
        assert_eq!(
            (&delivery["http_status"], &delivery["state"]),
            (&json!(status), &json!("pending"))
        );
        assert!(error(&delivery).contains("not followed"), "{delivery}");
    }
    assert_eq!((receiver.received().len(), other.received().len()), (5, 0));
}

async fn a_name_that_leads_to_this_machine_is_refused_when_it_is_sent_to(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let strict = process(&app, unlimited()).await;
    // What was public when it was made may lead elsewhere by now.
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://localhost:{}/", receiver.address.port());
        let body = json!({"name": "x", "url": url, "event_types": ["supplier.restored"]});
        let made = app.webhook(&admin, &body).await.expect(201).json();
        let webhook = made["webhook"]["id"].as_i64().expect("an id");
        tests(&app, &admin, webhook, 1).await;
        sender::send_due(&strict).await.expect("sent");
        let delivery = last(&app, &admin, webhook).await;
        let said = error(&delivery);
        assert!(said.starts_with("localhost leads to "), "{said}");
        assert!(said.contains("is an address of this machine"), "{said}");
        assert_eq!(
            (&delivery["state"], &delivery["http_status"]),
            (&json!("pending"), &Value::Null)
        );
    }
    assert_eq!(receiver.received().len(), 0);
    // The one that may send it does.
    app.clock.advance(10);
    app.send_webhooks().await;
    assert_eq!(receiver.received().len(), 1);
}

async fn a_slow_receiver_holds_up_nobody_else(app: TestApp) {
    let admin = app.with_admin().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.answer([Answer::Silence]);
    let (waits, goes_on) = (tested(&app, &admin, &slow).await, tested(&app, &admin, &quick).await);
    tests(&app, &admin, waits, 200).await;
    tests(&app, &admin, goes_on, 30).await;
    let sending = tokio::spawn({
        let app = app.app.clone();
        async move { sender::send_due(&app).await }
    });
    quick.wait_for(30).await;
    // It has a few places, and no more.
    assert_eq!(slow.wait_for(4).await.len(), 4);
    assert!(!sending.is_finished());
    sending.abort();
    assert!(sending.await.is_err_and(|error| error.is_cancelled()));
}

async fn a_sender_that_dies_before_it_notes_down_sends_again(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let webhook = tested(&app, &admin, &receiver).await;
    tests(&app, &admin, webhook, 1).await;
    receiver.answer([Answer::Silence, Answer::Status(200)]);
    let sending = tokio::spawn({
        let app = app.app.clone();
        async move { sender::send_due(&app).await }
    });
    receiver.wait_for(1).await;
    sending.abort();
    assert!(sending.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(last(&app, &admin, webhook).await["attempt_count"], 0);
    // Nobody else takes it as long as it may be on its way.
    app.clock.advance(59);
    app.send_webhooks().await;
    assert_eq!(receiver.received().len(), 1);
    app.clock.advance(2);
    app.send_webhooks().await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    let delivery = last(&app, &admin, webhook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(1)));
}

async fn a_sender_that_was_too_slow_changes_nothing_any_more(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let webhook = tested(&app, &admin, &receiver).await;
    tests(&app, &admin, webhook, 1).await;
    let released = Arc::new(Notify::new());
    receiver.answer([Answer::Held(Arc::clone(&released), 599), Answer::Status(500)]);
    let slow = tokio::spawn({
        let app = app.app.clone();
        async move { sender::send_due(&app).await }
    });
    receiver.wait_for(1).await;
    // Another takes over, and is told 500.
    app.clock.advance(61);
    let other = process(&app, reaching()).await;
    sender::send_due(&other).await.expect("sent");
    assert_eq!(receiver.received().len(), 2);
    released.notify_one();
    slow.await.expect("ended").expect("sent");
    let delivery = last(&app, &admin, webhook).await;
    assert_eq!((&delivery["attempt_count"], &delivery["http_status"]), (&json!(1), &json!(500)));
}

async fn several_processes_share_the_work(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let webhook = tested(&app, &admin, &receiver).await;
    tests(&app, &admin, webhook, 60).await;
    let others = [process(&app, reaching()).await, process(&app, reaching()).await];
    let sending = [&app.app, &others[0], &others[1]].map(sender::send_due);
    for sent in futures_util::future::join_all(sending).await {
        sent.expect("sent");
    }
    let received = receiver.received();
    let ids: std::collections::BTreeSet<_> =
        received.iter().map(|one| one.header("webhook-id").to_owned()).collect();
    assert_eq!((received.len(), ids.len()), (60, 60));
    // The same of the log: whoever reads it, each event is told once.
    let (id, _) = app.webhook_to(&admin, &receiver, json!({})).await;
    let reading = [&app.app, &others[0], &others[1]].map(fan_out);
    futures_util::future::join_all(reading).await;
    assert_eq!(app.deliveries(&admin, id).await.len(), 1);
}

async fn workers_tell_of_events_by_themselves(app: TestApp) {
    let shop = app.shop(9).await;
    let receiver = Receiver::start().await;
    let asked = json!({"event_types": ["stock.moved", "order.confirmed"]});
    let (webhook, _) = app.webhook_to(&shop.admin, &receiver, asked).await;
    let other = process(&app, reaching()).await;
    let workers = [
        Workers::start(&app.app).await.expect("workers"),
        Workers::start(&other).await.expect("workers"),
    ];
    app.placed(&shop.admin, shop.store, shop.product, 1).await;
    let told = receiver.wait_for(2).await;
    let mut types: Vec<String> = told.iter().map(|one| one.json()["type"].to_string()).collect();
    types.sort();
    assert_eq!(types, ["\"order.confirmed\"", "\"stock.moved\""]);
    // At once, and without an event.
    tests(&app, &shop.admin, webhook, 1).await;
    receiver.wait_for(3).await;
    for workers in workers {
        workers.end().await;
    }
    assert_eq!(receiver.received().len(), 3);
    let deliveries = app.deliveries(&shop.admin, webhook).await;
    assert!(deliveries.iter().all(|one| one["state"] == "delivered"), "{deliveries:?}");
    app.check_books().await;
}

async fn a_process_that_stops_lets_go_of_what_it_was_sending(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Silence, Answer::Status(200)]);
    let webhook = tested(&app, &admin, &receiver).await;
    let workers = Workers::start(&app.app).await.expect("workers");
    tests(&app, &admin, webhook, 1).await;
    receiver.wait_for(1).await;
    workers.end().await;
    // Another has it without waiting for the lease to run out.
    app.send_webhooks().await;
    assert_eq!(receiver.received().len(), 2);
    let delivery = last(&app, &admin, webhook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("delivered"), &json!(1)));
}

async fn what_a_receiver_answers_breaks_nothing(app: TestApp) {
    let admin = app.with_admin().await;
    let receiver = Receiver::start().await;
    let webhook = tested(&app, &admin, &receiver).await;
    let ok = |rest: &[u8]| [b"HTTP/1.1 200 OK\r\n".as_slice(), rest].concat();
    let check = async |answer: Answer, status: Value, words: &str| {
        receiver.answer([answer]);
        tests(&app, &admin, webhook, 1).await;
        app.send_webhooks().await;
        let delivery = last(&app, &admin, webhook).await;
        assert_eq!((&delivery["http_status"], &delivery["attempt_count"]), (&status, &json!(1)));
        assert!(error(&delivery).contains(words), "{words}: {delivery}");
        let response = delivery["response"].as_str().unwrap_or_default().to_owned();
        assert!(response.chars().count() <= 4_096, "{}", response.len());
        assert!(!response.contains('\0'), "{response}");
        response
    };
    let bytes = |head: &[u8]| Answer::Bytes(ok(head));
    let said =
        check(bytes(b"content-length: 8\r\n\r\na\0\x1b[\xff\xfe\nz"), json!(200), "none").await;
    assert_eq!(said, "a\u{fffd}\u{fffd}[\u{fffd}\u{fffd}\nz");
    let said = check(Answer::Endless(ok(b"\r\nx")), json!(200), "none").await;
    assert_eq!(said, "x".repeat(4_096));
    let said = check(bytes(b"content-length: 999\r\n\r\nbroken off"), json!(200), "none").await;
    assert_eq!(said, "broken off");
    check(bytes(b"transfer-encoding: chunked\r\n\r\nzz\r\n"), json!(200), "none").await;
    check(Answer::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), Value::Null, "").await;
    check(Answer::Bytes(b"\0\0\0\0".to_vec()), Value::Null, "").await;
    check(Answer::Bytes(Vec::new()), Value::Null, "").await;
    check(Answer::Endless(ok(b"x-long: x")), Value::Null, "").await;
    check(Answer::Status(599), json!(599), "answered 599").await;
    let refused = Receiver::start().await;
    receiver.status(200);
    drop(refused);
    app.check_audit().await;
}

/// An authority of one's own, its certificate in a file, and what a server at `localhost` needs.
fn authority(file: &std::path::Path) -> TlsAcceptor {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let issuer = issuer.expect("an authority");
    std::fs::write(file, issuer.pem()).expect("written");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("they belong together");
    TlsAcceptor::from(Arc::new(config))
}

async fn only_a_certificate_that_is_believed_and_for_the_name_will_do(app: TestApp) {
    let admin = app.with_admin().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("authority.pem");
    let receiver = Receiver::start_with(Some(authority(&file))).await;
    let port = receiver.address.port();
    let mut webhooks = Vec::new();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}/");
        let body = json!({"name": host, "url": url, "event_types": ["supplier.restored"]});
        let made = app.webhook(&admin, &body).await.expect(201).json();
        webhooks.push(made["webhook"]["id"].as_i64().expect("an id"));
    }
    let believing = process(&app, Config { webhook_ca: Some(file), ..reaching() }).await;
    let send = async |by: &App, webhook: i64| {
        tests(&app, &admin, webhook, 1).await;
        sender::send_due(by).await.expect("sent");
        last(&app, &admin, webhook).await
    };
    let unknown = send(&app.app, webhooks[0]).await;
    assert!(error(&unknown).contains("UnknownIssuer"), "{unknown}");
    assert_eq!(receiver.received().len(), 0);
    let other_name = send(&believing, webhooks[1]).await;
    assert!(error(&other_name).contains("not valid for name"), "{other_name}");
    assert_eq!(receiver.received().len(), 0);
    let good = send(&believing, webhooks[0]).await;
    assert_eq!(good["state"], "delivered", "{good}");
    assert_eq!(receiver.received()[0].header("host"), format!("localhost:{port}"));
    // A port that does not speak TLS gets nothing to read.
    let plain = Receiver::start().await;
    let url = format!("https://localhost:{}/", plain.address.port());
    let path = format!("/api/webhooks/{}", webhooks[0]);
    as_(app.patch(&path), &admin).json(&json!({"url": url})).await.expect(200);
    plain.answer([Answer::Bytes(Vec::new())]);
    tests(&app, &admin, webhooks[0], 1).await;
    assert_eq!(plain.received().len(), 0);
}

async fn a_process_without_the_key_of_the_secrets_leaves_the_work_to_others(app: TestApp) {
    let key = |key: &str| Config { key: Some(key.to_owned().into()), ..reaching() };
    let wrapped = key("q2kPz0yX8o3mJ5bVtRw1nLs7HcDfGaEu");
    let owner = TestApp::start_with(app.engine, wrapped, router::router).await;
    let admin = owner.with_admin().await;
    let receiver = Receiver::start().await;
    let webhook = tested(&owner, &admin, &receiver).await;
    let other = tested(&owner, &admin, &receiver).await;
    tests(&owner, &admin, webhook, 6).await;
    tests(&owner, &admin, other, 1).await;
    // As if the secrets of one were another process's.
    let spoil =
        format!("UPDATE webhook_secrets SET secret = 'v1.' || secret WHERE webhook_id = {webhook}");
    owner.tamper(&spoil).await.expect("done");
    sender::send_due(&owner.app).await.expect("sent");
    assert_eq!(receiver.received().len(), 1, "the other webhook's");
    let delivery = last(&owner, &admin, webhook).await;
    assert_eq!((&delivery["state"], &delivery["attempt_count"]), (&json!("pending"), &json!(0)));
    // Whoever can read them finds all of it free, at once.
    let mend = format!(
        "UPDATE webhook_secrets SET secret = substr(secret, 4) WHERE webhook_id = {webhook}"
    );
    owner.tamper(&mend).await.expect("done");
    owner.send_webhooks().await;
    assert_eq!(receiver.received().len(), 7);
    assert_eq!(last(&owner, &admin, webhook).await["state"], "delivered");
}

async fn what_an_old_address_answers_says_nothing_of_the_new_one(app: TestApp) {
    let admin = app.with_admin().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let webhook = tested(&app, &admin, &old).await;
    tests(&app, &admin, webhook, 1).await;
    let released = Arc::new(Notify::new());
    old.answer([Answer::Held(Arc::clone(&released), 410)]);
    let sending = tokio::spawn({
        let app = app.app.clone();
        async move { sender::send_due(&app).await }
    });
    old.wait_for(1).await;
    let path = format!("/api/webhooks/{webhook}");
    as_(app.patch(&path), &admin).json(&json!({"url": new.url()})).await.expect(200);
    released.notify_one();
    sending.await.expect("ended").expect("sent");
    assert_eq!(last(&app, &admin, webhook).await["http_status"], 410);
    let shown = app.read_webhook(&admin, webhook).await;
    assert_eq!((&shown["is_active"], &shown["failing_since"]), (&json!(true), &Value::Null));
    tests(&app, &admin, webhook, 1).await;
    app.send_webhooks().await;
    assert_eq!(new.received().len(), 1);
}
