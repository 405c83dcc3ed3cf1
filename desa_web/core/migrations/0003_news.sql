-- News: articles and announcements, their revisions, addresses and rubrics.

CREATE TABLE rubric (
    id       TEXT NOT NULL PRIMARY KEY,
    slug     TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL
);

-- state is the state of the working revision; readers see the live one, whatever the state.
CREATE TABLE article (
    id                  TEXT NOT NULL PRIMARY KEY,
    kind                TEXT NOT NULL CHECK (kind IN ('article', 'announcement')),
    state               TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'returned',
                            'approved', 'scheduled', 'published', 'withdrawn')),
    version             BIGINT NOT NULL CHECK (version > 0),
    slug                TEXT NOT NULL UNIQUE,
    author_id           TEXT,
    author_name         TEXT NOT NULL,
    working_revision_id TEXT NOT NULL,
    live_revision_id    TEXT,
    -- Copied from the live revision when it goes live, so that lists need one index each.
    live_rubric_id      TEXT REFERENCES rubric (id) ON DELETE SET NULL,
    note                TEXT NOT NULL,
    sends_to_kominfo    SMALLINT NOT NULL CHECK (sends_to_kominfo IN (0, 1)),
    is_expired          SMALLINT NOT NULL CHECK (is_expired IN (0, 1)),
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    published_at        BIGINT,
    scheduled_at        BIGINT,
    trashed_at          BIGINT,
    CHECK (live_revision_id IS NULL OR (published_at IS NOT NULL AND trashed_at IS NULL)),
    CHECK (state <> 'published' OR live_revision_id IS NOT NULL),
    CHECK (state <> 'scheduled' OR scheduled_at IS NOT NULL)
);

-- queries.published: the newest of a kind, and a month of it.
CREATE INDEX article_live ON article (kind, published_at, id) WHERE live_revision_id IS NOT NULL;
-- queries.published of one rubric.
CREATE INDEX article_live_rubric ON article (live_rubric_id, published_at, id)
    WHERE live_revision_id IS NOT NULL;
-- queries.board: announcements that still hold.
CREATE INDEX article_board ON article (published_at, id)
    WHERE live_revision_id IS NOT NULL AND kind = 'announcement' AND is_expired = 0;
-- queries.desk: by state, newest first; the review queue and its badge.
CREATE INDEX article_state ON article (state, updated_at, id) WHERE trashed_at IS NULL;
-- queries.desk: a reporter's own.
CREATE INDEX article_author ON article (author_id, updated_at, id) WHERE trashed_at IS NULL;
-- queries.desk: everything, newest first.
CREATE INDEX article_updated ON article (updated_at, id) WHERE trashed_at IS NULL;
-- queries.trash.
CREATE INDEX article_trash ON article (trashed_at, id) WHERE trashed_at IS NOT NULL;

CREATE TABLE revision (
    id            TEXT NOT NULL PRIMARY KEY,
    article_id    TEXT NOT NULL REFERENCES article (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL CHECK (number > 0),
    parent_id     TEXT,
    author_label  TEXT NOT NULL,
    author_name   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    saved_at      BIGINT NOT NULL,
    is_frozen     SMALLINT NOT NULL CHECK (is_frozen IN (0, 1)),
    title         TEXT NOT NULL,
    standfirst    TEXT NOT NULL,
    rubric_id     TEXT REFERENCES rubric (id) ON DELETE SET NULL,
    tags          TEXT NOT NULL,
    dateline      TEXT NOT NULL,
    byline        TEXT NOT NULL,
    initials      TEXT NOT NULL,
    source        TEXT NOT NULL,
    lead_photo_id TEXT,
    correction    TEXT NOT NULL,
    corrected_on  TEXT NOT NULL,
    expires_on    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    -- Last, so that lists read a row without walking over the text.
    body          TEXT NOT NULL,
    UNIQUE (article_id, number)
);

-- Tags of live revisions only: they lead readers.
CREATE TABLE article_tag (
    article_id   TEXT NOT NULL REFERENCES article (id) ON DELETE CASCADE,
    slug         TEXT NOT NULL,
    name         TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (article_id, slug)
);

-- queries.published of one tag.
CREATE INDEX article_tag_slug ON article_tag (slug, published_at, article_id);

-- Every address an article ever had. article_id is NULL when the article itself is gone (410).
CREATE TABLE article_slug (
    slug       TEXT NOT NULL PRIMARY KEY,
    article_id TEXT REFERENCES article (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL
);

-- Foreign key of article_slug: which addresses an article had.
CREATE INDEX article_slug_article ON article_slug (article_id);

-- Domains that published texts have linked to: a new one is shown to the reviewer.
CREATE TABLE outbound_domain (
    domain     TEXT NOT NULL PRIMARY KEY,
    article_id TEXT NOT NULL,
    first_at   BIGINT NOT NULL
);

-- Who is writing on what; a warning, not a wall. Not journaled.
CREATE TABLE edit_lock (
    article_id  TEXT NOT NULL PRIMARY KEY REFERENCES article (id) ON DELETE CASCADE,
    holder      TEXT NOT NULL,
    holder_name TEXT NOT NULL,
    boot_id     TEXT NOT NULL,
    until_s     DOUBLE PRECISION NOT NULL
);

-- The newest typing of one person in one article. Not journaled.
CREATE TABLE autosave (
    article_id       TEXT NOT NULL REFERENCES article (id) ON DELETE CASCADE,
    holder           TEXT NOT NULL,
    base_revision_id TEXT NOT NULL,
    saved_at         BIGINT NOT NULL,
    fields           TEXT NOT NULL,
    PRIMARY KEY (article_id, holder)
);
