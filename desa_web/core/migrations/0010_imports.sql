-- What a village brought along from another program: where it came from, and its old addresses.

-- Which text of a source became what here. origin_key is a hash: what is erased here for somebody's
-- privacy leaves no readable trace, and does not come again. digest is of the source's text as it
-- was then: a later run sees what changed there since.
CREATE TABLE import_origin (
    source      TEXT NOT NULL,
    origin_key  TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('article', 'page', 'album')),
    object_id   TEXT NOT NULL,
    digest      TEXT NOT NULL,
    -- Pictures that could not be had: a later run tries again while the text is as it came,
    -- that is at this revision ('' for albums).
    missing     INTEGER NOT NULL CHECK (missing >= 0),
    revision_id TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (source, origin_key)
);

-- Which photo of the library stands for a picture of a source, so that none is fetched twice.
CREATE TABLE import_photo (
    source    TEXT NOT NULL,
    url       TEXT NOT NULL,
    photo_id  TEXT NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
    PRIMARY KEY (source, url)
);

-- Foreign key of import_photo: what goes with a photo.
CREATE INDEX import_photo_photo ON import_photo (photo_id);

-- Addresses of the old site, in one spelling; whoever comes by one is led on with 301.
CREATE TABLE alias (
    path       TEXT NOT NULL,
    -- '' or the one parameter that named a text there, as in p=12.
    query      TEXT NOT NULL,
    article_id TEXT REFERENCES article (id) ON DELETE CASCADE,
    page_id    TEXT REFERENCES page (id) ON DELETE CASCADE,
    -- '' or a path of this site, for lists and feeds.
    leads_to   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (path, query),
    CHECK (article_id IS NULL OR page_id IS NULL),
    CHECK ((leads_to = '') = (article_id IS NOT NULL OR page_id IS NOT NULL))
);

-- Foreign key of alias: which old addresses go with an article.
CREATE INDEX alias_article ON alias (article_id);
-- Foreign key of alias: which old addresses go with a page.
CREATE INDEX alias_page ON alias (page_id);
