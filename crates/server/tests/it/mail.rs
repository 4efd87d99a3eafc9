//! Notifications by mail, to a server that speaks SMTP.

use serde_json::{Value, json};
use stockroom::config::{Config, Secret, SmtpTls};
use stockroom::notify::mail::{self, Mailer};
use stockroom::router;

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
        test.app.clock.advance(6 * 3_600);
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
    test.alarm(1).await;
    let none = json!({"topics": {"alerts": "email"}});
    set_preferences(&test.app, &test.shop.admin, &none).await;
    assert!(test.sent().await.is_empty());
    wants_mail(&test.app, &test.shop.admin).await;
    assert!(test.sent().await.is_empty(), "what was due is forgotten");
    test.alarm(1).await;
    test.app.tamper("UPDATE users SET is_disabled = TRUE").await.expect("done");
    assert!(test.sent().await.is_empty(), "whoever is out hears of nothing");
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
    let ca = Some("/does/not/exist.pem".into());
    check(Config { smtp_from: from(), smtp_ca: ca, ..base() }, "/does/not/exist.pem");
}
