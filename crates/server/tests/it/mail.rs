//! Notifications by mail, to a server that speaks SMTP.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom::config::{Config, Secret, SmtpTls};
use stockroom::notify::mail::{self, Mailer};
use stockroom::router;
use stockroom::workers::Workers;
use stockroom_domain::StoreId;
use stockroom_domain::permissions::Role;

use crate::products::as_;
use crate::support::{Engine, Mail, Person, Shop, Smtp, TestApp, on_both_engines, unlimited};

/// One test of mail: what it is sent to, and who gets it.
struct Mails {
    app: TestApp,
    smtp: Smtp,
    shop: Shop,
    _folder: tempfile::TempDir,
}

impl Mails {
    /// A shop whose administrator wants mail of stock, sent as `change` says.
    async fn start(engine: Engine, change: impl FnOnce(&mut Config)) -> Self {
        let smtp = Smtp::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, &smtp.certificate).expect("written");
        let mut config = Config {
            smtp_host: Some("localhost".to_owned()),
            smtp_port: smtp.port,
            smtp_tls: SmtpTls::Off,
            smtp_ca: Some(ca),
            smtp_from: Some("Paws & Co. <shop@example.com>".to_owned()),
            public_url: Some("https://shop.example".to_owned()),
            ..unlimited()
        };
        change(&mut config);
        let app = TestApp::start_with(engine, config, router::router).await;
        let shop = app.shop(20).await;
        wants_mail(&app, &shop.admin).await;
        Self { app, smtp, shop, _folder: folder }
    }

    /// So many alerts, one after another.
    async fn alarm(&self, alerts: usize) {
        let (app, shop) = (&self.app, &self.shop);
        let admin = app.signed_in_again(&shop.admin).await;
        for _ in 0..alerts {
            let product = app.bare_product(&format!("P{}", rand::random::<u32>())).await;
            app.stock_in(&admin, shop.store, product, 1).await;
            app.sale(&admin, shop.store, product, 1).await.expect(201);
        }
        app.catch_up().await;
    }

    /// What is sent now.
    async fn sent(&self) -> Vec<Mail> {
        mail::send_due(&self.app.app).await.expect("the database answers");
        self.smtp.taken()
    }

    async fn numbers_of(&self, state: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM notifications WHERE mail = '{state}'");
        self.app.number(&sql).await
    }
}

async fn set_preferences(app: &TestApp, who: &Person, preferences: &Value) -> Value {
    let set = as_(app.put("/api/notifications/preferences"), who).json(preferences);
    set.await.expect(200).json()
}

async fn wants_mail(app: &TestApp, who: &Person) {
    let wish = json!({"email": "ada@example.com", "topics": {"alerts": "email"}});
    set_preferences(app, who, &wish).await;
}

on_both_engines!(with mails:
    what_is_due_goes_out_together_and_not_too_often,
    what_the_server_does_not_take_now_goes_later,
    what_the_server_refuses_for_good_is_given_up,
    whoever_wants_no_more_mail_gets_none,
    what_one_may_not_read_any_more_is_not_mailed,
    what_is_a_day_old_is_not_mailed,
    a_mail_that_is_sent_again_is_the_same_mail,
    a_server_that_falls_silent_is_left,
    a_process_that_stops_waits_for_no_server,
    one_line_serves_many_and_one_refusal_no_one_else,
);

async fn mails(engine: Engine) -> Mails {
    Mails::start(engine, |_| {}).await
}

async fn what_is_due_goes_out_together_and_not_too_often(test: Mails) {
    test.alarm(1).await;
    let first = test.sent().await;
    assert_eq!(first.len(), 1, "{first:?}");
    let mail = &first[0];
    assert_eq!((mail.to.as_str(), mail.was_encrypted), ("ada@example.com", false));
    assert!(mail.from.contains("shop@example.com"), "{}", mail.from);
    for part in [
        "<shop@example.com>",
        "Subject: Sold out: Product P",
        "Auto-Submitted: auto-generated",
        "https://shop.example",
    ] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    test.alarm(2).await;
    assert!(test.sent().await.is_empty(), "a mail has just gone");
    test.app.clock.advance(60);
    let second = test.sent().await;
    assert_eq!(second.len(), 1);
    assert!(second[0].text.contains("Subject: 2 notifications"), "{}", second[0].text);
    assert_eq!(second[0].text.matches("Sold out").count(), 2);
    test.app.clock.advance(60);
    assert!(test.sent().await.is_empty(), "all is sent");
    assert_eq!((test.numbers_of("sent").await, test.numbers_of("due").await), (3, 0));
}

async fn what_the_server_does_not_take_now_goes_later(test: Mails) {
    test.alarm(1).await;
    test.smtp.refuse(&["451 busy", "421 busy"]);
    assert!(test.sent().await.is_empty());
    assert_eq!(test.numbers_of("due").await, 1);
    test.app.clock.advance(60);
    assert!(test.sent().await.is_empty(), "after a failure it waits longer");
    test.app.clock.advance(60);
    assert!(test.sent().await.is_empty(), "the second refusal");
    test.app.clock.advance(240);
    assert_eq!(test.sent().await.len(), 1);
    assert_eq!(test.numbers_of("sent").await, 1);
    // For ever busy: it is given up in the end.
    test.app.clock.advance(60);
    test.alarm(1).await;
    for _ in 0..mail::TRIES_MAX {
        test.smtp.refuse(&["451 busy"]);
        assert_eq!(test.numbers_of("due").await, 1);
        assert!(test.sent().await.is_empty());
        test.app.clock.advance(7_680);
    }
    assert_eq!(test.numbers_of("failed").await, 1);
    assert!(test.sent().await.is_empty());
}

async fn what_the_server_refuses_for_good_is_given_up(test: Mails) {
    test.alarm(1).await;
    test.smtp.refuse(&["550 no such user"]);
    assert!(test.sent().await.is_empty());
    assert_eq!((test.numbers_of("failed").await, test.numbers_of("due").await), (1, 0));
    let inbox = test.app.get_as(&test.shop.admin, "/api/notifications").await.expect(200).json();
    assert_eq!(inbox["notifications"].as_array().map(Vec::len), Some(1), "the inbox has it");
    test.app.clock.advance(60);
    test.alarm(1).await;
    assert_eq!(test.sent().await.len(), 1, "the next one is tried anew");
}

async fn whoever_wants_no_more_mail_gets_none(test: Mails) {
    for none in [
        json!({"topics": {"alerts": "email"}}),
        json!({"email": "ada@example.com", "topics": {"orders": "email"}}),
        json!({"email": "ada@example.com", "topics": {"alerts": "off"}}),
    ] {
        test.alarm(1).await;
        set_preferences(&test.app, &test.shop.admin, &none).await;
        assert!(test.sent().await.is_empty(), "{none}");
        wants_mail(&test.app, &test.shop.admin).await;
        assert!(test.sent().await.is_empty(), "what was due is forgotten: {none}");
    }
    test.alarm(1).await;
    test.app.tamper("UPDATE users SET is_disabled = TRUE").await.expect("done");
    assert!(test.sent().await.is_empty(), "whoever is out hears of nothing");
}

/// Someone who wants mail of orders and stock, at an address of their own.
async fn reader(test: &Mails, name: &str) -> Person {
    let app = &test.app;
    let person = app.user(Role::Staff, &[test.shop.store]).await;
    let topics = json!({"orders": "email", "alerts": "email"});
    let wish = json!({"email": format!("{name}@example.com"), "topics": topics});
    set_preferences(app, &person, &wish).await;
    person
}

/// To whom mails went.
fn recipients(mails: &[Mail]) -> Vec<&str> {
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    to
}

async fn what_one_may_not_read_any_more_is_not_mailed(test: Mails) {
    let (app, shop) = (&test.app, &test.shop);
    let (bob, cleo) = (reader(&test, "bob").await, reader(&test, "cleo").await);
    let far = app.store("FAR").await;
    let grant = async |person: &Person, stores: &[StoreId]| {
        let admin = app.signed_in_again(&shop.admin).await;
        let path = format!("/api/users/{}", person.user_id);
        let body = json!({"role": "staff", "store_ids": stores});
        as_(app.patch(&path), &admin).json(&body).await.expect(200);
    };
    grant(&bob, &[shop.store, far]).await;
    app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.placed(&shop.admin, far, shop.product, 1).await;
    // One who has placed it is told of it, whatever they may.
    app.placed(&cleo, shop.store, shop.product, 2).await;
    app.catch_up().await;
    grant(&bob, &[far]).await;
    grant(&cleo, &[]).await;
    app.take_goods().await;
    app.catch_up().await;
    let orders = "SELECT COUNT(*) FROM notifications WHERE mail = 'due' AND topic = 'orders'";
    let of_cleo = format!("{orders} AND user_id = {}", cleo.user_id.0);
    assert_eq!(app.number(&of_cleo).await, 2, "one placed by another, and one confirmed");
    let sent = test.sent().await;
    assert_eq!(recipients(&sent), ["bob@example.com"]);
    let text = &sent[0].text;
    assert!(text.contains("Store FAR: Order 2 was placed") && !text.contains("Order 1"), "{text}");
    assert_eq!(test.numbers_of("due").await, 0, "nor later");
    let inbox = app.get_as(&bob, "/api/notifications?topic=orders").await.expect(200).json();
    assert_eq!(inbox["notifications"].as_array().map(Vec::len), Some(1), "as the inbox");
    // Whoever has nothing left waits for nothing.
    grant(&cleo, &[shop.store]).await;
    app.placed(&shop.admin, shop.store, shop.product, 1).await;
    app.catch_up().await;
    assert_eq!(recipients(&test.sent().await), ["cleo@example.com"]);
}

async fn what_is_a_day_old_is_not_mailed(test: Mails) {
    test.alarm(1).await;
    test.app.clock.advance(86_400);
    test.alarm(1).await;
    let sent = test.sent().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].text.matches("Sold out").count(), 2, "one, as subject and line");
    assert_eq!((test.numbers_of("sent").await, test.numbers_of("failed").await), (1, 1));
    test.alarm(1).await;
    test.app.clock.advance(86_399);
    assert_eq!(test.sent().await.len(), 1, "this one is not so old");
}

fn message_id(mail: &Mail) -> &str {
    let line = mail.text.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.unwrap_or_else(|| panic!("{}", mail.text))
}

async fn a_mail_that_is_sent_again_is_the_same_mail(test: Mails) {
    test.alarm(1).await;
    let first = test.sent().await.remove(0);
    let id = message_id(&first);
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    // As if the process had died before it noted that down.
    let undone = "UPDATE notifications SET mail = 'due'";
    test.app.tamper(undone).await.expect("done");
    test.app.clock.advance(60);
    let again = test.sent().await.remove(0);
    assert_eq!(message_id(&again), id);
    test.alarm(1).await;
    test.app.clock.advance(60);
    assert_ne!(message_id(&test.sent().await.remove(0)), id, "another mail");
}

/// How often a mail to anyone has failed.
const TRIES: &str = "SELECT CAST(SUM(mail_tries) AS BIGINT) FROM notification_settings";

async fn a_server_that_falls_silent_is_left(test: Mails) {
    reader(&test, "bob").await;
    for (count, word) in ["", "EHLO", "RCPT", "DATA"].into_iter().enumerate() {
        test.alarm(1).await;
        let connections = test.smtp.connections();
        test.smtp.fall_silent_at(word);
        let sending = tokio::spawn({
            let app = test.app.app.clone();
            async move { mail::send_due(&app).await }
        });
        test.smtp.silences(count + 1).await;
        pass(Duration::from_secs(61)).await;
        let sent = tokio::time::timeout(Duration::from_secs(20), sending).await;
        sent.expect("it ends").expect("joined").expect("the database answers");
        assert_eq!(test.smtp.connections(), connections + 1, "nobody else is tried");
        assert_eq!((test.smtp.taken().len(), test.numbers_of("due").await), (0, 2), "{word}");
        assert_eq!(test.app.number(TRIES).await, 0, "nobody is to blame: {word}");
        test.smtp.behave();
        test.app.clock.advance(60);
        assert_eq!(test.sent().await.len(), 2, "a minute later: {word}");
        test.app.clock.advance(60);
    }
}

/// Lets so much time go by for whatever waits with a limit. The clocks of databases stay.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn a_process_that_stops_waits_for_no_server(test: Mails) {
    reader(&test, "bob").await;
    let workers = Workers::start(&test.app.app).await.expect("workers");
    test.smtp.fall_silent_at("RCPT");
    let admin = test.app.signed_in_again(&test.shop.admin).await;
    let product = test.app.bare_product("P").await;
    test.app.stock_in(&admin, test.shop.store, product, 1).await;
    test.app.sale(&admin, test.shop.store, product, 1).await.expect(201);
    test.smtp.silences(1).await;
    let ended = tokio::time::timeout(Duration::from_secs(20), workers.end()).await;
    ended.expect("workers that end");
    test.smtp.behave();
    assert_eq!(test.sent().await.len(), 2, "the next process sends it at once");
}

async fn one_line_serves_many_and_one_refusal_no_one_else(test: Mails) {
    reader(&test, "bob").await;
    reader(&test, "cleo").await;
    test.alarm(1).await;
    let connections = test.smtp.connections();
    assert_eq!(test.sent().await.len(), 3);
    assert_eq!(test.smtp.connections(), connections + 1);
    test.alarm(1).await;
    test.app.clock.advance(60);
    test.smtp.refuse(&["550 no such user"]);
    assert_eq!(test.sent().await.len(), 2);
    assert_eq!((test.numbers_of("failed").await, test.numbers_of("due").await), (1, 0));
}

#[tokio::test]
async fn a_server_that_refuses_us_costs_nobody_their_mail() {
    let test = Mails::start(Engine::Sqlite, |config| {
        config.smtp_username = Some("till".to_owned());
        config.smtp_password = Some(Secret::from("swordfish".to_owned()));
    })
    .await;
    test.alarm(1).await;
    for (word, answer) in [
        ("AUTH", "535 5.7.8 the password was changed"),
        ("", "554 no service for you"),
        ("MAIL", "550 not from that sender"),
        ("RCPT", "530 sign in first"),
    ] {
        test.smtp.answer(word, answer);
        for _ in 0..=mail::TRIES_MAX {
            assert!(test.sent().await.is_empty(), "{answer}");
            assert_eq!(test.numbers_of("due").await, 1, "{answer}");
            test.app.clock.advance(60);
        }
        test.smtp.behave();
    }
    assert_eq!(test.app.number(TRIES).await, 0);
    let text = test.app.app.metrics.to_text().expect("metrics");
    assert!(text.contains("stockroom_mails_total{outcome=\"no_server\"} 36\n"), "{text}");
    assert_eq!(test.sent().await.len(), 1, "once it is mended");
}

#[tokio::test]
async fn an_error_over_one_is_none_of_the_others() {
    let test = Mails::start(Engine::Sqlite, |_| {}).await;
    let bob = reader(&test, "bob").await;
    reader(&test, "cleo").await;
    test.alarm(1).await;
    let trigger = format!(
        "CREATE TRIGGER no_mail_of_bob BEFORE UPDATE OF mail ON notifications
         WHEN NEW.user_id = {} BEGIN SELECT RAISE(ABORT, 'no'); END",
        bob.user_id.0
    );
    test.app.tamper(&trigger).await.expect("made");
    mail::send_due(&test.app.app).await.expect_err("it is told afterwards");
    let sent = test.smtp.taken();
    assert_eq!(recipients(&sent)[..2], ["ada@example.com", "bob@example.com"]);
    assert_eq!((sent.len(), test.numbers_of("sent").await), (3, 2));
}

#[tokio::test]
async fn without_a_server_no_mail_is_due() {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(1).await;
    let wish = json!({"email": "ada@example.com", "topics": {"alerts": "email"}});
    let set = set_preferences(&app, &shop.admin, &wish).await;
    assert_eq!(set["sends_mail"], false);
    app.sale(&shop.admin, shop.store, shop.product, 1).await.expect(201);
    app.catch_up().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM notifications").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM notifications WHERE mail = 'due'").await, 0);
}

#[tokio::test]
async fn mail_goes_over_tls_to_whoever_the_operator_trusts() {
    let test = Mails::start(Engine::Sqlite, |config| {
        config.smtp_tls = SmtpTls::Starttls;
        config.smtp_username = Some("till".to_owned());
        config.smtp_password = Some(Secret::from("swordfish".to_owned()));
    })
    .await;
    test.alarm(1).await;
    let sent = test.sent().await;
    assert_eq!(sent.len(), 1);
    assert!(sent[0].was_encrypted);
    assert_eq!(sent[0].signed_in.as_deref(), Some("till:swordfish"));
    // The same server, and nobody vouches for it.
    let test = Mails::start(Engine::Sqlite, |config| {
        config.smtp_tls = SmtpTls::Starttls;
        config.smtp_ca = None;
    })
    .await;
    test.alarm(1).await;
    assert!(test.sent().await.is_empty());
    assert_eq!(test.numbers_of("due").await, 1);
}

#[test]
fn settings_of_no_use_are_told_at_the_start() {
    let base = || Config { smtp_host: Some("localhost".to_owned()), ..Config::default() };
    let check = |config: Config, words: &str| {
        let said = format!("{:#}", Mailer::new(&config).expect_err(words));
        assert!(said.contains(words) && !said.contains('\n'), "{said}");
    };
    check(base(), "smtp_from is missing");
    let from = || Some("shop@example.com".to_owned());
    check(Config { smtp_from: Some("shop".to_owned()), ..base() }, "\"shop\" is no address");
    let name = Some("till".to_owned());
    check(Config { smtp_from: from(), smtp_username: name, ..base() }, "go together");
    let secret = Config {
        smtp_from: from(),
        smtp_tls: SmtpTls::Off,
        smtp_username: Some("till".to_owned()),
        smtp_password: Some(Secret::from("swordfish".to_owned())),
        ..base()
    };
    for (host, is_near) in
        [("mail.example.com", false), ("10.0.0.7", false), ("127.0.0.1", true), ("::1", true)]
    {
        let there = Config { smtp_host: Some(host.to_owned()), ..secret.clone() };
        match is_near {
            true => assert!(Mailer::new(&there).is_ok(), "{host}"),
            false => check(there, "smtp_tls is off"),
        }
    }
    let ca = Some("/does/not/exist.pem".into());
    check(Config { smtp_from: from(), smtp_ca: ca, ..base() }, "/does/not/exist.pem");
}
