-- The routes in the order in which proxyd reads them, one after the other: sorting 100,000 of them first would keep
-- a processor from the requests meanwhile.
CREATE INDEX environment_live ON environment (launched_at, subdomain) WHERE ended_at IS NULL;
