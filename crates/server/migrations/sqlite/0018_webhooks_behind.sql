-- A webhook for which too much waits is paused, and what has arrived is kept for a shorter time.

-- SQLite changes no condition of a column: the table is made again, and the one that points to it.
CREATE TABLE webhooks_before AS SELECT * FROM webhooks;
CREATE TABLE webhook_secrets_before AS SELECT * FROM webhook_secrets;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;

CREATE TABLE webhooks (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    url            TEXT NOT NULL,
    event_types    TEXT NOT NULL,
    store_ids      TEXT NOT NULL,
    pause_reason   TEXT CHECK (pause_reason IN ('by_hand', 'gone', 'failing', 'behind')),
    after_event_id INTEGER NOT NULL,
    failing_since  INTEGER,
    is_deleted     INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
INSERT INTO webhooks
    (id, name, url, event_types, store_ids, pause_reason, after_event_id, failing_since,
     is_deleted, version, created_at, updated_at)
SELECT id, name, url, event_types, store_ids, pause_reason, after_event_id, failing_since,
       is_deleted, version, created_at, updated_at
FROM webhooks_before;

CREATE TABLE webhook_secrets (
    id          INTEGER PRIMARY KEY,
    webhook_id  INTEGER NOT NULL REFERENCES webhooks,
    secret      TEXT NOT NULL,
    signs_until INTEGER,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_secrets_of_webhook ON webhook_secrets (webhook_id, id);
INSERT INTO webhook_secrets (id, webhook_id, secret, signs_until, created_at)
SELECT id, webhook_id, secret, signs_until, created_at FROM webhook_secrets_before;

DROP TABLE webhook_secrets_before;
DROP TABLE webhooks_before;

-- As they were; they went with their tables.

CREATE TRIGGER webhooks_outside_replace BEFORE INSERT ON webhooks
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM webhooks WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'webhooks: there is such a row, use UPDATE'); END;
CREATE TRIGGER webhooks_outside_overwrite BEFORE UPDATE ON webhooks
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM webhooks WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'webhooks: there is another such row'); END;
CREATE TRIGGER webhooks_outside_insert AFTER INSERT ON webhooks
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'webhooks', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'name', NEW.name, 'url', NEW.url, 'event_types', NEW.event_types,
            'store_ids', NEW.store_ids, 'pause_reason', NEW.pause_reason,
            'after_event_id', NEW.after_event_id, 'failing_since', NEW.failing_since,
            'is_deleted', NEW.is_deleted, 'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER webhooks_outside_update AFTER UPDATE ON webhooks
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'webhooks', NEW.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'url', OLD.url, 'event_types', OLD.event_types,
            'store_ids', OLD.store_ids, 'pause_reason', OLD.pause_reason,
            'after_event_id', OLD.after_event_id, 'failing_since', OLD.failing_since,
            'is_deleted', OLD.is_deleted, 'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        json_object(
            'id', NEW.id, 'name', NEW.name, 'url', NEW.url, 'event_types', NEW.event_types,
            'store_ids', NEW.store_ids, 'pause_reason', NEW.pause_reason,
            'after_event_id', NEW.after_event_id, 'failing_since', NEW.failing_since,
            'is_deleted', NEW.is_deleted, 'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at));
END;
CREATE TRIGGER webhooks_outside_delete AFTER DELETE ON webhooks
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'webhooks', OLD.id,
        json_object(
            'id', OLD.id, 'name', OLD.name, 'url', OLD.url, 'event_types', OLD.event_types,
            'store_ids', OLD.store_ids, 'pause_reason', OLD.pause_reason,
            'after_event_id', OLD.after_event_id, 'failing_since', OLD.failing_since,
            'is_deleted', OLD.is_deleted, 'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at),
        NULL);
END;

CREATE TRIGGER webhook_secrets_outside_replace BEFORE INSERT ON webhook_secrets
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM webhook_secrets WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'webhook_secrets: there is such a row, use UPDATE'); END;
CREATE TRIGGER webhook_secrets_outside_overwrite BEFORE UPDATE ON webhook_secrets
WHEN NOT (SELECT is_inside FROM inside)
     AND EXISTS (SELECT 1 FROM webhook_secrets WHERE id <> OLD.id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'webhook_secrets: there is another such row'); END;
CREATE TRIGGER webhook_secrets_outside_insert AFTER INSERT ON webhook_secrets
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'webhook_secrets', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'webhook_id', NEW.webhook_id, 'secret', 'hidden',
            'signs_until', NEW.signs_until, 'created_at', NEW.created_at));
END;
CREATE TRIGGER webhook_secrets_outside_update AFTER UPDATE ON webhook_secrets
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'webhook_secrets', NEW.id,
        json_object(
            'id', OLD.id, 'webhook_id', OLD.webhook_id, 'secret', 'hidden',
            'signs_until', OLD.signs_until, 'created_at', OLD.created_at),
        json_object(
            'id', NEW.id, 'webhook_id', NEW.webhook_id,
            'secret', iif(NEW.secret IS OLD.secret, 'hidden', 'hidden, and changed'),
            'signs_until', NEW.signs_until, 'created_at', NEW.created_at));
END;
CREATE TRIGGER webhook_secrets_outside_delete AFTER DELETE ON webhook_secrets
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'webhook_secrets', OLD.id,
        json_object(
            'id', OLD.id, 'webhook_id', OLD.webhook_id, 'secret', 'hidden',
            'signs_until', OLD.signs_until, 'created_at', OLD.created_at),
        NULL);
END;

CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (finished_at, id)
    WHERE state = 'delivered';
