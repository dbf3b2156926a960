-- The view of the tasks, what proxyd counts, and how sync and purge went.
-- Times are milliseconds since 1970 (UTC) unless a column says otherwise.

-- What was launched under which subdomain.
CREATE TABLE environment (
    subdomain   TEXT NOT NULL PRIMARY KEY, -- pattern as launched, lower case
    launched_at INTEGER NOT NULL,          -- decides among matching patterns: the earliest wins
    ended_at    INTEGER,                   -- NULL while it is live
    request     TEXT NOT NULL DEFAULT ''   -- JSON: the launch as asked for; '' when only seen on ECS
) STRICT, WITHOUT ROWID;

-- One row a task that runs or stopped lately.
CREATE TABLE task (
    arn            TEXT NOT NULL PRIMARY KEY,
    short_id       TEXT NOT NULL,             -- last part of the ARN
    subdomain      TEXT NOT NULL,             -- of its environment
    branch         TEXT NOT NULL,
    taskdef        TEXT NOT NULL,             -- family:revision
    ipaddress      TEXT NOT NULL,             -- '' before it has one
    last_status    TEXT NOT NULL,             -- ECS lastStatus
    desired_status TEXT NOT NULL,             -- ECS desiredStatus
    env            TEXT NOT NULL,             -- JSON object: what mirage set in its containers
    tags           TEXT NOT NULL,             -- JSON array of {"Key","Value"}
    stopped_reason TEXT NOT NULL DEFAULT '',
    created_at     INTEGER NOT NULL,          -- the launch was taken
    started_at     INTEGER NOT NULL DEFAULT 0, -- 0 before it started
    stopped_at     INTEGER NOT NULL DEFAULT 0  -- 0 while it runs
) STRICT, WITHOUT ROWID;
CREATE INDEX task_by_subdomain ON task (subdomain);
CREATE INDEX task_by_short_id ON task (short_id);

-- Where a task can be reached.
CREATE TABLE port (
    arn            TEXT NOT NULL REFERENCES task (arn) ON DELETE CASCADE,
    container      TEXT NOT NULL,
    container_port INTEGER NOT NULL,           -- a listen entry's target; 0: every target
    address        TEXT NOT NULL,              -- '' before the task has one
    port           INTEGER NOT NULL,           -- where a connection goes
    ready          INTEGER NOT NULL DEFAULT 0, -- 1 once it accepted a connection
    PRIMARY KEY (arn, container, container_port)
) STRICT, WITHOUT ROWID;

-- Requests counted, a row a subdomain and minute.
CREATE TABLE access (
    subdomain TEXT NOT NULL,    -- of the environment, the pattern itself
    minute    INTEGER NOT NULL, -- minutes since 1970
    count     INTEGER NOT NULL, -- requests in this minute
    reported  INTEGER,          -- how many of them CloudWatch has taken; NULL: the row was never sent
    PRIMARY KEY (subdomain, minute)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_unreported ON access (minute) WHERE reported IS NULL OR reported < count;

-- How the last look at the tasks went. One row.
CREATE TABLE sync (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    made_at      INTEGER NOT NULL,           -- when this file was made: it knows of no access before
    succeeded_at INTEGER NOT NULL DEFAULT 0, -- 0: never since this file was made
    failed_at    INTEGER NOT NULL DEFAULT 0, -- 0: never
    error        TEXT NOT NULL DEFAULT ''    -- what the last failure said
) STRICT;
INSERT INTO sync (id, made_at) VALUES (1, CAST(unixepoch() AS INTEGER) * 1000);

-- One row a purge.
CREATE TABLE purge_run (
    id           INTEGER PRIMARY KEY,
    requested_at INTEGER NOT NULL,
    requested_by TEXT NOT NULL,             -- 'api', 'page', 'schedule'
    request      TEXT NOT NULL,             -- JSON: the body of /api/purge
    started_at   INTEGER NOT NULL DEFAULT 0, -- 0: it waits
    finished_at  INTEGER NOT NULL DEFAULT 0, -- 0: it waits or runs
    error        TEXT NOT NULL DEFAULT ''   -- why it ended early; '' when it did not
) STRICT;

-- What a purge decided, a row a subdomain.
CREATE TABLE purge_decision (
    run       INTEGER NOT NULL REFERENCES purge_run (id) ON DELETE CASCADE,
    subdomain TEXT NOT NULL,
    stop      INTEGER NOT NULL,          -- 1: to be stopped, 0: kept
    reason    TEXT NOT NULL,             -- one sentence
    result    TEXT NOT NULL DEFAULT '',  -- '' not tried, 'ok', or the error
    PRIMARY KEY (run, subdomain)
) STRICT, WITHOUT ROWID;

-- Grows with every change that the view `route` can show. One row.
CREATE TABLE route_version (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO route_version (id, version) VALUES (1, 1);

-- What proxyd sends where: a row a ready port of a live task; an environment without one is a row
-- with address ''. `starting` is 1 while a live task is not RUNNING with all its ports ready, or
-- none is known yet.
CREATE VIEW route AS
SELECT e.subdomain, e.launched_at, p.container_port AS target, p.address, p.port,
       NOT EXISTS (SELECT 1 FROM task t WHERE t.subdomain = e.subdomain
                       AND t.desired_status <> 'STOPPED' AND t.last_status <> 'STOPPED')
       OR EXISTS (SELECT 1 FROM task t WHERE t.subdomain = e.subdomain
                      AND t.desired_status <> 'STOPPED' AND t.last_status <> 'STOPPED'
                      AND (t.last_status <> 'RUNNING'
                           OR EXISTS (SELECT 1 FROM port q WHERE q.arn = t.arn AND q.ready = 0)))
           AS starting
FROM environment e
LEFT JOIN (SELECT t.subdomain, p.container_port, p.address, p.port
           FROM task t JOIN port p ON p.arn = t.arn
           WHERE t.last_status = 'RUNNING' AND t.desired_status <> 'STOPPED' AND p.ready = 1) p
    ON p.subdomain = e.subdomain
WHERE e.ended_at IS NULL;

CREATE TRIGGER route_environment_insert AFTER INSERT ON environment BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_environment_update AFTER UPDATE OF launched_at, ended_at ON environment
WHEN old.launched_at <> new.launched_at OR old.ended_at IS NOT new.ended_at BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_environment_delete AFTER DELETE ON environment BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_task_insert AFTER INSERT ON task BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_task_update AFTER UPDATE OF last_status, desired_status, subdomain ON task
WHEN old.last_status <> new.last_status OR old.desired_status <> new.desired_status
  OR old.subdomain <> new.subdomain BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_task_delete AFTER DELETE ON task BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_port_insert AFTER INSERT ON port BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_port_update AFTER UPDATE ON port BEGIN
    UPDATE route_version SET version = version + 1;
END;
CREATE TRIGGER route_port_delete AFTER DELETE ON port BEGIN
    UPDATE route_version SET version = version + 1;
END;
