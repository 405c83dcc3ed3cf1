-- Media: photos with their masters, albums, documents. The files are in the folder media/.

CREATE TABLE photo (
    id            TEXT NOT NULL PRIMARY KEY,
    -- Also the name of the file: media/<aa>/<sha256>.
    master_sha256 TEXT NOT NULL UNIQUE,
    mime          TEXT NOT NULL CHECK (mime IN ('image/jpeg', 'image/png')),
    width_px      INTEGER NOT NULL CHECK (width_px > 0),
    height_px     INTEGER NOT NULL CHECK (height_px > 0),
    size_bytes    BIGINT NOT NULL CHECK (size_bytes > 0),
    dhash         TEXT NOT NULL,
    -- '' or the day that the camera wrote, as 2026-11-21.
    taken_on      TEXT NOT NULL,
    name          TEXT NOT NULL,
    caption       TEXT NOT NULL,
    credit        TEXT NOT NULL,
    alt           TEXT NOT NULL,
    -- '' means the village's own.
    licence       TEXT NOT NULL,
    -- Not finer than the village: a hamlet, never a house.
    place         TEXT NOT NULL,
    -- Are children recognisable, and have their parents agreed?
    children      TEXT NOT NULL CHECK (children IN ('none', 'agreed', 'unasked')),
    focus_x       DOUBLE PRECISION NOT NULL CHECK (focus_x >= 0 AND focus_x <= 1),
    focus_y       DOUBLE PRECISION NOT NULL CHECK (focus_y >= 0 AND focus_y <= 1),
    version       BIGINT NOT NULL CHECK (version > 0),
    uploader_id   TEXT,
    uploader_name TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    trashed_at    BIGINT
);

-- library.photos: newest first.
CREATE INDEX photo_created ON photo (created_at, id) WHERE trashed_at IS NULL;
-- library.photos: one person's own, and the recent ones beside the article form.
CREATE INDEX photo_uploader ON photo (uploader_id, created_at, id) WHERE trashed_at IS NULL;
-- library.photos: the trash, and what is due to be purged.
CREATE INDEX photo_trash ON photo (trashed_at, id) WHERE trashed_at IS NOT NULL;

-- Which bytes came in as which photo: the same file twice is the same photo.
CREATE TABLE photo_upload (
    sha256   TEXT NOT NULL PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photo (id) ON DELETE CASCADE
);

-- Foreign key of photo_upload: what goes with a photo.
CREATE INDEX photo_upload_photo ON photo_upload (photo_id);

CREATE TABLE album (
    id         TEXT NOT NULL PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    intro      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- albums.albums: newest first.
CREATE INDEX album_updated ON album (updated_at, id);

CREATE TABLE album_photo (
    album_id TEXT NOT NULL REFERENCES album (id) ON DELETE CASCADE,
    photo_id TEXT NOT NULL REFERENCES photo (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (album_id, photo_id)
);

-- albums.photos: one album in its order.
CREATE INDEX album_photo_order ON album_photo (album_id, position);
-- albums.of_photo: in which albums a photo is.
CREATE INDEX album_photo_photo ON album_photo (photo_id);

CREATE TABLE document (
    id            TEXT NOT NULL PRIMARY KEY,
    sha256        TEXT NOT NULL UNIQUE,
    mime          TEXT NOT NULL CHECK (mime = 'application/pdf'),
    size_bytes    BIGINT NOT NULL CHECK (size_bytes > 0),
    -- Of the file as it is offered: ends in .pdf, made by the server.
    name          TEXT NOT NULL,
    title         TEXT NOT NULL,
    uploader_id   TEXT,
    uploader_name TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    trashed_at    BIGINT
);

-- documents.documents: newest first.
CREATE INDEX document_created ON document (created_at, id) WHERE trashed_at IS NULL;
