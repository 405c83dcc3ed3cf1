-- Whether an item is a notice: the status board read it out of every text.
ALTER TABLE hub_item ADD COLUMN is_notice SMALLINT NOT NULL DEFAULT 0 CHECK (is_notice IN (0, 1));

UPDATE hub_item SET is_notice = 1 WHERE replace(content, '"type": "announcement"', '') <> content;
