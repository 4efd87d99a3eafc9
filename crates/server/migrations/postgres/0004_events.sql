-- The event log: gapless and in commit order, because the head row is updated last in every
-- writing transaction. `fence` is the instant up to which the past is settled: no movement
-- is recorded at or before it any more.

CREATE TABLE event_head (
    log_id  BIGINT PRIMARY KEY,
    last_id BIGINT NOT NULL,
    fence   BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO event_head (log_id, last_id, fence) VALUES (1, 0, 0);

CREATE TABLE events (
    log_id       BIGINT NOT NULL,
    id           BIGINT NOT NULL,
    type         TEXT NOT NULL,
    store_id     BIGINT,
    subject_kind TEXT NOT NULL,
    subject_id   BIGINT NOT NULL,
    occurred_at  BIGINT NOT NULL,
    data         TEXT NOT NULL,
    PRIMARY KEY (log_id, id)
) PARTITION BY RANGE (id);
-- Stored as it is: compressing it costs more than it saves.
ALTER TABLE events ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Undoes the statement that writes a batch, by the reason's SQLSTATE: SR001 a level is no
-- longer as it was read, SR002 the past was settled up to a later instant, SR000 anything else.
CREATE FUNCTION refuse_batch(state TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the batch cannot be written as it was decided' USING ERRCODE = state;
END $$;
