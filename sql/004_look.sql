-- Before a launch or a termination mirage-sync lists the tasks anew, because other machines launch and terminate too.
ALTER TABLE sync ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0; -- how many listings were asked for
ALTER TABLE sync ADD COLUMN looked INTEGER NOT NULL DEFAULT 0; -- what `wanted` was when the last successful listing began
