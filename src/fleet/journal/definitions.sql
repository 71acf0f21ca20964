-- What the watcher's file says of nodes and levels, as it is now: for readers that do not have the file. Written at the
-- start and at each reload of the settings, whole.

CREATE TABLE node (
    id      INTEGER PRIMARY KEY,     -- its place in the file
    name    TEXT NOT NULL,           -- node:NAME
    title   TEXT,                    -- for people; none: the file has none
    rule    TEXT NOT NULL,           -- how many members have to be up, as the file has it
    members TEXT NOT NULL            -- patterns of names, parted by blanks
) STRICT;

CREATE TABLE level (
    id      INTEGER PRIMARY KEY,     -- its place in the file
    name    TEXT NOT NULL,           -- slo:NAME
    of      TEXT NOT NULL,           -- whose availability it is
    target  INTEGER NOT NULL,        -- in thousandths of a per cent
    period  TEXT NOT NULL,           -- day, week, month, quarter, year, or a duration
    hours   TEXT,                    -- when it counts, as the file has it; none: always
    unknown TEXT NOT NULL            -- what unknown time counts as: excluded, up, down
) STRICT;
