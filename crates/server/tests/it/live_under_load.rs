//! P11: from its last event a WebSocket client gets each event once, in order, or a `resync`. P10:
//! and none of another store. Sockets are cut at random places, by the client or because the
//! server dies, while others write all the time.

use std::net::SocketAddr;

use serde_json::{Value, json};
use stockroom_domain::permissions::Role;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::load::Load;
use crate::support::process::Server;
use crate::support::{Dice, Engine, Person, Socket, TestApp, on_both_engines};

on_both_engines!(with start_in_real_time:
    whoever_is_cut_off_again_and_again_hears_everything_of_theirs_once_and_in_order,
    whoever_hears_a_server_that_is_killed_hears_everything_once_and_in_order,
);

async fn start_in_real_time(engine: Engine) -> TestApp {
    TestApp::start_in_real_time(engine).await
}

/// Someone who listens and is cut off all the time.
struct Listener {
    token: String,
    dice: Dice,
    /// Where the servers are now.
    servers: watch::Receiver<Vec<SocketAddr>>,
    /// The last event for them, once it is known.
    last: watch::Receiver<i64>,
}

/// What one has heard, and how often it was cut off.
struct Heard {
    events: Vec<Value>,
    cuts: usize,
}

impl Listener {
    /// Listens behind a place, until the last event.
    async fn listen(mut self, mut cursor: i64) -> Heard {
        let mut heard = Heard { events: Vec::new(), cuts: 0 };
        loop {
            let addresses = self.servers.borrow_and_update().clone();
            let address = addresses[self.dice.below(addresses.len())];
            let Some(mut socket) = Socket::attempt(address).await else {
                // It is dead: the next one will say where it is.
                self.servers.changed().await.expect("a server");
                continue;
            };
            let since = json!({"type": "auth", "token": self.token, "since": cursor});
            socket.say(&since).await;
            for _ in 0..self.dice.below(40) {
                let at = cursor;
                let message = tokio::select! {
                    message = socket.next() => message,
                    _ = self.last.wait_for(|last| *last > 0 && at >= *last) => return heard,
                };
                let Ok(message) = message else { break };
                let said = message["cursor"].as_i64().expect("a cursor");
                match message["type"].as_str() {
                    Some("ready") => assert_eq!(said, cursor, "it goes on behind the last cursor"),
                    Some("event") => heard.events.push(message["event"].clone()),
                    _ => assert_eq!(message["type"], "cursor", "{message}"),
                }
                cursor = said;
            }
            heard.cuts += 1;
        }
    }
}

/// Listeners at work, each with where the last event for them is told.
struct Listeners {
    start: i64,
    running: Vec<(Person, watch::Sender<i64>, JoinHandle<Heard>)>,
}

impl Listeners {
    async fn start(
        app: &TestApp,
        people: &[Person],
        servers: &watch::Sender<Vec<SocketAddr>>,
        dice: &mut Dice,
    ) -> Self {
        let start = app.number("SELECT last_id FROM event_head").await;
        let running = people.iter().map(|person| {
            let last = watch::Sender::new(0);
            let listener = Listener {
                token: person.token.clone(),
                dice: dice.split(),
                servers: servers.subscribe(),
                last: last.subscribe(),
            };
            (person.clone(), last, tokio::spawn(listener.listen(start)))
        });
        let running = running.collect();
        Self { start, running }
    }

    /// Fails the test unless each has heard what the log has for them, all of it, in its order, and
    /// nothing else.
    async fn check(self, app: &TestApp) {
        let (mut all, mut cuts) = (0, 0);
        for (person, last, listener) in self.running {
            let expected = behind(app, &person, self.start).await;
            let end = expected.last().and_then(|event| event["id"].as_i64()).expect("an event");
            last.send_replace(end);
            let heard = listener.await.expect("a listener");
            let ids = |events: &[Value]| {
                events.iter().filter_map(|event| event["id"].as_i64()).collect::<Vec<_>>()
            };
            assert_eq!(ids(&heard.events), ids(&expected), "{} {}", person.username, heard.cuts);
            assert_eq!(heard.events, expected, "{}", person.username);
            all += heard.events.len();
            cuts += heard.cuts;
        }
        assert!(all > 300, "{all} events were heard");
        // A listener hears 20 messages between two cuts, on the average.
        assert!(cuts > 5, "{cuts} cuts");
    }
}

/// What the log has for someone behind a place.
async fn behind(app: &TestApp, who: &Person, mut after: i64) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let path = format!("/api/inventory/events?limit=500&after={after}");
        let page = app.get_as(who, &path).await.expect(200).json();
        after = page["next_after"].as_i64().expect("a place");
        let page = page["events"].as_array().expect("events").clone();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

async fn whoever_is_cut_off_again_and_again_hears_everything_of_theirs_once_and_in_order(
    app: TestApp,
) {
    let mut dice = Dice::new();
    let shop = app.shop(0).await;
    let stores = [shop.store, app.store("B").await, app.store("C").await];
    let node = app.another_node().await;
    let mut people = vec![shop.admin.clone(), shop.admin.clone()];
    for store in stores {
        people.push(app.user(Role::Staff, &[store]).await);
    }
    people.push(app.user(Role::Manager, &stores[1..]).await);
    let servers = watch::Sender::new(vec![app.address, node.address]);
    let listeners = Listeners::start(&app, &people, &servers, &mut dice).await;
    let mut loads = Vec::new();
    for (store, node) in [(stores[0], &app), (stores[1], &node), (stores[2], &app)] {
        // Keys belong to those who use them.
        let who = app.user(Role::Staff, &[store]).await;
        loads.push(Load::start(2, &who, store, &[shop.product], node.address, &mut dice));
    }
    for load in loads {
        load.answered(150).await;
        load.end().await;
    }
    listeners.check(&app).await;
    app.check_books().await;
}

async fn whoever_hears_a_server_that_is_killed_hears_everything_once_and_in_order(app: TestApp) {
    let mut dice = Dice::new();
    let shop = app.shop(0).await;
    let staff = app.user(Role::Staff, &[shop.store]).await;
    let people = [shop.admin.clone(), staff];
    let mut server = Server::start(app.database_url()).await;
    let servers = watch::Sender::new(vec![server.address]);
    let listeners = Listeners::start(&app, &people, &servers, &mut dice).await;
    let load = Load::start(4, &shop.admin, shop.store, &[shop.product], server.address, &mut dice);
    for _ in 0..3 {
        load.answered(60 + dice.below(60)).await;
        server.kill();
        server = Server::start(app.database_url()).await;
        load.move_to(server.address);
        servers.send_replace(vec![server.address]);
    }
    load.answered(60).await;
    load.end().await;
    listeners.check(&app).await;
    server.kill();
    app.check_books().await;
}
