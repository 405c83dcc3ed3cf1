-- The desk: deputies with dates, and the typing on sheets that are no article or page yet.

-- Somebody approves in another's name from first_on to last_on, days of the village's time zone.
-- Rows stay for ever: they say in whose name something was approved.
CREATE TABLE delegation (
    id           TEXT NOT NULL PRIMARY KEY,
    giver_id     TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    deputy_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    first_on     TEXT NOT NULL,
    last_on      TEXT NOT NULL,
    appointed_by TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    -- Set when it was ended before its last day.
    ended_at     BIGINT,
    CHECK (first_on <= last_on),
    CHECK (giver_id <> deputy_id)
);

-- delegation.held_by: at every request of the desk.
CREATE INDEX delegation_deputy ON delegation (deputy_id, last_on) WHERE ended_at IS NULL;
-- delegation.delegations of one giver, and the foreign key.
CREATE INDEX delegation_giver ON delegation (giver_id, last_on);

-- What somebody types on a sheet: 'tulis/<key>' for a new article, 'halaman/<id or key>' for a
-- page. Not journaled: it is no content yet.
CREATE TABLE typing (
    holder   TEXT NOT NULL,
    sheet    TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    fields   TEXT NOT NULL,
    PRIMARY KEY (holder, sheet)
);
