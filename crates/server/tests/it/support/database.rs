//! An empty, migrated database for each test.
//!
//! On PostgreSQL a template is migrated once per schema, under an advisory lock so that
//! several test processes agree on it, and each test gets a clone, which takes milliseconds.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use stockroom::db::{self, DatabaseUrl, Db, PoolSizes};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own on the server that `STOCKROOM_TEST_POSTGRES` names.
    Postgres,
}

/// Removed when it is dropped.
pub enum Database {
    Sqlite(TempDir),
    Postgres(Clone),
}

const SIZES: PoolSizes = PoolSizes { requests: 6, ledger: 3 };
/// Any number that nothing else locks.
const TEMPLATE_LOCK: i64 = 7_310_441_019;

/// A migrated database without a row of a test's.
pub async fn fresh(engine: Engine) -> (Db, Database) {
    match engine {
        Engine::Sqlite => {
            let folder = tempfile::tempdir().expect("a folder");
            let db = open(&DatabaseUrl::Sqlite(folder.path().join("shop.db"))).await;
            db::migrate(&db).await.expect("migrated");
            (db, Database::Sqlite(folder))
        }
        Engine::Postgres => {
            static TEMPLATE: OnceCell<String> = OnceCell::const_new();
            let template = TEMPLATE.get_or_init(template).await;
            let clone = Clone::of(template).await;
            let url = DatabaseUrl::Postgres(Box::new(server().database(&clone.name)));
            (open(&url).await, Database::Postgres(clone))
        }
    }
}

impl Database {
    /// Its URL, for another process or another node.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join("shop.db").display()),
            Self::Postgres(clone) => {
                let server = server();
                let (user, host, port) =
                    (server.get_username(), server.get_host(), server.get_port());
                format!("postgres://{user}@{host}:{port}/{}", clone.name)
            }
        }
    }
}

/// Opens a database by its URL, and brings its schema up to date.
pub async fn at(url: &str) -> Db {
    let db = open(&url.parse().expect("a database's URL")).await;
    db::migrate(&db).await.expect("migrated");
    db
}

async fn open(url: &DatabaseUrl) -> Db {
    db::connect(url, SIZES).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The server for tests.
fn server() -> PgConnectOptions {
    let url = std::env::var("STOCKROOM_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "STOCKROOM_TEST_POSTGRES is not set. It is the URL of a PostgreSQL superuser, as in \
             postgres://postgres@127.0.0.1:5432/postgres; script/test starts a server of its \
             own. To leave these tests out: cargo test sqlite::"
        )
    });
    url.parse().expect("STOCKROOM_TEST_POSTGRES is a PostgreSQL URL")
}

async fn connect() -> PgConnection {
    server().connect().await.expect("PostgreSQL for tests answers")
}

async fn execute(conn: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.expect("executed");
}

/// Makes the template of this schema, unless a process before did, and returns its name.
async fn template() -> String {
    let name = format!("stockroom_it_{}", schema_digest());
    let mut conn = connect().await;
    execute(&mut conn, format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut conn)
            .await
            .expect("asked");
    if !exists {
        let half_done = format!("{name}_new");
        execute(&mut conn, format!("DROP DATABASE IF EXISTS {half_done}")).await;
        execute(&mut conn, format!("CREATE DATABASE {half_done}")).await;
        let url = DatabaseUrl::Postgres(Box::new(server().database(&half_done)));
        let db = open(&url).await;
        db::migrate(&db).await.expect("migrated");
        db.close().await;
        execute(&mut conn, format!("ALTER DATABASE {half_done} RENAME TO {name}")).await;
    }
    conn.close().await.expect("closed");
    name
}

/// Changes with any migration, so that a template is never out of date.
fn schema_digest() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let files = std::fs::read_dir(folder).expect("migrations");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let mut digest = Sha256::new();
    for path in paths {
        digest.update(std::fs::read(path).expect("a migration"));
    }
    digest.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A test's own copy of the template.
pub struct Clone {
    name: String,
}

impl Clone {
    async fn of(template: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{template}_{}_{count}", std::process::id());
        let mut conn = connect().await;
        execute(&mut conn, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        execute(&mut conn, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        conn.close().await.expect("closed");
        Self { name }
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The test's own runtime is busy dropping this.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut conn = connect().await;
                execute(&mut conn, drop).await;
            });
        });
        // A panic in here while a test panics would hide the test's.
        let _ = removal.join();
    }
}
