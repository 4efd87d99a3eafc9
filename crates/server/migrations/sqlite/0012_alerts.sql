-- What people should know of stock: sold out, below its reorder point, about to expire.

-- At most one that is not cleared of each kind for a store's product, and lot where it is about
-- one (else 0). `on_hand` and `reorder_point` are those of the moment when it was raised.
CREATE TABLE inventory_alerts (
    id              INTEGER PRIMARY KEY,
    store_id        INTEGER NOT NULL REFERENCES stores,
    product_id      INTEGER NOT NULL REFERENCES products,
    lot_id          INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('low_stock', 'out_of_stock', 'expiring')),
    on_hand         INTEGER NOT NULL,
    reorder_point   INTEGER,
    raised_at       INTEGER NOT NULL,
    cleared_at      INTEGER,
    acknowledged_at INTEGER,
    acknowledged_by INTEGER REFERENCES users,
    note            TEXT,
    version         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX inventory_alerts_open ON inventory_alerts (store_id, product_id, kind, lot_id)
    WHERE cleared_at IS NULL;
CREATE INDEX inventory_alerts_open_by_age ON inventory_alerts (id) WHERE cleared_at IS NULL;
CREATE INDEX inventory_alerts_of_product ON inventory_alerts (product_id, id);
CREATE INDEX inventory_alerts_of_store ON inventory_alerts (store_id, id);
CREATE INDEX inventory_alerts_cleared ON inventory_alerts (cleared_at)
    WHERE cleared_at IS NOT NULL;
CREATE INDEX lots_expiring ON lots (expires_on) WHERE expires_on IS NOT NULL;

-- What is below its point already is no news, but it is so. What expires is found by the clock.
INSERT INTO followers (name, last_id, owner, lease_until)
SELECT 'inventory', last_id, NULL, 0 FROM event_head WHERE log_id = 1;
INSERT INTO inventory_alerts
    (store_id, product_id, lot_id, kind, on_hand, reorder_point, raised_at, version)
SELECT v.store_id, v.product_id, 0, k.kind, v.on_hand,
       COALESCE(t.reorder_point, p.reorder_point), v.updated_at, 1
FROM (SELECT store_id, product_id, SUM(on_hand) AS on_hand,
             MAX(updated_at) AS updated_at
      FROM stock_levels
      WHERE version > 0
      GROUP BY store_id, product_id) v
JOIN products p ON p.id = v.product_id AND NOT p.is_deleted
JOIN stores s ON s.id = v.store_id AND NOT s.is_deleted
LEFT JOIN stock_settings t ON t.store_id = v.store_id AND t.product_id = v.product_id
JOIN (SELECT 'low_stock' AS kind UNION ALL SELECT 'out_of_stock') k
  ON (k.kind = 'low_stock' AND v.on_hand < COALESCE(t.reorder_point, p.reorder_point))
  OR (k.kind = 'out_of_stock' AND v.on_hand = 0
      AND COALESCE(t.reorder_point, p.reorder_point, 1) > 0);
