-- The audit log: who changed what, before and after. Its ids have no gap, and its rows are
-- chained: the last row of each commit carries `link` = SHA-256 over the link before it and the
-- rows of the commit. The head row, which every writing transaction updates last, holds the
-- newest link.

ALTER TABLE event_head
    ADD COLUMN audit_id   BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN audit_link BYTEA NOT NULL DEFAULT '\x';

CREATE TABLE audit_logs (
    id           BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    actor_kind   TEXT NOT NULL
        CHECK (actor_kind IN ('user', 'key', 'database', 'system', 'nobody')),
    actor_id     BIGINT,
    actor        TEXT NOT NULL,
    address      TEXT,
    request_id   TEXT,
    action       TEXT COLLATE "C" NOT NULL,
    subject_kind TEXT COLLATE "C" NOT NULL,
    subject_id   BIGINT,
    store_id     BIGINT,
    before       TEXT,
    after        TEXT,
    link         BYTEA,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- Most rows tell of movements, which the ledger lists; they pay for no index but the key.
CREATE INDEX audit_logs_by_id ON audit_logs (id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_action ON audit_logs (action, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_actor ON audit_logs (actor_id, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_subject ON audit_logs (subject_kind, subject_id, id)
    WHERE action <> 'stock.moved';
CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was changed by another program than Stockroom (psql, a script). Stockroom moves these
-- rows into the audit log. They are not chained at once, for whoever holds the head row stops
-- every store, and a session of psql may stay open for hours. `at` is the database's clock,
-- since no other was there.
CREATE TABLE outside_changes (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    operation  TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete', 'truncate')),
    table_name TEXT NOT NULL,
    row_id     BIGINT,
    before     TEXT,
    after      TEXT
);

-- Secrets are never put on record; that one has changed is.
CREATE FUNCTION without_secrets(r JSONB, other JSONB) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(
        key,
        CASE WHEN key NOT IN ('password_hash', 'secret', 'secret_hash') THEN value
             WHEN other -> key <> value THEN to_jsonb('hidden, and changed'::TEXT)
             ELSE to_jsonb('hidden'::TEXT) END)
    FROM jsonb_each(r)
$$;

-- Runs with its owner's rights, so that whoever may change a table need not be allowed to write
-- the record; session_user is still who has logged in.
CREATE FUNCTION record_outside_change() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    old_row JSONB;
    new_row JSONB;
    one     JSONB;
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN old_row := to_jsonb(OLD); END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN new_row := to_jsonb(NEW); END IF;
    one := COALESCE(new_row, old_row);
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT),
        'database:' || session_user,
        lower(TG_OP),
        TG_TABLE_NAME,
        CAST(COALESCE(one ->> 'id', one ->> 'user_id', one ->> 'product_id') AS BIGINT),
        CAST(without_secrets(old_row, NULL) AS TEXT),
        CAST(without_secrets(new_row, old_row) AS TEXT)
    );
    RETURN NULL;
END $$;

-- Stockroom's own connections say so when they open; it keeps its own records.
CREATE FUNCTION watch_outside_changes(watched TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW
         WHEN (current_setting(''stockroom.inside'', TRUE) IS DISTINCT FROM ''on'')
         EXECUTE FUNCTION record_outside_change()', watched || '_outside', watched);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER TRUNCATE ON %I FOR EACH STATEMENT
         WHEN (current_setting(''stockroom.inside'', TRUE) IS DISTINCT FROM ''on'')
         EXECUTE FUNCTION record_outside_change()', watched || '_outside_truncate', watched);
END $$;

SELECT watch_outside_changes(watched) FROM unnest(ARRAY[
    'api_keys', 'lots', 'product_barcodes', 'products', 'settings', 'signing_keys',
    'stock_settings', 'stores', 'suppliers', 'user_roles', 'users']) AS watched;
