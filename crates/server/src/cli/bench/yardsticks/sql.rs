//! The yardsticks' statements. On PostgreSQL they name their schema, so that `pgbench` runs
//! them unchanged.

/// What an outbox row says: as long as a real one.
pub const PAYLOAD: &str =
    r#"{"type":"stock.changed","store_id":1,"lines":[{"product_id":1,"quantity":-1,"balance":1}]}"#;

/// Statements of PostgreSQL.
pub mod postgres {
    /// Makes the tables anew.
    pub const CREATE: &str = "DROP SCHEMA IF EXISTS bench_yardstick CASCADE;
CREATE SCHEMA bench_yardstick;
CREATE TABLE bench_yardstick.levels (
    store_id   BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    on_hand    BIGINT NOT NULL CHECK (on_hand >= 0),
    version    BIGINT NOT NULL,
    PRIMARY KEY (store_id, product_id)
) WITH (fillfactor = 45);
CREATE TABLE bench_yardstick.movements (
    id          BIGSERIAL PRIMARY KEY,
    store_id    BIGINT NOT NULL,
    product_id  BIGINT NOT NULL,
    quantity    BIGINT NOT NULL,
    balance     BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE bench_yardstick.idempotency_keys (
    key        TEXT COLLATE \"C\" PRIMARY KEY,
    created_at BIGINT NOT NULL
);
CREATE TABLE bench_yardstick.outbox (
    id      BIGSERIAL PRIMARY KEY,
    payload TEXT NOT NULL
);
CREATE TABLE bench_yardstick.orders (
    id        BIGSERIAL PRIMARY KEY,
    store_id  BIGINT NOT NULL,
    status    TEXT NOT NULL,
    total     BIGINT NOT NULL,
    placed_at BIGINT NOT NULL
);
CREATE INDEX ON bench_yardstick.orders (store_id, placed_at);
CREATE TABLE bench_yardstick.order_items (
    order_id   BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    quantity   BIGINT NOT NULL,
    price      BIGINT NOT NULL,
    PRIMARY KEY (order_id, product_id)
);
CREATE TABLE bench_yardstick.jobs (
    order_id BIGINT PRIMARY KEY
);
CREATE TABLE bench_yardstick.audit (
    id         BIGSERIAL PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    detail     TEXT NOT NULL
);
CREATE INDEX ON bench_yardstick.audit (subject_id);";
    /// An order, statement 2, after its key: whether its products are there.
    pub const KNOWN: &str = "SELECT product_id FROM bench_yardstick.levels
WHERE store_id = $1 AND product_id IN ($2, $3)";
    /// Statement 3: store $1, at $2.
    pub const PLACE: &str =
        "INSERT INTO bench_yardstick.orders (store_id, status, total, placed_at)
VALUES ($1, 'pending', 500, $2)
RETURNING id";
    /// Statement 4: order $1, products $2 and $3, quantity $4.
    pub const LIST: &str =
        "INSERT INTO bench_yardstick.order_items (order_id, product_id, quantity, price)
VALUES ($1, $2, $4, 250), ($1, $3, $4, 250)";
    /// Statement 5: its job.
    pub const ENQUEUE: &str = "INSERT INTO bench_yardstick.jobs (order_id) VALUES ($1)";
    /// A job, statement 1: the next one that nobody has.
    pub const DEQUEUE: &str = "DELETE FROM bench_yardstick.jobs
WHERE order_id = (SELECT order_id FROM bench_yardstick.jobs
                  ORDER BY order_id
                  FOR UPDATE SKIP LOCKED
                  LIMIT 1)
RETURNING order_id";
    /// Statement 2: what the order is about, in the order in which levels are locked.
    pub const WANTED: &str = "SELECT o.store_id, i.product_id
FROM bench_yardstick.orders o
JOIN bench_yardstick.order_items i ON i.order_id = o.id
WHERE o.id = $1
ORDER BY i.product_id";
    /// The last but two: the order is confirmed.
    pub const CONFIRM: &str =
        "UPDATE bench_yardstick.orders SET status = 'confirmed' WHERE id = $1";
    /// The last but one, of an order and of a job: who did what; at $1, action $2, order $3,
    /// detail $4. The last is [`ANNOUNCE`].
    pub const RECORD: &str =
        "INSERT INTO bench_yardstick.audit (at, actor, action, subject_id, detail)
VALUES ($1, 'bench', $2, $3, $4)";
    /// Removes them.
    pub const DROP: &str = "DROP SCHEMA IF EXISTS bench_yardstick CASCADE";
    /// Fills the levels.
    pub const FILL: &str = "INSERT INTO bench_yardstick.levels (store_id, product_id, on_hand,
    version)
SELECT s, p, 1000000000000, 1
FROM generate_series(1, $1) s, generate_series(1, $2) p
ORDER BY s, p";
    /// After filling.
    pub const SETTLE: &str = "VACUUM ANALYZE bench_yardstick.levels";
    /// T5, statement 1.
    pub const CLAIM: &str = "INSERT INTO bench_yardstick.idempotency_keys (key, created_at)
VALUES ($1, $2)
ON CONFLICT DO NOTHING";
    /// T5, statement 2.
    pub const LOCK: &str = "SELECT on_hand
FROM bench_yardstick.levels
WHERE store_id = $1 AND product_id = $2
FOR UPDATE";
    /// T5, statement 3.
    pub const TAKE: &str = "UPDATE bench_yardstick.levels
SET on_hand = $3, version = version + 1
WHERE store_id = $1 AND product_id = $2";
    /// T5, statement 4.
    pub const MOVE: &str = "INSERT INTO bench_yardstick.movements (store_id, product_id,
    quantity, balance, recorded_at)
VALUES ($1, $2, $3, $4, $5)";
    /// T5, statement 5.
    pub const ANNOUNCE: &str = "INSERT INTO bench_yardstick.outbox (payload) VALUES ($1)";
    /// T1: all five as one.
    pub const ONE: &str = "WITH claimed AS (
    INSERT INTO bench_yardstick.idempotency_keys (key, created_at)
    VALUES ($1, $2)
    ON CONFLICT DO NOTHING
    RETURNING key
), taken AS (
    UPDATE bench_yardstick.levels
    SET on_hand = on_hand - $5, version = version + 1
    WHERE store_id = $3 AND product_id = $4 AND on_hand >= $5
      AND EXISTS (SELECT 1 FROM claimed)
    RETURNING store_id, product_id, on_hand
), moved AS (
    INSERT INTO bench_yardstick.movements (store_id, product_id, quantity, balance, recorded_at)
    SELECT store_id, product_id, -$5, on_hand, $2 FROM taken
    RETURNING id
)
INSERT INTO bench_yardstick.outbox (payload) SELECT $6 FROM moved";
    /// B: a whole batch as one statement.
    pub const BATCH: &str = "WITH claimed AS (
    INSERT INTO bench_yardstick.idempotency_keys (key, created_at)
    VALUES ($1, $2)
    ON CONFLICT DO NOTHING
    RETURNING key
), taken AS (
    UPDATE bench_yardstick.levels l
    SET on_hand = l.on_hand - 1000, version = l.version + 1
    FROM UNNEST($3::BIGINT[], $4::BIGINT[]) AS wanted (store_id, product_id)
    WHERE l.store_id = wanted.store_id AND l.product_id = wanted.product_id
      AND EXISTS (SELECT 1 FROM claimed)
    RETURNING l.store_id, l.product_id, l.on_hand
), moved AS (
    INSERT INTO bench_yardstick.movements (store_id, product_id, quantity, balance, recorded_at)
    SELECT store_id, product_id, -1000, on_hand, $2 FROM taken
    RETURNING id
)
INSERT INTO bench_yardstick.outbox (payload) SELECT $5 FROM moved";
    /// One level by its key.
    pub const READ: &str = "SELECT on_hand, version
FROM bench_yardstick.levels
WHERE store_id = $1 AND product_id = $2";
    /// Whether the conservation of goods held: 0 where every sale is in both tables.
    pub const CHECK: &str = "SELECT CAST(
    (SELECT SUM(1000000000000 - on_hand) FROM bench_yardstick.levels)
    + (SELECT COALESCE(SUM(quantity), 0) FROM bench_yardstick.movements) AS BIGINT)";

    /// T5 for `pgbench`: the same five statements. The variables `stores`, `products` and
    /// `now` are given on its command line.
    pub fn pgbench_script() -> String {
        let key = r"\set key random(1000000000000000000, 9223372036854775806)";
        let place = "\\set store random(1, :stores)\n\\set product random(1, :products)";
        // Rising with time, as a UUID of version 7 does.
        let rising = "to_hex(CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)) || :key";
        let claim = CLAIM.replace("$1", rising).replace("$2", ":now");
        let at = |text: &str| text.replace("$1", ":store").replace("$2", ":product");
        let lock = at(LOCK);
        let take = at(TAKE).replace("$3", ":balance");
        let movement =
            at(MOVE).replace("$3", "-1000").replace("$4", ":balance").replace("$5", ":now");
        let announce = ANNOUNCE.replace("$1", &format!("'{}'", super::PAYLOAD.replace(':', "=")));
        format!(
            "{key}\n{place}\nBEGIN;\n{claim};\n{lock} \\gset\n\\set balance :on_hand - 1000\n\
             {take};\n{movement};\n{announce};\nCOMMIT;\n"
        )
    }

    /// The point read for `pgbench`.
    pub fn pgbench_read_script() -> String {
        let place = "\\set store random(1, :stores)\n\\set product random(1, :products)";
        let read = READ.replace("$1", ":store").replace("$2", ":product");
        format!("{place}\n{read};\n")
    }
}

/// Statements of SQLite. Where several stand in one text they are prepared once each, and run
/// without a trip between the threads after each of them.
pub mod sqlite {
    /// Makes the tables.
    pub const CREATE: &str = "CREATE TABLE levels (
    store_id   INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    on_hand    INTEGER NOT NULL CHECK (on_hand >= 0),
    version    INTEGER NOT NULL,
    PRIMARY KEY (store_id, product_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE movements (
    id          INTEGER PRIMARY KEY,
    store_id    INTEGER NOT NULL,
    product_id  INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    balance     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE TABLE idempotency_keys (
    key        TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox (
    id      INTEGER PRIMARY KEY,
    payload TEXT NOT NULL
) STRICT;
CREATE TABLE orders (
    id        INTEGER PRIMARY KEY,
    store_id  INTEGER NOT NULL,
    status    TEXT NOT NULL,
    total     INTEGER NOT NULL,
    placed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_of_store ON orders (store_id, placed_at);
CREATE TABLE order_items (
    order_id   INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    quantity   INTEGER NOT NULL,
    price      INTEGER NOT NULL,
    PRIMARY KEY (order_id, product_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE jobs (
    order_id INTEGER PRIMARY KEY
) STRICT;
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject_id INTEGER NOT NULL,
    detail     TEXT NOT NULL
) STRICT;
CREATE INDEX audit_of_subject ON audit (subject_id);";
    /// An order: store $1, at $2, products $3 and $4, quantity $5, key $6, payload $7.
    pub const PLACE: &str = "BEGIN IMMEDIATE;
INSERT INTO idempotency_keys (key, created_at) VALUES ($6, $2) ON CONFLICT DO NOTHING;
SELECT product_id FROM levels WHERE store_id = $1 AND product_id IN ($3, $4);
INSERT INTO orders (store_id, status, total, placed_at) VALUES ($1, 'pending', 500, $2);
INSERT INTO order_items (order_id, product_id, quantity, price)
SELECT MAX(id), $3, $5, 250 FROM orders
UNION ALL
SELECT MAX(id), $4, $5, 250 FROM orders;
INSERT INTO jobs (order_id) SELECT MAX(id) FROM orders;
INSERT INTO audit (at, actor, action, subject_id, detail)
SELECT $2, 'bench', 'placed', MAX(id), $7 FROM orders;
INSERT INTO outbox (payload) VALUES ($7);
COMMIT;";
    /// A job, up to what is on hand of what its order is about.
    pub const DEQUEUE: &str = "BEGIN IMMEDIATE;
SELECT j.order_id, o.store_id, i.product_id, l.on_hand
FROM (SELECT MIN(order_id) AS order_id FROM jobs) j
JOIN orders o ON o.id = j.order_id
JOIN order_items i ON i.order_id = o.id
JOIN levels l ON l.store_id = o.store_id AND l.product_id = i.product_id
ORDER BY i.product_id;";
    /// One line of it: store $1, product $2, quantity $3, balance $4, at $5.
    pub const TAKE_LINE: &str = "UPDATE levels SET on_hand = $4, version = version + 1
WHERE store_id = $1 AND product_id = $2;
INSERT INTO movements (store_id, product_id, quantity, balance, recorded_at)
VALUES ($1, $2, $3, $4, $5);";
    /// Its end: order $1, payload $2, at $3.
    pub const CONFIRM: &str = "UPDATE orders SET status = 'confirmed' WHERE id = $1;
DELETE FROM jobs WHERE order_id = $1;
INSERT INTO audit (at, actor, action, subject_id, detail)
VALUES ($3, 'bench', 'confirmed', $1, $2);
INSERT INTO outbox (payload) VALUES ($2);
COMMIT;";
    /// Fills the levels.
    pub const FILL: &str = "INSERT INTO levels (store_id, product_id, on_hand, version)
WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1),
     p (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM p WHERE n < $2)
SELECT s.n, p.n, 1000000000000, 1
FROM s CROSS JOIN p
ORDER BY s.n, p.n";
    /// After filling.
    pub const SETTLE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    /// The first half of a sale, up to what is on hand: key $1 at $2, store $3, product $4.
    pub const LOOK: &str = "BEGIN IMMEDIATE;
INSERT INTO idempotency_keys (key, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;
SELECT on_hand FROM levels WHERE store_id = $3 AND product_id = $4;";
    /// The second half: store $1, product $2, quantity $3, balance $4, at $5, payload $6.
    pub const TAKE: &str = "UPDATE levels SET on_hand = $4, version = version + 1
WHERE store_id = $1 AND product_id = $2;
INSERT INTO movements (store_id, product_id, quantity, balance, recorded_at)
VALUES ($1, $2, $3, $4, $5);
INSERT INTO outbox (payload) VALUES ($6);
COMMIT;";
    /// B with one JSON text: pairs $1 in order, key $2, at $3, payload $4.
    pub const BATCH_JSON: &str = "BEGIN IMMEDIATE;
INSERT INTO idempotency_keys (key, created_at) VALUES ($2, $3) ON CONFLICT DO NOTHING;
UPDATE levels SET on_hand = on_hand - 1000, version = version + 1
FROM (SELECT value ->> 0 AS store, value ->> 1 AS product FROM jsonb_each($1)) AS wanted
WHERE store_id = wanted.store AND product_id = wanted.product;
INSERT INTO movements (store_id, product_id, quantity, balance, recorded_at)
SELECT store_id, product_id, -1000, on_hand, $3
FROM (SELECT value ->> 0 AS store, value ->> 1 AS product FROM jsonb_each($1)) AS wanted
CROSS JOIN levels ON store_id = wanted.store AND product_id = wanted.product;
INSERT INTO outbox (payload) SELECT $4 FROM jsonb_each($1);
COMMIT;";
    /// One level by its key.
    pub const READ: &str =
        "SELECT on_hand, version FROM levels WHERE store_id = $1 AND product_id = $2";
    /// Whether the conservation of goods held: 0 where every sale is in both tables.
    pub const CHECK: &str = "SELECT (SELECT SUM(1000000000000 - on_hand) FROM levels)
    + (SELECT COALESCE(SUM(quantity), 0) FROM movements)";

    /// B with a row of VALUES for each movement: key $1, at $2, payload $3, and pairs from $4.
    pub fn batch_values(count: usize) -> String {
        let pairs: Vec<String> =
            (0..count).map(|n| format!("(${}, ${})", 4 + 2 * n, 5 + 2 * n)).collect();
        let wanted = format!("WITH wanted (store, product) AS (VALUES {})", pairs.join(", "));
        format!(
            "BEGIN IMMEDIATE;
INSERT INTO idempotency_keys (key, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;
{wanted}
UPDATE levels SET on_hand = on_hand - 1000, version = version + 1
FROM wanted
WHERE store_id = wanted.store AND product_id = wanted.product;
{wanted}
INSERT INTO movements (store_id, product_id, quantity, balance, recorded_at)
SELECT store_id, product_id, -1000, on_hand, $2
FROM wanted
CROSS JOIN levels ON store_id = wanted.store AND product_id = wanted.product;
{wanted}
INSERT INTO outbox (payload) SELECT $3 FROM wanted;
COMMIT;"
        )
    }
}
