-- Sync: the signed publication log of this site, and the logs that it has received from others.

-- Public keys of this site, the first one names it. The secret halves are files in data/keys.
CREATE TABLE sync_key (
    number      INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
    public      TEXT NOT NULL UNIQUE,
    -- The signature of the key before it; '' for the first.
    endorsement TEXT NOT NULL
);

-- Where the log ends, and how far it has followed which journal: moved with the lines, in one
-- transaction.
CREATE TABLE sync_head (
    id          SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    site        TEXT NOT NULL,
    epoch       TEXT NOT NULL,
    seq         BIGINT NOT NULL CHECK (seq >= 0),
    hash        TEXT NOT NULL,
    journal_id  TEXT NOT NULL,
    journal_seq BIGINT NOT NULL CHECK (journal_seq >= 0)
);

-- number counts through all epochs. body is the exact text that was signed; NULL once erased.
CREATE TABLE sync_line (
    number       BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
    epoch        TEXT NOT NULL,
    seq          BIGINT NOT NULL CHECK (seq > 0),
    hash         TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    object_id    TEXT NOT NULL,
    body         TEXT,
    signature    TEXT,
    -- The line that says so: "epoch seq"; '' while the line stands.
    erased_by    TEXT NOT NULL,
    UNIQUE (epoch, seq),
    CHECK ((body IS NULL) = (signature IS NULL)),
    CHECK ((body IS NULL) = (erased_by <> ''))
);

-- log.erase: all lines of one object.
CREATE INDEX sync_line_object ON sync_line (kind, object_id);

-- What the log said last of each object; revision is what the last put spoke of.
CREATE TABLE sync_said (
    kind      TEXT NOT NULL,
    object_id TEXT NOT NULL,
    op        TEXT NOT NULL CHECK (op IN ('put', 'unpublish', 'delete', 'erase')),
    rev       BIGINT NOT NULL CHECK (rev > 0),
    revision  TEXT NOT NULL,
    digest    TEXT NOT NULL,
    PRIMARY KEY (kind, object_id)
);

-- A site whose log is received here. epoch '' means that nothing of it was accepted yet.
CREATE TABLE sync_source (
    site    TEXT NOT NULL PRIMARY KEY,
    public  TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    seq     BIGINT NOT NULL CHECK (seq >= 0),
    hash    TEXT NOT NULL,
    -- Counts the lines as they came in.
    number  BIGINT NOT NULL CHECK (number >= 0),
    state   TEXT NOT NULL CHECK (state IN ('ok', 'fork')),
    problem TEXT NOT NULL,
    -- When a page came through to its end the last time; 0 for never.
    ok_at   BIGINT NOT NULL
);

-- Verified lines. An orphan was cut off when its village was restored from an older backup.
CREATE TABLE sync_received (
    site       TEXT NOT NULL REFERENCES sync_source (site) ON DELETE CASCADE,
    epoch      TEXT NOT NULL,
    seq        BIGINT NOT NULL CHECK (seq > 0),
    number     BIGINT NOT NULL CHECK (number > 0),
    prev       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    op         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    object_id  TEXT NOT NULL,
    rev        BIGINT NOT NULL,
    body       TEXT,
    signature  TEXT,
    erased_by  TEXT NOT NULL,
    -- An erased line is proven by the erase line that names it.
    is_proven  SMALLINT NOT NULL CHECK (is_proven IN (0, 1)),
    is_orphan  SMALLINT NOT NULL CHECK (is_orphan IN (0, 1)),
    PRIMARY KEY (site, epoch, seq)
);

-- received.points: some lines back from the newest.
CREATE INDEX sync_received_number ON sync_received (site, number);
-- received.newest_of: the line that holds for one object.
CREATE INDEX sync_received_object ON sync_received (site, kind, object_id, number);
-- received.first_unproven.
CREATE INDEX sync_received_unproven ON sync_received (site, number) WHERE is_proven = 0;

-- Lines whose predecessor is missing yet: not verified, bounded in number and size.
CREATE TABLE sync_parked (
    site   TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    seq    BIGINT NOT NULL,
    line   TEXT NOT NULL,
    PRIMARY KEY (site, epoch, seq)
);

-- Two different signed lines at one place: kept as the proof.
CREATE TABLE sync_evidence (
    site   TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    seq    BIGINT NOT NULL,
    line   TEXT NOT NULL,
    PRIMARY KEY (site, epoch, seq, line)
);
