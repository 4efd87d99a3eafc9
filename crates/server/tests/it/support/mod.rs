//! What the tests share: a server of one's own, a client, and both databases.
//!
//! A test is a plain `async fn a_sentence(app: TestApp)`; one `on_both_engines!` at the top of
//! its file runs it on SQLite and on PostgreSQL:
//!
//! ```ignore
//! on_both_engines!(a_product_is_created, a_sku_is_unique);
//!
//! async fn a_product_is_created(app: TestApp) {
//!     let reply = app.post("/api/products").json(&json!({"sku": "A"})).await.expect(201);
//!     assert_eq!(reply.json()["product"]["sku"], "A");
//! }
//! ```
//!
//! PostgreSQL is where `STOCKROOM_TEST_POSTGRES` says (a superuser's URL; `script/test` starts
//! one). Builders of shops, products and people belong in files of their own beside this one,
//! as `impl TestApp` blocks.

mod client;
mod database;
mod dice;
pub mod documented;
pub mod history;
pub mod lists;
pub mod load;
mod orders;
mod people;
pub mod process;
mod products;
pub mod queues;
pub mod receiver;
mod shop;
mod smtp;
mod socket;
pub mod statements;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum_server::Handle;
use stockroom::clock::Clock;
use stockroom::config::{Config, Switch};
use stockroom::db::Db;
use stockroom::http::server;
use stockroom::http::tls::Tls;
use stockroom::{App, router};
use stockroom_domain::Timestamp;

pub use client::{Reply, RequestBuilder};
pub use database::Engine;
pub use dice::Dice;
pub use people::{PASSWORD, Person};
pub use shop::{Entry, Shop, assert_names, with};
pub use smtp::{Mail, Smtp};
pub use socket::{Socket, auth};

/// When every test begins: 2026-03-02T09:00:00Z, a Monday morning.
pub const START: Timestamp = Timestamp(1_772_442_000_000_000);

/// A server of one test's own, on an empty database. It ends when it is dropped.
pub struct TestApp {
    /// The application behind the server.
    pub app: App,
    /// Moves only by hand.
    pub clock: Clock,
    /// Where it listens.
    pub address: SocketAddr,
    /// Which database it has.
    pub engine: Engine,
    handle: Handle<SocketAddr>,
    place: Place,
}

/// Where the data lies; removed with the last server on it.
#[derive(Clone)]
struct Place {
    url: String,
    _database: Option<Arc<database::Database>>,
}

impl TestApp {
    /// A server with the real routes.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, unlimited(), without_ui).await
    }

    /// A server with other settings or routes.
    pub async fn start_with(
        engine: Engine,
        config: Config,
        router: impl FnOnce(App) -> Router,
    ) -> Self {
        let (db, place) = fresh(engine).await;
        let clock = Clock::manual(START);
        let app = App::start(config, db, clock).await.expect("the app starts");
        Self::serving(engine, app, place, router)
    }

    /// A server whose time is the machine's, for tests beside other processes.
    pub async fn start_in_real_time(engine: Engine) -> Self {
        let (db, place) = fresh(engine).await;
        let app = App::start(unlimited(), db, Clock::System).await.expect("the app starts");
        Self::serving(engine, app, place, without_ui)
    }

    /// A server in real time on a database that the test has made by itself.
    pub async fn start_at(engine: Engine, url: &str) -> Self {
        let place = Place { url: url.to_owned(), _database: None };
        Self::starting(engine, place, Clock::System).await
    }

    /// Another node on the same database, with the same clock. One process at a time serves
    /// an SQLite file, so there it is another listener of the same one.
    pub async fn another_node(&self) -> Self {
        let place = self.place.clone();
        match self.engine {
            Engine::Sqlite => Self::serving(self.engine, self.app.clone(), place, without_ui),
            Engine::Postgres => Self::starting(self.engine, place, self.clock.clone()).await,
        }
    }

    /// The same database after the server has stopped in good order and started again.
    pub async fn restarted(self) -> Self {
        self.stop();
        self.app.close().await;
        Self::starting(self.engine, self.place.clone(), self.clock.clone()).await
    }

    /// Where the database is, for another process.
    pub fn database_url(&self) -> &str {
        &self.place.url
    }

    async fn starting(engine: Engine, place: Place, clock: Clock) -> Self {
        let db = database::at(&place.url).await;
        let app = App::start(unlimited(), db, clock).await.expect("the app starts");
        Self::serving(engine, app, place, without_ui)
    }

    fn serving(engine: Engine, app: App, place: Place, router: impl FnOnce(App) -> Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (handle, clock) = (Handle::new(), app.clock.clone());
        let tls = Tls::load(&app.config).expect("a certificate that can be used");
        let connections = app.connections.clone();
        let router = router(app.clone());
        tokio::spawn(server::serve(listener, router, handle.clone(), tls, connections));
        Self { app, clock, address, engine, handle, place }
    }

    /// Tells the server to stop as a signal does: requests that have begun may end.
    pub fn stop(&self) {
        self.app.drain();
        self.handle.graceful_shutdown(None);
    }

    /// A GET request, sent by `.await`.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    /// A POST request.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request("POST", path)
    }

    /// A PUT request.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request("PUT", path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request("PATCH", path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request("DELETE", path)
    }

    /// A request of any method.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        RequestBuilder::new(self.address, method, path)
    }

    /// Sends bytes as they are and returns all that comes back until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = tokio::net::TcpStream::connect(self.address).await.expect("connected");
        socket.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        // A server that closes early may reset the connection: what came before counts.
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// The ordinary settings, but for limits per caller: the tests' clock stands still.
pub fn unlimited() -> Config {
    Config { rate_limit: Switch::Off, ..Config::default() }
}

/// The API alone: whether the interface was built is nothing to its tests.
fn without_ui(app: App) -> Router {
    router::router_with(app, None)
}

async fn fresh(engine: Engine) -> (Db, Place) {
    let (db, database) = database::fresh(engine).await;
    (db, Place { url: database.url(), _database: Some(Arc::new(database)) })
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// Runs each of the named `async fn(TestApp)` of this file on both databases; with another
/// server than the ordinary one as `on_both_engines!(with start: …)`.
macro_rules! on_both_engines {
    (with $start:ident: $($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::$start(crate::support::Engine::Sqlite).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::$start(crate::support::Engine::Postgres).await).await;
            })+
        }
    };
    ($($test:ident),+ $(,)?) => {
        use crate::support::start as start_server;
        crate::support::on_both_engines!(with start_server: $($test),+);
    };
}
pub(crate) use on_both_engines;

/// The ordinary server.
pub async fn start(engine: Engine) -> TestApp {
    TestApp::start(engine).await
}
