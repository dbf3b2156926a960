-- Who is about to launch or terminate has the tasks looked at first: other machines do the same things.
ALTER TABLE sync ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0; -- looks that were asked for
ALTER TABLE sync ADD COLUMN looked INTEGER NOT NULL DEFAULT 0; -- what `wanted` was when the last one that succeeded began
