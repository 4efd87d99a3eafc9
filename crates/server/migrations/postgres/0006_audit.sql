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
CREATE INDEX audit_logs_by_store ON audit_logs (store_id, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_request ON audit_logs (request_id, id) WHERE action <> 'stock.moved';
CREATE INDEX audit_logs_by_actor_kind ON audit_logs (actor_kind, id)
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
        CASE WHEN key NOT IN ('password_hash', 'secret', 'secret_hash', 'token_hash')
             THEN value
             WHEN other -> key <> value THEN to_jsonb('hidden, and changed'::TEXT)
             ELSE to_jsonb('hidden'::TEXT) END)
    FROM jsonb_each(r)
$$;

-- Whether it is Stockroom that writes: its connections say so when they open, and it owns its
-- tables. Anyone could say the former; the latter is the role's.
CREATE FUNCTION is_inside(relation OID) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT COALESCE(current_setting('stockroom.inside', TRUE), '') = 'on'
       AND pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = relation), 'MEMBER')
$$;

-- Runs with its owner's rights, so that whoever may change a table need not be allowed to write
-- the record; session_user is still who has logged in.
CREATE FUNCTION record_outside_change() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    old_row JSONB;
    new_row JSONB;
    one     JSONB;
BEGIN
    IF is_inside(TG_RELID) THEN RETURN NULL; END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN old_row := to_jsonb(OLD); END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN new_row := to_jsonb(NEW); END IF;
    one := COALESCE(new_row, old_row);
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT),
        'database:' || session_user,
        lower(TG_OP),
        TG_TABLE_NAME,
        CAST(COALESCE(one ->> 'id', one ->> 'user_id', one ->> 'product_id',
                      one ->> 'session_id') AS BIGINT),
        CAST(without_secrets(old_row, NULL) AS TEXT),
        CAST(without_secrets(new_row, old_row) AS TEXT)
    );
    RETURN NULL;
END $$;

-- A temporary table of the same name must not catch the record.
DO $$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION record_outside_change() SET search_path = pg_catalog, %I, pg_temp',
        current_schema());
END $$;

-- Whoever changes something from outside does not change the record of it.
CREATE FUNCTION refuse_outside_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF is_inside(TG_RELID) THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER outside_changes_append_only BEFORE UPDATE OR DELETE ON outside_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_outside_change();
CREATE TRIGGER outside_changes_no_truncate BEFORE TRUNCATE ON outside_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_outside_change();

CREATE FUNCTION watch_outside_changes(watched TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW
         EXECUTE FUNCTION record_outside_change()', watched || '_outside', watched);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER TRUNCATE ON %I FOR EACH STATEMENT
         EXECUTE FUNCTION record_outside_change()', watched || '_outside_truncate', watched);
END $$;

SELECT watch_outside_changes(watched) FROM unnest(ARRAY[
    'api_keys', 'lots', 'product_barcodes', 'products', 'refresh_tokens', 'saved_views',
    'sessions', 'settings', 'signing_keys', 'stock_settings', 'stores', 'suppliers',
    'user_preferences', 'user_roles', 'users']) AS watched;
