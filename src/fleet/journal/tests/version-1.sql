-- A journal that the first version of ocowatch wrote, as `sqlite3 fleet.db .dump` has it: `PRAGMA user_version` was 1.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE object (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    name  TEXT NOT NULL UNIQUE,   -- GROUP/SERVICE/HOST, GROUP/SERVICE, node:NAME, slo:NAME
    kind  INTEGER NOT NULL,       -- 0 target, 1 service, 2 node, 3 level
    began INTEGER NOT NULL,       -- before this nobody watched it
    gone  INTEGER                 -- it is not watched any more since then
) STRICT;
INSERT INTO object VALUES(1,'web/open/a',0,1795854381884,NULL);
INSERT INTO object VALUES(2,'web/open/b',0,1795854381884,NULL);
INSERT INTO object VALUES(3,'web/open',1,1795854381884,NULL);
INSERT INTO object VALUES(4,'node:shop',2,1795854381884,NULL);
INSERT INTO object VALUES(5,'slo:shop',3,1795854381884,NULL);
INSERT INTO object VALUES(6,'push/backup/nightly',0,1795854384797,NULL);
INSERT INTO object VALUES(7,'push/backup',1,1795854384797,NULL);
INSERT INTO object VALUES(8,'push/backup/weekly',0,1795854385012,NULL);
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
INSERT INTO standing VALUES(1,7,300,'refused',1795854381885,0,1795854381885,0,0,0,3,NULL,NULL);
INSERT INTO standing VALUES(2,7,300,'refused',1795854381885,0,1795854381885,0,0,0,3,NULL,NULL);
INSERT INTO standing VALUES(3,7,350,'2 of 2 down: a (refused), b (refused)',1795854381885,0,1795854381885,0,0,0,NULL,NULL,1795854381885);
INSERT INTO standing VALUES(4,7,350,'1 of 1 down: web/open (2 of 2 down: a (refused), b (refused))',1795854381885,0,1795854381885,0,0,0,NULL,NULL,1795854381885);
INSERT INTO standing VALUES(5,1,200,'',1795854381937,0,1795854381937,0,0,0,NULL,NULL,NULL);
INSERT INTO standing VALUES(6,7,550,'disk broken',1795854384893,0,1795854384797,0,0,0,3,NULL,NULL);
INSERT INTO standing VALUES(7,7,550,'1 of 1 down: nightly (disk broken)',1795854384893,0,1795854384797,0,0,0,NULL,NULL,1795854384797);
INSERT INTO standing VALUES(8,1,200,'fine',1795854385012,0,1795854385012,0,0,0,1,NULL,NULL);
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
INSERT INTO transition VALUES(692,1,1795854381884,1,0,4,NULL,NULL,NULL,NULL);
INSERT INTO transition VALUES(692,1,1795854381885,0,4,7,300,NULL,'refused',NULL);
INSERT INTO transition VALUES(692,2,1795854381884,1,0,4,NULL,NULL,NULL,NULL);
INSERT INTO transition VALUES(692,2,1795854381885,0,4,7,300,NULL,'refused',NULL);
INSERT INTO transition VALUES(692,3,1795854381884,1,0,4,NULL,NULL,'2 of 2 unknown: a, b',NULL);
INSERT INTO transition VALUES(692,3,1795854381885,0,4,7,350,NULL,'2 of 2 down: a (refused), b (refused)',NULL);
INSERT INTO transition VALUES(692,4,1795854381885,0,0,7,350,NULL,'1 of 1 down: web/open (2 of 2 down: a (refused), b (refused))',NULL);
INSERT INTO transition VALUES(692,5,1795854381937,0,0,1,200,NULL,NULL,NULL);
INSERT INTO transition VALUES(692,6,1795854384797,0,0,3,550,NULL,'disk broken',NULL);
INSERT INTO transition VALUES(692,6,1795854384893,0,3,7,550,NULL,'disk broken',NULL);
INSERT INTO transition VALUES(692,7,1795854384797,0,0,3,550,NULL,'1 of 1 down: nightly (disk broken)',NULL);
INSERT INTO transition VALUES(692,7,1795854384893,0,3,7,550,NULL,'1 of 1 down: nightly (disk broken)',NULL);
INSERT INTO transition VALUES(692,8,1795854385012,0,0,1,200,NULL,'fine',NULL);
CREATE TABLE watch (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    began     INTEGER NOT NULL,      -- the journal
    heartbeat INTEGER NOT NULL       -- the last sign of life
) STRICT;
INSERT INTO watch VALUES(1,1795854381798,1795854386033);
CREATE TABLE gap (
    since INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;
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
INSERT INTO act VALUES(1,'mute','web/open','root',1795854384845,1795854384845,NULL,'we know',NULL,NULL);
INSERT INTO act VALUES(2,'maint','push/backup/nightly','root',1795854384893,1795854384893,1795861584893,'planned',NULL,NULL);
INSERT INTO act VALUES(3,'ack','push/backup','root',1795854384964,1795854384964,NULL,'looking',NULL,NULL);
CREATE TABLE maintenance (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    name  TEXT NOT NULL,             -- of an object
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,          -- when it ends, or did end
    text  TEXT NOT NULL,
    UNIQUE (name, since)
) STRICT;
INSERT INTO maintenance VALUES(1,'web/open',1795854381798,9223372036854775807,'all week');
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
INSERT INTO adjustment VALUES(1,'node:shop',1795850784913,1795852584913,1,'root',1795854384913,'it was not so',NULL,NULL);
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
INSERT INTO alert VALUES(1,1795854381885,'node:shop',replace('node:shop\n/bin/true\n','\n',char(10)),'ko',1,'/bin/true','held: maintenance');
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
CREATE TABLE incident (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL,
    opened       INTEGER NOT NULL,
    acknowledged INTEGER,
    closed       INTEGER,
    who          TEXT,
    note         TEXT NOT NULL DEFAULT ''  -- what else there is to remember, JSON
) STRICT;
INSERT INTO incident VALUES(1,'push/backup',1795854384797,1795854384964,NULL,'root','{"late_acknowledge":false,"late_close":false}');
CREATE TABLE incident_member (
    incident INTEGER NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (incident, name)
) STRICT, WITHOUT ROWID;
INSERT INTO incident_member VALUES(1,'push/backup/nightly');
CREATE TABLE incident_event (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event    TEXT NOT NULL,          -- open, update, acknowledge, close, late
    text     TEXT NOT NULL
) STRICT;
INSERT INTO incident_event VALUES(1,1,1795854384797,'open','1 of 1 down: nightly (disk broken)');
INSERT INTO incident_event VALUES(2,1,1795854384964,'acknowledge','by root');
CREATE TABLE reporter (
    object   INTEGER PRIMARY KEY,
    taken_in INTEGER NOT NULL,       -- 1: it does not stand in the file
    periods  TEXT NOT NULL           -- the last promises in milliseconds, newest last, parted by blanks
) STRICT;
INSERT INTO reporter VALUES(6,0,'60000');
INSERT INTO reporter VALUES(8,0,'3600000');
CREATE TABLE balanced (
    "table" TEXT NOT NULL,
    server  TEXT NOT NULL,
    what    TEXT NOT NULL,           -- as whoever set it wrote it
    PRIMARY KEY ("table", server)
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('object',8);
INSERT INTO sqlite_sequence VALUES('maintenance',1);
INSERT INTO sqlite_sequence VALUES('alert',1);
INSERT INTO sqlite_sequence VALUES('incident',1);
INSERT INTO sqlite_sequence VALUES('incident_event',2);
INSERT INTO sqlite_sequence VALUES('act',3);
INSERT INTO sqlite_sequence VALUES('adjustment',1);
CREATE INDEX object_gone ON object (gone) WHERE gone IS NOT NULL;
CREATE INDEX transition_by_time ON transition (at, object, n);
CREATE INDEX act_in_force ON act (kind, name) WHERE ended IS NULL;
CREATE INDEX act_by_time ON act (at);
CREATE INDEX act_by_end ON act (ended) WHERE ended IS NOT NULL;
CREATE INDEX maintenance_by_end ON maintenance (until);
CREATE INDEX adjustment_by_name ON adjustment (name);
CREATE INDEX alert_by_time ON alert (at);
CREATE INDEX incident_open ON incident (id) WHERE closed IS NULL;
CREATE INDEX incident_by_time ON incident (opened);
CREATE INDEX incident_event_by_time ON incident_event (at);
CREATE INDEX incident_event_by_incident ON incident_event (incident);
COMMIT;
