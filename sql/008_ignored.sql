-- Requests of those that use.ignore names are counted apart: they keep no environment alive. A row that has only such
-- requests is `reported` 0, not NULL: nothing of its `count` is due.
ALTER TABLE access ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0;          -- requests in this minute that are no use
ALTER TABLE access ADD COLUMN ignored_reported INTEGER NOT NULL DEFAULT 0; -- how many of them CloudWatch has taken
CREATE INDEX access_ignored_unreported ON access (minute) WHERE ignored_reported < ignored;
