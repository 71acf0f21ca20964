-- Figures, which are the least, mean and greatest of what was measured in five
-- minutes.
--
-- Times are numbers of five minutes since 1970: milliseconds divided by 300000.

-- What is measured of an object: its response time, or a label of performance data. Numbers are never given twice.
CREATE TABLE series (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    object INTEGER NOT NULL,
    label  TEXT NOT NULL,            -- empty: the response time
    unit   TEXT NOT NULL,
    last   INTEGER NOT NULL,         -- the last chunk in which there are figures of it
    UNIQUE (object, label, unit)
) STRICT;
CREATE INDEX series_by_last ON series (last);

-- The figures of the last hours, a row each five minutes: those of all series, by their numbers. So five minutes are one
-- row at the end of the table, and nothing that was written is written again until the chunk is over.
CREATE TABLE figure_new (
    at      INTEGER PRIMARY KEY,     -- the number of the five minutes
    figures BLOB NOT NULL            -- packed, by the numbers of the series
) STRICT;

-- Figures of before, in chunks of four hours: of each series a row, by their places in the chunk, 0 to 47. Such a row is
-- written once, at the end of the chunk, in the order of the keys: the pages are full, and the series of the hosts of
-- a service, whose numbers follow one another, lie together.
CREATE TABLE figure (
    key     INTEGER PRIMARY KEY,     -- the chunk (the number of five minutes / 48) * 4294967296 + the number of the series
    figures BLOB NOT NULL            -- packed, by the places in the chunk
) STRICT;
