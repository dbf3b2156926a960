-- The A records that Route 53 has taken from this machine. They are compared with those that the tasks need.
CREATE TABLE link_record (
    name      TEXT NOT NULL PRIMARY KEY, -- full name, with its dot at the end
    addresses TEXT NOT NULL              -- IPv4, sorted, with a blank between two
) STRICT, WITHOUT ROWID;
