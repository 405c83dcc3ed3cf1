-- Standing pages: a tree, kept texts, addresses for ever; the menu of two levels.

CREATE TABLE page (
    id          TEXT NOT NULL PRIMARY KEY,
    slug        TEXT NOT NULL UNIQUE,
    parent_id   TEXT REFERENCES page (id) ON DELETE SET NULL,
    position    INTEGER NOT NULL CHECK (position >= 0),
    kind        TEXT NOT NULL CHECK (kind IN ('page')),
    version     BIGINT NOT NULL CHECK (version > 0),
    -- The text that readers see. No foreign key: the two tables would need each other first.
    revision_id TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    trashed_at  BIGINT
);

-- queries.tree: all pages in their order; the pages beside one page.
CREATE INDEX page_order ON page (parent_id, position, id) WHERE trashed_at IS NULL;
-- queries.trash.
CREATE INDEX page_trash ON page (trashed_at, id) WHERE trashed_at IS NOT NULL;

-- Never changed after it was written: every saving makes a new one.
CREATE TABLE page_revision (
    id            TEXT NOT NULL PRIMARY KEY,
    page_id       TEXT NOT NULL REFERENCES page (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL CHECK (number > 0),
    author_label  TEXT NOT NULL,
    author_name   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    title         TEXT NOT NULL,
    standfirst    TEXT NOT NULL,
    lead_photo_id TEXT,
    digest        TEXT NOT NULL,
    -- Last, so that lists read a row without walking over the text.
    body          TEXT NOT NULL,
    UNIQUE (page_id, number)
);

-- Every address a page ever had. page_id is NULL when the page itself is gone (410).
CREATE TABLE page_slug (
    slug       TEXT NOT NULL PRIMARY KEY,
    page_id    TEXT REFERENCES page (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL
);

-- Foreign key of page_slug: which addresses a page had.
CREATE INDEX page_slug_page ON page_slug (page_id);

-- The readers' menu. An item leads to a page or to a path of this site.
CREATE TABLE menu_item (
    id        TEXT NOT NULL PRIMARY KEY,
    parent_id TEXT REFERENCES menu_item (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL CHECK (position >= 0),
    title     TEXT NOT NULL CHECK (title <> ''),
    page_id   TEXT REFERENCES page (id) ON DELETE CASCADE,
    path      TEXT NOT NULL,
    CHECK ((page_id IS NULL) = (path <> ''))
);

-- menu.items and the foreign key: what lies under an item, in order.
CREATE INDEX menu_item_parent ON menu_item (parent_id, position);
-- Foreign key of menu_item: which items lead to a page.
CREATE INDEX menu_item_page ON menu_item (page_id);
