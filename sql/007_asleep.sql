-- Environments that sleep: their tasks are stopped, and the next visit launches them again. A row goes when the
-- environment is awake (a launch newer than `launch` is ready), or was terminated.
CREATE TABLE asleep (
    subdomain  TEXT    NOT NULL PRIMARY KEY,          -- of its environment
    launch     TEXT    NOT NULL,                      -- an id: this launch, and all that are older, sleep
    at         INTEGER NOT NULL,                      -- when it was put to sleep
    asked_by   TEXT    NOT NULL,                      -- who put it to sleep
    reason     TEXT    NOT NULL,                      -- one sentence: why
    request    TEXT    NOT NULL,                      -- JSON: what a wake launches (lib/asleep.h)
    etag       TEXT    NOT NULL DEFAULT '',           -- of its object in S3 (state.url); '': it is not known there
    wanted_at  INTEGER NOT NULL DEFAULT 0,            -- when somebody wanted it awake since the last try; 0: nobody did
    wanted_by  TEXT    NOT NULL DEFAULT '',           -- who
    tried_at   INTEGER NOT NULL DEFAULT 0,            -- when it was last tried to wake it; 0: never
    not_before INTEGER NOT NULL DEFAULT 0,            -- then it is tried again, if somebody wants it
    tries      INTEGER NOT NULL DEFAULT 0,            -- how often it was tried
    error      TEXT    NOT NULL DEFAULT ''            -- why the last one failed
) STRICT, WITHOUT ROWID;

CREATE TRIGGER route_asleep_insert AFTER INSERT ON asleep BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_asleep_update AFTER UPDATE OF launch ON asleep
WHEN old.launch <> new.launch BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_asleep_delete AFTER DELETE ON asleep BEGIN
    UPDATE route_version SET version = version + 1;
END;

DROP VIEW route;

-- What proxyd sends where: a row a port of a live task of the launch that serves; an environment without one is a row
-- with address ''. `starting` is 1 in a row of what is not ready: then its address is '' too. An environment is starting
-- while any of its rows is. One that is `asleep` has no live task of a launch that may be awake.
CREATE VIEW route AS
SELECT e.subdomain, e.launched_at,
       coalesce(t.last_status <> 'RUNNING' OR p.ready = 0, t.arn IS NULL) AS starting,
       coalesce(p.container_port, 0) AS target,
       CASE WHEN t.last_status = 'RUNNING' AND p.ready = 1 THEN p.address ELSE '' END AS address,
       coalesce(p.port, 0) AS port,
       t.arn IS NULL AND a.subdomain IS NOT NULL AS asleep
FROM environment e
LEFT JOIN asleep a ON a.subdomain = e.subdomain
LEFT JOIN task t ON t.subdomain = e.subdomain AND t.launch = e.serving
    AND t.desired_status <> 'STOPPED' AND t.last_status <> 'STOPPED'
    AND (a.launch IS NULL OR t.launch > a.launch)
LEFT JOIN port p ON p.arn = t.arn
WHERE e.ended_at IS NULL;
