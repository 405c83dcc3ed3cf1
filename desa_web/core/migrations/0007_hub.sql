-- The media centre: where news comes from, and what became of it here.

-- A village or another feed that is collected. Its log, if it has one, is in sync_source under
-- `site`; a feed of other software has none. slug names its public page and never changes.
CREATE TABLE hub_source (
    id           TEXT NOT NULL PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('desa', 'feed')),
    name         TEXT NOT NULL,
    slug         TEXT NOT NULL UNIQUE,
    -- '' for a village that only pushes or sends files.
    address      TEXT NOT NULL,
    site         TEXT UNIQUE,
    kode_wilayah TEXT NOT NULL,
    district     TEXT NOT NULL,
    -- An officer has looked at who this says it is.
    is_confirmed SMALLINT NOT NULL CHECK (is_confirmed IN (0, 1)),
    contact      TEXT NOT NULL,
    trust        TEXT NOT NULL CHECK (trust IN ('review', 'auto')),
    accepted     BIGINT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('active', 'paused', 'removed')),
    -- The log goes on from an earlier place (a restore, a new key): when its end is reached all
    -- items are compared with what it says.
    must_compare SMALLINT NOT NULL CHECK (must_compare IN (0, 1)),
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL CHECK (version > 0)
);

-- When to ask a source again, and who is asking now. Written by pullers without a journal row.
CREATE TABLE hub_poll (
    source_id   TEXT NOT NULL PRIMARY KEY REFERENCES hub_source (id) ON DELETE CASCADE,
    -- '' for what is not asked at all.
    host        TEXT NOT NULL,
    next_at     BIGINT NOT NULL,
    interval_s  BIGINT NOT NULL CHECK (interval_s > 0),
    failures    BIGINT NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    tried_at    BIGINT NOT NULL,
    ok_at       BIGINT NOT NULL,
    news_at     BIGINT NOT NULL,
    -- What is wrong: a code and the sentence of that moment; '' when nothing is.
    error_code  TEXT NOT NULL,
    error       TEXT NOT NULL,
    -- Validators of a feed; a village's log is asked for by its head.
    etag        TEXT NOT NULL,
    modified    TEXT NOT NULL
);

-- leases.take: what is due and free, the longest waiting first.
CREATE INDEX hub_poll_next ON hub_poll (next_at) WHERE host <> '';
-- leases.take: whether another puller is asking the same host.
CREATE INDEX hub_poll_host ON hub_poll (host) WHERE lease_owner <> '';

-- One article of a source as the source says it now, and what was decided here.
CREATE TABLE hub_item (
    id            TEXT NOT NULL PRIMARY KEY,
    source_id     TEXT NOT NULL REFERENCES hub_source (id) ON DELETE CASCADE,
    -- The article's id at its source: the log's object id, or the guid of a feed.
    object_id     TEXT NOT NULL,
    op            TEXT NOT NULL CHECK (op IN ('put', 'unpublish', 'delete', 'erase')),
    rev           BIGINT NOT NULL,
    -- Of what readers would see of it; an address that changed is no news.
    digest        TEXT NOT NULL,
    title         TEXT NOT NULL,
    published_at  BIGINT NOT NULL,
    received_at   BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('new', 'held', 'published', 'returned')),
    -- Something came after the decision that a person should look at.
    needs_look    SMALLINT NOT NULL CHECK (needs_look IN (0, 1)),
    -- The village lost it with its disk and was restored without it: we can give it back.
    is_lost       SMALLINT NOT NULL CHECK (is_lost IN (0, 1)),
    -- Our own article made of it; edited here it is a derivative and never overwritten.
    article_id    TEXT,
    taken_digest  TEXT NOT NULL,
    -- The working revision that was made from the source; another one means edited here.
    taken_revision_id TEXT NOT NULL,
    -- Pictures came after it was taken over.
    lacks_photos  SMALLINT NOT NULL CHECK (lacks_photos IN (0, 1)),
    reason        TEXT NOT NULL,
    decided_by    TEXT NOT NULL,
    decided_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL CHECK (version > 0),
    -- The content as it was received, JSON; cleaned when it is taken over and when it is shown.
    -- Last, so that lists read a row without walking over the text.
    content       TEXT NOT NULL,
    UNIQUE (source_id, object_id)
);

-- items.listing, views.waiting: what nobody has decided on, newest first.
CREATE INDEX hub_item_new ON hub_item (received_at, id, source_id)
    WHERE state = 'new' AND op = 'put';
-- items.listing, views.waiting: what changed or went after it was decided on.
CREATE INDEX hub_item_look ON hub_item (received_at, id, source_id) WHERE needs_look = 1;
-- items.listing: the other shelves; items.counts reads nothing else, because a row with its text
-- fills a page of its own.
CREATE INDEX hub_item_shelf ON hub_item (state, op, received_at, id, source_id);
-- inbox.work_off: published items whose photos came later.
CREATE INDEX hub_item_photos ON hub_item (id) WHERE lacks_photos = 1;
-- intake, items.lost: what a village lost with its disk.
CREATE INDEX hub_item_lost ON hub_item (source_id) WHERE is_lost = 1;
-- items.listing of one source; schedule: its rhythm.
CREATE INDEX hub_item_source ON hub_item (source_id, received_at, id);
-- board.board: the last news and the last days of every source.
CREATE INDEX hub_item_published ON hub_item (source_id, published_at) WHERE op = 'put';
-- items.of_article: what one of our articles was made of.
CREATE INDEX hub_item_article ON hub_item (article_id) WHERE article_id IS NOT NULL;

-- Pictures that items speak of.
CREATE TABLE hub_photo (
    source_id  TEXT NOT NULL REFERENCES hub_source (id) ON DELETE CASCADE,
    -- sha256 of a village's master, or the address of a feed's picture.
    ref        TEXT NOT NULL,
    -- Of the file in media/kiriman; '' until known of a feed's picture.
    sha256     TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('wanted', 'here', 'gone', 'refused')),
    reason     TEXT NOT NULL,
    tries      BIGINT NOT NULL,
    -- Our own photo made of it when an item was taken over.
    photo_id   TEXT,
    PRIMARY KEY (source_id, ref)
);

-- photos.wanted: what to ask a source for.
CREATE INDEX hub_photo_wanted ON hub_photo (source_id) WHERE state = 'wanted';

-- Which item shows which picture, in the item's order.
CREATE TABLE hub_item_photo (
    item_id   TEXT NOT NULL REFERENCES hub_item (id) ON DELETE CASCADE,
    source_id TEXT NOT NULL,
    ref       TEXT NOT NULL,
    PRIMARY KEY (item_id, ref)
);
-- photos.arrived: which items show a picture that came.
CREATE INDEX hub_item_photo_ref ON hub_item_photo (source_id, ref);
