-- Lists of orders by whoever placed or served them, by a document's number, and by how they
-- ended. No index names the status: it would be written anew with each of an order's steps. What is
-- pending stands in pending_orders, what was rejected or called off in the history, which is never
-- changed.
CREATE INDEX orders_of_user ON orders (user_id, order_date, id) WHERE user_id IS NOT NULL;
CREATE INDEX orders_of_employee ON orders (employee_id, order_date, id)
    WHERE employee_id IS NOT NULL;
CREATE INDEX orders_by_reference ON orders (reference, order_date, id)
    WHERE reference IS NOT NULL;
CREATE INDEX order_history_unhappy ON order_history (event, order_id)
    WHERE event IN ('rejected', 'cancelled');

-- tries: how often the goods of an order that nobody had dealt with could not be taken. Those
-- that were tried least come first.
ALTER TABLE pending_orders ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
DROP INDEX pending_orders_by_age;
CREATE INDEX pending_orders_by_age ON pending_orders (tries, placed_at);

-- As in 0006_audit: what another program changes is on record, and REPLACE is refused. The ledger
-- raises the flag while it writes these two.

CREATE TRIGGER customer_balances_outside_replace BEFORE INSERT ON customer_balances
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM customer_balances WHERE customer_id = NEW.customer_id)
BEGIN SELECT RAISE(ABORT, 'customer_balances: there is such a row, use UPDATE'); END;
CREATE TRIGGER customer_balances_outside_overwrite BEFORE UPDATE ON customer_balances
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM customer_balances WHERE customer_id <> OLD.customer_id AND customer_id = NEW.customer_id)
BEGIN SELECT RAISE(ABORT, 'customer_balances: there is another such row'); END;
CREATE TRIGGER customer_balances_outside_insert AFTER INSERT ON customer_balances
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'customer_balances', NEW.customer_id,
        NULL,
        json_object(
            'customer_id', NEW.customer_id, 'balance', NEW.balance, 'version', NEW.version));
END;
CREATE TRIGGER customer_balances_outside_update AFTER UPDATE ON customer_balances
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'customer_balances', NEW.customer_id,
        json_object(
            'customer_id', OLD.customer_id, 'balance', OLD.balance, 'version', OLD.version),
        json_object(
            'customer_id', NEW.customer_id, 'balance', NEW.balance, 'version', NEW.version));
END;
CREATE TRIGGER customer_balances_outside_delete AFTER DELETE ON customer_balances
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'customer_balances', OLD.customer_id,
        json_object(
            'customer_id', OLD.customer_id, 'balance', OLD.balance, 'version', OLD.version),
        NULL);
END;

CREATE TRIGGER orders_outside_replace BEFORE INSERT ON orders
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM orders WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'orders: there is such a row, use UPDATE'); END;
CREATE TRIGGER orders_outside_overwrite BEFORE UPDATE ON orders
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM orders WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'orders: there is another such row'); END;
CREATE TRIGGER orders_outside_insert AFTER INSERT ON orders
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'orders', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'store_id', NEW.store_id, 'customer_id', NEW.customer_id,
            'employee_id', NEW.employee_id, 'user_id', NEW.user_id, 'channel', NEW.channel,
            'status', NEW.status, 'order_date', NEW.order_date,
            'business_day', NEW.business_day, 'total', NEW.total, 'tax', NEW.tax,
            'reference', NEW.reference, 'note', NEW.note, 'is_deleted', NEW.is_deleted,
            'version', NEW.version));
END;
CREATE TRIGGER orders_outside_update AFTER UPDATE ON orders
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'orders', NEW.id,
        json_object(
            'id', OLD.id, 'store_id', OLD.store_id, 'customer_id', OLD.customer_id,
            'employee_id', OLD.employee_id, 'user_id', OLD.user_id, 'channel', OLD.channel,
            'status', OLD.status, 'order_date', OLD.order_date,
            'business_day', OLD.business_day, 'total', OLD.total, 'tax', OLD.tax,
            'reference', OLD.reference, 'note', OLD.note, 'is_deleted', OLD.is_deleted,
            'version', OLD.version),
        json_object(
            'id', NEW.id, 'store_id', NEW.store_id, 'customer_id', NEW.customer_id,
            'employee_id', NEW.employee_id, 'user_id', NEW.user_id, 'channel', NEW.channel,
            'status', NEW.status, 'order_date', NEW.order_date,
            'business_day', NEW.business_day, 'total', NEW.total, 'tax', NEW.tax,
            'reference', NEW.reference, 'note', NEW.note, 'is_deleted', NEW.is_deleted,
            'version', NEW.version));
END;
CREATE TRIGGER orders_outside_delete AFTER DELETE ON orders
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'orders', OLD.id,
        json_object(
            'id', OLD.id, 'store_id', OLD.store_id, 'customer_id', OLD.customer_id,
            'employee_id', OLD.employee_id, 'user_id', OLD.user_id, 'channel', OLD.channel,
            'status', OLD.status, 'order_date', OLD.order_date,
            'business_day', OLD.business_day, 'total', OLD.total, 'tax', OLD.tax,
            'reference', OLD.reference, 'note', OLD.note, 'is_deleted', OLD.is_deleted,
            'version', OLD.version),
        NULL);
END;
