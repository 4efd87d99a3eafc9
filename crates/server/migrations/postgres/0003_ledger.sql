-- The ledger. Movements are the truth; a level is their sum, written in the same transaction.

-- Rows are updated in place on every sale: the free space keeps those updates on their page,
-- where no index has to learn of them. Half of it, for a delivery or a count moves all levels
-- of a page at once. version 0: made beforehand, hidden from readers.
CREATE TABLE stock_levels (
    store_id   BIGINT NOT NULL REFERENCES stores,
    product_id BIGINT NOT NULL REFERENCES products,
    lot_id     BIGINT NOT NULL,
    on_hand    BIGINT NOT NULL CHECK (on_hand >= 0),
    value      BIGINT NOT NULL CHECK (value >= 0),
    version    BIGINT NOT NULL CHECK (version >= 0),
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (store_id, product_id, lot_id)
) WITH (fillfactor = 45);
CREATE INDEX stock_levels_of_product ON stock_levels (product_id);

-- recorded_at rises strictly per level, so it stands in the key: stock at an instant is one
-- seek. No foreign keys: on an append-only table they cost two thirds of the throughput, and
-- what a movement points to is never removed (`stockroom verify` checks it).
CREATE TABLE stock_movements (
    store_id     BIGINT NOT NULL,
    product_id   BIGINT NOT NULL,
    lot_id       BIGINT NOT NULL,
    version      BIGINT NOT NULL CHECK (version > 0),
    recorded_at  BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    type         TEXT NOT NULL CHECK (type IN ('stock_in', 'sale', 'manual_remove', 'sale_return',
                     'found', 'count_adjustment', 'reversal')),
    quantity     BIGINT NOT NULL,
    balance      BIGINT NOT NULL CHECK (balance >= 0),
    value        BIGINT NOT NULL,
    unit_cost    BIGINT,
    reason       TEXT,
    note         TEXT,
    reference    TEXT,
    reverses     BIGINT,
    actor_id     BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    business_day BIGINT NOT NULL,
    PRIMARY KEY (store_id, product_id, lot_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX stock_movements_id ON stock_movements (id);
CREATE INDEX stock_movements_of_store ON stock_movements (store_id, id);
CREATE SEQUENCE stock_movement_ids CACHE 1;

-- Which movement was undone by which: at most one each.
CREATE TABLE movement_reversals (
    movement_id BIGINT PRIMARY KEY,
    reversed_by BIGINT NOT NULL
);

-- One row per effect, written with it. `key` begins with the caller and the route. `answer`
-- is what the caller was told; of movements, their ids. Without `expires_at` it is kept.
CREATE TABLE idempotency_keys (
    key         TEXT COLLATE "C" PRIMARY KEY,
    fingerprint BIGINT NOT NULL,
    status      BIGINT NOT NULL,
    answer      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT
);
ALTER TABLE idempotency_keys ALTER COLUMN answer SET STORAGE EXTERNAL;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at)
    WHERE expires_at IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'correct a movement with a new one (POST /api/stock/movements/{id}/reverse)';
END $$;
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_movements_no_truncate BEFORE TRUNCATE ON stock_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER movement_reversals_append_only BEFORE UPDATE OR DELETE ON movement_reversals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER movement_reversals_no_truncate BEFORE TRUNCATE ON movement_reversals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- For people with psql or a BI tool: readable values.
CREATE VIEW current_inventory AS
SELECT s.code AS store, s.name AS store_name, p.sku, p.name AS product, p.category, p.unit,
       l.code AS lot, l.expires_on,
       CAST(v.on_hand AS NUMERIC) / 1000 AS on_hand,
       CAST(v.value AS NUMERIC) / 100 AS value,
       v.version,
       to_timestamp(v.updated_at / 1000000.0) AS updated_at
FROM stock_levels v
JOIN stores s ON s.id = v.store_id
JOIN products p ON p.id = v.product_id
LEFT JOIN lots l ON l.id = v.lot_id
WHERE v.version > 0;

CREATE VIEW readable_movements AS
SELECT m.id, s.code AS store, p.sku, l.code AS lot, m.version, m.type,
       CAST(m.quantity AS NUMERIC) / 1000 AS quantity,
       CAST(m.balance AS NUMERIC) / 1000 AS balance,
       CAST(m.value AS NUMERIC) / 100 AS value,
       m.reason, m.note, m.reference, m.reverses, u.username AS actor,
       to_timestamp(m.effective_at / 1000000.0) AS effective_at,
       to_timestamp(m.recorded_at / 1000000.0) AS recorded_at,
       DATE '1970-01-01' + CAST(m.business_day AS INTEGER) AS business_day
FROM stock_movements m
JOIN stores s ON s.id = m.store_id
JOIN products p ON p.id = m.product_id
LEFT JOIN lots l ON l.id = m.lot_id
LEFT JOIN users u ON u.id = m.actor_id;
