-- Orders and sales, and what customers owe. An order's head says where it stands; all else is
-- append-only and bears the version of the order that it came with, so that an order can be shown
-- as it was after each of its steps. No foreign keys, as in the ledger: what an order points to is
-- never removed (`stockroom verify` checks it).

-- order_date: when it was placed or sold; business_day: that day in the store's time zone, as days
-- since 1970. total and tax in cents, the tax contained in the total.
CREATE TABLE orders (
    id           INTEGER PRIMARY KEY,
    store_id     INTEGER NOT NULL,
    customer_id  INTEGER,
    employee_id  INTEGER,
    user_id      INTEGER,
    channel      TEXT NOT NULL CHECK (channel IN ('order', 'till')),
    status       TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'shipped',
                     'completed', 'cancelled')),
    order_date   INTEGER NOT NULL,
    business_day INTEGER NOT NULL,
    total        INTEGER NOT NULL CHECK (total >= 0),
    tax          INTEGER NOT NULL CHECK (tax >= 0),
    reference    TEXT,
    note         TEXT,
    is_deleted   INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version      INTEGER NOT NULL CHECK (version > 0)
) STRICT;
CREATE INDEX orders_by_date ON orders (order_date, id);
CREATE INDEX orders_of_store ON orders (store_id, order_date, id);
CREATE INDEX orders_of_customer ON orders (customer_id, order_date, id)
    WHERE customer_id IS NOT NULL;

-- Orders whose goods are still to be taken: one row each, gone with the next step. An index on
-- the status would be written anew with every step of every order.
CREATE TABLE pending_orders (
    order_id  INTEGER PRIMARY KEY,
    placed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_orders_by_age ON pending_orders (placed_at);

-- id: 1, 2, 3 … in each order. Name, price and tax as they were when it was placed.
CREATE TABLE order_items (
    order_id   INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    sku        TEXT NOT NULL,
    name       TEXT NOT NULL,
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    price      INTEGER NOT NULL CHECK (price >= 0),
    tax_rate   INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    tax        INTEGER NOT NULL,
    PRIMARY KEY (order_id, id)
) STRICT, WITHOUT ROWID;

-- shortages: of a rejected order, as JSON, what was missing.
CREATE TABLE order_history (
    order_id  INTEGER NOT NULL,
    version   INTEGER NOT NULL CHECK (version > 0),
    event     TEXT NOT NULL CHECK (event IN ('placed', 'sold', 'confirmed', 'rejected', 'shipped',
                  'completed', 'cancelled', 'returned', 'deleted')),
    status    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    actor_id  INTEGER,
    actor     TEXT NOT NULL,
    note      TEXT,
    shortages TEXT,
    PRIMARY KEY (order_id, version)
) STRICT, WITHOUT ROWID;

-- amount in cents; below zero where it was given back.
CREATE TABLE order_payments (
    order_id INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    method   TEXT NOT NULL CHECK (method IN ('cash', 'card', 'credit', 'other')),
    amount   INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (order_id, id)
) STRICT, WITHOUT ROWID;

-- What came back of an item, and what was given back for it.
CREATE TABLE order_returns (
    order_id    INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    item_id     INTEGER NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    disposition TEXT NOT NULL CHECK (disposition IN ('restock', 'write_off')),
    total       INTEGER NOT NULL,
    tax         INTEGER NOT NULL,
    PRIMARY KEY (order_id, version, item_id)
) STRICT, WITHOUT ROWID;

-- Goods that moved for an order say for which, and for which of its items.
ALTER TABLE stock_movements ADD COLUMN order_id INTEGER;
ALTER TABLE stock_movements ADD COLUMN order_item INTEGER;
CREATE INDEX stock_movements_of_order ON stock_movements (order_id)
    WHERE order_id IS NOT NULL;

-- What each customer owes, in cents: the sum of their entries. A row for every customer.
CREATE TABLE customer_balances (
    customer_id INTEGER PRIMARY KEY REFERENCES customers,
    balance     INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 0)
) STRICT;
INSERT INTO customer_balances (customer_id, balance, version) SELECT id, 0, 0 FROM customers;

-- amount is signed, balance is what was owed after it, version is gapless per customer.
CREATE TABLE customer_entries (
    customer_id INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version > 0),
    kind        TEXT NOT NULL CHECK (kind IN ('credit_sale', 'payment', 'return', 'reversal')),
    amount      INTEGER NOT NULL CHECK (amount <> 0),
    balance     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    store_id    INTEGER NOT NULL,
    order_id    INTEGER,
    method      TEXT,
    reference   TEXT,
    note        TEXT,
    reverses    INTEGER,
    actor_id    INTEGER,
    actor       TEXT NOT NULL,
    PRIMARY KEY (customer_id, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customer_entries_undone ON customer_entries (customer_id, reverses)
    WHERE reverses IS NOT NULL;

-- Without the setting recursive_triggers, which another program may not have on, REPLACE would
-- remove a row and fire no trigger.
CREATE TRIGGER order_items_no_update BEFORE UPDATE ON order_items
BEGIN SELECT RAISE(ABORT, 'order_items is append-only: UPDATE is refused'); END;
CREATE TRIGGER order_items_no_delete BEFORE DELETE ON order_items
BEGIN SELECT RAISE(ABORT, 'order_items is append-only: DELETE is refused'); END;
CREATE TRIGGER order_items_no_replace BEFORE INSERT ON order_items
WHEN EXISTS (SELECT 1 FROM order_items WHERE order_id = NEW.order_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'order_items is append-only: REPLACE is refused'); END;
CREATE TRIGGER order_history_no_update BEFORE UPDATE ON order_history
BEGIN SELECT RAISE(ABORT, 'order_history is append-only: UPDATE is refused'); END;
CREATE TRIGGER order_history_no_delete BEFORE DELETE ON order_history
BEGIN SELECT RAISE(ABORT, 'order_history is append-only: DELETE is refused'); END;
CREATE TRIGGER order_history_no_replace BEFORE INSERT ON order_history
WHEN EXISTS (
         SELECT 1 FROM order_history
         WHERE order_id = NEW.order_id AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'order_history is append-only: REPLACE is refused'); END;
CREATE TRIGGER order_payments_no_update BEFORE UPDATE ON order_payments
BEGIN SELECT RAISE(ABORT, 'order_payments is append-only: UPDATE is refused'); END;
CREATE TRIGGER order_payments_no_delete BEFORE DELETE ON order_payments
BEGIN SELECT RAISE(ABORT, 'order_payments is append-only: DELETE is refused'); END;
CREATE TRIGGER order_payments_no_replace BEFORE INSERT ON order_payments
WHEN EXISTS (SELECT 1 FROM order_payments WHERE order_id = NEW.order_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'order_payments is append-only: REPLACE is refused'); END;
CREATE TRIGGER order_returns_no_update BEFORE UPDATE ON order_returns
BEGIN SELECT RAISE(ABORT, 'order_returns is append-only: UPDATE is refused'); END;
CREATE TRIGGER order_returns_no_delete BEFORE DELETE ON order_returns
BEGIN SELECT RAISE(ABORT, 'order_returns is append-only: DELETE is refused'); END;
CREATE TRIGGER order_returns_no_replace BEFORE INSERT ON order_returns
WHEN EXISTS (
         SELECT 1 FROM order_returns
         WHERE order_id = NEW.order_id AND version = NEW.version AND item_id = NEW.item_id)
BEGIN SELECT RAISE(ABORT, 'order_returns is append-only: REPLACE is refused'); END;
CREATE TRIGGER customer_entries_no_update BEFORE UPDATE ON customer_entries
BEGIN SELECT RAISE(ABORT, 'customer_entries is append-only: UPDATE is refused'); END;
CREATE TRIGGER customer_entries_no_delete BEFORE DELETE ON customer_entries
BEGIN SELECT RAISE(ABORT, 'customer_entries is append-only: DELETE is refused'); END;
CREATE TRIGGER customer_entries_no_replace BEFORE INSERT ON customer_entries
WHEN EXISTS (
         SELECT 1 FROM customer_entries
         WHERE customer_id = NEW.customer_id AND version = NEW.version)
     OR EXISTS (
         SELECT 1 FROM customer_entries
         WHERE customer_id = NEW.customer_id AND reverses = NEW.reverses)
BEGIN SELECT RAISE(ABORT, 'customer_entries is append-only: REPLACE is refused'); END;


-- For people with a database browser: readable values.
CREATE VIEW readable_orders AS
SELECT o.id, s.code AS store, o.channel, o.status, c.name AS customer,
       o.total / 100.0 AS total,
       o.tax / 100.0 AS tax,
       o.reference, o.note,
       strftime('%Y-%m-%dT%H:%M:%fZ', o.order_date / 1000000.0, 'unixepoch') AS order_date,
       date(o.business_day * 86400, 'unixepoch') AS business_day
FROM orders o
JOIN stores s ON s.id = o.store_id
LEFT JOIN customers c ON c.id = o.customer_id
WHERE NOT o.is_deleted;
