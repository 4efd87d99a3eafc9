//! Builders of people and stores: straight into the tables, without a password's cost.

use stockroom::auth::{Passwords, Place};
use stockroom::db::{Conn, Tx};
use stockroom::on_db;
use stockroom_domain::permissions::Role;
use stockroom_domain::{StoreId, UserId};
use tokio::sync::OnceCell;

use super::{RequestBuilder, TestApp};

/// The password of everyone here.
pub const PASSWORD: &str = "violet kettle under rain";

/// Someone who has signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub user_id: UserId,
    pub username: String,
    /// Good for ten minutes from the moment they were made.
    pub token: String,
    pub session_id: i64,
    /// The first of their stores; of an administrator, the shop's first.
    pub store: StoreId,
}

impl TestApp {
    /// A shop that is set up: an administrator and a first store.
    pub async fn with_admin(&self) -> Person {
        let store = self.store("MAIN").await;
        let mut admin = self.person(Role::Admin, &[Place::AllStores]).await;
        admin.store = store;
        admin
    }

    /// A store of that code, in UTC.
    pub async fn store(&self, code: &str) -> StoreId {
        const SQL: &str = "INSERT INTO stores (code, code_key, name, time_zone, day_cut_hour,
            is_deleted, version, created_at, updated_at)
            VALUES ($1, $2, $3, 'UTC', 0, $4, 1, $5, $6)
            RETURNING id";
        let now = self.clock.now().0;
        let mut tx = self.app.db.begin().await.expect("begun");
        let id: i64 = on_db!(Conn::from(&mut tx), conn => sqlx::query_scalar(SQL)
            .bind(code)
            .bind(code.to_lowercase())
            .bind(format!("Store {code}"))
            .bind(false)
            .bind(now)
            .bind(now)
            .fetch_one(conn)
            .await)
        .expect("a store");
        tx.commit().await.expect("committed");
        StoreId(id)
    }

    /// A user of that role in these stores, signed in.
    pub async fn user(&self, role: Role, stores: &[StoreId]) -> Person {
        let places: Vec<_> = stores.iter().copied().map(Place::Store).collect();
        self.person(role, &places).await
    }

    /// A request that brings the person's token.
    pub fn get_as(&self, person: &Person, path: &str) -> RequestBuilder {
        self.get(path).token(&person.token)
    }

    /// The same person with a token that is good for ten minutes from now.
    pub async fn signed_in_again(&self, person: &Person) -> Person {
        let signer = self.app.auth.tokens.signer(&self.app.db, &self.clock).await.expect("a key");
        let token = signer.sign(person.user_id, person.session_id, self.clock.now());
        Person { token: token.expect("signed"), ..person.clone() }
    }

    /// Gives someone another role, in one store.
    pub async fn give_role(&self, person: &Person, role: Role, store: StoreId) {
        let mut tx = self.app.db.begin().await.expect("begun");
        insert_role(&mut tx, person.user_id.0, store.0, role.name()).await;
        tx.commit().await.expect("committed");
        self.app.auth.callers.forget_user(person.user_id);
    }

    /// A user of that role in these places, signed in.
    pub async fn person(&self, role: Role, places: &[Place]) -> Person {
        static HASH: OnceCell<String> = OnceCell::const_new();
        let hash = async || Passwords::new(1).hash(PASSWORD).await.expect("hashed");
        let hash = HASH.get_or_init(hash).await;
        let signer = self.app.auth.tokens.signer(&self.app.db, &self.clock).await.expect("a key");
        let now = self.clock.now();
        let mut tx = self.app.db.begin().await.expect("begun");
        let (user_id, username) = insert_user(&mut tx, role, hash, now.0).await;
        for place in places {
            insert_role(&mut tx, user_id, place.store_id(), role.name()).await;
        }
        let session_id = insert_session(&mut tx, user_id, now.0).await;
        tx.commit().await.expect("committed");
        let token = signer.sign(UserId(user_id), session_id, now).expect("signed");
        let store = StoreId(places.first().map_or(0, |place| place.store_id()));
        Person { user_id: UserId(user_id), username, token, session_id, store }
    }
}

async fn insert_user(tx: &mut Tx, role: Role, hash: &str, now: i64) -> (i64, String) {
    const COUNT: &str = "SELECT COUNT(*) FROM users";
    const SQL: &str = "INSERT INTO users (username, username_key, name, password_hash, is_disabled,
        version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
        RETURNING id";
    let count: i64 =
        on_db!(Conn::from(&mut *tx), conn => sqlx::query_scalar(COUNT).fetch_one(conn).await)
            .expect("counted");
    let username = format!("{}{count}", role.name());
    let id = on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(&username)
        .bind(&username)
        .bind(&username)
        .bind(hash)
        .bind(false)
        .bind(now)
        .bind(now)
        .fetch_one(conn)
        .await)
    .expect("a user");
    (id, username)
}

async fn insert_role(tx: &mut Tx, user_id: i64, store_id: i64, role: &str) {
    const SQL: &str = "INSERT INTO user_roles (user_id, store_id, role) VALUES ($1, $2, $3)";
    on_db!(Conn::from(tx), conn => sqlx::query(SQL)
        .bind(user_id)
        .bind(store_id)
        .bind(role)
        .execute(conn)
        .await
        .map(drop))
    .expect("a role");
}

async fn insert_session(tx: &mut Tx, user_id: i64, now: i64) -> i64 {
    const SQL: &str = "INSERT INTO sessions (user_id, created_at, last_used_at, expires_at)
        VALUES ($1, $2, $3, $4)
        RETURNING id";
    on_db!(Conn::from(tx), conn => sqlx::query_scalar(SQL)
        .bind(user_id)
        .bind(now)
        .bind(now)
        .bind(now + 30 * 86_400_000_000)
        .fetch_one(conn)
        .await)
    .expect("a session")
}
