-- For the page on which a visitor waits.

-- How long launches took until they were ready: the last 20 of each task definition, whatever its revision.
CREATE TABLE start_time (
    family   TEXT NOT NULL,    -- the task definition without its revision
    launch   TEXT NOT NULL,    -- the id of the launch, a ULID
    ready_at INTEGER NOT NULL, -- when it became ready
    took     INTEGER NOT NULL, -- milliseconds from being asked for until then
    PRIMARY KEY (family, launch)
) STRICT, WITHOUT ROWID;

-- Environments that have ended because their newest launch failed, until somebody has read that, launches or terminates
-- them, or the launch is forgotten. No pattern is among them: it would stand in the way of others.
CREATE INDEX launch_failed ON launch (subdomain, id) WHERE state = 'failed' AND dismissed = 0;
CREATE VIEW failed AS
SELECT l.subdomain
FROM launch l CROSS JOIN environment e ON e.subdomain = l.subdomain
WHERE l.state = 'failed' AND l.dismissed = 0 AND e.ended_at IS NOT NULL AND l.id > e.over
  AND NOT EXISTS (SELECT 1 FROM launch newer WHERE newer.subdomain = l.subdomain AND newer.id > l.id)
  AND NOT l.subdomain GLOB '*[*?[\]*';

CREATE TRIGGER route_launch_update AFTER UPDATE OF state, dismissed ON launch
WHEN (old.state <> new.state OR old.dismissed <> new.dismissed) AND (old.state = 'failed' OR new.state = 'failed') BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_launch_delete AFTER DELETE ON launch WHEN old.state = 'failed' BEGIN
    UPDATE route_version SET version = version + 1;
END;
