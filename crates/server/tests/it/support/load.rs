//! Clients that post without a pause, to servers that may die at any moment.
//!
//! Each call is sent again under its key until it is answered, as a till does. What each was
//! told is kept for [`super::history::check`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;
use stockroom_domain::StoreId;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::history::{self, Call, Outcome};
use super::{Dice, Entry, Person, Reply, RequestBuilder};

/// Clients at work on some products of one store.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Vec<(i64, Call)>>>,
}

struct Shared {
    token: String,
    store: StoreId,
    products: Vec<i64>,
    /// Where the server is now.
    address: watch::Sender<SocketAddr>,
    /// Calls answered so far.
    answered: watch::Sender<usize>,
    /// Orders all that callers see.
    counter: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    /// Sets so many clients to work.
    pub fn start(
        clients: usize,
        who: &Person,
        store: StoreId,
        products: &[i64],
        address: SocketAddr,
        dice: &mut Dice,
    ) -> Self {
        let shared = Arc::new(Shared {
            token: who.token.clone(),
            store,
            products: products.to_vec(),
            address: watch::Sender::new(address),
            answered: watch::Sender::new(0),
            counter: AtomicU64::new(1),
            is_over: AtomicBool::new(false),
        });
        let client = |number| tokio::spawn(Arc::clone(&shared).client(number, dice.split()));
        let clients = (0..clients).map(client).collect();
        Self { shared, clients }
    }

    /// Waits until so many more calls have been answered.
    pub async fn answered(&self, more: usize) {
        let mut answered = self.shared.answered.subscribe();
        let goal = *answered.borrow_and_update() + more;
        answered.wait_for(|count| *count >= goal).await.expect("clients");
    }

    /// Tells the clients of another server.
    pub fn move_to(&self, address: SocketAddr) {
        self.shared.address.send_replace(address);
    }

    /// Lets every client end the call it is in; what they were told, by product.
    pub async fn end(self) -> Vec<(i64, Call)> {
        self.shared.is_over.store(true, Ordering::SeqCst);
        let mut calls = Vec::new();
        for client in self.clients {
            calls.extend(client.await.expect("a client"));
        }
        calls
    }
}

/// Holds what the clients were told against the ledger, product by product.
#[track_caller]
pub fn check(calls: &[(i64, Call)], ledger: &[Entry]) {
    let mut products: Vec<i64> = calls.iter().map(|(product, _)| *product).collect();
    products.sort_unstable();
    products.dedup();
    for product in products {
        let calls: Vec<Call> =
            calls.iter().filter(|(of, _)| *of == product).map(|(_, call)| call.clone()).collect();
        let ledger: Vec<Entry> =
            ledger.iter().filter(|entry| entry.product_id == product).cloned().collect();
        if let Err(why) = history::check(&calls, &ledger) {
            panic!("product {product}: {why}");
        }
    }
}

impl Shared {
    async fn client(self: Arc<Self>, number: usize, mut dice: Dice) -> Vec<(i64, Call)> {
        let mut calls = Vec::new();
        while !self.is_over.load(Ordering::SeqCst) {
            let product = self.products[dice.below(self.products.len())];
            let name = format!("{number}-{}", calls.len());
            // A little more is wished for than comes in, so that some are refused.
            let units = if dice.below(5) < 2 { dice.between(1, 4) } else { -dice.between(1, 4) };
            calls.push((product, self.call(name, product, units).await));
            self.answered.send_modify(|count| *count += 1);
        }
        calls
    }

    /// One call, sent until it is answered.
    async fn call(&self, name: String, product: i64, units: i64) -> Call {
        let path = if units > 0 { "/api/stock/add" } else { "/api/stock/sale" };
        let body = json!({
            "store_id": self.store, "product_id": product, "quantity": units.abs(),
            "reference": name,
        });
        let called = self.counter.fetch_add(1, Ordering::SeqCst);
        let reply = self.until_answered(&name, path, &body).await;
        let answered = Some(self.counter.fetch_add(1, Ordering::SeqCst));
        let outcome = if reply.status == 201 { done(&reply) } else { Outcome::Refused };
        Call { name, called, answered, quantity: units * 1_000, outcome }
    }

    async fn until_answered(&self, key: &str, path: &str, body: &serde_json::Value) -> Reply {
        let mut address = self.address.subscribe();
        loop {
            let at = *address.borrow_and_update();
            let request =
                RequestBuilder::new(at, "POST", path).token(&self.token).key(key).json(body);
            match request.attempt().await {
                Ok(reply) if matches!(reply.status, 201 | 409) => return reply,
                Ok(reply) => {
                    assert_eq!(reply.status, 503, "{}", reply.text());
                    assert_ne!(reply.header("retry-after"), "", "{}", reply.text());
                    tokio::task::yield_now().await;
                }
                // Gone: the next one will say where it is.
                Err(_) => address.changed().await.expect("a server"),
            }
        }
    }
}

/// What a caller learns from a movement.
pub fn done(reply: &Reply) -> Outcome {
    let movement = &reply.json()["movement"];
    let version = movement["version"].as_i64().expect("a version");
    let balance = movement["balance"].as_i64().expect("whole units") * 1_000;
    Outcome::Done { version, balance }
}
