-- An environment is a series of launches. Its tasks carry the id of theirs in the tag MirageLaunch. One launch serves; a
-- newer one may be on its way up, older ones on their way down.
CREATE TABLE launch (
    subdomain TEXT NOT NULL,               -- of its environment
    id        TEXT NOT NULL,               -- a ULID; '': the tasks without the tag, older than any launch with an id
    at        INTEGER NOT NULL,            -- when it was asked for
    asked_by  TEXT NOT NULL DEFAULT '',    -- who asked for it; '' when only seen on ECS
    request   TEXT NOT NULL DEFAULT '',    -- JSON: the launch as asked for; '' when only seen on ECS
    n_wanted  INTEGER NOT NULL DEFAULT 0,  -- how many tasks it has; 0 when only seen on ECS
    state     TEXT NOT NULL DEFAULT 'starting', -- 'starting', 'ready', 'draining', 'failed', 'stopped'
    reason    TEXT NOT NULL DEFAULT '',    -- one sentence: why it has failed, or stopped
    ready_at  INTEGER NOT NULL DEFAULT 0,  -- when it was first seen ready; 0: never
    stale_at  INTEGER NOT NULL DEFAULT 0,  -- when a newer one took its place; 0: none did
    dismissed INTEGER NOT NULL DEFAULT 0,  -- 1: it failed, and somebody has read that
    PRIMARY KEY (subdomain, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE task ADD COLUMN launch TEXT NOT NULL DEFAULT '';    -- the id of its launch
ALTER TABLE task ADD COLUMN stop_code TEXT NOT NULL DEFAULT ''; -- ECS stopCode; '' while it runs
ALTER TABLE task ADD COLUMN health TEXT NOT NULL DEFAULT '';    -- ECS healthStatus; '' without a health check
ALTER TABLE port ADD COLUMN answers INTEGER NOT NULL DEFAULT 0; -- 1 once launch.health was answered, or is not asked for
ALTER TABLE port ADD COLUMN silent_since INTEGER NOT NULL DEFAULT 0; -- it was ready, and accepts no connection since then; 0: it does
ALTER TABLE environment ADD COLUMN serving TEXT NOT NULL DEFAULT ''; -- the id of the launch whose tasks get the requests
ALTER TABLE environment ADD COLUMN recover_at INTEGER NOT NULL DEFAULT 0; -- when it is launched again, for it has lost a task; 0: never
ALTER TABLE environment ADD COLUMN trouble TEXT NOT NULL DEFAULT ''; -- one sentence: what it has lost
ALTER TABLE environment ADD COLUMN over TEXT NOT NULL DEFAULT ''; -- a ULID: launches up to this one were terminated, also what comes of them later; ''

-- What an earlier version has launched is a launch without an id.
INSERT INTO launch (subdomain, id, at, request, state, ready_at)
SELECT subdomain, '', launched_at, request, 'ready', launched_at FROM environment WHERE ended_at IS NULL;
ALTER TABLE environment DROP COLUMN request;
UPDATE port SET answers = ready;

ALTER TABLE route_version ADD COLUMN tasks INTEGER NOT NULL DEFAULT 0; -- grows with every new task, whether routed or not

DROP VIEW route;

-- What proxyd sends where: a row a port of a live task of the launch that serves; an environment without one is a row
-- with address ''. `starting` is 1 in a row of what is not ready: then its address is '' too. An environment is starting
-- while any of its rows is.
CREATE VIEW route AS
SELECT e.subdomain, e.launched_at,
       coalesce(t.last_status <> 'RUNNING' OR p.ready = 0, t.arn IS NULL) AS starting,
       coalesce(p.container_port, 0) AS target,
       CASE WHEN t.last_status = 'RUNNING' AND p.ready = 1 THEN p.address ELSE '' END AS address,
       coalesce(p.port, 0) AS port
FROM environment e
LEFT JOIN task t ON t.subdomain = e.subdomain AND t.launch = e.serving
    AND t.desired_status <> 'STOPPED' AND t.last_status <> 'STOPPED'
LEFT JOIN port p ON p.arn = t.arn
WHERE e.ended_at IS NULL;

-- Only what serves is routed: a launch that is on its way up, or down, changes no route.
CREATE TRIGGER route_environment_serving AFTER UPDATE OF serving ON environment
WHEN old.serving <> new.serving BEGIN
    UPDATE route_version SET version = version + 1;
END;
DROP TRIGGER route_task_insert;
DROP TRIGGER route_task_update;
DROP TRIGGER route_task_delete;
DROP TRIGGER route_port_insert;
DROP TRIGGER route_port_update;
DROP TRIGGER route_port_delete;
CREATE TRIGGER task_insert AFTER INSERT ON task BEGIN
    UPDATE route_version SET tasks = tasks + 1;
END;
CREATE TRIGGER route_task_insert AFTER INSERT ON task
WHEN EXISTS (SELECT 1 FROM environment WHERE subdomain = new.subdomain AND serving = new.launch) BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_task_update AFTER UPDATE OF last_status, desired_status, subdomain, launch ON task
WHEN (old.last_status <> new.last_status OR old.desired_status <> new.desired_status
      OR old.subdomain <> new.subdomain OR old.launch <> new.launch)
 AND EXISTS (SELECT 1 FROM environment WHERE (subdomain = new.subdomain AND serving = new.launch)
                                          OR (subdomain = old.subdomain AND serving = old.launch)) BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_task_delete AFTER DELETE ON task
WHEN EXISTS (SELECT 1 FROM environment WHERE subdomain = old.subdomain AND serving = old.launch) BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_port_insert AFTER INSERT ON port
WHEN EXISTS (SELECT 1 FROM task t JOIN environment e ON e.subdomain = t.subdomain AND e.serving = t.launch
             WHERE t.arn = new.arn) BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_port_update AFTER UPDATE OF container_port, address, port, ready ON port
WHEN EXISTS (SELECT 1 FROM task t JOIN environment e ON e.subdomain = t.subdomain AND e.serving = t.launch
             WHERE t.arn = new.arn) BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_port_delete AFTER DELETE ON port
WHEN EXISTS (SELECT 1 FROM task t JOIN environment e ON e.subdomain = t.subdomain AND e.serving = t.launch
             WHERE t.arn = old.arn) BEGIN
    UPDATE route_version SET version = version + 1;
END;
