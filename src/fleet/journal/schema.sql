-- The journal of ocowatch, version 1. Others may read it: open it read-only, end each transaction within two seconds,
-- and open it anew when the inode of fleet.db changes.
--
-- Times are milliseconds since 1970, UTC, and never run backwards for one object. States are 0 unknown, 1 ok, 2 but,
-- 3 ko. A standing is a state, and 4 more while it is planned: `standing & 3` is the state, `standing & 4` whether it
-- is planned.

-- Who has, or had, a state. Numbers are never given twice.
CREATE TABLE object (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    name  TEXT NOT NULL UNIQUE,   -- GROUP/SERVICE/HOST, GROUP/SERVICE, node:NAME, slo:NAME
    kind  INTEGER NOT NULL,       -- 0 target, 1 service, 2 node, 3 level
    began INTEGER NOT NULL,       -- before this nobody watched it
    gone  INTEGER                 -- it is not watched any more since then
) STRICT;
CREATE INDEX object_gone ON object (gone) WHERE gone IS NOT NULL;

-- How each object that is watched stands now, and what was counted of it. Apart from the names, so that a storm of
-- failures touches few pages: a row is some 30 octets.
CREATE TABLE standing (
    object    INTEGER PRIMARY KEY REFERENCES object,
    standing  INTEGER NOT NULL DEFAULT 0,
    code      INTEGER,               -- none while unknown
    reason    TEXT NOT NULL DEFAULT '',
    at        INTEGER NOT NULL,      -- its last transition, or since when it is watched
    n         INTEGER NOT NULL DEFAULT 0,  -- the number of that transition within its millisecond
    since     INTEGER NOT NULL,      -- since when it is in this state, whatever code it has
    failures  INTEGER NOT NULL DEFAULT 0,  -- in a row
    successes INTEGER NOT NULL DEFAULT 0,  -- in a row
    silent    INTEGER NOT NULL DEFAULT 0,  -- milliseconds of probing without a success
    settled   INTEGER,               -- the state that was decided by counting; none: nothing was yet
    flapping  INTEGER,               -- since when it goes up and down; none: it does not
    failing   INTEGER                -- of a service or node: from its first ko until it is up again
) STRICT;

-- What happened: a row is one change of one object. Each row has the standing before and after it, so that the
-- standing at any time is that after the last row before it, or before the first row behind it, or, of an object
-- without rows, that in `standing`.
--
-- `chunk` is at / 2592000000, 30 days. The rows of a chunk lie together, in it those of an object, in the order of
-- time. So 100,000 objects that fail at once touch the pages of one chunk instead of one page each all over the file,
-- while a year of one object is found by 13 seeks, and that of a service's hosts, whose numbers follow one another,
-- on the same pages. A key without the chunk would scatter the writes, one by time alone the reads.
-- A row takes 29 octets, 36 with what is free on its page.
CREATE TABLE transition (
    chunk    INTEGER NOT NULL,
    object   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    n        INTEGER NOT NULL,       -- 0, 1, ... of the same object in the same millisecond
    old      INTEGER NOT NULL,       -- the standing before
    new      INTEGER NOT NULL,       -- the standing from then on
    code     INTEGER,                -- none while unknown
    old_code INTEGER,                -- only where the state is the same and the code is not
    reason   TEXT,                   -- none where there is nothing to say
    depends  INTEGER,                -- the object that was ko meanwhile, for which alerts wait
    PRIMARY KEY (chunk, object, at, n)
) STRICT, WITHOUT ROWID;

-- What happened to all, in the order of time: for logs, and to go on from where one has read. Written at its end only;
-- 16 octets a row, 21 with what is free. Without it, the last thousand rows would take a whole chunk to find.
CREATE INDEX transition_by_time ON transition (at, object, n);

-- One row. The heartbeat is updated each minute: what lies behind it is not known yet.
CREATE TABLE watch (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    began     INTEGER NOT NULL,      -- the journal
    heartbeat INTEGER NOT NULL       -- the last sign of life
) STRICT;

-- When nobody watched: no data, neither up nor down. In the order of time, never overlapping.
CREATE TABLE gap (
    since INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;

-- What people did: acknowledgements, mutes, maintenance. A row is one act with its end.
CREATE TABLE act (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,          -- ack, mute, maint
    name     TEXT NOT NULL,          -- of an object, or of a whole group
    who      TEXT NOT NULL,          -- a user, or NAME via PEER
    at       INTEGER NOT NULL,       -- when somebody acted
    since    INTEGER NOT NULL,       -- from then on
    until    INTEGER,                -- until then; none: until it is undone or ends by itself
    text     TEXT NOT NULL,
    ended    INTEGER,                -- none: it is in force, or still to come
    ended_by TEXT                    -- who has undone it; none: it ended by itself
) STRICT;
CREATE INDEX act_in_force ON act (kind, name) WHERE ended IS NULL;
CREATE INDEX act_by_time ON act (at);
CREATE INDEX act_by_end ON act (ended) WHERE ended IS NOT NULL;

-- Weekly windows of maintenance, as they were when they were: editing the file changes no past.
CREATE TABLE maintenance (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    name  TEXT NOT NULL,             -- of an object
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,          -- when it ends, or did end
    text  TEXT NOT NULL,
    UNIQUE (name, since)
) STRICT;
CREATE INDEX maintenance_by_end ON maintenance (until);

-- Corrections laid over the journal, which they never change.
CREATE TABLE adjustment (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    state     INTEGER NOT NULL,
    who       TEXT NOT NULL,
    at        INTEGER NOT NULL,
    text      TEXT NOT NULL,
    undone    INTEGER,               -- when it was taken back; none: it counts
    undone_by TEXT
) STRICT;
CREATE INDEX adjustment_by_name ON adjustment (name);

-- Alerts sent and held, and why.
CREATE TABLE alert (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    name    TEXT NOT NULL,
    alert   TEXT NOT NULL,           -- which alert of the file
    event   TEXT NOT NULL,           -- a word of `on`
    step    INTEGER NOT NULL,        -- from 1 on
    command TEXT NOT NULL,
    result  TEXT NOT NULL            -- sent, held: ..., failed: ...
) STRICT;
CREATE INDEX alert_by_time ON alert (at);

-- Who was told of which failure that is not over: a recovery goes to these, by these commands.
CREATE TABLE told (
    name    TEXT NOT NULL,
    alert   TEXT NOT NULL,
    step    INTEGER NOT NULL,
    failing INTEGER NOT NULL,        -- since when: which failure it is
    first   INTEGER NOT NULL,        -- when it was told first
    last    INTEGER NOT NULL,        -- when last
    count   INTEGER NOT NULL,        -- how often
    command TEXT NOT NULL,           -- what was run, a JSON array
    note    TEXT NOT NULL,           -- what else there is to remember, JSON
    PRIMARY KEY (name, alert, step)
) STRICT, WITHOUT ROWID;

-- Incidents, each with its members and what became of it.
CREATE TABLE incident (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL,
    opened       INTEGER NOT NULL,
    acknowledged INTEGER,
    closed       INTEGER,
    who          TEXT,
    note         TEXT NOT NULL DEFAULT ''  -- what else there is to remember, JSON
) STRICT;
CREATE INDEX incident_open ON incident (id) WHERE closed IS NULL;
CREATE INDEX incident_by_time ON incident (opened);
CREATE TABLE incident_member (
    incident INTEGER NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (incident, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE incident_event (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event    TEXT NOT NULL,          -- open, update, acknowledge, close, late
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX incident_event_by_time ON incident_event (at);
CREATE INDEX incident_event_by_incident ON incident_event (incident);

-- What is known of targets that report: the promises, and whether they were taken in without standing in the file.
CREATE TABLE reporter (
    object   INTEGER PRIMARY KEY,
    taken_in INTEGER NOT NULL,       -- 1: it does not stand in the file
    periods  TEXT NOT NULL           -- the last promises in milliseconds, newest last, parted by blanks
) STRICT;

-- What was set in the balancers' tables, or added to them, by us.
CREATE TABLE balanced (
    "table" TEXT NOT NULL,
    server  TEXT NOT NULL,
    what    TEXT NOT NULL,           -- as whoever set it wrote it
    PRIMARY KEY ("table", server)
) STRICT, WITHOUT ROWID;
