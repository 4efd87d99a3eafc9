-- The audit log: who changed what, before and after. Its ids have no gap, and its rows are
-- chained: the last row of each commit carries `link` = SHA-256 over the link before it and the
-- rows of the commit. The head row, which every writing transaction updates last, holds the
-- newest link.

ALTER TABLE event_head ADD COLUMN audit_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event_head ADD COLUMN audit_link BLOB NOT NULL DEFAULT x'';

CREATE TABLE audit_logs (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    actor_kind   TEXT NOT NULL
        CHECK (actor_kind IN ('user', 'key', 'database', 'system', 'nobody')),
    actor_id     INTEGER,
    actor        TEXT NOT NULL,
    address      TEXT,
    request_id   TEXT,
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   INTEGER,
    store_id     INTEGER,
    before       TEXT,
    after        TEXT,
    link         BLOB
) STRICT;
-- Most rows tell of movements, which the ledger lists; they pay for no index but the key.
CREATE INDEX audit_logs_by_id ON audit_logs (id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_action ON audit_logs (action, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_actor ON audit_logs (actor_id, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_subject ON audit_logs (subject_kind, subject_id, id)
    WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_store ON audit_logs (store_id, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_request ON audit_logs (request_id, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_actor_kind ON audit_logs (actor_kind, id)
    WHERE action <> 'stock.moved';
CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs
BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only: UPDATE is refused'); END;
CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs
BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only: DELETE is refused'); END;

-- Without the setting recursive_triggers, which another program may not have on, REPLACE would
-- remove a row and fire no trigger.
CREATE TRIGGER audit_logs_no_replace BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only: REPLACE is refused'); END;

-- What was changed by another program than Stockroom (the sqlite3 shell, a script). Stockroom
-- moves these rows into the audit log. `at` is the database's clock, since no other was there.
-- `operation` is truncate on PostgreSQL only.
CREATE TABLE outside_changes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    operation  TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete', 'truncate')),
    table_name TEXT NOT NULL,
    row_id     INTEGER,
    before     TEXT,
    after      TEXT
) STRICT;

-- Stockroom raises this flag at the beginning of its transactions and lowers it before their
-- ends, so nobody else ever sees it raised. It keeps records of its own.
CREATE TABLE inside (is_inside INTEGER NOT NULL CHECK (is_inside IN (0, 1))) STRICT;
INSERT INTO inside (is_inside) VALUES (0);

-- Whoever changes something from outside does not change the record of it.
CREATE TRIGGER outside_changes_no_update BEFORE UPDATE ON outside_changes
WHEN NOT (SELECT is_inside FROM inside)
BEGIN SELECT RAISE(ABORT, 'outside_changes is append-only: UPDATE is refused'); END;
CREATE TRIGGER outside_changes_no_delete BEFORE DELETE ON outside_changes
WHEN NOT (SELECT is_inside FROM inside)
BEGIN SELECT RAISE(ABORT, 'outside_changes is append-only: DELETE is refused'); END;

CREATE TRIGGER outside_changes_no_replace BEFORE INSERT ON outside_changes
WHEN EXISTS (SELECT 1 FROM outside_changes WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'outside_changes is append-only: REPLACE is refused'); END;

-- One trigger for each kind of change of each table. Secrets are never put on record; that one
-- has changed is. REPLACE from outside is refused, by whichever unique key it would push a row
-- out, for it would hide what was there before.

CREATE TRIGGER api_keys_outside_replace BEFORE INSERT ON api_keys
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM api_keys
         WHERE id = NEW.id OR secret_hash = NEW.secret_hash OR user_id = NEW.user_id)
BEGIN SELECT RAISE(ABORT, 'api_keys: there is such a row, use UPDATE'); END;
CREATE TRIGGER api_keys_outside_overwrite BEFORE UPDATE ON api_keys
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM api_keys
         WHERE id <> OLD.id AND (id = NEW.id OR secret_hash = NEW.secret_hash
           OR user_id = NEW.user_id))
BEGIN SELECT RAISE(ABORT, 'api_keys: there is another such row'); END;
CREATE TRIGGER api_keys_outside_insert AFTER INSERT ON api_keys
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'api_keys', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'user_id', NEW.user_id, 'name', NEW.name, 'hint', NEW.hint,
            'secret_hash', 'hidden', 'created_by', NEW.created_by,
            'expires_at', NEW.expires_at, 'revoked_at', NEW.revoked_at,
            'last_used_at', NEW.last_used_at, 'last_used_address', NEW.last_used_address,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER api_keys_outside_update AFTER UPDATE ON api_keys
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'api_keys', NEW.id,
        json_object(
            'id', OLD.id, 'user_id', OLD.user_id, 'name', OLD.name, 'hint', OLD.hint,
            'secret_hash', 'hidden', 'created_by', OLD.created_by,
            'expires_at', OLD.expires_at, 'revoked_at', OLD.revoked_at,
            'last_used_at', OLD.last_used_at, 'last_used_address', OLD.last_used_address,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'user_id', NEW.user_id, 'name', NEW.name, 'hint', NEW.hint,
            'secret_hash', iif(NEW.secret_hash IS OLD.secret_hash, 'hidden', 'hidden, and changed'),
            'created_by', NEW.created_by, 'expires_at', NEW.expires_at,
            'revoked_at', NEW.revoked_at, 'last_used_at', NEW.last_used_at,
            'last_used_address', NEW.last_used_address, 'version', NEW.version,
            'created_at', NEW.created_at, 'updated_at', NEW.updated_at));
END;
CREATE TRIGGER api_keys_outside_delete AFTER DELETE ON api_keys
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'api_keys', OLD.id,
        json_object(
            'id', OLD.id, 'user_id', OLD.user_id, 'name', OLD.name, 'hint', OLD.hint,
            'secret_hash', 'hidden', 'created_by', OLD.created_by,
            'expires_at', OLD.expires_at, 'revoked_at', OLD.revoked_at,
            'last_used_at', OLD.last_used_at, 'last_used_address', OLD.last_used_address,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER lots_outside_replace BEFORE INSERT ON lots
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM lots
         WHERE id = NEW.id OR (product_id = NEW.product_id AND code = NEW.code))
BEGIN SELECT RAISE(ABORT, 'lots: there is such a row, use UPDATE'); END;
CREATE TRIGGER lots_outside_overwrite BEFORE UPDATE ON lots
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM lots
         WHERE id <> OLD.id AND (id = NEW.id OR (product_id = NEW.product_id AND code = NEW.code)))
BEGIN SELECT RAISE(ABORT, 'lots: there is another such row'); END;
CREATE TRIGGER lots_outside_insert AFTER INSERT ON lots
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'lots', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'product_id', NEW.product_id, 'code', NEW.code,
            'expires_on', NEW.expires_on, 'created_at', NEW.created_at));
END;
CREATE TRIGGER lots_outside_update AFTER UPDATE ON lots
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'lots', NEW.id,
        json_object(
            'id', OLD.id, 'product_id', OLD.product_id, 'code', OLD.code,
            'expires_on', OLD.expires_on, 'created_at', OLD.created_at),
        json_object(
            'id', NEW.id, 'product_id', NEW.product_id, 'code', NEW.code,
            'expires_on', NEW.expires_on, 'created_at', NEW.created_at));
END;
CREATE TRIGGER lots_outside_delete AFTER DELETE ON lots
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'lots', OLD.id,
        json_object(
            'id', OLD.id, 'product_id', OLD.product_id, 'code', OLD.code,
            'expires_on', OLD.expires_on, 'created_at', OLD.created_at),
        NULL);
END;

CREATE TRIGGER product_barcodes_outside_replace BEFORE INSERT ON product_barcodes
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM product_barcodes WHERE code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'product_barcodes: there is such a row, use UPDATE'); END;
CREATE TRIGGER product_barcodes_outside_overwrite BEFORE UPDATE ON product_barcodes
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM product_barcodes WHERE code <> OLD.code AND code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'product_barcodes: there is another such row'); END;
CREATE TRIGGER product_barcodes_outside_insert AFTER INSERT ON product_barcodes
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'product_barcodes', NEW.product_id,
        NULL,
        json_object(
            'code', NEW.code, 'product_id', NEW.product_id,
            'pack_quantity', NEW.pack_quantity));
END;
CREATE TRIGGER product_barcodes_outside_update AFTER UPDATE ON product_barcodes
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'product_barcodes', NEW.product_id,
        json_object(
            'code', OLD.code, 'product_id', OLD.product_id,
            'pack_quantity', OLD.pack_quantity),
        json_object(
            'code', NEW.code, 'product_id', NEW.product_id,
            'pack_quantity', NEW.pack_quantity));
END;
CREATE TRIGGER product_barcodes_outside_delete AFTER DELETE ON product_barcodes
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'product_barcodes', OLD.product_id,
        json_object(
            'code', OLD.code, 'product_id', OLD.product_id,
            'pack_quantity', OLD.pack_quantity),
        NULL);
END;

CREATE TRIGGER products_outside_replace BEFORE INSERT ON products
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM products
         WHERE id = NEW.id OR (sku_key = NEW.sku_key AND NOT is_deleted AND NOT NEW.is_deleted))
BEGIN SELECT RAISE(ABORT, 'products: there is such a row, use UPDATE'); END;
CREATE TRIGGER products_outside_overwrite BEFORE UPDATE ON products
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM products
         WHERE id <> OLD.id AND (id = NEW.id OR (sku_key = NEW.sku_key AND NOT is_deleted
           AND NOT NEW.is_deleted)))
BEGIN SELECT RAISE(ABORT, 'products: there is another such row'); END;
CREATE TRIGGER products_outside_insert AFTER INSERT ON products
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'products', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'sku', NEW.sku, 'sku_key', NEW.sku_key, 'name', NEW.name,
            'name_key', NEW.name_key, 'description', NEW.description,
            'category', NEW.category, 'unit', NEW.unit, 'price', NEW.price, 'cost', NEW.cost,
            'tax_rate', NEW.tax_rate, 'track_lots', NEW.track_lots,
            'reorder_point', NEW.reorder_point, 'reorder_quantity', NEW.reorder_quantity,
            'supplier_id', NEW.supplier_id, 'is_deleted', NEW.is_deleted,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER products_outside_update AFTER UPDATE ON products
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'products', NEW.id,
        json_object(
            'id', OLD.id, 'sku', OLD.sku, 'sku_key', OLD.sku_key, 'name', OLD.name,
            'name_key', OLD.name_key, 'description', OLD.description,
            'category', OLD.category, 'unit', OLD.unit, 'price', OLD.price, 'cost', OLD.cost,
            'tax_rate', OLD.tax_rate, 'track_lots', OLD.track_lots,
            'reorder_point', OLD.reorder_point, 'reorder_quantity', OLD.reorder_quantity,
            'supplier_id', OLD.supplier_id, 'is_deleted', OLD.is_deleted,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'sku', NEW.sku, 'sku_key', NEW.sku_key, 'name', NEW.name,
            'name_key', NEW.name_key, 'description', NEW.description,
            'category', NEW.category, 'unit', NEW.unit, 'price', NEW.price, 'cost', NEW.cost,
            'tax_rate', NEW.tax_rate, 'track_lots', NEW.track_lots,
            'reorder_point', NEW.reorder_point, 'reorder_quantity', NEW.reorder_quantity,
            'supplier_id', NEW.supplier_id, 'is_deleted', NEW.is_deleted,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER products_outside_delete AFTER DELETE ON products
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'products', OLD.id,
        json_object(
            'id', OLD.id, 'sku', OLD.sku, 'sku_key', OLD.sku_key, 'name', OLD.name,
            'name_key', OLD.name_key, 'description', OLD.description,
            'category', OLD.category, 'unit', OLD.unit, 'price', OLD.price, 'cost', OLD.cost,
            'tax_rate', OLD.tax_rate, 'track_lots', OLD.track_lots,
            'reorder_point', OLD.reorder_point, 'reorder_quantity', OLD.reorder_quantity,
            'supplier_id', OLD.supplier_id, 'is_deleted', OLD.is_deleted,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER refresh_tokens_outside_replace BEFORE INSERT ON refresh_tokens
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM refresh_tokens WHERE token_hash = NEW.token_hash)
BEGIN SELECT RAISE(ABORT, 'refresh_tokens: there is such a row, use UPDATE'); END;
CREATE TRIGGER refresh_tokens_outside_overwrite BEFORE UPDATE ON refresh_tokens
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM refresh_tokens
         WHERE token_hash <> OLD.token_hash AND token_hash = NEW.token_hash)
BEGIN SELECT RAISE(ABORT, 'refresh_tokens: there is another such row'); END;
CREATE TRIGGER refresh_tokens_outside_insert AFTER INSERT ON refresh_tokens
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'refresh_tokens', NEW.session_id,
        NULL,
        json_object(
            'token_hash', 'hidden', 'session_id', NEW.session_id, 'issued_at', NEW.issued_at,
            'used_at', NEW.used_at));
END;
CREATE TRIGGER refresh_tokens_outside_update AFTER UPDATE ON refresh_tokens
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'refresh_tokens', NEW.session_id,
        json_object(
            'token_hash', 'hidden', 'session_id', OLD.session_id, 'issued_at', OLD.issued_at,
            'used_at', OLD.used_at),
        json_object(
            'token_hash', iif(NEW.token_hash IS OLD.token_hash, 'hidden', 'hidden, and changed'),
            'session_id', NEW.session_id, 'issued_at', NEW.issued_at, 'used_at', NEW.used_at));
END;
CREATE TRIGGER refresh_tokens_outside_delete AFTER DELETE ON refresh_tokens
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'refresh_tokens', OLD.session_id,
        json_object(
            'token_hash', 'hidden', 'session_id', OLD.session_id, 'issued_at', OLD.issued_at,
            'used_at', OLD.used_at),
        NULL);
END;

CREATE TRIGGER saved_views_outside_replace BEFORE INSERT ON saved_views
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM saved_views
         WHERE id = NEW.id OR (owner_id = NEW.owner_id AND list = NEW.list
           AND name_key = NEW.name_key AND NOT is_deleted AND NOT NEW.is_deleted))
BEGIN SELECT RAISE(ABORT, 'saved_views: there is such a row, use UPDATE'); END;
CREATE TRIGGER saved_views_outside_overwrite BEFORE UPDATE ON saved_views
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM saved_views
         WHERE id <> OLD.id AND (id = NEW.id OR (owner_id = NEW.owner_id AND list = NEW.list
           AND name_key = NEW.name_key AND NOT is_deleted AND NOT NEW.is_deleted)))
BEGIN SELECT RAISE(ABORT, 'saved_views: there is another such row'); END;
CREATE TRIGGER saved_views_outside_insert AFTER INSERT ON saved_views
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'saved_views', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'owner_id', NEW.owner_id, 'list', NEW.list, 'name', NEW.name,
            'name_key', NEW.name_key, 'is_shared', NEW.is_shared,
            'definition', NEW.definition, 'version', NEW.version,
            'is_deleted', NEW.is_deleted, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER saved_views_outside_update AFTER UPDATE ON saved_views
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'saved_views', NEW.id,
        json_object(
            'id', OLD.id, 'owner_id', OLD.owner_id, 'list', OLD.list, 'name', OLD.name,
            'name_key', OLD.name_key, 'is_shared', OLD.is_shared,
            'definition', OLD.definition, 'version', OLD.version,
            'is_deleted', OLD.is_deleted, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'owner_id', NEW.owner_id, 'list', NEW.list, 'name', NEW.name,
            'name_key', NEW.name_key, 'is_shared', NEW.is_shared,
            'definition', NEW.definition, 'version', NEW.version,
            'is_deleted', NEW.is_deleted, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER saved_views_outside_delete AFTER DELETE ON saved_views
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'saved_views', OLD.id,
        json_object(
            'id', OLD.id, 'owner_id', OLD.owner_id, 'list', OLD.list, 'name', OLD.name,
            'name_key', OLD.name_key, 'is_shared', OLD.is_shared,
            'definition', OLD.definition, 'version', OLD.version,
            'is_deleted', OLD.is_deleted, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER sessions_outside_replace BEFORE INSERT ON sessions
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM sessions WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'sessions: there is such a row, use UPDATE'); END;
CREATE TRIGGER sessions_outside_overwrite BEFORE UPDATE ON sessions
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM sessions WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'sessions: there is another such row'); END;
CREATE TRIGGER sessions_outside_insert AFTER INSERT ON sessions
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'sessions', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'user_id', NEW.user_id, 'user_agent', NEW.user_agent,
            'address', NEW.address, 'created_at', NEW.created_at,
            'last_used_at', NEW.last_used_at, 'expires_at', NEW.expires_at,
            'ended_at', NEW.ended_at, 'end_reason', NEW.end_reason));
END;
CREATE TRIGGER sessions_outside_update AFTER UPDATE ON sessions
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'sessions', NEW.id,
        json_object(
            'id', OLD.id, 'user_id', OLD.user_id, 'user_agent', OLD.user_agent,
            'address', OLD.address, 'created_at', OLD.created_at,
            'last_used_at', OLD.last_used_at, 'expires_at', OLD.expires_at,
            'ended_at', OLD.ended_at, 'end_reason', OLD.end_reason),
        json_object(
            'id', NEW.id, 'user_id', NEW.user_id, 'user_agent', NEW.user_agent,
            'address', NEW.address, 'created_at', NEW.created_at,
            'last_used_at', NEW.last_used_at, 'expires_at', NEW.expires_at,
            'ended_at', NEW.ended_at, 'end_reason', NEW.end_reason));
END;
CREATE TRIGGER sessions_outside_delete AFTER DELETE ON sessions
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'sessions', OLD.id,
        json_object(
            'id', OLD.id, 'user_id', OLD.user_id, 'user_agent', OLD.user_agent,
            'address', OLD.address, 'created_at', OLD.created_at,
            'last_used_at', OLD.last_used_at, 'expires_at', OLD.expires_at,
            'ended_at', OLD.ended_at, 'end_reason', OLD.end_reason),
        NULL);
END;

CREATE TRIGGER settings_outside_replace BEFORE INSERT ON settings
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM settings WHERE name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'settings: there is such a row, use UPDATE'); END;
CREATE TRIGGER settings_outside_overwrite BEFORE UPDATE ON settings
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM settings WHERE name <> OLD.name AND name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'settings: there is another such row'); END;
CREATE TRIGGER settings_outside_insert AFTER INSERT ON settings
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'settings', NULL,
        NULL,
        json_object(
            'name', NEW.name, 'value', NEW.value));
END;
CREATE TRIGGER settings_outside_update AFTER UPDATE ON settings
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'settings', NULL,
        json_object(
            'name', OLD.name, 'value', OLD.value),
        json_object(
            'name', NEW.name, 'value', NEW.value));
END;
CREATE TRIGGER settings_outside_delete AFTER DELETE ON settings
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'settings', NULL,
        json_object(
            'name', OLD.name, 'value', OLD.value),
        NULL);
END;

CREATE TRIGGER signing_keys_outside_replace BEFORE INSERT ON signing_keys
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM signing_keys WHERE kid = NEW.kid)
BEGIN SELECT RAISE(ABORT, 'signing_keys: there is such a row, use UPDATE'); END;
CREATE TRIGGER signing_keys_outside_overwrite BEFORE UPDATE ON signing_keys
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM signing_keys WHERE kid <> OLD.kid AND kid = NEW.kid)
BEGIN SELECT RAISE(ABORT, 'signing_keys: there is another such row'); END;
CREATE TRIGGER signing_keys_outside_insert AFTER INSERT ON signing_keys
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'signing_keys', NULL,
        NULL,
        json_object(
            'kid', NEW.kid, 'secret', 'hidden', 'created_at', NEW.created_at,
            'retired_at', NEW.retired_at));
END;
CREATE TRIGGER signing_keys_outside_update AFTER UPDATE ON signing_keys
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'signing_keys', NULL,
        json_object(
            'kid', OLD.kid, 'secret', 'hidden', 'created_at', OLD.created_at,
            'retired_at', OLD.retired_at),
        json_object(
            'kid', NEW.kid,
            'secret', iif(NEW.secret IS OLD.secret, 'hidden', 'hidden, and changed'),
            'created_at', NEW.created_at, 'retired_at', NEW.retired_at));
END;
CREATE TRIGGER signing_keys_outside_delete AFTER DELETE ON signing_keys
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'signing_keys', NULL,
        json_object(
            'kid', OLD.kid, 'secret', 'hidden', 'created_at', OLD.created_at,
            'retired_at', OLD.retired_at),
        NULL);
END;

CREATE TRIGGER stock_settings_outside_replace BEFORE INSERT ON stock_settings
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM stock_settings
         WHERE store_id = NEW.store_id AND product_id = NEW.product_id)
BEGIN SELECT RAISE(ABORT, 'stock_settings: there is such a row, use UPDATE'); END;
CREATE TRIGGER stock_settings_outside_overwrite BEFORE UPDATE ON stock_settings
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM stock_settings
         WHERE NOT (store_id = OLD.store_id AND product_id = OLD.product_id)
           AND store_id = NEW.store_id AND product_id = NEW.product_id)
BEGIN SELECT RAISE(ABORT, 'stock_settings: there is another such row'); END;
CREATE TRIGGER stock_settings_outside_insert AFTER INSERT ON stock_settings
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'stock_settings', NEW.product_id,
        NULL,
        json_object(
            'store_id', NEW.store_id, 'product_id', NEW.product_id,
            'reorder_point', NEW.reorder_point));
END;
CREATE TRIGGER stock_settings_outside_update AFTER UPDATE ON stock_settings
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'stock_settings', NEW.product_id,
        json_object(
            'store_id', OLD.store_id, 'product_id', OLD.product_id,
            'reorder_point', OLD.reorder_point),
        json_object(
            'store_id', NEW.store_id, 'product_id', NEW.product_id,
            'reorder_point', NEW.reorder_point));
END;
CREATE TRIGGER stock_settings_outside_delete AFTER DELETE ON stock_settings
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'stock_settings', OLD.product_id,
        json_object(
            'store_id', OLD.store_id, 'product_id', OLD.product_id,
            'reorder_point', OLD.reorder_point),
        NULL);
END;

CREATE TRIGGER stores_outside_replace BEFORE INSERT ON stores
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM stores
         WHERE id = NEW.id OR (code_key = NEW.code_key AND NOT is_deleted AND NOT NEW.is_deleted))
BEGIN SELECT RAISE(ABORT, 'stores: there is such a row, use UPDATE'); END;
CREATE TRIGGER stores_outside_overwrite BEFORE UPDATE ON stores
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM stores
         WHERE id <> OLD.id AND (id = NEW.id OR (code_key = NEW.code_key AND NOT is_deleted
           AND NOT NEW.is_deleted)))
BEGIN SELECT RAISE(ABORT, 'stores: there is another such row'); END;
CREATE TRIGGER stores_outside_insert AFTER INSERT ON stores
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'stores', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'code', NEW.code, 'code_key', NEW.code_key, 'name', NEW.name,
            'address', NEW.address, 'phone', NEW.phone, 'time_zone', NEW.time_zone,
            'day_cut_hour', NEW.day_cut_hour, 'is_deleted', NEW.is_deleted,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER stores_outside_update AFTER UPDATE ON stores
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'stores', NEW.id,
        json_object(
            'id', OLD.id, 'code', OLD.code, 'code_key', OLD.code_key, 'name', OLD.name,
            'address', OLD.address, 'phone', OLD.phone, 'time_zone', OLD.time_zone,
            'day_cut_hour', OLD.day_cut_hour, 'is_deleted', OLD.is_deleted,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'code', NEW.code, 'code_key', NEW.code_key, 'name', NEW.name,
            'address', NEW.address, 'phone', NEW.phone, 'time_zone', NEW.time_zone,
            'day_cut_hour', NEW.day_cut_hour, 'is_deleted', NEW.is_deleted,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER stores_outside_delete AFTER DELETE ON stores
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'stores', OLD.id,
        json_object(
            'id', OLD.id, 'code', OLD.code, 'code_key', OLD.code_key, 'name', OLD.name,
            'address', OLD.address, 'phone', OLD.phone, 'time_zone', OLD.time_zone,
            'day_cut_hour', OLD.day_cut_hour, 'is_deleted', OLD.is_deleted,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER suppliers_outside_replace BEFORE INSERT ON suppliers
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM suppliers WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'suppliers: there is such a row, use UPDATE'); END;
CREATE TRIGGER suppliers_outside_overwrite BEFORE UPDATE ON suppliers
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM suppliers WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'suppliers: there is another such row'); END;
CREATE TRIGGER suppliers_outside_insert AFTER INSERT ON suppliers
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'suppliers', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'name', NEW.name, 'name_key', NEW.name_key,
            'contact_info', NEW.contact_info,
            'lead_time_days', NEW.lead_time_days, 'is_deleted', NEW.is_deleted,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER suppliers_outside_update AFTER UPDATE ON suppliers
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'suppliers', NEW.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'name_key', OLD.name_key,
            'contact_info', OLD.contact_info,
            'lead_time_days', OLD.lead_time_days, 'is_deleted', OLD.is_deleted,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'name', NEW.name, 'name_key', NEW.name_key,
            'contact_info', NEW.contact_info,
            'lead_time_days', NEW.lead_time_days, 'is_deleted', NEW.is_deleted,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER suppliers_outside_delete AFTER DELETE ON suppliers
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'suppliers', OLD.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'name_key', OLD.name_key,
            'contact_info', OLD.contact_info,
            'lead_time_days', OLD.lead_time_days, 'is_deleted', OLD.is_deleted,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER user_preferences_outside_replace BEFORE INSERT ON user_preferences
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM user_preferences WHERE user_id = NEW.user_id)
BEGIN SELECT RAISE(ABORT, 'user_preferences: there is such a row, use UPDATE'); END;
CREATE TRIGGER user_preferences_outside_overwrite BEFORE UPDATE ON user_preferences
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM user_preferences
         WHERE user_id <> OLD.user_id AND user_id = NEW.user_id)
BEGIN SELECT RAISE(ABORT, 'user_preferences: there is another such row'); END;
CREATE TRIGGER user_preferences_outside_insert AFTER INSERT ON user_preferences
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'user_preferences', NEW.user_id,
        NULL,
        json_object(
            'user_id', NEW.user_id, 'value', NEW.value, 'version', NEW.version,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER user_preferences_outside_update AFTER UPDATE ON user_preferences
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'user_preferences', NEW.user_id,
        json_object(
            'user_id', OLD.user_id, 'value', OLD.value, 'version', OLD.version,
            'updated_at', OLD.updated_at),
        json_object(
            'user_id', NEW.user_id, 'value', NEW.value, 'version', NEW.version,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER user_preferences_outside_delete AFTER DELETE ON user_preferences
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'user_preferences', OLD.user_id,
        json_object(
            'user_id', OLD.user_id, 'value', OLD.value, 'version', OLD.version,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER user_roles_outside_replace BEFORE INSERT ON user_roles
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM user_roles WHERE user_id = NEW.user_id AND store_id = NEW.store_id)
BEGIN SELECT RAISE(ABORT, 'user_roles: there is such a row, use UPDATE'); END;
CREATE TRIGGER user_roles_outside_overwrite BEFORE UPDATE ON user_roles
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM user_roles
         WHERE NOT (user_id = OLD.user_id AND store_id = OLD.store_id) AND user_id = NEW.user_id
           AND store_id = NEW.store_id)
BEGIN SELECT RAISE(ABORT, 'user_roles: there is another such row'); END;
CREATE TRIGGER user_roles_outside_insert AFTER INSERT ON user_roles
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'user_roles', NEW.user_id,
        NULL,
        json_object(
            'user_id', NEW.user_id, 'store_id', NEW.store_id, 'role', NEW.role));
END;
CREATE TRIGGER user_roles_outside_update AFTER UPDATE ON user_roles
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'user_roles', NEW.user_id,
        json_object(
            'user_id', OLD.user_id, 'store_id', OLD.store_id, 'role', OLD.role),
        json_object(
            'user_id', NEW.user_id, 'store_id', NEW.store_id, 'role', NEW.role));
END;
CREATE TRIGGER user_roles_outside_delete AFTER DELETE ON user_roles
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'user_roles', OLD.user_id,
        json_object(
            'user_id', OLD.user_id, 'store_id', OLD.store_id, 'role', OLD.role),
        NULL);
END;

CREATE TRIGGER users_outside_replace BEFORE INSERT ON users
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM users WHERE id = NEW.id OR username_key = NEW.username_key)
BEGIN SELECT RAISE(ABORT, 'users: there is such a row, use UPDATE'); END;
CREATE TRIGGER users_outside_overwrite BEFORE UPDATE ON users
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (
         SELECT 1 FROM users
         WHERE id <> OLD.id AND (id = NEW.id OR username_key = NEW.username_key))
BEGIN SELECT RAISE(ABORT, 'users: there is another such row'); END;
CREATE TRIGGER users_outside_insert AFTER INSERT ON users
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'users', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'username', NEW.username, 'username_key', NEW.username_key,
            'name', NEW.name, 'password_hash', 'hidden', 'is_disabled', NEW.is_disabled,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at, 'is_deleted', NEW.is_deleted,
            'is_program', NEW.is_program, 'last_sign_in_at', NEW.last_sign_in_at,
            'name_key', NEW.name_key));
END;
CREATE TRIGGER users_outside_update AFTER UPDATE ON users
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'users', NEW.id,
        json_object(
            'id', OLD.id, 'username', OLD.username, 'username_key', OLD.username_key,
            'name', OLD.name, 'password_hash', 'hidden', 'is_disabled', OLD.is_disabled,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at, 'is_deleted', OLD.is_deleted,
            'is_program', OLD.is_program, 'last_sign_in_at', OLD.last_sign_in_at,
            'name_key', OLD.name_key),
        json_object(
            'id', NEW.id, 'username', NEW.username, 'username_key', NEW.username_key,
            'name', NEW.name,
            'password_hash', iif(NEW.password_hash IS OLD.password_hash, 'hidden',
            'hidden, and changed'),
            'is_disabled', NEW.is_disabled, 'version', NEW.version,
            'created_at', NEW.created_at, 'updated_at', NEW.updated_at,
            'is_deleted', NEW.is_deleted, 'is_program', NEW.is_program,
            'last_sign_in_at', NEW.last_sign_in_at, 'name_key', NEW.name_key));
END;
CREATE TRIGGER users_outside_delete AFTER DELETE ON users
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'users', OLD.id,
        json_object(
            'id', OLD.id, 'username', OLD.username, 'username_key', OLD.username_key,
            'name', OLD.name, 'password_hash', 'hidden', 'is_disabled', OLD.is_disabled,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at, 'is_deleted', OLD.is_deleted,
            'is_program', OLD.is_program, 'last_sign_in_at', OLD.last_sign_in_at,
            'name_key', OLD.name_key),
        NULL);
END;
