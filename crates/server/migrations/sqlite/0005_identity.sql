-- People who have left, programs that sign in with a key, and what people keep for themselves.

-- A program has a row among the users, so that whatever it does bears its name.
ALTER TABLE users ADD COLUMN is_deleted INTEGER NOT NULL DEFAULT 0 CHECK (is_deleted IN (0, 1));
ALTER TABLE users ADD COLUMN is_program INTEGER NOT NULL DEFAULT 0 CHECK (is_program IN (0, 1));
ALTER TABLE users ADD COLUMN last_sign_in_at INTEGER;
ALTER TABLE users ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE users SET name_key = LOWER(name);

-- A key is shown once; here lies the SHA-256 of its 32 random bytes. `hint` is its beginning.
CREATE TABLE api_keys (
    id                INTEGER PRIMARY KEY,
    user_id           INTEGER NOT NULL UNIQUE REFERENCES users,
    name              TEXT NOT NULL,
    hint              TEXT NOT NULL,
    secret_hash       TEXT NOT NULL UNIQUE,
    created_by        INTEGER NOT NULL REFERENCES users,
    expires_at        INTEGER,
    revoked_at        INTEGER,
    last_used_at      INTEGER,
    last_used_address TEXT,
    version           INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

-- How someone likes the screens: JSON that belongs to the web interface.
CREATE TABLE user_preferences (
    user_id    INTEGER PRIMARY KEY REFERENCES users,
    value      TEXT NOT NULL,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- A list with its filters, sorting and columns under a name. `definition` is JSON.
CREATE TABLE saved_views (
    id         INTEGER PRIMARY KEY,
    owner_id   INTEGER NOT NULL REFERENCES users,
    list       TEXT NOT NULL,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    is_shared  INTEGER NOT NULL CHECK (is_shared IN (0, 1)),
    definition TEXT NOT NULL,
    version    INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL CHECK (is_deleted IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX saved_views_names ON saved_views (owner_id, list, name_key)
    WHERE NOT is_deleted;
CREATE INDEX saved_views_shared ON saved_views (list, name_key, id)
    WHERE is_shared AND NOT is_deleted;
