-- Orders and sales, and what customers owe. An order's head says where it stands; all else is
-- append-only and bears the version of the order that it came with, so that an order can be shown
-- as it was after each of its steps. No foreign keys, as in the ledger: what an order points to is
-- never removed (`stockroom verify` checks it).

-- order_date: when it was placed or sold; business_day: that day in the store's time zone, as days
-- since 1970. total and tax in cents, the tax contained in the total.
CREATE TABLE orders (
    id           BIGINT PRIMARY KEY,
    store_id     BIGINT NOT NULL,
    customer_id  BIGINT,
    employee_id  BIGINT,
    user_id      BIGINT,
    channel      TEXT NOT NULL CHECK (channel IN ('order', 'till')),
    status       TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'shipped',
                     'completed', 'cancelled')),
    order_date   BIGINT NOT NULL,
    business_day BIGINT NOT NULL,
    total        BIGINT NOT NULL CHECK (total >= 0),
    tax          BIGINT NOT NULL CHECK (tax >= 0),
    reference    TEXT,
    note         TEXT,
    is_deleted   BOOLEAN NOT NULL,
    version      BIGINT NOT NULL CHECK (version > 0)
) WITH (fillfactor = 70);
CREATE INDEX orders_by_date ON orders (order_date, id);
CREATE INDEX orders_of_store ON orders (store_id, order_date, id);
CREATE INDEX orders_of_customer ON orders (customer_id, order_date, id)
    WHERE customer_id IS NOT NULL;
CREATE SEQUENCE order_ids CACHE 1;

-- Orders whose goods are still to be taken: one row each, gone with the next step. An index on
-- the status would be written anew with every step of every order.
CREATE TABLE pending_orders (
    order_id  BIGINT PRIMARY KEY,
    placed_at BIGINT NOT NULL
);
CREATE INDEX pending_orders_by_age ON pending_orders (placed_at);

-- id: 1, 2, 3 … in each order. Name, price and tax as they were when it was placed.
CREATE TABLE order_items (
    order_id   BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    sku        TEXT NOT NULL,
    name       TEXT NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity > 0),
    price      BIGINT NOT NULL CHECK (price >= 0),
    tax_rate   BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    tax        BIGINT NOT NULL,
    PRIMARY KEY (order_id, id)
);

-- shortages: of a rejected order, as JSON, what was missing.
CREATE TABLE order_history (
    order_id  BIGINT NOT NULL,
    version   BIGINT NOT NULL CHECK (version > 0),
    event     TEXT NOT NULL CHECK (event IN ('placed', 'sold', 'confirmed', 'rejected', 'shipped',
                  'completed', 'cancelled', 'returned', 'deleted')),
    status    TEXT NOT NULL,
    at        BIGINT NOT NULL,
    actor_id  BIGINT,
    actor     TEXT NOT NULL,
    note      TEXT,
    shortages TEXT,
    PRIMARY KEY (order_id, version)
);

-- amount in cents; below zero where it was given back.
CREATE TABLE order_payments (
    order_id BIGINT NOT NULL,
    id       BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    method   TEXT NOT NULL CHECK (method IN ('cash', 'card', 'credit', 'other')),
    amount   BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (order_id, id)
);

-- What came back of an item, and what was given back for it.
CREATE TABLE order_returns (
    order_id    BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    item_id     BIGINT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    disposition TEXT NOT NULL CHECK (disposition IN ('restock', 'write_off')),
    total       BIGINT NOT NULL,
    tax         BIGINT NOT NULL,
    PRIMARY KEY (order_id, version, item_id)
);

-- Goods that moved for an order say for which, and for which of its items.
ALTER TABLE stock_movements ADD COLUMN order_id BIGINT;
ALTER TABLE stock_movements ADD COLUMN order_item BIGINT;
CREATE INDEX stock_movements_of_order ON stock_movements (order_id)
    WHERE order_id IS NOT NULL;

-- What each customer owes, in cents: the sum of their entries. A row for every customer.
CREATE TABLE customer_balances (
    customer_id BIGINT PRIMARY KEY REFERENCES customers,
    balance     BIGINT NOT NULL,
    version     BIGINT NOT NULL CHECK (version >= 0)
);
INSERT INTO customer_balances (customer_id, balance, version) SELECT id, 0, 0 FROM customers;

-- amount is signed, balance is what was owed after it, version is gapless per customer.
CREATE TABLE customer_entries (
    customer_id BIGINT NOT NULL,
    version     BIGINT NOT NULL CHECK (version > 0),
    kind        TEXT NOT NULL CHECK (kind IN ('credit_sale', 'payment', 'return', 'reversal')),
    amount      BIGINT NOT NULL CHECK (amount <> 0),
    balance     BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    store_id    BIGINT NOT NULL,
    order_id    BIGINT,
    method      TEXT,
    reference   TEXT,
    note        TEXT,
    reverses    BIGINT,
    actor_id    BIGINT,
    actor       TEXT NOT NULL,
    PRIMARY KEY (customer_id, version)
);
CREATE UNIQUE INDEX customer_entries_undone ON customer_entries (customer_id, reverses)
    WHERE reverses IS NOT NULL;

DO $$
DECLARE
    kept TEXT;
BEGIN
    FOREACH kept IN ARRAY ARRAY['order_items', 'order_history', 'order_payments',
                                'order_returns', 'customer_entries']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION refuse_change()', kept || '_append_only', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept || '_no_truncate', kept);
    END LOOP;
END $$;

-- For people with psql or a BI tool: readable values.
CREATE VIEW readable_orders AS
SELECT o.id, s.code AS store, o.channel, o.status, c.name AS customer,
       CAST(o.total AS NUMERIC) / 100 AS total,
       CAST(o.tax AS NUMERIC) / 100 AS tax,
       o.reference, o.note,
       to_timestamp(o.order_date / 1000000.0) AS order_date,
       DATE '1970-01-01' + CAST(o.business_day AS INTEGER) AS business_day
FROM orders o
JOIN stores s ON s.id = o.store_id
LEFT JOIN customers c ON c.id = o.customer_id
WHERE NOT o.is_deleted;
