-- Lists of orders by whoever placed or served them, by a document's number, and by how they
-- ended. No index names the status: PostgreSQL would write all of an order's entries anew with each
-- of its steps. What is pending stands in pending_orders, what was rejected or called off in the
-- history, which is never changed.
CREATE INDEX orders_of_user ON orders (user_id, order_date, id) WHERE user_id IS NOT NULL;
CREATE INDEX orders_of_employee ON orders (employee_id, order_date, id)
    WHERE employee_id IS NOT NULL;
CREATE INDEX orders_by_reference ON orders (reference, order_date, id)
    WHERE reference IS NOT NULL;
CREATE INDEX order_history_unhappy ON order_history (event, order_id)
    WHERE event IN ('rejected', 'cancelled');

-- tries: how often the goods of an order that nobody had dealt with could not be taken. Those
-- that were tried least come first.
ALTER TABLE pending_orders ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
DROP INDEX pending_orders_by_age;
CREATE INDEX pending_orders_by_age ON pending_orders (tries, placed_at);

-- Orders and what customers owe are watched, too. They are written with every batch of the
-- ledger, so a row costs no more than a look at the connection's setting: WHEN keeps the rest from
-- being asked.
CREATE FUNCTION record_outside_document() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER AS $$
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
        CAST(COALESCE(one ->> 'id', one ->> 'customer_id') AS BIGINT),
        CAST(old_row AS TEXT),
        CAST(new_row AS TEXT)
    );
    RETURN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format(
        'ALTER FUNCTION record_outside_document() SET search_path = pg_catalog, %I, pg_temp',
        current_schema());
END $$;

-- Whoever says that they are Stockroom has to be: asked once a statement.
CREATE FUNCTION refuse_imposture() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF COALESCE(current_setting('stockroom.inside', TRUE), '') = 'on'
       AND NOT is_inside(TG_RELID) THEN
        RAISE EXCEPTION '%: stockroom.inside is Stockroom''s own setting', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION watch_outside_documents(watched TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    is_outside TEXT := 'COALESCE(current_setting(''stockroom.inside'', TRUE), '''') <> ''on''';
BEGIN
    EXECUTE format(
        'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW WHEN (%s)
         EXECUTE FUNCTION record_outside_document()', watched || '_outside', watched, is_outside);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER TRUNCATE ON %I FOR EACH STATEMENT WHEN (%s)
         EXECUTE FUNCTION record_outside_document()',
        watched || '_outside_truncate', watched, is_outside);
    EXECUTE format(
        'CREATE TRIGGER %I BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
         FOR EACH STATEMENT EXECUTE FUNCTION refuse_imposture()',
        watched || '_imposture', watched);
END $$;

SELECT watch_outside_documents(watched)
FROM unnest(ARRAY['customer_balances', 'orders']) AS watched;
