-- People: users, their sessions and devices, one-time codes, lockout counters; forms sent twice.

CREATE TABLE user_account (
    id            TEXT NOT NULL PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    initials      TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'approver', 'reporter', 'officer')),
    is_active     SMALLINT NOT NULL CHECK (is_active IN (0, 1)),
    -- '' until the person has chosen a password with a one-time code.
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE user_session (
    id         TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    device     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- sessions.sessions_of: what is signed in as one user.
CREATE INDEX user_session_user ON user_session (user_id, seen_at);

-- A browser on which this user has signed in before: it has a lockout counter of its own.
CREATE TABLE known_device (
    user_id      TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    device_hash  TEXT NOT NULL,
    seen_at      BIGINT NOT NULL,
    PRIMARY KEY (user_id, device_hash)
);

-- Failed sign-ins. subject: a user's id, or one of 4,096 buckets for names that nobody has;
-- device: '' for all unknown devices together. at_ms is the monotonic clock of boot_id.
CREATE TABLE login_guard (
    subject  TEXT NOT NULL,
    device   TEXT NOT NULL,
    failures INTEGER NOT NULL CHECK (failures > 0),
    boot_id  TEXT NOT NULL,
    at_ms    BIGINT NOT NULL,
    PRIMARY KEY (subject, device)
);

CREATE TABLE one_time_code (
    code_hash  TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('recovery', 'reset', 'invite')),
    created_at BIGINT NOT NULL
);

-- recovery.codes_left and the replacement of a user's codes.
CREATE INDEX one_time_code_user ON one_time_code (user_id, kind);

-- The result of a form or call that carries a key, so that sending it twice does it once.
CREATE TABLE submission (
    scope  TEXT NOT NULL,
    key    TEXT NOT NULL,
    result TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);

-- forms.once: what is older than 30 days is forgotten.
CREATE INDEX submission_at ON submission (at);
