-- The people that a shop deals with. Nobody here is ever removed: orders and payments point to
-- them.

-- credit_limit in cents: how much a customer may owe; without it, nothing. search_key holds the
-- name, the address for mail and the digits of the telephone number, in lower case.
CREATE TABLE customers (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    phone_number TEXT,
    email        TEXT,
    address      TEXT,
    credit_limit INTEGER CHECK (credit_limit >= 0),
    search_key   TEXT NOT NULL,
    is_deleted   INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX customers_by_name ON customers (name_key, id) WHERE NOT is_deleted;
CREATE INDEX customers_by_age ON customers (created_at, id) WHERE NOT is_deleted;

-- store_id: where they work; without it, for the whole shop. hire_date is a day, YYYY-MM-DD.
CREATE TABLE employees (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    position     TEXT NOT NULL,
    hire_date    TEXT NOT NULL,
    contact_info TEXT,
    store_id     INTEGER REFERENCES stores,
    search_key   TEXT NOT NULL,
    is_deleted   INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX employees_by_name ON employees (name_key, id) WHERE NOT is_deleted;
CREATE INDEX employees_by_age ON employees (created_at, id) WHERE NOT is_deleted;
CREATE INDEX employees_of_store ON employees (store_id, id);

-- Who delivers what. products.supplier_id names the usual one among them.
CREATE TABLE supplier_products (
    supplier_id INTEGER NOT NULL REFERENCES suppliers,
    product_id  INTEGER NOT NULL REFERENCES products,
    PRIMARY KEY (supplier_id, product_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX supplier_products_of_product ON supplier_products (product_id);
CREATE INDEX suppliers_by_name ON suppliers (name_key, id) WHERE NOT is_deleted;
CREATE INDEX products_supplier ON products (supplier_id) WHERE NOT is_deleted;

-- As in 0006_audit: what another program changes is on record, and REPLACE is refused.

CREATE TRIGGER customers_outside_replace BEFORE INSERT ON customers
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM customers WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'customers: there is such a row, use UPDATE'); END;
CREATE TRIGGER customers_outside_overwrite BEFORE UPDATE ON customers
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM customers WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'customers: there is another such row'); END;
CREATE TRIGGER customers_outside_insert AFTER INSERT ON customers
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'customers', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'name', NEW.name, 'name_key', NEW.name_key,
            'phone_number', NEW.phone_number, 'email', NEW.email, 'address', NEW.address,
            'credit_limit', NEW.credit_limit, 'search_key', NEW.search_key,
            'is_deleted', NEW.is_deleted, 'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER customers_outside_update AFTER UPDATE ON customers
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'customers', NEW.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'name_key', OLD.name_key,
            'phone_number', OLD.phone_number, 'email', OLD.email, 'address', OLD.address,
            'credit_limit', OLD.credit_limit, 'search_key', OLD.search_key,
            'is_deleted', OLD.is_deleted, 'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'name', NEW.name, 'name_key', NEW.name_key,
            'phone_number', NEW.phone_number, 'email', NEW.email, 'address', NEW.address,
            'credit_limit', NEW.credit_limit, 'search_key', NEW.search_key,
            'is_deleted', NEW.is_deleted, 'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER customers_outside_delete AFTER DELETE ON customers
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'customers', OLD.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'name_key', OLD.name_key,
            'phone_number', OLD.phone_number, 'email', OLD.email, 'address', OLD.address,
            'credit_limit', OLD.credit_limit, 'search_key', OLD.search_key,
            'is_deleted', OLD.is_deleted, 'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER employees_outside_replace BEFORE INSERT ON employees
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM employees WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'employees: there is such a row, use UPDATE'); END;
CREATE TRIGGER employees_outside_overwrite BEFORE UPDATE ON employees
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM employees WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'employees: there is another such row'); END;
CREATE TRIGGER employees_outside_insert AFTER INSERT ON employees
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'employees', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'name', NEW.name, 'name_key', NEW.name_key, 'position', NEW.position,
            'hire_date', NEW.hire_date, 'contact_info', NEW.contact_info,
            'store_id', NEW.store_id, 'search_key', NEW.search_key,
            'is_deleted', NEW.is_deleted, 'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER employees_outside_update AFTER UPDATE ON employees
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'employees', NEW.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'name_key', OLD.name_key, 'position', OLD.position,
            'hire_date', OLD.hire_date, 'contact_info', OLD.contact_info,
            'store_id', OLD.store_id, 'search_key', OLD.search_key,
            'is_deleted', OLD.is_deleted, 'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'name', NEW.name, 'name_key', NEW.name_key, 'position', NEW.position,
            'hire_date', NEW.hire_date, 'contact_info', NEW.contact_info,
            'store_id', NEW.store_id, 'search_key', NEW.search_key,
            'is_deleted', NEW.is_deleted, 'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER employees_outside_delete AFTER DELETE ON employees
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'employees', OLD.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'name_key', OLD.name_key, 'position', OLD.position,
            'hire_date', OLD.hire_date, 'contact_info', OLD.contact_info,
            'store_id', OLD.store_id, 'search_key', OLD.search_key,
            'is_deleted', OLD.is_deleted, 'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER supplier_products_outside_replace BEFORE INSERT ON supplier_products
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM supplier_products
         WHERE supplier_id = NEW.supplier_id AND product_id = NEW.product_id)
BEGIN SELECT RAISE(ABORT, 'supplier_products: there is such a row, use UPDATE'); END;
CREATE TRIGGER supplier_products_outside_overwrite BEFORE UPDATE ON supplier_products
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM supplier_products
         WHERE NOT (supplier_id = OLD.supplier_id AND product_id = OLD.product_id)
           AND supplier_id = NEW.supplier_id AND product_id = NEW.product_id)
BEGIN SELECT RAISE(ABORT, 'supplier_products: there is another such row'); END;
CREATE TRIGGER supplier_products_outside_insert AFTER INSERT ON supplier_products
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'supplier_products', NEW.product_id,
        NULL,
        json_object(
            'supplier_id', NEW.supplier_id, 'product_id', NEW.product_id));
END;
CREATE TRIGGER supplier_products_outside_update AFTER UPDATE ON supplier_products
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'supplier_products', NEW.product_id,
        json_object(
            'supplier_id', OLD.supplier_id, 'product_id', OLD.product_id),
        json_object(
            'supplier_id', NEW.supplier_id, 'product_id', NEW.product_id));
END;
CREATE TRIGGER supplier_products_outside_delete AFTER DELETE ON supplier_products
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'supplier_products', OLD.product_id,
        json_object(
            'supplier_id', OLD.supplier_id, 'product_id', OLD.product_id),
        NULL);
END;
