-- The ground: journal, due work, settings.
-- Times are integer milliseconds UTC; booleans are 0 or 1; ids are UUIDv7 in text.

CREATE TABLE schema_version (
    number  INTEGER NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    program TEXT NOT NULL
);

CREATE TABLE journal_head (
    id         SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    n          BIGINT NOT NULL CHECK (n >= 0),
    at         BIGINT NOT NULL,
    journal_id TEXT NOT NULL
);

CREATE TABLE journal (
    seq         BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    op          TEXT NOT NULL,
    revision_id TEXT,
    keys        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    note        TEXT NOT NULL
);

-- journal.history: who did what to one object.
CREATE INDEX journal_object ON journal (kind, object_id, seq);

CREATE TABLE due (
    kind TEXT NOT NULL,
    ref  TEXT NOT NULL,
    at   BIGINT NOT NULL,
    PRIMARY KEY (kind, ref)
);

-- due.tick and due.next_at: what is due now, what comes next.
CREATE INDEX due_at ON due (at, kind, ref);

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
