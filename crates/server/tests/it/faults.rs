//! What fails around the ledger: full queues, full disks, databases that go away and come
//! back, callers who hang up. Nothing is acknowledged without a commit, and nobody has to
//! restart anything.

use std::future::IntoFuture as _;

use sqlx::Connection as _;
use stockroom::config::Config;
use stockroom::db::Db;
use stockroom::router;
use stockroom_domain::stock::{Change, LevelKey, Line, MovementKind, Valuation};
use stockroom_domain::{ProductId, Quantity};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::ledger;
use crate::support::process::{Cluster, Server, assert_verified, stockroom};
use crate::support::{Engine, Reply, RequestBuilder, Shop, TestApp, on_both_engines, unlimited};

on_both_engines!(
    callers_who_hang_up_lose_nothing_and_block_nobody,
    readers_of_the_past_who_hang_up_block_nobody,
);

mod with_a_short_queue {
    use super::start_with_a_short_queue;
    crate::support::on_both_engines!(with start_with_a_short_queue: a_full_queue_is_said_at_once);
    use super::a_full_queue_is_said_at_once;
}

const QUEUE: u32 = 10;

async fn start_with_a_short_queue(engine: Engine) -> TestApp {
    let config = Config { ledger_queue_lines_max: QUEUE, ..unlimited() };
    TestApp::start_with(engine, config, router::router).await
}

/// The reply, which has to be 503 and say when to come back.
#[track_caller]
fn come_again(reply: &Reply) -> &Reply {
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_ne!(reply.header("retry-after"), "");
    reply
}

async fn a_full_queue_is_said_at_once(app: TestApp) {
    let shop = app.shop(100).await;
    // What a writer needs is held from outside.
    let mut held = app.app.db.begin().await.expect("begun");
    let sql = "UPDATE stock_levels SET version = version";
    stockroom::on_db!(stockroom::db::Conn::from(&mut held), conn =>
        sqlx::query(sql).execute(conn).await.map(drop))
    .expect("held");
    let calls: Vec<_> = (0..QUEUE + 5)
        .map(|_| app.sale(&shop.admin, shop.store, shop.product, 1))
        .map(|request| tokio::spawn(request.into_future()))
        .collect();
    while app.app.ledger.lines_waiting() < QUEUE as usize {
        tokio::task::yield_now().await;
    }
    // Full: whoever comes now is told so without waiting for anything.
    let late = app.sale(&shop.admin, shop.store, shop.product, 1).await;
    come_again(&late).error("overloaded");
    held.rollback().await.expect("let go");
    let (mut sold, mut refused) = (0, 0);
    for call in calls {
        let reply = call.await.expect("a reply");
        if reply.status == 201 {
            sold += 1;
        } else {
            come_again(&reply).error("overloaded");
            refused += 1;
        }
    }
    assert_eq!((sold, refused), (i64::from(QUEUE), 5));
    assert_eq!(app.on_hand(shop.store, shop.product).await, 100 - sold);
    app.check_books().await;
}

async fn callers_who_hang_up_lose_nothing_and_block_nobody(app: TestApp) {
    const CALLERS: i64 = 200;
    let shop = app.shop(1_000).await;
    let body = serde_json::json!({
        "store_id": shop.store, "product_id": shop.product, "quantity": 1,
    })
    .to_string();
    for _ in 0..CALLERS {
        let request = format!(
            "POST /api/stock/sale HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            shop.admin.token,
            body.len()
        );
        let mut socket = TcpStream::connect(app.address).await.expect("connected");
        socket.write_all(request.as_bytes()).await.expect("sent");
    }
    pools_are_whole(&app, &shop).await;
    let sold = 1_000 - app.on_hand(shop.store, shop.product).await;
    assert!(sold <= CALLERS + 16, "{sold} were sold");
    app.check_books().await;
}

/// As of a moment just gone they wait, and then write how far the past is settled.
async fn readers_of_the_past_who_hang_up_block_nobody(app: TestApp) {
    let shop = app.shop(100).await;
    for second in 0..50 {
        app.clock.advance(3);
        let instant = stockroom::clock::Rfc3339(app.clock.now().plus_seconds(-2));
        let request = format!(
            "GET /api/stock/current?as_of={instant} HTTP/1.1\r\nhost: x\r\n\
             authorization: Bearer {}\r\n\r\n",
            shop.admin.token
        );
        let mut socket = TcpStream::connect(app.address).await.expect("connected");
        socket.write_all(request.as_bytes()).await.expect("sent");
        if second % 2 == 0 {
            tokio::task::yield_now().await;
        }
    }
    pools_are_whole(&app, &shop).await;
    app.check_books().await;
}

/// More callers at once than there are connections are all served.
async fn pools_are_whole(app: &TestApp, shop: &Shop) {
    let mut calls = Vec::new();
    for _ in 0..16 {
        let sale = app.sale(&shop.admin, shop.store, shop.product, 1);
        calls.push((201, tokio::spawn(sale.into_future())));
        let list = app.get_as(&shop.admin, "/api/stock/current");
        calls.push((200, tokio::spawn(list.into_future())));
    }
    for (status, call) in calls {
        call.await.expect("a reply").expect(status);
    }
    // Whoever hung up left work behind, which goes on to its end.
    app.app.metrics.in_flight.wait_until_none().await;
    if app.is_postgres() {
        let sql = "SELECT COUNT(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        assert_eq!(app.number(sql).await, 0, "a connection came back inside a transaction");
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_forgotten_when_there_is_room_again() {
    let app = TestApp::start(Engine::Sqlite).await;
    let shop = app.shop(1_000).await;
    let Db::Sqlite { writer, .. } = &app.app.db else { unreachable!() };
    // The file may not grow: what SQLite says then is what it says of a full disk.
    let mut conn = writer.get().await.expect("the writing connection");
    let pages: i64 =
        sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *conn).await.expect("asked");
    drop(conn);
    let limit = |pages: i64| {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        async move {
            let mut conn = writer.get().await.expect("the writing connection");
            sqlx::query(sql).execute(&mut *conn).await.map(drop).expect("limited");
        }
    };
    limit(pages).await;
    let note = "x".repeat(1_900);
    let sale = |key: usize| {
        let body = serde_json::json!({
            "store_id": shop.store, "product_id": shop.product, "quantity": 1, "note": note,
        });
        app.post("/api/stock/sale").token(&shop.admin.token).key(&key.to_string()).json(&body)
    };
    let mut sold = 0;
    let full = loop {
        let reply = sale(sold).await;
        if reply.status != 201 {
            break reply;
        }
        sold += 1;
        assert!(sold < 500, "the disk was never full");
    };
    come_again(&full).error("unavailable");
    come_again(&sale(sold).await).error("unavailable");
    app.get_as(&shop.admin, "/api/stock/current").await.expect(200);
    app.check_books().await;
    assert_eq!(app.ledger().await.len(), sold + 1, "what was not acknowledged is not there");
    limit(i64::from(i32::MAX)).await;
    let reply = sale(sold).await.expect(201);
    assert_eq!(reply.header("idempotency-replayed"), "");
    app.check_books().await;
}

/// After an I/O error at a commit nobody in the process knows what is on the disk: it stops,
/// and the next start reads what is really there.
#[tokio::test]
async fn a_disk_that_fails_at_a_commit_stops_the_server_before_it_acknowledges() {
    let app = TestApp::start_in_real_time(Engine::Sqlite).await;
    let shop = app.shop(1_000).await;
    app.app.close().await;
    let binary = stockroom(&[]);
    let mut limited = std::process::Command::new("sh");
    limited.env_clear().env("STOCKROOM_ADMIN_LISTEN", "off").args([
        "-c",
        // In blocks of 512 bytes. The signal would kill before the error is seen.
        "trap '' XFSZ; ulimit -f 900; exec \"$0\" serve --listen 127.0.0.1:0",
        binary.get_program().to_str().expect("a path"),
    ]);
    let server = Server::start_as(limited, app.database_url()).await;
    let body = serde_json::json!({
        "store_id": shop.store, "product_id": shop.product, "quantity": 1,
        "note": "x".repeat(1_900),
    });
    let mut sold = 0;
    loop {
        let request = app.post("/api/stock/sale").to(server.address).token(&shop.admin.token);
        match request.json(&body).attempt().await {
            Ok(reply) if reply.status == 201 => sold += 1,
            Ok(reply) => drop(come_again(&reply).error("unavailable")),
            Err(_) => break,
        }
        assert!(sold < 900, "the disk never failed");
    }
    assert_eq!(server.ended().await, Some(1));
    assert_verified(app.database_url());
    let app = TestApp::start_at(Engine::Sqlite, app.database_url()).await;
    let there = app.ledger().await.len() - 1;
    assert!(there == sold || there == sold + 1, "{sold} were acknowledged, {there} are there");
    app.check_books().await;
}

#[tokio::test]
async fn a_postgres_that_stops_and_starts_again_needs_no_restart_of_the_server() {
    let cluster = Cluster::start().await;
    let app = TestApp::start_at(Engine::Postgres, &cluster.url).await;
    let shop = app.shop(100).await;
    let sale = || app.sale(&shop.admin, shop.store, shop.product, 1).key("k");
    cluster.crash().await;
    let reply = sale().await;
    assert!(matches!(reply.error("unavailable")["code"].as_str(), Some("unavailable")));
    come_again(&reply).error("unavailable");
    cluster.start_again().await;
    sells_again(&app, &shop, sale).await;
}

/// Asks until the sale goes through: each connection that died with the database may cost an
/// answer more, not a restart. Then one of 100 has been sold.
async fn sells_again(app: &TestApp, shop: &Shop, sale: impl Fn() -> RequestBuilder) {
    let mut asked = 0;
    while sale().await.status != 201 {
        asked += 1;
        assert!(asked < 40, "it does not come back");
    }
    let app = app.another_node().await;
    assert_eq!(app.on_hand(shop.store, shop.product).await, 99);
    app.check_books().await;
}

/// The ledger does not bother a till with a connection that was lost before its commit.
#[tokio::test]
async fn a_batch_whose_connection_was_lost_is_run_again_on_another() {
    let app = TestApp::start(Engine::Postgres).await;
    let shop = app.shop(100).await;
    let options: sqlx::postgres::PgConnectOptions = app.database_url().parse().expect("a URL");
    let mut killer = sqlx::PgConnection::connect_with(&options).await.expect("connected");
    let product = ProductId(shop.product);
    let line = Line {
        key: LevelKey { store: shop.store, product, lot: stockroom_domain::LotId::NONE },
        kind: MovementKind::Sale,
        change: Change::By(-Quantity::units(1)),
        valuation: Valuation::Usual,
        expected_version: None,
        reverses: None,
    };
    for round in 0..5 {
        sqlx::query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'stockroom'",
        )
        .execute(&mut killer)
        .await
        .expect("killed");
        app.post_lines(&format!("k{round}"), &shop.admin, vec![line]).await.expect("sold");
    }
    let app = app.another_node().await;
    assert_eq!(app.on_hand(shop.store, shop.product).await, 95);
    app.check_books().await;
}

/// On PostgreSQL the statement that writes a batch commits by itself, after it has given its row.
#[tokio::test]
async fn a_commit_that_is_refused_is_no_receipt() {
    let app = TestApp::start(Engine::Postgres).await;
    let shop = app.shop(100).await;
    let refuse = "
        CREATE FUNCTION refuse_commit() RETURNS TRIGGER LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused at the commit'; END $$;
        CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON idempotency_keys
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse_commit()";
    app.tamper(refuse).await.expect("in place");
    let sale = || app.sale(&shop.admin, shop.store, shop.product, 1).key("k");
    sale().await.expect(500).error("internal");
    assert_eq!(app.on_hand(shop.store, shop.product).await, 100);
    app.tamper("DROP TRIGGER refuse_commit ON idempotency_keys").await.expect("gone");
    sale().await.expect(201);
    assert_eq!(app.on_hand(shop.store, shop.product).await, 99);
    app.check_books().await;
}

/// Whoever was in the statement that commits when the server went away must not hear that
/// nothing has happened: that cannot be known.
#[tokio::test]
async fn a_commit_that_nobody_can_tell_of_is_said_to_be_unknown() {
    let cluster = Cluster::start().await;
    let app = TestApp::start_at(Engine::Postgres, &cluster.url).await;
    let shop = app.shop(100).await;
    let held = ledger::hold_levels(&app).await;
    let sale = || app.sale(&shop.admin, shop.store, shop.product, 1).key("k");
    let waiting = tokio::spawn(sale().into_future());
    while ledger::waiting(&app, "UPDATE stock_levels").await < 1 {}
    cluster.crash().await;
    drop(held);
    come_again(&waiting.await.expect("a reply")).error("outcome_unknown");
    cluster.start_again().await;
    sells_again(&app, &shop, sale).await;
}
