-- Pairing of a village with the media centre, what the centre says back, and the village's side.

-- At the hub: an invitation, and the village that has answered it.
CREATE TABLE hub_pairing (
    id           TEXT NOT NULL PRIMARY KEY,
    -- 'code' is read out or scanned, 'file' travels on a stick.
    kind         TEXT NOT NULL CHECK (kind IN ('code', 'file')),
    -- The 8 digits (a hash of so few would hide nothing), or the hash of a file's secret; NULL
    -- once it has been used or its time is over.
    secret       TEXT UNIQUE,
    -- Whom it was made for, as the officer wrote it; the source it is for, if that is known here.
    label        TEXT NOT NULL,
    source_id    TEXT REFERENCES hub_source (id) ON DELETE CASCADE,
    state        TEXT NOT NULL CHECK (state IN ('open', 'greeted', 'answered', 'confirmed',
                     'refused')),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    -- Our random number, said before the village shows the one to which it is bound already.
    nonce        TEXT NOT NULL,
    -- What the village said; '' while nobody has answered. keys: the newest last.
    ticket_hash  TEXT NOT NULL,
    commitment   TEXT NOT NULL,
    site         TEXT NOT NULL,
    keys         TEXT NOT NULL,
    name         TEXT NOT NULL,
    kode_wilayah TEXT NOT NULL,
    district     TEXT NOT NULL,
    address      TEXT NOT NULL,
    token_hash   TEXT NOT NULL,
    words        TEXT NOT NULL,
    answered_at  BIGINT NOT NULL,
    -- Our own card as the village has read it, JSON.
    hub          TEXT NOT NULL
);

-- pairing.waiting: what an officer has to look at, newest first.
CREATE INDEX hub_pairing_state ON hub_pairing (state, created_at);
-- Foreign key of hub_pairing.
CREATE INDEX hub_pairing_source ON hub_pairing (source_id);

-- Wrong codes by address of the sender; at_ms is the monotonic clock of boot_id.
CREATE TABLE hub_pairing_guard (
    client   TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    boot_id  TEXT NOT NULL,
    at_ms    BIGINT NOT NULL
);

-- What a paired village may show to be let in: the hash of its token.
CREATE TABLE hub_token (
    source_id  TEXT NOT NULL PRIMARY KEY REFERENCES hub_source (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);

-- A photo that a village is sending piece by piece; the pieces are in data/uploads.
CREATE TABLE hub_upload (
    id         TEXT NOT NULL PRIMARY KEY,
    source_id  TEXT NOT NULL REFERENCES hub_source (id) ON DELETE CASCADE,
    sha256     TEXT NOT NULL,
    size_bytes BIGINT NOT NULL CHECK (size_bytes > 0),
    created_at BIGINT NOT NULL,
    UNIQUE (source_id, sha256)
);

-- push_media.forget: what nobody goes on with.
CREATE INDEX hub_upload_created ON hub_upload (created_at);

-- How far the receipts for one source are numbered. born tells a series from the one before a
-- restore; told is what the source has said that it holds of this series.
CREATE TABLE hub_receipt_head (
    source_id  TEXT NOT NULL PRIMARY KEY REFERENCES hub_source (id) ON DELETE CASCADE,
    journal_id TEXT NOT NULL,
    born       BIGINT NOT NULL CHECK (born > 0),
    n          BIGINT NOT NULL CHECK (n >= 0),
    told       BIGINT NOT NULL CHECK (told >= 0)
);

-- What became of an article of a source: the newest word only.
CREATE TABLE hub_receipt (
    source_id   TEXT NOT NULL REFERENCES hub_source (id) ON DELETE CASCADE,
    object_id   TEXT NOT NULL,
    n           BIGINT NOT NULL CHECK (n > 0),
    rev         BIGINT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('accepted', 'published', 'returned', 'withdrawn')),
    reason      TEXT NOT NULL,
    address     TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (source_id, object_id)
);

-- receipts.after: what a source does not hold yet, in order.
CREATE UNIQUE INDEX hub_receipt_n ON hub_receipt (source_id, n);

-- At the village: the media centre it is paired with. keys: its public keys, the newest last.
CREATE TABLE sync_hub (
    site       TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    -- '' for a centre that is reached by files only.
    address    TEXT NOT NULL,
    keys       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'paired', 'refused', 'ended')),
    words      TEXT NOT NULL,
    -- What opens the door at the hub; the hub itself has its hash only.
    token      TEXT NOT NULL,
    ticket     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    paired_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    is_paused  SMALLINT NOT NULL CHECK (is_paused IN (0, 1)),
    -- What the centre holds of our log: the hash of its newest line; '' for unknown.
    head       TEXT NOT NULL,
    sent_at    BIGINT NOT NULL,
    tried_at   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    failures   BIGINT NOT NULL,
    error_code TEXT NOT NULL,
    error      TEXT NOT NULL,
    -- How many bytes go well in one part over this line.
    part_bytes BIGINT NOT NULL CHECK (part_bytes > 0),
    -- The newest receipt that is here.
    born       BIGINT NOT NULL,
    n          BIGINT NOT NULL
);

-- What the centre says of an article; kept for the newest word of each hub.
CREATE TABLE sync_receipt (
    object_id   TEXT NOT NULL,
    hub         TEXT NOT NULL REFERENCES sync_hub (site) ON DELETE CASCADE,
    born        BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    rev         BIGINT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('accepted', 'published', 'returned', 'withdrawn')),
    reason      TEXT NOT NULL,
    address     TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (object_id, hub)
);

-- Foreign key of sync_receipt.
CREATE INDEX sync_receipt_hub ON sync_receipt (hub);
