-- The shop itself, its stores and the people who sign in.
-- Times are microseconds since 1970 UTC and are set by Stockroom, never by the database.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE stores (
    id           INTEGER PRIMARY KEY,
    code         TEXT NOT NULL,
    code_key     TEXT NOT NULL,
    name         TEXT NOT NULL,
    address      TEXT,
    phone        TEXT,
    time_zone    TEXT NOT NULL,
    day_cut_hour INTEGER NOT NULL CHECK (day_cut_hour BETWEEN 0 AND 23),
    is_deleted   INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX stores_code ON stores (code_key) WHERE NOT is_deleted;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_disabled   INTEGER NOT NULL CHECK (is_disabled IN (0, 1)),
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

-- store_id 0: in every store.
CREATE TABLE user_roles (
    user_id  INTEGER NOT NULL REFERENCES users,
    store_id INTEGER NOT NULL,
    role     TEXT NOT NULL CHECK (role IN ('admin', 'manager', 'staff', 'auditor')),
    PRIMARY KEY (user_id, store_id)
) STRICT;

-- A session is one family of refresh tokens: one sign-in on one device.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY,
    user_id      INTEGER NOT NULL REFERENCES users,
    user_agent   TEXT,
    address      TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    end_reason   TEXT CHECK (end_reason IN ('logout', 'revoked', 'token_reused', 'expired'))
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions,
    issued_at  INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Keys that sign access tokens: in the database, so that every node accepts every node's.
CREATE TABLE signing_keys (
    kid        TEXT PRIMARY KEY,
    secret     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;
