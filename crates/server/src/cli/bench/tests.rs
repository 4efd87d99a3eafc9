//! The bench's own statements on real databases, each check once per engine.

use std::path::Path;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::catalogue::Catalogue;
use super::measure::{Timing, block_on};
use super::target::Target;
use super::yardsticks::{self, Keys, Yardsticks, pgbench};
use super::{Plan, history, sql};
use crate::clock::Clock;
use crate::db::DatabaseUrl;
use crate::ledger::verify::verify;

/// Runs a check on an empty SQLite file.
fn on_sqlite(check: impl AsyncFn(&Target, &Path)) {
    block_on(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let target = Target::open(None, folder.path()).await.expect("SQLite opens");
        check(&target, folder.path()).await;
    });
}

/// Runs a check on an empty database of the server that `STOCKROOM_TEST_POSTGRES` names.
fn on_postgres(check: impl AsyncFn(&Target, &Path)) {
    let server = std::env::var("STOCKROOM_TEST_POSTGRES").expect(
        "STOCKROOM_TEST_POSTGRES is the URL of a PostgreSQL superuser; script/test starts a \
         server of its own. To leave these tests out: cargo test sqlite::",
    );
    block_on(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let name = format!("bench_{:016x}", rand::random::<u64>());
        let mut conn = PgConnection::connect(&server).await.expect("PostgreSQL answers");
        let run = |text: String| sqlx::raw_sql(AssertSqlSafe(text));
        run(format!("CREATE DATABASE {name}")).execute(&mut conn).await.expect("it is made");
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{base}/{name}");
        let target = Target::open(Some(&url), folder.path()).await.expect("PostgreSQL opens");
        check(&target, folder.path()).await;
        let dropped = run(format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut conn).await;
        dropped.expect("it is dropped");
    });
}

macro_rules! on_each_engine {
    ($($name:ident: $check:ident,)+) => {
        mod sqlite {
            $(#[test] fn $name() { super::on_sqlite(super::$check); })+
        }
        mod postgres {
            $(#[test] fn $name() { super::on_postgres(super::$check); })+
        }
    };
}

on_each_engine! {
    an_invented_past_holds_together_like_a_posted_one: invent_a_past,
    a_database_that_the_bench_did_not_make_is_refused: meet_a_shop,
    the_yardsticks_lose_no_movement: run_yardsticks,
}

fn plan() -> Plan {
    Plan {
        stores: 3,
        products: 400,
        connections: 2,
        timing: Timing { warm_up: Duration::ZERO, measured: Duration::from_millis(200) },
        movements: 3_000,
        open_loop: None,
        quick: true,
        only: Vec::new(),
    }
}

async fn invent_a_past(target: &Target, _: &Path) {
    let plan = plan();
    let db = target.reset().await.expect("it is emptied");
    let catalogue = Catalogue::make(&db, plan.stores, plan.products).await.expect("a catalogue");
    let span = history::span(Clock::System.now());
    history::make(&db, &catalogue, plan.movements, span).await.expect("a past");
    assert_eq!(sql::movement_count(&db).await.expect("a count"), plan.movements);
    let findings = verify(&db, |_, _| ()).await.expect("the ledger is read");
    assert_eq!(findings.differences, Vec::<String>::new());
    assert_eq!(findings.movements, plan.movements.unsigned_abs());
    sql::settle(&db).await.expect("it settles");
    db.close().await;
    // What the bench made it may empty; and it begins anew with the same ids.
    let db = target.reset().await.expect("it is emptied again");
    assert_eq!(sql::movement_count(&db).await.expect("a count"), 0);
    db.close().await;
}

async fn meet_a_shop(target: &Target, folder: &Path) {
    let db = target.reset().await.expect("it is emptied");
    Catalogue::make(&db, 1, 1).await.expect("a catalogue");
    db.close().await;
    Target::open(Some(&target.url), folder).await.expect("the bench's own is taken");
    let db = target.connect().await.expect("it opens");
    sql::disown(&db).await.expect("the mark is gone");
    db.close().await;
    let refused = Target::open(Some(&target.url), folder).await.expect_err("it is a shop");
    assert!(refused.to_string().contains("did not make"), "{refused}");
}

async fn run_yardsticks(target: &Target, folder: &Path) {
    let plan = plan();
    let (stores, products) = (plan.stores, plan.products);
    let yardsticks = match &target.parsed {
        DatabaseUrl::Postgres(options) => {
            let made = yardsticks::postgres::Yardsticks::make(options, stores, products).await;
            Yardsticks::Postgres(Box::new(made.expect("tables")))
        }
        DatabaseUrl::Sqlite(_) => {
            let path = target.yardstick_file().expect("SQLite has a file");
            let made = yardsticks::sqlite::Yardsticks::make(path, stores, products).await;
            Yardsticks::Sqlite(made.expect("tables"))
        }
    };
    let random = Keys::Random { stores, products };
    for keys in [random, Keys::Hot] {
        yardsticks.five_statements(keys, &plan).await.expect("T5 runs");
        yardsticks.jobs(keys, &plan).await.expect("jobs run");
        yardsticks.one_statement(keys, &plan).await.expect("T1 runs");
    }
    yardsticks.batches(&plan).await.expect("B runs");
    yardsticks.point_reads(&plan).await.expect("point reads run");
    if matches!(target.parsed, DatabaseUrl::Postgres(_)) {
        for script in [pgbench::Script::FiveStatements, pgbench::Script::PointRead] {
            let rate = pgbench::run(&target.url, folder, script, random, 1);
            assert!(rate.expect("pgbench runs") > 1.0);
        }
    }
    // It proves that levels and movements agree before it removes them.
    yardsticks.remove().await.expect("nothing was lost");
}
