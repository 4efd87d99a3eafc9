-- The event log: gapless and in commit order, because the head row is updated last in every
-- writing transaction. `fence` is the instant up to which the past is settled: no movement
-- is recorded at or before it any more.

CREATE TABLE event_head (
    log_id  INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL,
    fence   INTEGER NOT NULL
) STRICT;
INSERT INTO event_head (log_id, last_id, fence) VALUES (1, 0, 0);

CREATE TABLE events (
    log_id       INTEGER NOT NULL,
    id           INTEGER NOT NULL,
    type         TEXT NOT NULL,
    store_id     INTEGER,
    subject_kind TEXT NOT NULL,
    subject_id   INTEGER NOT NULL,
    occurred_at  INTEGER NOT NULL,
    data         TEXT NOT NULL,
    PRIMARY KEY (log_id, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events is append-only: UPDATE is refused'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events is append-only: DELETE is refused'); END;
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE log_id = NEW.log_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'events is append-only: REPLACE is refused'); END;
