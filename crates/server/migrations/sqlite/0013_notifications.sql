-- What people are told of, each by themselves.

-- How someone wants to be told. `all_stores`: of every store, by a role that they hold in all; NULL
-- where the shop decides (it has one store). Mail goes out at `mail_next_at` at the earliest.
CREATE TABLE notification_settings (
    user_id      INTEGER PRIMARY KEY REFERENCES users,
    email        TEXT,
    all_stores   INTEGER,
    mail_next_at INTEGER NOT NULL,
    mail_tries   INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT;

-- What they want to hear of; a topic that is not here comes into the inbox.
CREATE TABLE notification_choices (
    user_id INTEGER NOT NULL REFERENCES users,
    topic   TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('off', 'inbox', 'email')),
    PRIMARY KEY (user_id, topic)
) STRICT;

-- `data` is JSON: what the text names. `mail`: NULL where none is wished for.
CREATE TABLE notifications (
    id           INTEGER PRIMARY KEY,
    event_id     INTEGER NOT NULL,
    user_id      INTEGER NOT NULL REFERENCES users,
    topic        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    store_id     INTEGER,
    subject_kind TEXT NOT NULL,
    subject_id   INTEGER NOT NULL,
    data         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    read_at      INTEGER,
    mail         TEXT CHECK (mail IN ('due', 'sent', 'failed')),
    UNIQUE (event_id, user_id)
) STRICT;
CREATE INDEX notifications_of_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_to_mail ON notifications (user_id, id) WHERE mail = 'due';
CREATE INDEX notifications_by_age ON notifications (created_at);
CREATE INDEX user_roles_of_store ON user_roles (store_id, role);

-- Nobody is told of what was before there was anyone to tell them.
INSERT INTO followers (name, last_id, owner, lease_until)
SELECT 'notifications', last_id, NULL, 0 FROM event_head WHERE log_id = 1;
