-- An index in the order in which mirage-proxyd reads the routes, one after the other. Without it 100,000 routes would be
-- sorted first, and requests would wait for the processor meanwhile.
CREATE INDEX environment_live ON environment (launched_at, subdomain) WHERE ended_at IS NULL;
