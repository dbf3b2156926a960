-- The routes in one pass over the three tables. The reader combines `starting` over the rows of an environment;
-- when the database did it, it read the tasks of each environment three more times.

DROP VIEW route;

-- What proxyd sends where: a row a port of a live task; an environment without one is a row with
-- address ''. `starting` is 1 in a row of what is not ready: then its address is '' too. An
-- environment is starting while any of its rows is.
CREATE VIEW route AS
SELECT e.subdomain, e.launched_at,
       coalesce(t.last_status <> 'RUNNING' OR p.ready = 0, t.arn IS NULL) AS starting,
       coalesce(p.container_port, 0) AS target,
       CASE WHEN t.last_status = 'RUNNING' AND p.ready = 1 THEN p.address ELSE '' END AS address,
       coalesce(p.port, 0) AS port
FROM environment e
LEFT JOIN task t ON t.subdomain = e.subdomain
    AND t.desired_status <> 'STOPPED' AND t.last_status <> 'STOPPED'
LEFT JOIN port p ON p.arn = t.arn
WHERE e.ended_at IS NULL;
