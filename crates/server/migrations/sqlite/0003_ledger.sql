-- The ledger. Movements are the truth; a level is their sum, written in the same transaction.

-- version 0: made beforehand, hidden from readers.
CREATE TABLE stock_levels (
    store_id   INTEGER NOT NULL REFERENCES stores,
    product_id INTEGER NOT NULL REFERENCES products,
    lot_id     INTEGER NOT NULL,
    on_hand    INTEGER NOT NULL CHECK (on_hand >= 0),
    value      INTEGER NOT NULL CHECK (value >= 0),
    version    INTEGER NOT NULL CHECK (version >= 0),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, product_id, lot_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_levels_of_product ON stock_levels (product_id);

-- recorded_at rises strictly per level, so it stands in the key: stock at an instant is one
-- seek. No foreign keys, as on PostgreSQL: what a movement points to is never removed
-- (`stockroom verify` checks it).
CREATE TABLE stock_movements (
    store_id     INTEGER NOT NULL,
    product_id   INTEGER NOT NULL,
    lot_id       INTEGER NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    recorded_at  INTEGER NOT NULL,
    id           INTEGER PRIMARY KEY,
    type         TEXT NOT NULL CHECK (type IN ('stock_in', 'sale', 'manual_remove', 'sale_return',
                     'found', 'count_adjustment', 'reversal')),
    quantity     INTEGER NOT NULL,
    balance      INTEGER NOT NULL CHECK (balance >= 0),
    value        INTEGER NOT NULL,
    unit_cost    INTEGER,
    reason       TEXT,
    note         TEXT,
    reference    TEXT,
    reverses     INTEGER,
    actor_id     INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    business_day INTEGER NOT NULL,
    UNIQUE (store_id, product_id, lot_id, recorded_at)
) STRICT;
-- Ends in the row's id, as every index here does: one store's movements in order.
CREATE INDEX stock_movements_of_store ON stock_movements (store_id);

-- Which movement was undone by which: at most one each.
CREATE TABLE movement_reversals (
    movement_id INTEGER PRIMARY KEY,
    reversed_by INTEGER NOT NULL
) STRICT;

-- One row per effect, written with it. `key` begins with the caller and the route. `answer`
-- is what the caller was told; of movements, their ids. Without `expires_at` it is kept.
CREATE TABLE idempotency_keys (
    key         TEXT PRIMARY KEY,
    fingerprint INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    answer      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at)
    WHERE expires_at IS NOT NULL;

CREATE TRIGGER stock_movements_no_update BEFORE UPDATE ON stock_movements
BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only: UPDATE is refused'); END;
CREATE TRIGGER stock_movements_no_delete BEFORE DELETE ON stock_movements
BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only: DELETE is refused'); END;
CREATE TRIGGER movement_reversals_no_update BEFORE UPDATE ON movement_reversals
BEGIN SELECT RAISE(ABORT, 'movement_reversals is append-only: UPDATE is refused'); END;
CREATE TRIGGER movement_reversals_no_delete BEFORE DELETE ON movement_reversals
BEGIN SELECT RAISE(ABORT, 'movement_reversals is append-only: DELETE is refused'); END;

-- Without the setting recursive_triggers, which another program may not have on, REPLACE would
-- remove a row and fire no trigger.
CREATE TRIGGER stock_movements_no_replace BEFORE INSERT ON stock_movements
WHEN EXISTS (SELECT 1 FROM stock_movements WHERE id = NEW.id)
     OR EXISTS (
         SELECT 1 FROM stock_movements
         WHERE store_id = NEW.store_id AND product_id = NEW.product_id
           AND lot_id = NEW.lot_id AND recorded_at = NEW.recorded_at)
BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only: REPLACE is refused'); END;
CREATE TRIGGER movement_reversals_no_replace BEFORE INSERT ON movement_reversals
WHEN EXISTS (SELECT 1 FROM movement_reversals WHERE movement_id = NEW.movement_id)
BEGIN SELECT RAISE(ABORT, 'movement_reversals is append-only: REPLACE is refused'); END;

-- For people with a database browser: readable values.
CREATE VIEW current_inventory AS
SELECT s.code AS store, s.name AS store_name, p.sku, p.name AS product, p.category, p.unit,
       l.code AS lot, l.expires_on,
       v.on_hand / 1000.0 AS on_hand,
       v.value / 100.0 AS value,
       v.version,
       strftime('%Y-%m-%dT%H:%M:%fZ', v.updated_at / 1000000.0, 'unixepoch') AS updated_at
FROM stock_levels v
JOIN stores s ON s.id = v.store_id
JOIN products p ON p.id = v.product_id
LEFT JOIN lots l ON l.id = v.lot_id
WHERE v.version > 0;

CREATE VIEW readable_movements AS
SELECT m.id, s.code AS store, p.sku, l.code AS lot, m.version, m.type,
       m.quantity / 1000.0 AS quantity,
       m.balance / 1000.0 AS balance,
       m.value / 100.0 AS value,
       m.reason, m.note, m.reference, m.reverses, u.username AS actor,
       strftime('%Y-%m-%dT%H:%M:%fZ', m.effective_at / 1000000.0, 'unixepoch') AS effective_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', m.recorded_at / 1000000.0, 'unixepoch') AS recorded_at,
       date(m.business_day * 86400, 'unixepoch') AS business_day
FROM stock_movements m
JOIN stores s ON s.id = m.store_id
JOIN products p ON p.id = m.product_id
LEFT JOIN lots l ON l.id = m.lot_id
LEFT JOIN users u ON u.id = m.actor_id;
