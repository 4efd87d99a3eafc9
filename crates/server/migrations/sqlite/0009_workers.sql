-- Those who follow the event log, and what could not be dealt with.

-- How far a follower has come. `owner` is the process that follows, until `lease_until` (in
-- microseconds since 1970); another takes over then.
CREATE TABLE followers (
    name        TEXT PRIMARY KEY,
    last_id     INTEGER NOT NULL,
    owner       TEXT,
    lease_until INTEGER NOT NULL
) STRICT;
-- What was told before there was anyone to follow is not told again.
INSERT INTO followers (name, last_id, owner, lease_until)
SELECT 'relay', last_id, NULL, 0 FROM event_head WHERE log_id = 1;

-- Messages that were tried too often. `state`: parked; replaying, from when someone asked for it
-- until it has gone well; done; dropped, by someone who knows better.
CREATE TABLE dead_letters (
    id           INTEGER PRIMARY KEY,
    queue        TEXT NOT NULL,
    event_id     INTEGER NOT NULL,
    event_type   TEXT NOT NULL,
    store_id     INTEGER,
    subject_kind TEXT NOT NULL,
    subject_id   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    error        TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('parked', 'replaying', 'done', 'dropped')),
    parked_at    INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    UNIQUE (queue, event_id)
) STRICT;
CREATE INDEX dead_letters_replaying ON dead_letters (queue, id) WHERE state = 'replaying';
-- Whether an order that waits is among them.
CREATE INDEX dead_letters_of_subject ON dead_letters (queue, subject_id);
