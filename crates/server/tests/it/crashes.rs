//! P1: what was acknowledged is in the ledger, whatever dies. P5: and it is there once.
//!
//! Processes are killed after random numbers of answers, while others are under way; callers
//! send again under the same keys until they are answered.

use sqlx::Connection as _;

use crate::support::load::{Load, check};
use crate::support::process::{Cluster, Server, assert_verified};
use crate::support::{Dice, Engine, Shop, TestApp, on_both_engines};

on_both_engines!(with start_in_real_time:
    a_server_that_is_killed_loses_nothing_and_doubles_nothing,
);

async fn start_in_real_time(engine: Engine) -> TestApp {
    TestApp::start_in_real_time(engine).await
}

const CLIENTS: usize = 8;

/// A shop of two products, of which nothing is on hand.
async fn shop(app: &TestApp) -> (Shop, [i64; 2]) {
    let shop = app.shop(0).await;
    let products = [shop.product, app.bare_product("B").await];
    (shop, products)
}

async fn a_server_that_is_killed_loses_nothing_and_doubles_nothing(app: TestApp) {
    let mut dice = Dice::new();
    let (shop, products) = shop(&app).await;
    let mut server = Server::start(app.database_url()).await;
    let (who, store) = (&shop.admin, shop.store);
    let load = Load::start(CLIENTS, who, store, &products, server.address, &mut dice);
    for _ in 0..6 {
        load.answered(20 + dice.below(60)).await;
        server.kill();
        server = Server::start(app.database_url()).await;
        load.move_to(server.address);
    }
    let calls = load.end().await;
    server.kill();
    check(&calls, &app.ledger().await);
    app.check_books().await;
    assert_verified(app.database_url());
}

#[tokio::test]
async fn backends_of_postgres_that_are_killed_lose_nothing_and_double_nothing() {
    let app = TestApp::start_in_real_time(Engine::Postgres).await;
    let mut dice = Dice::new();
    let (shop, products) = shop(&app).await;
    let load = Load::start(CLIENTS, &shop.admin, shop.store, &products, app.address, &mut dice);
    let server: sqlx::postgres::PgConnectOptions = app.database_url().parse().expect("a URL");
    let mut killer = sqlx::PgConnection::connect_with(&server).await.expect("connected");
    for _ in 0..12 {
        load.answered(5 + dice.below(30)).await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'stockroom'",
        )
        .execute(&mut killer)
        .await
        .expect("killed");
    }
    let calls = load.end().await;
    // Some connections of the first one may be dead and not know it yet.
    let app = app.another_node().await;
    check(&calls, &app.ledger().await);
    app.check_books().await;
}

#[tokio::test]
async fn a_postgres_that_crashes_loses_nothing_and_doubles_nothing() {
    let cluster = Cluster::start().await;
    let app = TestApp::start_at(Engine::Postgres, &cluster.url).await;
    let mut dice = Dice::new();
    let (shop, products) = shop(&app).await;
    let load = Load::start(CLIENTS, &shop.admin, shop.store, &products, app.address, &mut dice);
    for _ in 0..3 {
        load.answered(30 + dice.below(60)).await;
        cluster.crash().await;
        cluster.start_again().await;
    }
    let calls = load.end().await;
    let app = app.another_node().await;
    check(&calls, &app.ledger().await);
    app.check_books().await;
}
