-- Requests that were taken on and are done later (`Prefer: respond-async`).

-- `kind` is the operation's id in the API's document. The request is kept until it is done:
-- `target` is its path and query, `key` its idempotency key, under which it has its effect.
-- `status` and `result` are what it was answered then.
CREATE TABLE operations (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    user_id     INTEGER NOT NULL,
    via         TEXT NOT NULL CHECK (via IN ('session', 'key')),
    via_id      INTEGER NOT NULL,
    method      TEXT NOT NULL,
    target      TEXT NOT NULL,
    key         TEXT NOT NULL,
    body        TEXT NOT NULL,
    address     TEXT,
    request_id  TEXT,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'done', 'failed')),
    status      INTEGER,
    result      TEXT,
    created_at  INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((state = 'queued') = (finished_at IS NULL))
) STRICT;
CREATE INDEX operations_of_user ON operations (user_id, id);
CREATE INDEX operations_finished ON operations (finished_at) WHERE finished_at IS NOT NULL;
